import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvariantError } from "../../src/core/errors.ts";
import {
  readVarint,
  VARINT_CUT,
  VARINT_NOT_MINIMAL,
  VARINT_TOO_LARGE,
  varintBytes,
  writeVarint,
} from "../../src/core/varint.ts";
import { fromHex, toHex } from "../vectors/hex.ts";
import { integers } from "./bodies.ts";

const top = Number.MAX_SAFE_INTEGER;

function encode(value: number): string {
  const into = new Uint8Array(8);
  return toHex(into.subarray(0, writeVarint(into, 0, value)));
}

function decode(hex: string): number {
  const bytes = fromHex(hex);
  return readVarint(bytes, 0, bytes.length);
}

describe("an integer", () => {
  test.each([
    [0, "00"],
    [63, "3f"],
    [64, "4040"],
    [16_383, "7fff"],
    [16_384, "80004000"],
    [2 ** 30 - 1, "bfffffff"],
    [2 ** 30, "c000000040000000"],
    [2 ** 32 - 1, "c0000000ffffffff"],
    [2 ** 32, "c000000100000000"],
    [top, "c01fffffffffffff"],
    // The examples of RFC 9000, appendix A.1.
    [37, "25"],
    [15_293, "7bbd"],
    [494_878_333, "9d7f3e7d"],
  ])("[INT-1] %d has the one form %s", (value, hex) => {
    expect(encode(value)).toBe(hex);
    expect(decode(hex)).toBe(value);
    expect(varintBytes(value)).toBe(hex.length / 2);
  });

  test("[INT-2] above 2^53 - 1 is refused, as in RFC 9000's largest example", () => {
    expect(decode("c2197c5eff14e88c")).toBe(VARINT_TOO_LARGE);
    expect(decode("c020000000000000")).toBe(VARINT_TOO_LARGE);
    expect(decode("ffffffffffffffff")).toBe(VARINT_TOO_LARGE);
  });

  test.each(["4025", "403f", "80003fff", "80000000", "c00000003fffffff", "c000000000000000"])(
    "[INT-1] in a longer form is refused: %s",
    (hex) => {
      expect(decode(hex)).toBe(VARINT_NOT_MINIMAL);
    },
  );

  test.each(["", "40", "7f", "80", "800000", "c0", "c0000000000000"])("is cut: %s", (hex) => {
    expect(decode(hex)).toBe(VARINT_CUT);
  });

  test("comes back from any offset, and never from bytes beyond the end", () => {
    fc.assert(
      fc.property(integers(), fc.nat(9), (value, offset) => {
        const into = new Uint8Array(32).fill(0xff);
        const end = writeVarint(into, offset, value);

        expect(end - offset).toBe(varintBytes(value));
        expect(readVarint(into, offset, end)).toBe(value);
        expect(readVarint(into, offset, end - 1)).toBe(VARINT_CUT);
        expect([...into.subarray(0, offset), ...into.subarray(end)]).not.toContain(0);
        expect(new Set(into.subarray(end))).toEqual(new Set([0xff]));
      }),
    );
  });

  test.each([-1, 0.5, top + 1, Number.NaN, Number.POSITIVE_INFINITY])(
    "out of range is the caller's bug: %d",
    (value) => {
      expect(() => varintBytes(value)).toThrow(InvariantError);
    },
  );

  test("is never written or read beyond the array", () => {
    expect(() => writeVarint(new Uint8Array(3), 0, 16_384)).toThrow(InvariantError);
    expect(() => readVarint(new Uint8Array(3), 0, 4)).toThrow(InvariantError);
  });
});
