/**
 * One direction of a network: when a body that is sent now arrives, in which shape, and whether. It
 * knows nothing of HTTP: what is lost here vanishes, and nobody hears of it.
 *
 * Everything that goes wrong is one question to `Play`, which names the body; what an option says
 * cannot happen is not asked. So a list of answers other than 0 is the story of a run.
 */
import { flipped } from "../http.ts";
import {
  checkOptions,
  FRACTION,
  MS,
  nested,
  amount,
  PERMILLE as PERMILLE_RULE,
  PICKED_MS,
  POSITIVE,
  type Rules,
} from "../option-checks.ts";
import type { Play } from "../play.ts";

/**
 * Loss in bursts: a line is good or bad, and changes with each body. E. N. Gilbert, "Capacity of a
 * burst-noise channel", 1960; E. O. Elliott, "Estimates of error rates for codes on burst-noise
 * channels", 1963. A burst lasts 1000 / `leavePermille` bodies on average.
 */
export interface GilbertElliott {
  /** How often, of a thousand bodies, a good line turns bad. */
  readonly enterPermille: number;
  /** How often a bad one turns good. */
  readonly leavePermille: number;
  /** Bodies that a good line loses, of a thousand. */
  readonly lossGoodPermille: number;
  /** Bodies that a bad line loses, of a thousand. */
  readonly lossBadPermille: number;
}

/** What a line is like. Everything but the latency may be 0: then it does not happen. */
export interface LineOptions {
  /** From one end to the other, in one direction. */
  readonly latencyMs: number;
  /** How much more or less it may be, evenly distributed; no fractions. */
  readonly jitterMs: number;
  /**
   * How much of the last deviation the next one keeps, from 0 to below 1: an autoregressive process
   * of the first order, whose spread does not depend on it.
   */
  readonly jitterCorrelation: number;
  /** Bodies lost, of a thousand: each by itself, or in bursts. */
  readonly loss: number | GilbertElliott;
  /** Bodies that arrive twice, of a thousand. */
  readonly duplicatePermille: number;
  /** Bodies that are late by up to `reorderMs`, so that others overtake them, of a thousand. */
  readonly reorderPermille: number;
  /** How late such a body may be, beside latency and jitter. */
  readonly reorderMs: number;
  /** Bodies cut short that look whole to who receives them, of a thousand. */
  readonly truncatePermille: number;
  /** Bodies in which one to four bits are flipped, of a thousand. */
  readonly flipPermille: number;
  /** What the line carries; Infinity: it is never in the way. */
  readonly bytesPerSecond: number;
  /** Bytes that may wait for it; what finds no room is dropped. Infinity: all of them wait. */
  readonly queueBytesMax: number;
}

/** Nothing goes wrong, and a body takes a millisecond. */
export const PERFECT_LINE: LineOptions = {
  latencyMs: 1,
  jitterMs: 0,
  jitterCorrelation: 0,
  loss: 0,
  duplicatePermille: 0,
  reorderPermille: 0,
  reorderMs: 0,
  truncatePermille: 0,
  flipPermille: 0,
  bytesPerSecond: Infinity,
  queueBytesMax: Infinity,
};

const BURST_RULES: Rules<GilbertElliott> = {
  enterPermille: PERMILLE_RULE,
  leavePermille: PERMILLE_RULE,
  lossGoodPermille: PERMILLE_RULE,
  lossBadPermille: PERMILLE_RULE,
};
const LOSS_IN_BURSTS = nested(BURST_RULES);

/** @internal */
export const LINE_RULES: Rules<LineOptions> = {
  latencyMs: MS,
  jitterMs: PICKED_MS,
  // With all of the last deviation, a line would never leave it.
  jitterCorrelation: FRACTION,
  loss: (value, name) => {
    if (typeof value === "object") LOSS_IN_BURSTS(value, name);
    else PERMILLE_RULE(value, name);
  },
  duplicatePermille: PERMILLE_RULE,
  reorderPermille: PERMILLE_RULE,
  reorderMs: PICKED_MS,
  truncatePermille: PERMILLE_RULE,
  flipPermille: PERMILLE_RULE,
  bytesPerSecond: POSITIVE,
  queueBytesMax: amount(0, Infinity),
};

/** A body, or a copy of it, and when it arrives. */
export interface Carried {
  /** When it arrives. */
  readonly atMs: number;
  /** What arrives. */
  readonly body: Uint8Array;
}

/** What a line does that is worth counting. */
export type LineMark =
  | "lost"
  | "burst"
  | "late"
  | "doubled"
  | "truncated"
  | "damaged"
  | "queue full";

const FLIPS_MAX = 4;
/** Connections send again what is lost after 200 ms at least: Linux's TCP_RTO_MIN. */
const SENT_AGAIN_MS = 200;
const PERMILLE = 1_000;

/** One direction, with what it remembers: its queue, its last deviation, whether it is bad. */
export class Line {
  /** It is in a burst of losses. */
  isBad = false;
  /** When the last body that was sent has left its queue. */
  freeAtMs = 0;
  private deviationMs = 0;
  private isHealed = false;
  private readonly options: LineOptions;
  private readonly play: Play;

  /** `play` decides. @throws UsageError `option_invalid`, `option_unknown`. */
  constructor(options: LineOptions, play: Play) {
    checkOptions(options, LINE_RULES);
    this.options = options;
    this.play = play;
  }

