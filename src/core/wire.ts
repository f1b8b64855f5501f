/**
 * The bytes of one body while they are read, counted or written. spec/protocol.md sections 3.1 and
 * 3.5. Each frame is described once, as calls on a wire: they are given what is to be written and
 * return what stands there. So what is read, its size and its bytes cannot disagree, and both
 * sides hold to the same bounds. A value beyond them is the peer's doing when it is read, and a
 * bug of ours when it is written.
 */
import { memoryFor } from "./body-memory.ts";
import { assert, InvariantError, ProtocolError, type ProtocolErrorCode } from "./errors.ts";
import { viewOf } from "./payload-queue.ts";
import { BODY_FRAMES_MAX, BODY_MESSAGES_MAX, INTEGER_BYTES_MAX, INTEGER_MAX } from "./limits.ts";
import {
  readVarint,
  VARINT_CUT,
  VARINT_NOT_MINIMAL,
  VARINT_TOO_LARGE,
  writeVarint,
} from "./varint.ts";

/** No body is longer, whatever the options say: lengths take four bytes at most. */
const WRITTEN_BYTES_MAX = 0x3fff_ffff;

/** What every empty payload, label and reason is: there is nothing in it that could change. */
export const EMPTY_BYTES: Uint8Array = new Uint8Array(0);

/** Where bodies are written before they are copied to their own size; grows, and is used again. */
let scratch: Uint8Array = new Uint8Array(1_024);

/** Above it the scratch is not kept: room for a body of the default size, which is half of it. */
const SCRATCH_BYTES_KEPT = 1_048_576;

export class Wire {
  bytes: Uint8Array;
  /** Offset of the next byte; at most `end`. */
  position: number;
  private readonly end: number;
  private readonly reads: boolean;
  /** What is written lies in memory of its own, not in the scratch. */
  isOwn = false;
  /** What the body may still carry [RUN-5] [FRAME-6]. */
  private messagesLeft: number = BODY_MESSAGES_MAX;
  private framesLeft: number = BODY_FRAMES_MAX;

  private constructor(bytes: Uint8Array, position: number, end: number, reads: boolean) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
    this.reads = reads;
  }

  /**
   * Reads a body whose end is known and whose checksum was right. What a frame declares is never
   * allocated, only what is there.
   */
  static reader(bytes: Uint8Array, position: number, end: number): Wire {
    assert(position >= 0 && position <= end && end <= bytes.length, "reader_out_of_bounds");
    return new Wire(bytes, position, end, true);
  }

  /** Writes into the scratch from an offset; it belongs to one writer at a time. */
  static writer(position: number): Wire {
    if (scratch.length > SCRATCH_BYTES_KEPT) scratch = new Uint8Array(1_024);
    return new Wire(scratch, position, WRITTEN_BYTES_MAX, false);
  }

  /**
   * Moves what was written to memory of its own, with room for so many bytes more: a large body is
   * then not copied once more at its end.
   */
  moveToOwn(bytesMore: number): void {
    assert(!this.reads && !this.isOwn, "moved_twice");
    const own = memoryFor(this.position + bytesMore);
    own.set(this.bytes.subarray(0, this.position));
    this.bytes = own;
    this.isOwn = true;
  }

  /** Bytes that are left to be read, or may still be written. */
  get left(): number {
    return this.end - this.position;
  }

  /** Refuses what is against the rules of the wire. */
  demand(condition: boolean, code: ProtocolErrorCode): asserts condition {
    if (!condition) throw this.reads ? new ProtocolError(code) : new InvariantError(code);
  }

  /** The type of a frame; the caller knows that there is one. */
  type(given?: number): number {
    assert(this.left > 0, "no_byte_left");
    if (!this.reads) {
      this.makeRoom(1);
      this.bytes[this.position] = given as number;
    }
    return this.bytes[this.position++] as number;
  }

  /** An integer with bounds, both included [INT-1] [INT-3]. */
  integer(
    given?: number,
    min: number = 0,
    max: number = INTEGER_MAX,
    code: ProtocolErrorCode = "range_invalid",
  ): number {
    const { position } = this;
    const value = this.reads ? readVarint(this.bytes, position, this.end) : (given as number);
    if (this.reads && value < 0) throw integerError(value);
    this.demand(value >= min && value <= max, code);
    if (this.reads) {
      // The size by the first byte, which agrees with `varintBytes(value)` and costs less.
      this.position += 1 << ((this.bytes[position] as number) >> 6);
    } else {
      this.makeRoom(INTEGER_BYTES_MAX);
      this.position = writeVarint(this.bytes, position, value);
    }
    return value;
  }

  /** How many items follow [INT-3]. */
  count(given: number | undefined, min: number, max: number): number {
    return this.integer(given, min, max, "count_invalid");
  }

  /** A length, within its bounds and within the bytes that are left [INT-3] [FRAME-5]. */
  extent(given: number | undefined, min: number, max: number = INTEGER_MAX): number {
    const length = this.integer(given, min, max, "length_invalid");
    this.demand(length <= this.left, "length_invalid");
    return length;
  }

  /**
   * So many bytes as they are; the caller knows that they are there. What is read is a view, made
   * by the constructor: that takes half the time of `subarray` and gives a plain Uint8Array also
   * where the input is a subclass.
   */
  view(given: Uint8Array | undefined, length: number): Uint8Array {
    const { bytes, position } = this;
    assert(length <= this.left, "view_beyond_end");
    if (this.reads) {
      this.position = position + length;
      if (length === 0) return EMPTY_BYTES;
      return new Uint8Array(bytes.buffer, bytes.byteOffset + position, length);
    }
    const value = given as Uint8Array;
    assert(value.length === length, "view_of_another_length");
    this.makeRoom(length);
    this.bytes.set(value, position);
    this.position = position + length;
    return value;
  }

  /** Writes bytes that lie somewhere as they are. */
  copy(source: Uint8Array, offset: number, length: number): void {
    this.makeRoom(length);
    this.bytes.set(viewOf(source, offset, length), this.position);
    this.position += length;
  }

  /** A length and as many bytes. */
  field(given: Uint8Array | undefined, min: number, max: number): Uint8Array {
    return this.view(given, this.extent(given?.length, min, max));
  }

  /** A frame begins [FRAME-6]. */
  countFrame(): void {
    this.demand(this.framesLeft-- > 0, "count_invalid");
  }

  /** So many messages follow, or as many numbers that cost the receiver as much [RUN-5]. */
  countMessages(count: number): void {
    this.demand(count <= this.messagesLeft, "messages_too_many");
    this.messagesLeft -= count;
  }

  private makeRoom(bytes: number): void {
    const needed = this.position + bytes;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(2 ** Math.ceil(Math.log2(needed)));
    larger.set(this.bytes);
    this.bytes = larger;
    if (!this.isOwn) scratch = larger;
  }
}

/** The error for a fault of `readVarint`. */
function integerError(fault: number): ProtocolError {
  if (fault === VARINT_CUT) return new ProtocolError("length_invalid"); // [FRAME-5]
  if (fault === VARINT_NOT_MINIMAL) return new ProtocolError("integer_not_minimal"); // [INT-1]
  assert(fault === VARINT_TOO_LARGE, "unknown fault of an integer");
  return new ProtocolError("integer_too_large"); // [INT-2]
}
