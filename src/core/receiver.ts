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
 * - the sum of what the channels may still send fits the session's window [WIN-7];
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
import { addPart, agrees, type Assembly, beginAssembly, joinParts } from "./assembly.ts";
import { ChannelReceiver, type Cost, type Waiting } from "./channel-receiver.ts";
import { Deque } from "./deque.ts";
import { assert, ProtocolError } from "./errors.ts";
import {
  CHANNEL_WINDOWS_STATED_MAX,
  FACT_ALLOWANCE,
  INDEX_RANGES_MAX,
  KEYS_MAX,
  PART_BYTES_MIN,
  RANGES_MAX,
} from "./limits.ts";
import type { SessionOptions } from "./options.ts";
import { Ranges } from "./ranges.ts";
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
  readonly costs: readonly Cost[];
}

/** A delivery of whole messages whose costs need not be kept apart. */
const NO_COSTS: readonly Cost[] = [];
const NO_SEQS: readonly number[] = [];

export class Receiver {
  readonly received: Ranges = new Ranges();
  /** Seqs that are held, where that is not the same as received. */
  readonly held: Ranges = new Ranges();
  readonly channels: Map<number, ChannelReceiver> = new Map();
  /** Ordinals of channels that the peer has opened, closed ones included. */
  readonly opened: Ranges = new Ranges();
  readonly events: Deque<ReceiverEvent> = new Deque();
  /** Session window: limits granted, last stated, and what was consumed of it. */
  seqMax: number;
  seqStated = 0;
  bytesMax: number;
  bytesStated = 0;
  bytesReceived = 0;
  private seqsConsumed = 0;
  private bytesConsumed = 0;
  /** Where the peer said that it stands still; forgotten once it was answered. */
  private peerBlocked: Window | undefined = undefined;
  /** Channels whose raised window is worth a body. */
  readonly raised: Set<number> = new Set();
  /** Credit beyond the channels' reserves that is not on loan. */
  private unitsToLend: number;
  private bytesToLend: number;
  /** Channels with stalled parts. */
  private readonly stalled: Set<number> = new Set();
  /** Declared bytes of messages under assembly or assembled and not consumed. */
  assemblyBytes = 0;
  /** Whether some of them were given back since stalled parts were tried last. */
  private isAssemblyFreed = false;
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
  private readonly options: SessionOptions;
  /** 0 when the peer opens even channels (it is the client), else 1. */
  private readonly peerParity: 0 | 1;

  constructor(options: SessionOptions, peerParity: 0 | 1) {
    this.options = options;
    this.peerParity = peerParity;
    this.nextOwnChannel = peerParity === 0 ? 1 : 2;
    this.seqMax = options.windowMessages;
    this.bytesMax = options.windowBytes;
    const reserves = 2 * options.channelsMax + 1;
    this.unitsToLend = options.windowMessages - reserves * options.channelUnits;
    this.bytesToLend = options.windowBytes - reserves * options.channelBytes;
    this.raise(this.addChannel(0, "ordered"));
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
    return { seqMax: this.seqMax, bytesMax: this.bytesMax };
  }

  /** Whether a raised window should not wait for another reason to speak [WIN-4]. */
  get isWindowWorthSaying(): boolean {
    const { windowMessages, windowBytes } = this.options;
    const peer = this.peerBlocked;
    if (peer !== undefined && (this.seqMax > peer.seqMax || this.bytesMax > peer.bytesMax)) {
      return true;
    }
    return (
      this.raised.size > 0 ||
      (this.seqMax - this.seqStated) * 2 > windowMessages ||
      (this.bytesMax - this.bytesStated) * 2 > windowBytes
    );
  }

  /** Everything up to the peer's end has arrived. */
  get hasEverything(): boolean {
    return this.finishSeq !== 0 && this.received.through >= this.finishSeq;
  }

  /** Nothing of it waits for room either: all is with the application, or on its way there. */
  get isFinished(): boolean {
    return this.hasEverything && this.stalled.size === 0;
  }

  // --- checking -------------------------------------------------------------------------------

