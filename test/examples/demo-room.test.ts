/** The demo's room, with what stands in for sessions: no line, and no clock but the test's. */
import { ChangeSet, Text } from "@codemirror/state";
import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  digestOf,
  type FromPage,
  type FromServer,
  SESSION_ENDS,
  TEXT_LENGTH_TAKEN_MAX,
  UNSEEN_MAX,
} from "../../examples/demo/messages.ts";
import { Room } from "../../examples/demo/room.ts";
import { Copy, type Edit } from "../../examples/shared-text/copy.ts";
import { numbersTo } from "../waiting.ts";

type TextSession = Parameters<Room["serve"]>[0];

/** As long as the room takes to tell everybody, and to count. */
const TOLD_WITHIN_MS = 1_000;

/** A session without a line, and the page at its end, which takes things in when it is told to. */
class Visitor {
  isWritable = true;
  code: number | undefined;
  detail = "";
  readonly received: FromServer[] = [];
  readonly served: Promise<void>;
  text: Text = Text.empty;
  readonly #copy: Copy = new Copy(true);
  readonly #sent: FromPage[] = [];
  #taken = 0;
  #wake: (() => void) | undefined;

  constructor(room: Room) {
    const session = {
      ready: Promise.resolve(),
      status: { state: "open" },
      on: () => () => {},
      send: (message: FromServer) => this.received.push(structuredClone(message)) > 0,
      abort: (code: number, detail: string) => this.#end(code, detail),
      [Symbol.asyncIterator]: () => this.#messages(),
    };
    Object.defineProperty(session, "isWritable", { get: () => this.isWritable });
    this.served = room.serve(session as unknown as TextSession);
  }

