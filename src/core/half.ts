/**
 * What both halves of a session share: the application's commands, the two halves of reliability,
 * the making of bodies, and the way to the end. `RequestSide` and `ParkSide` add when to speak.
 *
 * Readers: `state`, `bufferedBytes`, `stats` and other plain properties.
 * Commands of the application: `send`, `openChannel`, `finishChannel`, `resetChannel`, `consume`,
 * `close`, `abort`.
 * Handlers: those of the subclasses, and `handleTimeout(nowMs)`, which alone transmits.
 * `poll()` until it returns a timeout, after each of them; or `pollOutput()` until it returns
 * nothing, where the end of the tick follows, at which `nextTimeout()` is asked.
 */
import type { Ack, Body, DeliveryMode, Ending, Owner, Parameters } from "./body.ts";
import { beginBody, type BodyOptions, bytesBegun, encodeBody, finishBody } from "./body-writer.ts";
import { ChannelSender } from "./channel-sender.ts";
import { Deque } from "./deque.ts";
import { assert, checkClock, ProtocolError, UsageError } from "./errors.ts";
import type { Flight } from "./in-flight.ts";
import { LazySet } from "./lazy-set.ts";
import {
  BACK_OFF_MAX,
  BODY_BYTES_FLOOR,
  BODY_MESSAGES_MAX,
  INITIAL_GRANT,
  INTEGER_MAX,
  LABEL_BYTES_MAX,
  ROOM_BYTES_MIN,
  STATEMENT_BYTES,
  UNIT_BYTES_MAX,
} from "./limits.ts";
import { DELIVERY_MODES } from "./numbered-frames.ts";
import type { SessionOptions } from "./options.ts";
import type {
  ApplicationOutput,
  EndReason,
  EndedOutput,
  TimeoutOutput,
  TimerName,
} from "./outputs.ts";
import { reasonText } from "./reason.ts";
import { Receiver } from "./receiver.ts";
import { RoundTrip } from "./rtt.ts";
import { Sender } from "./sender.ts";
import { NO_KEY } from "./send-ring.ts";
import type { SessionEvent, SessionState } from "./session-states.ts";
import { nextState } from "./session-states.ts";

/** Codes with which the library itself ends sessions and resets channels; spec 10.3. */
export const END_CODES = {
  closed: 0,
  /** The application's own codes begin here and end below 0x1000. */
  application: 1,
  protocol: 0x1000,
  silence: 0x1001,
  unreadable: 0x1002,
  closeTimeout: 0x1003,
  limit: 0x1004,
  verdictTimeout: 0x1005,
} as const;

/** Which side of the wire: decides the parity of channel identifiers. */
export type Role = "request" | "park";

/** How the application opens a channel. */
export interface ChannelOptions {
  /** Default `ordered`. */
  readonly mode?: DeliveryMode | undefined;
  /** Milliseconds after which an undelivered message may be given up; default: never. */
  readonly ttlMs?: number | undefined;
}

/** Counters since the session began. */
export interface Stats {
  /** Messages that have left at least once. */
  readonly messagesSent: number;
  /** Messages of the peer that were handed on, in order where there is one. */
  readonly messagesDelivered: number;
  /** Messages, and parts of large ones, that were sent again. */
  readonly unitsResent: number;
  /** Messages and parts that had come already and were dropped. */
  readonly duplicatesDropped: number;
  /** Requests, or answers, that were made. */
  readonly bodiesSent: number;
  /** Well-formed bodies of the peer. */
  readonly bodiesReceived: number;
  /** Bodies that were damaged, or nobody's. */
  readonly bodiesUnreadable: number;
  /**
   * Round trip, smoothed as in RFC 6298 and without the time for which a request was held; 0 before
   * the first measurement.
   */
  readonly roundTripMs: number;
}

/** What the link puts into the prefix of a body. */
export type Head = Pick<
  Body,
  | "request"
  | "answer"
  | "owner"
  | "open"
  | "opened"
  | "pauseMs"
  | "succeeds"
  | "offer"
  | "hearing"
  | "pipe"
>;

/** The owner of a session of this generation [OWN-1]; nobody's for 0. */
export function ownerOf(generation: number): Owner | undefined {
  return generation === 0 ? undefined : { epoch: 0, generation, hint: NO_HINT };
}

