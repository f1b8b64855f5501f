/**
 * The request side of a session: the client of the poll link. It keeps requests parked at the
 * server, lets messages leave at once while a carrier's slot is free, and takes answers, failures
 * and silence as evidence. spec 5.
 *
 * Handlers: `handleAnswer`, `handleFailure`, `handleWake`, `handleTimeout`, and of pipes
 * `handlePipeBody`, `handlePipeClosed`, `handlePipeFailed`. Commands: those of `Half`, `save`,
 * `flush`, `abort`, `renewParked`, `setTurn`, `openPipe`, `announcePipe`, `offerPipe`,
 * `takeStream`. Outputs of `poll()`: `request`, `abort`, `transmit`, `hang-up`, the application's,
 * and the timeout.
 */
import { readAnswer, readPiped, refusesVersion } from "./answer-reader.ts";
import { Backoff } from "./backoff.ts";
import type { Address, AnswerPrefix, Body, Offer, PipeState } from "./body.ts";
import type { BodyOptions } from "./body-writer.ts";
import { ChannelReceiver } from "./channel-receiver.ts";
import { ChannelSender } from "./channel-sender.ts";
import { Deque } from "./deque.ts";
import {
  assert,
  checkClock,
  isDamage,
  protocolCode,
  type ProtocolErrorCode,
  UsageError,
} from "./errors.ts";
import { Exchanges } from "./exchanges.ts";
import { type ChannelOptions, END_CODES, type Head, isOfOther, ownerOf } from "./half.ts";
import { GivingUp } from "./giving-up.ts";
import { InFlight } from "./in-flight.ts";
import { LazyMap } from "./lazy-map.ts";
import { LazySet } from "./lazy-set.ts";
import {
  EXCHANGE_SPAN_MAX,
  FLUSH_BYTES_MIN,
  INCARNATION_STEP_MAX,
  INITIAL_GRANT,
  NONCE_BYTES,
  PIPE_DUMMY_MS_MIN,
  PREDECESSORS_MAX,
  PROOF_BYTES_MAX,
  SAVE_PAUSE_MS,
  STREAM_ACK_BYTES,
  TICKET_BYTES,
  UNANSWERED_DOUBTED,
  UNHELD_LINK,
  UNIT_BYTES_MAX,
  WAKE_INTERVAL_MS,
} from "./limits.ts";
import {
  checkNames,
  checkRequestOptions,
  type RequestOptions,
  type RequestUse,
  within,
} from "./options.ts";
import { REQUEST_DEFAULTS } from "./limits.ts";
import type { EndedOutput, EndReason, PipeEnd, RequestOutput, TimerName } from "./outputs.ts";
import { PartStore } from "./part-store.ts";
import { Pipe } from "./pipe.ts";
import { PipeSearch } from "./pipe-search.ts";
import { PipedHalf } from "./piped-half.ts";
import { PayloadQueue, PayloadStore } from "./payload-queue.ts";
import { jitter, seedFrom } from "./random.ts";
import { Ranges } from "./ranges.ts";
import { ReceiveWindows } from "./receive-windows.ts";
import { reasonBytes, reasonText } from "./reason.ts";
import { Receiver } from "./receiver.ts";
import { RoundTrip } from "./rtt.ts";
import { SendRing } from "./send-ring.ts";
import { Sender } from "./sender.ts";
import { StreamOffer } from "./stream-offer.ts";
import {
  type Classes,
  restoreSnapshot,
  type Snapshot,
  STATE_FORMAT,
  takeSnapshot,
} from "./snapshot.ts";
import { Turns } from "./turns.ts";
import { WIDE } from "./wide.ts";

/** What makes a session the client's own, from a CSPRNG and never used twice [OPEN-1]. */
export interface Credentials {
  /** 16 bytes: the session's identifier. */
  readonly nonce: Uint8Array;
  /** 16 to 64 bytes that only client and server know; sent in bodies, never in a URL. */
  readonly secret: Uint8Array;
}

/** Why a request to be sent is to be sent; for charts and tests. */
export type SendReason = "park" | "say" | "bundle" | "answered" | "resend" | "first";

/**
 * Makes a proof for the address of a pipe's first body, out of what is proved; an adapter that has
 * one gives its server a `Claim`. While the session is being opened, `isOpening`, the server does not
 * know the secret, and has to learn it from the proof.
 */
export type Prove = (what: {
  readonly sessionId: Uint8Array;
  readonly secret: Uint8Array;
  readonly isOpening: boolean;
}) => Uint8Array;

/** What is known of a failure. */
export interface FailureKind {
  /** An intermediary refused the size (413). */
  readonly tooLarge?: boolean | undefined;
  /** Nothing of the request has left this host: its connection was refused, or there was none. */
  readonly notSent?: boolean | undefined;
}

/**
 * The client's half of a session, and all of its client's core.
 *
 * Readers: plain properties. Commands: `send`, `openChannel`, `close`, `abort`, `save`, `flush`,
 * `renewParked`, `setTurn`, `openPipe`, `announcePipe`, `offerPipe`, `takeStream`. Handlers:
 * `handleAnswer`, `handleFailure`, `handleTimeout`, `handleWake`, `handlePipeBody`,
 * `handlePipeClosed`, `handlePipeFailed`. After each command or handler, drain `poll()`.
 */
export class RequestSide extends PipedHalf<RequestOutput> {
  /** @internal The requests that are out. */
  readonly exchanges: Exchanges = new Exchanges();
  /** What the server wishes to find parked, as the highest exchange said. */
  parkedWanted = 1;
  private parkedWantedFrom = 0;
  protected readonly options: RequestOptions;
  private readonly secret: Uint8Array;
  /** Of the session that this client has joined, as the server drew it; 0 before, or for none. */
  private generation = 0;
  /** Exchanges up to this one carried the opening. */
  private openingsThrough = 0;
  /** This life's number; those before it that the server may still have; its first exchange. */
  private incarnation = 1;
  private predecessors: number[] = [];
  private firstOfLife = 1;
  /** Exchanges of the life before, whose connections are still to be let go. */
  private abandoned: number[] = [];
  /** After `save()` nothing leaves before [INC-4]. */
  private savedUntilMs: number;
  /** The answer that came last, and when. */
  private lastAnswered = 0;
  private lastAnsweredAtMs = 0;
  /** When a request left last. */
  protected lastRequestAtMs: number;
  /** Payload bytes that had come then. */
  private bytesTold: number = WIDE;
  /** After failures no request leaves before; and those up to this exchange are counted. */
  private readonly retry: Backoff;
  private failuresCountedTo = 0;
  private unansweredInRow = 0;
  /** When the server first said that it does not know the session; Infinity while it does. */
  private doubtedSinceMs: number = Infinity;
  /** When a wake takes effect, Infinity for none; and when one did last. */
  private wakeAtMs: number = Infinity;
  private wokenAtMs: number = -Infinity;
  private random: number;
  /** The newest link; and the newest of the lives before in this place. */
  private lastLink = 0;
  private linksBefore = 0;
  /** A stream that the server is asked for. */
  private readonly offer: StreamOffer = new StreamOffer();
  /** The next pipe both ways, and whether the server was told of it [PIPE-14]. */
  private announced: { readonly offer: Offer; isSaid: boolean } | undefined = undefined;
  /** The server knows by which pipe this side hears. */
  private isJoinKnown = true;
  /** What requests are for. */
  private requests: RequestUse;
  /** Whether requests may be held now, where clients take turns; "over": the server is to hear it. */
  private turn: "mine" | "over" | "others" = "others";
  /** For the next pipe, where there are no requests, or none that bring anything down. */
  private readonly search: PipeSearch;