  /** Messages that the page has not taken. */
  get edits(): FromServer[] {
    return this.received.slice(this.#taken);
  }

  get isQuiet(): boolean {
    return this.#copy.unseen === 0;
  }

  send(edit: unknown): void {
    this.#sent.push(structuredClone(edit) as Edit);
    this.#wake?.();
  }

  type(insert: string, from: number = this.text.length, to: number = from): void {
    this.change(ChangeSet.of({ from, to, insert }, this.text.length));
  }

  change(changes: ChangeSet): void {
    this.text = changes.apply(this.text);
    this.send(this.#copy.change(changes));
  }

  /** Takes what has come, and says so. */
  take(count: number = this.edits.length): void {
    for (const message of this.edits.slice(0, count)) {
      this.#taken++;
      if (message.kind === "welcome") this.text = Text.of(message.text.split("\n"));
      if (message.kind !== "edit") continue;
      this.text = this.#copy.receive(message.edit)?.apply(this.text) ?? this.text;
      if (this.isQuiet && digestOf(this.text.toString()) !== message.digest) {
        throw new Error("the text is not the server's");
      }
    }
    this.send(this.#copy.receipt());
  }

  #end(code: number, detail: string): void {
    [this.isWritable, this.code, this.detail] = [false, code, detail];
    this.#wake?.();
  }

  async *#messages(): AsyncGenerator<FromPage> {
    while (this.isWritable) {
      const edit = this.#sent.shift();
      if (edit === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
      else yield edit;
    }
  }
}

interface Meeting {
  readonly room: Room;
  readonly visitors: readonly Visitor[];
  /** Until the room has taken what was sent; then it tells nobody yet. */
  work(): Promise<void>;
  /** Until it has told what it tells. */
  tell(): Promise<void>;
  /** Until everybody who is there has everything. */
  settle(): Promise<void>;
}

async function meet(count: number): Promise<Meeting> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const room = new Room();
  onTestFinished(() => room.close());
  const visitors = numbersTo(count).map(() => new Visitor(room));
  const work = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  const tell = async (): Promise<void> => {
    await work();
    vi.advanceTimersByTime(TOLD_WITHIN_MS);
  };
  const settle = async (): Promise<void> => {
    await tell();
    const here = visitors.filter(({ isWritable }) => isWritable);
    const isEnd = (): boolean => here.every(({ edits, isQuiet }) => isQuiet && edits.length === 0);
    for (let round = 0; round < 100 && !isEnd(); round++) {
      for (const visitor of here) visitor.take();
      await tell();
    }
    expect(isEnd()).toBe(true);
  };
  for (const visitor of visitors) visitor.take();
  await settle();
  return { room, visitors, work, tell, settle };
}

describe("a refused edit", () => {
  const refusedBy = (text: Text): ChangeSet =>
    ChangeSet.of({ from: 0, insert: Text.of(["\r"]) }, text.length);

  it("ends its session and no other, with everybody typing in that moment", async () => {
    const { room, visitors, settle } = await meet(4);
    const [hostile, ada, bob, eve] = visitors as [Visitor, Visitor, Visitor, Visitor];
    ada.type("Ada ", 0);
    hostile.change(refusedBy(hostile.text));
    bob.type("Bob ", 0);
    hostile.send({ seen: 0, changes: [hostile.text.length, [0, "more"]] });
    eve.type("Eve ", 0);
    await settle();
    expect(hostile.code).toBe(SESSION_ENDS.editRefused);
    await hostile.served;
    for (const visitor of [ada, bob, eve]) expect(visitor.text.toString()).toBe(room.text);
    for (const name of ["Ada ", "Bob ", "Eve "]) expect(room.text).toContain(name);
    expect(room.text).not.toContain("more");
  });

  /** Places are fractions, as the text is known only when a step's turn comes. */
  type Step =
    | { readonly kind: "type"; readonly at: number; readonly length: number; readonly text: string }
    | { readonly kind: "take"; readonly count: number }
    | { readonly kind: "tell" | "work" | "refused" };
  const where = fc.double({ min: 0, max: 1, noNaN: true });
  const text = fc.string({ unit: fc.constantFrom("a", "b", "\n", "\u{1f600}"), maxLength: 9 });
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("type" as const),
        at: where,
        length: fc.nat(5),
        text,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("take" as const), count: fc.nat(9) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom("tell" as const, "work" as const, "refused" as const),
      }),
    },
  );
  const steps = fc.array(fc.tuple(fc.nat(4), step), { maxLength: 300, size: "max" });
  /** Of a page's text: the place, or the one before if that lies within a pair. */
  const placeIn = (content: string, at: number): number => {
    const place = Math.min(content.length, Math.floor(at));
    return (content.codePointAt(place - 1) ?? 0) > 0xffff ? place - 1 : place;
  };

  it("leaves all others with equal texts, whoever is behind whom", async () => {
    let refused = 0;
    const property = fc.asyncProperty(steps, async (all) => {
      const { room, visitors, work, tell, settle } = await meet(5);
      for (const [who, one] of all) {
        const visitor = visitors[who] as Visitor;
        if (one.kind === "type") {
          const content = visitor.text.toString();
          const from = placeIn(content, one.at * content.length);
          visitor.type(one.text, from, placeIn(content, from + one.length));
        } else if (one.kind === "take") visitor.take(one.count);
        else if (one.kind === "tell") await tell();
        else if (one.kind === "work") await work();
        else if (who > 2) visitor.change(refusedBy(visitor.text));
      }
      await settle();
      const ended = visitors.filter(({ code }) => code !== undefined);
      refused += ended.length;
      for (const { code } of ended) expect(code).toBe(SESSION_ENDS.editRefused);
      for (const visitor of visitors) {
        if (!ended.includes(visitor)) expect(visitor.text.toString()).toBe(room.text);
      }
      room.close();
      vi.useRealTimers();
    });
    await fc.assert(property, { numRuns: Number(process.env["FC_RUNS"] ?? 100) });
    expect(refused).toBeGreaterThan(0);
  });
});