/** Whether a body is of another session than that of this generation; 0: none is known yet. */
export function isOfOther({ owner }: Body, generation: number): boolean {
  return generation !== 0 && owner !== undefined && owner.generation !== generation;
}

const NO_HINT = new Uint8Array(0);

/** A body in the making. */
type Draft = { -readonly [Field in keyof Body]: Body[Field] };

/**
 * What both halves of a session have in common: accepting, delivering, channels, closing, timers.
 * `RequestSide` and `ParkSide` add when to speak.
 */
export abstract class Half<Transmit extends { kind: string }> {
  /** Where the session stands. */
  state: SessionState = "opening";
  /** @internal What this side sends. */
  readonly sender: Sender;
  /** @internal What the peer sends. */
  readonly receiver: Receiver;
  /** @internal How long a round trip takes. */
  readonly roundTrip: RoundTrip;
  /** The peer's parameters, once they are known. */
  peer: Parameters | undefined = undefined;
  protected readonly sessionId: Uint8Array;
  protected readonly settings: SessionOptions;
  protected readonly transmissions: Deque<Transmit> = new Deque();
  private readonly notices: Deque<ApplicationOutput> = new Deque();
  private endedOutput: EndedOutput | undefined = undefined;
  /** The latest time that was told. */
  protected nowMs: number;
  /** When a well-formed body of the peer's came last; before the first, when the session began. */
  lastHeardMs: number;
  /** The end of the pause that the server asked for last; in the past for none. */
  protected pausedUntilMs: number;
  protected closeAtMs: number = Infinity;
  /** Whose application closed, as far as this side knows. */
  private closer: "local" | "peer" = "local";
  protected probeAtMs: number = Infinity;
  private probes = 0;
  /** Timers of transmissions count from here where they were sent before [EXCH-6]. */
  protected resendBaseMs = 0;
  /** Size at which the next body should end, and the most that ever passed or may pass. */
  protected bodyBytesLimit: number;
  protected bodyBytesCeiling: number;
  protected unreadableInRow = 0;
  private isAboveHighWater = false;
  private readonly endingChannels: LazySet<number> = new LazySet();
  private ownChannels = 0;
  private readonly role: Role;
  private bodiesSent = 0;
  protected bodiesReceived = 0;
  protected bodiesUnreadable = 0;

  /** @internal Made by the library. */
  constructor(role: Role, nowMs: number, sessionId: Uint8Array, settings: SessionOptions) {
    checkClock(nowMs);
    this.role = role;
    this.nowMs = nowMs;
    this.lastHeardMs = nowMs;
    this.pausedUntilMs = nowMs;
    this.sessionId = sessionId;
    this.settings = settings;
    this.sender = new Sender({ seqMax: 0, bytesMax: 0 });
    this.sender.addChannel(new ChannelSender(0, "ordered", Infinity, 0, 0));
    this.receiver = new Receiver(settings, role === "request" ? 1 : 0);
    this.roundTrip = new RoundTrip(settings.rtoInitialMs, settings.rtoMinMs, settings.rtoMaxMs);
    this.bodyBytesLimit = settings.bodyBytesInitial;
    this.bodyBytesCeiling = settings.bodyBytesMax;
  }

  // --- readers --------------------------------------------------------------------------------

  /** Payload bytes accepted and not yet held by the peer. */
  get bufferedBytes(): number {
    return this.sender.bufferedBytes;
  }

  /** @internal Payload bytes accepted that have not left yet. */
  get unsentBytes(): number {
    return this.sender.unsentBytes;
  }

  /**
   * Units accepted and not yet held by the peer: messages, the parts of a large one each, and what
   * is said about channels.
   */
  get unacknowledged(): number {
    return this.sender.unsentCount + this.sender.ring.size;
  }

  /** Whether the peer holds everything that was accepted. */
  get isFlushed(): boolean {
    return this.sender.isFlushed;
  }

  /** Counters since the session began. */
  get stats(): Stats {
    return {
      messagesSent: this.sender.messagesSent,
      messagesDelivered: this.receiver.delivered,
      unitsResent: this.sender.unitsResent,
      duplicatesDropped: this.receiver.duplicates,
      bodiesSent: this.bodiesSent,
      bodiesReceived: this.bodiesReceived,
      bodiesUnreadable: this.bodiesUnreadable,
      roundTripMs: this.roundTrip.smoothedMs,
    };
  }

