/**
 * A stream that holds every piece back for some time and keeps their order. Latency, not rate: any
 * number of pieces may be under way, up to a bound of bytes, beyond which the sender waits.
 */
import { Transform, type TransformCallback } from "node:stream";
import { DELAYED_BYTES_MAX } from "./limits.ts";

interface Held {
  readonly piece: Uint8Array;
  readonly leavesAtMs: number;
}

export class DelayLine extends Transform {
  readonly #delayMs: number;
  readonly #held: Held[] = [];
  #heldBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #whenRoom: (() => void) | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(delayMs: number) {
    super();
    this.#delayMs = delayMs;
  }

  override _transform(piece: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
    this.hold(piece, this.#delayMs, done);
  }

  /** Lets a piece out after `delayMs`, and not before those that came earlier. */
  hold(piece: Uint8Array, delayMs: number, done: TransformCallback): void {
    const nowMs = performance.now();
    const leavesAtMs = nowMs + delayMs;
    if (leavesAtMs <= nowMs && this.#held.length === 0) {
      done(null, piece);
      return;
    }
    this.#held.push({ piece, leavesAtMs });
    this.#heldBytes += piece.length;
    this.#arm();
    if (this.#heldBytes <= DELAYED_BYTES_MAX) done();
    else this.#whenRoom = done;
  }

  override _flush(done: TransformCallback): void {
    if (this.#held.length === 0) done();
    else this.#whenEmpty = done;
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#held.length = 0;
    done(error);
  }

  #arm(): void {
    const first = this.#held[0];
    if (this.#timer !== undefined || first === undefined) return;
    const waitMs = Math.max(0, first.leavesAtMs - performance.now());
    this.#timer = setTimeout(() => this.#release(), Math.ceil(waitMs));
  }

  #release(): void {
    this.#timer = undefined;
    const nowMs = performance.now();
    let count = 0;
    for (const held of this.#held) {
      if (held.leavesAtMs > nowMs) break;
      count++;
      this.#heldBytes -= held.piece.length;
      this.push(held.piece);
    }
    this.#held.splice(0, count);
    this.#arm();
    if (this.#heldBytes <= DELAYED_BYTES_MAX) this.#callOnce("room");
    if (this.#held.length === 0) this.#callOnce("empty");
  }

  #callOnce(what: "room" | "empty"): void {
    const callback = what === "room" ? this.#whenRoom : this.#whenEmpty;
    if (what === "room") this.#whenRoom = undefined;
    else this.#whenEmpty = undefined;
    callback?.();
  }
}
