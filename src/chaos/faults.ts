/**
 * The faults: what each means, what it is by default, and the check that a set of them can work.
 * Probabilities go from 0 (never) to 1 (always), and durations are in milliseconds, 0 meaning never
 * or none. All may be changed while the proxy runs.
 *
 * In HTTP mode the unit is a request with its response. On raw connections (TCP mode, and what
 * follows an HTTP upgrade) it is a piece, as it was read from a socket: a piece towards the target
 * counts as a request, one towards the client as a response.
 */
import { ChaosError } from "./errors.ts";
import { DURATION_MS_MAX } from "./limits.ts";

/** How a connection is cut. */
export type CutBy =
  /** A reset: the client's next call fails at once. */
  | "rst"
  /** An orderly close in the middle of things; a reset where bytes of the client lie unread. */
  | "fin"
  /** Each half of the time. */
  | "either";

/**
 * Every fault by its name: probabilities from 0 to 1, times in milliseconds, 0 for never or none.
 * The defaults are `FAULTS_DEFAULT`: no fault at all.
 */
export interface Faults {
  /** The request is read and never reaches the target; its connection is reset. HTTP only. */
  readonly loseRequest: number;
  /**
   * The target answers, and the answer is dropped: the connection is reset after nothing, or after
   * some bytes of it. HTTP only.
   */
  readonly loseResponse: number;
  /** Of the lost requests: those whose connection stays silent for `silentMs` before the reset. */
  readonly loseSilently: number;
  /** How long a silent connection lasts; see `loseSilently`. */
  readonly silentMs: number;
  /**
   * Time between two cuts. Each cuts one client connection, with what it has under way at the
   * target; one that has something under way if there is any.
   */
  readonly cutEveryMs: number;
  /** Each time between two cuts is off by up to this fraction of it. */
  readonly cutJitter: number;
  /** How connections are cut. */
  readonly cutBy: CutBy;
  /** Added to every request and every response, head and each byte of the body. */
  readonly delayMs: number;
  /** The delay is off by up to this much, drawn per request and way. */
  readonly delayJitterMs: number;
  /**
   * The target gets the request twice, the second time while the first is unanswered or after its
   * answer. The first answer to come is used, the other one is discarded. HTTP only.
   */
  readonly double: number;
  /** Bits flip in 1 to `damageBytesMax` bytes of the request's body; its length stays. */
  readonly damageRequest: number;
  /** The same for the response's body. */
  readonly damageResponse: number;
  /** Most bytes that are damaged in one body. */
  readonly damageBytesMax: number;
  /** A page with status 502; the target has answered the request or never seen it. HTTP only. */
  readonly badGateway: number;
  /** The request is sent to the target once more after `replayAfterMs`. HTTP only. */
  readonly replay: number;
  /** When a replayed request is sent once more; see `replay`. */
  readonly replayAfterMs: number;
  /**
   * The connection stays open, and nothing passes any more in either direction; after `halfOpenMs`
   * it is reset. In HTTP mode the request at which this happens did reach the target, or did not.
   */
  readonly halfOpen: number;
  /** How long a half-open connection lasts; see `halfOpen`. */
  readonly halfOpenMs: number;
  /** The response is collected to its end before its first byte is sent. HTTP only. */
  readonly bufferResponses: number;
  /** Connections on which nothing happens for so long are closed, as proxies do. */
  readonly closeIdleMs: number;
  /** While true, connections are reset and new ones are reset as soon as they are accepted. */
  readonly blackout: boolean;
  /** A blackout begins every `blackoutEveryMs` and lasts `blackoutForMs`. */
  readonly blackoutEveryMs: number;
  /** How long a blackout lasts; see `blackoutEveryMs`. */
  readonly blackoutForMs: number;
}

/** Faults by name, and two names that stand for a pair. */
export interface FaultOptions extends Partial<Faults> {
  /** Both `loseRequest` and `loseResponse`, where these are not stated. */
  readonly loss?: number;
  /** Both `damageRequest` and `damageResponse`, where these are not stated. */
  readonly damage?: number;
}

