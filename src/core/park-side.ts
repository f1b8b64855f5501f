/**
 * The park side of a session: the server of the poll link. It holds requests until it has
 * something to say, keeps as many parked as it expects to need, and takes the client's next
 * requests as evidence about its answers. spec 6.
 *
 * `Endpoint` finds the session for a request and checks its secret before `handleRequest`.
 * Handlers: `handleRequest`, `handleGone`, `handleTimeout`, and of pipes `handlePipe`,
 * `handleAnnounced`, `handleStream`, `handlePipeBody`, `handlePipeGone`. Commands: those of `Half`,
 * `accept`, `drain` and `abort`. Outputs of `poll()`: `respond`, `transmit`, `hang-up`, the
 * application's, and the timeout.
 *
 * Invariants: `parked` ascends by exchange, and holds no exchange that is in `answered` or over;
 * every handle that came in goes out in exactly one `respond`, or was gone; before the verdict
 * nothing is delivered and nothing acknowledged, however the session goes on.
 */
import type { Address, Body, Ending, Hearing, PipeState } from "./body.ts";
import type { BodyOptions } from "./body-writer.ts";
import { assert, ProtocolError, UsageError } from "./errors.ts";
import { checkParameters, END_CODES, type Head, ownerOf } from "./half.ts";
import { LazyMap } from "./lazy-map.ts";
import { EXCHANGE_SPAN_MAX, INITIAL_GRANT, PIPE_DUMMY_MS_MIN } from "./limits.ts";
import type { ParkOptions } from "./options.ts";
import { countSendable, resendAll } from "./literal.ts";
import type { EndedOutput, EndReason, RespondOutput, TimerName } from "./outputs.ts";
import type { Pauses } from "./pauses.ts";
import { Pipe } from "./pipe.ts";
import { PipedHalf } from "./piped-half.ts";
import { Ranges } from "./ranges.ts";
import { reasonBytes } from "./reason.ts";
import { namedOptions } from "./stream-name.ts";

/** A request that is held. */
interface Parked {
  readonly exchange: number;
  handle: number;
  readonly arrivedAtMs: number;
}

/** A request that is answered without a bundle. */
interface LeftOver {
  readonly exchange: number;
  readonly handle: number;
  /** The link that it names, for which it is not held. */
  readonly link?: number;
}

/** What a session leaves behind for requests that come after its end; spec 7.5. */
export type LastWord = Pick<Body, "refused"> | Pick<Body, "ack" | "ended">;

/**
 * The server's half of a session. Its endpoint drives it: an application sends, opens channels,
 * closes and aborts here, and then calls `endpoint.touch(session)`.
 */