  // --- commands of the application ------------------------------------------------------------

  /**
   * Accepts a message. Small payloads are copied; one above 512 bytes must not be changed until it is
   * released. `key` belongs to `latest` channels (default 0).
   *
   * @returns false from `highWaterBytes` on: better wait for `writable`.
   * @throws UsageError `session_closed`, `channel_closed`, `channel_unknown`, `message_too_large`,
   *   `buffer_full`, `key_invalid`, `payload_invalid` for anything but bytes.
   */
  send(nowMs: number, payload: Uint8Array, channelId = 0, key?: number): boolean {
    this.advance(nowMs);
    // Text or an array would be copied as something else without a word.
    const isBytes = ArrayBuffer.isView(payload) && payload.BYTES_PER_ELEMENT === 1;
    if (!isBytes) throw new UsageError("payload_invalid", "not a Uint8Array");
    this.requireOpen();
    const channel = this.sender.channels.get(channelId);
    if (channel === undefined) throw this.noChannel(channelId);
    if (channel.state !== "open") throw new UsageError("channel_closed");
    const messageKey = checkKey(channel.mode, key);
    const bytesMax = this.peer?.messageBytesMax ?? this.settings.messageBytesMax;
    if (payload.length > bytesMax) {
      throw new UsageError("message_too_large", `${payload.length} bytes of at most ${bytesMax}`);
    }
    if (
      this.sender.bufferedBytes + payload.length > this.settings.sendBufferBytesMax ||
      this.unacknowledged >= this.settings.sendBufferMessagesMax
    ) {
      throw new UsageError("buffer_full");
    }
    this.sender.accept(nowMs, channel, payload, messageKey);
    if (this.sender.bufferedBytes >= this.settings.highWaterBytes) this.isAboveHighWater = true;
    return !this.isAboveHighWater;
  }

  /**
   * Opens a channel; both sides may send on it at once.
   *
   * @throws UsageError `session_closed`, `label_too_long`, `channel_limit`, `option_invalid`.
   */
  openChannel(nowMs: number, label: Uint8Array, options: ChannelOptions = {}): number {
    this.advance(nowMs);
    this.requireOpen();
    if (label.length > LABEL_BYTES_MAX) throw new UsageError("label_too_long");
    const ttlMs = checkTimeToLive(options.ttlMs);
    const mode = options.mode ?? "ordered";
    if (!DELIVERY_MODES.includes(mode)) throw new UsageError("option_invalid", "mode");
    this.removeChannels();
    const peerMax = this.peer?.channelsMax ?? INITIAL_GRANT.channels;
    if (this.ownChannels >= Math.min(peerMax, this.settings.channelsMax)) {
      throw new UsageError("channel_limit");
    }
    const id = this.receiver.nextOwnChannel;
    this.receiver.nextOwnChannel += 2;
    this.ownChannels++;
    const channel = this.addChannel(id, mode, ttlMs);
    this.receiver.addChannel(id, channel.mode);
    this.sender.open(channel, label.slice());
    return id;
  }

  /**
   * Lets messages of this side expire on a channel that the peer opened.
   *
   * @throws UsageError `channel_closed`, `channel_unknown`, `option_invalid`, `state_invalid` after
   *   the first message.
   */
  setTimeToLive(channelId: number, ttlMs: number): void {
    const channel = this.requireChannel(channelId);
    if (channel.nextIndex > 1 || channel.hasUnsent) {
      throw new UsageError("state_invalid");
    }
    channel.ttlMs = checkTimeToLive(ttlMs);
  }

  /**
   * Ends this side's half of a channel: what was accepted still arrives, nothing more follows.
   *
   * @throws UsageError `channel_closed`, `channel_unknown`.
   */
  finishChannel(nowMs: number, channelId: number): void {
    this.advance(nowMs);
    const channel = this.requireChannel(channelId);
    if (channel.state !== "open") throw new UsageError("channel_closed");
    this.sender.finishChannel(channel);
    this.endingChannels.add(channelId);
  }

