/**
 * All sessions of one server: finds the session of a request, checks its secret, admits new ones
 * within limits, remembers ended ones for a while, and answers for those that it does not know.
 * spec 7.
 *
 * Readers: `sessions`, `recognise`, `recogniseTicket`. Handlers: `handleRequest`, `handleGone`,
 * `handleVerdict`, `handleTimeout`, and of pipes `handlePipe`, `handleAnnounced`, `handleStream`,
 * `handlePipeBody`, `handlePipeGone`, `handleNamedGone`.
 * Commands: `drain`, `abortAll`, `retirePipe`, `nameStream`, and those of the sessions; call
 * `touch(session)` after one of these. `poll()` drains the endpoint and every session that was
 * touched, and ends with the earliest timeout of all.
 *
 * Invariants: `sessions`, `tombstones`, the openings that wait for a verdict and the streams that
 * are `named` are bounded by the options, before any authentication; a session has one ticket at
 * most, and a ticket one session; a session is changed only by a body with its secret, or on a pipe
 * that one has opened or offered.
 */
import type { Address, Body } from "./body.ts";
import { readBody, readHead } from "./body-reader.ts";
import { encodeBody, writeVersions } from "./body-writer.ts";
import { Deque } from "./deque.ts";
import {
  assert,
  checkClock,
  isDamage,
  ProtocolError,
  protocolCode,
  type ProtocolErrorCode,
} from "./errors.ts";
import { END_CODES, isOfOther, ownerOf } from "./half.ts";
import {
  ENDPOINT_DEFAULTS,
  ENDPOINT_RANGES,
  INITIAL_GRANT,
  GENERATION_MAX,
  NONCE_BYTES,
  PAUSE_MS_MAX,
  TICKET_BYTES,
  WIRE_VERSION,
} from "./limits.ts";
import {
  checkNames,
  checkParkOptions,
  checkRanges,
  type EndpointOptions,
  refuseUnless,
  within,
} from "./options.ts";
import type { ApplicationOutput, PipeOutput, RespondOutput, TimeoutOutput } from "./outputs.ts";
import { type LastWord, ParkSide } from "./park-side.ts";
import type { Pipe } from "./pipe.ts";
import { reasonBytes } from "./reason.ts";
import { Pauses } from "./pauses.ts";
import { jitter } from "./random.ts";
import { writeStreamName } from "./stream-name.ts";
import { TimerQueue } from "./timer-queue.ts";

/** What the adapter knows of a request beside its body. */
export interface Origin {
  /** The peer's address, for limits; empty when unknown. */
  readonly address: string;
  /**
   * Who the peer is, as the adapter's authentication of this request says; empty for nobody in
   * particular. Undefined: this request was not authenticated, and its secret alone speaks.
   */
  readonly principal: string | undefined;
}

/** What `authenticate` is answered with. */
export type Verdict =
  /** `principal` is whose session it is from now on; empty for nobody in particular. */
  | { readonly accepted: true; readonly principal: string }
  /** What the client is told; default: code 1 (`application`), no reason. */
  | { readonly accepted: false; readonly code?: number; readonly reason?: string }
  /**
   * Nobody can say now. The opening is forgotten, nothing of it delivered; the client comes again
   * after the pause, of at most an hour.
   */
  | { readonly accepted: "later"; readonly pauseMs: number };

/**
 * What a pipe's adapter has found out about who is at the other end, where the secret itself does not
 * stand in the address of the first body. The counterpart of `Prove`.
 */
export interface Claim {
  /** The secret that an opening brings along; undefined: it brings none. */
  secretOf(address: Address): Uint8Array | undefined;
  /** Whether the address proves to know a secret; in a time that does not depend on it. */
  proves(secret: Uint8Array, address: Address): boolean;
}

/** A session as the endpoint keeps it. */
export interface ServerSession {
  /** The server's half. */
  readonly side: ParkSide;
  /** Its identifier, a character for each byte. */
  readonly id: string;
  /** @internal What a request must prove to know. */
  readonly secret: Uint8Array;
  /** Of the opening; its principal is the verdict's from the verdict on. */
  origin: Origin;
  /** When an opening without a verdict is refused; Infinity after the verdict. */
  verdictAtMs: number;
  /** @internal The ticket of the pipe that its client may ask for, as a key; "" for none. */
  ticket: string;
  /** @internal Waits in the endpoint's list of sessions to be drained. */
  isTouched: boolean;
  /** @internal Was drained, and not asked since when it wants to be woken. */
  isUntimed: boolean;
  /** @internal The timer queue's own. */
  wakeAtMs: number;
  /** @internal The timer queue's own. */
  timerPosition: number;
}