  /** @throws UsageError `option_invalid`, `option_unknown`, `clock_invalid`. */
  constructor(nowMs: number, credentials: Credentials, options: Partial<RequestOptions> = {}) {
    checkNames(options, REQUEST_DEFAULTS);
    const full: RequestOptions = { ...REQUEST_DEFAULTS, ...options };
    checkRequestOptions(full);
    if (full.literal !== undefined && new.target === RequestSide) {
      throw new UsageError("option_invalid", "literal belongs to LiteralRequestSide");
    }
    if (full.literal !== undefined && full.requests !== "parked") {
      throw new UsageError("option_invalid", "requests: the literal procedure knows no pipes");
    }
    within(credentials.nonce.length, NONCE_BYTES, NONCE_BYTES, "nonce.length");
    within(credentials.secret.length, NONCE_BYTES, PROOF_BYTES_MAX, "secret.length");
    super("request", nowMs, credentials.nonce.slice(), full);
    this.options = full;
    this.bytesTold = 0;
    this.secret = credentials.secret.slice();
    this.requests = full.requests;
    const { reconnectDelayMinMs, reconnectDelayMaxMs } = full;
    this.retry = new Backoff(nowMs, reconnectDelayMinMs, reconnectDelayMaxMs);
    this.search = new PipeSearch(new Backoff(nowMs, reconnectDelayMinMs, reconnectDelayMaxMs));
    this.savedUntilMs = nowMs;
    this.lastRequestAtMs = nowMs;
    this.random = seedFrom(credentials.nonce);
    this.beginLinks();
    // [OPEN-6]: what every server grants before it has answered.
    if (!full.earlyMessages) return;
    const { messages, bytes } = INITIAL_GRANT;
    this.sender.handleWindow({ seqMax: messages, bytesMax: bytes });
    const channelZero = { channel: 0, unitsMax: messages, bytesMax: UNIT_BYTES_MAX };
    this.sender.handleChannelWindow(channelZero);
  }

  // --- readers --------------------------------------------------------------------------------

  /** Requests in a row that brought no answer. */
  get requestsUnanswered(): number {
    return this.unansweredInRow;
  }

  /** The server has said that it does not know the session, and nothing else since. */
  get isDoubted(): boolean {
    return this.doubtedSinceMs !== Infinity;
  }

  /**
   * No request leaves before, nor should a pipe be opened: for failures [RETRY-1], because the
   * server said so [RETRY-3], or because the state was saved [INC-4].
   */
  get notBeforeMs(): number {
    return Math.max(this.retry.notBeforeMs, this.pausedUntilMs, this.savedUntilMs);
  }

  /** The link of the pipe that was announced, once the server was told; undefined: there is none. */
  get announcedLink(): number | undefined {
    return this.announced?.isSaid === true ? this.announced.offer.link : undefined;
  }

  // --- commands -------------------------------------------------------------------------------

  /**
   * As on every half. Without `earlyMessages` nothing is known of what the server allows before
   * its first answer, so no channel can be opened until `opened`.
   */
  override openChannel(nowMs: number, label: Uint8Array, options: ChannelOptions = {}): number {
    const isGranted = this.peer !== undefined || this.options.earlyMessages;
    if (!isGranted && this.state !== "ended") throw new UsageError("channel_limit");
    return super.openChannel(nowMs, label, options);
  }

  /** Ends the session at once; a last request tells the server, if it still can. */
  abort(nowMs: number, code: number = END_CODES.application, reason = ""): void {
    this.advance(nowMs);
    if (this.state === "ended") throw new UsageError("session_closed");
    this.fail("aborted", "local", code, reason);
  }

  /**
   * The host may end before another tick: all that is not acknowledged leaves at once, once more and
   * beside whatever is out, as far as it fits into the bytes given [SAY-11]. A doubled one is
   * harmless. Nothing leaves while the server wants a pause, or where the state was saved: what is
   * resumed from it has the messages too.
   *
   * @param bytesMax what all the requests may have together that the host still carries.
   * @param lasting exchanges that the host carries even after its end: what is on them stays there.
   * @throws UsageError `clock_invalid`, `state_invalid` for the literal procedure.
   */
  flush(nowMs: number, bytesMax: number, lasting: ReadonlySet<number> = new Set()): void {
    this.advance(nowMs);
    if (this.options.literal !== undefined) throw new UsageError("state_invalid", "literal");
    const quietUntilMs = Math.max(this.pausedUntilMs, this.savedUntilMs);
    if (this.state === "ended" || this.requests === "none" || nowMs < quietUntilMs) return;
    for (const transmission of this.sender.flights.keys()) {
      if (!lasting.has(transmission)) this.sender.resolve(transmission);
    }
    const { bodyBytesLimit, joined } = this;
    // Nobody waits for its answer: it names a link that is never opened, so that none is held.
    const isHeld = this.namedLink === 0 && this.peer !== undefined;
    if (isHeld && this.sender.hasSomething) this.joined = ++this.lastLink;
    // Not by the size that has proved itself: there is no later.
    this.bodyBytesLimit = this.bodyBytesCeiling;
    let room = bytesMax;
    while (room >= FLUSH_BYTES_MIN && this.sender.hasSomething) {
      const number = this.exchanges.next;
      this.sendRequest(nowMs, room, true);
      // What was left to send may have outlived its time.
      room -= this.sender.flights.get(number)?.bytes ?? room;
    }
    this.bodyBytesLimit = bodyBytesLimit;
    this.joined = joined;
  }

  /**
   * One request more than is needed leaves at once: the server, which then holds one more than it
   * wants, answers its oldest [SAY-12]. For whoever knows that requests are cut on the way when they
   * are held for longer. One at a time leaves, and none where nothing is parked, or may leave.
   *
   * @returns whether it left.
   * @throws UsageError `clock_invalid`.
   */
  renewParked(nowMs: number): boolean {
    this.advance(nowMs);
    const isParking = this.state !== "ended" && this.peer !== undefined && this.joined === 0;
    if (!isParking || this.requests === "none" || nowMs < this.notBeforeMs) return false;
    if (this.options.literal !== undefined) return false;
    const { open, countLive } = this.exchanges;
    if (countLive > this.parkedWanted || open.size >= this.slots) return false;
    this.sendRequest(nowMs);
    return true;
  }

  /**
   * Where clients take turns: it is this one's, or not any more. Then what the server holds is not
   * waited for: a request tells it so, and it answers all that it holds [SAY-13].
   *
   * @throws UsageError `clock_invalid`, `state_invalid` where `requests` is not "turns".
   */
  setTurn(nowMs: number, isMine: boolean): void {
    this.advance(nowMs);
    if (this.requests !== "turns") throw new UsageError("state_invalid", "requests");
    if (isMine === (this.turn === "mine")) return;
    this.turn = isMine ? "mine" : "others";
    // The opening waits for its verdict.
    if (!isMine && this.peer !== undefined) this.leaveHeld();
  }

  /** What the server holds is not waited for, and is to be answered. */
  private leaveHeld(): void {
    for (const { number, link } of this.exchanges.open.values()) {
      if (link !== 0) continue;
      this.giveUpExchange(number);
      this.turn = "over";
    }
  }

