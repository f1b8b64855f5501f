/** One end of a shared text, without a line: whatever the order of things, the texts end equal. */
import { ChangeSet, Text } from "@codemirror/state";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Copy, type Edit, type SavedCopy } from "../../examples/shared-text/copy.ts";
import { EDIT_PARTS_MAX } from "../../examples/shared-text/edit.ts";
import { json } from "../../src/session/index.ts";

/** A replacement, its places as fractions, as the text is known only when its turn comes. */
interface Wish {
  readonly from: number;
  readonly length: number;
  readonly insert: string;
}

type Step =
  | { readonly kind: "edit"; readonly who: 0 | 1 | "server"; readonly wishes: readonly Wish[] }
  | { readonly kind: "up" | "down" | "receipt" | "reload"; readonly who: 0 | 1 };

const codec = json();

/** A client with its end, the server's end for it, and what is on its way between them. */
class Client {
  here: Copy = new Copy(true);
  readonly there: Copy = new Copy(false);
  readonly up: Uint8Array[] = [];
  readonly down: Uint8Array[] = [];
  text: Text;

  constructor(text: Text) {
    this.text = text;
  }
}

/** A server with two clients. */
class Star {
  readonly clients: readonly [Client, Client];
  text: Text;

  constructor(content: string) {
    this.text = Text.of(content.split("\n"));
    this.clients = [new Client(this.text), new Client(this.text)];
  }

  perform(step: Step): void {
    if (step.kind === "edit") this.#edit(step.who, step.wishes);
    else if (step.kind === "up") this.#deliverUp(this.clients[step.who]);
    else if (step.kind === "down") this.#deliverDown(this.clients[step.who]);
    else if (step.kind === "reload") reload(this.clients[step.who]);
    else this.clients[step.who].up.push(codec.encode(this.clients[step.who].here.receipt()));
  }

  /** Nobody writes any more, and everything arrives. */
  settle(): void {
    for (const client of this.clients) while (client.up.length > 0) this.#deliverUp(client);
    for (const client of this.clients) {
      while (client.down.length > 0) this.#deliverDown(client);
      client.up.push(codec.encode(client.here.receipt()));
      this.#deliverUp(client);
      client.down.push(codec.encode(client.there.receipt()));
      this.#deliverDown(client);
    }
  }

  #edit(who: 0 | 1 | "server", wishes: readonly Wish[]): void {
    if (who === "server") {
      const changes = changesOf(this.text, wishes);
      this.#change(changes, undefined);
      return;
    }
    const client = this.clients[who];
    const changes = changesOf(client.text, wishes);
    client.text = changes.apply(client.text);
    client.up.push(codec.encode(client.here.change(changes)));
  }

  #deliverUp(client: Client): void {
    const bytes = client.up.shift();
    if (bytes === undefined) return;
    const changes = client.there.receive(codec.decode(bytes) as Edit);
    if (changes !== undefined) this.#change(changes, client);
  }

  #deliverDown(client: Client): void {
    const bytes = client.down.shift();
    if (bytes === undefined) return;
    const changes = client.here.receive(codec.decode(bytes) as Edit);
    if (changes !== undefined) client.text = changes.apply(client.text);
  }

  /** Changes the server's text, and tells all but the author. */
  #change(changes: ChangeSet, author: Client | undefined): void {
    this.text = changes.apply(this.text);
    for (const client of this.clients) {
      if (client !== author) client.down.push(codec.encode(client.there.change(changes)));
    }
  }
}

/** The page goes, and another one goes on from what it has saved. */
function reload(client: Client): void {
  const saved = JSON.parse(JSON.stringify(client.here.save())) as SavedCopy;
  client.here = Copy.load(true, saved);
}

function changesOf(text: Text, wishes: readonly Wish[]): ChangeSet {
  const replacements = wishes.map(({ from, length, insert }) => {
    const start = Math.floor(from * text.length);
    const end = Math.min(text.length, start + length);
    return { from: start, to: end, insert: Text.of(insert.split("\n")) };
  });
  return ChangeSet.of(replacements, text.length);
}

/** Few characters, so that many are alike; code units, so that surrogate pairs are cut, too. */
const content = fc.string({
  unit: fc.constantFrom("a", "b", "\n", "\ud83d", "\ude00"),
  maxLength: 12,
});
const wish = fc.record({
  // Often at the very same place.
  from: fc.oneof(fc.constantFrom(0, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true })),
  length: fc.nat(6),
  insert: content,
});
const author = fc.constantFrom<0 | 1 | "server">(0, 1, "server");
const client = fc.constantFrom<0 | 1>(0, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("edit" as const),
      who: author,
      wishes: fc.array(wish, { maxLength: 3 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom("up" as const, "down" as const, "receipt" as const, "reload" as const),
      who: client,
    }),
  },
);
const steps = fc.array(step, { maxLength: 60, size: "max" });

function endOf(star: Star): string[] {
  return [star.text, ...star.clients.map(({ text }) => text)].map(String);
}

