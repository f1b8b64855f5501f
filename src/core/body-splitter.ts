/**
 * Bodies one behind the other, out of the pieces in which a stream brings them: each says how long
 * it is. spec 11, and 3.2 for the head.
 */
import { demand } from "./errors.ts";
import { INTEGER_BYTES_MAX, WIRE_VERSION } from "./limits.ts";
import { readVarint, VARINT_CUT, varintBytes } from "./varint.ts";

/** The first byte, and the longest length behind it. */
const HEAD_BYTES_MAX: number = 1 + INTEGER_BYTES_MAX;

/** Takes apart what a stream or a connection brings into bodies; one for each. */
export class BodySplitter {
  /** A longer body is refused when its length has come; may be raised between two pieces. */
  bodyBytesMax: number;
  /** The first bytes of a body whose length has not come whole. */
  private readonly head: Uint8Array = new Uint8Array(HEAD_BYTES_MAX);
  private headBytes = 0;
  /** A body that has begun, at its own size, and how much of it is there. */
  private body: Uint8Array | undefined = undefined;
  private filled = 0;

  /**
   * Begins in front of a body.
   *
   * @param bodyBytesMax - a longer body is refused when its length has come.
   */
  constructor(bodyBytesMax: number) {
    this.bodyBytesMax = bodyBytesMax;
  }

  /** Bytes that are kept for a body that has not come whole. */
  get pendingBytes(): number {
    return this.body === undefined ? this.headBytes : this.body.length;
  }

  /**
   * The bodies that are whole with this piece. They may be views of it.
   *
   * @throws ProtocolError `version_unknown`, `length_mismatch`, `body_too_large`: where the next
   *   body begins cannot be told any more.
   */
  push(piece: Uint8Array): Uint8Array[] {
    const bodies: Uint8Array[] = [];
    let at = 0;
    while (at < piece.length) {
      if (this.body === undefined && this.headBytes === 0) {
        const size = this.sizeOf(piece, at, piece.length);
        if (size !== undefined && at + size <= piece.length) {
          bodies.push(piece.subarray(at, at + size));
          at += size;
          continue;
        }
      }
      at = this.take(piece, at);
      const { body } = this;
      if (body === undefined || this.filled < body.length) continue;
      bodies.push(body);
      this.body = undefined;
    }
    return bodies;
  }

  /** Takes what belongs to the body that has begun, or the next byte of its head. */
  private take(piece: Uint8Array, at: number): number {
    if (this.body === undefined) {
      this.head[this.headBytes++] = piece[at] as number;
      const size = this.sizeOf(this.head, 0, this.headBytes);
      if (size === undefined) return at + 1;
      this.body = new Uint8Array(size);
      this.body.set(this.head.subarray(0, this.headBytes));
      this.filled = this.headBytes;
      this.headBytes = 0;
      return at + 1;
    }
    const taken = piece.subarray(at, at + this.body.length - this.filled);
    this.body.set(taken, this.filled);
    this.filled += taken.length;
    return at + taken.length;
  }

  /** How long the body is that begins there; undefined while its length has not come. */
  private sizeOf(bytes: Uint8Array, at: number, end: number): number | undefined {
    demand((bytes[at] as number) >> 4 === WIRE_VERSION, "version_unknown");
    const length = readVarint(bytes, at + 1, end);
    if (length === VARINT_CUT) return undefined;
    demand(length >= 0, "length_mismatch");
    const size = 1 + varintBytes(length) + length;
    demand(size <= this.bodyBytesMax, "body_too_large");
    return size;
  }
}
