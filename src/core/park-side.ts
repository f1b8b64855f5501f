/**
 * The park side of a session: the server of the poll link. It holds requests until it has
 * something to say, keeps as many parked as it expects to need, and takes the client's next
 * requests as evidence about its answers. spec 6.
 *
 * `Endpoint` finds the session for a request and checks its secret before `handleRequest`.
 * Handlers: `handleRequest`, `handleGone`, `handleTimeout`. Commands: those of `Half`, `accept`,
 * `drain` and `abort`. Outputs of `poll()`: `respond`, the application's, and the timeout.
 *
 * Invariants: `parked` ascends by exchange, and holds no exchange that is in `answered` or over;
 * every handle that came in goes out in exactly one `respond`, or was gone; before the verdict
 * nothing is delivered and nothing acknowledged, however the session goes on.
 */
import type { Body, Ending } from "./body.ts";
import type { BodyOptions } from "./body-writer.ts";
import { assert, ProtocolError, UsageError } from "./errors.ts";
import { checkParameters, END_CODES, Half, ownerOf } from "./half.ts";
import type { Flight } from "./in-flight.ts";
import { EXCHANGE_SPAN_MAX, INITIAL_GRANT } from "./limits.ts";
import type { ParkOptions } from "./options.ts";
import { countSendable, resendAll } from "./literal.ts";
import type { EndedOutput, EndReason, RespondOutput, TimerName } from "./outputs.ts";
import type { Pauses } from "./pauses.ts";
import { Ranges } from "./ranges.ts";
import { reasonBytes } from "./reason.ts";

/** A request that is held. */
interface Parked {
  readonly exchange: number;
  handle: number;
  readonly arrivedAtMs: number;
}

/** What a session leaves behind for requests that come after its end; spec 7.5. */
export type LastWord = Pick<Body, "refused"> | Pick<Body, "ack" | "ended">;

/**
 * The server's half of a session. Its endpoint drives it: an application sends, opens channels,
 * closes and aborts here, and then calls `endpoint.touch(session)`.
 */
export class ParkSide extends Half<RespondOutput> {
  /** @internal Requests that wait for an answer, the oldest first. */
  readonly parked: Parked[] = [];
  /** Requests that get an answer without a bundle in the next tick: copies and late ones. */
  private readonly leftOver: { readonly exchange: number; readonly handle: number }[] = [];
  /** @internal Exchanges above `overThrough` that were answered. */
  readonly answered: Ranges = new Ranges();
  private overThrough = 0;
  /** Exchanges above `overThrough` that the client said are over, arrived or not. */
  private readonly over: Ranges = new Ranges();
  /** Which life of the client has the session; from 1. */
  incarnation: number;
  /** @internal Tells this session from one under the same identifier that others began [OWN-1]. */
  readonly generation: number;
  /** How many requests the client is asked to keep parked. */
  parkedWanted: number;
  /** Whether the present wish to speak has already been counted as met with nothing parked. */
  private isStarved = false;
  private starvedAtMs: number;
  /** When answers left, for the round trip; of exchanges that are not over. */
  private readonly answerTimes: Map<number, number> = new Map();
  /** The client has not yet shown that it knows this side's parameters [OPEN-7]. */
  private mustStateOpened = true;
  /** A request with OPEN has come since that was stated last: its client waits for it [PARK-13]. */
  private isOpenedOwed = false;
  private readonly options: ParkOptions;
  /** Literal procedure: when the messages that wait began to wait; Infinity when none does. */
  private messagesSinceMs = Infinity;
  /** The verdict was favourable. A session that ends without it never delivers. */
  private isAdmitted = false;
  /** Set while the server drains: nothing is parked, and every answer asks for a pause. */
  private pauses: Pauses | undefined = undefined;
  /** @internal Set at the end; what later requests are answered with. */
  lastWord: LastWord | undefined = undefined;

  /** @internal Made by the library. */
  constructor(
    nowMs: number,
    sessionId: Uint8Array,
    incarnation: number,
    options: ParkOptions,
    generation: number,
  ) {
    super("park", nowMs, sessionId.slice(), options);
    this.options = options;
    this.incarnation = incarnation;
    this.generation = generation;
    this.parkedWanted = options.literal?.requestsHeld ?? 1;
    this.starvedAtMs = nowMs;
  }

