/**
 * The sending half of reliability: numbers what leaves, keeps it until it is held, fills bundles
 * within the peer's windows and decides what is sent again. It knows transmissions only by their
 * numbers; what a transmission is (a request, an answer) is the link's business. spec 4.
 *
 * Readers: the plain fields. Commands: `accept`, `open`, `finishChannel`, `reset`, `finish`.
 * Handlers: `handleAck`, `handleWindow`, `handleChannelWindow`, `resolve`, `expire`.
 * `fill` takes what fits into one body.
 *
 * Invariants:
 * - a unit is in the ring from the moment it has a seq until the peer holds it [SEND-1];
 * - `due` holds seqs that were sent, not received, and whose last transmission is over [SEND-3].
 */
import type {
  Ack,
  Body,
  ChannelWindow,
  DeliveryMode,
  NumberedFrame,
  PartFrame,
  SkipFrame,
  Window,
} from "./body.ts";
import { Bundle, FACT_OVERHEAD, MESSAGE_OVERHEAD, PART_OVERHEAD, SKIP_OVERHEAD } from "./bundle.ts";
import type { ChannelSender, SentMessage } from "./channel-sender.ts";
import { Deque } from "./deque.ts";
import { assert, ProtocolError } from "./errors.ts";
import {
  CHANNELS_BLOCKED_STATED_MAX,
  FACT_ALLOWANCE,
  TURN_BYTES,
  UNIT_BYTES_MAX,
} from "./limits.ts";
import { PayloadStore, viewOf } from "./payload-queue.ts";
import { Ranges } from "./ranges.ts";
import {
  NO_KEY,
  SendRing,
  UNIT_FACT,
  UNIT_MESSAGE,
  UNIT_PART,
  UNIT_SKIP_PART,
} from "./send-ring.ts";
import { Turns } from "./turns.ts";

/** A part that was sent, with the message that it is of. */
interface SentPart extends PartFrame {
  readonly message: Uint8Array;
}

/** What one transmission carried and when. */
export interface Flight {
  readonly transmission: number;
  readonly sentAtMs: number;
  /** Bytes of the body. */
  bytes: number;
  /** Whether more could have left with it, had there been room. */
  readonly isFull: boolean;
  /** Seqs carried, as flat ranges in the order of carriage. */
  readonly runs: number[];
}

/** A message that its sender gives back at the end; spec 7.6. */
export interface Fate {
  readonly channel: number;
  /** 0 for a message that never got an index. */
  readonly index: number;
  readonly payload: Uint8Array;
}

/** How many messages of a channel were given up, by whether anything of them had left. */
export interface GivenUp {
  neverSent: number;
  sent: number;
}

/** A fact before it has its seq. */
export type Fact =
  | { kind: "channel-open"; channel: number; mode: DeliveryMode; label: Uint8Array }
  | { kind: "channel-finish"; channel: number; indexEnd: number }
  | { kind: "channel-reset"; channel: number; code: number }
  | { kind: "skip"; channel: number; index: number }
  | { kind: "finish"; code: number };

export class Sender {
  readonly ring: SendRing = new SendRing();
  readonly channels: Map<number, ChannelSender> = new Map();
  private readonly store: PayloadStore = new PayloadStore();
  private readonly turns: Turns = new Turns();
  private readonly facts: Deque<Fact> = new Deque();
  /** Seqs to be sent again. */
  readonly due: Ranges = new Ranges();
  /** What the peer said it received. */
  readonly peerReceived: Ranges = new Ranges();
  readonly flights: Map<number, Flight> = new Map();
  /** The session window that the peer granted, and the bytes counted against it. */
  seqMax: number;
  bytesMax: number;
  bytesNumbered = 0;
  /** Payload bytes accepted and not released. */
  bufferedBytes = 0;
  /** Payload bytes accepted and not numbered. */
  unsentBytes = 0;
  /** Messages accepted and not numbered. */
  unsentCount = 0;
  /** Set by `finish`; `finishSeq` is 0 until the fact has left. */
  private finishCode: number | undefined = undefined;
  private finishQueued = false;
  finishSeq = 0;
  /** Messages given up and not yet reported, by channel. */
  readonly givenUp: Map<number, GivenUp> = new Map();
  /** Channels with messages that may expire. */
  private readonly expiring: Set<ChannelSender> = new Set();
  /** Channels of whose reset the peer has just said that it knows. */
  private readonly resetsKnown: Set<ChannelSender> = new Set();
  /** Units sent again, and messages sent, since the beginning. */
  unitsResent = 0;
  messagesSent = 0;

