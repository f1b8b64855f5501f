/**
 * What a body's numbered frames must not do, seen before anything changes, so that a body is
 * applied whole or not at all [BODY-5]. spec 4.
 */
import { agrees } from "./assembly.ts";
import type {
  ChannelOpenFrame,
  DeliveryMode,
  MessagesFrame,
  NumberedFrame,
  PartFrame,
  SkipFrame,
} from "./body.ts";
import { type ChannelReceiver, ordinal } from "./channel-receiver.ts";
import { ProtocolError } from "./errors.ts";
import { FACT_ALLOWANCE, INDEX_RANGES_MAX, PART_BYTES_MIN } from "./limits.ts";
import type { SessionOptions } from "./options.ts";
import type { Ranges } from "./ranges.ts";
import { isCounted, type ReceiveWindows } from "./receive-windows.ts";

/** What has been received so far, as far as it decides what may come next. */
export interface ReceivedState {
  readonly options: SessionOptions;
  /** 0 when the peer opens even channels (it is the client), else 1. */
  readonly peerParity: 0 | 1;
  readonly received: Ranges;
  readonly opened: Ranges;
  readonly channels: ReadonlyMap<number, ChannelReceiver>;
  readonly finishSeq: number;
  readonly windows: ReceiveWindows;
  readonly peerOpenCount: number;
  wasOpened(channel: number): boolean;
}

/** The check of one body. */
export class ReceiveCheck {
  private readonly state: ReceivedState;
  private readonly options: SessionOptions;
  /** Channels that the body opens. */
  private readonly opening: Map<number, DeliveryMode> = new Map();
  /** Units and bytes of the body that were not there before, in all and by channel. */
  private freshBytes = 0;
  private freshSkips = 0;
  private readonly fresh: Map<number, { units: number; bytes: number }> = new Map();

  constructor(state: ReceivedState) {
    this.state = state;
    this.options = state.options;
  }

  /** Throws what must not be received. */
  run(frames: readonly NumberedFrame[]): void {
    const { opening, state } = this;
    let end = state.finishSeq === 0 ? Infinity : state.finishSeq;
    for (const frame of frames) {
      if (frame.kind === "channel-open") this.checkOpen(frame);
      if (frame.kind === "finish") end = Math.min(end, frame.seq);
    }
    if (end < state.received.highest) throw new ProtocolError("finish_invalid"); // [FIN-1]
    if (opening.size > 0 && state.peerOpenCount + opening.size > this.options.channelsMax) {
      throw new ProtocolError("channel_limit");
    }
    for (const frame of frames) {
      if (lastSeq(frame) > end) throw new ProtocolError("finish_invalid");
      this.checkNumbered(frame);
    }
    this.checkWindows();
  }

  /** [WIN-1], in bytes and by channel. */
  private checkWindows(): void {
    const { state } = this;
    if (state.windows.bytesReceived + this.freshBytes > state.windows.bytesMax) {
      throw new ProtocolError("window_exceeded");
    }
    for (const [id, count] of this.fresh) {
      const channel = state.channels.get(id);
      // What is late on a channel that is gone was within the window that the channel had.
      if (channel === undefined ? !this.opening.has(id) : channel.isReset) continue;
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

  private checkOpen(frame: ChannelOpenFrame): void {
    if (this.state.received.has(frame.seq)) return;
    // [CHAN-1]: of the opener's parity, and never twice.
    if (frame.channel % 2 !== this.state.peerParity) throw new ProtocolError("channel_invalid");
    const number = ordinal(frame.channel);
    // Ordinals rise with seqs, so only holes in the seqs can leave holes in the ordinals.
    if (
      this.opening.has(frame.channel) ||
      this.state.opened.has(number) ||
      this.state.opened.countAfterAdding(number, number) > INDEX_RANGES_MAX
    ) {
      throw new ProtocolError("channel_invalid");
    }
    this.opening.set(frame.channel, frame.mode);
  }

  private checkNumbered(frame: NumberedFrame): void {
    const last = lastSeq(frame);
    const isUnit = frame.kind === "messages" || frame.kind === "part";
    const { seqMax } = this.state.windows;
    if (last > (isUnit ? seqMax : seqMax + FACT_ALLOWANCE))
      throw new ProtocolError("window_exceeded");
    if (this.state.received.endOf(frame.seq) >= last) return;
    if (frame.kind === "finish") return;
    const channel = this.state.channels.get(frame.channel);
    const mode = channel?.mode ?? this.opening.get(frame.channel);
    if (mode === undefined) {
      // [CHAN-4]: a channel that was closed may see late units; one never opened may not.
      if (!this.state.wasOpened(frame.channel)) throw new ProtocolError("channel_unknown");
      if (frame.kind === "messages") this.countMessages(frame);
      else if (frame.kind === "part") this.addFresh(frame.channel, 1, frame.payload.length);
      else if (frame.kind === "skip") this.countSkip(undefined, frame);
      return;
    }
    if (frame.kind === "messages") {
      if ((frame.keys !== undefined) !== (mode === "latest")) {
        throw new ProtocolError("mode_invalid"); // [MODE-3]
      }
      if (channel !== undefined) this.checkIndexes(channel, frame);
      this.countMessages(frame);
    } else if (frame.kind === "part") {
      if ((frame.key !== undefined) !== (mode === "latest")) {
        throw new ProtocolError("mode_invalid");
      }
      this.checkPart(channel, frame);
      this.addFresh(frame.channel, 1, frame.payload.length);
    } else if (frame.kind === "skip") {
      this.countSkip(channel, frame);
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
      if (this.state.received.has(frame.seq + at)) continue;
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
  private countSkip(channel: ChannelReceiver | undefined, skip: SkipFrame): void {
    const hasIndexes = channel !== undefined && !channel.isReset && !skip.sharedIndex;
    // [WIN-3]: what never had a seq counts in no channel's window.
    const units = isCounted(skip) ? 1 : 0;
    for (let at = 0; at < skip.count; at++) {
      const end = this.state.received.endOf(skip.seq + at);
      if (end > 0) {
        at = end - skip.seq;
        continue;
      }
      if (hasIndexes && channel.isSettled(skip.index + at)) {
        throw new ProtocolError("index_conflict");
      }
      this.addFresh(skip.channel, units, skip.bytes);
      if (++this.freshSkips > this.options.windowMessages + FACT_ALLOWANCE) {
        throw new ProtocolError("window_exceeded");
      }
    }
  }

  private countMessages(frame: MessagesFrame): void {
    let units = 0;
    let bytes = 0;
    const isBeyond = frame.seq > this.state.received.highest;
    for (let at = 0; at < frame.payloads.length; at++) {
      if (!isBeyond && this.state.received.has(frame.seq + at)) continue;
      const { length } = frame.payloads[at] as Uint8Array;
      if (length > this.options.messageBytesMax) throw new ProtocolError("message_too_large");
      units++;
      bytes += length;
    }
    this.addFresh(frame.channel, units, bytes);
  }

  private addFresh(channel: number, units: number, bytes: number): void {
    this.freshBytes += bytes;
    const count = this.fresh.get(channel);
    if (count === undefined) {
      this.fresh.set(channel, { units, bytes });
      return;
    }
    count.units += units;
    count.bytes += bytes;
  }
}

/** The last seq that a frame stands for. */
function lastSeq(frame: NumberedFrame): number {
  if (frame.kind === "messages") return frame.seq + frame.payloads.length - 1;
  return frame.kind === "skip" ? frame.seq + frame.count - 1 : frame.seq;
}