  /**
   * A body is sent. `what` names it: "request 3". Something else may hold it up until
   * `heldUntilMs`: it alone is late then, and the line is free for others.
   *
   * @returns what arrives of it: nothing, the body, or two of them.
   */
  carry(nowMs: number, body: Uint8Array, what: string, heldUntilMs: number = nowMs): Carried[] {
    const leftAtMs = Math.max(this.queue(nowMs, body.length), heldUntilMs);
    const { latencyMs, duplicatePermille } = this.options;
    if (this.isHealed) return [{ atMs: leftAtMs + latencyMs, body }];
    if (leftAtMs === Infinity || this.isLost(what)) return [];
    const first = { atMs: leftAtMs + this.delayMs(what), body: this.spoil(body, what) };
    if (!this.happens("doubled", duplicatePermille, what, "arrives twice")) return [first];
    return [first, { atMs: leftAtMs + this.delayMs(`the copy of ${what}`), body }];
  }

  /**
   * Something is sent on a connection that lasts. What is lost there is sent again by itself, and
   * what finds no room waits; `what` and `heldUntilMs` as of `carry`.
   *
   * @returns when it arrives.
   */
  convey(nowMs: number, bytes: number, what: string, heldUntilMs: number = nowMs): number {
    const { bytesPerSecond, latencyMs } = this.options;
    let leftAtMs = nowMs;
    if (bytesPerSecond !== Infinity) {
      leftAtMs = Math.max(nowMs, this.freeAtMs) + (bytes * PERMILLE) / bytesPerSecond;
      this.freeAtMs = leftAtMs;
    }
    leftAtMs = Math.max(leftAtMs, heldUntilMs);
    if (this.isHealed) return leftAtMs + latencyMs;
    const againMs = this.isLost(what) ? SENT_AGAIN_MS : 0;
    return leftAtMs + againMs + this.delayMs(what);
  }

  /** From now on nothing goes wrong: latency and rate are all that is left. */
  heal(): void {
    this.isHealed = true;
    this.isBad = false;
  }

  // --- details --------------------------------------------------------------------------------

  /** When the last byte has left; Infinity when there was no room to wait. */
  private queue(nowMs: number, bytes: number): number {
    const { bytesPerSecond, queueBytesMax } = this.options;
    if (bytesPerSecond === Infinity) return nowMs;
    const beginMs = Math.max(nowMs, this.freeAtMs);
    const waitingBytes = ((beginMs - nowMs) * bytesPerSecond) / PERMILLE;
    // Whatever its size, a body that finds the line free goes out.
    if (!this.isHealed && waitingBytes > 0 && waitingBytes + bytes > queueBytesMax) {
      this.play.mark("queue full");
      return Infinity;
    }
    this.freeAtMs = beginMs + (bytes * PERMILLE) / bytesPerSecond;
    return this.freeAtMs;
  }

  private isLost(what: string): boolean {
    const { loss } = this.options;
    if (typeof loss === "number") return this.happens("lost", loss, what, "is lost");
    this.isBad = this.isBad
      ? this.goesOn(loss, what)
      : this.happens("burst", loss.enterPermille, what, "is the first of a burst of losses");
    const permille = this.isBad ? loss.lossBadPermille : loss.lossGoodPermille;
    return this.happens("lost", permille, what, "is lost");
  }

  /** The harmless answer is that the burst is over. */
  private goesOn({ leavePermille }: GilbertElliott, what: string): boolean {
    const permille = PERMILLE - leavePermille;
    return permille > 0 && this.play.pick(2, `${what} is still in the burst`, permille) === 1;
  }

  private delayMs(what: string): number {
    const { latencyMs, reorderPermille, reorderMs } = this.options;
    let delayMs = Math.max(0, latencyMs + this.nextDeviationMs(what));
    if (this.happens("late", reorderPermille, what, "is late")) {
      delayMs += 1 + this.play.pick(Math.max(1, reorderMs), `${what} is later by ms`);
    }
    return delayMs;
  }

  private nextDeviationMs(what: string): number {
    const { jitterMs, jitterCorrelation } = this.options;
    if (jitterMs === 0) return 0;
    const label = `${what} takes ms more, beyond ${jitterMs} less`;
    const picked = this.play.pick(2 * jitterMs + 1, label);
    const fresh = picked <= jitterMs ? picked : jitterMs - picked;
    const weight = Math.sqrt(1 - jitterCorrelation * jitterCorrelation);
    this.deviationMs = jitterCorrelation * this.deviationMs + weight * fresh;
    return this.deviationMs;
  }

  private spoil(body: Uint8Array, what: string): Uint8Array {
    const { truncatePermille, flipPermille } = this.options;
    let spoilt = body;
    if (spoilt.length > 0 && this.happens("truncated", truncatePermille, what, "is cut short")) {
      spoilt = spoilt.slice(0, this.play.pick(spoilt.length, `${what} is cut short to bytes`));
    }
    if (spoilt.length > 0 && this.happens("damaged", flipPermille, what, "is damaged")) {
      const bits = new Set<number>();
      const count = 1 + this.play.pick(FLIPS_MAX, `${what} has more bits flipped`);
      for (let flips = 0; flips < count; flips++) {
        bits.add(this.play.pick(8 * spoilt.length, `${what} is damaged at bit`));
      }
      spoilt = flipped(spoilt, bits);
    }
    return spoilt;
  }

  private happens(mark: LineMark, permille: number, what: string, how: string): boolean {
    return permille > 0 && this.play.happens(mark, `${what} ${how}`, permille);
  }
}
