import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bodyChecksum, xxh32 } from "../../src/core/checksum.ts";
import { InvariantError } from "../../src/core/errors.ts";
import { xxh32 as xxh32ByHand } from "../vectors/decoder.mjs";
import { rising, text } from "../vectors/frame-cases.ts";

describe("XXH32", () => {
  test.each([
    ["", 0, 0x02cc_5d05],
    ["abc", 0, 0x32d1_53ff],
    ["a", 0, 0x550d_7456],
    ["Nobody inspects the spammish repetition", 0, 0xe229_3b2f],
  ])("of %j with seed %d is the published value", (input, seed, expected) => {
    const bytes = text(input);

    expect(xxh32(bytes, 0, bytes.length, seed)).toBe(expected);
  });

  test("of any part of any bytes is what a plain implementation gives", () => {
    const seeds = fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0, 0x8000_0000, 0xffff_ffff));
    const input = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(
        input,
        fc.nat(20),
        fc.nat(20),
        fc.nat(7),
        seeds,
        (bytes, head, tail, at, seed) => {
          const buffer = new ArrayBuffer(bytes.length + at);
          const view = new Uint8Array(buffer, at);
          view.set(bytes);
          const start = Math.min(head, bytes.length);
          const end = Math.max(start, bytes.length - tail);

          const expected = xxh32ByHand([...bytes.subarray(start, end)], seed);

          expect(xxh32(view, start, end, seed)).toBe(Number(expected));
        },
      ),
    );
  });

  test("stays within its bytes", () => {
    const bytes = rising(20);

    expect(() => xxh32(bytes, 0, 21, 0)).toThrow(InvariantError);
    expect(() => xxh32(bytes, -1, 20, 0)).toThrow(InvariantError);
    expect(() => xxh32(bytes, 3, 2, 0)).toThrow(InvariantError);
  });
});

describe("the checksum of a body", () => {
  const covered = rising(40);
  const sum = (sessionId: Uint8Array, head: number): number =>
    bodyChecksum(sessionId, head, covered, 3, 40);

  test("[SUM-1] [SUM-2] is seeded with session and first byte", () => {
    for (const size of [16, 48]) {
      const seed = xxh32ByHand([...rising(size), 0x19], 0);
      const expected = xxh32ByHand([...covered.subarray(3)], seed);

      expect(sum(rising(size), 0x19)).toBe(Number(expected));
    }
  });

  test("[SUM-2] differs for another session, direction and size of identifier", () => {
    const sums = [
      sum(rising(48), 0x11),
      sum(rising(16), 0x11),
      sum(rising(16), 0x19),
      sum(rising(16, 1), 0x11),
    ];

    expect(new Set(sums).size).toBe(sums.length);
  });

  test("takes no identifier that is too long", () => {
    expect(() => sum(rising(49), 0x11)).toThrow(InvariantError);
  });
});
