// Memory of bodies that were carried, which later ones are written to.

import { describe, expect, test } from "vitest";
import { memoryFor, whenCarried } from "../../src/core/body-memory.ts";

const LARGE = 100_000;

// Somebody has to say when bodies have left, before their memory is looked after.
whenCarried(new Uint8Array(1));

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

  test("is no body's that is much smaller, nor larger, and waits for one that is not", () => {
    const body = bodyOf(4 * LARGE);
    whenCarried(body)?.(null);
    for (const bytes of [1_000, LARGE, 5 * LARGE]) {
      expect(bodyOf(bytes).buffer).not.toBe(body.buffer);
    }
    expect(bodyOf(4 * LARGE).buffer).toBe(body.buffer);
  });

  test("is not kept of small bodies and of very large ones", () => {
    for (const bytes of [1_000, 2_000_000]) expect(whenCarried(bodyOf(bytes))).toBeUndefined();
  });

  test("is kept of the last eight", () => {
    const bodies = Array.from({ length: 9 }, () => bodyOf(LARGE));
    for (const body of bodies) whenCarried(body)?.();
    const again = Array.from({ length: 9 }, () => bodyOf(LARGE));
    const buffers = new Set(again.map(({ buffer }) => buffer));
    expect(bodies.map(({ buffer }) => buffers.has(buffer))).toEqual([
      false,
      ...Array.from({ length: 8 }, () => true),
    ]);
  });

  test("is never somebody else's", () => {
    const foreign = new Uint8Array(LARGE);
    expect(whenCarried(foreign)).toBeUndefined();
    expect(whenCarried(Buffer.from("small").fill(0))).toBeUndefined();
  });

  test("is not used again where somebody says late of an earlier body that it was carried", () => {
    const body = bodyOf(LARGE);
    const [first, second] = [whenCarried(body), whenCarried(body)];
    first?.();
    const next = bodyOf(LARGE);
    expect(next.buffer).toBe(body.buffer);
    second?.();
    expect(bodyOf(LARGE).buffer).not.toBe(next.buffer);
  });
});
