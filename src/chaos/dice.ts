/**
 * Every decision of the proxy, drawn from its seed. What happens to the n-th request depends on
 * the seed, n and the faults alone: a run repeats as far as its traffic does. All numbers of a
 * request are drawn in one fixed order, wanted or not, so that switching one fault on leaves the
 * decisions about the others as they were.
 */
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { Faults } from "./faults.ts";
import { LOST_AFTER_BYTES_MAX } from "./limits.ts";

/** What a generator is for: each has numbers of its own. */
const STREAMS = { request: 1, damage: 2, piece: 3, cut: 4 } as const;

export type Way = "toTarget" | "toClient";

/** The one thing that happens to a request instead of its being answered. */
export type Fate = "answered" | "loseRequest" | "halfOpen" | "badGateway" | "loseResponse";

/** What will happen to one request. */
export interface Plan {
  /** The one thing instead of an answer, if any. */
  readonly fate: Fate;
  /** For a lost request: the connection stays silent before it is reset. */
  readonly isSilent: boolean;
  /** For fates that may meet the request before or after the target: it gets there. */
  readonly reachesTarget: boolean;
  /** For a lost response: so many bytes of its body may pass; 0: nothing does, no head either. */
  readonly lostAfterBytes: number;
  /** By how much the request is late. */
  readonly requestDelayMs: number;
  /** By how much the response is late. */
  readonly responseDelayMs: number;
  /**
   * Whether the target gets it twice, and the second time while it has the first, or afterwards.
   */
  readonly double: "no" | "overlapping" | "afterwards";
  /** Bits of its body flip. */
  readonly damagesRequest: boolean;
  /** Bits of the response's body flip. */
  readonly damagesResponse: boolean;
  /** The target gets it once more after `replayAfterMs`. */
  readonly isReplayed: boolean;
  /** Its response is collected before it is sent on. */
  readonly isBuffered: boolean;
}

/** What happens to the n-th request, counted from 1. */
export function planRequest(seed: number, n: number, faults: Faults): Plan {
  const dice = new Dice(seed, STREAMS.request, n, 0);
  const isLost = dice.hits(faults.loseRequest);
  const isHalfOpen = dice.hits(faults.halfOpen);
  const isBadGateway = dice.hits(faults.badGateway);
  const isAnswerLost = dice.hits(faults.loseResponse);
  const isSilent = dice.hits(faults.loseSilently);
  const reachesTarget = dice.hits(0.5);
  const isNothingPassed = dice.hits(0.5);
  const passedBytes = dice.integer(1, LOST_AFTER_BYTES_MAX);
  const requestDelayMs = dice.around(faults.delayMs, faults.delayJitterMs);
  const responseDelayMs = dice.around(faults.delayMs, faults.delayJitterMs);
  const isDoubled = dice.hits(faults.double);
  const overlaps = dice.hits(0.5);
  return {
    fate: isLost
      ? "loseRequest"
      : isHalfOpen
        ? "halfOpen"
        : isBadGateway
          ? "badGateway"
          : isAnswerLost
            ? "loseResponse"
            : "answered",
    isSilent,
    reachesTarget,
    lostAfterBytes: isNothingPassed ? 0 : passedBytes,
    requestDelayMs,
    responseDelayMs,
    double: isDoubled ? (overlaps ? "overlapping" : "afterwards") : "no",
    damagesRequest: dice.hits(faults.damageRequest),
    damagesResponse: dice.hits(faults.damageResponse),
    isReplayed: dice.hits(faults.replay),
    isBuffered: dice.hits(faults.bufferResponses),
  };
}

export interface PiecePlan {
  readonly isHalfOpen: boolean;
  readonly isDamaged: boolean;
  readonly delayMs: number;
}

/** What happens to a piece of a raw connection; both are counted from 1. */
export function planPiece(
  seed: number,
  connection: number,
  way: Way,
  piece: number,
  faults: Faults,
): PiecePlan {
  const dice = new Dice(seed, STREAMS.piece, connection, 2 * piece + (way === "toClient" ? 1 : 0));
  return {
    isHalfOpen: dice.hits(faults.halfOpen),
    isDamaged: dice.hits(way === "toTarget" ? faults.damageRequest : faults.damageResponse),
    delayMs: dice.around(faults.delayMs, faults.delayJitterMs),
  };
}

export interface CutPlan {
  readonly afterMs: number;
  readonly by: "rst" | "fin";
  /** From 0 to 1: where in the list of connections that may be cut. */
  readonly which: number;
}

/** The k-th cut, counted from 1. */
export function planCut(seed: number, k: number, faults: Faults): CutPlan {
  const dice = new Dice(seed, STREAMS.cut, k, 0);
  const afterMs = dice.around(faults.cutEveryMs, faults.cutEveryMs * faults.cutJitter);
  const isReset = dice.hits(0.5);
  const by = faults.cutBy === "either" ? (isReset ? "rst" : "fin") : faults.cutBy;
  return { afterMs, by, which: dice.fraction() };
}

export interface Flip {
  readonly offset: number;
  /** The bits that flip, 1 to 255. */
  readonly mask: number;
}

/**
 * Where the body of request (or connection) n is damaged: 1 to `bytesMax` different bytes out of
 * `lengthBytes`, by rising offset.
 */
export function planDamage(
  seed: number,
  n: number,
  piece: number,
  lengthBytes: number,
  bytesMax: number,
): Flip[] {
  const dice = new Dice(seed, STREAMS.damage, n, piece);
  const wanted = dice.integer(1, Math.min(bytesMax, lengthBytes));
  const flips = new Map<number, Flip>();
  for (let i = 0; i < wanted; i++) {
    const offset = dice.integer(0, lengthBytes - 1);
    // Once for each byte: a second flip could mend the first.
    flips.set(offset, { offset, mask: dice.integer(1, 255) });
  }
  return [...flips.values()].toSorted((a, b) => a.offset - b.offset);
}

class Dice {
  readonly #generator: ReturnType<typeof xoroshiro128plusFromState>;

  constructor(seed: number, stream: number, n: number, piece: number) {
    let hash = scramble(seed);
    for (const word of [stream, n >>> 0, Math.floor(n / 2 ** 32), piece]) {
      hash = scramble(hash ^ Math.imul(word, 0x9e37_79b1));
    }
    const state = [1, 2, 3, 4].map((i) => scramble(hash + Math.imul(i, 0x9e37_79b1)));
    this.#generator = xoroshiro128plusFromState(state);
  }

  hits(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** From 0 to 1, without 1. */
  fraction(): number {
    return uniformFloat64(this.#generator);
  }

  /** Both bounds included. */
  integer(least: number, most: number): number {
    return uniformInt(this.#generator, least, most);
  }

  /** Never below 0. */
  around(middle: number, jitter: number): number {
    return Math.max(0, middle + jitter * (2 * this.fraction() - 1));
  }
}

/** The finalizer of MurmurHash3 (Appleby): every bit of the input moves every bit of the output. */
function scramble(word: number): number {
  let hash = word | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}
