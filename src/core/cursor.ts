/**
 * A reading position within a body whose end is known and whose checksum was right. Each method
 * checks what it reads against both bounds and the end before it moves on; what a frame declares is
 * never allocated, only what is there. spec/protocol.md sections 3.1 and 3.5.
 */

import { assert, ProtocolError } from "./errors.ts";
import { readVarint, VARINT_CUT, VARINT_NOT_MINIMAL, VARINT_TOO_LARGE } from "./varint.ts";

/** What every empty payload, label and reason is: there is nothing in it that could change. */
export const EMPTY_BYTES: Uint8Array = new Uint8Array(0);

export class Cursor {
  readonly bytes: Uint8Array;
  readonly end: number;
  /** Offset of the next byte; at most `end`. */
  position: number;

  constructor(bytes: Uint8Array, position: number, end: number) {
    assert(position >= 0 && position <= end && end <= bytes.length, "cursor out of bounds");
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  /** One byte; the caller knows that there is one. */
  byte(): number {
    assert(this.position < this.end, "no byte left");
    const value = this.bytes[this.position] as number;
    this.position += 1;
    return value;
  }

  /** Any integer, 0 to 2^53 - 1. */
  integer(): number {
    const value = readVarint(this.bytes, this.position, this.end);
    if (value < 0) throw integerError(value);
    // The size by the first byte, which agrees with `varintBytes(value)` and costs less.
    this.position += 1 << ((this.bytes[this.position] as number) >> 6);
    return value;
  }

  /** An integer with bounds, both included [INT-3]. */
  number(min: number, max: number): number {
    const value = this.integer();
    if (value < min || value > max) throw new ProtocolError("range_invalid");
    return value;
  }

  /** How many items follow [INT-3]. */
  count(min: number, max: number): number {
    const value = this.integer();
    if (value < min || value > max) throw new ProtocolError("count_invalid");
    return value;
  }

  /** A length, within its bounds and within the bytes that are left [INT-3] [FRAME-5]. */
  length(min: number, max: number): number {
    const value = this.integer();
    if (value < min || value > max) throw new ProtocolError("length_invalid");
    if (value > this.end - this.position) throw new ProtocolError("length_invalid");
    return value;
  }

  /** A length and as many bytes. */
  field(min: number, max: number): Uint8Array {
    return this.view(this.length(min, max));
  }

  /**
   * The next `length` bytes without copying them; the caller has checked that they are there. Made
   * by the constructor, which takes half the time of `subarray` and gives a plain Uint8Array also
   * where the input is a subclass.
   */
  view(length: number): Uint8Array {
    assert(length <= this.end - this.position, "view beyond the end");
    if (length === 0) return EMPTY_BYTES;
    const start = this.bytes.byteOffset + this.position;
    this.position += length;
    return new Uint8Array(this.bytes.buffer, start, length);
  }
}

/** The error for a fault of `readVarint`. */
function integerError(fault: number): ProtocolError {
  if (fault === VARINT_CUT) return new ProtocolError("length_invalid"); // [FRAME-5]
  if (fault === VARINT_NOT_MINIMAL) return new ProtocolError("integer_not_minimal"); // [INT-1]
  assert(fault === VARINT_TOO_LARGE, "unknown fault of an integer");
  return new ProtocolError("integer_too_large"); // [INT-2]
}
