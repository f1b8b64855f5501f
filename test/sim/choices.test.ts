import { expect, test } from "vitest";
import { fromTape, HARMLESS, RecordedChoices, seeded } from "../../src/sim/index.ts";

test("harmless choices are always the first", () => {
  expect(HARMLESS.pick(5, "any")).toBe(0);
});

test("a seed gives the same choices again, within bounds, and all of them", () => {
  const left = seeded(1);
  const right = seeded(1);
  const seen = new Set<number>();
  for (let count = 0; count < 1_000; count++) {
    const value = left.pick(7, "any");
    expect(right.pick(7, "any")).toBe(value);
    seen.add(value);
  }

  expect([...seen].toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test("a tape gives what was recorded, and harmless choices where it does not fit", () => {
  const recorded = new RecordedChoices(seeded(3));
  const values = [recorded.pick(10, "first"), recorded.pick(10, "second")];

  const played = fromTape(recorded.tape);
  expect([played.pick(10, "first"), played.pick(10, "second")]).toEqual(values);
  expect(played.pick(10, "beyond the end")).toBe(0);
  expect(fromTape([9]).pick(3, "too large")).toBe(0);
});