  /**
   * The state as plain data, to be resumed elsewhere or after a reload; spec 7.4. This object says
   * nothing for `SAVE_PAUSE_MS`, or until `handleWake`, and then goes on as a life of its own: it
   * and whatever is resumed from the state are equals, and the one that the server hears first has
   * the session. Saved again within that time, it says nothing for as long again.
   *
   * @throws UsageError `session_closed`, `clock_invalid`, `state_invalid` before `poll()` is
   *   drained.
   */
  save(nowMs: number): Snapshot {
    this.advance(nowMs);
    if (this.state === "ended") throw new UsageError("session_closed");
    if (this.hasToSay) throw new UsageError("state_invalid", "poll is not drained");
    this.sender.noteShared();
    const saved = takeSnapshot(this, [this.constructor, ...STATE_CLASSES]);
    // [INC-4]: what it says from now on is not in the state. Before it spoke nobody knows it.
    if (this.hasSpoken) {
      this.random = jitter(this.random);
      this.abandoned.push(...this.exchanges.open.keys());
      this.beginLife(this.random);
    }
    this.savedUntilMs = this.nowMs + SAVE_PAUSE_MS;
    this.wakeAtMs = Infinity;
    return saved;
  }

  /**
   * Goes on from a saved state as a new life: with a higher incarnation, by a step that `seed`
   * decides: 32 random bits, other ones whenever a state is resumed. A state may be resumed more
   * than once: the life that the server hears first has the session, all others are told
   * `superseded`. It takes the class and the version that saved it.
   *
   * @param requests - what requests are for from now on, as the place may have other links; default:
   *   the same as before.
   * @throws UsageError `state_invalid`, `clock_invalid`, `option_invalid` for the seed.
   */
  static resume(nowMs: number, saved: Snapshot, seed: number, requests?: RequestUse): RequestSide {
    checkClock(nowMs);
    within(seed, 0, 0xffff_ffff, "seed");
    if (saved.format !== STATE_FORMAT) throw new UsageError("state_invalid", "another version's");
    const side = restoreSnapshot(saved, [this, ...STATE_CLASSES]);
    const isOurs =
      side instanceof RequestSide &&
      (side.options.literal !== undefined) === (this !== RequestSide);
    if (!isOurs) throw new UsageError("state_invalid");
    if (requests !== undefined) side.requests = requests;
    side.takeOver(nowMs, seed);
    return side;
  }

  // --- handlers -------------------------------------------------------------------------------

  /** The answer to an exchange has come whole. It may be anybody's: nothing is believed unread. */
  handleAnswer(nowMs: number, exchange: number, bytes: Uint8Array): void {
    this.advance(nowMs);
    // [EXCH-8]: late answers of exchanges that were given up count; made-up numbers do not, nor
    // what was said to the life before [INC-4].
    if (this.state === "ended" || exchange >= this.exchanges.next) return;
    if (exchange < this.firstOfLife) return;
    let body: Body;
    try {
      body = readAnswer(bytes, exchange, this.sessionId, this.settings.bodyBytesMax);
      // [OWN-4]: it is about another session, which has nothing of this one but its name.
      if (isOfOther(body, this.generation)) {
        this.handleOther(exchange);
        return;
      }
      // [INC-2]: what else it says, acknowledgements above all, may be about the other life.
      if (body.superseded !== undefined && body.superseded !== this.incarnation) {
        this.end("superseded", "peer", END_CODES.closed);
        return;
      }
      this.check(body);
    } catch (error) {
      this.handleBadAnswer(exchange, bytes, protocolCode(error));
      return;
    }
    this.unansweredInRow = 0;
    if (body.unknown !== undefined) this.handleUnknown(exchange);
    else if (body.unreadable === true) this.handleUnreadable(exchange);
    else this.apply(exchange, body);
  }

  /**
   * The exchange failed: a network error, a status without a readable body, a body cut short.
   */
  handleFailure(nowMs: number, exchange: number, how: FailureKind = {}): void {
    this.advance(nowMs);
    const sent = this.exchanges.open.get(exchange);
    if (this.state === "ended" || sent === undefined) return;
    // One that was overdue is counted already.
    if (!sent.isOverdue) this.unansweredInRow++;
    const flight = this.giveUpExchange(exchange);
    if (flight !== undefined) {
      if (how.tooLarge === true) this.noteTooLarge(flight);
      if (how.notSent === true) this.sender.noteNotSent(flight);
    }
    this.delayAfterFailure(exchange);
  }

  /**
   * A socket by which bodies pass both ways has opened. Its first body leaves in this tick.
   *
   * @param prove - makes what stands in the place of the secret in the address of the first body, of
   *   16 to 64 bytes; default: the secret itself, for what cannot be overheard.
   * @param announcedLink - where its connection has shown the ticket of `announcePipe`: the reader
   *   of that name, as it was then.
   * @returns its link: the handle in `transmit`, `hang-up`, `handlePipeBody` and `handlePipeClosed`.
   * @throws UsageError `session_closed`, `state_invalid` for the literal procedure, `option_invalid`
   *   for a proof of another length.
   */
  openPipe(nowMs: number, prove?: Prove, announcedLink?: number): number {
    const { sessionId, secret } = this;
    const isOpening = this.peer === undefined;
    const proof = prove?.({ sessionId: sessionId.slice(), secret: secret.slice(), isOpening });
    if (proof !== undefined) within(proof.length, NONCE_BYTES, PROOF_BYTES_MAX, "proof.length");
    const pipe = this.beginPipe(nowMs, true, announcedLink);
    pipe.proof = proof?.slice();
    return pipe.link;
  }

  /**
   * Tells the server, on the pipe by which this side hears, the ticket by which it will know whose
   * the next one is: it then speaks there before a body has come [PIPE-14]. It goes along with what
   * leaves next; before that the ticket is of no use.
   *
   * @param ticket `TICKET_BYTES` random bytes.
   * @throws UsageError `session_closed`, `option_invalid`; `state_invalid` where this side does not
   *   speak on a pipe.
   */
  announcePipe(nowMs: number, ticket: Uint8Array): void {
    within(ticket.length, TICKET_BYTES, TICKET_BYTES, "ticket.length");
    this.advance(nowMs);
    if (this.state === "ended") throw new UsageError("session_closed");
    if (this.joinedPipe?.isDuplex !== true) throw new UsageError("state_invalid", "no pipe");
    const link = ++this.lastLink;
    this.announced = { offer: { link, ticket: ticket.slice() }, isSaid: false };
  }

  /**
   * Asks the server for a stream: a request tells it the ticket, by which the adapter then gets the
   * stream. One at a time; the last one counts.
   *
   * @param ticket `TICKET_BYTES` random bytes.
   * @returns its link, as of `openPipe`.
   * @throws UsageError `session_closed`, `option_invalid`, `state_invalid` as `openPipe`.
   */
  offerPipe(nowMs: number, ticket: Uint8Array): number {
    within(ticket.length, TICKET_BYTES, TICKET_BYTES, "ticket.length");
    const { link } = this.beginPipe(nowMs, false);
    this.offer.begin(link, ticket.slice());
    return link;
  }

  /**
   * The same for a stream that the server has named: a request tells the server whose it is, and
   * what follows on it goes to `handlePipeBody`.
   *
   * @param name what `readStreamName` gave of its first body.
   * @returns its link, as of `openPipe`.
   * @throws UsageError as `offerPipe`.
   */
  takeStream(nowMs: number, name: Uint8Array): number {
    const link = this.offerPipe(nowMs, name);
    const pipe = this.pipes.get(link);
    assert(pipe !== undefined, "stream_not_begun");
    pipe.name = name.slice();
    return link;
  }