  constructor(window: Window) {
    this.seqMax = window.seqMax;
    this.bytesMax = window.bytesMax;
  }

  // --- commands -------------------------------------------------------------------------------

  addChannel(channel: ChannelSender): void {
    assert(!this.channels.has(channel.id), "channel_added_twice");
    this.channels.set(channel.id, channel);
  }

  /** Forgets a channel with which both sides are done. */
  removeChannel(id: number): void {
    const channel = this.channels.get(id);
    assert(channel !== undefined && channel.outstanding === 0, "channel_removed_too_early");
    assert(!channel.hasUnsent, "channel_removed_with_unsent");
    this.channels.delete(id);
  }

  /** Takes a message into the channel's queue. */
  accept(nowMs: number, channel: ChannelSender, payload: Uint8Array, key: number): void {
    assert(channel.state === "open", "accept_on_closed_channel");
    assert((key !== NO_KEY) === (channel.mode === "latest"), "accept_key_and_mode");
    this.store.store(payload);
    if (key !== NO_KEY && this.supersede(channel, payload.length, key, nowMs)) return;
    const { source, offset } = this.store;
    const position = channel.unsent.push(source, offset, payload.length);
    if (key !== NO_KEY) {
      channel.unsentKeys.push(key);
      channel.unsentByKey.set(key, position);
    }
    if (channel.ttlMs !== Infinity) {
      channel.unsentDeadlines.push(nowMs + channel.ttlMs);
      this.expiring.add(channel);
    }
    this.countUnsent(channel, 1, payload.length);
    this.turns.place(channel);
  }

  /** Queues the fact that opens a channel. */
  open(channel: ChannelSender, label: Uint8Array): void {
    channel.openPending = true;
    this.facts.push({ kind: "channel-open", channel: channel.id, mode: channel.mode, label });
  }

  /** No message will follow on this channel. */
  finishChannel(channel: ChannelSender): void {
    assert(channel.state === "open", "finish_of_closed_channel");
    channel.state = "finishing";
    this.finishWhenEmpty(channel);
  }

  /**
   * Abandons the channel: what was not sent is dropped. What was sent goes on being resent until
   * the peer knows of the reset, and is only then accounted for by skips: a skip that came first
   * would let the peer deliver what lies behind it [CHAN-7]. `code` is told to the peer unless the
   * peer was first, and then knows already.
   */
  reset(channel: ChannelSender, code: number | undefined): void {
    assert(channel.state !== "reset", "reset_twice");
    this.dropUnsent(channel);
    channel.sent.clear();
    channel.sentByKey.clear();
    this.expiring.delete(channel);
    channel.state = "reset";
    if (code === undefined) this.giveUpAll(channel);
    // Nothing is numbered behind the end of the session: what was sent arrives.
    else if (!this.finishQueued) {
      this.facts.push({ kind: "channel-reset", channel: channel.id, code });
    }
  }

  /** Once everything accepted has left, the fact leaves that nothing follows. */
  finish(code: number): void {
    assert(this.finishCode === undefined, "finish_twice");
    this.finishCode = code;
    this.finishWhenSent();
  }

  // --- handlers -------------------------------------------------------------------------------

  /** Throws what `handleAck` must not meet; changes nothing. */
  checkAck(ack: Ack): void {
    const highest = ack.ranges[ack.ranges.length - 1] ?? ack.receivedThrough;
    // [ACK-3]: an acknowledgement of what was never sent.
    if (highest >= this.ring.next) throw new ProtocolError("ack_unsent");
    // The wire cannot say otherwise [RCV-1].
    assert(ack.heldThrough <= ack.receivedThrough, "held_beyond_received");
  }

