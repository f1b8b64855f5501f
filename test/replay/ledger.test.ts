import { expect, test } from "vitest";
import { ArrivalLedger, longestGapMs } from "./ledger.ts";

/** Lets the places arrive, one a millisecond from 1 on. */
function ledgerOf(total: number, places: readonly (number | undefined)[]): ArrivalLedger {
  const ledger = new ArrivalLedger(total);
  for (const [nth, place] of places.entries()) ledger.arrive(place, nth + 1);
  return ledger;
}

test("a ledger finds nothing where everything arrives once and in order", () => {
  expect(ledgerOf(4, [0, 1, 2, 3])).toMatchObject({
    delivered: 4,
    doubled: 0,
    reordered: 0,
    strange: 0,
  });
});

test("a ledger counts a lost message as not delivered", () => {
  const ledger = ledgerOf(4, [0, 1, 3]);
  expect(ledger).toMatchObject({ delivered: 3, doubled: 0, reordered: 0 });
  expect([...ledger.timesMs]).toEqual([1, 2, Number.NaN, 3]);
});

test("a ledger counts every further arrival of a message as doubled, and delivers it once", () => {
  const ledger = ledgerOf(3, [0, 1, 1, 2, 0]);
  expect(ledger).toMatchObject({ delivered: 3, doubled: 2, reordered: 0 });
  expect([...ledger.timesMs], "the first arrival counts").toEqual([1, 2, 4]);
});

test("a ledger counts what arrives after a later message as reordered", () => {
  expect(ledgerOf(5, [0, 2, 1, 4, 3])).toMatchObject({ delivered: 5, doubled: 0, reordered: 2 });
});

test.each([[undefined], [5], [-1], [1.5], [Number.NaN]])(
  "a ledger counts a message with the place %s as strange",
  (place) => {
    expect(ledgerOf(5, [0, place])).toMatchObject({ delivered: 1, strange: 1 });
  },
);

function gapOf(sent: readonly number[], arrived: readonly number[], endMs: number): number {
  return longestGapMs(Float64Array.from(sent), Float64Array.from(arrived), endMs);
}

test("a gap is the time between two arrivals while something is under way", () => {
  expect(gapOf([0, 1, 2], [10, 11, 40], 50)).toBe(29);
});

test("a gap begins with the sending where nothing was under way before", () => {
  expect(gapOf([0, 1_000], [10, 1_004], 2_000)).toBe(10);
});

test("a gap goes on to the end of the run where a message never arrives", () => {
  expect(gapOf([0, 5, 6], [10, Number.NaN, 12], 500)).toBe(488);
  expect(gapOf([0, 100], [10, Number.NaN], 500)).toBe(400);
  expect(gapOf([7], [], 500)).toBe(493);
});

test("messages that overtake each other make no negative gap and no longer one", () => {
  expect(gapOf([0, 1, 2], [30, 10, 31], 50)).toBe(30);
});

test("nothing sent has no gap", () => {
  expect(gapOf([], [Number.NaN], 500)).toBe(0);
});