  private beginPipe(nowMs: number, isDuplex: boolean, announcedLink?: number): Pipe {
    this.advance(nowMs);
    if (this.state === "ended") throw new UsageError("session_closed");
    const { literal } = this.options;
    if (literal !== undefined && (isDuplex || !literal.streaming)) {
      throw new UsageError("state_invalid", "literal");
    }
    // [PIPE-1]: a link that was announced before others were used is not above them.
    const isLast = announcedLink !== undefined && announcedLink === this.announcedLink;
    const link = isLast ? announcedLink : ++this.lastLink;
    this.announced = undefined;
    const pipe = new Pipe(this.nowMs, link, link, isDuplex);
    this.search.noteAnswered();
    this.addPipe(pipe);
    return pipe;
  }

  /** A body has come whole on a pipe. */
  handlePipeBody(nowMs: number, link: number, bytes: Uint8Array): void {
    this.advance(nowMs);
    const pipe = this.pipes.get(link);
    if (pipe === undefined) return;
    let body: Body;
    try {
      body = readPiped(bytes, pipe.name, this.sessionId, this.settings.bodyBytesMax);
      // [INC-2]
      if (body.superseded !== undefined && body.superseded !== this.incarnation) {
        this.end("superseded", "peer", END_CODES.closed);
        return;
      }
      this.check(body);
    } catch (error) {
      this.handleBadPipeBody(pipe, bytes, protocolCode(error));
      return;
    }
    pipe.noteHeard(this.nowMs);
    if (this.requests === "none") this.unansweredInRow = 0;
    if (body.unknown !== undefined || isOfOther(body, this.generation)) {
      this.dropPipe(pipe, "unknown");
      // [OWN-4] [END-5]: whether the session is lost is asked by a request, where there are any.
      if (this.requests === "none") this.doubt();
    } else if (body.superseded !== undefined) {
      // A life that is told of itself hears on a pipe of another one [INC-2].
      this.dropPipe(pipe, "unknown");
    } else if (body.unreadable === true) {
      this.dropUnreadable(pipe);
    } else {
      this.applyOnPipe(pipe, this.believed(body));
    }
  }

  private handleBadPipeBody(pipe: Pipe, bytes: Uint8Array, code: ProtocolErrorCode): void {
    if (code === "version_unknown" && this.isVersionRefusal(bytes)) {
      this.end("version", "peer", END_CODES.protocol, code);
    } else if (isDamage(code)) {
      this.bodiesUnreadable++;
      this.dropUnreadable(pipe);
    } else {
      this.fail("protocol", "local", END_CODES.protocol, code); // [END-8]
    }
  }

  private dropUnreadable(pipe: Pipe): void {
    this.dropPipe(pipe, "unreadable");
    // [RETRY-6]: what requests can tell is left to them.
    if (this.requests === "none") this.noteUnreadable();
  }

  private applyOnPipe(pipe: Pipe, body: Body): void {
    this.hearAck(body.ack);
    this.applyBeside(body);
    if (this.peer !== undefined) {
      // The session has answered this life, as a request would have been.
      this.noteAnswered();
      this.doubtedSinceMs = Infinity;
      if (pipe.isDuplex) this.unansweredInRow = 0;
    }
    if (this.pipes.get(pipe.link) !== pipe) return;
    if (body.pauseMs === undefined) this.notePipe(pipe, body.pipe);
    else this.dropPipe(pipe, "paused");
  }

  /** The connection of a pipe has ended. */
  handlePipeClosed(nowMs: number, link: number): void {
    this.advance(nowMs);
    const pipe = this.pipes.get(link);
    if (pipe !== undefined) this.forgetPipe(pipe, "closed");
  }

  /** After `pipe-wanted`: no connection has come about. */
  handlePipeFailed(nowMs: number): void {
    this.advance(nowMs);
    if (this.state !== "ended" && this.search.noteAnswered()) this.noteNoPipe();
  }

  /**
   * The host says that the network may be back, or another one: connections that are out may be
   * dead without saying so. At the end of the tick nothing waits for failures any more, and
   * requests leave in place of those that are out. A pause of the server's goes on. Harmless when
   * nothing was wrong, and however often it is called: it takes effect once in WAKE_INTERVAL_MS.
   */
  handleWake(nowMs: number): void {
    this.advance(nowMs);
    this.wakeAtMs = Math.min(this.wakeAtMs, Math.max(nowMs, this.wokenAtMs + WAKE_INTERVAL_MS));
  }

  // --- when to send ---------------------------------------------------------------------------

  /** Why a request should leave now, or undefined. spec 5.1. */
  protected reasonToSend(nowMs: number): SendReason | undefined {
    if (this.state === "ended" || nowMs < this.notBeforeMs || !this.hasSlot) return undefined;
    if (this.requests === "none") return undefined; // [PIPE-12]
    return this.reasonByRules(nowMs);
  }

  /** Why a request should leave that may. */
  protected reasonByRules(nowMs: number): SendReason | undefined {
    // [SAY-2] [SAY-9], and beyond that [SAY-4].
    if (this.exchanges.countLive < this.liveWanted) return "park";
    if (!this.canCarry) return undefined;
    const hasToSay = this.speaking === undefined && this.hasSomethingToSay(nowMs);
    return hasToSay || this.hasNewsOfPipes(nowMs) ? "say" : undefined;
  }

  /** Whether the server is to hear something about pipes by a request. */
  protected hasNewsOfPipes(nowMs: number): boolean {
    const isOfferUnsaid = this.offer.isUnsaid(this.exchanges.open.values());
    const hasNews = this.turn === "over" || isOfferUnsaid || this.isJoinUntold;
    return hasNews || nowMs >= this.aliveDueAtMs;
  }

  /** This client waits for no answer [SAY-13] [PIPE-11]; the opening waits for its verdict. */
  private get isPrompt(): boolean {
    if (this.peer === undefined) return false;
    return this.requests === "prompt" || (this.requests === "turns" && this.turn !== "mine");
  }

  /** The server is to hear by a request that this side hears by a stream, and none says so yet. */
  private get isJoinUntold(): boolean {
    if (this.isJoinKnown || this.joinedPipe?.isDuplex !== false) return false;
    for (const { link, isOverdue } of this.exchanges.open.values()) {
      if (link === this.joined && !isOverdue) return false;
    }
    return true;
  }

  /**
   * Requests that are kept out. After failures in a row one more than the server parks, so that it
   * answers one at once and this side knows that the path is back [SAY-9].
   */
  private get liveWanted(): number {
    // [PIPE-11]: asked until it is answered.
    if (this.isPrompt) return this.unansweredInRow > 0 || this.isDoubted ? 1 : 0;
    // [PIPE-4]: where the client hears by a pipe nothing is parked.
    const wanted = this.joined === 0 ? this.parkedWanted : 0;
    return wanted + (this.unansweredInRow >= UNANSWERED_DOUBTED ? 1 : 0);
  }

  /** [PIPE-10]: a client that has none parked speaks by a request once in a hold time. */
  protected get aliveDueAtMs(): number {
    const pipe = this.joinedPipe;
    if (pipe === undefined && this.isPrompt) return this.lastRequestAtMs + this.aliveIntervalMs;
    if (pipe === undefined || pipe.isDuplex) return Infinity;
    return Math.min(this.lastRequestAtMs + this.aliveIntervalMs, this.dummyDueAtMs(pipe));
  }