interface Tombstone {
  /** Of the life that had the session when it ended. */
  readonly incarnation: number;
  readonly generation: number;
  readonly secret: Uint8Array;
  readonly principal: string | undefined;
  readonly lastWord: LastWord;
  readonly forgetAtMs: number;
}

interface NamedStream {
  readonly handle: number;
  readonly name: Uint8Array;
  readonly untilMs: number;
}

/** What a server's adapter has to do, and what its applications are told. */
export type EndpointOutput =
  | RespondOutput
  | PipeOutput
  /** Whether this client may open a session is to be said by `handleVerdict`. */
  | { readonly kind: "authenticate"; readonly session: ServerSession; readonly handle: number }
  /** The stream of `nameStream` is this session's from now on: its end is told as of a pipe. */
  | { readonly kind: "stream-taken"; readonly session: ServerSession; readonly handle: number }
  /** Something for the application of one session. */
  | {
      readonly kind: "session";
      readonly session: ServerSession;
      readonly output: ApplicationOutput;
    }
  | TimeoutOutput;

/**
 * A server with its sessions.
 *
 * Readers: `sessions`, `recognise`, `recogniseTicket`. Commands: `drain`, `abortAll`, `retirePipe`,
 * `nameStream`, those of `session.side` with `touch`. Handlers: `handleRequest`, `handleGone`,
 * `handleVerdict`, `handleTimeout`, and of pipes `handlePipe`, `handleAnnounced`, `handleStream`,
 * `handlePipeBody`, `handlePipeGone`, `handleNamedGone`. After each, drain `poll()`; or
 * `pollOutput()`, where the end of the tick follows.
 */
export class Endpoint {
  /** Sessions that live, by identifier. */
  readonly sessions: Map<string, ServerSession> = new Map();
  /** Sessions by the tickets of their streams, or of their next pipes. */
  private readonly tickets: Map<string, ServerSession> = new Map();
  /** Streams that have a name and no session yet, by name, the oldest first. */
  private readonly named: Map<string, NamedStream> = new Map();
  private readonly tombstones: Map<string, Tombstone> = new Map();
  private readonly perAddress: Map<string, number> = new Map();
  private readonly touched: Deque<ServerSession> = new Deque();
  /** Sessions that were drained by `pollOutput`: when they want to be woken is not known. */
  private readonly untimed: Deque<ServerSession> = new Deque();
  private readonly own: Deque<Exclude<EndpointOutput, TimeoutOutput>> = new Deque();
  /** Sessions by when they want to be woken, the soonest first; see `TimerQueue`. */
  private readonly timers: TimerQueue<ServerSession> = new TimerQueue();
  private pending = 0;
  /** Where the next session's generation comes from. */
  private random: number;
  private nowMs: number;
  private readonly options: EndpointOptions;
  /** Set while the server drains. */
  private pauses: Pauses | undefined = undefined;

  /** @throws UsageError `option_invalid`, `option_unknown`, `clock_invalid`. */
  constructor(nowMs: number, options: Partial<EndpointOptions> = {}) {
    checkClock(nowMs);
    checkNames(options, ENDPOINT_DEFAULTS);
    this.options = { ...ENDPOINT_DEFAULTS, ...options };
    checkEndpointOptions(this.options);
    this.random = this.options.seed;
    this.nowMs = nowMs;
  }

  // --- commands -------------------------------------------------------------------------------

  /**
   * Before a server goes down: every request is answered at once from now on, with what waits for
   * its client, and the client asked to stay away for a time between the two, each for another one.
   * No new session opens; who asks for one is asked to stay away too [PARK-17] [PARK-18].
   *
   * @throws UsageError `option_invalid` for a pause of less than 1 ms or more than an hour.
   */
  drain(nowMs: number, pauseMinMs: number, pauseMaxMs: number): void {
    this.advance(nowMs);
    const pauses = new Pauses(pauseMinMs, pauseMaxMs, this.options.seed);
    this.pauses = pauses;
    this.hangUpNamed(Infinity);
    for (const session of this.sessions.values()) {
      if (session.side.state !== "ended") session.side.drain(nowMs, pauses);
      this.touch(session);
    }
  }

