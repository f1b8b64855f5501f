/**
 * What a WebSocket brings before a message of it is whole: counted like the body of a request, as
 * nobody knows yet whose it is, and given up when it takes as long.
 *
 * `ws` keeps what has come of a message in the pieces in which it came. So each piece counts for
 * more than its bytes, and everything between two messages counts, control frames too: a fragment
 * of one byte keeps the whole piece that it stood in.
 */
import type { Admitted } from "./admission.ts";

/** What a piece costs beside its bytes: two objects, and memory of its own. */
const PIECE_BYTES = 256;

/** Beside a message of the largest size: heads of frames, and pings among its fragments. */
const BESIDE_BYTES_MAX = 65_536;

/** The head of a control frame with its mask (RFC 6455 section 5.2). */
const CONTROL_HEAD_BYTES = 6;

export class WebSocketInflow {
  private readonly admitted: Admitted;
  private readonly bytesMax: number;
  private readonly timeoutMs: number;
  private readonly cut: () => void;
  private bytes = 0;
  /** Without what control frames were. */
  private unfinishedBytes = 0;
  private timer: NodeJS.Timeout | undefined;
  private hasBegun = false;

  /** @param cut - ends the connection: too much came, or too slowly. */
  constructor(admitted: Admitted, bodyBytesMax: number, timeoutMs: number, cut: () => void) {
    this.admitted = admitted;
    this.bytesMax = bodyBytesMax + BESIDE_BYTES_MAX;
    this.timeoutMs = timeoutMs;
    this.cut = cut;
    // Who says nothing is nobody.
    this.timer = setTimeout(cut, timeoutMs);
  }

  /** A piece came. */
  add(bytes: number): void {
    this.bytes += bytes;
    this.unfinishedBytes += bytes;
    this.timer ??= setTimeout(this.cut, this.timeoutMs);
    const isTooMuch = this.bytes > this.bytesMax;
    if (isTooMuch || this.admitted.take(bytes + PIECE_BYTES) !== undefined) this.cut();
  }

  /** Some of what came was a ping or a pong. */
  noteControl(payloadBytes: number): void {
    this.unfinishedBytes -= CONTROL_HEAD_BYTES + payloadBytes;
    if (this.unfinishedBytes <= 0 && this.hasBegun) this.stopWaiting();
  }

  /** A message is whole. What came of the next one in the same piece is little. */
  noteWhole(): void {
    this.hasBegun = true;
    this.bytes = 0;
    this.admitted.finishReading();
    this.stopWaiting();
  }

  /** The connection is over. */
  end(): void {
    this.admitted.finishReading();
    this.stopWaiting();
  }

  private stopWaiting(): void {
    this.unfinishedBytes = 0;
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