  // --- readers --------------------------------------------------------------------------------

  /** Whether a request is parked, so that what is sent now leaves at once. */
  get isReachable(): boolean {
    return this.parked.length > 0;
  }

  // --- commands -------------------------------------------------------------------------------

  /** @internal The verdict on the opening is favourable: what came so far is delivered. */
  accept(nowMs: number): void {
    this.advance(nowMs);
    if (this.state !== "opening") throw new UsageError("state_invalid");
    this.isAdmitted = true;
    this.become("open");
    this.notify({ kind: "opened" });
    this.followClose();
  }

  /** @internal The verdict is not: the client is told, nothing of what it sent is delivered. */
  refuse(nowMs: number, code: number, reason: string): void {
    this.advance(nowMs);
    if (this.state !== "opening") throw new UsageError("state_invalid");
    this.conclude({ refused: { code, reason: reasonBytes(reason) } });
    this.end("refused", "local", code, reason);
  }

  /**
   * No verdict could be had: what is held is answered with a pause alone, as while the server
   * drains, and the session is forgotten by its endpoint [PARK-19].
   *
   * @internal
   */
  postpone(nowMs: number, pauseMs: number): void {
    this.advance(nowMs);
    if (this.state !== "opening") throw new UsageError("state_invalid");
    for (const { exchange, handle } of this.takeAll()) {
      const answer = this.answerHead(exchange, 0);
      this.respond(handle, this.composeEmpty({ answer, pauseMs }));
    }
    this.end("refused", "local", END_CODES.closed);
  }

  /**
   * As on every half, but not before the verdict, which is the only way out of an opening beside
   * `abort`.
   *
   * @throws UsageError `state_invalid` too.
   */
  override close(nowMs: number, code?: number): void {
    if (this.state === "opening") throw new UsageError("state_invalid");
    super.close(nowMs, code);
  }

  /**
   * From now on every request is answered at once, and its client asked to stay away for the next
   * of the pauses; when it comes back and the server still drains, for another one [PARK-17].
   *
   * @internal
   */
  drain(nowMs: number, pauses: Pauses): void {
    this.advance(nowMs);
    if (this.state === "ended") throw new UsageError("session_closed");
    this.pauses = pauses;
    this.renewPause(pauses);
    // Before the verdict nothing else can be said.
    while (this.state === "opening" && this.parked.length > 0) this.answerExcess();
  }

  /** Ends the session at once; parked requests carry the news. */
  abort(nowMs: number, code: number = END_CODES.application, reason = ""): void {
    this.advance(nowMs);
    if (this.state === "ended") throw new UsageError("session_closed");
    this.fail("aborted", "local", code, reason);
  }

  // --- handlers -------------------------------------------------------------------------------

  /**
   * A request of this session has come whole, and its secret was right.
   *
   * @throws ProtocolError; the endpoint then calls `violated`, or forgets an opening. Nothing has
   *   changed then, but for an opening that sends more than it may.
   * @internal
   */
  handleRequest(nowMs: number, handle: number, incarnation: number, body: Body): void {
    this.advance(nowMs);
    assert(this.state !== "ended", "request_after_end");
    const isNewer = incarnation !== this.incarnation;
    // [INC-2]: a life that does not go on from the present one changes nothing and is told.
    if (isNewer && body.succeeds?.includes(this.incarnation) !== true) {
      this.respond(handle, this.composeEmpty({ superseded: this.incarnation }));
      return;
    }
    const { request } = body;
    if (request === undefined) throw new ProtocolError("prefix_missing"); // [EXCH-2]
    if (body.open !== undefined) checkParameters(body.open);
    const known = isNewer ? 0 : this.overThrough;
    const overThrough = Math.max(known, request.overThrough);
    // [PARK-14]: the ranges of an answer stay bounded.
    if (request.exchange - overThrough > EXCHANGE_SPAN_MAX) {
      throw new ProtocolError("exchange_invalid");
    }
    this.check(body);
    if (isNewer) this.beginIncarnation(incarnation);
    if (body.open !== undefined) this.learn(body.open);
    else this.mustStateOpened = false;
    this.hearAck(body.ack);
    this.notePrefix(request);
    this.hear(this.nowMs, this.isAdmitted ? body : withOwnPayloads(body));
    // [OPEN-6]: what a client may send before it is known who it is.
    if (!this.isAdmitted && this.receiver.bytesReceived > INITIAL_GRANT.bytes) {
      throw new ProtocolError("window_exceeded");
    }
    this.park(request.exchange, handle);
    if (body.open !== undefined) this.isOpenedOwed = this.mustStateOpened;
    if (body.ended !== undefined) this.endByClient(body.ended);
  }