  /**
   * Ends every session at once; requests that are held carry the news, and later ones hear it from
   * the tombstones. `drain` before it, or others may open.
   */
  abortAll(nowMs: number, code: number = END_CODES.application, reason = ""): void {
    this.advance(nowMs);
    for (const session of this.sessions.values()) {
      if (session.side.state !== "ended") session.side.abort(nowMs, code, reason);
      this.touch(session);
    }
  }

  // --- handlers -------------------------------------------------------------------------------

  /**
   * A request's body has come whole. `handle` is the adapter's number for its answer, not used
   * again before that. `bytes` belong to the core from now on: payloads are views of them.
   *
   * @returns the session that the request was handed to, for `handleGone`; undefined where the
   *   endpoint answers by itself.
   */
  handleRequest(
    nowMs: number,
    handle: number,
    bytes: Uint8Array,
    origin: Origin,
  ): ServerSession | undefined {
    this.advance(nowMs);
    return this.handleAddressed({ by: "respond", handle, claim: THE_SECRET }, bytes, origin);
  }

  /**
   * The first body of a pipe that goes both ways has come whole. `handle` is the adapter's number
   * for the pipe, for `transmit`, `hang-up` and the handlers; not used again before it is gone.
   *
   * @param claim - judges the address; default: it has to have the secret itself.
   * @returns the session that the body was handed to, for the other handlers; undefined where the
   *   pipe is hung up with a word.
   */
  handlePipe(
    nowMs: number,
    handle: number,
    bytes: Uint8Array,
    origin: Origin,
    claim: Claim = THE_SECRET,
  ): ServerSession | undefined {
    this.advance(nowMs);
    return this.handleAddressed({ by: "transmit", handle, claim }, bytes, origin);
  }

  /**
   * Somebody asks for the stream with this ticket. Its pipe goes down only.
   *
   * @returns the session whose client may have it; undefined where nobody has offered to take it.
   */
  handleStream(nowMs: number, handle: number, ticket: Uint8Array): ServerSession | undefined {
    this.advance(nowMs);
    const session = this.recogniseTicket(ticket);
    if (session === undefined) return undefined;
    session.side.handleStream(nowMs, handle);
    this.noteTicket(session);
    this.touch(session);
    return session;
  }

  /**
   * A connection has opened on which bodies pass both ways, and shown this ticket: where it is of a
   * session, that speaks there before a body has come [PIPE-14].
   *
   * @returns the session, for `handlePipeBody`; undefined where nobody has announced it, and the
   *   first body is one for `handlePipe`.
   */
  handleAnnounced(nowMs: number, handle: number, ticket: Uint8Array): ServerSession | undefined {
    this.advance(nowMs);
    const session = this.recogniseTicket(ticket);
    if (session === undefined) return undefined;
    session.side.handleAnnounced(nowMs, handle);
    this.noteTicket(session);
    this.touch(session);
    return session;
  }

  /**
   * Somebody asks for a stream that the server is to name [PIPE-13]. The first body on it says the
   * name; when a session's request says it too, `stream-taken` tells whose the stream is.
   *
   * @param name `TICKET_BYTES` random bytes.
   * @returns false where there is no room for another one.
   * @throws UsageError `option_invalid` for a name of another length.
   */
  nameStream(nowMs: number, handle: number, name: Uint8Array): boolean {
    this.advance(nowMs);
    within(name.length, TICKET_BYTES, TICKET_BYTES, "name.length");
    const { streamsNamedMax, streamNamedMs } = this.options;
    if (this.pauses !== undefined || this.named.size >= streamsNamedMax) return false;
    const untilMs = this.nowMs + streamNamedMs;
    this.named.set(keyOf(name), { handle, name: name.slice(), untilMs });
    this.own.push({ kind: "transmit", handle, body: writeStreamName(name) });
    return true;
  }

  /** A stream that was named has ended, and no session had taken it. */
  handleNamedGone(handle: number): void {
    for (const [key, stream] of this.named) if (stream.handle === handle) this.named.delete(key);
  }