  /** Takes what the peer received and holds. Older acknowledgements are harmless [ACK-5]. */
  handleAck(ack: Ack): void {
    const mark = (first: number, last: number): void => this.markReceived(first, last);
    if (ack.receivedThrough > this.peerReceived.through) {
      this.peerReceived.add(1, ack.receivedThrough, mark);
    }
    const ranges = ack.ranges;
    for (let at = 0; at < ranges.length; at += 2) {
      this.peerReceived.add(ranges[at] as number, ranges[at + 1] as number, mark);
    }
    for (const channel of this.resetsKnown) this.giveUpAll(channel);
    this.resetsKnown.clear();
    while (this.ring.base <= ack.heldThrough) this.releaseLowest();
  }

  /** Raises the session window [WIN-2]; a lower one is an older body's. Returns whether it rose. */
  handleWindow(window: Window): boolean {
    const rises = window.seqMax > this.seqMax || window.bytesMax > this.bytesMax;
    this.seqMax = Math.max(this.seqMax, window.seqMax);
    this.bytesMax = Math.max(this.bytesMax, window.bytesMax);
    return rises;
  }

  /** Raises a channel's window. Returns whether it rose. */
  handleChannelWindow(window: ChannelWindow): boolean {
    const channel = this.channels.get(window.channel);
    if (channel === undefined) return false;
    const rises = window.unitsMax > channel.unitsMax || window.bytesMax > channel.bytesMax;
    channel.unitsMax = Math.max(channel.unitsMax, window.unitsMax);
    channel.bytesMax = Math.max(channel.bytesMax, window.bytesMax);
    if (rises) this.turns.place(channel);
    return rises;
  }

  /**
   * The transmission is over: what it carried last and the peer has not received is due again
   * [SEND-3]. Returns the flight, or undefined when it was resolved before or carried nothing.
   */
  resolve(transmission: number): Flight | undefined {
    const flight = this.flights.get(transmission);
    if (flight === undefined) return undefined;
    this.flights.delete(transmission);
    const through = this.peerReceived.through;
    for (let at = 0; at < flight.runs.length; at += 2) {
      const last = flight.runs[at + 1] as number;
      const first = Math.max(flight.runs[at] as number, through + 1, this.ring.base);
      for (let seq = first; seq <= last; seq++) {
        if (this.ring.isReceived(seq) || this.ring.transmission(seq) !== transmission) continue;
        this.due.add(seq, seq);
      }
    }
    return flight;
  }

  /** Everything sent and not received becomes due, as in the literal procedure [LIT-3]. */
  resendAll(): void {
    for (const transmission of this.flights.keys()) this.resolve(transmission);
  }

  /** Gives up what has outlived its time. Only the sender's clock decides [SKIP-4]. */
  expire(nowMs: number): void {
    for (const channel of this.expiring) {
      while ((channel.unsentDeadlines.first() ?? Infinity) <= nowMs) this.dropHead(channel);
      while ((this.firstSent(channel)?.deadlineMs ?? Infinity) <= nowMs) {
        const sent = channel.sent.shift() as SentMessage;
        if (channel.sentByKey.get(sent.key) === sent) channel.sentByKey.delete(sent.key);
        this.giveUp(channel, sent);
      }
    }
  }

  /** When `expire` has something to do next; Infinity for never. */
  get nextExpiryMs(): number {
    let next = Infinity;
    for (const channel of this.expiring) {
      const unsentMs = channel.unsentDeadlines.first() ?? Infinity;
      const sentMs = this.firstSent(channel)?.deadlineMs ?? Infinity;
      if (unsentMs === Infinity && sentMs === Infinity) this.expiring.delete(channel);
      next = Math.min(next, unsentMs, sentMs);
    }
    return next;
  }

  // --- readers --------------------------------------------------------------------------------

  /** Whether a body sent now would carry anything numbered. */
  get hasSomething(): boolean {
    return !this.due.isEmpty || this.canSendFact || this.canSendUnit;
  }

  /** Whether a fact about the channel has not left yet. */
  hasFactsOf(channel: number): boolean {
    for (let at = this.facts.head; at < this.facts.tail; at++) {
      const fact = this.facts.at(at) as Fact;
      if (fact.kind !== "finish" && fact.channel === channel) return true;
    }
    return false;
  }