  /** @internal The peer broke the protocol: the session ends, and this request hears it [END-8]. */
  violated(nowMs: number, handle: number, code: ProtocolError["code"]): void {
    this.advance(nowMs);
    this.fail("protocol", "local", END_CODES.protocol, code);
    this.respond(handle, this.composeEmpty({ ...this.lastWord }));
  }

  /** @internal The connection of a request that is held has gone. */
  handleGone(handle: number): void {
    const at = this.parked.findIndex((parked) => parked.handle === handle);
    if (at >= 0) {
      const [gone] = this.parked.splice(at, 1);
      // [PARK-12]: it counts as answered; whatever comes again under its number is a copy.
      this.answered.add((gone as Parked).exchange, (gone as Parked).exchange);
    }
    const other = this.leftOver.findIndex((each) => each.handle === handle);
    if (other >= 0) this.leftOver.splice(other, 1);
  }

  // --- when to answer -------------------------------------------------------------------------

  /** Whether the oldest parked request should be answered now [PARK-1] [LITS-1] [LITS-2]. */
  private wantsToAnswer(nowMs: number): boolean {
    const oldest = this.parked[0];
    // [OPEN-5]: nothing is said before the verdict.
    if (oldest === undefined || this.state === "opening") return false;
    if (this.pauses !== undefined) return true; // [PARK-17]
    if (this.parked.length > this.parkedWanted || nowMs >= this.holdEndsAtMs) return true;
    const { literal } = this.options;
    if (literal === undefined) return this.isOpenedOwed || this.hasSomethingToSay(nowMs);
    const worth = literal.bundleMessages;
    return countSendable(this.sender, worth) >= worth || nowMs >= this.literalAnswerAtMs;
  }

  /** When the request that came first has been held for long enough [PARK-8]. */
  private get holdEndsAtMs(): number {
    // Not always the oldest: requests overtake each other.
    let firstMs = Infinity;
    for (const { arrivedAtMs } of this.parked) firstMs = Math.min(firstMs, arrivedAtMs);
    return firstMs + this.holdTimeMs;
  }

  /** Literal procedure: when less than a bundle is answered. */
  private get literalAnswerAtMs(): number {
    const delayMs = this.options.literal?.answerDelayMs;
    const oldest = this.parked[0];
    if (delayMs === undefined || oldest === undefined) return Infinity;
    return Math.max(oldest.arrivedAtMs, this.messagesSinceMs) + delayMs;
  }

  /** Notes since when messages wait; they are looked at when a tick ends. */
  private noteWaiting(nowMs: number): void {
    if (!this.sender.hasSomething) this.messagesSinceMs = Infinity;
    else this.messagesSinceMs = Math.min(this.messagesSinceMs, nowMs);
  }

  // --- driving --------------------------------------------------------------------------------

  protected override considerTimers(consider: (name: TimerName, atMs: number) => void): void {
    const { nowMs } = this;
    const hasAnswers = this.leftOver.length > 0 || this.isDone || this.wantsToAnswer(nowMs);
    const mustLook = this.messagesSinceMs === Infinity && this.sender.hasSomething;
    if (hasAnswers || mustLook || this.isCaughtWithout(nowMs)) consider("transmit", nowMs);
    if (this.state === "opening") return;
    const flight = this.oldestFlight;
    if (flight !== undefined) consider("resend", this.overdueAtMs(flight));
    if (this.parked.length === 0) return;
    consider("hold", this.holdEndsAtMs);
    if (this.options.literal !== undefined) {
      consider("delay", this.literalAnswerAtMs);
      return;
    }
    consider("ack-delay", this.receiver.ackOwedSinceMs + this.settings.ackDelayMs);
    consider("probe", this.probeDueMs);
  }

