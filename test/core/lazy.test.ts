import fc from "fast-check";
import { expect, test } from "vitest";
import { LazyMap } from "../../src/core/lazy-map.ts";
import { LazySet } from "../../src/core/lazy-set.ts";

type Step = readonly ["add" | "delete" | "clear", number];

const steps = fc.array(
  fc.tuple(fc.constantFrom("add", "add", "delete", "delete", "clear"), fc.nat(5)),
  { maxLength: 100, size: "max" },
) as fc.Arbitrary<Step[]>;

test("a lazy map is a map", () => {
  fc.assert(
    fc.property(steps, (list) => {
      const lazy = new LazyMap<number, number>();
      const map = new Map<number, number>();
      for (const [at, [kind, key]] of list.entries()) {
        if (kind === "add") {
          lazy.set(key, at);
          map.set(key, at);
        } else if (kind === "delete") {
          expect(lazy.delete(key)).toBe(map.delete(key));
        } else {
          lazy.clear();
          map.clear();
        }
        expect(lazy.size).toBe(map.size);
        expect([lazy.has(key), lazy.get(key)]).toEqual([map.has(key), map.get(key)]);
        expect([...lazy]).toEqual([...map]);
        expect([...lazy.keys()]).toEqual([...map.keys()]);
        expect([...lazy.values()]).toEqual([...map.values()]);
      }
    }),
  );
});

test("a lazy set is a set", () => {
  fc.assert(
    fc.property(steps, (list) => {
      const lazy = new LazySet<number>();
      const set = new Set<number>();
      for (const [kind, value] of list) {
        if (kind === "add") {
          lazy.add(value);
          set.add(value);
        } else if (kind === "delete") {
          expect(lazy.delete(value)).toBe(set.delete(value));
        } else {
          lazy.clear();
          set.clear();
        }
        expect([lazy.size, lazy.has(value)]).toEqual([set.size, set.has(value)]);
        expect([...lazy]).toEqual([...set]);
      }
    }),
  );
});

test("an empty one has no table, before its first entry and after its last", () => {
  const map = new LazyMap<number, number>();
  const set = new LazySet<number>();
  expect([map["table"], set["table"]]).toEqual([undefined, undefined]);
  map.set(1, 1);
  set.add(1);
  expect([map["table"]?.size, set["table"]?.size]).toEqual([1, 1]);
  map.delete(1);
  set.delete(1);
  expect([map["table"], set["table"]]).toEqual([undefined, undefined]);
});

test("entries may be deleted while they are walked through, the last one too", () => {
  const map = new LazyMap<number, number>();
  const set = new LazySet<number>();
  for (const value of [1, 2, 3]) {
    map.set(value, -value);
    set.add(value);
  }
  const met: number[] = [];
  for (const [key, value] of map) {
    met.push(value);
    map.delete(key);
  }
  for (const value of set) {
    met.push(value);
    set.delete(value);
  }
  expect(met).toEqual([-1, -2, -3, 1, 2, 3]);
  expect([map.size, set.size]).toEqual([0, 0]);
});
