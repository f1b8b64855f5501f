/**
 * How long an answer may take: the retransmission timeout of RFC 6298 and the rate at which bodies
 * pass. Both sides measure, because each states how long it kept the other waiting. spec 5.4.
 */

import { BACK_OFF_MAX, RATE_BYTES_MIN, RATE_INITIAL } from "./limits.ts";

export class RoundTrip {
  /** Smoothed round trip and its variation, milliseconds; both 0 before the first sample. */
  smoothedMs = 0;
  variationMs = 0;
  /** Bytes a millisecond, smoothed. */
  rate: number = RATE_INITIAL;
  private backOffs = 0;
  private readonly initialMs: number;
  private readonly minMs: number;
  private readonly maxMs: number;

  constructor(initialMs: number, minMs: number, maxMs: number) {
    this.initialMs = initialMs;
    this.minMs = minMs;
    this.maxMs = maxMs;
  }

  /** A round trip was measured; RFC 6298 section 2.2 and 2.3 [RTO-1]. */
  sample(elapsedMs: number): void {
    const rttMs = Math.max(0, elapsedMs);
    if (this.smoothedMs === 0) {
      this.smoothedMs = rttMs;
      this.variationMs = rttMs / 2;
    } else {
      const differenceMs = Math.abs(this.smoothedMs - rttMs);
      this.variationMs = 0.75 * this.variationMs + 0.25 * differenceMs;
      this.smoothedMs = 0.875 * this.smoothedMs + 0.125 * rttMs;
    }
    this.backOffs = 0;
  }

  /**
   * A body of so many bytes took so long from its sending to the evidence of its arrival [RTO-2].
   */
  sampleRate(bytes: number, elapsedMs: number): void {
    if (bytes < RATE_BYTES_MIN) return;
    this.rate = 0.75 * this.rate + 0.25 * (bytes / Math.max(1, elapsedMs));
  }

  /** Retransmission timeout in milliseconds. */
  get timeoutMs(): number {
    const isFirst = this.smoothedMs === 0;
    const measuredMs = this.smoothedMs + Math.max(1, 4 * this.variationMs);
    const baseMs = isFirst ? this.initialMs : Math.max(this.minMs, measuredMs);
    return Math.min(this.maxMs, Math.ceil(baseMs * 2 ** this.backOffs));
  }

  /** How long a body of so many bytes may take before it is overdue [RTO-4]. */
  overdueAfterMs(bytes: number): number {
    return this.timeoutMs + Math.ceil(bytes / this.rate);
  }

  /** Nothing came in time: wait twice as long next; RFC 6298 section 5.5. */
  backOff(): void {
    this.backOffs = Math.min(BACK_OFF_MAX, this.backOffs + 1);
  }

  /** Something new came: the path works. */
  endBackOff(): void {
    this.backOffs = 0;
  }
}
