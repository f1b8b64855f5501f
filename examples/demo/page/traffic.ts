/**
 * What was seen of a session's requests: each with its answer, or with what became of it. Pure: the
 * time comes in. Nothing in the library is needed for it, as a page may carry requests by a `fetch`
 * of its own (observed-fetch.ts).
 */
import { type BodyFacts, BodyReader } from "./body-facts.ts";

/** Exchanges that are remembered: some screens full. */
export const EXCHANGES_MAX = 240;

/** Until a round trip has been measured. */
const ROUND_TRIP_MS_INITIAL = 20;

/** Weight of a new measurement; as of RFC 6298. */
const SMOOTHING = 1 / 8;

/** A request that is out for so many round trips, and this time, is taken for parked. */
const PARKED_ROUND_TRIPS = 2;
const PARKED_AFTER_MS = 60;

/** Between two things that a clock cannot tell apart. */
const MOMENT_MS = 0.001;

export type Fate =
  /** Nothing has come back yet. */
  | "out"
  | "answered"
  /** An answer came that is no body of this session: damaged on the way, or somebody else's. */
  | "damaged"
  /** The connection broke. */
  | "failed"
  /** The session waits for it no more. */
  | "dropped";

export interface Exchange {
  readonly sentAtMs: number;
  /** Undefined: what was sent cannot be read here, which is somebody's mistake. */
  readonly request: BodyFacts | undefined;
  readonly fate: Fate;
  /** When the answer or the failure came. */
  readonly overAtMs: number;
  readonly answer: BodyFacts | undefined;
  /** The server has said that it holds it. */
  readonly isStatedParked: boolean;
  /** The server has said that it has had it. */
  readonly hasArrived: boolean;
  /** How long it took each way, as far as one can tell. */
  readonly oneWayMs: number;
}

type Draft = { -readonly [Field in keyof Exchange]: Exchange[Field] };

export class Traffic {
  readonly #exchanges: Draft[] = [];
  readonly #requests: BodyReader = new BodyReader();
  readonly #answers: BodyReader = new BodyReader();
  #sessionId: Uint8Array | undefined;
  #roundTripMs = ROUND_TRIP_MS_INITIAL;
  #lastMs = -Infinity;

  /** In the order of sending. */
  get exchanges(): readonly Exchange[] {
    return this.#exchanges;
  }

  /** Requests without an answer so far. */
  get outstanding(): readonly Exchange[] {
    return this.#exchanges.filter(({ fate }) => fate === "out");
  }

  get roundTripMs(): number {
    return this.#roundTripMs;
  }

  /** Whether a request waits at the server, as the server said or as its time lets one think. */
  isParked(exchange: Exchange, nowMs: number): boolean {
    if (exchange.fate !== "out") return false;
    const usualMs = this.#roundTripMs * PARKED_ROUND_TRIPS + PARKED_AFTER_MS;
    return exchange.isStatedParked || nowMs - exchange.sentAtMs > usualMs;
  }

  /** A request leaves; what comes of it is told by what this returns. */
  handleRequest(nowMs: number, bytes: Uint8Array): Exchange {
    let request: BodyFacts | undefined;
    try {
      const facts = this.#requests.read(bytes);
      this.#sessionId = facts.sessionId;
      request = facts;
    } catch {
      request = undefined;
    }
    const exchange: Draft = {
      sentAtMs: this.#momentOf(nowMs),
      request,
      fate: "out",
      overAtMs: Infinity,
      answer: undefined,
      isStatedParked: false,
      hasArrived: false,
      oneWayMs: this.#roundTripMs / 2,
    };
    this.#exchanges.push(exchange);
    if (this.#exchanges.length > EXCHANGES_MAX) this.#exchanges.shift();
    return exchange;
  }

  handleAnswer(nowMs: number, exchange: Exchange, bytes: Uint8Array): void {
    const draft = this.#close(nowMs, exchange, "answered");
    if (draft === undefined) return;
    try {
      draft.answer = this.#answers.read(bytes, this.#sessionId);
    } catch {
      draft.fate = "damaged";
      return;
    }
    draft.hasArrived = true;
    const travelledMs = Math.max(0, nowMs - draft.sentAtMs - draft.answer.heldMs);
    draft.oneWayMs = travelledMs / 2;
    this.#roundTripMs += (travelledMs - this.#roundTripMs) * SMOOTHING;
    this.#noteArrivals(draft.answer);
  }

  handleFailure(nowMs: number, exchange: Exchange, isDropped: boolean): void {
    this.#close(nowMs, exchange, isDropped ? "dropped" : "failed");
  }

  #close(nowMs: number, exchange: Exchange, fate: Fate): Draft | undefined {
    const draft = this.#exchanges.find((each) => each === exchange);
    if (draft === undefined || draft.fate !== "out") return undefined;
    draft.fate = fate;
    draft.overAtMs = this.#momentOf(nowMs);
    return draft;
  }

  /** Clocks of browsers are coarse; no two things happen at once, so that each has its place. */
  #momentOf(nowMs: number): number {
    this.#lastMs = Math.max(nowMs, this.#lastMs + MOMENT_MS);
    return this.#lastMs;
  }

  /** An answer also tells what became of other requests. */
  #noteArrivals({ arrived, parked }: BodyFacts): void {
    for (const draft of this.#exchanges) {
      const number = draft.request?.exchange ?? 0;
      draft.isStatedParked = parked.includes(number);
      const isListed = arrived.some(([first, last]) => first <= number && number <= last);
      if (draft.isStatedParked || isListed) draft.hasArrived = true;
    }
  }
}