  /** Throws what `receive` must not meet; changes nothing. */
  check(frames: readonly NumberedFrame[]): void {
    const fresh = new FreshCount();
    const opening = new Map<number, DeliveryMode>();
    let end = this.finishSeq === 0 ? Infinity : this.finishSeq;
    for (const frame of frames) {
      if (frame.kind === "channel-open") this.checkOpen(frame, opening);
      if (frame.kind === "finish") end = Math.min(end, frame.seq);
    }
    if (end < this.received.highest) throw new ProtocolError("finish_invalid"); // [FIN-1]
    if (opening.size > 0 && this.countPeerOpen() + opening.size > this.options.channelsMax) {
      throw new ProtocolError("channel_limit");
    }
    for (const frame of frames) {
      if (lastSeq(frame) > end) throw new ProtocolError("finish_invalid");
      this.checkNumbered(frame, opening, fresh);
    }
    if (this.bytesReceived + fresh.bytes > this.bytesMax) {
      throw new ProtocolError("window_exceeded"); // [WIN-1]
    }
    for (const [id, count] of fresh.channels) {
      const channel = this.channels.get(id);
      // What is late on a channel that is gone was within the window that the channel had.
      if (channel === undefined ? !opening.has(id) : channel.isReset) continue;
      const { units, unitsMax, bytes, bytesMax } = channel ?? this.firstWindow;
      if (units + count.units > unitsMax || bytes + count.bytes > bytesMax) {
        throw new ProtocolError("window_exceeded");
      }
    }
  }

  /** Where every channel begins. */
  private get firstWindow(): Pick<ChannelReceiver, "units" | "unitsMax" | "bytes" | "bytesMax"> {
    const { channelUnits, channelBytes } = this.options;
    return { units: 0, unitsMax: channelUnits, bytes: 0, bytesMax: channelBytes };
  }

  private checkOpen(frame: ChannelOpenFrame, opening: Map<number, DeliveryMode>): void {
    if (this.received.has(frame.seq)) return;
    // [CHAN-1]: of the opener's parity, and never twice.
    if (frame.channel % 2 !== this.peerParity) throw new ProtocolError("channel_invalid");
    const number = ordinal(frame.channel);
    // Ordinals rise with seqs, so only holes in the seqs can leave holes in the ordinals.
    if (
      opening.has(frame.channel) ||
      this.opened.has(number) ||
      this.opened.countAfterAdding(number, number) > INDEX_RANGES_MAX
    ) {
      throw new ProtocolError("channel_invalid");
    }
    opening.set(frame.channel, frame.mode);
  }

  private checkNumbered(
    frame: NumberedFrame,
    opening: ReadonlyMap<number, DeliveryMode>,
    fresh: FreshCount,
  ): void {
    const last = lastSeq(frame);
    const isUnit = frame.kind === "messages" || frame.kind === "part";
    const limit = isUnit ? this.seqMax : this.seqMax + FACT_ALLOWANCE;
    if (last > limit) throw new ProtocolError("window_exceeded");
    if (this.received.endOf(frame.seq) >= last) return;
    if (frame.kind === "finish" || frame.kind === "channel-open") return;
    const channel = this.channels.get(frame.channel);
    const mode = channel?.mode ?? opening.get(frame.channel);
    if (mode === undefined) {
      // [CHAN-4]: a channel that was closed may see late units; one never opened may not.
      if (!this.wasOpened(frame.channel)) throw new ProtocolError("channel_unknown");
      if (frame.kind === "messages") this.countMessages(frame, fresh);
      else if (frame.kind === "part") fresh.add(frame.channel, 1, frame.payload.length);
      else if (frame.kind === "skip") this.countSkip(undefined, frame, fresh);
      return;
    }
    if (frame.kind === "messages") {
      if ((frame.keys !== undefined) !== (mode === "latest")) {
        throw new ProtocolError("mode_invalid"); // [MODE-3]
      }
      if (channel !== undefined) this.checkIndexes(channel, frame);
      this.countMessages(frame, fresh);
    } else if (frame.kind === "part") {
      if ((frame.key !== undefined) !== (mode === "latest")) {
        throw new ProtocolError("mode_invalid");
      }
      this.checkPart(channel, frame);
      fresh.add(frame.channel, 1, frame.payload.length);
    } else if (frame.kind === "skip") {
      this.countSkip(channel, frame, fresh);
    } else if (frame.kind === "channel-finish" && channel !== undefined) {
      if (channel.indexEnd !== 0 || frame.indexEnd <= channel.highestIndex) {
        throw new ProtocolError("finish_invalid"); // [CHAN-5]
      }
    }
  }