  /**
   * Abandons a channel in both directions, or refuses one that the peer opened.
   *
   * @throws UsageError `channel_closed`, `channel_unknown`, `state_invalid` for channel 0, which
   *   lives as long as the session.
   */
  resetChannel(nowMs: number, channelId: number, code: number): void {
    this.advance(nowMs);
    if (channelId === 0) throw new UsageError("state_invalid");
    const channel = this.requireChannel(channelId);
    if (channel.state === "reset") throw new UsageError("channel_closed");
    this.sender.reset(channel, code);
    const receiving = this.receiver.channels.get(channelId);
    assert(receiving !== undefined, "channel_half_missing");
    this.receiver.reset(receiving);
    this.endingChannels.add(channelId);
  }

  /**
   * With `consume: "explicit"`: the application is done with the next `count` messages that were
   * delivered on a channel.
   *
   * @throws UsageError `consume_too_many`, `channel_unknown`.
   */
  consume(nowMs: number, channelId: number, count: number): void {
    this.advance(nowMs);
    const channel = this.receiver.channels.get(channelId);
    if (channel === undefined && !this.hadChannel(channelId)) throw this.noChannel(channelId);
    // What was delivered on a channel that is gone was consumed with it.
    if (channel === undefined || channel.isReset) return;
    if (!this.receiver.consume(channel, count)) throw new UsageError("consume_too_many");
    this.receiver.noteHeld(nowMs);
  }

  /** Nothing more will be sent; the session ends when both sides hold everything. */
  close(nowMs: number, code: number = END_CODES.closed): void {
    this.advance(nowMs);
    this.requireOpen();
    this.beginClosing("local", code);
  }

  // --- driving --------------------------------------------------------------------------------

  /** The next thing to do; a timeout when there is nothing else. */
  poll(): Transmit | ApplicationOutput | TimeoutOutput {
    return this.pollOutput() ?? this.nextTimeout();
  }

  /** The next thing to do now, if there is any. */
  pollOutput(): Transmit | ApplicationOutput | undefined {
    const transmission = this.transmissions.shift();
    if (transmission !== undefined) return transmission;
    const notice = this.notices.shift();
    if (notice !== undefined) return notice;
    if (this.isPeerAdmitted) {
      const event = this.receiver.takeEvent();
      if (event !== undefined) {
        this.receiver.noteHeld(this.nowMs);
        if (event.kind !== "deliver") return event;
        const { kind, channel, index, payloads } = event;
        return { kind, channel, index, payloads };
      }
    }
    const { givenUp } = this.sender;
    if (givenUp.size > 0) {
      for (const [channel, { neverSent, sent }] of givenUp) {
        givenUp.delete(channel);
        return { kind: "given-up", channel, neverSent, sent };
      }
    }
    if (this.isAboveHighWater && this.bufferedBytes * 2 <= this.settings.highWaterBytes) {
      this.isAboveHighWater = false;
      return { kind: "writable" };
    }
    if (this.endedOutput !== undefined) {
      const ended = this.endedOutput;
      this.endedOutput = undefined;
      return ended;
    }
    return undefined;
  }

  /** Time has come: timers fire, what can leave leaves. Called at the end of every tick [SAY-7]. */
  handleTimeout(atMs: number): void {
    this.advance(atMs);
    if (this.state === "ended") return;
    const { nowMs } = this;
    this.sender.expire(nowMs);
    // [END-9]: nobody waits for ever.
    if (nowMs >= this.silenceAtMs) {
      this.end("silence", "network", END_CODES.silence);
    } else if (nowMs >= this.closeAtMs) {
      this.fail("close-timeout", "network", END_CODES.closeTimeout, "");
    } else {
      this.handleTimers(nowMs);
      this.transmit(nowMs);
      this.updateProbe(nowMs);
      // Afterwards: what has just left may have been the end of a channel, and the peer may open
      // another one as soon as it has that.
      this.removeChannels();
    }
  }