describe("a shared text", () => {
  it("ends equal at a server and two clients, whatever was changed and arrived when", () => {
    const property = fc.property(content, steps, (start, all) => {
      const star = new Star(start);
      for (const one of all) star.perform(one);
      star.settle();
      const [server, ...others] = endOf(star);
      expect(others).toEqual([server, server]);
      for (const { here, there } of star.clients)
        expect([here.unseen, there.unseen]).toEqual([0, 0]);
    });
    fc.assert(property, { numRuns: Number(process.env["FC_RUNS"] ?? 1_000) });
  });

  it("keeps what both wrote at one place, the clients' in front of the server's", () => {
    const star = new Star("");
    const write = (who: 0 | "server", insert: string): void => {
      star.perform({ kind: "edit", who, wishes: [{ from: 0, length: 0, insert }] });
    };
    write(0, "client ");
    write("server", "server ");
    star.settle();
    expect(endOf(star)).toEqual(Array(3).fill("client server "));
  });

  it("does not end equal when one change is lost, or comes twice", () => {
    const fates = { lost: 0, doubled: 0 };
    const property = fc.property(
      content,
      steps,
      fc.constantFrom("lost", "doubled"),
      (start, all, how) => {
        const star = new Star(start);
        for (const one of all) star.perform(one);
        const { up } = star.clients[0];
        // Longer than anything that is deleted, so that it leaves a trace.
        const wishes = [{ from: 0, length: 0, insert: "0123456789" }];
        star.perform({ kind: "edit", who: 0, wishes });
        const bytes = up.pop() as Uint8Array;
        if (how === "doubled") up.push(bytes, bytes);
        let isNoticed = false;
        try {
          star.settle();
        } catch (error) {
          isNoticed = error instanceof RangeError;
          if (!isNoticed) throw error;
        }
        const texts = new Set(endOf(star));
        expect(isNoticed || texts.size > 1).toBe(true);
        fates[how as "lost" | "doubled"]++;
      },
    );
    fc.assert(property, { numRuns: 200 });
    expect(Math.min(fates.lost, fates.doubled)).toBeGreaterThan(0);
  });
});

describe("what another end sends", () => {
  /** An end with two changes of its own that the other has not seen, of a text of three. */
  function busy(): Copy {
    const copy = new Copy(false);
    copy.change(ChangeSet.of({ from: 0, insert: "x" }, 3));
    copy.change(ChangeSet.of({ from: 4, insert: "y" }, 4));
    return copy;
  }

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["text", "edit"],
    ["no number", {}],
    ["a bigint", { seen: 1n }],
    ["NaN", { seen: Number.NaN }],
    ["a fraction", { seen: 0.5 }],
    ["less than before", { seen: -1 }],
    ["more than was sent", { seen: 3 }],
    ["changes that are no list", { seen: 0, changes: { length: 1 } }],
    ["null for changes", { seen: 0, changes: null }],
    ["a negative length", { seen: 0, changes: [5, -2] }],
    ["an endless length", { seen: 0, changes: [Infinity] }],
    ["a length that is none", { seen: 0, changes: [Number.NaN, 3] }],
    ["a fraction of a place", { seen: 0, changes: [1.5, 1.5] }],
    ["an empty part", { seen: 0, changes: [3, []] }],
    ["a part that keeps nothing", { seen: 0, changes: [0, 3] }],
    ["a part that deletes nothing", { seen: 0, changes: [3, [0]] }],
    ["a part that inserts nothing", { seen: 0, changes: [3, [0, ""]] }],
    [
      "too many parts",
      { seen: 0, changes: [3, ...Array.from({ length: EDIT_PARTS_MAX }, () => [0, "z"])] },
    ],
    ["a line of two lines", { seen: 0, changes: [3, [0, "a\nb"]] }],
    ["a number for text", { seen: 0, changes: [3, [0, 7]] }],
    ["changes of a shorter text", { seen: 0, changes: [2, [0, "z"]] }],
    ["changes of a longer text", { seen: 0, changes: [9, [0, "z"]] }],
    ["lengths beyond what numbers count", { seen: 0, changes: [2 ** 53 - 1, 2 ** 53 - 1, [3]] }],
  ])("is refused with a RangeError, and changes nothing: %s", (_what, value) => {
    const copy = busy();
    expect(() => copy.receive(value as Edit)).toThrow(RangeError);
    expect(copy.unseen).toBe(2);
    expect(copy.receipt()).toEqual({ seen: 0 });
    expect(copy.receive({ seen: 2, changes: [4, [0, "z"]] })?.length).toBe(4);
  });

  it("is taken or refused with a RangeError, and never keeps anybody busy", () => {
    const length = fc.oneof(
      fc.nat(6),
      fc.constantFrom(-1, 0.5, Number.NaN, Infinity, 2 ** 53, "1"),
    );
    const part = fc.oneof(
      length,
      fc.array(fc.oneof(length, fc.string({ maxLength: 3 })), { maxLength: 4 }),
    );
    const changes = fc.oneof(fc.array(part, { maxLength: 6 }), fc.anything());
    const seen = fc.oneof(fc.nat(3), fc.anything());
    const value = fc.oneof(fc.record({ seen, changes }), fc.anything());
    let taken = 0;
    const property = fc.property(value, (hostile) => {
      const text = Text.of(["xabcy"]);
      try {
        busy()
          .receive(hostile as Edit)
          ?.apply(text);
        taken++;
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    });
    fc.assert(property, { numRuns: 5_000 });
    expect(taken).toBeGreaterThan(0);
  });
});
