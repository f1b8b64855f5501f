/**
 * The receiving half of reliability: which seqs arrived, what waits for its turn, what is handed
 * to the application, and how far the peer may go on. spec 4.
 *
 * `check` throws whatever is against the rules before anything changes; `receive` then cannot
 * fail. So a body is applied whole or not at all [BODY-5].
 *
 * Invariants:
 * - a seq enters `received` once; later copies are counted and dropped [SEQ-2];
 * - each unit's credit is returned once: consumed, dropped, or moved to assembly [WIN-6];
 * - `received` never has more than `RANGES_MAX` ranges [ACK-4].
 */
import type {
  Ack,
  ChannelOpenFrame,
  ChannelWindow,
  DeliveryMode,
  MessagesFrame,
  NumberedFrame,
  PartFrame,
  SkipFrame,
  Window,
} from "./body.ts";
import { type Assembly, isWhole, joinParts, ownParts } from "./assembly.ts";
import { ChannelReceiver, ordinal, type Waiting } from "./channel-receiver.ts";
import { Deque } from "./deque.ts";
import { assert } from "./errors.ts";
import { RANGES_MAX } from "./limits.ts";
import type { SessionOptions } from "./options.ts";
import { PartStore } from "./part-store.ts";
import { Ranges } from "./ranges.ts";
import { ReceiveCheck } from "./receive-check.ts";
import { ReceiveWindows } from "./receive-windows.ts";
import { NO_KEY } from "./send-ring.ts";

/** What the application is told, in order. */
export type ReceiverEvent =
  | Delivery
  | { kind: "channel-opened"; channel: number; mode: DeliveryMode; label: Uint8Array }
  | { kind: "channel-finished"; channel: number }
  | { kind: "channel-reset"; channel: number; code: number }
  | { kind: "peer-finished"; code: number };

/** A run of messages of one channel. */
export interface Delivery {
  readonly kind: "deliver";
  readonly channel: number;
  /** Index of the first message; those that follow need not be consecutive but for ordered. */
  readonly index: number;
  readonly payloads: readonly Uint8Array[];
  /** What brought them, as flat ranges, where holding is later than receiving. */
  readonly seqs: readonly number[];
  /** One message, whose bytes stand in the assembly reservation instead of the window. */
  readonly assembled: boolean;
}

/** Where it need not be known what brought a message. */
const NO_SEQS: readonly number[] = [];

export class Receiver {
  readonly received: Ranges = new Ranges();
  /** Seqs that are held, where that is not the same as received. */
  readonly held: Ranges = new Ranges();
  readonly channels: Map<number, ChannelReceiver> = new Map();
  /** Ordinals of channels that the peer has opened, closed ones included. */
  readonly opened: Ranges = new Ranges();
  readonly events: Deque<ReceiverEvent> = new Deque();
  readonly windows: ReceiveWindows;
  readonly parts: PartStore;
  /** When the oldest unacknowledged arrival came; Infinity when nothing is owed. */
  ackOwedSinceMs: number = Infinity;
  private heldStated = 0;
  /** Seq of the peer's end of the session, 0 before it came; whether it was passed on. */
  finishSeq = 0;
  private finishCode = 0;
  /** The next channel that this side opens; those it opened lie below. */
  nextOwnChannel: number;
  private finishPassedOn = false;
  /** Counters for statistics. */
  duplicates = 0;
  delivered = 0;
  refused = 0;
  readonly options: SessionOptions;
  /** 0 when the peer opens even channels (it is the client), else 1. */
  readonly peerParity: 0 | 1;

  constructor(options: SessionOptions, peerParity: 0 | 1) {
    this.options = options;
    this.peerParity = peerParity;
    this.nextOwnChannel = peerParity === 0 ? 1 : 2;
    this.windows = new ReceiveWindows(options);
    this.parts = new PartStore(options.assemblyBytesMax);
    this.windows.raise(this.addChannel(0, "ordered"));
  }

  // --- readers --------------------------------------------------------------------------------

  /** Never beyond what the policy lets count as held [HELD-1]. */
  get heldThrough(): number {
    if (this.options.hold === "received") return this.received.through;
    return Math.min(this.held.through, this.received.through);
  }

