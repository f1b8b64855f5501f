// What the demo's page says to people.

import { ChangeSet } from "@codemirror/state";
import { expect, test } from "vitest";
import { digestOf, NO_FAULTS, SESSION_ENDS } from "../../../examples/demo/messages.ts";
import { isPreset, PRESETS, stepOf, SWITCHES } from "../../../examples/demo/page/faults-steps.ts";
import { bytes, counted, milliseconds } from "../../../examples/demo/page/figures.ts";
import { SharedDocument } from "../../../examples/demo/page/shared-document.ts";
import {
  type Circumstances,
  wordOfState,
  wordsOfAgreement,
  wordsOfCause,
  wordsOfEnd,
} from "../../../examples/demo/page/words.ts";
import { Ledger, NOWHERE } from "../../../src/chaos/counts.ts";
import type { EndedInfo } from "../../../src/session/index.ts";

const END: EndedInfo = {
  reason: "lost",
  by: "network",
  code: 0,
  detail: "",
  neverSent: [],
  unknown: [],
};

test("An end is told with what it means for the person's messages", () => {
  const fate = { channel: 0, label: "", index: 1, payload: new Uint8Array(1) };
  const words = wordsOfEnd({ ...END, neverSent: [fate, fate], unknown: [fate] });
  expect(words).toContain("restarted");
  expect(words).toContain("2 messages never left; of 1 message nobody knows");
  expect(wordsOfEnd(END)).not.toContain("messages");
  const ended = { ...END, reason: "peer-ended" } as const;
  const refused = { ...ended, code: SESSION_ENDS.editRefused, detail: "of another text" };
  expect(wordsOfEnd(refused)).toContain("refused a change (of another text)");
  expect(wordsOfEnd({ ...ended, code: SESSION_ENDS.stopping })).toContain("goes down");
  expect(wordsOfEnd({ ...ended, code: 99, detail: "no reason" })).toContain("no reason");
  expect(wordsOfEnd({ ...END, reason: "version" })).toContain("version");
});

test("The cause of a difference is said, and what was done about the line's failures", () => {
  const document = new SharedDocument();
  const stats = {
    messagesSent: 0,
    messagesDelivered: 0,
    unitsResent: 3,
    duplicatesDropped: 1,
    bodiesSent: 0,
    bodiesReceived: 0,
    bodiesUnreadable: 0,
    roundTripMs: 1,
  };
  const status = { state: "open", reason: "", sinceMs: 0 } as const;
  const ledger = new Ledger(() => {});
  const now = (): Circumstances => ({
    document,
    status,
    here: stats,
    there: stats,
    counts: ledger.snapshot(),
    isPulled: false,
    people: 1,
  });
  expect(wordsOfCause(now())).toBe("");
  document.receive({ kind: "welcome", text: "text", digest: digestOf("text") });
  expect(wordsOfCause(now())).toContain("Open a second tab");
  expect(wordsOfCause({ ...now(), people: 2 })).toMatch(/^Type in both tabs[.] .*cable/);
  expect(wordsOfCause({ ...now(), people: 3 })).toMatch(/^Type in two of the tabs[.]/);
  expect(wordsOfCause({ ...now(), isPulled: true })).toContain("nothing is lost");
  for (const name of ["requestsLost", "responsesLost", "cuts"] as const) {
    ledger.count(name, NOWHERE);
  }
  expect(wordsOfCause(now())).toBe(
    "The line failed 3 times. Messages were sent again 6 times in all, and 2 doubles dropped.",
  );
  document.change(ChangeSet.of({ from: 0, insert: "a" }, 4));
  expect(wordsOfCause({ ...now(), isPulled: true })).toBe(
    "Your change waits in this tab. Plug the cable in.",
  );
  expect(wordsOfAgreement({ ...now(), isPulled: true })).toBe("Waiting: 1 change");
  expect(wordsOfAgreement(now())).toBe("Catching up: 1 change");
  const ended = { ...now(), status: { ...status, state: "ended" } } as const;
  expect(wordsOfAgreement(ended)).toBe("No longer followed");
  expect(wordsOfCause(ended)).toBe("");
});

test("The table says a state in a word of eight letters at most", () => {
  const states = ["opening", "open", "interrupted", "closing", "ended"] as const;
  const words = states.map(wordOfState);
  expect(new Set(words).size).toBe(states.length);
  expect(Math.max(...words.map((word) => word.length))).toBeLessThanOrEqual(8);
});

test("Numbers are short", () => {
  expect([0, 999, 1_200, 123_456].map(bytes)).toEqual(["0 B", "999 B", "1.2 kB", "123 kB"]);
  expect([1.234, 87.6, 1_234].map(milliseconds)).toEqual(["1.2 ms", "88 ms", "1.2 s"]);
  expect([counted(1, "time"), counted(1_234, "time")]).toEqual(["1 time", "1,234 times"]);
});

test("Every switch begins with no fault, gets worse, and knows the presets' values", () => {
  for (const spec of SWITCHES) {
    expect(spec.steps[0]).toBe(0);
    expect(new Set(spec.steps).size).toBe(spec.steps.length);
    expect(new Set(spec.steps.map(spec.show)).size).toBe(spec.steps.length);
    for (const { faults } of PRESETS) expect(spec.steps).toContain(faults[spec.name]);
    expect(spec.steps.map((step) => stepOf(spec, step))).toEqual([...spec.steps.keys()]);
  }
  expect(PRESETS.map((preset) => isPreset(preset, NO_FAULTS))).toEqual([true, false, false]);
});
