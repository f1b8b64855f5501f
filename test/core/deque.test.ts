import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Deque } from "../../src/core/deque.ts";
import { InvariantError } from "../../src/core/errors.ts";

type Step = readonly ["push" | "shift" | "replace" | "clear", number];

const steps = fc.array(
  fc.tuple(fc.constantFrom("push", "push", "push", "shift", "replace", "clear"), fc.nat(100)),
  { maxLength: 300, size: "max" },
) as fc.Arbitrary<Step[]>;

describe("a deque", () => {
  test("is an array with lasting positions, over growth and wrap-around", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const deque = new Deque<number>();
        let model: number[] = [];
        let head = 0;
        for (const [kind, value] of list) {
          if (kind === "push") {
            expect(deque.push(value)).toBe(head + model.length);
            model.push(value);
          } else if (kind === "shift") {
            head += model.length > 0 ? 1 : 0;
            expect(deque.shift()).toBe(model.shift());
          } else if (kind === "replace" && model.length > 0) {
            const at = value % model.length;
            deque.replace(head + at, value);
            model[at] = value;
          } else if (kind === "clear" && value < 5) {
            deque.clear();
            head += model.length;
            model = [];
          }
          expect(deque.first()).toBe(model[0]);
        }
        const stored = Array.from({ length: deque.size }, (_, at) => deque.at(head + at));
        expect(stored).toEqual(model);
      }),
    );
  });

  test("has nothing outside of its positions", () => {
    const deque = new Deque<string>();
    deque.push("a");

    expect(deque.at(-1)).toBeUndefined();
    expect(deque.at(1)).toBeUndefined();
    expect(() => deque.replace(1, "b")).toThrow(InvariantError);
  });
});
