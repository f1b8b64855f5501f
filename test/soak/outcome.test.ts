// What fails a soak beside its logs: faults that were not met, and what long-lived processes keep.

import { expect, it } from "vitest";
import { COUNT_LABELS } from "../../src/chaos/index.ts";
import { MISHAPS } from "./mishaps.ts";
import { GROWTH_MAX, type Measured, MEMORY_SECONDS_MIN, offOf, type Outcome } from "./outcome.ts";
import type { Judgement } from "./rules.ts";

const BEFORE: Measured = {
  keptBytes: 20_000_000,
  heldBytes: 25_000_000,
  resources: { Timeout: 1 },
  descriptors: { file: 3, socket: 2 },
};

function outcome(after: Partial<Measured> = {}, changes: Partial<Outcome> = {}): Outcome {
  const traffic = { sent: 1, received: 1, bytesSent: 1, bytesReceived: 1 };
  return {
    seed: 1,
    seconds: 130,
    underFaultsSeconds: MEMORY_SECONDS_MIN,
    judgement: {
      lines: 10,
      sessions: 1,
      up: traffic,
      down: traffic,
      ends: { closed: 2, aborted: 1, "peer-ended": 1, lost: 1, silence: 1 },
      neverSent: 0,
      unknown: 0,
      givenUp: 0,
      lostWithProcesses: 0,
      repeatedOpenings: 0,
      off: [],
    },
    faults: counts(1),
    mishaps: Object.fromEntries(MISHAPS.map((name) => [name, 1])) as Outcome["mishaps"],
    proxyStarts: 2,
    longLived: [{ part: "north", before: BEFORE, after: { ...BEFORE, ...after } }],
    trouble: [],
    ...changes,
  };
}

function counts(each: number): Outcome["faults"] {
  const all = Object.keys(COUNT_LABELS).map((name) => [name, each]);
  return Object.fromEntries(all) as Outcome["faults"];
}

it("passes what met everything and kept nothing", () => {
  expect(offOf(outcome())).toEqual([]);
});

it("fails memory beyond the bound in runs that are long enough, whatever V8 has made", () => {
  const grown = { keptBytes: BEFORE.keptBytes * GROWTH_MAX + 20_000 };
  expect(offOf(outcome(grown))).toEqual(["north keeps 5.1% more memory than after the warm-up"]);
  expect(offOf(outcome(grown, { underFaultsSeconds: MEMORY_SECONDS_MIN - 1 }))).toEqual([]);
  expect(offOf(outcome({ heldBytes: 29_000_000 }))).toEqual([]);
  expect(offOf(outcome({ keptBytes: Number.NaN }))).toHaveLength(1);
});

it("fails a handle more, and one less, in any run", () => {
  const brief = { underFaultsSeconds: 10 };
  expect(offOf(outcome({ descriptors: { file: 3, socket: 3 } }, brief))).toEqual([
    'north had the descriptors {"file":3,"socket":2} and has {"file":3,"socket":3}',
  ]);
  expect(offOf(outcome({ resources: {} }, brief))).toEqual([
    'north had the resources {"Timeout":1} and has {}',
  ]);
});

it("fails what was too easy, what was not measured or judged, and what went wrong", () => {
  const faults = { ...counts(1), blackouts: 0 };
  const mishaps = { ...outcome().mishaps, serverKilled: 0 };
  expect(offOf(outcome({}, { faults, mishaps }))).toEqual([
    'too easy: nothing of "blackouts" was met',
    "too easy: no serverKilled",
  ]);
  const judgement = { ...(outcome().judgement as Judgement), ends: { closed: 2, lost: 1 } };
  expect(offOf(outcome({}, { judgement }))).toEqual([
    "too easy: no session ended as aborted",
    "too easy: no session ended as peer-ended",
    "too easy: no session ended as silence",
  ]);
  const broken = { longLived: [], judgement: undefined, trouble: ["steady.1: it is gone"] };
  expect(offOf(outcome({}, broken))).toEqual([
    "steady.1: it is gone",
    "the logs were not judged",
    "nothing was measured",
  ]);
});