  /** Units that could leave now, for a bundle's worth; counted up to `enough`. */
  countSendable(enough: number): number {
    let count = this.canSendFact ? this.facts.size : 0;
    const due = this.due.flat;
    for (let at = 0; at < due.length && count < enough; at += 2) {
      count += (due[at + 1] as number) - (due[at] as number) + 1;
    }
    if (this.canSendUnit) count += Math.min(this.unsentCount, this.seqMax - this.ring.next + 1);
    return Math.min(count, enough);
  }

  /** Whether messages wait for a window of the peer's. */
  get isBlocked(): boolean {
    if (this.facts.size > 0 && !this.canSendFact) return true;
    return this.turns.stopped.size > 0 || (this.turns.first !== undefined && !this.canSendUnit);
  }

  /** Nothing accepted is left that the peer does not hold. */
  get isFlushed(): boolean {
    return this.ring.size === 0 && this.unsentCount === 0 && this.facts.size === 0;
  }

  /** The limits at which sending stands still, for the body's prefix [WIN-5]. */
  get statement(): Pick<Body, "blocked" | "channelsBlocked"> {
    const channelsBlocked: ChannelWindow[] = [];
    for (const id of this.turns.stopped) {
      if (channelsBlocked.length === CHANNELS_BLOCKED_STATED_MAX) break;
      const channel = this.channels.get(id) as ChannelSender;
      const { unitsMax, bytesMax } = channel;
      channelsBlocked.push({ channel: id, unitsMax, bytesMax });
    }
    const atSession =
      (this.turns.first !== undefined && !this.canSendUnit) ||
      (this.facts.size > 0 && !this.canSendFact);
    if (!atSession) return { channelsBlocked };
    return { blocked: { seqMax: this.seqMax, bytesMax: this.bytesMax }, channelsBlocked };
  }

  /** What of each message became of it, as far as this side knows [END-7]. */
  get fates(): { neverSent: Fate[]; unknown: Fate[] } {
    const neverSent: Fate[] = [];
    const unknown: Fate[] = [];
    const { ring } = this;
    for (let seq = ring.base; seq < ring.next; seq++) {
      const kind = ring.kind(seq);
      const channel = ring.channel(seq);
      const index = ring.index(seq);
      if (kind === UNIT_MESSAGE) unknown.push({ channel, index, payload: ring.payload(seq) });
      if (kind !== UNIT_PART) continue;
      const last = unknown.findLast((fate) => fate.channel === channel);
      if (last !== undefined && last.index === index) continue;
      unknown.push({ channel, index, payload: (ring.unit(seq) as SentPart).message });
    }
    for (const { id, unsent, partOffset, nextIndex } of this.channels.values()) {
      for (let position = unsent.head; position < unsent.tail; position++) {
        const payload = unsent.view(position);
        const begun = position === unsent.head && partOffset > 0;
        if (!begun) neverSent.push({ channel: id, index: 0, payload });
        // All parts that left may be held already; the message as a whole is not.
        else if (!unknown.some((fate) => fate.channel === id && fate.index === nextIndex)) {
          unknown.push({ channel: id, index: nextIndex, payload });
        }
      }
    }
    return { neverSent, unknown };
  }

  /** [WIN-3]: a full window does not stop facts. */
  private get canSendFact(): boolean {
    return this.facts.size > 0 && this.ring.next <= this.seqMax + FACT_ALLOWANCE;
  }

  /** [WIN-1]: within the session's window; the channels in `turns` are within their own. */
  private get canSendUnit(): boolean {
    const channel = this.turns.first;
    if (channel === undefined || channel.openPending) return false;
    if (this.ring.next > this.seqMax) return false;
    return this.bytesNumbered + channel.headNeeds <= this.bytesMax;
  }

  // --- filling --------------------------------------------------------------------------------

  /**
   * Takes into one body what is due and what is new, within `room` bytes and `units` messages,
   * and remembers it as the flight of this transmission. At least one unit fits any body.
   */
  fill(nowMs: number, transmission: number, room: number, units: number): NumberedFrame[] {
    assert(!this.flights.has(transmission), "transmission_used_twice");
    const bundle = new Bundle(transmission, room, units);
    this.fillDue(bundle);
    this.fillFacts(bundle);
    this.fillNew(bundle, nowMs);
    if (this.finishWhenSent()) this.fillFacts(bundle);
    if (bundle.runs.length > 0) {
      const { frames, runs } = bundle;
      // [CHAN-3]: until its opening is acknowledged it goes along with all that needs it.
      this.addOpenings(bundle);
      const isFull = this.hasSomething;
      this.flights.set(transmission, { transmission, sentAtMs: nowMs, bytes: 0, isFull, runs });
      return frames;
    }
    return bundle.frames;
  }

