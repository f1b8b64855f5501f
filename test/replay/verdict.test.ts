import { expect, test } from "vitest";
import { Books } from "./books.ts";
import type { Change } from "./change.ts";
import { HARD_ENOUGH } from "./hardness.ts";
import type { EndReport, Plant } from "./orders.ts";
import { planted } from "./planted.ts";
import { verdictText } from "./table.ts";
import { judge, type Evidence, type Verdict } from "./verdict.ts";

const END_CONTENT = "abcdefgh";
const CHANGES: readonly Change[] = [...END_CONTENT].map((unit, place) => ({
  place,
  patches: [[place, 0, unit]],
}));

/** The books of both ends of a run over a perfect line. */
function booksOf(
  plant: Plant | undefined,
  strangers: readonly unknown[] = [],
): { writer: EndReport; reader: EndReport } {
  const writer = new Books("", CHANGES.length);
  const reader = new Books("", CHANGES.length);
  const pass = planted(plant, 4);
  for (const change of CHANGES) {
    writer.noteSent();
    for (const arrived of pass([change])) {
      const taken = reader.takeIn(arrived);
      if (taken === undefined || reader.sent === CHANGES.length) continue;
      reader.noteSent();
      writer.takeIn(taken);
    }
  }
  for (const stranger of strangers) reader.takeIn(stranger);
  return { writer: writer.report(), reader: reader.report() };
}

function verdictOf(overrides: Partial<Evidence>): Verdict {
  return judge({
    total: CHANGES.length,
    endContent: END_CONTENT,
    ...booksOf(undefined),
    met: HARD_ENOUGH,
    startMs: 0,
    endMs: 1_000,
    trouble: [],
    mayBeEasy: false,
    ...overrides,
  });
}

test("a hard run in which everything arrives once and in order passes", () => {
  const verdict = verdictOf({});
  expect(verdict).toMatchObject({ isPassed: true, off: [], easy: [] });
  expect(verdict.changes).toMatchObject({ sent: 8, delivered: 8, lost: 0, isDocumentEqual: true });
  expect(verdict.echoes).toMatchObject({ sent: 8, delivered: 8, lost: 0, isDocumentEqual: true });
});

test.each<[Plant, object]>([
  ["drop", { delivered: 7, lost: 1, isDocumentEqual: false }],
  ["double", { delivered: 8, lost: 0, doubled: 1, isDocumentEqual: false }],
  ["swap", { delivered: 8, lost: 0, reordered: 1, isDocumentEqual: false }],
  ["alter", { delivered: 8, lost: 0, reordered: 0, doubled: 0, isDocumentEqual: false }],
])("a verdict finds a message that is planted as: %s", (plant, found) => {
  const verdict = verdictOf(booksOf(plant));
  expect(verdict.changes).toMatchObject(found);
  expect(verdict.isPassed).toBe(false);
  expect(verdict.off.length).toBeGreaterThan(0);
});

test("a verdict finds what is no message of the trace", () => {
  const strangers = [null, 7, {}, { place: 99, patches: [] }, { place: 0, patches: [[1, 2]] }];
  const verdict = verdictOf(booksOf(undefined, strangers));
  expect(verdict.changes.strange).toBe(strangers.length);
  expect(verdict.isPassed).toBe(false);
});

test("a run whose end tells nothing fails", () => {
  expect(verdictOf({ reader: undefined }).isPassed).toBe(false);
  expect(verdictOf({ writer: undefined }).isPassed).toBe(false);
});

test("a run with trouble fails, and says which", () => {
  const verdict = verdictOf({ trouble: ["stuck"] });
  expect(verdict).toMatchObject({ isPassed: false, off: ["stuck"] });
});

test("an easy run fails unless it may be easy, and the table says why", () => {
  const met = { ...HARD_ENOUGH, cuts: 3 };
  const verdict = verdictOf({ met });
  expect(verdict).toMatchObject({ isPassed: false, off: [] });
  expect(verdict.easy).toEqual(["too easy: 3 connections cut, 50 are wanted"]);
  expect(verdictOf({ met, mayBeEasy: true }).isPassed).toBe(true);
  expect(verdictText(verdict)).toContain("too easy: 3 connections cut");
});

test("the table shows every count of both directions", () => {
  const text = verdictText(verdictOf(booksOf("drop")));
  expect(text).toMatch(/lost\s*│\s*1 │/);
  expect(text).toMatch(/sent\s*│\s*8 │\s*7 │/);
  expect(text).toMatch(/document as in the trace\s*│\s*NO │/);
  expect(text).toMatch(/exchanges\s*│\s*2,000 │\s*2,000 │/);
  expect(text).toContain("FAILED after 1.0 s");
});