describe("who is behind", () => {
  it("costs nothing for each change of others", async () => {
    const { room, visitors, settle, tell } = await meet(101);
    const [ada, ...behind] = visitors as [Visitor, ...Visitor[]];
    for (let typed = 0; typed < UNSEEN_MAX; typed++) {
      ada.type("a", typed);
      await tell();
      ada.take();
    }
    expect(new Set(behind.map(({ edits }) => edits.length))).toEqual(new Set([UNSEEN_MAX]));
    const composed = vi.spyOn(ChangeSet.prototype, "compose");
    onTestFinished(() => composed.mockRestore());
    const more = 500;
    for (let typed = 0; typed < more; typed++) {
      ada.type("b", typed);
      await tell();
      ada.take();
    }
    expect(composed.mock.calls.length).toBeGreaterThan(0);
    expect(composed.mock.calls.length).toBeLessThan((more * behind.length) / 10);
    await settle();
    for (const { text } of visitors) expect(text.toString()).toBe(room.text);
  });

  it("is told many changes in different places as one, and keeps what it has typed", async () => {
    const { room, visitors, settle, tell } = await meet(2);
    const [ada, bob] = visitors as [Visitor, Visitor];
    ada.type("-".repeat(9_000), 0, ada.text.length);
    await settle();
    for (let typed = 0; typed < UNSEEN_MAX; typed++) {
      ada.type("a");
      await tell();
      ada.take();
    }
    for (let typed = 0; typed < 2_000; typed++) ada.type("b", typed * 4);
    bob.type("Bob", 5_000);
    await settle();
    const parts = bob.received.map((message) =>
      message.kind === "edit" && message.edit.changes ? (message.edit.changes as []).length : 0,
    );
    expect(Math.max(...parts)).toBeGreaterThan(1);
    expect(Math.max(...parts)).toBeLessThan(2_000);
    expect(bob.text.toString()).toBe(room.text);
    expect(room.text).toContain("Bob");
  });

  it("is sent so much and no more, however few edits it is", async () => {
    const { visitors, settle, tell } = await meet(2);
    const [ada, silent] = visitors as [Visitor, Visitor];
    for (let time = 0; time < 20; time++) {
      ada.type(String(time % 10).repeat(20_000), 0, ada.text.length);
      await tell();
      ada.take();
    }
    const sent = JSON.stringify(silent.edits).length;
    expect(sent).toBeGreaterThan(20_000);
    expect(sent).toBeLessThan(2 * TEXT_LENGTH_TAKEN_MAX);
    await settle();
    expect(silent.text.toString()).toBe(ada.text.toString());
  });
});

describe("a text that becomes too long", () => {
  it("loses what is too much of the last edit, and nobody's session", async () => {
    const { room, visitors, settle } = await meet(5);
    const length = 20_000;
    const letters = ["a", "b", "c", "d"];
    // Nobody sees the others' yet. What comes last begins with one letter, so that a pair is cut.
    const texts = [
      ...letters.map((letter) => letter.repeat(length)),
      `e${"\u{1f600}".repeat(9_000)}`,
    ];
    for (const [index, insert] of texts.entries()) {
      visitors[index]?.type(insert, 0, visitors[index].text.length);
    }
    await settle();
    expect(room.text.length).toBeLessThanOrEqual(TEXT_LENGTH_TAKEN_MAX);
    expect(room.text.length).toBeGreaterThan(TEXT_LENGTH_TAKEN_MAX - 4);
    for (const letter of letters) expect(room.text).toContain(letter.repeat(length - 20));
    for (const { code, text } of visitors) {
      expect(code).toBeUndefined();
      expect(text.toString()).toBe(room.text);
    }
    expect(room.text).not.toMatch(/\p{Surrogate}/u);
  });
});

describe("a flood of edits", () => {
  it("leaves turns of the event loop to others", async () => {
    const { room, visitors, work, settle, tell } = await meet(2);
    const [ada, hostile] = visitors as [Visitor, Visitor];
    const places = numbersTo(400).map((place) => place * 10);
    ada.type("-".repeat(4_000), 0, ada.text.length);
    await settle();
    const { length } = hostile.text;
    // Many edits in many places, of which the hostile one never says that it has seen any.
    for (let time = 0; time < UNSEEN_MAX; time++) {
      const replacements = places.map((from) => ({
        from,
        to: from + 1,
        insert: String(time % 10),
      }));
      ada.change(ChangeSet.of(replacements, ada.text.length));
      await tell();
      ada.take();
    }
    expect(hostile.edits).toHaveLength(UNSEEN_MAX);
    await work();
    // The room's turn of that time is over.
    await work();
    vi.useRealTimers();
    const before = room.text;
    const seen = hostile.received.filter(({ kind }) => kind === "edit").length - UNSEEN_MAX;
    for (let sent = 0; sent < 200; sent++) hostile.send({ seen, changes: [length] });
    hostile.send("the end");
    const startMs = performance.now();
    let turns = 0;
    while (hostile.isWritable) {
      await work();
      turns++;
    }
    const tookMs = performance.now() - startMs;
    expect([hostile.code, room.text]).toEqual([SESSION_ENDS.editRefused, before]);
    expect(tookMs).toBeGreaterThan(100);
    // Far more often than a person would notice, on a machine that does other things besides.
    expect(turns).toBeGreaterThan(tookMs / 50);
  });
});