  /** Everything received, in full, every time [ACK-1]. */
  get ack(): Ack {
    const receivedThrough = this.received.through;
    const flat = this.received.flat;
    const ranges = receivedThrough === 0 ? flat.slice() : flat.slice(2);
    return { receivedThrough, heldThrough: this.heldThrough, ranges };
  }

  get window(): Window {
    return this.windows.session;
  }

  get seqMax(): number {
    return this.windows.seqMax;
  }

  get bytesMax(): number {
    return this.windows.bytesMax;
  }

  get bytesReceived(): number {
    return this.windows.bytesReceived;
  }

  /** Whether a raised window should not wait for another reason to speak [WIN-4]. */
  get isWindowWorthSaying(): boolean {
    return this.windows.isWorthSaying;
  }

  /** Everything up to the peer's end has arrived. */
  get hasEverything(): boolean {
    return this.finishSeq !== 0 && this.received.through >= this.finishSeq;
  }

  /** Nothing of it waits for room either: all is with the application, or on its way there. */
  get isFinished(): boolean {
    return this.hasEverything && this.parts.stalled.size === 0;
  }

  /**
   * How many channels the peer has open. It counts one as over when both halves have ended
   * [CHAN-1], and cannot know what of it this side has yet to consume.
   */
  get peerOpenCount(): number {
    let count = 0;
    for (const channel of this.channels.values()) {
      if (channel.id === 0 || channel.id % 2 !== this.peerParity) continue;
      if (!channel.isReset && !(channel.isFinished && channel.isOwnHalfEnded)) count++;
    }
    return count;
  }

  /** Whether a channel other than 0, which is always there, exists or did. */
  wasOpened(id: number): boolean {
    if (id % 2 === this.peerParity) return this.opened.has(ordinal(id));
    return id < this.nextOwnChannel;
  }

  // --- receiving ------------------------------------------------------------------------------

  /** Throws what `receive` must not meet; changes nothing. */
  check(frames: readonly NumberedFrame[]): void {
    new ReceiveCheck(this).run(frames);
  }

  /** Applies frames that `check` has let pass. */
  receive(nowMs: number, frames: readonly NumberedFrame[]): void {
    // Openings first: units of a channel may stand in front of it in the body.
    for (const frame of frames) {
      if (frame.kind === "channel-open" && this.accept(frame.seq)) this.openChannel(frame);
    }
    for (const frame of frames) this.receiveFrame(frame);
    this.ownParts(frames);
    // [ACK-2]: a body that only acknowledges is owed nothing.
    if (frames.length > 0) this.ackOwedSinceMs = Math.min(this.ackOwedSinceMs, nowMs);
    this.retryStalled();
  }

  /** The peer says where it stands still; it is told when the limit is higher [WIN-5]. */
  handleBlocked(blocked: Window | undefined, channels: readonly ChannelWindow[]): void {
    this.windows.handleBlocked(blocked);
    for (const stated of channels) {
      const channel = this.channels.get(stated.channel);
      if (channel !== undefined) this.windows.handleChannelBlocked(channel, stated);
    }
  }

  /** The next thing for the application; what it is handed counts as delivered. */
  takeEvent(): ReceiverEvent | undefined {
    const event = this.events.shift();
    if (event === undefined || event.kind !== "deliver") return event;
    this.delivered += event.payloads.length;
    const channel = this.channels.get(event.channel) as ChannelReceiver | undefined;
    // Nobody consumes what is delivered of a channel that is gone.
    const isGone = channel === undefined || channel.isReset;
    if (this.options.hold === "delivered" || isGone) this.holdSeqs(event.seqs);
    if (this.options.consume === "automatic" || isGone) this.consumeDelivery(channel, event);
    else channel.awaitConsumption(event, this.options.hold === "consumed");
    return event;
  }

  /** The application is done with the next `count` messages of a channel; false: not so many. */
  consume(channel: ChannelReceiver, count: number): boolean {
    if (count > channel.unconsumed.size) return false;
    this.takeUnconsumed(channel, count);
    this.windows.raise(channel);
    this.retryStalled();
    return true;
  }