  /**
   * A request for each acknowledgement would cost more than what a stream brings: after the first
   * one they wait for others to go along [SAY-10].
   */
  protected override get ackDueAtMs(): number {
    const dueAtMs = super.ackDueAtMs;
    if (this.joinedPipe?.isDuplex !== false) return dueAtMs;
    if (this.receiver.bytesReceived - this.bytesTold >= STREAM_ACK_BYTES) return dueAtMs;
    return Math.max(dueAtMs, this.lastRequestAtMs + this.options.streamAckMs);
  }

  /** After so long a client that hears by a pipe speaks, whatever the server states [PIPE-10]. */
  private get aliveIntervalMs(): number {
    return Math.max(PIPE_DUMMY_MS_MIN, this.holdMs);
  }

  /** For how long the server holds a request. */
  private get holdMs(): number {
    return this.peer?.holdTimeMs ?? this.settings.holdTimeMs;
  }

  /** Requests that may be out at once, overdue ones included. */
  private get slots(): number {
    return this.parkedWanted + this.options.carriersMax;
  }

  // --- driving --------------------------------------------------------------------------------

  protected override considerTimers(consider: (name: TimerName, atMs: number) => void): void {
    if (this.reasonToSend(this.nowMs) !== undefined) consider("transmit", this.nowMs);
    if (this.notBeforeMs > this.nowMs && this.reasonToSend(this.notBeforeMs) !== undefined) {
      consider("retry", this.notBeforeMs);
    }
    if (this.isUnanswered) consider("transmit", this.nowMs);
    consider("wake", this.wakeAtMs);
    for (const exchange of this.exchanges.open.values()) {
      consider("exchange", this.exchangeOverdueAtMs(exchange.number));
    }
    this.considerPipes(consider);
    consider("retry", this.pipeWantedAtMs);
    // No request leaves before, whatever it is that it would say.
    const gateMs = Math.max(this.notBeforeMs, this.nowMs);
    this.considerRules(consider, gateMs);
  }

  /** The timers of the rules by which requests leave; none leaves before `gateMs`. */
  protected considerRules(consider: (name: TimerName, atMs: number) => void, gateMs: number): void {
    consider("resend", this.resendAtMs);
    if (!this.hasSlot || !this.canCarry || this.requests === "none") return;
    consider("transmit", Math.max(gateMs, this.aliveDueAtMs));
    if (this.speaking !== undefined) return;
    consider("ack-delay", Math.max(gateMs, this.ackDueAtMs));
    consider("probe", Math.max(gateMs, this.probeDueMs));
  }

  /** Whether a request could be out beside those that are, an overdue one's place included. */
  protected get hasSlot(): boolean {
    const { open, oldestOverdue } = this.exchanges;
    return open.size < this.slots || oldestOverdue !== undefined;
  }

  /** Whether a request could leave that is not needed for parking. */
  protected get canCarry(): boolean {
    const { countLive, countCarriers } = this.exchanges;
    return countLive < this.slots && countCarriers < this.options.carriersMax;
  }

  /** Whether too many requests in a row brought no answer [RETRY-5]. */
  private get isUnanswered(): boolean {
    const { requestsUnansweredMax } = this.options;
    return requestsUnansweredMax > 0 && this.unansweredInRow >= requestsUnansweredMax;
  }

  protected override handleTimers(nowMs: number): void {
    if (nowMs >= this.wakeAtMs) this.wake(nowMs);
    this.handleRules(nowMs);
    for (const { number, isOverdue } of this.exchanges.open.values()) {
      if (isOverdue || nowMs < this.exchangeOverdueAtMs(number)) continue;
      this.markOverdue(number);
      // [RTO-4]: its answer may only be slow, and must come some time. Those that left with it have
      // twice the time now.
      this.roundTrip.backOff();
    }
    this.handlePipeTimers(nowMs);
    if (this.isUnanswered) this.end("unanswered", "network", END_CODES.silence);
  }

  /** What was sent and should have been acknowledged by now goes again. */
  protected handleRules(nowMs: number): void {
    if (nowMs < this.resendAtMs) return;
    const flight = this.oldestFlight;
    assert(flight !== undefined, "resend_without_flight");
    this.sender.resolve(flight.transmission);
    this.noteOverdue(nowMs, flight);
    this.markOverdue(flight.transmission);
  }

  protected override transmit(nowMs: number): void {
    this.sayOnPipes(nowMs);
    if (nowMs >= this.pipeWantedAtMs) this.askForPipe();
    while (this.reasonToSend(nowMs) !== undefined) {
      for (const exchange of this.abandoned.splice(0)) {
        this.transmissions.push({ kind: "abort", exchange });
      }
      if (this.exchanges.open.size >= this.slots) this.abortOldestOverdue();
      this.sendRequest(nowMs);
    }
  }

  protected sendRequest(nowMs: number, bytesMax?: number, isLasting = false): void {
    this.abortBeyondSpan();
    const number = this.exchanges.next;
    const body = this.compose(nowMs, this.requestHead(nowMs), number, undefined, bytesMax);
    const isCarrier = this.sender.flights.has(number);
    this.exchanges.begin(nowMs, body.length, isCarrier, this.namedLink);
    const lasting = isLasting ? { isLasting } : {};
    this.transmissions.push({ kind: "request", exchange: number, body, ...lasting });
    this.lastRequestAtMs = nowMs;
    this.bytesTold = this.receiver.bytesReceived;
    const stream = this.joinedPipe;
    if (stream?.isDuplex === false) {
      this.noteDummy(stream);
      stream.spokenAtMs = nowMs;
    }
    this.offer.noteSent(number);
    if (this.turn === "over") this.turn = "others";
  }

  private requestHead(nowMs: number): Partial<Body> {
    const request = {
      exchange: this.exchanges.next,
      overThrough: this.exchanges.over.through,
      over: this.exchanges.overRanges,
      lastAnswered: this.lastAnswered,
      sinceMs: this.lastAnswered === 0 ? 0 : Math.round(nowMs - this.lastAnsweredAtMs),
    };
    // [OPEN-2] [INC-1]: until the first answer every request carries the opening, and whose place
    // this life takes.
    const open = this.peer === undefined ? this.parameters : undefined;
    const succeeds = this.predecessors.length === 0 ? undefined : this.predecessors;
    const owner = ownerOf(this.generation); // [OWN-2]
    return { request, owner, open, succeeds, offer: this.offer.due };
  }

  protected override get bodyOptions(): BodyOptions {
    return { direction: 0, checksum: "xxh32", ...this.addressed(this.namedLink, this.secret) };
  }

  /** The link that requests name: by which this side hears [PIPE-3] [PIPE-11]. */
  private get namedLink(): number {
    return this.joined === 0 && this.isPrompt ? UNHELD_LINK : this.joined;
  }

  private addressed(
    link: number,
    proof: Uint8Array,
  ): Required<Pick<BodyOptions, "sessionId" | "address">> {
    const { sessionId, incarnation } = this;
    const address: Address = { sessionId, proof, incarnation, link };
    return { sessionId, address };
  }

  // --- pipes ----------------------------------------------------------------------------------

  protected override get speaking(): Pipe | undefined {
    const pipe = this.joinedPipe ?? this.freshPipe;
    return pipe?.isDuplex === true ? pipe : undefined;
  }

