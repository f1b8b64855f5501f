/**
 * Drives a client's core: carries its requests, hands in their outcomes, and wakes it. Holds no
 * state of the protocol.
 */
import { type RequestOutput, type RequestSide, UNANSWERED_DOUBTED } from "../core/index.ts";
import type { Carrier, Leaving, Outcome } from "./carrier.ts";
import type { CodecFactory } from "./codec.ts";
import { LARGE_BODY_BYTES } from "./limits.ts";
import { GivingUp } from "./giving-up.ts";
import { HeldRequests } from "./held-requests.ts";
import type { Host } from "./host.ts";
import { Links } from "./links.ts";
import { type Driver, SessionHub } from "./session-hub.ts";
import { TurnTaker } from "./turn-taker.ts";
import { WakeTimer } from "./wake-timer.ts";

/** How long the last word to the server may take before its connection is given up. */
const LAST_WORD_MS = 5_000;

/** The reason while nothing else is known. */
const NO_ANSWER = "no_answer";

/** The reason while the server says that it does not know the session. */
const UNKNOWN = "session_unknown";

type RequestToCarry = Extract<RequestOutput, { readonly kind: "request" }>;

export class ClientLoop implements Driver {
  readonly hub: SessionHub;
  readonly host: Host;
  readonly #side: RequestSide;
  readonly #carrier: Carrier;
  readonly #links: Links;
  /** Else pipes alone tell how the path is. */
  readonly #hasRequests: boolean;
  readonly #unwatch: () => void;
  readonly #timer: WakeTimer;
  /** Exchanges that are out; and those of them that go on when the host ends. */
  readonly #out: Map<number, GivingUp> = new Map();
  readonly #lasting: Set<number> = new Set();
  readonly #held: HeldRequests;
  readonly #turns: TurnTaker | undefined;
  #lastWordTimer: unknown;
  #isTurnPlanned = false;
  /** From when the host says that it is left until it wakes. */
  #isFrozen = false;
  #isEnded = false;
  /** Of the outage at present, if any. Requests that vanish fail without a reason. */
  #lastFailure = NO_ANSWER;
  readonly #lostAfterMs: number;
  /** Since when the path counts as down; Infinity while it does not. */
  #downSinceMs = Infinity;
  /** When it will have been down for too long; Infinity while it is not, and afterwards. */
  #lostAtMs = Infinity;
  /** The exchange that was begun last. */
  #newest = 0;

  constructor(
    host: Host,
    side: RequestSide,
    carrier: Carrier,
    makeCodec: CodecFactory,
    lostAfterMs: number,
  ) {
    this.host = host;
    this.#timer = new WakeTimer(host, () => this.#planTurn(), false);
    this.#side = side;
    this.#carrier = carrier;
    this.#held = new HeldRequests(host, carrier.origin);
    this.#lostAfterMs = lostAfterMs;
    this.hub = new SessionHub(side, this, makeCodec);
    const moved = (bytes = 0): void => {
      this.#settle();
      this.#endTick(bytes);
    };
    const { pipes = [], requests = "parked" } = carrier;
    this.#hasRequests = requests !== "none";
    const isForced = requests === "prompt" || requests === "none";
    this.#links = new Links(host, side, pipes, isForced, moved, () => this.#planTurn());
    this.hub.link = this.#links.name;
    // A session that is resumed was open before, and without requests there is no other way to.
    if (side.state !== "opening" || !this.#hasRequests) this.#links.begin();
    if (carrier.turns !== undefined) {
      this.#turns = new TurnTaker(host, side, carrier.turns, this.#out, () => this.#planTurn());
    }
    this.#unwatch = carrier.watch(
      () => this.#wake(),
      (how) => this.#leaveHost(how),
    );
    this.#planTurn();
  }

  get linkReason(): string {
    return this.#links.lastReason;
  }

  report(error: unknown): void {
    this.host.rethrow(error);
  }