  protected override handleTimers(nowMs: number): void {
    const flight = this.oldestFlight;
    if (flight === undefined || nowMs < this.overdueAtMs(flight)) return;
    // [PARK-15] [LITS-5]
    if (this.options.literal === undefined) this.sender.resolve(flight.transmission);
    else resendAll(this.sender);
    this.noteOverdue(nowMs, flight);
  }

  protected override transmit(nowMs: number): void {
    if (this.isDone) {
      this.finish();
      return;
    }
    for (const { exchange, handle } of this.leftOver.splice(0)) {
      const answer = this.answerHead(exchange, 0);
      this.respond(handle, this.composeEmpty({ answer, ...this.opening, ...this.pause }));
    }
    this.noteWaiting(nowMs);
    while (this.wantsToAnswer(nowMs)) this.answerOldest(nowMs);
    this.noteWaiting(nowMs);
    this.noteStarvation(nowMs);
  }

  private answerOldest(nowMs: number): void {
    const oldest = this.parked.shift();
    assert(oldest !== undefined, "answer_without_parked");
    const { exchange, handle, arrivedAtMs } = oldest;
    this.answered.add(exchange, exchange);
    this.relax(nowMs);
    const answer = this.answerHead(exchange, nowMs - arrivedAtMs);
    const head = { answer, ...this.opening, ...this.pause };
    this.isOpenedOwed = false;
    // A bundle's worth at most in the literal procedure [LITS-3].
    this.respond(handle, this.compose(nowMs, head, exchange));
    this.answerTimes.set(exchange, nowMs);
  }

  private answerHead(exchange: number, heldMs: number): NonNullable<Body["answer"]> {
    return {
      exchange,
      heldMs: Math.round(heldMs),
      parkedWanted: this.parkedWanted,
      answered: this.answered.flat,
      parked: this.parked.map((parked) => parked.exchange),
    };
  }

  /** What makes the client join this session, until it has shown that it did [OPEN-7]. */
  private get opening(): Pick<Body, "opened" | "owner"> {
    if (!this.mustStateOpened || !this.isAdmitted) return {};
    return { opened: this.parameters, owner: ownerOf(this.generation) };
  }

  /** What is left of the pause; a new one where nothing is. */
  private get pause(): Pick<Body, "pauseMs"> {
    if (this.pauses === undefined) return {};
    if (this.nowMs >= this.pausedUntilMs) this.renewPause(this.pauses);
    return { pauseMs: Math.round(this.pausedUntilMs - this.nowMs) };
  }

  private renewPause(pauses: Pauses): void {
    this.pausedUntilMs = this.nowMs + pauses.next();
    // A client that stays away cannot say what arrived: nothing is overdue for that.
    this.resendBaseMs = this.pausedUntilMs;
  }

  private respond(handle: number, body: Uint8Array): void {
    this.transmissions.push({ kind: "respond", handle, body });
  }

  /** Whoever hears it may have joined another session under this name [OWN-1]. */
  protected override composeEmpty(head: Partial<Body>): Uint8Array {
    return super.composeEmpty({ owner: ownerOf(this.generation), ...head });
  }

  protected override get bodyOptions(): BodyOptions {
    return { direction: 1, checksum: "xxh32", sessionId: this.sessionId };
  }

  /** [PARK-8]: well within the client's own limit of silence, which may be shorter than ours. */
  private get holdTimeMs(): number {
    assert(this.peer !== undefined, "request_held_before_its_opening");
    return Math.min(this.options.holdTimeMs, this.peer.silenceLimitMs / 2);
  }

  protected override get silenceLimitMs(): number {
    return this.settings.silenceLimitMs;
  }

