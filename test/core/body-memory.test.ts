// Memory of bodies that were carried, which later ones are written to.

import { describe, expect, test } from "vitest";
import { memoryFor, whenCarried } from "../../src/core/body-memory.ts";

const LARGE = 100_000;

/** A body of so many bytes, where one is written. */
function bodyOf(bytes: number): Uint8Array {
  return memoryFor(bytes).subarray(0, bytes);
}

describe("the memory of a body", () => {
  test("is used again once it was carried, and not before", () => {
    const [first, second] = [bodyOf(LARGE), bodyOf(LARGE)];
    expect(second.buffer).not.toBe(first.buffer);
    whenCarried(first)?.();
    const [third, fourth] = [bodyOf(LARGE - 1), bodyOf(LARGE)];
    expect(third.buffer).toBe(first.buffer);
    expect(third).toHaveLength(LARGE - 1);
    for (const body of [first, second]) expect(fourth.buffer).not.toBe(body.buffer);
  });

  test("is given back once, whoever says so again", () => {
    const body = bodyOf(LARGE);
    const carried = whenCarried(body);
    carried?.();
    carried?.();
    expect(whenCarried(body)).toBeUndefined();
    const [next, other] = [bodyOf(LARGE), bodyOf(LARGE)];
    expect(next.buffer).toBe(body.buffer);
    expect(other.buffer).not.toBe(body.buffer);
  });

  test("is not used again after an error, as somebody may still read it", () => {
    const body = bodyOf(LARGE);
    whenCarried(body)?.(new Error("cut"));
    expect(bodyOf(LARGE).buffer).not.toBe(body.buffer);
  });

  test("is no body's that is much smaller, nor larger", () => {
    for (const bytes of [LARGE, 5 * LARGE]) {
      const body = bodyOf(4 * LARGE);
      whenCarried(body)?.(null);
      expect(bodyOf(bytes).buffer).not.toBe(body.buffer);
      // It was let go.
      expect(bodyOf(4 * LARGE).buffer).not.toBe(body.buffer);
    }
  });

  test("is not kept of small bodies, of very large ones, and of more than eight", () => {
    expect(whenCarried(bodyOf(1_000))).toBeUndefined();
    const huge = bodyOf(2_000_000);
    whenCarried(huge)?.();
    expect(bodyOf(2_000_000).buffer).not.toBe(huge.buffer);

    const bodies = Array.from({ length: 9 }, () => bodyOf(LARGE));
    for (const body of bodies) whenCarried(body)?.();
    const memories = new Set(bodies.map(({ buffer }) => buffer));
    const again = Array.from({ length: 9 }, () => bodyOf(LARGE));
    expect(again.filter(({ buffer }) => memories.has(buffer))).toHaveLength(8);
  });
});