  /** A further body has come whole on a pipe, or the first one where its ticket was shown. */
  handlePipeBody(nowMs: number, session: ServerSession, handle: number, bytes: Uint8Array): void {
    this.advance(nowMs);
    const { side } = session;
    const pipe = pipeOf(side, handle);
    if (pipe === undefined) return;
    // [PIPE-14]: who has the ticket alone is heard by nobody.
    let isKnown = !pipe.isUnproved;
    try {
      const head = readHead(bytes, this.options.bodyBytesMax);
      const { direction, address } = head;
      if (isKnown) isKnown = address === undefined;
      else isKnown = address !== undefined && isOfPipe(session, pipe, address);
      if (direction !== 0 || !isKnown) throw new ProtocolError("misdelivered");
      if (head.checksum === "none") throw new ProtocolError("checksum_missing");
      const body = readBody(bytes, head, side.name);
      side.handlePipeBody(nowMs, pipe, body);
      if (body.offer !== undefined) this.noteTicket(session);
    } catch (error) {
      const code = protocolCode(error);
      // Where one body is damaged nobody can say where the next begins.
      if (pipe.isUnproved && !isKnown) side.refusePipe(nowMs, pipe);
      else if (!isKnown || isDamage(code)) side.breakPipe(nowMs, pipe);
      else side.violated(nowMs, code);
    }
    this.touch(session);
  }

  /** The connection of a pipe has ended. */
  handlePipeGone(nowMs: number, session: ServerSession, handle: number): void {
    this.advance(nowMs);
    const pipe = pipeOf(session.side, handle);
    if (pipe === undefined) return;
    session.side.handlePipeGone(nowMs, pipe);
    this.touch(session);
  }

  /**
   * What carries a pipe should be replaced, as some intermediaries let no connection grow old: its
   * client is asked to open another one, and leaves this one when that is joined.
   */
  retirePipe(nowMs: number, session: ServerSession, handle: number): void {
    this.advance(nowMs);
    const pipe = pipeOf(session.side, handle);
    if (pipe === undefined) return;
    session.side.retirePipe(nowMs, pipe);
    this.touch(session);
  }

  /** A body that says whose it is: a request, or the first on a pipe. */
  private handleAddressed(
    asker: Asker,
    bytes: Uint8Array,
    origin: Origin,
  ): ServerSession | undefined {
    let address: Address | undefined;
    let body: Body;
    try {
      const head = readHead(bytes, this.options.bodyBytesMax);
      // A reflected body verifies, so its direction is looked at [SUM-2].
      if (head.direction !== 0) throw new ProtocolError("misdelivered");
      if (head.checksum === "none") throw new ProtocolError("checksum_missing");
      if (head.address === undefined) throw new ProtocolError("address_missing");
      address = head.address;
      if (address.proof.length < NONCE_BYTES) throw new ProtocolError("address_invalid");
      body = readBody(bytes, head, address.sessionId);
    } catch (error) {
      const code = protocolCode(error);
      if (address === undefined || isDamage(code)) this.answerUnread(asker, bytes, code);
      else this.answerMalformed(asker, address, origin, code);
      return undefined;
    }
    const id = keyOf(address.sessionId);
    const session = this.sessions.get(id);
    if (session === undefined) return this.handleStranger(asker, id, address, body, origin);
    return this.handleKnown(asker, session, address, body, origin);
  }

  /** Hands a body to its session. @throws ProtocolError, as the session does. */
  private hand({ by, handle }: Asker, side: ParkSide, address: Address, body: Body): void {
    if (by === "respond") side.handleRequest(this.nowMs, handle, address, body);
    else side.handlePipe(this.nowMs, handle, address, body);
  }

  /**
   * The session that a request is of, by its identifier and secret, while it lives. Reads the head
   * only, changes nothing, and says nothing about the rest: `handleRequest` may still refuse it.
   */
  recognise(bytes: Uint8Array, claim: Claim = THE_SECRET): ServerSession | undefined {
    try {
      const { direction, address } = readHead(bytes, this.options.bodyBytesMax);
      if (direction !== 0 || address === undefined) return undefined;
      const session = this.sessions.get(keyOf(address.sessionId));
      if (session === undefined || session.side.state === "ended") return undefined;
      return claim.proves(session.secret, address) ? session : undefined;
    } catch (error) {
      protocolCode(error);
      return undefined;
    }
  }

  /** The session whose client has offered to take the pipe with this ticket; changes nothing. */
  recogniseTicket(ticket: Uint8Array): ServerSession | undefined {
    const session = this.tickets.get(keyOf(ticket));
    return session?.side.state === "ended" ? undefined : session;
  }

  /** The connection of a request has gone before it was answered. */
  handleGone(session: ServerSession, handle: number): void {
    session.side.handleGone(handle);
    this.touch(session);
  }

