/** The demo's text, with sessions in the place of pages. The page itself: test/browsers. */
import { describe, expect, it, type Mock, onTestFinished, vi } from "vitest";
import {
  digestOf,
  type FromPage,
  type FromServer,
  SESSION_ENDS,
  TEXT_LENGTH_MAX,
  UNSEEN_MAX,
} from "../../examples/demo/messages.ts";
import { EDIT_PARTS_MAX } from "../../examples/shared-text/edit.ts";
import { Room } from "../../examples/demo/room.ts";
import type { ChaosCounts } from "../../src/chaos/index.ts";
import { pause, soon, until } from "../waiting.ts";
import { demoOf, StandInPage, lookAt, makeLine, watchComplaints } from "./stand-in-page.ts";

const BAD = { loseRequest: 0.2, loseResponse: 0.2, double: 0.2, damage: 0.2, cutEveryMs: 100 };

/** What a line with those faults has counted sooner or later. */
const MET: readonly (keyof ChaosCounts)[] = [
  "requestsLost",
  "responsesLost",
  "requestsDoubled",
  "requestsDamaged",
  "responsesDamaged",
  "cuts",
];

const PACE_MS = 5;

/** Many times what it takes until such a line has met all of these. */
const MET_WITHIN_MS = 60_000;

/** Types here and there until its line has done everything to it. */
async function typeUntilMet(page: StandInPage, letter: string): Promise<number> {
  const endMs = performance.now() + MET_WITHIN_MS;
  let typed = 0;
  for (let isMet = false; !isMet || typed < 100; typed++) {
    // Deletes now and then, so that the text stays short.
    const from = (typed * 7919) % (page.length + 1);
    const to = typed % 3 === 0 ? Math.min(page.length, from + 2) : from;
    page.type(typed % 10 === 0 ? `${letter}\n` : letter, from, to);
    await pause(PACE_MS);
    if (typed % 50 !== 0) continue;
    const { counts } = await page.report();
    isMet = MET.every((name) => counts[name] > 0);
    if (!isMet) expect(performance.now()).toBeLessThan(endMs);
  }
  return typed;
}

/** Each edit comes to the server by itself: those that come together are one for the others. */
async function typeOneByOne(page: StandInPage, count: number): Promise<void> {
  for (let typed = 0; typed < count; typed++) {
    page.type("x", typed % 7);
    await until(() => page.isQuiet, "an edit at the server");
  }
}

async function allEqual(
  demo: { readonly text: string },
  pages: readonly StandInPage[],
): Promise<void> {
  const isEqual = (page: StandInPage): boolean => page.isQuiet && page.text === demo.text;
  await until(() => pages.every(isEqual), "equal texts");
}