  /** This side speaks last, so it must hold everything too before it does [END-2]. */
  protected override get isDone(): boolean {
    return super.isDone && this.receiver.heldThrough >= this.receiver.finishSeq;
  }

  protected override get isPeerAdmitted(): boolean {
    return this.isAdmitted;
  }

  // --- parking --------------------------------------------------------------------------------

  /** Newest means highest number, not latest arrival [PARK-2]. */
  private park(exchange: number, handle: number): void {
    // [PARK-4]: what was answered or is over never parks.
    if (this.isOver(exchange) || this.answered.has(exchange)) {
      this.leftOver.push({ exchange, handle });
      return;
    }
    const twin = this.parked.find((parked) => parked.exchange === exchange);
    // [PARK-3]: of two copies the later one is likelier to have a living connection.
    if (twin !== undefined) {
      this.leftOver.push({ exchange, handle: twin.handle });
      twin.handle = handle;
      return;
    }
    const after = this.parked.findIndex((parked) => parked.exchange > exchange);
    const parked = { exchange, handle, arrivedAtMs: this.nowMs };
    this.parked.splice(after < 0 ? this.parked.length : after, 0, parked);
    this.isStarved = false;
    const isDrainedOpening = this.pauses !== undefined && this.state === "opening";
    if (isDrainedOpening || this.parked.length > this.options.requestsHeldMax) this.answerExcess();
  }

  /** More than any client keeps open: the oldest goes back empty [PARK-9]. */
  private answerExcess(): void {
    const oldest = this.parked.shift();
    assert(oldest !== undefined, "excess_of_none");
    this.answered.add(oldest.exchange, oldest.exchange);
    this.leftOver.push({ exchange: oldest.exchange, handle: oldest.handle });
  }

  /** What a request says about earlier exchanges: their answers arrived, or never will. */
  private notePrefix(request: NonNullable<Body["request"]>): void {
    const leftAtMs = this.answerTimes.get(request.lastAnswered);
    if (leftAtMs !== undefined) {
      this.roundTrip.sample(this.nowMs - leftAtMs - request.sinceMs);
      this.answerTimes.delete(request.lastAnswered);
    }
    this.overThrough = Math.max(this.overThrough, request.overThrough);
    const { over } = request;
    for (let at = 0; at < over.length; at += 2) {
      this.over.add(over[at] as number, over[at + 1] as number);
    }
    if (this.overThrough > 0) {
      this.over.remove(1, this.overThrough);
      this.answered.remove(1, this.overThrough);
    }
    this.releaseOver();
  }

  /** Whether the client is done with the exchange: it was answered there, or given up. */
  private isOver(exchange: number): boolean {
    return exchange <= this.overThrough || this.over.has(exchange);
  }

  private releaseOver(): void {
    for (const [transmission, flight] of this.sender.flights) {
      if (!this.isOver(transmission)) continue;
      // The acknowledgement in the same body tells an answer that arrived from one that failed.
      if (this.hasArrived(flight)) this.noteArrival(this.nowMs, flight);
      // Otherwise it failed on the way, perhaps for its size: the next are smaller [PARK-11].
      else this.noteOverdue(this.nowMs, flight);
      // [PARK-10]: what was not received is due again.
      this.sender.resolve(transmission);
    }
    for (const exchange of this.answerTimes.keys()) {
      if (this.isOver(exchange)) this.answerTimes.delete(exchange);
    }
    // [PARK-5]: the client has given these up; their connections may be dead, and are let go.
    for (let at = this.parked.length - 1; at >= 0; at--) {
      const { exchange, handle } = this.parked[at] as Parked;
      if (!this.isOver(exchange)) continue;
      this.parked.splice(at, 1);
      this.leftOver.push({ exchange, handle });
    }
  }

  private hasArrived(flight: Flight): boolean {
    for (let at = 0; at < flight.runs.length; at += 2) {
      const first = flight.runs[at] as number;
      if (this.sender.peerReceived.overlaps(first, flight.runs[at + 1] as number)) return true;
    }
    return false;
  }