  /**
   * The answer to `authenticate`. Late verdicts are harmless.
   *
   * @throws UsageError `option_invalid`.
   */
  handleVerdict(nowMs: number, session: ServerSession, verdict: Verdict): void {
    this.advance(nowMs);
    if (session.verdictAtMs === Infinity || session.side.state === "ended") return;
    if (verdict.accepted === "later") {
      within(verdict.pauseMs, 0, PAUSE_MS_MAX, "pauseMs");
      session.side.postpone(nowMs, Math.round(verdict.pauseMs));
      this.remove(session);
      this.touch(session);
      return;
    }
    session.verdictAtMs = Infinity;
    this.pending--;
    if (verdict.accepted) {
      session.origin = { address: session.origin.address, principal: verdict.principal };
      session.side.accept(nowMs);
    } else {
      const { code = END_CODES.application, reason = "" } = verdict;
      session.side.refuse(nowMs, code, reason);
    }
    this.touch(session);
  }

  /** Wakes every session whose time has come. Called at the end of every tick. */
  handleTimeout(atMs: number): void {
    this.advance(atMs);
    const { nowMs } = this;
    this.forgetTombstones(nowMs);
    this.hangUpNamed(nowMs);
    // Whether their time has come need not be known: if not, nothing happens.
    for (let session = this.takeUntimed(); session; session = this.takeUntimed()) {
      this.wake(session);
    }
    for (;;) {
      const session = this.timers.takeDue(nowMs);
      if (session === undefined) return;
      this.wake(session);
    }
  }

  private wake(session: ServerSession): void {
    const { nowMs } = this;
    if (nowMs < session.verdictAtMs) session.side.handleTimeout(nowMs);
    else this.handleVerdict(nowMs, session, VERDICT_TIMEOUT);
    this.touch(session);
  }

  /**
   * A session was given a command: it is drained by the next `poll()`. Needed after every command
   * outside the loop that drains `poll()`, or the session is not woken.
   */
  touch(session: ServerSession): void {
    if (session.isTouched) return;
    session.isTouched = true;
    this.touched.push(session);
  }

  /** The next thing to do; a timeout when there is nothing else. */
  poll(): EndpointOutput {
    return this.pollOutput() ?? this.nextTimeout();
  }

  /**
   * The next thing to do now, if there is any. When nothing is left, the end of the tick must follow,
   * with `handleTimeout`, and then `poll` or `nextTimeout`.
   */
  pollOutput(): Exclude<EndpointOutput, TimeoutOutput> | undefined {
    for (;;) {
      const own = this.own.shift();
      if (own !== undefined) return own;
      const session = this.touched.first();
      if (session === undefined) return undefined;
      const output = session.side.pollOutput();
      if (output === undefined) {
        this.touched.shift();
        session.isTouched = false;
        if (session.side.state === "ended") this.bury(session);
        else if (!session.isUntimed) {
          session.isUntimed = true;
          this.untimed.push(session);
        }
      } else if (
        output.kind === "respond" ||
        output.kind === "transmit" ||
        output.kind === "hang-up"
      ) {
        return output;
      } else return { kind: "session", session, output };
    }
  }

  private takeUntimed(): ServerSession | undefined {
    for (;;) {
      const session = this.untimed.shift();
      if (session === undefined) return undefined;
      session.isUntimed = false;
      // It may have been buried since.
      if (session.side.state !== "ended") return session;
    }
  }

  /** When `handleTimeout` has something to do next, for whichever session, and why. */
  nextTimeout(): TimeoutOutput {
    for (let session = this.takeUntimed(); session; session = this.takeUntimed()) {
      const { atMs } = session.side.nextTimeout();
      this.timers.set(session, Math.min(atMs, session.verdictAtMs));
    }
    let atMs = this.timers.nextAtMs;
    for (const { untilMs } of this.named.values()) {
      atMs = Math.min(atMs, untilMs);
      break;
    }
    for (const { forgetAtMs } of this.tombstones.values()) {
      if (forgetAtMs < atMs) return { kind: "timeout", atMs: forgetAtMs, timer: "tombstone" };
      break;
    }
    return { kind: "timeout", atMs, timer: atMs === Infinity ? "none" : "transmit" };
  }

  // --- requests -------------------------------------------------------------------------------

  private handleKnown(
    asker: Asker,
    session: ServerSession,
    address: Address,
    body: Body,
    origin: Origin,
  ): ServerSession | undefined {
    // [OPEN-3]: only with the same secret and principal, before anything changes.
    if (!isOwner(asker, session.secret, session.origin.principal, address, origin)) {
      this.answerUnknown(asker, address);
      return undefined;
    }
    // [OWN-3]: of a session that another server began under this name.
    if (isOfOther(body, session.side.generation)) {
      this.answerUnknown(asker, address);
      return undefined;
    }
    if (session.side.state === "ended") {
      const { side } = session;
      this.answerEnded(asker, address, body, side, side.lastWord as LastWord);
      return undefined;
    }
    try {
      this.hand(asker, session.side, address, body);
    } catch (error) {
      this.violated(asker, session, protocolCode(error));
    }
    this.noteTicket(session);
    this.touch(session);
    return session;
  }