  private fillDue(bundle: Bundle): void {
    while (!this.due.isEmpty && bundle.units > 0) {
      const first = this.due.flat[0] as number;
      const last = this.due.flat[1] as number;
      let seq = first;
      while (seq <= last && bundle.units > 0 && this.addAgain(bundle, seq)) seq++;
      if (seq > first) this.due.remove(first, seq - 1);
      if (seq <= last) return;
    }
  }

  /** Adds a numbered unit once more, as it was [SEND-2]; false when it does not fit. */
  private addAgain(bundle: Bundle, seq: number): boolean {
    const ring = this.ring;
    assert(!ring.isReceived(seq), "received_unit_is_due");
    const kind = ring.kind(seq);
    const unit = ring.unit(seq);
    if (kind === UNIT_MESSAGE) {
      const payload = ring.payload(seq);
      if (!bundle.fitsMessage(payload.length)) return false;
      bundle.addMessage(seq, ring.channel(seq), ring.index(seq), ring.key(seq), payload);
    } else if (kind === UNIT_PART) {
      const part = unit as PartFrame;
      if (!bundle.fits(part.payload.length + PART_OVERHEAD)) return false;
      bundle.addFrame(part, part.payload.length + PART_OVERHEAD);
    } else if (kind === UNIT_FACT) {
      const fact = unit as NumberedFrame;
      const bytes = FACT_OVERHEAD + (fact.kind === "channel-open" ? fact.label.length : 0);
      if (!bundle.fits(bytes)) return false;
      bundle.addFrame(fact, bytes);
    } else {
      if (!bundle.fits(SKIP_OVERHEAD)) return false;
      bundle.addFrame(this.skipOf(seq, kind === UNIT_SKIP_PART), SKIP_OVERHEAD);
    }
    ring.setTransmission(seq, bundle.transmission);
    bundle.units--;
    this.unitsResent++;
    return true;
  }

  private fillFacts(bundle: Bundle): void {
    while (this.canSendFact) {
      const fact = this.facts.first() as Fact;
      const bytes = FACT_OVERHEAD + (fact.kind === "channel-open" ? fact.label.length : 0);
      if (!bundle.fits(bytes)) return;
      this.facts.shift();
      const seq = this.ring.next;
      const frame = this.numberFact(fact, seq);
      const channel = fact.kind === "finish" ? 0 : fact.channel;
      this.ring.append(UNIT_FACT, frame, 0, 0, channel, 0, NO_KEY, bundle.transmission);
      const sender = this.channels.get(channel);
      if (sender !== undefined) sender.outstanding++;
      bundle.addFrame(frame, bytes);
    }
  }

  private numberFact(fact: Fact, seq: number): NumberedFrame {
    if (fact.kind === "finish") {
      this.finishSeq = seq;
      return { ...fact, seq };
    }
    const channel = this.channels.get(fact.channel);
    if (fact.kind === "skip") {
      return { ...fact, seq, count: 1, sharedIndex: true, bytes: 0 };
    }
    if (fact.kind === "channel-open" && channel !== undefined) {
      channel.openSeq = seq;
      channel.openPending = false;
    }
    if (fact.kind === "channel-reset" && channel !== undefined) channel.resetSeq = seq;
    return { ...fact, seq };
  }

  private fillNew(bundle: Bundle, nowMs: number): void {
    while (bundle.units > 0 && this.canSendUnit) {
      const channel = this.turns.first as ChannelSender;
      if (!this.takeTurn(bundle, channel, nowMs)) return;
      this.turns.end(channel);
    }
  }