  private checkIndexes(channel: ChannelReceiver, frame: MessagesFrame): void {
    const last = frame.index + frame.payloads.length - 1;
    if (channel.indexEnd !== 0 && last >= channel.indexEnd) {
      throw new ProtocolError("finish_invalid");
    }
    // The common case: the run goes on where the channel stands.
    if (channel.mode === "ordered" && channel.waiting.size === 0 && channel.assemblies.size === 0) {
      if (frame.index >= channel.nextIndex) return;
    }
    if (channel.isReset) return;
    // [MODE-4]: an index belongs to one seq.
    for (let at = 0; at < frame.payloads.length; at++) {
      if (this.received.has(frame.seq + at)) continue;
      const index = frame.index + at;
      if (channel.isSettled(index) || channel.isInParts(index)) {
        throw new ProtocolError("index_conflict");
      }
    }
  }

  private checkPart(channel: ChannelReceiver | undefined, part: PartFrame): void {
    if (part.totalBytes > this.options.messageBytesMax) {
      throw new ProtocolError("message_too_large"); // [PART-7]
    }
    const end = part.offset + part.payload.length;
    if (part.payload.length < PART_BYTES_MIN && end !== part.totalBytes) {
      throw new ProtocolError("part_invalid"); // [PART-6]
    }
    if (channel === undefined || channel.isReset) return;
    if (channel.indexEnd !== 0 && part.index >= channel.indexEnd) {
      throw new ProtocolError("finish_invalid");
    }
    const assembly = channel.assemblies.get(part.index);
    if (assembly !== undefined && !agrees(assembly, part)) throw new ProtocolError("part_invalid");
  }

  /** Checks and counts the seqs of a skip that are new; a lying count makes no work. */
  private countSkip(
    channel: ChannelReceiver | undefined,
    skip: SkipFrame,
    fresh: FreshCount,
  ): void {
    const hasIndexes = channel !== undefined && !channel.isReset && !skip.sharedIndex;
    // [WIN-3]: what never had a seq counts in no channel's window.
    const units = isCounted(skip) ? 1 : 0;
    for (let at = 0; at < skip.count; at++) {
      const end = this.received.endOf(skip.seq + at);
      if (end > 0) {
        at = end - skip.seq;
        continue;
      }
      if (hasIndexes && channel.isSettled(skip.index + at)) {
        throw new ProtocolError("index_conflict");
      }
      fresh.add(skip.channel, units, skip.bytes);
      if (++fresh.skipped > this.options.windowMessages + FACT_ALLOWANCE) {
        throw new ProtocolError("window_exceeded");
      }
    }
  }

  private countMessages(frame: MessagesFrame, fresh: FreshCount): void {
    let units = 0;
    let bytes = 0;
    const isBeyond = this.isBeyond(frame.seq);
    for (let at = 0; at < frame.payloads.length; at++) {
      if (!isBeyond && this.received.has(frame.seq + at)) continue;
      const { length } = frame.payloads[at] as Uint8Array;
      if (length > this.options.messageBytesMax) throw new ProtocolError("message_too_large");
      units++;
      bytes += length;
    }
    fresh.add(frame.channel, units, bytes);
  }

  // --- receiving ------------------------------------------------------------------------------