/** No fault at all. */
export const FAULTS_DEFAULT: Faults = {
  loseRequest: 0,
  loseResponse: 0,
  loseSilently: 0,
  // A client that waits for an answer should give up by its own timeout, not by this.
  silentMs: 30_000,
  cutEveryMs: 0,
  // Enough to fall out of step with timers of the client.
  cutJitter: 0.2,
  cutBy: "either",
  delayMs: 0,
  delayJitterMs: 0,
  double: 0,
  damageRequest: 0,
  damageResponse: 0,
  damageBytesMax: 8,
  badGateway: 0,
  replay: 0,
  // Beyond the time for which most software remembers what it has seen.
  replayAfterMs: 120_000,
  halfOpen: 0,
  halfOpenMs: 30_000,
  bufferResponses: 0,
  closeIdleMs: 0,
  blackout: false,
  blackoutEveryMs: 0,
  blackoutForMs: 3_000,
};

const PROBABILITIES = [
  "loseRequest",
  "loseResponse",
  "loseSilently",
  "cutJitter",
  "double",
  "damageRequest",
  "damageResponse",
  "badGateway",
  "replay",
  "halfOpen",
  "bufferResponses",
] as const;

const DURATIONS = [
  "silentMs",
  "cutEveryMs",
  "delayMs",
  "delayJitterMs",
  "replayAfterMs",
  "halfOpenMs",
  "closeIdleMs",
  "blackoutEveryMs",
  "blackoutForMs",
] as const;

/** Faults that need requests and responses, and so do not exist on raw connections. */
const HTTP_FAULTS = [
  "loseRequest",
  "loseResponse",
  "double",
  "badGateway",
  "replay",
  "bufferResponses",
] as const;

const KNOWN: ReadonlySet<string> = new Set([...Object.keys(FAULTS_DEFAULT), "loss", "damage"]);

/** `before` with `options` laid over it, checked. Throws a `ChaosError`. */
export function mergeFaults(before: Faults, options: FaultOptions, isTcp: boolean): Faults {
  for (const name of Object.keys(options)) {
    if (!KNOWN.has(name)) throw invalid(name, "is not a fault");
  }
  const { loss, damage, ...named } = options;
  const stated = Object.entries(named).filter(([, value]) => value !== undefined);
  const merged: Faults = {
    ...before,
    ...(loss !== undefined && { loseRequest: loss, loseResponse: loss }),
    ...(damage !== undefined && { damageRequest: damage, damageResponse: damage }),
    ...Object.fromEntries(stated),
  };
  check(merged, isTcp);
  return merged;
}

function check(faults: Faults, isTcp: boolean): void {
  for (const name of PROBABILITIES) {
    const value = faults[name];
    if (!(value >= 0 && value <= 1)) throw invalid(name, "must be from 0 to 1");
  }
  for (const name of DURATIONS) {
    const value = faults[name];
    if (!(value >= 0 && value <= DURATION_MS_MAX)) {
      throw invalid(name, "must be a time in milliseconds, 24 days at most");
    }
  }
  if (faults.cutEveryMs > 0 && faults.cutEveryMs < 1) {
    throw invalid("cutEveryMs", "must be 1 ms or more");
  }
  if (!["rst", "fin", "either"].includes(faults.cutBy)) {
    throw invalid("cutBy", "must be rst, fin or either");
  }
  if (!(Number.isInteger(faults.damageBytesMax) && faults.damageBytesMax >= 1)) {
    throw invalid("damageBytesMax", "must be an integer of 1 or more");
  }
  if (faults.blackoutEveryMs > 0 && faults.blackoutForMs >= faults.blackoutEveryMs) {
    throw invalid("blackoutForMs", "must be shorter than blackoutEveryMs");
  }
  if (!isTcp) return;
  for (const name of HTTP_FAULTS) {
    if (faults[name] > 0) throw invalid(name, "needs HTTP, and this proxy passes raw TCP");
  }
}

function invalid(name: string, what: string): ChaosError {
  return new ChaosError("option_invalid", `${name} ${what}`);
}