  /** Lets a channel send for one turn; false when the body is full. */
  private takeTurn(bundle: Bundle, channel: ChannelSender, nowMs: number): boolean {
    let turn = TURN_BYTES;
    while (turn > 0 && channel.hasUnsent) {
      if (bundle.units === 0) return false;
      if ((channel.unsentDeadlines.first() ?? Infinity) <= nowMs) {
        this.dropHead(channel);
        continue;
      }
      if (!channel.isAffordable || !this.canSendUnit) return true;
      const bytes = channel.unsent.bytes(channel.unsent.head);
      if (channel.partOffset > 0 || bytes > UNIT_BYTES_MAX) {
        return this.takePart(bundle, channel);
      }
      if (!bundle.fitsMessage(bytes)) return false;
      this.takeMessage(bundle, channel);
      turn -= bytes + MESSAGE_OVERHEAD;
    }
    return true;
  }

  private takeMessage(bundle: Bundle, channel: ChannelSender): void {
    const { id, unsent } = channel;
    const key = channel.mode === "latest" ? (channel.unsentKeys.first() as number) : NO_KEY;
    const index = channel.nextIndex++;
    const source = unsent.source(unsent.head);
    const offset = unsent.offset(unsent.head);
    const bytes = unsent.bytes(unsent.head);
    const { ring } = this;
    const seq = ring.append(
      UNIT_MESSAGE,
      source,
      offset,
      bytes,
      id,
      index,
      key,
      bundle.transmission,
    );
    bundle.addMessage(seq, id, index, key, viewOf(source, offset, bytes));
    this.countNumbered(channel, bytes);
    bundle.units--;
    this.messagesSent++;
    if (channel.givesUp) this.rememberSent(channel, seq, key);
    this.shiftUnsent(channel);
    if (channel.state !== "open") this.finishWhenEmpty(channel);
  }

  /** Sends the next part of the channel's first message; false when the body is full. */
  private takePart(bundle: Bundle, channel: ChannelSender): boolean {
    const message = channel.unsent.view(channel.unsent.head);
    const left = message.length - channel.partOffset;
    const least = channel.headNeeds;
    assert(left >= least, "part_of_nothing");
    const bytes = Math.min(
      left,
      UNIT_BYTES_MAX,
      bundle.room - PART_OVERHEAD,
      channel.bytesMax - channel.bytes,
      this.bytesMax - this.bytesNumbered,
    );
    if (bytes < least) {
      assert(bundle.frames.length > 0, "part_fits_no_body");
      return false;
    }
    const offset = channel.partOffset;
    const key = channel.mode === "latest" ? (channel.unsentKeys.first() as number) : NO_KEY;
    const seq = this.ring.next;
    const index = channel.nextIndex;
    const part: SentPart = {
      kind: "part",
      channel: channel.id,
      seq,
      index,
      ...(key === NO_KEY ? {} : { key }),
      offset,
      totalBytes: message.length,
      payload: message.subarray(offset, offset + bytes),
      message,
    };
    this.ring.append(UNIT_PART, part, 0, bytes, channel.id, index, key, bundle.transmission);
    bundle.addFrame(part, bytes + PART_OVERHEAD);
    this.countNumbered(channel, bytes);
    bundle.units--;
    channel.partOffset += bytes;
    if (channel.givesUp) this.rememberSent(channel, seq, key, offset > 0);
    if (channel.partOffset === message.length) {
      this.messagesSent++;
      channel.nextIndex++;
      channel.partOffset = 0;
      this.shiftUnsent(channel);
      if (channel.state !== "open") this.finishWhenEmpty(channel);
    }
    return true;
  }

  /** In the place of a unit that was given up [SKIP-5]. */
  private skipOf(seq: number, sharedIndex: boolean): SkipFrame {
    const ring = this.ring;
    return {
      kind: "skip",
      channel: ring.channel(seq),
      seq,
      index: ring.index(seq),
      count: 1,
      sharedIndex,
      bytes: ring.bytes(seq),
    };
  }

  private addOpenings(bundle: Bundle): void {
    const openings = new Map<number, NumberedFrame>();
    for (const frame of bundle.frames) {
      if (frame.kind === "finish") continue;
      const channel = this.channels.get(frame.channel);
      if (channel === undefined || channel.openSeq === 0 || frame.kind === "channel-open") continue;
      openings.set(channel.openSeq, this.ring.unit(channel.openSeq) as NumberedFrame);
    }
    for (const frame of bundle.frames) {
      if (frame.kind === "channel-open") openings.delete(frame.seq);
    }
    bundle.frames.unshift(...openings.values());
  }

