import { describe, expect, test } from "vitest";
import { checkLiveness } from "../../src/sim/explore/liveness.ts";
import { Column, StateSet } from "../../src/sim/explore/state-set.ts";

function columnOf(values: readonly number[]): Column {
  const column = new Column();
  for (const value of values) column.push(value);
  return column;
}

describe("the backward pass", () => {
  test("counts the steps to rest along the longest way", () => {
    // 3 → 2 → 0, 4 → 1, and 0 and 1 are at rest.
    const { restStepsMax, lost, circle } = checkLiveness(columnOf([0, 1, 0, 2, 1]));

    expect(restStepsMax).toBe(2);
    expect(lost).toBe(0);
    expect(circle).toBeUndefined();
  });

  test("finds a circle, and who leads into it", () => {
    // 0 rests; 1 → 2 → 3 → 2.
    const { lost, circle } = checkLiveness(columnOf([0, 2, 3, 2]));

    expect(lost).toBe(3);
    expect(circle).toEqual({ from: 1, states: [2, 3] });
  });

  test("finds that nothing rests", () => {
    const { lost, circle } = checkLiveness(columnOf([1, 0]));

    expect(lost).toBe(2);
    expect(circle).toEqual({ from: 0, states: [0, 1] });
  });

  test("agrees with following each state forwards, on random graphs", () => {
    let state = 1;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    for (let round = 0; round < 200; round++) {
      const size = 2 + random(40);
      const next = Array.from({ length: size }, (_, at) => (random(6) === 0 ? at : random(size)));
      let farthest = 0;
      let lost = 0;
      for (let start = 0; start < size; start++) {
        let [at, count] = [start, 0];
        while (next[at] !== at && count <= size) [at, count] = [next[at] as number, count + 1];
        if (count > size) lost++;
        else farthest = Math.max(farthest, count);
      }

      const found = checkLiveness(columnOf(next));

      expect(found.lost).toBe(lost);
      expect(found.restStepsMax).toBe(farthest);
      expect(found.circle === undefined).toBe(lost === 0);
    }
  });
});

describe("the set of states", () => {
  test("numbers what is new and finds what is known, over many doublings", () => {
    const states = new StateSet();
    const of = (number: number) => ({
      low: Math.imul(number, 0x9e3779b1) >>> 0,
      high: Math.imul(number >>> 3, 0x85ebca77) >>> 0,
    });

    for (let number = 0; number < 200_000; number++) {
      if (states.add(of(number)) !== ~number) expect.unreachable(`new: ${number}`);
    }
    for (let number = 0; number < 200_000; number += 7) {
      if (states.add(of(number)) !== number) expect.unreachable(`known: ${number}`);
    }

    expect(states.size).toBe(200_000);
  });

  test("tells states apart that agree in either half of their fingerprints", () => {
    const states = new StateSet();

    const numbers = [1, 2].flatMap((low) => [1, 2].map((high) => states.add({ low, high })));

    expect(numbers).toEqual([~0, ~1, ~2, ~3]);
  });
});
