/**
 * Collects the body of one request, within the limits of one body and of all that are being read.
 *
 * The bytes are copied together as they come, into room that doubles: a body that comes a byte at
 * a time would otherwise cost an object for each, a hundred times what is counted. So what is kept
 * is at most twice what was counted.
 */
import type { Admitted } from "./admission.ts";
import type { HttpErrorCode } from "./http-error.ts";

/** Room is first made for so many bytes: more than most bodies have. */
const ROOM_BYTES_MIN = 2_048;

const NOTHING = new Uint8Array(0);

export class IncomingBody {
  private readonly bytesMax: number;
  private readonly admitted: Admitted;
  private room: Uint8Array = NOTHING;
  private bytes = 0;

  constructor(bytesMax: number, admitted: Admitted) {
    this.bytesMax = bytesMax;
    this.admitted = admitted;
  }

  /** Some bytes came; or why no more are wanted, and then nothing is kept. */
  add(chunk: Uint8Array): HttpErrorCode | undefined {
    const bytes = this.bytes + chunk.length;
    const refusal = bytes > this.bytesMax ? "body_too_large" : this.admitted.take(chunk.length);
    if (refusal !== undefined) {
      this.drop();
      return refusal;
    }
    // Most bodies are one chunk, which needs no copy. Never a Buffer: its `slice` is not that of a
    // Uint8Array.
    if (this.bytes === 0) {
      this.room = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    } else {
      this.makeRoom(bytes);
      this.room.set(chunk, this.bytes);
    }
    this.bytes = bytes;
    return undefined;
  }

  /** The body has come whole; undefined when there was none. */
  finish(): Uint8Array | undefined {
    const body = this.room.subarray(0, this.bytes);
    this.drop();
    return body.length === 0 ? undefined : body;
  }

  /** The body will not come whole. */
  drop(): void {
    this.room = NOTHING;
    this.bytes = 0;
    this.admitted.finishReading();
  }

  private makeRoom(bytes: number): void {
    if (bytes <= this.room.length) return;
    const doubled = Math.max(bytes, 2 * this.room.length, ROOM_BYTES_MIN);
    const room = new Uint8Array(Math.min(doubled, this.bytesMax));
    room.set(this.room.subarray(0, this.bytes));
    this.room = room;
  }
}