  /** Applies frames that `check` has let pass. */
  receive(nowMs: number, frames: readonly NumberedFrame[]): void {
    // Openings first: units of a channel may stand in front of it in the body.
    for (const frame of frames) {
      if (frame.kind === "channel-open" && this.accept(frame.seq)) this.openChannel(frame);
    }
    for (const frame of frames) this.receiveFrame(frame);
    // [ACK-2]: a body that only acknowledges is owed nothing.
    if (frames.length > 0) this.ackOwedSinceMs = Math.min(this.ackOwedSinceMs, nowMs);
    this.retryStalled();
  }

  /** The peer says where it stands still; it is told when the limit is higher [WIN-5]. */
  handleBlocked(blocked: Window | undefined, channels: readonly ChannelWindow[]): void {
    this.peerBlocked = blocked;
    for (const stated of channels) {
      const channel = this.channels.get(stated.channel);
      if (channel === undefined) continue;
      channel.isPeerBlocked =
        channel.unitsMax <= stated.unitsMax && channel.bytesMax <= stated.bytesMax;
      if (!channel.isPeerBlocked) this.raised.add(channel.id);
      this.raise(channel);
    }
  }

  /** The next thing for the application; what it is handed counts as delivered. */
  takeEvent(): ReceiverEvent | undefined {
    const event = this.events.shift();
    if (event === undefined || event.kind !== "deliver") return event;
    this.delivered += event.payloads.length;
    const channel = this.channels.get(event.channel) as ChannelReceiver | undefined;
    const costs = event.costs;
    // Nobody consumes what is delivered of a channel that is gone.
    const isGone = channel === undefined || channel.isReset;
    if (this.options.hold === "delivered" || isGone) {
      for (const cost of costs) this.holdSeqs(cost.seqs);
    }
    if (this.options.consume === "automatic" || isGone) {
      this.consumeCosts(channel, costs, event);
    } else {
      for (const cost of costs) channel.unconsumed.push(cost);
    }
    return event;
  }

  /** The application is done with the next `count` messages of a channel; false: not so many. */
  consume(channel: ChannelReceiver, count: number): boolean {
    if (count > channel.unconsumed.size) return false;
    for (let done = 0; done < count; done++) {
      const cost = channel.unconsumed.shift() as Cost;
      if (this.options.hold === "consumed") this.holdSeqs(cost.seqs);
      this.consumeCost(channel, cost);
    }
    this.raise(channel);
    this.retryStalled();
    return true;
  }

  /** Stops a channel in both directions: what waits is dropped, its credit returned [CHAN-7]. */
  reset(channel: ChannelReceiver): void {
    if (channel.isReset) return;
    channel.isReset = true;
    this.endLoan(channel);
    for (const waiting of channel.waiting.values()) {
      if (waiting.payload === undefined) continue;
      const { payload, seqs, assembled } = waiting;
      this.consumeCost(channel, { bytes: payload.length, assembled, seqs });
      this.holdSeqs(seqs);
    }
    channel.waiting.clear();
    for (const [index, assembly] of channel.assemblies) this.dropAssembly(channel, index, assembly);
    for (const index of channel.stalled.keys()) this.dropStalled(channel, index);
    for (let cost = channel.unconsumed.shift(); cost; cost = channel.unconsumed.shift()) {
      this.holdSeqs(cost.seqs);
      this.consumeCost(channel, cost);
    }
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
    this.endLoan(channel);
    this.channels.delete(id);
    this.raised.delete(id);
    this.stalled.delete(id);
  }

  /** What a body states about windows; it is taken as said. */
  state(): { window: Window; channelWindows: ChannelWindow[] } {
    this.seqStated = this.seqMax;
    this.bytesStated = this.bytesMax;
    this.peerBlocked = undefined;
    this.ackOwedSinceMs = Infinity;
    this.heldStated = this.heldThrough;
    const channelWindows: ChannelWindow[] = [];
    for (const id of this.raised) {
      if (channelWindows.length === CHANNEL_WINDOWS_STATED_MAX) break;
      this.raised.delete(id);
      const channel = this.channels.get(id) as ChannelReceiver;
      const { unitsMax, bytesMax } = channel;
      channel.unitsStated = unitsMax;
      channel.bytesStated = bytesMax;
      channel.isPeerBlocked = false;
      channelWindows.push({ channel: id, unitsMax, bytesMax });
    }
    return { window: this.window, channelWindows };
  }