  touch(): void {
    // A host that is left has no other tick: what the application says now leaves at once.
    if (this.#isFrozen) void Promise.resolve().then(() => this.#flush());
    else this.#planTurn();
  }

  transmit(): void {
    if (this.#isFrozen || this.#isEnded) return;
    this.#side.handleTimeout(this.host.nowMs());
    this.#perform();
  }

  #planTurn(): void {
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    this.host.atEndOfTick(() => this.#turn());
  }

  /** The end of the tick: now the core speaks. */
  #turn(): void {
    this.#isTurnPlanned = false;
    if (this.#isFrozen) return;
    const nowMs = this.host.nowMs();
    if (!this.#isEnded) {
      this.hub.beforeTransmit(nowMs);
      this.#side.handleTimeout(nowMs);
    }
    this.#settle();
    // Where held requests are cut on the way, one is answered before [SAY-12].
    if (nowMs >= this.#held.renewAtMs && this.#side.renewParked(nowMs)) this.#settle();
    this.#setTimer(nowMs);
  }

  /** When that is to be looked at; past that time, whatever it waits for wakes it. */
  #renewAtMs(nowMs: number): number {
    const atMs = Math.max(this.#held.renewAtMs, this.#side.notBeforeMs);
    return atMs > nowMs ? atMs : Infinity;
  }

  #wake(): void {
    this.#isFrozen = false;
    const nowMs = this.host.nowMs();
    // The tick in which it froze, if it has not ended, was long ago.
    this.hub.beforeTransmit(nowMs);
    this.#side.handleWake(nowMs);
    this.#links.wake();
    this.#settle();
    this.#planTurn();
  }

  /** What is not acknowledged leaves once more; connections would be cut, or cost the page's place. */
  #leaveHost(how: Leaving): void {
    // While a pipe is there: what names one is not held.
    this.#flush();
    if (how !== "frozen") return;
    this.#isFrozen = true;
    this.#links.freeze();
    const cut = [...this.#out.keys()].filter((exchange) => !this.#lasting.has(exchange));
    for (const exchange of cut) this.#abort(exchange);
    this.#turns?.stop();
  }

  /** [SAY-11] */
  #flush(): void {
    const { lastingBytes } = this.#carrier;
    if (lastingBytes === undefined || !this.#hasRequests || this.#isEnded) return;
    const nowMs = this.host.nowMs();
    this.hub.beforeTransmit(nowMs);
    this.#side.flush(nowMs, lastingBytes, this.#lasting);
    this.#settle();
    this.#setTimer(nowMs);
  }

  /** Does what the core asks for, and then tells the application. A turn follows. */
  #settle(): void {
    this.#perform();
    this.hub.settle();
  }

  /** Does what the core asks for, until there is nothing left. */
  #perform(): void {
    const newestBefore = this.#newest;
    for (;;) {
      const output = this.#side.pollOutput();
      if (output === undefined) break;
      if (output.kind === "request") this.#request(output);
      else if (output.kind === "abort") this.#abort(output.exchange);
      else if (output.kind === "transmit") this.#links.transmit(output.handle, output.body);
      else if (output.kind === "hang-up") this.#links.hangUp(output.handle);
      else if (output.kind === "pipe-wanted") this.#links.wanted();
      else if (output.kind === "pipe-offered") this.#links.offered(output.link);
      else if (output.kind === "pipe-joined") this.#links.joined(output.link);
      else if (output.kind === "pipe-gone") this.#links.gone(output.link, output.why);
      else if (output.kind === "pipe-ending") this.#links.ending(output.link);
      else {
        this.hub.handleOutput(output);
        if (output.kind === "opened") this.#links.begin();
        if (output.kind === "ended") this.#end(newestBefore);
      }
    }
    this.#noteReach();
    const { state, joined } = this.#side;
    const isHearing = joined === 0 && state !== "opening" && !this.#isFrozen;
    this.#turns?.consider(isHearing && !this.#isEnded);
    if (!this.#isEnded) this.hub.noteLink(this.#links.name);
  }

  /** Wakes when the core wants it, and when there is something to be looked at here. */
  #setTimer(nowMs: number): void {
    if (this.#isEnded) {
      this.#timer.clear();
      return;
    }
    const linksAtMs = this.#links.consider(nowMs);
    const { atMs } = this.#side.nextTimeout();
    this.#timer.set(Math.min(atMs, this.#lostAtMs, linksAtMs, this.#renewAtMs(nowMs)), nowMs);
  }