  private handleStranger(
    asker: Asker,
    id: string,
    address: Address,
    body: Body,
    origin: Origin,
  ): ServerSession | undefined {
    const tombstone = this.tombstones.get(id);
    if (tombstone !== undefined) {
      const isOwn = isOwner(asker, tombstone.secret, tombstone.principal, address, origin);
      const isHere = isOwn && !isOfOther(body, tombstone.generation);
      if (isHere) this.answerEnded(asker, address, body, tombstone, tombstone.lastWord);
      else this.answerUnknown(asker, address);
      return undefined;
    }
    const isOpening = body.open !== undefined && address.sessionId.length === NONCE_BYTES;
    const secret = isOpening ? asker.claim.secretOf(address) : undefined;
    if (secret === undefined || body.ended !== undefined) {
      this.answerUnknown(asker, address);
      return undefined;
    }
    if (this.pauses !== undefined) {
      this.answerPaused(asker, address, body, this.pauses);
      return undefined;
    }
    const ofAddress = this.perAddress.get(origin.address) ?? 0;
    if (
      this.sessions.size >= this.options.sessionsMax ||
      ofAddress >= this.options.sessionsPerAddressMax ||
      (this.options.authenticate && this.pending >= this.options.pendingMax)
    ) {
      this.answerRefused(asker, address);
      return undefined;
    }
    return this.admit(asker, id, secret, address, body, origin);
  }

  private admit(
    asker: Asker,
    id: string,
    secret: Uint8Array,
    address: Address,
    body: Body,
    origin: Origin,
  ): ServerSession | undefined {
    const { sessionId, incarnation } = address;
    const { handle } = asker;
    const generation = this.drawGeneration();
    const side = new ParkSide(this.nowMs, sessionId, incarnation, this.options, generation);
    try {
      this.hand(asker, side, address, body);
    } catch (error) {
      // An opening that breaks the rules never becomes a session.
      protocolCode(error);
      this.answerUnknown(asker, address);
      return undefined;
    }
    const { authenticate, verdictTimeoutMs } = this.options;
    const verdictAtMs = authenticate ? this.nowMs + verdictTimeoutMs : Infinity;
    const session: ServerSession = {
      side,
      id,
      secret: secret.slice(),
      origin,
      verdictAtMs,
      ticket: "",
      isTouched: false,
      isUntimed: false,
      wakeAtMs: Infinity,
      timerPosition: -1,
    };
    this.sessions.set(id, session);
    this.noteTicket(session);
    this.perAddress.set(origin.address, (this.perAddress.get(origin.address) ?? 0) + 1);
    this.touch(session);
    if (authenticate) {
      this.pending++;
      this.own.push({ kind: "authenticate", session, handle });
    } else {
      side.accept(this.nowMs);
    }
    return session;
  }

  // --- answers without a session --------------------------------------------------------------

  /**
   * [ERR-3] [LITS-4]: what cannot be read is answered with "received nothing", in the sender's
   * name.
   */
  private answerUnread(asker: Asker, bytes: Uint8Array, code: ProtocolError["code"]): void {
    if (code === "version_unknown") {
      this.say(asker, writeVersions([WIRE_VERSION]));
      return;
    }
    const sessionId = this.claimedId(bytes);
    if (sessionId === undefined) {
      this.say(asker, NOTHING);
      return;
    }
    this.answer(asker, sessionId, { unreadable: true });
  }

  /**
   * A body that is whole and yet against the wire's rules comes from a client that breaks them: its
   * session ends. Whoever else sent it hears the same, whether there is such a session or not.
   */
  private answerMalformed(
    asker: Asker,
    address: Address,
    origin: Origin,
    code: ProtocolError["code"],
  ): void {
    const session = this.sessions.get(keyOf(address.sessionId));
    if (
      session !== undefined &&
      isOwner(asker, session.secret, session.origin.principal, address, origin) &&
      session.side.state !== "ended" &&
      address.incarnation === session.side.incarnation
    ) {
      this.violated(asker, session, code);
      this.touch(session);
      return;
    }
    const reason = reasonBytes(code);
    this.answer(asker, address.sessionId, { ended: { code: END_CODES.protocol, reason } });
  }

