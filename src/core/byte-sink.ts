/**
 * Where encoded bytes go: into a buffer, or only into a count. Each frame is described once, as
 * calls on a sink, so that its size and its bytes cannot disagree.
 */

import { assert } from "./errors.ts";
import { varintBytes, writeVarint } from "./varint.ts";

export interface ByteSink {
  /** One byte, 0 to 255. */
  byte(value: number): void;
  /** An integer in its shortest form [INT-1]. */
  integer(value: number): void;
  /** Bytes as they are. */
  bytes(value: Uint8Array): void;
}

/** Counts the bytes that it is given. */
export class ByteCounter implements ByteSink {
  size = 0;

  byte(_value: number): void {
    this.size += 1;
  }

  integer(value: number): void {
    this.size += varintBytes(value);
  }

  bytes(value: Uint8Array): void {
    this.size += value.length;
  }
}

/** Writes into a buffer of the caller, never beyond `end`. */
export class ByteWriter implements ByteSink {
  readonly into: Uint8Array;
  readonly end: number;
  /** Offset of the next byte to be written. */
  position: number;

  constructor(into: Uint8Array, position: number, end: number) {
    assert(position >= 0 && position <= end && end <= into.length, "no room for the body");
    this.into = into;
    this.position = position;
    this.end = end;
  }

  byte(value: number): void {
    assert(this.position < this.end && value >= 0 && value <= 0xff, "byte out of range");
    this.into[this.position] = value;
    this.position += 1;
  }

  integer(value: number): void {
    this.position = writeVarint(this.into, this.position, value);
  }

  bytes(value: Uint8Array): void {
    assert(value.length <= this.end - this.position, "bytes beyond the end");
    this.into.set(value, this.position);
    this.position += value.length;
  }
}
