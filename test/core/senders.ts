/** Senders with generous windows, and short ways to drive them. */
import type { Ack, DeliveryMode, NumberedFrame } from "../../src/core/body.ts";
import { ChannelSender } from "../../src/core/channel-sender.ts";
import { NO_KEY } from "../../src/core/send-ring.ts";
import { Sender } from "../../src/core/sender.ts";

const ROOM = 500_000;
const UNITS = 16_384;

export class SenderBench {
  readonly sender: Sender;
  readonly main: ChannelSender;
  nowMs = 0;
  private transmission = 0;
  private channelId = 0;

  constructor(seqMax = 1_000, bytesMax = 1e9, unitsMax = 1_000) {
    this.sender = new Sender({ seqMax, bytesMax });
    this.main = this.channel("ordered", Infinity, unitsMax);
  }

  /** A channel that the peer knows already. */
  channel(mode: DeliveryMode, ttlMs = Infinity, unitsMax = 1_000, bytesMax = 1e9): ChannelSender {
    const channel = new ChannelSender(this.channelId, mode, ttlMs, unitsMax, bytesMax);
    this.channelId += 2;
    this.sender.addChannel(channel);
    return channel;
  }

  accept(channel: ChannelSender, what: string | number, key = NO_KEY): void {
    const payload =
      typeof what === "string" ? new TextEncoder().encode(what) : new Uint8Array(what).fill(1);
    this.sender.accept(this.nowMs, channel, payload, key);
  }

  /** Fills the next transmission; its number is `last` afterwards. */
  fill(room = ROOM, units = UNITS): NumberedFrame[] {
    return this.sender.fill(this.nowMs, ++this.transmission, room, units);
  }

  get last(): number {
    return this.transmission;
  }

  ack(through: number, ranges: readonly number[] = [], heldThrough = through): void {
    const ack: Ack = { receivedThrough: through, heldThrough, ranges };
    this.sender.checkAck(ack);
    this.sender.handleAck(ack);
  }

  /** Loses the last transmission and fills the next one. */
  again(room = ROOM): string[] {
    this.sender.resolve(this.transmission);
    return brief(this.fill(room));
  }
}

/** Frames in few words: kind, channel, seq, index and what else tells them apart. */
export function brief(frames: readonly NumberedFrame[]): string[] {
  return frames.map((frame) => {
    const { kind, seq } = frame;
    if (frame.kind === "finish") return `${kind} seq ${seq}`;
    const head = `${kind} ${frame.channel} seq ${seq}`;
    if (frame.kind === "messages") {
      const texts = frame.payloads.map((each) =>
        each.length > 20 ? each.length : new TextDecoder().decode(each),
      );
      return `${head} index ${frame.index}: ${texts.join(" ")}`;
    }
    if (frame.kind === "part") {
      const end = frame.offset + frame.payload.length;
      return `${head} index ${frame.index}: ${frame.offset}-${end} of ${frame.totalBytes}`;
    }
    if (frame.kind === "skip") {
      return `${head} index ${frame.index}${frame.sharedIndex ? " part" : ""}: ${frame.bytes}`;
    }
    return frame.kind === "channel-finish" ? `${head}: ${frame.indexEnd}` : head;
  });
}