  /**
   * When `handleTimeout` has something to do next, and why. All that may become due is looked at,
   * which takes longer than all else about a small body: once a tick is enough.
   */
  nextTimeout(): TimeoutOutput {
    let timer: TimerName = "none";
    let atMs = Infinity;
    const consider = (name: TimerName, dueMs: number): void => {
      if (dueMs >= atMs) return;
      timer = name;
      atMs = dueMs;
    };
    if (this.state !== "ended") {
      consider("silence", this.silenceAtMs);
      consider("close", this.closeAtMs);
      consider("expire", this.sender.nextExpiryMs);
      // A message that was stopped just now: the wait before saying so begins.
      if (this.probeAtMs === Infinity && this.sender.isBlocked) consider("probe", this.nowMs);
      this.considerTimers(consider);
    }
    return { kind: "timeout", atMs, timer };
  }

  protected abstract considerTimers(consider: (name: TimerName, atMs: number) => void): void;
  protected abstract handleTimers(nowMs: number): void;
  protected abstract transmit(nowMs: number): void;
  /** Ends with a body to the peer, if the link can still carry one. */
  protected abstract fail(
    reason: EndReason,
    by: EndedOutput["by"],
    code: number,
    detail: string,
  ): void;
  protected abstract get silenceLimitMs(): number;
  protected abstract get bodyOptions(): BodyOptions;

  /** Before the verdict nothing of the peer's is delivered or acknowledged [OPEN-5]. */
  protected get isPeerAdmitted(): boolean {
    return true;
  }

  /** [END-9]: nobody is expected to speak during a pause. */
  private get silenceAtMs(): number {
    return Math.max(this.lastHeardMs, this.pausedUntilMs) + this.silenceLimitMs;
  }

  /**
   * Tells the clock. Times never run backwards here, whatever the caller's clock does.
   *
   * @throws UsageError `clock_invalid`, as all that takes the time does.
   */
  protected advance(nowMs: number): void {
    checkClock(nowMs);
    this.nowMs = Math.max(this.nowMs, nowMs);
  }

  // --- speaking -------------------------------------------------------------------------------

  /**
   * Whether there is something to say that should not wait for another reason [SAY-1]. That a body
   * came is none by itself [SAY-5], so that with nothing to say nothing moves [SAY-6].
   */
  protected hasSomethingToSay(nowMs: number): boolean {
    return this.sender.hasSomething || this.hasPrefixToSay(nowMs);
  }

  /** What of it needs no room for anything numbered. */
  protected hasPrefixToSay(nowMs: number): boolean {
    return (
      this.receiver.isWindowWorthSaying || nowMs >= this.ackDueAtMs || nowMs >= this.probeDueMs
    );
  }

  /** When an acknowledgement leaves that nothing else has carried [SAY-1]. */
  protected get ackDueAtMs(): number {
    return this.receiver.ackOwedSinceMs + this.settings.ackDelayMs;
  }

  /**
   * Makes a body: the prefix given, what this side received and grants, and, for a numbered
   * transmission, as much of what is due and new as fits; nothing of it where there are no bytes
   * for it.
   */
  protected compose(
    nowMs: number,
    head: Head,
    transmission: number,
    options: BodyOptions = this.bodyOptions,
    bytesMax: number = this.bodyBytesLimit,
  ): Uint8Array {
    const opens = head.open !== undefined || head.opened !== undefined;
    const { window, channelWindows } = this.receiver.state(opens);
    const { request, answer, owner, open, opened, pauseMs, succeeds, offer, hearing, pipe } = head;
    const { ack } = this.receiver;
    // One shape for all bodies: copying a head into others costs more than writing the body.
    const body: Draft = {
      request,
      answer,
      ack,
      window,
      blocked: undefined,
      owner,
      open,
      opened,
      pauseMs,
      succeeds,
      offer,
      hearing,
      pipe,
      channelWindows,
      channelsBlocked: [],
      numbered: [],
    };
    let writer = beginBody(body, options);
    const used = bytesBegun(writer, options) + STATEMENT_BYTES;
    const room = Math.max(ROOM_BYTES_MIN, Math.min(this.bodyBytesLimit, bytesMax) - used);
    // [LIT-2] [LITS-3] [LITB-4]
    const units = this.settings.literal?.bundleMessages ?? BODY_MESSAGES_MAX;
    if (bytesMax > 0) body.numbered = this.sender.fill(nowMs, transmission, room, units);
    if (nowMs >= this.probeAtMs) this.postponeProbe(nowMs);
    const { blocked, channelsBlocked } = this.sender.statement;
    body.blocked = blocked;
    body.channelsBlocked = channelsBlocked;
    // A statement that stands in the prefix: it is written anew.
    if (blocked !== undefined) writer = beginBody(body, options);
    const bytes = finishBody(writer, body, options);
    const flight = this.sender.flights.get(transmission);
    if (flight !== undefined) flight.bytes = bytes.length;
    this.bodiesSent++;
    return bytes;
  }