  /** The identifier that an unreadable body claims; its checksum tells the claimant. */
  private claimedId(bytes: Uint8Array): Uint8Array | undefined {
    try {
      const head = readHead(bytes, Math.max(1, bytes.length));
      return head.direction === 0 ? head.address?.sessionId : undefined;
    } catch (error) {
      protocolCode(error);
      return undefined;
    }
  }

  /** [END-4]: the same for sessions that never were, are forgotten, or are somebody else's. */
  private answerUnknown(asker: Asker, address: Address): void {
    this.answer(asker, address.sessionId, { unknown: address.sessionId.slice(0, NONCE_BYTES) });
  }

  /** The last word is for the life that had the session, or goes on from it [INC-2]. */
  private answerEnded(
    asker: Asker,
    address: Address,
    body: Body,
    { incarnation, generation }: Pick<ParkSide, "incarnation" | "generation">,
    lastWord: LastWord,
  ): void {
    const isHeir =
      address.incarnation === incarnation || body.succeeds?.includes(incarnation) === true;
    const content = isHeir ? lastWord : { superseded: incarnation };
    this.answer(asker, address.sessionId, { owner: ownerOf(generation), ...content });
  }

  private answerRefused(asker: Asker, address: Address): void {
    const refused = { code: END_CODES.limit, reason: NOTHING };
    this.answer(asker, address.sessionId, { owner: ownerOf(this.drawGeneration()), refused });
  }

  /** [PARK-18]: no refusal, which would be final; the opening comes again, perhaps elsewhere. */
  private answerPaused(asker: Asker, address: Address, body: Body, pauses: Pauses): void {
    const owner = ownerOf(this.drawGeneration());
    if (asker.by === "transmit") {
      this.answer(asker, address.sessionId, { owner, pauseMs: pauses.next() });
      return;
    }
    if (body.request === undefined) {
      this.answerUnknown(asker, address);
      return;
    }
    const { exchange } = body.request;
    const answer = { exchange, heldMs: 0, parkedWanted: 1, answered: [], parked: [] };
    this.answer(asker, address.sessionId, { answer, owner, pauseMs: pauses.next() });
  }

  private answer(asker: Asker, sessionId: Uint8Array, content: Partial<Body>): void {
    const none = { channelWindows: [], channelsBlocked: [], numbered: [] };
    const options = { direction: 1, checksum: "xxh32", sessionId } as const;
    this.say(asker, encodeBody({ ...none, ...content }, options));
  }

  /** An answer, or the last word on a pipe. */
  private say({ by, handle }: Asker, body: Uint8Array): void {
    this.own.push({ kind: by, handle, body });
    if (by === "transmit") this.own.push({ kind: "hang-up", handle });
  }

  /** The session ends, and whoever broke its rules hears why. */
  private violated({ by, handle }: Asker, { side }: ServerSession, code: ProtocolErrorCode): void {
    side.violated(this.nowMs, code);
    side.sayLast(by, handle);
  }

  /** A session's last ticket is the one that counts. */
  private noteTicket(session: ServerSession): void {
    const { ticket: bytes } = session.side;
    const ticket = bytes === undefined ? "" : keyOf(bytes);
    if (ticket === session.ticket) return;
    this.tickets.delete(session.ticket);
    // A ticket that another session has is a copy of what was overheard: it stays where it was.
    session.ticket = this.tickets.has(ticket) ? "" : ticket;
    if (session.ticket === "") return;
    this.tickets.set(ticket, session);
    const stream = this.named.get(ticket);
    if (stream === undefined || session.side.state === "ended") return;
    this.named.delete(ticket);
    this.own.push({ kind: "stream-taken", session, handle: stream.handle });
    session.side.handleStream(this.nowMs, stream.handle, stream.name);
    this.noteTicket(session);
  }

  private hangUpNamed(nowMs: number): void {
    for (const [key, { handle, untilMs }] of this.named) {
      if (untilMs > nowMs) return;
      this.named.delete(key);
      this.own.push({ kind: "hang-up", handle });
    }
  }

  /** Also for a session that does not come about: the client may have joined one elsewhere. */
  private drawGeneration(): number {
    this.random = jitter(this.random);
    return 1 + (this.random % GENERATION_MAX);
  }

  // --- ends -----------------------------------------------------------------------------------

