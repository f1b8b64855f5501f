/**
 * The sending half of reliability: numbers what leaves, keeps it until it is held, fills bundles
 * within the peer's windows and decides what is sent again. It knows transmissions only by their
 * numbers; what a transmission is (a request, an answer) is the link's business. spec 4.
 *
 * Readers: the plain fields. Commands: `accept`, `open`, `finishChannel`, `reset`, `finish`.
 * Handlers: `handleAck`, `handleWindow`, `handleChannelWindow`, `resolve`, `expire`.
 * `fill` takes what fits into one body.
 *
 * What it is made of: `channels` queue what was accepted, `turns` says which of them is next,
 * a `Bundle` takes frames for one body, `ring` keeps what was numbered, `inFlight` knows what of it
 * is to be sent again, `givingUp` lets go of what is not to arrive any more.
 *
 * Invariant: a unit is in the ring from the moment it has a seq until the peer holds it [SEND-1].
 */
import type {
  Ack,
  Body,
  ChannelOpenFrame,
  ChannelWindow,
  DeliveryMode,
  NumberedFrame,
  Window,
} from "./body.ts";
import { Bundle, FACT_OVERHEAD, MESSAGE_OVERHEAD, PART_OVERHEAD } from "./bundle.ts";
import type { ChannelSender } from "./channel-sender.ts";
import { Deque } from "./deque.ts";
import { assert, ProtocolError } from "./errors.ts";
import { type Fates, fatesOf } from "./fates.ts";
import { type GivenUp, GivingUp } from "./giving-up.ts";
import { type Flight, InFlight } from "./in-flight.ts";
import type { LazyMap } from "./lazy-map.ts";
import { LazySet } from "./lazy-set.ts";
import {
  CHANNELS_BLOCKED_STATED_MAX,
  FACT_ALLOWANCE,
  TURN_BYTES,
  UNIT_BYTES_MAX,
} from "./limits.ts";
import { PayloadStore } from "./payload-queue.ts";
import type { Ranges } from "./ranges.ts";
import {
  NO_KEY,
  SendRing,
  type SentPart,
  UNIT_FACT,
  UNIT_MESSAGE,
  UNIT_PART,
} from "./send-ring.ts";
import { Turns } from "./turns.ts";
import { WIDE } from "./wide.ts";

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
  readonly facts: Deque<Fact> = new Deque();
  private readonly inFlight: InFlight = new InFlight(this.ring);
  private readonly givingUp: GivingUp = new GivingUp(this.ring);
  /** The session window that the peer granted, and the bytes counted against it. */
  seqMax: number;
  bytesMax: number = WIDE;
  bytesNumbered: number = WIDE;
  /** Payload bytes accepted and not numbered. */
  unsentBytes = 0;
  /** Messages accepted and not numbered. */
  unsentCount = 0;
  /** Set by `finish`; `finishSeq` is 0 until the fact has left. */
  private finishCode: number | undefined = undefined;
  private finishQueued = false;
  finishSeq = 0;
  /** Channels of whose reset the peer has just said that it knows. */
  private readonly resetsKnown: LazySet<ChannelSender> = new LazySet();
  /** Messages sent since the beginning. */
  messagesSent = 0;
  /** Seq before which other lives of this client have the units too; 0 for none. */
  private sharedUntil = 0;

  constructor(window: Window) {
    this.seqMax = window.seqMax;
    this.bytesMax = window.bytesMax;
    this.bytesNumbered = 0;
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
    channel.push(nowMs, source, offset, payload.length, key);
    if (channel.ttlMs !== Infinity) this.givingUp.expiring.add(channel);
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
    channel.clearSent();
    this.givingUp.expiring.delete(channel);
    channel.state = "reset";
    if (code === undefined) this.givingUp.giveUpAll(channel);
    // Nothing is numbered behind the end of the session: what was sent arrives.
    else if (!this.finishQueued) {
      this.facts.push({ kind: "channel-reset", channel: channel.id, code });
    }
    // What was dropped may have been all that the end of the session waited for.
    this.finishWhenSent();
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
    this.inFlight.addReceived(ack, (first, last) => this.markReceived(first, last));
    for (const channel of this.resetsKnown) this.givingUp.giveUpAll(channel);
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
    this.turns.place(channel);
    return rises;
  }

  /**
   * The transmission is over: what it carried last and the peer has not received is due again
   * [SEND-3]. Returns the flight, or undefined when it was resolved before or carried nothing.
   */
  resolve(transmission: number): Flight | undefined {
    return this.inFlight.resolve(transmission);
  }

  /** The transmission did not leave this host. It is resolved already. */
  noteNotSent({ runs }: Flight): void {
    for (let at = 0; at < runs.length; at += 2) {
      const first = Math.max(runs[at] as number, this.ring.base);
      for (let seq = first; seq <= (runs[at + 1] as number); seq++) this.ring.takeBack(seq);
    }
  }

  /** From now on others may send what was accepted so far: its state was saved [END-7]. */
  noteShared(): void {
    this.sharedUntil = this.ring.next;
    for (const channel of this.channels.values()) channel.sharedUntil = channel.unsent.tail;
  }

  /** The session is this life's own: nobody else has sent or will send anything of it. */
  noteSole(): void {
    if (this.sharedUntil === 0) return;
    this.sharedUntil = 0;
    for (const channel of this.channels.values()) channel.sharedUntil = 0;
  }

  /** Gives up what has outlived its time. Only the sender's clock decides [SKIP-4]. */
  expire(nowMs: number): void {
    const { through } = this.peerReceived;
    for (const channel of this.givingUp.expiring) {
      while (channel.headDeadlineMs <= nowMs) this.dropHead(channel);
      for (;;) {
        const sent = channel.firstSent(through);
        if (sent === undefined || sent.deadlineMs > nowMs) break;
        channel.shiftSent();
        this.givingUp.giveUp(channel, sent);
      }
    }
    // What expired may have been all that the end of the session waited for.
    this.finishWhenSent();
  }

  /** When `expire` has something to do next; Infinity for never. */
  get nextExpiryMs(): number {
    return this.givingUp.nextExpiryMs(this.peerReceived.through);
  }

  // --- readers --------------------------------------------------------------------------------

  /** What each transmission that is not over carried. */
  get flights(): LazyMap<number, Flight> {
    return this.inFlight.flights;
  }

  /** Seqs to be sent again. */
  get due(): Ranges {
    return this.inFlight.due;
  }

  /** What the peer said it received. */
  get peerReceived(): Ranges {
    return this.inFlight.peerReceived;
  }

  /** Units sent again since the beginning. */
  get unitsResent(): number {
    return this.inFlight.unitsResent;
  }

  /** Messages given up and not yet reported, by channel. */
  get givenUp(): LazyMap<number, GivenUp> {
    return this.givingUp.counts;
  }

  /** Payload bytes accepted and not released. */
  get bufferedBytes(): number {
    return this.unsentBytes + this.ring.payloadBytes;
  }

  /** Whether a body sent now would carry anything numbered. */
  get hasSomething(): boolean {
    return !this.due.isEmpty || this.canSendFact || this.canSendUnit;
  }

  /** The channels with messages that have not left. */
  get channelsWaiting(): ChannelSender[] {
    return this.turns.waiting(this.channels);
  }

  /** Whether a fact about the channel has not left yet. */
  hasFactsOf(channel: number): boolean {
    for (let at = this.facts.head; at < this.facts.tail; at++) {
      const fact = this.facts.at(at) as Fact;
      if (fact.kind !== "finish" && fact.channel === channel) return true;
    }
    return false;
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
  get fates(): Fates {
    return fatesOf(this.ring, this.channels.values(), this.sharedUntil);
  }

  /** [WIN-3]: a full window does not stop facts. */
  get canSendFact(): boolean {
    return this.facts.size > 0 && this.ring.next <= this.seqMax + FACT_ALLOWANCE;
  }

  /** [WIN-1]: within the session's window; the channels in `turns` are within their own. */
  get canSendUnit(): boolean {
    const channel = this.turns.first;
    return channel !== undefined && !channel.openPending && this.affords(channel.headNeeds);
  }

  /** Whether the session's window has room for one more unit of so many bytes. */
  private affords(bytes: number): boolean {
    return this.ring.next <= this.seqMax && this.bytesNumbered + bytes <= this.bytesMax;
  }

  // --- filling --------------------------------------------------------------------------------

  /**
   * Takes into one body what is due and what is new, within `room` bytes and `units` messages,
   * and remembers it as the flight of this transmission. At least one unit fits any body.
   */
  fill(nowMs: number, transmission: number, room: number, units: number): NumberedFrame[] {
    assert(!this.flights.has(transmission), "transmission_used_twice");
    const bundle = new Bundle(transmission, room, units, (channel) => this.openingOf(channel));
    this.inFlight.fillDue(bundle);
    this.fillFacts(bundle);
    this.fillNew(bundle, nowMs);
    if (this.finishWhenSent()) this.fillFacts(bundle);
    if (bundle.runs.length > 0) this.inFlight.begin(bundle, nowMs, this.hasSomething);
    return bundle.all;
  }

  private fillFacts(bundle: Bundle): void {
    while (this.canSendFact) {
      const fact = this.facts.first() as Fact;
      const bytes = FACT_OVERHEAD + (fact.kind === "channel-open" ? fact.label.length : 0);
      // The end of the session counts as of channel 0, which is never removed.
      const id = fact.kind === "finish" ? 0 : fact.channel;
      if (!bundle.fits(bytes, id)) return;
      this.facts.shift();
      const seq = this.ring.next;
      const channel = this.channels.get(id);
      assert(channel !== undefined, "fact_of_no_channel");
      const frame = this.numberFact(fact, seq, channel);
      this.ring.append(UNIT_FACT, frame, 0, 0, id, 0, NO_KEY, bundle.transmission);
      channel.outstanding++;
      bundle.addFrame(frame, bytes);
    }
  }

  private numberFact(fact: Fact, seq: number, channel: ChannelSender): NumberedFrame {
    if (fact.kind === "finish") {
      this.finishSeq = seq;
      return { ...fact, seq };
    }
    if (fact.kind === "skip") {
      return { ...fact, seq, count: 1, sharedIndex: true, bytes: 0 };
    }
    if (fact.kind === "channel-open") {
      channel.openSeq = seq;
      channel.openPending = false;
    }
    if (fact.kind === "channel-reset") channel.resetSeq = seq;
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
      if (channel.headDeadlineMs <= nowMs) {
        this.dropHead(channel);
        continue;
      }
      const bytes = channel.unsent.bytes(channel.unsent.head);
      const needs = bytes <= UNIT_BYTES_MAX ? bytes : channel.headNeeds;
      if (!channel.affords(needs) || !this.affords(needs)) return true;
      if (bytes > UNIT_BYTES_MAX) return this.takePart(bundle, channel);
      if (!bundle.fitsMessage(bytes, channel.id)) return false;
      this.takeMessage(bundle, channel);
      turn -= bytes + MESSAGE_OVERHEAD;
    }
    return true;
  }

  private takeMessage(bundle: Bundle, channel: ChannelSender): void {
    const { id, unsent } = channel;
    const key = channel.headKey;
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
    bundle.addMessage(seq, id, index, key, source, offset, bytes);
    this.countNumbered(channel, bytes);
    bundle.units--;
    this.messagesSent++;
    if (channel.givesUp) channel.rememberSent(seq, key, false, this.peerReceived.through);
    channel.shiftUnsent();
    this.unsentCount--;
    this.finishWhenEmpty(channel);
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
      bundle.roomFor(channel.id) - PART_OVERHEAD,
      channel.bytesMax - channel.bytes,
      this.bytesMax - this.bytesNumbered,
    );
    if (bytes < least) {
      assert(bundle.frames.length > 0, "part_fits_no_body");
      return false;
    }
    const offset = channel.partOffset;
    const key = channel.headKey;
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
    if (channel.givesUp) channel.rememberSent(seq, key, offset > 0, this.peerReceived.through);
    if (channel.partOffset === message.length) {
      this.messagesSent++;
      channel.nextIndex++;
      channel.partOffset = 0;
      channel.shiftUnsent();
      this.unsentCount--;
      this.finishWhenEmpty(channel);
    }
    return true;
  }

  /** [CHAN-3]: until it is acknowledged it goes along with all that needs it. */
  private openingOf(channelId: number): ChannelOpenFrame | undefined {
    const channel = this.channels.get(channelId);
    assert(channel !== undefined, "frame_of_no_channel");
    const { openSeq } = channel;
    return openSeq === 0 ? undefined : (this.ring.unit(openSeq) as ChannelOpenFrame);
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
      // While a channel has units that are not received it is not removed.
      assert(channel !== undefined && channel.outstanding > 0, "received_of_no_channel");
      channel.outstanding--;
      if (channel.openSeq === seq) channel.openSeq = 0;
      if (channel.resetSeq === seq) this.resetsKnown.add(channel);
    }
  }

  private releaseLowest(): void {
    const ring = this.ring;
    assert(ring.isReceived(ring.base), "release_before_received");
    ring.release();
    if (this.bufferedBytes === 0) this.store.reset();
  }

  private countUnsent(channel: ChannelSender, messages: number, bytes: number): void {
    channel.unsentBytes += bytes;
    this.unsentCount += messages;
    this.unsentBytes += bytes;
  }

  private countNumbered(channel: ChannelSender, bytes: number): void {
    channel.units++;
    channel.bytes += bytes;
    channel.outstanding++;
    this.bytesNumbered += bytes;
    channel.unsentBytes -= bytes;
    this.unsentBytes -= bytes;
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

  /** Gives up the first unsent message, of which parts may have left. */
  private dropHead(channel: ChannelSender): void {
    const bytes = channel.unsent.bytes(channel.unsent.head) - channel.partOffset;
    channel.unsentBytes -= bytes;
    this.unsentBytes -= bytes;
    if (channel.partOffset === 0) this.givingUp.count(channel, 1, 0);
    else this.dropPartSent(channel);
    channel.shiftUnsent();
    this.unsentCount--;
    this.finishWhenEmpty(channel);
    this.turns.replace(channel);
  }

  /** The rest of a message whose first parts have left is replaced by one skip [SKIP-3]. */
  private dropPartSent(channel: ChannelSender): void {
    this.givingUp.giveUpBegun(channel);
    this.facts.push({ kind: "skip", channel: channel.id, index: channel.nextIndex++ });
    channel.partOffset = 0;
  }

  private dropUnsent(channel: ChannelSender): void {
    const dropped = channel.unsent.size;
    if (dropped === 0) return;
    // A message of which parts have left is counted with what was sent.
    this.givingUp.count(channel, channel.partOffset === 0 ? dropped : dropped - 1, 0);
    this.unsentBytes -= channel.unsentBytes;
    this.unsentCount -= dropped;
    channel.clearUnsent();
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
      this.givingUp.supersede(channel, sent);
    }
    if (position === undefined) return false;
    if (begun) {
      this.dropHead(channel);
      return false;
    }
    this.countUnsent(channel, 0, bytes - channel.unsent.bytes(position));
    channel.unsent.replace(position, this.store.source, this.store.offset, bytes);
    this.givingUp.count(channel, 1, 0);
    if (channel.ttlMs !== Infinity) {
      channel.unsentDeadlines.replace(position, nowMs + channel.ttlMs);
    }
    this.turns.place(channel);
    return true;
  }
}