  /** A body without a bundle, for what needs an answer but may carry none [PARK-4]. */
  protected composeEmpty(head: Partial<Body>, options: BodyOptions = this.bodyOptions): Uint8Array {
    this.bodiesSent++;
    const { ack, windows } = this.receiver;
    const none = { channelWindows: [], channelsBlocked: [], numbered: [] };
    // [WIN-8]: beside OPEN and OPENED it is always stated.
    const opens = head.open !== undefined || head.opened !== undefined;
    const window = opens || windows.isNews ? windows.session : undefined;
    const prefix = this.isPeerAdmitted ? { ack, window } : {};
    return encodeBody({ ...prefix, ...head, ...none }, options);
  }

  /** The parameters that this side states when the session opens. */
  protected get parameters(): Parameters {
    const { channelsMax, channelUnits, channelBytes, messageBytesMax } = this.settings;
    const { bodyBytesMax, silenceLimitMs, holdTimeMs, parkedMax } = this.settings;
    return {
      channelsMax,
      channelUnits,
      channelBytes,
      messageBytesMax,
      bodyBytesMax,
      silenceLimitMs,
      holdTimeMs,
      parkedMax,
    };
  }

  // --- hearing --------------------------------------------------------------------------------

  /** Throws if applying the body would break a rule; changes nothing [BODY-5]. */
  protected check(body: Body): void {
    if (body.ack !== undefined) this.sender.checkAck(body.ack);
    this.receiver.check(body.numbered);
  }

  /** Applies what both directions have in common, acknowledgements first. */
  protected hear(nowMs: number, body: Body): void {
    this.lastHeardMs = Math.max(this.lastHeardMs, nowMs);
    this.bodiesReceived++;
    this.unreadableInRow = 0;
    if (body.window !== undefined && this.sender.handleWindow(body.window)) this.endProbe();
    this.receiver.handleBlocked(body.blocked, body.channelsBlocked);
    this.receiver.receive(nowMs, body.numbered);
    for (const frame of body.numbered) {
      if (frame.kind === "channel-open") this.joinChannel(frame.channel, frame.mode);
      else if (frame.kind === "channel-reset") this.followReset(frame.channel);
    }
    for (const window of body.channelWindows) {
      if (this.sender.handleChannelWindow(window)) this.endProbe();
    }
    if (this.state === "open") this.followClose();
  }

  protected hearAck(ack: Ack | undefined): void {
    if (ack !== undefined) this.sender.handleAck(ack);
  }

  /** The peer's limits are known from now on. */
  protected learn(parameters: Parameters): void {
    if (this.peer !== undefined) return;
    this.peer = parameters;
    const { channelUnits: unitsMax, channelBytes: bytesMax } = parameters;
    for (const channel of this.sender.channels.keys()) {
      this.sender.handleChannelWindow({ channel, unitsMax, bytesMax });
    }
    this.bodyBytesCeiling = Math.min(this.bodyBytesCeiling, parameters.bodyBytesMax);
    this.bodyBytesLimit = Math.min(this.bodyBytesLimit, this.bodyBytesCeiling);
  }

  protected notify(notice: ApplicationOutput): void {
    this.notices.push(notice);
  }

  // --- evidence -------------------------------------------------------------------------------

  /** A transmission arrived: the path carries bodies of this size. */
  protected noteArrival(nowMs: number, flight: Flight | undefined): void {
    if (flight === undefined) return;
    this.roundTrip.endBackOff();
    this.roundTrip.sampleRate(flight.bytes, nowMs - flight.sentAtMs);
    this.growBodies(flight);
  }

  /** Not by its size: at a small limit no number of whole messages may come near it. */
  protected growBodies(flight: Flight): void {
    if (!flight.isFull) return;
    this.bodyBytesLimit = Math.min(this.bodyBytesLimit * 2, this.bodyBytesCeiling);
  }

