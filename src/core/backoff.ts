/**
 * How long to wait after failures in a row: the first retry is immediate, later ones wait longer and
 * longer, with full jitter. Requests have one, and pipes that are tried have another. spec 5.3.
 */

export class Backoff {
  /** Failures since something worked. */
  inRow = 0;
  /** Nothing is tried before. */
  notBeforeMs: number;
  private readonly minMs: number;
  private readonly maxMs: number;

  constructor(nowMs: number, minMs: number, maxMs: number) {
    this.notBeforeMs = nowMs;
    this.minMs = minMs;
    this.maxMs = maxMs;
  }

  /** One failure more [RETRY-1]; `draw` gives random numbers, from 0 to below 1. */
  fail(nowMs: number, draw: () => number): void {
    this.inRow++;
    this.notBeforeMs = Math.max(this.notBeforeMs, nowMs + this.waitMs(draw));
  }

  private waitMs(draw: () => number): number {
    if (this.inRow === 1) return 0;
    const spanMs = Math.min(this.maxMs, this.minMs * 2 ** (this.inRow - 2));
    return Math.ceil(draw() * spanMs);
  }

  /** What comes next is as good as never tried. */
  restart(nowMs: number): void {
    this.inRow = 0;
    this.notBeforeMs = nowMs;
  }
}
