import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvariantError } from "../../src/core/errors.ts";
import { TimerQueue, type Wakeable } from "../../src/core/timer-queue.ts";

const never = (): Wakeable => ({ wakeAtMs: Infinity, timerPosition: -1 });
const time = fc.oneof(fc.nat(50), fc.constant(Infinity));
const steps = fc.array(fc.tuple(fc.nat(11), time), { maxLength: 80 });

describe("a queue of timers", () => {
  test("gives its items in the order of a sorted list", () => {
    fc.assert(
      fc.property(steps, fc.nat(60), (list, nowMs) => {
        const queue = new TimerQueue();
        const items = Array.from({ length: 12 }, never);
        for (const [at, atMs] of list) {
          queue.set(items[at] as Wakeable, atMs);
          const times = items.map(({ wakeAtMs }) => wakeAtMs);
          expect(queue.nextAtMs).toBe(Math.min(...times));
          expect(queue.size).toBe(times.filter((each) => each < Infinity).length);
        }

        const due: number[] = [];
        for (let item = queue.takeDue(nowMs); item !== undefined; item = queue.takeDue(nowMs)) {
          due.push(item.wakeAtMs);
        }

        const sorted = items.map(({ wakeAtMs }) => wakeAtMs).toSorted((a, b) => a - b);
        expect(due).toEqual(sorted.filter((each) => each <= nowMs && each < Infinity));
      }),
    );
  });

  test("notices an item of another queue", () => {
    const queue = new TimerQueue();
    const item = never();
    new TimerQueue().set(item, 5);

    expect(() => queue.set(item, Infinity)).toThrow(InvariantError);
  });
});