  /** Whether the other side has said that it received something of it. */
  protected hasArrived(flight: Flight): boolean {
    for (let at = 0; at < flight.runs.length; at += 2) {
      const first = flight.runs[at] as number;
      if (this.sender.peerReceived.overlaps(first, flight.runs[at + 1] as number)) return true;
    }
    return false;
  }

  /** A transmission is overdue: what it carried goes again, in half of its size [EXCH-6]. */
  protected noteOverdue(nowMs: number, flight: Flight): void {
    this.roundTrip.backOff();
    this.resendBaseMs = nowMs;
    this.halveBodies(flight);
  }

  /** Somebody on the way takes no bodies of this size: they never grow again [RETRY-4]. */
  protected noteTooLarge(flight: Flight): void {
    this.halveBodies(flight);
    this.bodyBytesCeiling = this.bodyBytesLimit;
  }

  private halveBodies(flight: Flight): void {
    const half = Math.floor(Math.min(flight.bytes, this.bodyBytesLimit) / 2);
    this.bodyBytesLimit = Math.min(this.bodyBytesLimit, Math.max(BODY_BYTES_FLOOR, half));
  }

  /** When a flight becomes overdue. */
  protected overdueAtMs(flight: Flight): number {
    const baseMs = Math.max(flight.sentAtMs, this.resendBaseMs);
    return baseMs + this.roundTrip.overdueAfterMs(flight.bytes);
  }

  /** The flight that is overdue first; those of pipes have no timers of their own. */
  protected get oldestFlight(): Flight | undefined {
    for (const flight of this.sender.flights.values()) if (flight.transmission > 0) return flight;
    return undefined;
  }

  // --- ending ---------------------------------------------------------------------------------

  protected end(reason: EndReason, by: EndedOutput["by"], code: number, detail = ""): void {
    assert(this.state !== "ended", "ended_twice");
    this.become("end");
    const { neverSent, unknown } = this.sender.fates;
    this.endedOutput = { kind: "ended", reason, by, code, detail, neverSent, unknown };
  }

  /** What the peer said last: a tombstone, an abort, or the end of a close. */
  protected endByPeer(ending: Ending): void {
    const isClose = this.state === "closing" && ending.code === END_CODES.closed;
    const isDone = this.sender.isFlushed && this.receiver.isFinished;
    if (isClose && isDone) this.endClosed();
    else this.end("peer-ended", "peer", ending.code, reasonText(ending.reason));
  }

  /** The graceful end, by whoever began it. */
  protected endClosed(): void {
    this.end("closed", this.closer, END_CODES.closed);
  }

  /** Both sides finished, and this one knows that the other holds everything [END-1]. */
  protected get isDone(): boolean {
    return this.state === "closing" && this.receiver.isFinished && this.sender.isFlushed;
  }

  protected become(event: SessionEvent): void {
    this.state = nextState(this.state, event);
  }

  /** The peer's end is followed by one's own [END-1]. */
  protected followClose(): void {
    if (this.receiver.hasEverything) this.beginClosing("peer", END_CODES.closed);
  }

  /** From now on nothing is accepted; all else goes on until both are done [END-2]. */
  private beginClosing(closer: "local" | "peer", code: number): void {
    this.closer = closer;
    this.become("close");
    this.closeAtMs = this.nowMs + this.settings.closeTimeoutMs;
    this.sender.finish(code);
  }

  // --- details --------------------------------------------------------------------------------

  private requireOpen(): void {
    if (this.state !== "opening" && this.state !== "open") {
      throw new UsageError(
        "session_closed",
        this.state === "ended" ? "it has ended" : "it is closing",
      );
    }
  }

  private requireChannel(id: number): ChannelSender {
    const channel = this.sender.channels.get(id);
    if (channel === undefined) throw this.noChannel(id);
    if (this.state === "ended") throw new UsageError("channel_closed");
    return channel;
  }

  /** A channel that is gone is told from one that nobody ever opened. */
  private noChannel(id: number): UsageError {
    return new UsageError(this.hadChannel(id) ? "channel_closed" : "channel_unknown");
  }

  private hadChannel(id: number): boolean {
    return Number.isSafeInteger(id) && id > 0 && this.receiver.wasOpened(id);
  }