  /** After consuming, holding later than receiving is news of its own. */
  noteHeld(nowMs: number): void {
    if (this.heldThrough > this.heldStated && this.options.hold !== "received") {
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
    this.consumeSeqs(1);
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
      this.bytesReceived += payload.length;
      if (channel === undefined || channel.isReset) {
        this.dropUnit(channel, seq, payload.length);
        continue;
      }
      channel.units++;
      channel.bytes += payload.length;
      this.receiveMessage(channel, frame.index + at, key, seq, payload);
    }
  }

  /** The fast way: a run that is next in every respect goes on as it came, without a copy. */
  private receiveRun(channel: ChannelReceiver, frame: MessagesFrame): void {
    const payloads = frame.payloads;
    const count = payloads.length;
    let bytes = 0;
    for (let at = 0; at < count; at++) bytes += (payloads[at] as Uint8Array).length;
    this.bytesReceived += bytes;
    channel.units += count;
    channel.bytes += bytes;
    channel.nextIndex += count;
    const costs = this.keepsCosts
      ? payloads.map((payload, at) => wholeCost(payload.length, frame.seq + at))
      : NO_COSTS;
    this.events.push({ kind: "deliver", channel: channel.id, index: frame.index, payloads, costs });
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
      this.returnCredit(channel, 1, payload.length);
      this.holdSeqs([seq, seq]);
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
    const isOld = channel.mode === "latest" && index < (channel.latestByKey.get(key) ?? 0);
    if (isOld) {
      // [LATEST-2]: overtaken by a newer message of its key.
      this.consumeCost(channel, { bytes: payload.length, assembled, seqs });
      this.holdSeqs(seqs);
    } else {
      if (channel.mode === "latest") channel.latestByKey.set(key, index);
      this.deliver(channel, index, payload, seqs, assembled);
    }
    this.forgetKeys(channel);
  }

  private deliver(
    channel: ChannelReceiver,
    index: number,
    payload: Uint8Array,
    seqs: readonly number[],
    assembled: boolean,
  ): void {
    const costs = [{ bytes: payload.length, assembled, seqs: this.keepsCosts ? seqs : NO_SEQS }];
    this.events.push({ kind: "deliver", channel: channel.id, index, payloads: [payload], costs });
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
    this.bytesReceived += bytes;
    if (channel === undefined || channel.isReset) {
      this.dropUnit(channel, part.seq, bytes);
      return;
    }
    channel.units++;
    channel.bytes += bytes;
    const own: PartFrame = { ...part, payload: part.payload.slice() };
    const stalled = channel.stalled.get(part.index);
    if (stalled !== undefined) {
      stalled.push(own);
    } else if (this.canAssemble(channel, own)) {
      this.assemble(channel, own);
      this.advance(channel);
    } else {
      channel.stalled.set(part.index, [own]);
      this.stalled.add(channel.id);
    }
  }

  /** Whether a part need not wait: its message is under assembly, may begin, or is settled. */
  private canAssemble(channel: ChannelReceiver, part: PartFrame): boolean {
    if (channel.assemblies.has(part.index) || channel.isSettled(part.index)) return true;
    // [PART-5]: on an ordered channel only the next message may reserve, or two could wait for
    // each other.
    if (channel.mode === "ordered" && part.index !== channel.nextIndex) return false;
    return this.assemblyBytes + part.totalBytes <= this.options.assemblyBytesMax;
  }