export class ParkSide extends PipedHalf<RespondOutput> {
  /** @internal Requests that wait for an answer, the oldest first. */
  parked: Parked[] = [];
  /** Requests that get an answer without a bundle in the next tick: copies and late ones. */
  private readonly leftOver: LeftOver[] = [];
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
  private readonly answerTimes: LazyMap<number, number> = new LazyMap();
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
  /** The newest link of this life of the client. */
  private lastLink = 0;
  /** Requests from this exchange on say anew by which link the client hears. */
  private hearingFrom = 0;
  /** The stream that the client may ask for, or its next pipe. */
  private offered: Body["offer"] = undefined;
  /** It has come since something was answered: its client waits to hear that it came. */
  private isOfferOwed = false;
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
    return this.parked.length > 0 || this.speaking !== undefined;
  }

  /** @internal The ticket of the pipe that the client has offered to take; undefined: none. */
  get ticket(): Uint8Array | undefined {
    return this.offered?.ticket;
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
    this.leavePipes({ pauseMs });
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
  handleRequest(
    nowMs: number,
    handle: number,
    { incarnation, link }: Pick<Address, "incarnation" | "link">,
    body: Body,
  ): void {
    this.advance(nowMs);
    assert(this.state !== "ended", "request_after_end");
    const isNewer = incarnation !== this.incarnation;
    // [INC-2]: a life that does not go on from the present one changes nothing and is told.
    if (isNewer && !this.isHeir(body)) {
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
    this.applyBeside(body, () => this.notePrefix(request));
    this.noteNamed(link, request.exchange);
    if (body.offer !== undefined) {
      // Said again it is news as well: the answer that told of it may be lost [PIPE-2].
      if (this.noteOffer(body.offer)) this.isOfferOwed = true;
    }
    this.park(request.exchange, handle, link);
    if (body.open !== undefined) this.isOpenedOwed = this.mustStateOpened;
    if (body.ended !== undefined) this.endByClient(body.ended);
  }

  /** What does not depend on the link that brought it. */
  private applyBeside(body: Body, noteExchanges: () => void): void {
    if (body.open !== undefined) this.learn(body.open);
    else this.mustStateOpened = false;
    this.hearAck(body.ack);
    noteExchanges();
    this.hear(this.nowMs, this.isAdmitted ? body : withOwnPayloads(body));
    // [OPEN-6]: what a client may send before it is known who it is.
    if (!this.isAdmitted && this.receiver.bytesReceived > INITIAL_GRANT.bytes) {
      throw new ProtocolError("window_exceeded");
    }
  }

  /** Whether a body is of a life that goes on from the present one [INC-2]. */
  private isHeir(body: Body): boolean {
    return body.succeeds?.includes(this.incarnation) === true;
  }

  /**
   * The first body of a pipe that goes both ways; the secret was right.
   *
   * @throws ProtocolError, as `handleRequest`.
   * @internal
   */
  handlePipe(
    nowMs: number,
    handle: number,
    { incarnation, link }: Pick<Address, "incarnation" | "link">,
    body: Body,
  ): void {
    this.advance(nowMs);
    assert(this.state !== "ended", "pipe_after_end");
    const isNewer = incarnation !== this.incarnation;
    if (isNewer && !this.isHeir(body)) {
      this.sayLastOn(handle, { superseded: this.incarnation });
      return;
    }
    if (body.open !== undefined) checkParameters(body.open);
    this.check(body);
    if (isNewer) this.beginIncarnation(incarnation);
    this.applyBeside(body, NO_EXCHANGES);
    this.beginPipe(handle, link, true)?.noteHeard(this.nowMs);
    if (body.ended !== undefined) this.endByClient(body.ended);
  }

  /** Somebody has shown the ticket of a stream, or it is the name of one. @internal */
  handleStream(nowMs: number, handle: number, name?: Uint8Array): void {
    this.advance(nowMs);
    const link = this.takeOffered();
    // Who shows a ticket knows that it came.
    if (name === undefined) this.isOfferOwed = false;
    this.beginPipe(handle, link, false, name);
  }

  /**
   * Somebody has shown the ticket of the next pipe that goes both ways: it is greeted, spoken on
   * where [PIPE-3] lets it, and until its first body has come it changes nothing [PIPE-14].
   *
   * @internal
   */
  handleAnnounced(nowMs: number, handle: number): void {
    this.advance(nowMs);
    const pipe = this.beginPipe(handle, this.takeOffered(), true);
    if (pipe !== undefined) pipe.isUnproved = true;
  }

  /** The link of the ticket, which is good for once. */
  private takeOffered(): number {
    assert(this.state !== "ended" && this.offered !== undefined, "ticket_of_nobody");
    const { link } = this.offered;
    this.offered = undefined;
    return link;
  }

  /**
   * A further body on a pipe.
   *
   * @throws ProtocolError; the endpoint then ends the session.
   * @internal
   */
  handlePipeBody(nowMs: number, pipe: Pipe, body: Body): void {
    this.advance(nowMs);
    this.check(body);
    pipe.noteHeard(this.nowMs);
    pipe.isUnproved = false;
    this.applyBeside(body, NO_EXCHANGES);
    if (body.offer !== undefined) this.noteOffer(body.offer);
    if (body.hearing !== undefined) {
      this.noteJoined(body.hearing);
      pipe.isAsked = true;
    }
    if (body.ended !== undefined) this.endByClient(body.ended);
  }

  /** The connection of a pipe has ended. @internal */
  handlePipeGone(nowMs: number, pipe: Pipe): void {
    this.advance(nowMs);
    this.forgetPipe(pipe, "closed");
  }

  /** @internal The peer broke the protocol: the session ends, and whatever is open hears it [END-8]. */
  violated(nowMs: number, code: ProtocolError["code"]): void {
    this.advance(nowMs);
    this.fail("protocol", "local", END_CODES.protocol, code);
  }

  /** @internal The last word, to a request or to a pipe that the session did not take. */
  sayLast(by: "respond" | "transmit", handle: number): void {
    const content = { ...this.lastWord };
    if (by === "respond") this.respond(handle, this.composeEmpty(content));
    else this.sayLastOn(handle, content);
  }

  /** What carries a pipe grows old: its client is asked for another one [PIPE-9]. @internal */
  retirePipe(nowMs: number, pipe: Pipe): void {
    this.advance(nowMs);
    pipe.isEnding = true;
  }

  /** What came on a pipe was damaged. @internal */
  breakPipe(nowMs: number, pipe: Pipe): void {
    this.advance(nowMs);
    this.bodiesUnreadable++;
    this.dropPipe(pipe, "unreadable");
  }

  /** Who has begun it by a ticket could not say whose it is [PIPE-14]. @internal */
  refusePipe(nowMs: number, pipe: Pipe): void {
    this.advance(nowMs);
    this.dropPipe(pipe, "unproved");
  }

  /** @internal The session's identifier, which seeds the checksums of pipes. */
  get name(): Uint8Array {
    return this.sessionId;
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
    if (this.joined !== 0) return true; // [PIPE-4]
    if (this.isOfferOwed) return true; // [PIPE-2]
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
    if (this.state !== "opening") this.considerPipes(consider);
    const hasAnswers = this.leftOver.length > 0 || this.isDone || this.wantsToAnswer(nowMs);
    const mustLook = this.messagesSinceMs === Infinity && this.sender.hasSomething;
    if (this.pauses !== undefined && this.pipes.size > 0) consider("transmit", nowMs);
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
    consider("ack-delay", this.ackDueAtMs);
    consider("probe", this.probeDueMs);
  }

  protected override handleTimers(nowMs: number): void {
    this.handlePipeTimers(nowMs);
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
    if (this.state !== "opening") this.sayOnPipes(nowMs);
    if (this.pauses !== undefined) this.leavePipes(this.pause);
    for (const { exchange, handle, link = 0 } of this.leftOver.splice(0)) {
      const answer = this.answerHead(exchange, 0);
      const head = { answer, ...this.opening, ...this.pause };
      const body = link === 0 ? this.composeEmpty(head) : this.composeTold(nowMs, exchange, head);
      this.respond(handle, body);
    }
    this.noteWaiting(nowMs);
    while (this.wantsToAnswer(nowMs)) this.answerOldest(nowMs);
    // [PIPE-4]: every request was answered.
    if (this.joined !== 0) this.isOfferOwed = false;
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
    this.isOfferOwed = false;
    // [PIPE-4]; a bundle's worth at most in the literal procedure [LITS-3].
    const isHeard = this.joined === 0;
    const body = isHeard ? this.compose(nowMs, head, exchange) : this.composeEmpty(head);
    this.respond(handle, body);
    this.answerTimes.set(exchange, nowMs);
  }

  /**
   * To a request that names a pipe: which one is held, and what was received; where none is, what
   * waits for its client has no other way [PIPE-4].
   */
  private composeTold(nowMs: number, exchange: number, head: Head): Uint8Array {
    const pipe = this.stateOf(this.joinedPipe);
    // [OPEN-5]
    if (!this.isAdmitted) return this.composeEmpty({ ...head, pipe });
    const told = { owner: ownerOf(this.generation), ...head, pipe };
    const room = this.joinedPipe === undefined ? this.bodyBytesLimit : 0;
    return this.compose(nowMs, told, exchange, this.bodyOptions, room);
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
  protected override composeEmpty(
    head: Partial<Body>,
    options: BodyOptions = this.bodyOptions,
  ): Uint8Array {
    return super.composeEmpty({ owner: ownerOf(this.generation), ...head }, options);
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

  // --- pipes ----------------------------------------------------------------------------------

  /** Before a request has come an unjoined pipe is better than none [PIPE-3]. */
  protected override get speaking(): Pipe | undefined {
    if (!this.isAdmitted) return undefined;
    return this.joinedPipe ?? (this.isWithoutRequests ? this.newestPipe : undefined);
  }

  /** As far as is known no request has left in this life of the client: what is said of 1 is none. */
  private get isWithoutRequests(): boolean {
    return this.hearingFrom <= 1;
  }

  protected override pipeHead(pipe: Pipe): Head {
    const isGreeting = pipe.bodiesSent === 0;
    const owner = isGreeting ? ownerOf(this.generation) : undefined;
    const isProof = this.nowMs >= this.proofAtMs(pipe);
    if (isProof) pipe.isProved = true;
    const isEnd = this.nowMs >= this.endDueAtMs(pipe);
    if (isEnd) pipe.isEnding = pipe.isEndingSaid = true;
    const isTold = isGreeting || isProof || isEnd || pipe.isAsked;
    // [PIPE-3]: a client whose word was not taken is better off without the pipe.
    const isRefused = pipe.isAsked && pipe.link !== this.joined;
    const state = isTold ? this.stateOf(isRefused ? undefined : pipe, 1) : undefined;
    pipe.isAsked = false;
    return { owner, ...this.opening, pipe: state };
  }

  /** When its client is to hear that it grows old [PIPE-9]; what proves a stream comes first. */
  private endDueAtMs(pipe: Pipe): number {
    if (pipe.isEndingSaid || pipe.bodiesSent === 0) return Infinity;
    if (this.proofAtMs(pipe) !== Infinity) return Infinity;
    const { pipeAgeMaxMs, pipeBytesSentMax } = this.options;
    if (pipe.isEnding || pipe.bytesSent >= pipeBytesSentMax) return this.nowMs;
    return pipe.firstSpokenAtMs + pipeAgeMaxMs;
  }

  /** When a stream shows that nobody holds it back [PIPE-5]. */
  private proofAtMs(pipe: Pipe): number {
    if (pipe.isDuplex || pipe.isProved || pipe.bodiesSent === 0) return Infinity;
    return pipe.firstSpokenAtMs + this.options.pipeProofMs;
  }

  protected override pipeOptions(pipe: Pipe): BodyOptions {
    return this.optionsOf(pipe);
  }

  /** How bodies are written on a pipe, or on what might have become one [PIPE-13]. */
  private optionsOf({ name, link }: Pick<Pipe, "name" | "link">): BodyOptions {
    if (name === undefined) return this.bodyOptions;
    return namedOptions(name, { incarnation: this.incarnation, link });
  }

  protected override pipeDueAtMs(pipe: Pipe): number {
    if (pipe.bodiesSent === 0 || pipe.isAsked) return this.nowMs;
    const proofAtMs = this.proofAtMs(pipe);
    return Math.min(proofAtMs, this.endDueAtMs(pipe), this.dummyDueAtMs(pipe));
  }

  protected override get dummyMs(): number {
    return this.pipeSilenceMs;
  }

  /** [PIPE-10]: well within the client's own limit of silence, which may be shorter than ours. */
  private get pipeSilenceMs(): number {
    assert(this.peer !== undefined, "pipe_before_its_opening");
    const byPeerMs = Math.max(PIPE_DUMMY_MS_MIN, Math.floor(this.peer.silenceLimitMs / 2));
    return Math.min(this.options.pipeSilenceMs, byPeerMs);
  }

  /** The client speaks once in a hold time, which the limit of silence sees to. */
  protected override pipeSilentAtMs(): number {
    return Infinity;
  }

  /** What is told of a pipe, in its next body too. */
  private stateOf(pipe: Pipe | undefined, next = 0): PipeState {
    const silenceMs = this.pipeSilenceMs;
    if (pipe === undefined) return { link: 0, bodies: 0, ageMs: 0, silenceMs, isEnding: false };
    const { link, bodiesSent, firstSpokenAtMs, isEnding } = pipe;
    const ageMs = bodiesSent === 0 ? 0 : Math.round(this.nowMs - firstSpokenAtMs);
    return { link, bodies: bodiesSent + next, ageMs, silenceMs, isEnding };
  }

  /** A link's number is used once, and newer ones are higher [PIPE-1]. */
  private beginPipe(
    handle: number,
    link: number,
    isDuplex: boolean,
    name?: Uint8Array,
  ): Pipe | undefined {
    // The literal procedure has pipes only where it streams [LITB-1].
    const { literal } = this.options;
    const isLiteral = literal !== undefined && (isDuplex || !literal.streaming);
    const isLeft = this.pauses !== undefined && !this.isWithoutRequests; // [PIPE-12]
    const isRefused = isLeft || isLiteral;
    if (link <= this.lastLink || isRefused) {
      const content = { pipe: this.stateOf(undefined), ...this.pause };
      this.sayLastOn(handle, content, this.optionsOf({ name, link }));
      return undefined;
    }
    const pipe = new Pipe(this.nowMs, link, handle, isDuplex);
    pipe.name = name;
    this.lastLink = link;
    this.addPipe(pipe);
    return pipe;
  }

  /** Says something on every pipe, and closes it behind that. */
  private leavePipes(content: Partial<Body>): void {
    for (const pipe of this.pipes.values()) {
      this.tellOnPipe(pipe, content);
      this.dropPipe(pipe, "paused");
    }
  }

  /** The only word on a pipe that is none of the session's. */
  private sayLastOn(
    handle: number,
    content: Partial<Body>,
    options: BodyOptions = this.bodyOptions,
  ): void {
    this.transmissions.push({
      kind: "transmit",
      handle,
      body: this.composeEmpty(content, options),
    });
    this.transmissions.push({ kind: "hang-up", handle });
  }

  /** Returns whether it is the last one. */
  private noteOffer(offer: NonNullable<Body["offer"]>): boolean {
    const newest = Math.max(this.lastLink, this.offered?.link ?? 0);
    // Requests overtake each other: the highest link is that of the last offer.
    if (offer.link < newest) return false;
    // A copy: it must not keep the whole body alive.
    if (offer.link > newest) this.offered = { link: offer.link, ticket: offer.ticket.slice() };
    return true;
  }

  /** By which link the client hears, as a request says; older ones say nothing [PIPE-4]. */
  private noteNamed(link: number, exchange: number): void {
    if (exchange < this.hearingFrom) return;
    this.hearingFrom = exchange + 1;
    if (link !== this.joined) this.hearBy(link);
  }

  /** The same, said on a pipe: only ever for a newer one [PIPE-3]. */
  private noteJoined({ link, fromExchange }: Hearing): void {
    if (fromExchange < this.hearingFrom || link <= this.joined) return;
    this.hearingFrom = fromExchange;
    this.hearBy(link);
  }

  private hearBy(link: number): void {
    const left = this.joinedPipe;
    if (left !== undefined) this.dropPipe(left, "replaced");
    if (!this.pipes.has(link)) return;
    this.joined = link;
    assert(this.pipes.size === 1, "joined_beside_another"); // [PIPE-9]
  }

  // --- parking --------------------------------------------------------------------------------

  /** Newest means highest number, not latest arrival [PARK-2]. */
  private park(exchange: number, handle: number, link: number): void {
    // [PARK-4]: what was answered or is over never parks.
    if (this.isOver(exchange) || this.answered.has(exchange)) {
      this.leftOver.push({ exchange, handle });
      return;
    }
    const at = this.parked.findIndex((parked) => parked.exchange === exchange);
    const twin = this.parked[at];
    // [PARK-3]: of two copies the later one is likelier to have a living connection.
    if (twin !== undefined) this.leftOver.push({ exchange, handle: twin.handle });
    // [PIPE-4]: it says that it waits for nothing.
    if (link !== 0) {
      if (twin !== undefined) this.parked.splice(at, 1);
      this.answered.add(exchange, exchange);
      this.answerTimes.set(exchange, this.nowMs);
      this.leftOver.push({ exchange, handle, link });
      return;
    }
    if (twin !== undefined) {
      twin.handle = handle;
      return;
    }
    const after = this.parked.findIndex((parked) => parked.exchange > exchange);
    const parked = { exchange, handle, arrivedAtMs: this.nowMs };
    // Not in place: an array that grows takes room for many, and is that of most sessions.
    this.parked = this.parked.toSpliced(after < 0 ? this.parked.length : after, 0, parked);
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
      if (transmission < 0 || !this.isOver(transmission)) continue;
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

  /** Something to say and nothing parked, which was not counted yet. */
  private isCaughtWithout(nowMs: number): boolean {
    if (this.parked.length > 0 || this.isStarved || !this.isAdmitted) return false;
    if (this.speaking !== undefined) return false;
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
    for (const pipe of this.pipes.values()) {
      this.tellOnPipe(pipe, { superseded });
      this.dropPipe(pipe, "ended");
    }
    this.lastLink = 0;
    this.hearingFrom = 0;
    this.offered = undefined;
    this.isOfferOwed = false;
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
    for (const pipe of this.pipes.values()) this.tellOnPipe(pipe, lastWord);
  }
}

const NOTHING = new Uint8Array(0);

/** A pipe says nothing about exchanges. */
function NO_EXCHANGES(): void {}

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