  /** Stops a channel in both directions: what waits is dropped, its credit returned [CHAN-7]. */
  reset(channel: ChannelReceiver): void {
    if (channel.isReset) return;
    channel.isReset = true;
    this.windows.endLoan(channel);
    for (const waiting of channel.waiting.values()) {
      if (waiting.payload === undefined) continue;
      const { payload, seqs, assembled } = waiting;
      this.giveBack(channel, payload.length, assembled);
      this.holdSeqs(seqs);
    }
    channel.waiting.clear();
    for (const index of channel.assemblies.keys()) this.dropAssembly(channel, index);
    for (const index of channel.stalled.keys()) this.dropStalled(channel, index);
    this.takeUnconsumed(channel, channel.unconsumed.size);
    this.retryStalled();
  }

  addChannel(id: number, mode: DeliveryMode): ChannelReceiver {
    assert(!this.channels.has(id), "channel_received_twice");
    const { channelUnits, channelBytes } = this.options;
    const channel = new ChannelReceiver(id, mode, channelUnits, channelBytes);
    this.channels.set(id, channel);
    return channel;
  }

  removeChannel(id: number): void {
    const channel = this.channels.get(id);
    assert(channel !== undefined && channel.isDrained, "channel_removed_too_early");
    this.channels.delete(id);
    this.windows.forget(channel);
    this.parts.stalled.delete(id);
  }

  /**
   * What a body states about windows, the session's in any case if the body `opens` it; it is taken
   * as said.
   */
  state(opens = false): { window: Window | undefined; channelWindows: ChannelWindow[] } {
    this.ackOwedSinceMs = Infinity;
    this.heldStated = this.heldThrough;
    const window = opens || this.windows.isNews ? this.windows.stateSession() : undefined;
    return { window, channelWindows: this.windows.stateChannels(this.channels) };
  }

  /** After consuming, holding later than receiving is news of its own. */
  noteHeld(nowMs: number): void {
    if (this.heldThrough > this.heldStated) {
      this.ackOwedSinceMs = Math.min(this.ackOwedSinceMs, nowMs);
    }
  }

  private receiveFrame(frame: NumberedFrame): void {
    if (frame.kind === "channel-open") return;
    if (
      frame.kind !== "finish" &&
      !this.channels.has(frame.channel) &&
      !this.wasOpened(frame.channel)
    ) {
      // Its opening was refused [ACK-4], so it is refused with it, and both come again.
      this.refused++;
      return;
    }
    if (frame.kind === "messages") this.receiveMessages(frame);
    else if (frame.kind === "part") this.receivePart(frame);
    else if (frame.kind === "skip") this.receiveSkip(frame);
    else if (this.accept(frame.seq)) this.receiveFact(frame);
  }

  private receiveFact(
    frame: Exclude<NumberedFrame, MessagesFrame | PartFrame | SkipFrame | ChannelOpenFrame>,
  ): void {
    this.windows.consumeSeqs(1);
    this.holdSeqs([frame.seq, frame.seq]);
    if (frame.kind === "finish") {
      this.finishSeq = frame.seq;
      this.finishCode = frame.code;
      return;
    }
    const channel = this.channels.get(frame.channel);
    if (channel === undefined || channel.isReset) return;
    if (frame.kind === "channel-reset") {
      this.reset(channel);
      this.events.push({ kind: "channel-reset", channel: channel.id, code: frame.code });
      return;
    }
    channel.indexEnd = frame.indexEnd;
    this.finishChannel(channel);
  }

  private receiveMessages(frame: MessagesFrame): void {
    const channel = this.channels.get(frame.channel);
    const count = frame.payloads.length;
    if (
      channel !== undefined &&
      !channel.isReset &&
      channel.mode === "ordered" &&
      channel.nextIndex === frame.index &&
      channel.waiting.size === 0 &&
      channel.stalled.size === 0 &&
      channel.assemblies.size === 0 &&
      this.isBeyond(frame.seq) &&
      this.accept(frame.seq, frame.seq + count - 1)
    ) {
      this.receiveRun(channel, frame);
      return;
    }
    for (let at = 0; at < count; at++) {
      const seq = frame.seq + at;
      const key = frame.keys?.[at] ?? NO_KEY;
      if (!this.hasRoom(channel, frame.index + at, key) || !this.accept(seq)) continue;
      const payload = frame.payloads[at] as Uint8Array;
      this.windows.arrive(channel, 1, payload.length);
      if (channel === undefined || channel.isReset) {
        this.dropUnit(channel, seq, payload.length);
        continue;
      }
      this.receiveMessage(channel, frame.index + at, key, seq, payload);
    }
  }

