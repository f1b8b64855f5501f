/**
 * How long to wait after failures in a row: the first retry is immediate, later ones wait longer and
 * longer, with full jitter. Requests have one, and pipes that are tried have another. spec 5.3.
 */

export class Backoff {
  /** Failures since something worked. */
  inRow = 0;
  /** Nothing is tried before. */
  notBeforeMs: number;
  /** The longest wait that a second failure brings; the first brings none. */
  readonly minMs: number;
  /** The longest wait of all. */
  private readonly maxMs: number;

  constructor(nowMs: number, minMs: number, maxMs: number) {
    this.notBeforeMs = nowMs;
    this.minMs = minMs;
    this.maxMs = maxMs;
  }

  /** One failure more [RETRY-1]; `draw` gives random numbers, from 0 to below 1. */
  fail(nowMs: number, draw: () => number): void {
    const waitMs = this.inRow === 0 ? 0 : Math.ceil(draw() * this.longestWaitMs);
    this.inRow++;
    this.notBeforeMs = Math.max(this.notBeforeMs, nowMs + waitMs);
  }

  /** What comes next is as good as never tried. */
  restart(nowMs: number): void {
    this.inRow = 0;
    this.notBeforeMs = nowMs;
  }

  /** The longest wait that the next failure brings, if it is not the first. */
  private get longestWaitMs(): number {
    return Math.min(this.maxMs, this.minMs * 2 ** Math.max(0, this.inRow - 1));
  }
}
