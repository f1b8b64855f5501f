/**
 * Variable-length integers of RFC 9000 section 16: the two high bits of the first byte say whether
 * the integer takes 1, 2, 4 or 8 bytes, big endian. Only the shortest form is valid [INT-1], and only
 * up to 2^53 - 1 [INT-2], so each value has exactly one encoding. spec/protocol.md section 3.1.
 */

import { assert } from "./errors.ts";

/** What `readVarint` returns instead of a value; all negative. The bytes end within the integer. */
export const VARINT_CUT = -1;
/** A shorter form exists [INT-1]. */
export const VARINT_NOT_MINIMAL = -2;
/** The value is above 2^53 - 1 [INT-2]. */
export const VARINT_TOO_LARGE = -3;

/** High word of 2^53 - 1. */
const HIGH_WORD_MAX = 0x1f_ffff;

/** Exact number of bytes that `value` takes: 1, 2, 4 or 8. */
export function varintBytes(value: number): number {
  assert(Number.isSafeInteger(value) && value >= 0, "varint out of range");
  if (value < 0x40) return 1;
  if (value < 0x4000) return 2;
  return value < 0x4000_0000 ? 4 : 8;
}

/** Writes `value` at `offset` and returns the offset behind it. */
export function writeVarint(into: Uint8Array, offset: number, value: number): number {
  const size = varintBytes(value);
  assert(offset + size <= into.length, "no room for a varint");
  if (size === 1) {
    into[offset] = value;
  } else if (size === 2) {
    into[offset] = 0x40 | (value >> 8);
    into[offset + 1] = value;
  } else if (size === 4) {
    writeWord(into, offset, value);
    into[offset] = 0x80 | (value >> 24);
  } else {
    const high = Math.floor(value / 0x1_0000_0000);
    writeWord(into, offset, high);
    writeWord(into, offset + 4, value >>> 0);
    into[offset] = 0xc0 | (high >> 24);
  }
  return offset + size;
}

/**
 * The integer at `position`, or one of the three negative faults. Never reads at or beyond `end`.
 * As there is only one form for a value, `varintBytes(result)` is how far to move on.
 */
export function readVarint(bytes: Uint8Array, position: number, end: number): number {
  assert(end <= bytes.length, "end beyond the bytes");
  if (position >= end) return VARINT_CUT;
  const first = bytes[position] as number;
  if (first < 0x40) return first;
  if (position + (1 << (first >> 6)) > end) return VARINT_CUT;
  if (first < 0x80) {
    const value = ((first & 0x3f) << 8) | (bytes[position + 1] as number);
    return value < 0x40 ? VARINT_NOT_MINIMAL : value;
  }
  const high = readWord(bytes, position) & 0x3fff_ffff;
  if (first < 0xc0) return high < 0x4000 ? VARINT_NOT_MINIMAL : high;
  if (high > HIGH_WORD_MAX) return VARINT_TOO_LARGE;
  const value = high * 0x1_0000_0000 + (readWord(bytes, position + 4) >>> 0);
  return value < 0x4000_0000 ? VARINT_NOT_MINIMAL : value;
}

/** 32 bits, big endian, signed. */
function readWord(bytes: Uint8Array, position: number): number {
  return (
    ((bytes[position] as number) << 24) |
    ((bytes[position + 1] as number) << 16) |
    ((bytes[position + 2] as number) << 8) |
    (bytes[position + 3] as number)
  );
}

function writeWord(into: Uint8Array, offset: number, word: number): void {
  into[offset] = word >>> 24;
  into[offset + 1] = word >>> 16;
  into[offset + 2] = word >>> 8;
  into[offset + 3] = word;
}