  // --- details --------------------------------------------------------------------------------

  private markReceived(first: number, last: number): void {
    const ring = this.ring;
    if (!this.due.isEmpty) this.due.remove(first, last);
    let channel: ChannelSender | undefined;
    for (let seq = Math.max(first, ring.base); seq <= last; seq++) {
      ring.setReceived(seq);
      const id = ring.channel(seq);
      if (channel === undefined || channel.id !== id) channel = this.channels.get(id);
      if (channel === undefined) continue;
      channel.outstanding--;
      if (channel.openSeq === seq) channel.openSeq = 0;
      if (channel.resetSeq === seq) this.resetsKnown.add(channel);
    }
  }

  private releaseLowest(): void {
    const ring = this.ring;
    const seq = ring.base;
    assert(ring.isReceived(seq), "release_before_received");
    const kind = ring.kind(seq);
    if (kind === UNIT_MESSAGE || kind === UNIT_PART) this.bufferedBytes -= ring.bytes(seq);
    assert(this.bufferedBytes >= 0, "buffered_bytes_negative");
    ring.release();
    if (this.bufferedBytes === 0) this.store.reset();
  }

  private countUnsent(channel: ChannelSender, messages: number, bytes: number): void {
    channel.unsentBytes += bytes;
    this.unsentCount += messages;
    this.unsentBytes += bytes;
    this.bufferedBytes += bytes;
  }

  private countNumbered(channel: ChannelSender, bytes: number): void {
    channel.units++;
    channel.bytes += bytes;
    channel.outstanding++;
    this.bytesNumbered += bytes;
    channel.unsentBytes -= bytes;
    this.unsentBytes -= bytes;
  }

  /** Takes the first unsent message out of the queues; its bytes are counted elsewhere. */
  private shiftUnsent(channel: ChannelSender): void {
    const position = channel.unsent.head;
    channel.unsent.shift();
    this.unsentCount--;
    if (channel.ttlMs !== Infinity) channel.unsentDeadlines.shift();
    if (channel.mode !== "latest") return;
    const key = channel.unsentKeys.shift() as number;
    if (channel.unsentByKey.get(key) === position) channel.unsentByKey.delete(key);
  }

  private countGivenUp(channel: ChannelSender, neverSent: number, sent: number): void {
    const count = this.givenUp.get(channel.id) ?? { neverSent: 0, sent: 0 };
    count.neverSent += neverSent;
    count.sent += sent;
    this.givenUp.set(channel.id, count);
  }

  private finishWhenEmpty(channel: ChannelSender): void {
    if (channel.state !== "finishing" || channel.hasUnsent) return;
    channel.state = "finished";
    // The end of the session, once it is queued, ends all channels: nothing is numbered behind it.
    if (this.finishQueued) return;
    const { id, nextIndex } = channel;
    this.facts.push({ kind: "channel-finish", channel: id, indexEnd: nextIndex });
  }

  private finishWhenSent(): boolean {
    if (this.finishCode === undefined || this.finishQueued || this.unsentCount > 0) return false;
    this.finishQueued = true;
    this.facts.push({ kind: "finish", code: this.finishCode });
    return true;
  }

  private rememberSent(channel: ChannelSender, seq: number, key: number, joins = false): void {
    const last = channel.sent.at(channel.sent.tail - 1);
    if (joins && last !== undefined) {
      last.seqLast = seq;
      return;
    }
    const deadlineMs = channel.unsentDeadlines.first() ?? Infinity;
    const sent: SentMessage = { seqFirst: seq, seqLast: seq, deadlineMs, key };
    channel.sent.push(sent);
    if (key !== NO_KEY) channel.sentByKey.set(key, sent);
    this.firstSent(channel);
  }

  /** The first sent message that the peer may still lack; those before it are forgotten. */
  private firstSent(channel: ChannelSender): SentMessage | undefined {
    for (;;) {
      const sent = channel.sent.first();
      if (sent === undefined || sent.seqLast > this.peerReceived.through) return sent;
      channel.sent.shift();
      if (channel.sentByKey.get(sent.key) === sent) channel.sentByKey.delete(sent.key);
    }
  }

