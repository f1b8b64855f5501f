// What the demo's page makes of a person's typing, and of what others change meanwhile.

import { ChangeSet, Text } from "@codemirror/state";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mapSelection } from "../../../examples/demo/page/selection.ts";
import { differenceOf } from "../../../examples/demo/page/text-difference.ts";
import { UNDO_ENTRIES_MAX, UndoHistory } from "../../../examples/demo/page/undo.ts";

const REST_MS = 10_000;

function textOf(text: string): Text {
  return Text.of(text.split("\n"));
}

/** Letters of which many are equal, pairs of surrogates with equal halves, and lines. */
const someText = fc
  .array(fc.constantFrom("a", "b", "\n", "😀", "😁", "🙀"), { maxLength: 12 })
  .map((letters) => letters.join(""));

describe("the difference of two texts", () => {
  test.each([
    ["a letter that is typed among equal ones", "aaa", "aaaa", 2, { from: 1, to: 1, insert: "a" }],
    ["a letter deleted among equal ones", "aaa", "aa", 1, { from: 1, to: 2, insert: "" }],
    ["a selection typed over", "one two", "one 2", 5, { from: 4, to: 7, insert: "2" }],
    ["text pasted at the end", "one", "one two", 7, { from: 3, to: 3, insert: " two" }],
    ["all of it deleted", "one", "", 0, { from: 0, to: 3, insert: "" }],
    ["a letter with the same first half", "😀", "😁", 2, { from: 0, to: 2, insert: "😁" }],
  ])("is %s", (_name, before, after, caret, difference) => {
    expect(differenceOf(before, after, caret)).toEqual(difference);
  });

  test("is nothing between equal texts", () => {
    expect(differenceOf("same", "same", 2)).toBeUndefined();
  });

  test("makes the one text out of the other, wherever the caret is, and splits no letter", () => {
    fc.assert(
      fc.property(someText, someText, fc.nat(30), (before, after, caret) => {
        const { from, to, insert } = differenceOf(before, after, caret) ?? {
          from: 0,
          to: 0,
          insert: "",
        };
        expect(before.slice(0, from) + insert + before.slice(to)).toBe(after);
        expect(insert).not.toMatch(/\p{Surrogate}/u);
        expect(before.slice(from, to)).not.toMatch(/\p{Surrogate}/u);
      }),
    );
  });
});

describe("a selection", () => {
  const changes = (from: number, to: number, insert: string): ChangeSet =>
    ChangeSet.of({ from, to, insert }, 10);

  test.each([
    ["moves with what is put in before it", changes(0, 0, "xx"), [5, 9]],
    ["grows with what is put into it", changes(5, 5, "xx"), [3, 9]],
    ["takes in nothing that is put in at its beginning", changes(3, 3, "xx"), [5, 9]],
    ["takes in nothing that is put in at its end", changes(7, 7, "xx"), [3, 7]],
    ["becomes a caret when all of it is deleted", changes(1, 9, ""), [1, 1]],
  ])("%s", (_name, change, [start, end]) => {
    const selection = { start: 3, end: 7, direction: "backward" } as const;
    expect(mapSelection(selection, change)).toEqual({ start, end, direction: "backward" });
  });

  test("that is a caret stays before what others write at its place", () => {
    const caret = { start: 4, end: 4, direction: "none" } as const;
    expect(mapSelection(caret, changes(4, 4, "xx"))).toEqual(caret);
  });
});

/** A text with a history, that a person and others change. */
class Field {
  text: Text;
  readonly history: UndoHistory = new UndoHistory();

  constructor(text: string) {
    this.text = textOf(text);
  }

  type(nowMs: number, from: number, to: number, insert: string): void {
    const changes = ChangeSet.of({ from, to, insert: textOf(insert) }, this.text.length);
    this.history.record(nowMs, changes, this.text);
    this.text = changes.apply(this.text);
  }

  others(from: number, to: number, insert: string): void {
    const changes = ChangeSet.of({ from, to, insert: textOf(insert) }, this.text.length);
    this.history.map(changes);
    this.text = changes.apply(this.text);
  }