  /** Moves a part to its assembly and returns its credit [PART-3]. */
  private assemble(channel: ChannelReceiver, part: PartFrame): void {
    this.returnCredit(channel, 1, part.payload.length);
    let assembly = channel.assemblies.get(part.index);
    if (assembly === undefined && !channel.isSettled(part.index)) {
      assembly = beginAssembly(part);
      this.assemblyBytes += part.totalBytes;
      channel.assemblies.set(part.index, assembly);
    }
    if (assembly === undefined || !agrees(assembly, part)) {
      // Late, or two parts of one body that contradict each other: this one is dropped.
      this.holdSeqs([part.seq, part.seq]);
    } else if (addPart(assembly, part)) {
      channel.assemblies.delete(part.index);
      const whole = joinParts(assembly);
      this.settle(channel, part.index, assembly.key, whole, assembly.seqs.flat, true);
    }
  }

  /** Assembles the stalled parts of a message if they may; true when the message is whole. */
  private assembleStalled(channel: ChannelReceiver, index: number): boolean {
    const parts = channel.stalled.get(index);
    if (parts === undefined || !this.canAssemble(channel, parts[0] as PartFrame)) return false;
    channel.stalled.delete(index);
    if (channel.stalled.size === 0) this.stalled.delete(channel.id);
    for (const part of parts) this.assemble(channel, part);
    return channel.isSettled(index);
  }