  /** An ended session makes room; what it leaves is its tombstone [END-6]. */
  private bury(session: ServerSession): void {
    if (this.sessions.get(session.id) !== session) return;
    this.remove(session);
    const lastWord = session.side.lastWord;
    assert(lastWord !== undefined, "ended_without_last_word");
    if (this.tombstones.size >= this.options.tombstonesMax) {
      for (const oldest of this.tombstones.keys()) {
        this.tombstones.delete(oldest);
        break;
      }
    }
    const forgetAtMs = this.nowMs + this.options.tombstoneMs;
    const { id, secret, side } = session;
    const { incarnation, generation } = side;
    const { principal } = session.origin;
    this.tombstones.set(id, { incarnation, generation, secret, principal, lastWord, forgetAtMs });
  }

  private remove(session: ServerSession): void {
    this.sessions.delete(session.id);
    this.tickets.delete(session.ticket);
    this.timers.set(session, Infinity);
    if (session.verdictAtMs !== Infinity) {
      session.verdictAtMs = Infinity;
      this.pending--;
    }
    const { address } = session.origin;
    const left = (this.perAddress.get(address) as number) - 1;
    assert(left >= 0, "sessions_of_address_negative");
    if (left === 0) this.perAddress.delete(address);
    else this.perAddress.set(address, left);
  }

  private forgetTombstones(nowMs: number): void {
    for (const [id, { forgetAtMs }] of this.tombstones) {
      if (forgetAtMs > nowMs) return;
      this.tombstones.delete(id);
    }
  }

  private advance(nowMs: number): void {
    checkClock(nowMs);
    this.nowMs = Math.max(this.nowMs, nowMs);
  }
}

const NOTHING = new Uint8Array(0);
const VERDICT_TIMEOUT: Verdict = { accepted: false, code: END_CODES.verdictTimeout };

/** How whoever sent an addressed body is spoken to: by an answer, or on the pipe. */
type By = "respond" | "transmit";

interface Asker {
  readonly by: By;
  readonly handle: number;
  readonly claim: Claim;
}

/** The address itself has the secret. */
const THE_SECRET: Claim = {
  secretOf: (address) => address.proof,
  proves: (secret, address) => isSameSecret(secret, address.proof),
};

function pipeOf(side: ParkSide, handle: number): Pipe | undefined {
  for (const pipe of side.pipes.values()) if (pipe.handle === handle) return pipe;
  return undefined;
}

/** A bound that is no number would bound nothing. */
function checkEndpointOptions(options: EndpointOptions): void {
  checkParkOptions(options);
  checkRanges(options, ENDPOINT_RANGES);
  if (!options.earlyMessages) return;
  // [OPEN-6]: what clients send before the first answer must be within what is allowed here.
  const { messages, bytes, channels } = INITIAL_GRANT;
  const least = {
    windowMessages: messages,
    windowBytes: bytes,
    channelsMax: channels,
    channelUnits: messages,
  };
  for (const name of Object.keys(least) as (keyof typeof least)[]) {
    const atLeast = `${least[name]} or more, or earlyMessages false`;
    refuseUnless(options[name] >= least[name], options[name], name, () => atLeast);
  }
}

/** An identifier as a key: its bytes as characters. */
function keyOf(sessionId: Uint8Array): string {
  // A third of the time of spreading the bytes.
  return String.fromCharCode.apply(undefined, sessionId as unknown as number[]);
}

/** Whether the sender of a request may speak for a session [OPEN-3]. */
function isOwner(
  { claim }: Asker,
  secret: Uint8Array,
  principal: string | undefined,
  address: Address,
  origin: Origin,
): boolean {
  if (!claim.proves(secret, address)) return false;
  // Who was not asked is not compared: neither the opener before a verdict nor this request.
  return (
    principal === undefined || origin.principal === undefined || principal === origin.principal
  );
}

/** Whether the first body on a pipe whose ticket was shown is of the life that has announced it. */
function isOfPipe({ side, secret }: ServerSession, pipe: Pipe, address: Address): boolean {
  if (address.link !== pipe.link || address.incarnation !== side.incarnation) return false;
  return keyOf(address.sessionId) === keyOf(side.name) && THE_SECRET.proves(secret, address);
}

/** Compares in a time that does not depend on where the difference is. */
function isSameSecret(expected: Uint8Array, given: Uint8Array): boolean {
  if (expected.length !== given.length) return false;
  let difference = 0;
  for (let at = 0; at < expected.length; at++) {
    difference |= (expected[at] as number) ^ (given[at] as number);
  }
  return difference === 0;
}