  step(way: "undo" | "redo", lengthMax = Infinity): boolean {
    const changes = this.history[way](this.text, lengthMax);
    this.text = changes?.apply(this.text) ?? this.text;
    return changes !== undefined;
  }
}

describe("undo", () => {
  test("takes back what was typed without a rest at once, and redo brings it again", () => {
    const field = new Field("");
    for (const [at, letter] of [..."word"].entries()) field.type(at * 100, at, at, letter);
    field.type(REST_MS, 4, 4, "!");

    expect(field.step("undo")).toBe(true);
    expect(field.text.toString()).toBe("word");
    expect(field.step("undo")).toBe(true);
    expect(field.text.toString()).toBe("");
    expect(field.step("undo")).toBe(false);
    field.step("redo");
    field.step("redo");
    expect(field.text.toString()).toBe("word!");
    expect(field.step("redo")).toBe(false);
  });

  test("leaves alone what others have written before, within and after", () => {
    const field = new Field("ab");
    field.type(0, 1, 1, "12");
    field.others(2, 2, "-");
    field.others(0, 0, "<");
    field.others(field.text.length, field.text.length, ">");
    expect(field.text.toString()).toBe("<a1-2b>");
    field.step("undo");
    expect(field.text.toString()).toBe("<a-b>");
  });

  test("has nothing to do when others have deleted all that it was about", () => {
    const field = new Field("ab");
    field.type(0, 1, 1, "12");
    field.others(1, 3, "");
    expect(field.step("undo")).toBe(false);
    expect(field.text.toString()).toBe("ab");
  });

  test("is forgotten as redo when something else is typed", () => {
    const field = new Field("");
    field.type(0, 0, 0, "one");
    field.step("undo");
    field.type(REST_MS, 0, 0, "two");
    expect(field.step("redo")).toBe(false);
  });

  test("brings nothing back for which there is no room, and keeps it until there is", () => {
    const field = new Field("all of it");
    field.type(0, 0, 9, "");
    field.others(0, 0, "others");
    expect(field.step("undo", 14)).toBe(false);
    field.others(0, 1, "");
    expect(field.step("undo", 14)).toBe(true);
    expect(field.text.toString()).toMatch(/^(all of itthers|thersall of it)$/);
    // What makes a text shorter that is too long already is done.
    expect(field.step("redo", 3)).toBe(true);
    expect(field.text.toString()).toBe("thers");
  });

  test("keeps so many entries and no more", () => {
    const field = new Field("");
    for (let at = 0; at < UNDO_ENTRIES_MAX + 10; at++) field.type(at * REST_MS, at, at, "x");
    let steps = 0;
    while (field.step("undo")) steps++;
    expect(steps).toBe(UNDO_ENTRIES_MAX);
    expect(field.text.length).toBe(10);
  });

  test("of everything leaves what others wrote, and redo brings all of one's own again", () => {
    const act = fc.record({
      isOwn: fc.boolean(),
      place: fc.nat(20),
      length: fc.nat(3),
      insert: fc.string({ maxLength: 3, unit: fc.constantFrom("a", "b", "\n") }),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 20 }), (acts) => {
        const field = new Field("some text");
        for (const [at, { isOwn, place, length, insert }] of acts.entries()) {
          const from = Math.min(place, field.text.length);
          const to = Math.min(from + length, field.text.length);
          if (isOwn) field.type(at * REST_MS, from, from, insert.toUpperCase());
          else field.others(from, to, insert);
        }
        const before = field.text.toString();
        let undone = 0;
        while (field.step("undo")) undone++;
        // A new line looks the same, whoever made it.
        const plain = (text: string): string => text.replaceAll("\n", "");
        expect(plain(field.text.toString())).toBe(plain(before).replaceAll(/[AB]/g, ""));
        while (undone-- > 0) expect(field.step("redo")).toBe(true);
        expect(field.text.toString()).toBe(before);
      }),
    );
  });
});