describe("the demo's text", () => {
  it("ends equal for two who typed at once over lines that lose, double, damage and cut", async () => {
    const demo = await demoOf();
    const ada = await StandInPage.open(demo);
    const bob = await StandInPage.open(demo);
    await Promise.all([ada.set(BAD), bob.set(BAD)]);
    await Promise.all([typeUntilMet(ada, "a"), typeUntilMet(bob, "b")]);

    await allEqual(demo, [ada, bob]);
    expect(demo.text).toContain("a");
    expect(demo.text).toContain("b");
    for (const page of [ada, bob]) {
      expect(page.differences).toEqual([]);
      expect(page.equalTexts).toBeGreaterThan(1);
      expect(page.session.stats.unitsResent).toBeGreaterThan(0);
    }
  });

  it("differs, and the digest says so, for a page that misses a single edit", async () => {
    class Forgetful extends StandInPage {
      hasForgotten = false;

      protected override receive(message: FromServer): void {
        const forgets = message.kind === "edit" && !this.hasForgotten;
        // As if nothing but what was seen had come.
        const { kind } = message;
        if (kind === "edit" && forgets) super.receive({ ...message, edit: { seen: 0 } });
        else super.receive(message);
        this.hasForgotten ||= forgets;
      }
    }
    const demo = await demoOf();
    const ada = await StandInPage.open(demo);
    const forgetful = new Forgetful(demo, (await makeLine(demo)).id);
    await until(() => forgetful.received.length > 0, "a welcome");
    ada.type("?");
    await until(() => forgetful.hasForgotten, "an edit");
    expect(forgetful.differences).toHaveLength(1);
  });

  it("has what was typed while the cable was pulled as soon as it is plugged in", async () => {
    const demo = await demoOf();
    const ada = await StandInPage.open(demo);
    const bob = await StandInPage.open(demo);
    const { counts, faults } = await ada.set({ blackout: true });
    expect(faults.blackout).toBe(true);
    expect(counts.blackouts).toBe(1);

    ada.type("Ada was offline. ", 0);
    bob.type("Bob was not. ", 0);
    await until(() => demo.text.includes("Bob was not."), "Bob's words at the server");
    const refused = async (): Promise<number> => (await ada.report()).counts.connectionsRefused;
    await until(async () => (await refused()) > 0, "a connection that was refused");
    expect(demo.text).not.toContain("Ada");
    expect(ada.text).not.toContain("Bob");
    const waiting = (await ada.report()).server;
    expect(waiting?.unacknowledged).toBeGreaterThan(0);
    expect(waiting?.bufferedBytes).toBeGreaterThan(0);

    await ada.set({ blackout: false });
    await allEqual(demo, [ada, bob]);
    expect(demo.text).toContain("Ada was offline. ");
    expect(demo.text).toContain("Bob was not. ");
    expect(ada.differences).toEqual([]);
  });

  it("has all that two have filled it with at once, and ends neither's session", async () => {
    const demo = await demoOf();
    const ada = await StandInPage.open(demo);
    const bob = await StandInPage.open(demo);
    await ada.set({ blackout: true });
    ada.type("a".repeat(TEXT_LENGTH_MAX), 0, ada.length);
    bob.type("b".repeat(TEXT_LENGTH_MAX), 0, bob.length);
    await until(() => bob.isQuiet, "Bob's text at the server");
    await ada.set({ blackout: false });
    await allEqual(demo, [ada, bob]);
    expect(demo.text).toHaveLength(2 * TEXT_LENGTH_MAX);
    expect([ada, bob].map(({ session }) => session.status.state)).toEqual(["open", "open"]);
  });

  it("goes on for those who come later, and counts who is there", async () => {
    const demo = await demoOf();
    const ada = await StandInPage.open(demo);
    ada.type("Hello. ", 0);
    await until(() => demo.text.startsWith("Hello. "), "the words at the server");
    const bob = await StandInPage.open(demo);
    expect(bob.text).toBe(demo.text);
    await until(() => ada.people === 2 && bob.people === 2, "two people");
    bob.session.abort();
    await until(() => ada.people === 1, "one person");
  });

  it("sends so many edits ahead of a page that says nothing, and then all others in one", async () => {
    const demo = await demoOf();
    const ada = await StandInPage.open(demo);
    const { id } = await makeLine(demo);
    const silent = new StandInPage(demo, id);
    const edits: FromServer[] = [];
    silent.session.onBundle((messages) => {
      edits.push(...messages.filter(({ kind }) => kind === "edit"));
    });
    await silent.session.opened;
    const typed = UNSEEN_MAX + 36;
    await typeOneByOne(ada, typed);
    expect((await lookAt(demo, id)).server?.state).toBe("open");
    await until(() => edits.length >= UNSEEN_MAX, "edits");
    expect(edits).toHaveLength(UNSEEN_MAX);

    silent.session.send({ seen: 1 });
    await until(() => edits.length > UNSEEN_MAX, "another edit");
    const last = edits.at(-1);
    expect(last).toMatchObject({ kind: "edit", digest: digestOf(demo.text) });
    expect(JSON.stringify(last).match(/x/g)).toHaveLength(typed - UNSEEN_MAX);
  });

  it("maps what comes late over edits that wait to be sent", async () => {
    const demo = await demoOf();
    const ada = await StandInPage.open(demo);
    const bob = await StandInPage.open(demo);
    await bob.set({ blackout: true });
    for (let count = 0; count < UNSEEN_MAX; count++) bob.type("b", count % 5);
    await typeOneByOne(ada, UNSEEN_MAX + 36);
    await bob.set({ blackout: false });
    await allEqual(demo, [ada, bob]);
    expect([...ada.differences, ...bob.differences]).toEqual([]);
  });

  it("ends who has seen all that was sent, and then changes another text than that", async () => {
    const complaints = watchComplaints();
    const demo = await demoOf();
    const ada = await StandInPage.open(demo);
    const hostile = new StandInPage(demo, (await makeLine(demo)).id);
    hostile.session.onBundle(() => {});
    await hostile.session.opened;
    await typeOneByOne(ada, UNSEEN_MAX + 1);
    hostile.session.send({ seen: UNSEEN_MAX, changes: [1] });
    const ended = await soon(hostile.session.ended, "the end of the session");
    expect(ended.code).toBe(SESSION_ENDS.editRefused);
    await allEqual(demo, [ada]);
    expect(complaints).not.toHaveBeenCalled();
  });

  it("has one session a line: the newest", async () => {
    const demo = await demoOf();
    const first = await StandInPage.open(demo);
    const second = new StandInPage(demo, first.lineId);
    const ended = await soon(first.session.ended, "the end of the first session");
    expect(ended).toMatchObject({ reason: "peer-ended", code: SESSION_ENDS.lineTaken });
    await until(() => second.received.length > 0, "a welcome");
    const report = await second.report();
    expect(report.server?.state).toBe("open");
    expect(report.server?.stats.messagesSent).toBeGreaterThan(0);
  });
});

