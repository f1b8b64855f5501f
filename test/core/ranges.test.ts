import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvariantError } from "../../src/core/errors.ts";
import { Ranges } from "../../src/core/ranges.ts";

const HIGHEST = 60;

type Step = readonly ["add" | "remove" | "clear", number, number];

const steps = fc.array(
  fc.tuple(
    fc.constantFrom("add", "add", "add", "remove", "clear"),
    fc.integer({ min: 1, max: HIGHEST }),
    fc.oneof(fc.nat(2), fc.nat(20)),
  ),
  { maxLength: 60 },
) as fc.Arbitrary<Step[]>;

function flatOf(model: ReadonlySet<number>): number[] {
  const flat: number[] = [];
  for (let value = 1; value <= 2 * HIGHEST; value++) {
    if (!model.has(value)) continue;
    if (!model.has(value - 1)) flat.push(value);
    if (!model.has(value + 1)) flat.push(value);
  }
  return flat;
}

function expectSame(ranges: Ranges, model: ReadonlySet<number>): void {
  const flat = flatOf(model);
  expect(ranges.flat).toEqual(flat);
  expect(ranges.count).toBe(flat.length / 2);
  expect(ranges.isEmpty).toBe(flat.length === 0);
  expect(ranges.highest).toBe(flat.at(-1) ?? 0);
  expect(ranges.through).toBe(flat[0] === 1 ? flat[1] : 0);
  for (let value = 1; value <= HIGHEST + 25; value++) {
    const end = flat.find((each, at) => at % 2 === 1 && each >= value) ?? 0;
    expect(ranges.has(value)).toBe(model.has(value));
    expect(ranges.endOf(value)).toBe(model.has(value) ? end : 0);
  }
}

describe("ranges", () => {
  test("are a set of numbers", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const ranges = new Ranges();
        const model = new Set<number>();
        for (const [kind, first, extent] of list) {
          const last = first + extent;
          const inside = Array.from({ length: extent + 1 }, (_, at) => first + at);
          const missing = inside.filter((value) => !model.has(value));
          expect(ranges.overlaps(first, last)).toBe(missing.length <= extent);
          const countAfter = ranges.countAfterAdding(first, last);
          if (kind === "clear") {
            if (extent < 2) continue;
            model.clear();
            ranges.clear();
          } else if (kind === "add") {
            const added: number[] = [];
            for (const value of inside) model.add(value);
            ranges.add(first, last, (low, high) => {
              for (let value = low; value <= high; value++) added.push(value);
            });
            expect(added).toEqual(missing);
            expect(ranges.count).toBe(countAfter);
          } else {
            for (const value of inside) model.delete(value);
            ranges.remove(first, last);
          }
          expectSame(ranges, model);
        }
      }),
    );
  });

  test("that are reversed are a bug", () => {
    expect(() => new Ranges().add(2, 1)).toThrow(InvariantError);
    expect(() => new Ranges().remove(2, 1)).toThrow(InvariantError);
  });
});