  /** Something to say and nothing parked, which was not counted yet. */
  private isCaughtWithout(nowMs: number): boolean {
    if (this.parked.length > 0 || this.isStarved || !this.isAdmitted) return false;
    if (this.pauses !== undefined) return false;
    return this.options.literal === undefined && this.hasSomethingToSay(nowMs);
  }

  /** One request more is wanted [PARK-6]. */
  private noteStarvation(nowMs: number): void {
    if (!this.isCaughtWithout(nowMs)) return;
    this.isStarved = true;
    this.starvedAtMs = nowMs;
    assert(this.peer !== undefined, "caught_before_the_opening");
    // More than the client keeps parked would take the places of its carriers.
    const parkedMax = Math.min(this.options.parkedMax, this.peer.parkedMax);
    this.parkedWanted = Math.min(parkedMax, this.parkedWanted + 1);
  }

  /** A quiet time without that: one less [PARK-7]. */
  private relax(nowMs: number): void {
    if (this.options.literal !== undefined || this.parkedWanted === 1) return;
    if (nowMs - this.starvedAtMs < this.options.parkedQuietMs) return;
    this.parkedWanted--;
    this.starvedAtMs = nowMs;
  }

  /** A new life of the client has taken over: nothing of the old one is answered [INC-3]. */
  private beginIncarnation(incarnation: number): void {
    const superseded = incarnation;
    for (const { handle } of this.takeAll()) {
      this.respond(handle, this.composeEmpty({ superseded }));
    }
    this.incarnation = incarnation;
    for (const transmission of this.sender.flights.keys()) this.sender.resolve(transmission);
    this.answered.clear();
    this.answerTimes.clear();
    this.over.clear();
    this.overThrough = 0;
    // A client that goes on from a state older than the first answer has not heard it.
    this.mustStateOpened = true;
  }

  /** Every request that waits for an answer; none does afterwards. */
  private takeAll(): { exchange: number; handle: number }[] {
    const all = [...this.leftOver.splice(0), ...this.parked.splice(0)];
    return all.map(({ exchange, handle }) => ({ exchange, handle }));
  }

  // --- ending ---------------------------------------------------------------------------------

  /** Both ends are acknowledged: the last requests are answered, and the tombstone is left. */
  private finish(): void {
    this.concludeWith({ code: END_CODES.closed, reason: NOTHING });
    this.endClosed();
  }

  /** The client's last word: an abort. */
  private endByClient(ending: Ending): void {
    // A copy: the tombstone must not keep the request's whole body alive.
    this.concludeWith({ code: ending.code, reason: ending.reason.slice() });
    this.endByPeer(ending);
  }

  protected override fail(
    reason: EndReason,
    by: EndedOutput["by"],
    code: number,
    detail: string,
  ): void {
    this.concludeWith({ code, reason: reasonBytes(detail) });
    this.end(reason, by, code, detail);
  }

  protected override end(
    reason: EndReason,
    by: EndedOutput["by"],
    code: number,
    detail = "",
  ): void {
    if (this.lastWord === undefined) this.concludeWith({ code, reason: reasonBytes(detail) });
    super.end(reason, by, code, detail);
  }

  private concludeWith(ended: Ending): void {
    this.conclude(this.isAdmitted ? { ack: this.receiver.ack, ended } : { ended });
  }

  /** Answers all that waits with the last word, and keeps it for later requests [PARK-16]. */
  private conclude(lastWord: LastWord): void {
    this.lastWord = lastWord;
    for (const { exchange, handle } of this.takeAll()) {
      const answer = this.answerHead(exchange, 0);
      this.respond(handle, this.composeEmpty({ answer, ...lastWord }));
    }
  }
}

const NOTHING = new Uint8Array(0);

/**
 * What waits for a verdict must not keep more than it was granted: a view of one byte keeps the
 * whole body that brought it.
 */
function withOwnPayloads(body: Body): Body {
  const numbered = body.numbered.map((frame) => {
    if (frame.kind !== "messages") return frame;
    return { ...frame, payloads: frame.payloads.map((payload) => payload.slice()) };
  });
  return { ...body, numbered };
}