  /** [PIPE-12]: where there are no requests the first body on a pipe is as good as one. */
  private get freshPipe(): Pipe | undefined {
    if (this.requests !== "none" || this.nowMs < this.savedUntilMs) return undefined;
    const pipe = this.newestPipe;
    return pipe?.bodiesSent === 0 ? pipe : undefined;
  }

  // --- the search for pipes -------------------------------------------------------------------

  /** When a pipe is to be asked for, without which this side does not go on; Infinity: not now. */
  private get pipeWantedAtMs(): number {
    if (!this.isPipeNeeded || this.state === "ended") return Infinity;
    // A stream is offered by a request, and the opening leaves by one.
    if (this.requests === "prompt" && this.peer === undefined) return Infinity;
    const dueAtMs = this.search.dueAtMs(this.pipes.size);
    return Math.max(dueAtMs, this.pausedUntilMs, this.savedUntilMs);
  }

  /** Requests bring nothing down, or there are none. */
  private get isPipeNeeded(): boolean {
    return this.requests === "prompt" || this.requests === "none";
  }

  private askForPipe(): void {
    this.search.ask();
    this.notify({ kind: "pipe-wanted" });
  }

  protected override forgetPipe(pipe: Pipe, why: PipeEnd): void {
    const wasJoined = this.joined === pipe.link;
    super.forgetPipe(pipe, why);
    if (!this.isPipeNeeded) return;
    if (why === "replaced" || why === "paused" || why === "ended") return;
    if (!wasJoined) {
      this.noteNoPipe(pipe);
      return;
    }
    // [PIPE-9]: those that it has replaced are not gone back to, and would stand in for another one.
    for (const other of this.pipes.values()) {
      if (other.link < pipe.link) this.dropPipe(other, "replaced");
    }
    this.search.noteLost(this.nowMs, this.nowMs - pipe.beganAtMs, () => this.draw());
  }

  /** A pipe that was tried is none, or its connection never came about. */
  private noteNoPipe(pipe?: Pipe): void {
    this.search.backoff.fail(this.nowMs, () => this.draw());
    // [RETRY-5]: where no request is held it stands for one that was not answered.
    const isUnanswered = pipe === undefined || pipe.bodiesReceived === 0;
    if (this.isPipeNeeded && isUnanswered) this.unansweredInRow++;
  }

  protected override pipeHead(pipe: Pipe): Head {
    if (pipe.bodiesSent === 0) {
      const open = this.peer === undefined ? this.parameters : undefined;
      const succeeds = this.predecessors.length === 0 ? undefined : this.predecessors;
      return { owner: ownerOf(this.generation), open, succeeds };
    }
    const offer = this.takeAnnounced();
    if (this.nowMs < this.linkDueAtMs(pipe)) return { offer };
    this.isJoinKnown = true;
    pipe.provokedAtMs = this.nowMs;
    pipe.askedAtMs = Math.min(pipe.askedAtMs, this.nowMs);
    return { offer, hearing: { link: pipe.link, fromExchange: this.exchanges.next } };
  }

  /** What the server was not told yet; a pipe keeps what is said once. */
  private takeAnnounced(): Offer | undefined {
    const { announced } = this;
    if (announced === undefined || announced.isSaid) return undefined;
    announced.isSaid = true;
    return announced.offer;
  }

  /** Only the first body needs to say whose it is [PIPE-2]. */
  protected override pipeOptions(pipe: Pipe): BodyOptions {
    const { sessionId } = this;
    const isFirst = pipe.bodiesSent === 0;
    const address = isFirst ? this.addressed(pipe.link, pipe.proof ?? this.secret) : {};
    return { direction: 0, checksum: "xxh32", sessionId, ...address };
  }

  protected override pipeDueAtMs(pipe: Pipe): number {
    if (!pipe.isDuplex) return Infinity;
    // [INC-4]
    if (pipe.bodiesSent === 0) return Math.max(this.nowMs, this.savedUntilMs);
    if (pipe.link !== this.joined) return Infinity;
    return Math.min(this.linkDueAtMs(pipe), this.dummyDueAtMs(pipe));
  }

  /** When LINK is to be said on the pipe that is joined. */
  private linkDueAtMs(pipe: Pipe): number {
    return this.isJoinKnown ? pipe.provokedAtMs + this.aliveIntervalMs : this.nowMs;
  }

  protected override get dummyMs(): number {
    return this.settings.pipeSilenceMs;
  }

  protected override pipeSilentAtMs(pipe: Pipe): number {
    const { pipeStallMs } = this.settings;
    // [PIPE-10]: nobody can ask for a stream whose ticket has not come.
    if (this.offer.due?.link === pipe.link) return Infinity;
    // Before the greeting nothing is promised.
    if (pipe.bodiesReceived === 0) return pipe.spokenAtMs + pipeStallMs + this.roundTrip.timeoutMs;
    return pipe.heardAtMs + pipe.silenceMs + pipeStallMs;
  }

  protected override leavePipe(pipe: Pipe): void {
    this.offer.end(pipe.link);
    super.leavePipe(pipe);
  }

  /** What a pipe says about itself [PIPE-3]. */
  private notePipe(pipe: Pipe, state: PipeState | undefined): void {
    if (state === undefined) return;
    // [PIPE-1]: refused.
    if (state.link !== pipe.link) {
      this.dropPipe(pipe, "unknown");
      return;
    }
    this.offer.end(pipe.link);
    pipe.askedAtMs = Infinity;
    pipe.silenceMs = state.silenceMs;
    this.noteEnding(pipe, state);
    if (pipe.link <= this.joined) return;
    // [PIPE-5]: both at once were held back on the way.
    if (!pipe.isDuplex) {
      if (pipe.bodiesReceived === 1) return;
      if (this.nowMs - pipe.firstHeardAtMs < state.ageMs / 4) {
        this.dropPipe(pipe, "buffered");
        return;
      }
    }
    this.joined = pipe.link;
    this.isJoinKnown = false;
    this.notify({ kind: "pipe-joined", link: pipe.link });
  }

  private noteEnding(pipe: Pipe, { isEnding }: PipeState): void {
    if (!isEnding || pipe.isEnding) return;
    pipe.isEnding = true;
    this.notify({ kind: "pipe-ending", link: pipe.link });
  }

  /** What an answer says about the pipe that its request named [PIPE-4]. */
  private noteHeld(state: PipeState): void {
    const pipe = this.joinedPipe;
    if (pipe === undefined) return;
    if (state.link !== pipe.link) {
      this.dropPipe(pipe, "unknown");
      return;
    }
    this.isJoinKnown = true;
    this.noteEnding(pipe, state);
    pipe.expect(this.nowMs, state.bodies);
  }

  protected override get silenceLimitMs(): number {
    // [END-3]: at most the server's, so that nobody waits for a session that is gone.
    const { silenceLimitMs } = this.settings;
    return Math.min(silenceLimitMs, this.peer?.silenceLimitMs ?? silenceLimitMs);
  }

  protected override fail(
    reason: EndReason,
    by: EndedOutput["by"],
    code: number,
    detail: string,
  ): void {
    const ended = { code, reason: reasonBytes(detail) };
    const pipe = this.speaking ?? (this.requests === "none" ? this.newestPipe : undefined);
    const head = pipe?.bodiesSent === 0 ? this.pipeHead(pipe) : {}; // [PIPE-2]
    if (pipe !== undefined) this.tellOnPipe(pipe, { ...head, ended });
    // [END-8]: nothing will tell whether the pipe has brought it.
    if (this.requests !== "none") this.tellByRequest({ ended });
    this.end(reason, by, code, detail);
  }