  /** The fast way: a run that is next in every respect goes on as it came, without a copy. */
  private receiveRun(channel: ChannelReceiver, frame: MessagesFrame): void {
    const payloads = frame.payloads;
    const count = payloads.length;
    let bytes = 0;
    for (let at = 0; at < count; at++) bytes += (payloads[at] as Uint8Array).length;
    this.windows.arrive(channel, count, bytes);
    channel.nextIndex += count;
    const seqs = this.keepsSeqs ? [frame.seq, frame.seq + count - 1] : NO_SEQS;
    const { index } = frame;
    this.events.push({
      kind: "deliver",
      channel: channel.id,
      index,
      payloads,
      seqs,
      assembled: false,
    });
    this.finishChannel(channel);
  }

  private receiveMessage(
    channel: ChannelReceiver,
    index: number,
    key: number,
    seq: number,
    payload: Uint8Array,
  ): void {
    if (channel.isSettled(index) || channel.isInParts(index)) {
      // Two numbers for one index in one body: a peer's error that cannot be undone here.
      this.dropUnit(channel, seq, payload.length);
      return;
    }
    this.settle(channel, index, key, payload, [seq, seq], false);
    this.advance(channel);
  }

  /** A whole message is there: it is delivered, or waits, or is older than what was delivered. */
  private settle(
    channel: ChannelReceiver,
    index: number,
    key: number,
    payload: Uint8Array,
    seqs: readonly number[],
    assembled: boolean,
  ): void {
    if (channel.mode === "ordered") {
      // [MODE-1]: each index in its turn.
      // Kept for later: a copy, so that a small message does not keep a large body alive.
      const isKept = index !== channel.nextIndex && !assembled;
      const own = isKept ? payload.slice() : payload;
      channel.waiting.set(index, { payload: own, seqs, assembled });
      return;
    }
    // [MODE-2]: each index once, as it comes.
    channel.settled.add(index, index);
    const isOld = index < (channel.latestByKey.get(key) ?? 0);
    if (isOld) {
      // [LATEST-2]: overtaken by a newer message of its key.
      this.giveBack(channel, payload.length, assembled);
      this.holdSeqs(seqs);
    } else {
      if (channel.mode === "latest") channel.latestByKey.set(key, index);
      this.deliver(channel, index, payload, seqs, assembled);
    }
    channel.forgetKeys();
  }

  private deliver(
    channel: ChannelReceiver,
    index: number,
    payload: Uint8Array,
    seqs: readonly number[],
    assembled: boolean,
  ): void {
    const kept = this.keepsSeqs ? seqs : NO_SEQS;
    this.events.push({
      kind: "deliver",
      channel: channel.id,
      index,
      payloads: [payload],
      seqs: kept,
      assembled,
    });
  }

  /** Delivers what is next on an ordered channel, for as long as there is something. */
  private advance(channel: ChannelReceiver): void {
    for (;;) {
      const waiting: Waiting | undefined = channel.waiting.get(channel.nextIndex);
      if (waiting !== undefined) {
        channel.waiting.delete(channel.nextIndex);
        const { payload, seqs, assembled } = waiting;
        if (payload !== undefined) {
          this.deliver(channel, channel.nextIndex, payload, seqs, assembled);
        }
        channel.nextIndex++;
      } else if (channel.mode !== "ordered" || !this.assembleStalled(channel, channel.nextIndex)) {
        break;
      }
    }
    this.finishChannel(channel);
  }

