/**
 * The pauses that a server asks for while it drains: each another, spread evenly between two
 * bounds, so that its clients do not all come back at once. spec 6.6.
 */
import { PAUSE_MS_MAX } from "./limits.ts";
import { within } from "./options.ts";
import { jitter } from "./random.ts";

export class Pauses {
  private readonly minMs: number;
  private readonly maxMs: number;
  private random: number;

  /** @throws UsageError `option_invalid`. */
  constructor(minMs: number, maxMs: number, seed: number) {
    // Without any pause a client and a server that drains would ask each other without end.
    within(minMs, 1, PAUSE_MS_MAX, "pauseMinMs");
    within(maxMs, minMs, PAUSE_MS_MAX, "pauseMaxMs");
    this.minMs = minMs;
    this.maxMs = maxMs;
    this.random = seed;
  }

  next(): number {
    this.random = jitter(this.random);
    return this.minMs + Math.floor((this.random / 2 ** 32) * (this.maxMs - this.minMs + 1));
  }
}