  /** Gives up what of a sent message the peer has not received. */
  private giveUp(channel: ChannelSender, sent: SentMessage): void {
    let any = false;
    for (let seq = Math.max(sent.seqFirst, this.ring.base); seq <= sent.seqLast; seq++) {
      if (this.ring.channel(seq) === channel.id) any = this.giveUpUnit(seq) || any;
    }
    if (any) this.countGivenUp(channel, 0, 1);
  }

  /** Gives up what the peer has not received of a channel that was reset. */
  private giveUpAll(channel: ChannelSender): void {
    let indexLast = 0;
    for (let seq = this.ring.base; seq < this.ring.next; seq++) {
      if (this.ring.channel(seq) !== channel.id || !this.giveUpUnit(seq)) continue;
      if (this.ring.index(seq) !== indexLast) this.countGivenUp(channel, 0, 1);
      indexLast = this.ring.index(seq);
    }
  }

  private giveUpUnit(seq: number): boolean {
    const ring = this.ring;
    const kind = ring.kind(seq);
    if ((kind !== UNIT_MESSAGE && kind !== UNIT_PART) || ring.isReceived(seq)) return false;
    this.bufferedBytes -= ring.bytes(seq);
    ring.giveUp(seq);
    return true;
  }

  /** Gives up the first unsent message, of which parts may have left. */
  private dropHead(channel: ChannelSender): void {
    const bytes = channel.unsent.bytes(channel.unsent.head) - channel.partOffset;
    channel.unsentBytes -= bytes;
    this.unsentBytes -= bytes;
    this.bufferedBytes -= bytes;
    if (channel.partOffset === 0) this.countGivenUp(channel, 1, 0);
    else this.dropPartSent(channel);
    this.shiftUnsent(channel);
    if (channel.state !== "open") this.finishWhenEmpty(channel);
    this.turns.replace(channel);
  }

  /** The rest of a message whose first parts have left is replaced by one skip [SKIP-3]. */
  private dropPartSent(channel: ChannelSender): void {
    const sent = channel.sent.at(channel.sent.tail - 1);
    for (let seq = sent?.seqFirst ?? this.ring.next; seq < this.ring.next; seq++) {
      if (seq >= this.ring.base && this.ring.channel(seq) === channel.id) this.giveUpUnit(seq);
    }
    this.facts.push({ kind: "skip", channel: channel.id, index: channel.nextIndex++ });
    channel.partOffset = 0;
    this.countGivenUp(channel, 0, 1);
  }

  private dropUnsent(channel: ChannelSender): void {
    const dropped = channel.unsent.size;
    if (dropped === 0) return;
    // A message of which parts have left is counted with what was sent.
    this.countGivenUp(channel, channel.partOffset === 0 ? dropped : dropped - 1, 0);
    channel.partOffset = 0;
    const { unsentBytes } = channel;
    this.unsentBytes -= unsentBytes;
    this.bufferedBytes -= unsentBytes;
    channel.unsentBytes = 0;
    this.unsentCount -= dropped;
    channel.unsent.clear();
    channel.unsentKeys.clear();
    channel.unsentDeadlines.clear();
    channel.unsentByKey.clear();
    this.turns.replace(channel);
  }

  /**
   * A newer message of a key takes the place of the one that waits, or makes the peer's copy of
   * the one that was sent needless [LATEST-1]. Returns whether the payload found its place.
   */
  private supersede(channel: ChannelSender, bytes: number, key: number, nowMs: number): boolean {
    const sent = channel.sentByKey.get(key);
    const position = channel.unsentByKey.get(key);
    const begun = position === channel.unsent.head && channel.partOffset > 0;
    if (sent !== undefined && !begun) {
      channel.sentByKey.delete(key);
      this.giveUp(channel, sent);
    }
    if (position === undefined) return false;
    if (begun) {
      this.dropHead(channel);
      return false;
    }
    this.countUnsent(channel, 0, bytes - channel.unsent.bytes(position));
    channel.unsent.replace(position, this.store.source, this.store.offset, bytes);
    this.countGivenUp(channel, 1, 0);
    if (channel.ttlMs !== Infinity) {
      channel.unsentDeadlines.replace(position, nowMs + channel.ttlMs);
    }
    this.turns.place(channel);
    return true;
  }
}
