/**
 * For how long requests may be held on the way to one origin. Intermediaries cut requests that are
 * not answered in time, each after its own, and none says so: it is learned from requests that fail
 * after about the same time twice in a row. Such a path is then served by renewing requests before
 * (spec 5.1 [SAY-12]), and now and then one request finds out whether it still is like that.
 *
 * What is swallowed without a word tells no time; the limits of the core are for that.
 */
import { ByOrigin } from "./by-origin.ts";
import type { Host } from "./host.ts";

/** Nobody's patience is shorter: what fails sooner has failed by accident. */
const CUT_AFTER_MIN_MS = 1_000;

/** Two times are about the same when they differ by this part of the longer one. */
const TOLERANCE = 0.15;

/**
 * Of the time after which requests are cut, how much they are held for: the rest is for the way of
 * the request that renews them, and of the answer. Where that is too little, as on a path with long
 * round trips, it is that part of that part, and so on, down to the least.
 */
const HELD_PART = 0.75;
const HELD_PART_MIN = 0.25;

/** One request is held for longer after so long, then after twice, four times that and so on. */
const RETRY_MIN_MS = 600_000;
const RETRY_MAX_MS = 3_600_000;

/** What holds for one request. */
export interface HoldTerm {
  readonly sentAtMs: number;
  /** When it is to be renewed; Infinity: the server decides. */
  readonly renewAtMs: number;
  /** It finds out whether requests may be held for longer again. */
  readonly isTrial: boolean;
}

/** What was learned of one origin. */
export class HoldTime {
  /** After so long requests are cut. */
  private cutAfterMs: number = Infinity;
  private heldPart = HELD_PART;
  private learnedAtMs: number = -Infinity;
  private tryAtMs: number = Infinity;
  private retryMs = RETRY_MIN_MS;
  /** The last that was cut, which may be an accident. */
  private suspicion: { readonly atMs: number; readonly heldMs: number } | undefined;

  /** For how long a request may be out that is not on trial; Infinity: nobody is known to cut it. */
  get limitMs(): number {
    return this.cutAfterMs * this.heldPart;
  }

  /** A request leaves. */
  begin(nowMs: number): HoldTerm {
    const isTrial = nowMs >= this.tryAtMs;
    // One alone, whatever becomes of it.
    if (isTrial) this.tryAtMs = nowMs + this.retryMs;
    const renewAtMs = isTrial ? Infinity : nowMs + this.limitMs;
    return { sentAtMs: nowMs, renewAtMs, isTrial };
  }

  /** It has been answered. */
  noteAnswered(nowMs: number, { sentAtMs, isTrial }: HoldTerm): void {
    const heldMs = nowMs - sentAtMs;
    const { suspicion } = this;
    if (suspicion !== undefined && isLonger(heldMs, suspicion.heldMs)) this.suspicion = undefined;
    if (this.cutAfterMs === Infinity) return;
    if (isLonger(heldMs, this.cutAfterMs)) {
      this.cutAfterMs = Infinity;
      this.heldPart = HELD_PART;
      this.tryAtMs = Infinity;
      this.retryMs = RETRY_MIN_MS;
    } else if (isTrial) {
      // It came too early to tell: the next one will.
      this.tryAtMs = nowMs;
    }
  }

  /** It has failed, as if somebody had cut it. */
  noteCut(nowMs: number, { sentAtMs, isTrial }: HoldTerm): void {
    const heldMs = nowMs - sentAtMs;
    // Those that were out together are cut together, by whatever it was: that is one time.
    if (heldMs < CUT_AFTER_MIN_MS || sentAtMs < this.learnedAtMs) return;
    if (isTrial && !isLonger(this.cutAfterMs, heldMs)) {
      this.retryMs = Math.min(RETRY_MAX_MS, this.retryMs * 2);
      this.learn(nowMs, heldMs);
      return;
    }
    const { suspicion } = this;
    if (suspicion !== undefined && sentAtMs < suspicion.atMs) return;
    this.suspicion = { atMs: nowMs, heldMs };
    if (suspicion === undefined) return;
    const [shorter, longer] = [heldMs, suspicion.heldMs].toSorted((one, other) => one - other);
    if (shorter === undefined || longer === undefined || isLonger(longer, shorter)) return;
    // As before, though they should have been renewed in time.
    if (!isLonger(this.cutAfterMs, shorter)) {
      this.heldPart = Math.max(HELD_PART_MIN, this.heldPart * HELD_PART);
    }
    this.learn(nowMs, shorter);
  }

  private learn(nowMs: number, cutAfterMs: number): void {
    this.cutAfterMs = cutAfterMs;
    this.learnedAtMs = nowMs;
    this.tryAtMs = nowMs + this.retryMs;
    this.suspicion = undefined;
  }
}

/** Clearly so. */
function isLonger(ms: number, thanMs: number): boolean {
  return thanMs < ms * (1 - TOLERANCE);
}

const holdTimes: ByOrigin<HoldTime> = new ByOrigin(() => new HoldTime());

/** What is known of an origin in this process or page; without one, of nothing. */
export function holdTimeOf(host: Host, origin: string | undefined): HoldTime {
  return origin === undefined ? new HoldTime() : holdTimes.of(host, origin);
}