  /** Tells how the path is. One failed request is no news, nor is what the next ones mend at once. */
  #noteReach(): void {
    const { requestsUnanswered, isDoubted } = this.#side;
    if (requestsUnanswered === 0) this.#lastFailure = isDoubted ? UNKNOWN : NO_ANSWER;
    else if (!this.#hasRequests) this.#lastFailure = this.#links.lastReason || NO_ANSWER;
    // A server that has forgotten the session is no way for it.
    const isDown = isDoubted || requestsUnanswered >= UNANSWERED_DOUBTED;
    if (!isDown) this.#downSinceMs = Infinity;
    if (!isDown && requestsUnanswered === 0) {
      this.#lostAtMs = Infinity;
      this.hub.noteReach("working", "");
      return;
    }
    const atMs = this.host.nowMs();
    if (isDown) this.#downSinceMs = Math.min(this.#downSinceMs, atMs);
    const lostAtMs = this.#downSinceMs + this.#lostAfterMs;
    const isLost = atMs >= lostAtMs;
    this.hub.noteReach(isLost ? "lost" : "failing", this.#lastFailure);
    this.#lostAtMs = isLost ? Infinity : lostAtMs;
  }

  #request({ exchange, body, isLasting: isFlushed }: RequestToCarry): void {
    const signal = new GivingUp();
    this.#out.set(exchange, signal);
    this.#newest = exchange;
    // The last word too goes before the host does.
    const isLast = isFlushed === true || this.#isFrozen || this.#side.state === "ended";
    const isLasting = isLast && body.length <= (this.#carrier.lastingBytes ?? 0);
    if (isLasting) this.#lasting.add(exchange);
    const term = this.#held.begin(signal);
    void this.#carrier.exchange(body, signal, isLasting).then((outcome) => {
      this.#held.end(term, outcome);
      this.#lasting.delete(exchange);
      // Otherwise nobody waits for it any more.
      if (this.#out.delete(exchange)) this.#handleOutcome(exchange, outcome);
    });
  }

  #abort(exchange: number): void {
    this.#out.get(exchange)?.abort();
    this.#out.delete(exchange);
    this.#lasting.delete(exchange);
  }

  #handleOutcome(exchange: number, outcome: Outcome): void {
    if (this.#isEnded) {
      this.#leave();
      return;
    }
    if (outcome.kind === "answer")
      this.#side.handleAnswer(this.host.nowMs(), exchange, outcome.bytes);
    else {
      this.#lastFailure = outcome.reason;
      this.#side.handleFailure(this.host.nowMs(), exchange, {
        tooLarge: outcome.isTooLarge,
        notSent: outcome.isNotSent,
      });
    }
    this.#settle();
    this.#endTick(outcome.kind === "answer" ? outcome.bytes.length : 0);
  }

  /** A large body ends its tick; what came with a small one may be answered together with others. */
  #endTick(bytes: number): void {
    if (bytes >= LARGE_BODY_BYTES) this.#turn();
    else this.#planTurn();
  }

  /** All that was out before is of no use; what the core said last still goes. */
  #end(newestBefore: number): void {
    this.#isEnded = true;
    this.#links.end();
    this.#unwatch();
    for (const exchange of this.#out.keys()) if (exchange <= newestBefore) this.#abort(exchange);
    if (this.#out.size === 0) this.#leave();
    else this.#lastWordTimer = this.host.setTimer(() => this.#leave(), LAST_WORD_MS, false);
  }

  #leave(): void {
    this.host.clearTimer(this.#lastWordTimer);
    for (const exchange of this.#out.keys()) this.#abort(exchange);
    this.#turns?.stop();
    this.#carrier.close();
  }
}