describe("the room", () => {
  type Person = Parameters<Room["serve"]>[0];

  /** A session that sends nothing, and as much of it as the room looks at. */
  function person(): { session: Person & { isWritable: boolean }; send: Mock<Person["send"]> } {
    const send = vi.fn<Person["send"]>(() => true);
    const session = {
      isWritable: true,
      status: { state: "open" },
      on: () => () => {},
      send,
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
    };
    return { session: session as unknown as Person & { isWritable: boolean }, send };
  }

  it("says nothing to who has just left, before the end is told", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const room = new Room();
    onTestFinished(() => room.close());
    const [ada, bob] = [person(), person()];
    for (const { session } of [ada, bob]) void room.serve(session);
    bob.session.isWritable = false;
    vi.advanceTimersToNextTimer();
    const told = [ada, bob].map(({ send }) => send.mock.calls.map(([message]) => message));
    expect(told[0]).toEqual([
      expect.objectContaining({ kind: "welcome" }),
      { kind: "people", count: 1 },
    ]);
    expect(told[1]).toEqual([expect.objectContaining({ kind: "welcome" })]);
  });
});

describe("an edit that cannot be", () => {
  const cases: [what: string, edit: (page: StandInPage) => unknown][] = [
    ["is no object", () => "edit"],
    ["is nothing", () => null],
    ["is a list", () => [0, [1]]],
    ["says nothing of what was seen", () => ({ changes: [] })],
    ["has seen what was never sent", () => ({ seen: 1_000 })],
    ["has seen less than nothing", () => ({ seen: -1 })],
    ["has seen a half", () => ({ seen: 0.5 })],
    ["changes what is no list", () => ({ seen: 0, changes: { length: 3 } })],
    ["is of another text", ({ length }) => ({ seen: 0, changes: [length + 1] })],
    ["is of a text without end", () => ({ seen: 0, changes: [2 ** 53, [0, "x"]] })],
    ["is of a text of less than nothing", () => ({ seen: 0, changes: [-1, 5] })],
    ["has a part of nothing", ({ length }) => ({ seen: 0, changes: [0, length] })],
    [
      "has too many parts",
      ({ length }) => ({
        seen: 0,
        changes: [...Array.from({ length: EDIT_PARTS_MAX }, () => [0, "x"]), length],
      }),
    ],
    ["hides a line in a line", ({ length }) => ({ seen: 0, changes: [length, [0, "a\nb"]] })],
    ["inserts a carriage return", ({ length }) => ({ seen: 0, changes: [length, [0, "\r"]] })],
    ["parts a pair", ({ length }) => ({ seen: 0, changes: [length - 1, [1]] })],
    // A whole letter remains, of two halves.
    ["parts two pairs", ({ length }) => ({ seen: 0, changes: [length - 3, [2], 1] })],
    [
      "parts a pair piece by piece",
      ({ length }) => ({ seen: 0, changes: [length - 2, [1, "x"], [1, "y"]] }),
    ],
  ];

  it.each(cases)("ends its session and nobody else's: %s", async (_what, edit) => {
    const complaints = watchComplaints();
    const demo = await demoOf();
    const ada = await StandInPage.open(demo);
    ada.type("\u{1f600}\u{1f601}");
    await until(() => ada.isQuiet, "what Ada typed, at the server");
    const { text } = demo;
    const hostile = await StandInPage.open(demo);
    hostile.session.send(edit(hostile) as FromPage);
    const ended = await soon(hostile.session.ended, "the end of the session");
    expect(ended).toMatchObject({ reason: "peer-ended", code: SESSION_ENDS.editRefused });
    expect(ended.detail).not.toBe("");

    expect(demo.text).toBe(text);
    ada.type("!");
    await allEqual(demo, [ada]);
    expect(demo.text).toBe(`${text}!`);
    expect(complaints).not.toHaveBeenCalled();
  });
});
