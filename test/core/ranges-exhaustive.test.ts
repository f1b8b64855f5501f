// Ranges against a plain set, for every set of the numbers 1 to 6 and every stretch of them.

import { expect, test } from "vitest";
import { Ranges } from "../../src/core/ranges.ts";

const HIGHEST = 6;

/** The numbers of the set as text; how a range is cut up shows nowhere else. */
function shown(ranges: Ranges): string {
  const numbers: number[] = [];
  for (let at = 0; at < ranges.flat.length; at += 2) {
    for (let n = ranges.flat[at] as number; n <= (ranges.flat[at + 1] as number); n++)
      numbers.push(n);
  }
  return `${numbers.join(" ")} in ${ranges.count}`;
}

function expected(numbers: ReadonlySet<number>): string {
  const all = [...numbers].toSorted((left, right) => left - right);
  const ranges = all.filter((n) => !numbers.has(n - 1)).length;
  return `${all.join(" ")} in ${ranges}`;
}

function made(bits: number): { ranges: Ranges; model: Set<number> } {
  const ranges = new Ranges();
  const model = new Set<number>();
  for (let n = 1; n <= HIGHEST; n++) {
    if (((bits >> (n - 1)) & 1) === 0) continue;
    ranges.add(n, n);
    model.add(n);
  }
  return { ranges, model };
}

/** Every set, and every stretch that begins and ends within it or just above. */
function everything(
  look: (set: { ranges: Ranges; model: Set<number> }, first: number, last: number) => string[],
): string[] {
  const faults: string[] = [];
  for (let bits = 0; bits < 1 << HIGHEST; bits++) {
    for (let first = 1; first <= HIGHEST + 1; first++) {
      for (let last = first; last <= HIGHEST + 1; last++) {
        const what = `${bits.toString(2)} ${first}-${last}`;
        faults.push(...look(made(bits), first, last).map((fault) => `${what}: ${fault}`));
      }
    }
  }
  return faults;
}

const differ = (what: string, is: unknown, must: unknown): string[] =>
  String(is) === String(must) ? [] : [`${what} is ${String(is)}, must be ${String(must)}`];

test("what is added is in the set, and what was missing is told, in stretches, ascending", () => {
  const faults = everything(({ ranges, model }, first, last) => {
    const told: string[] = [];
    const missing: string[] = [];
    for (let n = first; n <= last; n++) {
      if (model.has(n)) continue;
      let end = n;
      while (end < last && !model.has(end + 1)) end++;
      missing.push(`${n}-${end}`);
      n = end;
    }
    const count = ranges.countAfterAdding(first, last);
    const overlaps = ranges.overlaps(first, last);
    const wasEmpty = missing[0] === `${first}-${last}`;

    ranges.add(first, last, (low, high) => told.push(`${low}-${high}`));

    for (let n = first; n <= last; n++) model.add(n);
    return [
      ...differ("set", shown(ranges), expected(model)),
      ...differ("told", told, missing),
      ...differ("count foretold", count, ranges.count),
      ...differ("overlap", overlaps, !wasEmpty),
    ];
  });

  expect(faults).toEqual([]);
});

test("what is taken out is not in the set, whatever of it was", () => {
  const faults = everything(({ ranges, model }, first, last) => {
    ranges.remove(first, last);

    for (let n = first; n <= last; n++) model.delete(n);
    return differ("set", shown(ranges), expected(model));
  });

  expect(faults).toEqual([]);
});

test("each number is in it or not, and its range ends where it does", () => {
  const faults = everything(({ ranges, model }, first) => {
    let end = model.has(first) ? first : 0;
    while (end > 0 && model.has(end + 1)) end++;
    let through = 0;
    while (model.has(through + 1)) through++;
    return [
      ...differ("has", ranges.has(first), model.has(first)),
      ...differ("end", ranges.endOf(first), end),
      ...differ("through", ranges.through, through),
      ...differ("highest", ranges.highest, Math.max(0, ...model)),
      ...differ("empty", ranges.isEmpty, model.size === 0),
    ];
  });

  expect(faults).toEqual([]);
});