  private receivePart(part: PartFrame): void {
    const channel = this.channels.get(part.channel);
    if (!this.hasRoom(channel, part.index, part.key ?? NO_KEY) || !this.accept(part.seq)) return;
    const bytes = part.payload.length;
    this.windows.arrive(channel, 1, bytes);
    if (channel === undefined || channel.isReset) {
      this.dropUnit(channel, part.seq, bytes);
      return;
    }
    if (channel.stalled.has(part.index) || !this.parts.mayAssemble(channel, part)) {
      this.parts.stall(channel, { ...part, payload: part.payload.slice() });
      return;
    }
    this.assemble(channel, part);
    this.advance(channel);
  }

  /**
   * What is still under assembly lets go of the body, unless most of the body is its parts: then
   * copies would take as much memory again, and it is kept for at most twice what is needed of it.
   */
  private ownParts(frames: readonly NumberedFrame[]): void {
    let unfinished: Map<Assembly, PartFrame[]> | undefined;
    for (const frame of frames) {
      if (frame.kind !== "part") continue;
      const assembly = this.channels.get(frame.channel)?.assemblies.get(frame.index);
      if (assembly === undefined) continue;
      unfinished ??= new Map();
      const parts = unfinished.get(assembly);
      if (parts === undefined) unfinished.set(assembly, [frame]);
      else parts.push(frame);
    }
    if (unfinished === undefined) return;
    for (const [assembly, parts] of unfinished) ownParts(assembly, parts);
  }

  /** Moves a part to its assembly and returns its credit [PART-3]. */
  private assemble(channel: ChannelReceiver, part: PartFrame): void {
    this.windows.giveBack(channel, 1, part.payload.length);
    const assembly = this.parts.add(channel, part);
    if (assembly === undefined) {
      this.holdSeqs([part.seq, part.seq]);
    } else if (isWhole(assembly)) {
      const whole = joinParts(assembly);
      this.settle(channel, part.index, assembly.key, whole, assembly.seqs.flat, true);
    }
  }

  /** Assembles the stalled parts of a message if they may; true when the message is whole. */
  private assembleStalled(channel: ChannelReceiver, index: number): boolean {
    const first = channel.stalled.get(index)?.[0];
    if (first === undefined || !this.parts.mayAssemble(channel, first)) return false;
    for (const part of this.parts.takeStalled(channel, index)) this.assemble(channel, part);
    return channel.isSettled(index);
  }

  private receiveSkip(skip: SkipFrame): void {
    const channel = this.channels.get(skip.channel);
    const isGone = channel === undefined || channel.isReset;
    for (let at = 0; at < skip.count; at++) {
      const seq = skip.seq + at;
      const end = this.received.endOf(seq);
      if (end > 0) {
        this.duplicates++;
        at = end - skip.seq;
        continue;
      }
      const index = skip.sharedIndex ? skip.index : skip.index + at;
      if (!this.hasRoom(channel, index, NO_KEY) || !this.accept(seq)) continue;
      this.holdSeqs([seq, seq]);
      this.windows.passSkip(isGone ? undefined : channel, skip);
      if (!isGone) this.skipIndex(channel, index);
    }
  }

  /** [SKIP-2]: an index is given up; a message that came first stays. */
  private skipIndex(channel: ChannelReceiver, index: number): void {
    this.dropAssembly(channel, index);
    this.dropStalled(channel, index);
    if (channel.isSettled(index)) return;
    if (channel.mode === "ordered") {
      channel.waiting.set(index, { payload: undefined, seqs: NO_SEQS, assembled: false });
    } else {
      channel.settled.add(index, index);
      channel.forgetKeys();
    }
    this.advance(channel);
  }

  private openChannel(frame: ChannelOpenFrame): void {
    this.windows.consumeSeqs(1);
    this.holdSeqs([frame.seq, frame.seq]);
    const number = ordinal(frame.channel);
    this.opened.add(number, number);
    this.addChannel(frame.channel, frame.mode);
    const { channel, mode } = frame;
    this.events.push({ kind: "channel-opened", channel, mode, label: frame.label.slice() });
  }

  // --- details --------------------------------------------------------------------------------

  /** Whether it must be remembered what brought a message. */
  private get keepsSeqs(): boolean {
    return this.options.hold !== "received";
  }

  /** Whether this seq and all above are new. */
  private isBeyond(seq: number): boolean {
    return seq > this.received.highest;
  }