  /** The last request. */
  private tellByRequest(content: Partial<Body>): void {
    this.abortBeyondSpan();
    const number = this.exchanges.next;
    const body = this.composeEmpty({ ...this.requestHead(this.nowMs), ...content });
    this.exchanges.begin(this.nowMs, body.length, false, this.namedLink);
    this.transmissions.push({ kind: "request", exchange: number, body });
  }

  // --- answers --------------------------------------------------------------------------------

  private apply(exchange: number, answer: Body): void {
    const nowMs = this.nowMs;
    const body = this.believed(answer);
    this.retry.inRow = 0;
    this.doubtedSinceMs = Infinity;
    this.hearAck(body.ack);
    const sent = this.exchanges.open.get(exchange);
    if (body.answer !== undefined) {
      // A copy measures nothing [RTO-3].
      if (sent !== undefined) {
        this.roundTrip.sample(nowMs - sent.sentAtMs - body.answer.heldMs);
        this.lastAnswered = exchange;
        this.lastAnsweredAtMs = nowMs;
      }
      this.noteEvidence(body.answer);
    }
    this.giveUpExchange(exchange);
    this.applyBeside(body);
    // What it says of a pipe that was left meanwhile is no news.
    if (body.pipe !== undefined && sent?.link === this.joined) this.noteHeld(body.pipe);
  }

  /** [OPEN-8]: this client may yet join another session than the one that says it. */
  private believed(body: Body): Body {
    const isJoined = this.peer !== undefined || body.opened !== undefined;
    const isOver = body.refused !== undefined || body.ended !== undefined;
    return isJoined || isOver ? body : withoutState(body);
  }

  /** What does not depend on the link that brought it. */
  private applyBeside(body: Body): void {
    const nowMs = this.nowMs;
    if (body.opened !== undefined && this.peer === undefined) {
      this.learn(body.opened);
      this.generation = body.owner?.generation ?? 0;
      this.openingsThrough = this.exchanges.next - 1;
      this.become("open");
      this.notify({ kind: "opened" });
      // Copies of the opening may be held.
      if (this.isPrompt && this.requests === "turns") this.leaveHeld();
    }
    // An answer to an opening may come from a server that keeps nothing of it [PARK-18].
    if (body.answer !== undefined && this.peer !== undefined) this.noteAnswered();
    this.hear(nowMs, body);
    // [RETRY-3]
    if (body.pauseMs !== undefined) {
      this.pausedUntilMs = Math.max(this.pausedUntilMs, nowMs + body.pauseMs);
    }
    if (body.refused !== undefined) {
      this.end("refused", "peer", body.refused.code, reasonText(body.refused.reason));
    } else if (body.ended !== undefined) {
      this.endByPeer(body.ended);
    }
  }

  /** The session has answered this life: it is alone, and need not say whose place it takes. */
  private noteAnswered(): void {
    this.predecessors = [];
    this.sender.noteSole();
  }

  /** A server that has begun the session anew, from an opening, or has refused to, answers. */
  private handleOther(exchange: number): void {
    // Copies of the opening may have gone anywhere: that says nothing about the session joined.
    if (exchange <= this.openingsThrough) this.giveUpExchange(exchange);
    else this.handleUnknown(exchange);
  }

  /** [EXCH-4]: what the answer says about exchanges, this one and others. */
  private noteEvidence(answer: AnswerPrefix): void {
    this.noteParkedWanted(answer);
    const { answered, parked } = answer;
    for (const [number, exchange] of this.exchanges.open) {
      const isAnswered = number === answer.exchange || includes(answered, number);
      if (!isAnswered && !parked.includes(number)) continue;
      this.noteOffered(number);
      if (exchange.isCarrier) {
        // The time for which the server held the answer is no time of the path's.
        const heldMs = number === answer.exchange ? answer.heldMs : 0;
        this.noteArrival(this.nowMs - heldMs, this.sender.flights.get(number));
      }
      this.sender.resolve(number);
      exchange.isCarrier = false;
      if (isAnswered) exchange.answeredAtMs = Math.min(exchange.answeredAtMs, this.nowMs);
      // A late one that turns out to be parked counts again.
      else exchange.isOverdue = false;
    }
  }

  /** An exchange has come: with it the ticket, where it said one. */
  private noteOffered(exchange: number): void {
    const link = this.offer.noteArrived(exchange);
    if (link === undefined) return;
    // Only now can it be asked for, and that takes a round trip of its own.
    const pipe = this.pipes.get(link);
    assert(pipe !== undefined, "offer_without_pipe");
    pipe.spokenAtMs = this.nowMs;
    this.notify({ kind: "pipe-offered", link });
  }

  /** [SAY-3]: what a later exchange said is newer, whichever answer comes first. */
  protected noteParkedWanted({ exchange, parkedWanted }: AnswerPrefix): void {
    if (exchange <= this.parkedWantedFrom) return;
    this.parkedWantedFrom = exchange;
    this.parkedWanted = Math.max(1, Math.min(parkedWanted, this.options.parkedMax));
  }

  private handleBadAnswer(exchange: number, bytes: Uint8Array, code: ProtocolErrorCode): void {
    const isRefusal = code === "version_unknown" && this.isVersionRefusal(bytes);
    if (isRefusal) this.end("version", "peer", END_CODES.protocol, code);
    else if (isDamage(code)) this.handleUnreadable(exchange);
    else this.fail("protocol", "local", END_CODES.protocol, code); // [END-8]
  }

  /** Before the session is open the server may say which versions it speaks [VER-3]. */
  private isVersionRefusal(bytes: Uint8Array): boolean {
    return this.peer === undefined && refusesVersion(bytes);
  }

  /** Either body of the exchange was damaged: what it carried goes again, after a wait. */
  private handleUnreadable(exchange: number): void {
    if (!this.exchanges.open.has(exchange)) return;
    this.bodiesUnreadable++;
    this.giveUpExchange(exchange);
    // [RETRY-6]: answers of requests that were out together count once: the next may be whole.
    if (this.delayAfterFailure(exchange)) this.noteUnreadable();
  }

  private noteUnreadable(): void {
    if (++this.unreadableInRow < this.options.unreadableMax) return;
    this.end("unreadable", "network", END_CODES.unreadable);
  }

  /** [END-5]: believed only after being repeated; until then an outage like others. */
  private handleUnknown(exchange: number): void {
    if (!this.exchanges.open.has(exchange)) return;
    this.giveUpExchange(exchange);
    if (!this.doubt()) this.delayAfterFailure(exchange);
  }

  /** Returns whether that has ended the session. */
  private doubt(): boolean {
    this.doubtedSinceMs = Math.min(this.doubtedSinceMs, this.nowMs);
    if (this.isDone) {
      // Both sides had finished, and the server has forgotten the session as it should.
      this.endClosed();
      return true;
    }
    if (this.nowMs < this.doubtedSinceMs + this.options.lostConfirmMs) return false;
    this.end("lost", "peer", END_CODES.closed);
    return true;
  }

  // --- failures -------------------------------------------------------------------------------

  private giveUpExchange(number: number): ReturnType<Sender["resolve"]> {
    if (!this.exchanges.end(number)) return undefined;
    return this.sender.resolve(number);
  }