  private addChannel(id: number, mode: DeliveryMode, ttlMs: number): ChannelSender {
    const units = this.peer?.channelUnits ?? INITIAL_GRANT.messages;
    const bytes = this.peer?.channelBytes ?? UNIT_BYTES_MAX;
    const channel = new ChannelSender(id, mode, ttlMs, units, bytes);
    this.sender.addChannel(channel);
    return channel;
  }

  /** The peer opened a channel: this side may send on it too [CHAN-2]. */
  private joinChannel(id: number, mode: DeliveryMode): void {
    if (this.sender.channels.has(id) || !this.receiver.channels.has(id)) return;
    this.addChannel(id, mode, Infinity);
  }

  private followReset(id: number): void {
    const channel = this.sender.channels.get(id);
    if (channel === undefined || channel.state === "reset") return;
    if (this.receiver.channels.get(id)?.isReset !== true) return;
    this.sender.reset(channel, undefined);
    this.endingChannels.add(id);
  }

  /** Forgets channels with which both sides are done [CHAN-6]. */
  private removeChannels(): void {
    for (const id of this.endingChannels) {
      const sending = this.sender.channels.get(id);
      const receiving = this.receiver.channels.get(id);
      assert(sending !== undefined && receiving !== undefined, "ending_channel_is_gone");
      receiving.isOwnHalfEnded = sending.state === "finished" || sending.state === "reset";
      if (id === 0 || !receiving.isOwnHalfEnded || sending.outstanding > 0) continue;
      if (!receiving.isDrained || receiving.unconsumed.size > 0) continue;
      if (this.sender.hasFactsOf(id)) continue;
      this.endingChannels.delete(id);
      this.sender.removeChannel(id);
      this.receiver.removeChannel(id);
      if (id % 2 === (this.role === "request" ? 0 : 1)) this.ownChannels--;
    }
  }

  /** [SAY-8]: the body that raised a window may have been lost. */
  private updateProbe(nowMs: number): void {
    if (!this.sender.isBlocked) this.endProbe();
    else if (this.probeAtMs === Infinity) this.probeAtMs = nowMs + this.roundTrip.timeoutMs;
  }

  /**
   * When to ask whether a window has risen. What waited for it may be gone, and then nothing asks.
   */
  protected get probeDueMs(): number {
    return this.sender.isBlocked ? this.probeAtMs : Infinity;
  }

  private postponeProbe(nowMs: number): void {
    this.probes = Math.min(this.probes + 1, BACK_OFF_MAX);
    const waitMs = this.roundTrip.timeoutMs * 2 ** this.probes;
    this.probeAtMs = nowMs + Math.min(waitMs, this.settings.rtoMaxMs);
  }

  private endProbe(): void {
    this.probes = 0;
    this.probeAtMs = Infinity;
  }
}

function checkKey(mode: DeliveryMode, key: number | undefined): number {
  if (mode !== "latest") {
    if (key !== undefined) throw new UsageError("key_invalid", "only messages of latest have keys");
    return NO_KEY;
  }
  const given = key ?? 0;
  if (!(Number.isInteger(given) && given >= 0 && given <= INTEGER_MAX)) {
    throw new UsageError("key_invalid", `${given} is none from 0 to ${INTEGER_MAX}`);
  }
  return given;
}

function checkTimeToLive(ttlMs: number | undefined): number {
  if (ttlMs === undefined || ttlMs === Infinity) return Infinity;
  if (Number.isFinite(ttlMs) && ttlMs >= 0) return ttlMs;
  throw new UsageError("option_invalid", `ttlMs is ${ttlMs} and must be at least 0`);
}

/** Refuses a peer whose limits lie below what every peer may rely on [OPEN-4]. */
export function checkParameters(parameters: Parameters): void {
  const tooSmall =
    parameters.channelBytes < UNIT_BYTES_MAX ||
    parameters.channelUnits < 1 ||
    parameters.bodyBytesMax < 2 * UNIT_BYTES_MAX ||
    parameters.messageBytesMax < UNIT_BYTES_MAX ||
    parameters.parkedMax < 1 ||
    parameters.silenceLimitMs <= parameters.holdTimeMs;
  if (tooSmall) throw new ProtocolError("parameter_invalid");
}