  /**
   * Notes seqs as received [SEQ-1]. False: they were before, or a new range would be one too many
   * and the unit is left for its sender to send again [ACK-4].
   */
  private accept(first: number, last: number = first): boolean {
    if (this.received.has(first)) {
      this.duplicates++;
      return false;
    }
    const isNext = first === this.received.highest + 1;
    if (!isNext && this.received.countAfterAdding(first, last) > RANGES_MAX) {
      this.refused++;
      return false;
    }
    this.received.add(first, last);
    return true;
  }

  private holdSeqs(seqs: readonly number[]): void {
    if (this.options.hold === "received") return;
    for (let at = 0; at < seqs.length; at += 2) {
      this.held.add(seqs[at] as number, seqs[at + 1] as number);
    }
  }

  private consumeDelivery(channel: ChannelReceiver | undefined, delivery: Delivery): void {
    const { payloads, assembled } = delivery;
    if (assembled) {
      this.parts.free((payloads[0] as Uint8Array).length);
      this.retryStalled();
      return;
    }
    let bytes = 0;
    for (const payload of payloads) bytes += payload.length;
    this.windows.giveBack(channel, payloads.length, bytes);
  }

  /** The credit of the first messages that the application was handed comes back at once. */
  private takeUnconsumed(channel: ChannelReceiver, count: number): void {
    let units = 0;
    let bytes = 0;
    for (let done = 0; done < count; done++) {
      const size = channel.unconsumed.shift() as number;
      if (size < 0) {
        this.parts.free(-size);
      } else {
        units++;
        bytes += size;
      }
      const seqs = channel.unconsumedSeqs.shift();
      if (seqs !== undefined) this.holdSeqs(seqs);
    }
    if (units > 0) this.windows.giveBack(channel, units, bytes);
  }

  private giveBack(channel: ChannelReceiver, bytes: number, assembled: boolean): void {
    if (assembled) this.parts.free(bytes);
    else this.windows.giveBack(channel, 1, bytes);
  }

  /** A unit that nobody is to have. */
  private dropUnit(channel: ChannelReceiver | undefined, seq: number, bytes: number): void {
    this.holdSeqs([seq, seq]);
    this.windows.giveBack(channel, 1, bytes);
  }

  /** Whether a channel has room to remember one more index and key; if not, it is refused. */
  private hasRoom(channel: ChannelReceiver | undefined, index: number, key: number): boolean {
    if (channel === undefined || channel.isReset) return true;
    if (channel.hasRoom(index, key, this.options.windowMessages)) return true;
    this.refused++;
    return false;
  }

  private passOnFinish(): void {
    if (!this.isFinished || this.finishPassedOn) return;
    this.finishPassedOn = true;
    this.events.push({ kind: "peer-finished", code: this.finishCode });
  }

  private finishChannel(channel: ChannelReceiver): void {
    if (channel.isFinished || channel.isReset || !channel.isDrained) return;
    channel.isFinished = true;
    this.events.push({ kind: "channel-finished", channel: channel.id });
  }

  private dropAssembly(channel: ChannelReceiver, index: number): void {
    const assembly = this.parts.drop(channel, index);
    if (assembly !== undefined) this.holdSeqs(assembly.seqs.flat);
  }

  private dropStalled(channel: ChannelReceiver, index: number): void {
    for (const part of this.parts.takeStalled(channel, index)) {
      this.dropUnit(channel, part.seq, part.payload.length);
    }
  }

  /** Room for assembly may have come free; with the last stalled part everything has arrived. */
  private retryStalled(): void {
    while (this.parts.takeFreed()) {
      for (const id of this.parts.stalled) {
        this.retryStalledOf(this.channels.get(id) as ChannelReceiver);
      }
    }
    this.passOnFinish();
  }

  private retryStalledOf(channel: ChannelReceiver): void {
    if (channel.mode !== "ordered") {
      for (const [index, parts] of channel.stalled) {
        // First come, first served: or small messages could keep a large one waiting for ever.
        if (!this.parts.mayAssemble(channel, parts[0] as PartFrame)) break;
        this.assembleStalled(channel, index);
      }
    }
    this.advance(channel);
  }
}