  /** Requests wait [RETRY-1]. Returns whether the failure counted. */
  private delayAfterFailure(exchange: number): boolean {
    // [RETRY-2]: requests that were out together fail together: that is one failure.
    if (exchange <= this.failuresCountedTo) return false;
    this.failuresCountedTo = this.exchanges.next - 1;
    this.retry.fail(this.nowMs, () => this.draw());
    return true;
  }

  /** A random number, from 0 to below 1. */
  private draw(): number {
    this.random = jitter(this.random);
    return this.random / 2 ** 32;
  }

  /** [RETRY-7] */
  protected wake(nowMs: number): void {
    this.wakeAtMs = Infinity;
    this.wokenAtMs = nowMs;
    this.retry.notBeforeMs = nowMs;
    this.savedUntilMs = nowMs;
    this.search.wake(nowMs, this.requests === "none");
    this.roundTrip.endBackOff();
    // Dead connections may fail only now; that says nothing about the requests that follow.
    this.failuresCountedTo = this.exchanges.next - 1;
    for (const exchange of this.exchanges.open.values()) {
      exchange.isOverdue = true;
      this.sender.resolve(exchange.number);
    }
    const pipe = this.joinedPipe;
    if (pipe === undefined) return;
    // [PIPE-10]: asked at once, a dead one is known for that the sooner.
    pipe.provokedAtMs = -Infinity;
    this.lastRequestAtMs = -Infinity;
  }

  protected markOverdue(number: number): void {
    const exchange = this.exchanges.open.get(number);
    assert(exchange !== undefined && !exchange.isOverdue, "overdue_twice");
    exchange.isOverdue = true;
    this.unansweredInRow++;
    this.sender.resolve(number);
  }

  private abortOldestOverdue(): void {
    const exchange = this.exchanges.oldestOverdue;
    assert(exchange !== undefined, "no_slot_and_none_overdue");
    this.giveUpExchange(exchange.number);
    this.transmissions.push({ kind: "abort", exchange: exchange.number });
  }

  /** [EXCH-7]: an exchange that hangs while hundreds of later ones end will not be answered. */
  private abortBeyondSpan(): void {
    const lowest = this.exchanges.next - EXCHANGE_SPAN_MAX;
    for (const number of this.exchanges.open.keys()) {
      if (number > lowest) return;
      this.giveUpExchange(number);
      this.transmissions.push({ kind: "abort", exchange: number });
    }
  }

  /** When an exchange that is not overdue becomes so [EXCH-5]. */
  protected exchangeOverdueAtMs(number: number): number {
    const exchange = this.exchanges.open.get(number);
    if (exchange === undefined || exchange.isOverdue) return Infinity;
    // [PIPE-2]: what carries an offer is answered at once.
    const isOffering = this.peer !== undefined && this.offer.isOn(number);
    const holdMs = exchange.link === 0 && !isOffering ? this.holdMs : 0;
    // [EXCH-5]: half of what silence leaves at most, or one lost request could end the session.
    const spareMs = Math.max(0, this.silenceLimitMs - holdMs) / 2;
    const waitMs = Math.min(this.roundTrip.overdueAfterMs(exchange.bytes), spareMs);
    const isTimed = exchange.isCarrier && holdMs === 0; // [EXCH-6]
    const baseMs = isTimed ? Math.max(exchange.sentAtMs, this.resendBaseMs) : exchange.sentAtMs;
    const byHoldMs = baseMs + holdMs + waitMs;
    return Math.min(byHoldMs, exchange.answeredAtMs + this.roundTrip.timeoutMs);
  }

  private get resendAtMs(): number {
    const flight = this.oldestFlight;
    return flight === undefined ? Infinity : this.overdueAtMs(flight);
  }

  /** Whether anything has left in this life, so that the server may know it. */
  private get hasSpoken(): boolean {
    return this.exchanges.next > this.firstOfLife || this.lastLink > this.linksBefore;
  }

  /** A new incarnation: the old one's exchanges are no longer ours [INC-1]. */
  private beginLife(seed: number): void {
    if (this.hasSpoken) {
      this.predecessors.push(this.incarnation);
      // The first is the one that the server is known to have had; of the others the newest count.
      if (this.predecessors.length > PREDECESSORS_MAX) this.predecessors.splice(1, 1);
    }
    this.incarnation += 1 + (seed % INCARNATION_STEP_MAX);
    for (const number of this.exchanges.open.keys()) this.giveUpExchange(number);
    this.firstOfLife = this.exchanges.next;
    this.failuresCountedTo = this.exchanges.next - 1;
    this.lastAnswered = 0;
    for (const pipe of this.pipes.values()) this.dropPipe(pipe, "ended");
    this.announced = undefined;
    this.linksBefore = this.lastLink;
  }

  /** [PIPE-1] [PIPE-11] */
  private beginLinks(): void {
    const isEverPrompt = this.requests === "prompt" || this.requests === "turns";
    this.lastLink = isEverPrompt ? UNHELD_LINK : 0;
    this.linksBefore = this.lastLink;
  }

  /** A saved state goes on, elsewhere and later. */
  protected takeOver(nowMs: number, seed: number): void {
    // The pipes are those of whoever saved it, and so are those that it has not hung up yet.
    for (const pipe of this.pipes.values()) this.leavePipe(pipe);
    this.transmissions.clear();
    this.beginLife(seed);
    this.beginLinks();
    this.turn = "others";
    this.lastRequestAtMs = nowMs;
    this.search.restart(nowMs);
    this.retry.restart(nowMs);
    this.exchanges.next = 1;
    this.openingsThrough = 0;
    this.exchanges.over.clear();
    this.firstOfLife = 1;
    this.abandoned = [];
    this.random = jitter((this.random ^ seed) >>> 0 || 1);
    this.nowMs = nowMs;
    this.lastHeardMs = nowMs;
    this.resendBaseMs = nowMs;
    this.parkedWantedFrom = 0;
    this.savedUntilMs = nowMs;
    this.pausedUntilMs = nowMs;
    this.failuresCountedTo = 0;
    this.unansweredInRow = 0;
    this.unreadableInRow = 0;
    this.doubtedSinceMs = Infinity;
    this.wakeAtMs = Infinity;
    this.wokenAtMs = -Infinity;
    if (this.probeAtMs !== Infinity) this.probeAtMs = nowMs;
    if (this.closeAtMs !== Infinity) this.closeAtMs = nowMs + this.settings.closeTimeoutMs;
    if (this.receiver.ackOwedSinceMs !== Infinity) this.receiver.ackOwedSinceMs = nowMs;
  }
}

/** Classes that a saved request side is made of, beside its own. */
const STATE_CLASSES: Classes = [
  Exchanges,
  Sender,
  SendRing,
  InFlight,
  GivingUp,
  Turns,
  ChannelSender,
  PayloadQueue,
  PayloadStore,
  Receiver,
  ReceiveWindows,
  PartStore,
  ChannelReceiver,
  RoundTrip,
  Ranges,
  Pipe,
  Backoff,
  PipeSearch,
  StreamOffer,
  Deque,
  LazyMap,
  LazySet,
];

/** What an answer says about exchanges, and for how long to stay away; nothing of its session. */
function withoutState({ answer, pauseMs }: Body): Body {
  return { answer, pauseMs, channelWindows: [], channelsBlocked: [], numbered: [] };
}

function includes(ranges: readonly number[], value: number): boolean {
  for (let at = 0; at < ranges.length; at += 2) {
    if (value >= (ranges[at] as number) && value <= (ranges[at + 1] as number)) return true;
  }
  return false;
}