  private receiveSkip(skip: SkipFrame): void {
    const channel = this.channels.get(skip.channel);
    const bytes = skip.bytes;
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
      this.bytesReceived += bytes;
      this.holdSeqs([seq, seq]);
      if (channel === undefined || channel.isReset) {
        this.consumeSeqs(1);
        this.consumeBytes(bytes);
        continue;
      }
      const isUnit = isCounted(skip);
      if (isUnit) channel.units++;
      channel.bytes += bytes;
      this.consumeSeqs(1);
      this.consumeBytes(bytes);
      channel.unitsConsumed += isUnit ? 1 : 0;
      channel.bytesConsumed += bytes;
      this.raise(channel);
      this.skipIndex(channel, index);
    }
  }

  /** [SKIP-2]: an index is given up; a message that came first stays. */
  private skipIndex(channel: ChannelReceiver, index: number): void {
    const assembly = channel.assemblies.get(index);
    if (assembly !== undefined) this.dropAssembly(channel, index, assembly);
    this.dropStalled(channel, index);
    if (channel.isSettled(index)) return;
    if (channel.mode === "ordered") {
      channel.waiting.set(index, { payload: undefined, seqs: NO_SEQS, assembled: false });
    } else {
      channel.settled.add(index, index);
      this.forgetKeys(channel);
    }
    this.advance(channel);
  }

  private openChannel(frame: ChannelOpenFrame): void {
    this.consumeSeqs(1);
    this.holdSeqs([frame.seq, frame.seq]);
    const number = ordinal(frame.channel);
    this.opened.add(number, number);
    this.addChannel(frame.channel, frame.mode);
    const { channel, mode } = frame;
    this.events.push({ kind: "channel-opened", channel, mode, label: frame.label.slice() });
  }

  // --- details --------------------------------------------------------------------------------

  /** Whether deliveries must remember what each message cost and brought. */
  private get keepsCosts(): boolean {
    return this.options.consume === "explicit" || this.options.hold !== "received";
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

  private consumeCosts(
    channel: ChannelReceiver | undefined,
    costs: readonly Cost[],
    delivery: Delivery,
  ): void {
    if (costs === NO_COSTS) {
      let bytes = 0;
      for (const payload of delivery.payloads) bytes += payload.length;
      this.returnCredit(channel, delivery.payloads.length, bytes);
      return;
    }
    for (const each of costs) this.consumeCost(channel, each);
    if (channel !== undefined) this.raise(channel);
    this.retryStalled();
  }

  private consumeCost(channel: ChannelReceiver | undefined, each: Cost): void {
    if (each.assembled) {
      this.freeAssembly(each.bytes);
      return;
    }
    this.returnCredit(channel, 1, each.bytes);
  }

  /** A unit of a channel that is gone. */
  private dropUnit(channel: ChannelReceiver | undefined, seq: number, bytes: number): void {
    this.holdSeqs([seq, seq]);
    if (channel !== undefined) {
      channel.units++;
      channel.bytes += bytes;
    }
    this.returnCredit(channel, 1, bytes);
  }

  private returnCredit(channel: ChannelReceiver | undefined, units: number, bytes: number): void {
    this.consumeSeqs(units);
    this.consumeBytes(bytes);
    if (channel === undefined) return;
    channel.unitsConsumed += units;
    channel.bytesConsumed += bytes;
    assert(channel.bytesConsumed <= channel.bytes, "channel_consumed_too_much");
    this.raise(channel);
  }

  private consumeSeqs(count: number): void {
    this.seqsConsumed += count;
    this.seqMax = this.seqsConsumed + this.options.windowMessages;
  }

  private consumeBytes(bytes: number): void {
    this.bytesConsumed += bytes;
    assert(this.bytesConsumed <= this.bytesReceived, "consumed_more_than_received");
    this.bytesMax = this.bytesConsumed + this.options.windowBytes;
  }

  private freeAssembly(bytes: number): void {
    this.assemblyBytes -= bytes;
    this.isAssemblyFreed = true;
    assert(this.assemblyBytes >= 0, "assembly_bytes_negative");
  }

  /**
   * Whether what a channel remembers of its indexes and keys has room for one more. Without room
   * the unit is left for its sender to send again, like one that would need a range too many.
   */
  private hasRoom(channel: ChannelReceiver | undefined, index: number, key: number): boolean {
    if (channel === undefined || channel.isReset) return true;
    const hasRoom =
      channel.mode === "ordered"
        ? index === channel.nextIndex || channel.waiting.size < this.options.windowMessages
        : channel.settled.countAfterAdding(index, index) <= INDEX_RANGES_MAX;
    if (hasRoom && this.hasRoomForKey(channel, key)) return true;
    this.refused++;
    return false;
  }

  private hasRoomForKey(channel: ChannelReceiver, key: number): boolean {
    if (channel.latestByKey.size < KEYS_MAX || channel.latestByKey.has(key)) return true;
    const through = channel.settled.through;
    // A look at every key is worth it only if something may be forgotten that could not before.
    if (key === NO_KEY || channel.keysSweptThrough === through) return key === NO_KEY;
    channel.keysSweptThrough = through;
    for (const [old, index] of channel.latestByKey) {
      if (index <= through) channel.latestByKey.delete(old);
    }
    return channel.latestByKey.size < KEYS_MAX;
  }

  /** Raises a channel's window to its reserve and half of what is free to lend [WIN-7]. */
  private raise(channel: ChannelReceiver): void {
    if (channel.isReset) return;
    const { channelUnits, channelBytes } = this.options;
    const unitsBase = channel.unitsConsumed + channelUnits;
    const bytesBase = channel.bytesConsumed + channelBytes;
    // What was used of the loan has come back with what was consumed.
    this.unitsToLend += channel.unitsLent - Math.max(0, channel.unitsMax - unitsBase);
    this.bytesToLend += channel.bytesLent - Math.max(0, channel.bytesMax - bytesBase);
    channel.unitsLent = Math.max(0, channel.unitsMax - unitsBase);
    channel.bytesLent = Math.max(0, channel.bytesMax - bytesBase);
    const units = Math.max(channel.unitsLent, (this.unitsToLend + channel.unitsLent) >>> 1);
    const bytesHalf = Math.floor((this.bytesToLend + channel.bytesLent) / 2);
    const bytes = Math.max(channel.bytesLent, bytesHalf);
    this.unitsToLend -= units - channel.unitsLent;
    this.bytesToLend -= bytes - channel.bytesLent;
    assert(this.unitsToLend >= 0 && this.bytesToLend >= 0, "lent_more_than_there_is");
    channel.unitsLent = units;
    channel.bytesLent = bytes;
    channel.unitsMax = Math.max(channel.unitsMax, unitsBase + units);
    channel.bytesMax = Math.max(channel.bytesMax, bytesBase + bytes);
    const unitsGain = channel.unitsMax - channel.unitsStated;
    const bytesGain = channel.bytesMax - channel.bytesStated;
    const unitsLeft = channel.unitsStated - channel.units;
    const bytesLeft = channel.bytesStated - channel.bytes;
    // Worth saying once the peer has less left than it would gain.
    const isWorthSaying = unitsGain > unitsLeft || bytesGain > bytesLeft;
    // To a peer that stands still any gain is worth saying.
    const helps = channel.isPeerBlocked && unitsGain + bytesGain > 0;
    if (isWorthSaying || helps) this.raised.add(channel.id);
  }

  /** Takes back what the channel had on loan. */
  private endLoan(channel: ChannelReceiver): void {
    this.unitsToLend += channel.unitsLent;
    this.bytesToLend += channel.bytesLent;
    channel.unitsLent = 0;
    channel.bytesLent = 0;
  }

  private countPeerOpen(): number {
    let count = 0;
    for (const channel of this.channels.values()) {
      if (channel.id === 0 || channel.id % 2 !== this.peerParity) continue;
      if (!channel.isReset && !(channel.isFinished && channel.isOwnHalfEnded)) count++;
    }
    return count;
  }

  private wasOpened(id: number): boolean {
    if (id === 0) return true;
    if (id % 2 === this.peerParity) return this.opened.has(ordinal(id));
    return id < this.nextOwnChannel;
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

  /** Without a gap nothing older can come, whatever the key. */
  private forgetKeys(channel: ChannelReceiver): void {
    if (channel.settled.through === channel.settled.highest) channel.latestByKey.clear();
  }

  private dropAssembly(channel: ChannelReceiver, index: number, assembly: Assembly): void {
    channel.assemblies.delete(index);
    this.freeAssembly(assembly.totalBytes);
    this.holdSeqs(assembly.seqs.flat);
  }

  private dropStalled(channel: ChannelReceiver, index: number): void {
    for (const part of channel.stalled.get(index) ?? []) {
      this.returnCredit(channel, 1, part.payload.length);
      this.holdSeqs([part.seq, part.seq]);
    }
    channel.stalled.delete(index);
    if (channel.stalled.size === 0) this.stalled.delete(channel.id);
  }

  /** Room for assembly may have come free; with the last stalled part everything has arrived. */
  private retryStalled(): void {
    while (this.isAssemblyFreed) {
      this.isAssemblyFreed = false;
      for (const id of this.stalled) this.retryStalledOf(this.channels.get(id) as ChannelReceiver);
    }
    this.passOnFinish();
  }

  private retryStalledOf(channel: ChannelReceiver): void {
    if (channel.mode !== "ordered") {
      for (const [index, parts] of channel.stalled) {
        // First come, first served: or small messages could keep a large one waiting for ever.
        if (!this.canAssemble(channel, parts[0] as PartFrame)) break;
        this.assembleStalled(channel, index);
      }
    }
    this.advance(channel);
  }
}

/** Units and bytes of a body that were not there before, in all and by channel. */
class FreshCount {
  bytes = 0;
  skipped = 0;
  readonly channels: Map<number, { units: number; bytes: number }> = new Map();

  add(channel: number, units: number, bytes: number): void {
    this.bytes += bytes;
    const count = this.channels.get(channel);
    if (count === undefined) {
      this.channels.set(channel, { units, bytes });
      return;
    }
    count.units += units;
    count.bytes += bytes;
  }
}

/** The how-manieth channel of its side this is, from 1. */
function ordinal(channel: number): number {
  return Math.floor((channel + 1) / 2);
}

/** The last seq that a frame stands for. */
function lastSeq(frame: NumberedFrame): number {
  if (frame.kind === "messages") return frame.seq + frame.payloads.length - 1;
  return frame.kind === "skip" ? frame.seq + frame.count - 1 : frame.seq;
}

/** Whether a skip stands for units that count in a channel's window [WIN-3]. */
function isCounted(skip: SkipFrame): boolean {
  return skip.bytes > 0 || !skip.sharedIndex;
}

function wholeCost(bytes: number, seq: number): Cost {
  return { bytes, assembled: false, seqs: [seq, seq] };
}
