/**
 * How far the peer may go on: the session's window, and what its channels have of it. spec 4.4.
 *
 * Invariants:
 * - credit comes back once for each unit and fact that arrived [WIN-6];
 * - what channels may still send, their reserves included, fits the session's window [WIN-7], for
 *   as many channels as may be open at a time. A channel that has ended no longer counts, while
 *   with `consume: "explicit"` its last messages may still wait to be consumed: the opener cannot
 *   know of them [CHAN-1]. Till then they take from what others are promised, never more than the
 *   session's window.
 */
import type { ChannelWindow, SkipFrame, Window } from "./body.ts";
import type { ChannelReceiver } from "./channel-receiver.ts";
import { assert } from "./errors.ts";
import { LazySet } from "./lazy-set.ts";
import { CHANNEL_WINDOWS_STATED_MAX, WINDOW_NEWS_BYTES, WINDOW_NEWS_PARTS } from "./limits.ts";
import type { SessionOptions } from "./options.ts";
import { WIDE } from "./wide.ts";

export class ReceiveWindows {
  /** The session's window: limits granted, last stated, and what arrived and was consumed. */
  seqMax: number;
  seqStated = 0;
  bytesMax: number = WIDE;
  bytesStated: number = WIDE;
  bytesReceived: number = WIDE;
  private seqsConsumed = 0;
  private bytesConsumed: number = WIDE;
  /** Where the peer said that it stands still; forgotten once it was answered. */
  private peerBlocked: Window | undefined = undefined;
  /** Channels whose raised window is worth a body. */
  readonly raised: LazySet<number> = new LazySet();
  /** Credit beyond the channels' reserves that is not on loan. */
  private unitsToLend: number;
  private bytesToLend: number;
  private readonly options: SessionOptions;

  constructor(options: SessionOptions) {
    this.options = options;
    this.seqMax = options.windowMessages;
    this.bytesMax = options.windowBytes;
    this.bytesStated = this.bytesReceived = this.bytesConsumed = 0;
    const reserves = 2 * options.channelsMax + 1;
    this.unitsToLend = options.windowMessages - reserves * options.channelUnits;
    this.bytesToLend = options.windowBytes - reserves * options.channelBytes;
  }

  get session(): Window {
    return { seqMax: this.seqMax, bytesMax: this.bytesMax };
  }

  /** Whether a raised window should not wait for another reason to speak [WIN-4]. */
  get isWorthSaying(): boolean {
    const { windowMessages, windowBytes } = this.options;
    const peer = this.peerBlocked;
    if (peer !== undefined && (this.seqMax > peer.seqMax || this.bytesMax > peer.bytesMax)) {
      return true;
    }
    return (
      this.raised.size > 0 ||
      (this.seqMax - this.seqStated) * 2 > windowMessages ||
      this.bytesMax - this.bytesStated > Math.min(windowBytes / 2, WINDOW_NEWS_BYTES)
    );
  }

  /** Whether a body that leaves anyway states the session's window [WIN-8]. */
  get isNews(): boolean {
    const { windowMessages, windowBytes } = this.options;
    return (
      this.isWorthSaying ||
      (this.seqMax - this.seqStated) * WINDOW_NEWS_PARTS >= windowMessages ||
      (this.bytesMax - this.bytesStated) * WINDOW_NEWS_PARTS >= windowBytes
    );
  }

  /** The peer says where it stands still; it is told when the limit is higher [WIN-5]. */
  handleBlocked(blocked: Window | undefined): void {
    this.peerBlocked = blocked;
  }

  /** The same of a channel. */
  handleChannelBlocked(channel: ChannelReceiver, stated: ChannelWindow): void {
    channel.isPeerBlocked =
      channel.unitsMax <= stated.unitsMax && channel.bytesMax <= stated.bytesMax;
    if (!channel.isPeerBlocked) this.raised.add(channel.id);
    this.raise(channel);
  }

  /** Units arrive; of a channel that is gone they count for the session alone. */
  arrive(channel: ChannelReceiver | undefined, units: number, bytes: number): void {
    this.bytesReceived += bytes;
    if (channel === undefined) return;
    channel.units += units;
    channel.bytes += bytes;
  }

  /** Units that arrived were consumed, dropped or moved to their assembly. */
  giveBack(channel: ChannelReceiver | undefined, units: number, bytes: number): void {
    this.consumeSeqs(units);
    this.consumeBytes(bytes);
    if (channel !== undefined) this.giveBackOf(channel, units, bytes);
  }

  /** A skipped seq arrives, and its credit comes back at once. */
  passSkip(channel: ChannelReceiver | undefined, skip: SkipFrame): void {
    const units = isCounted(skip) ? 1 : 0;
    this.arrive(channel, units, skip.bytes);
    this.consumeSeqs(1);
    this.consumeBytes(skip.bytes);
    if (channel !== undefined) this.giveBackOf(channel, units, skip.bytes);
  }

  /** The seqs of facts come back at once. */
  consumeSeqs(count: number): void {
    this.seqsConsumed += count;
    this.seqMax = this.seqsConsumed + this.options.windowMessages;
  }

  /** Raises a channel's window to its reserve and half of what is free to lend [WIN-7]. */
  raise(channel: ChannelReceiver): void {
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
  endLoan(channel: ChannelReceiver): void {
    this.unitsToLend += channel.unitsLent;
    this.bytesToLend += channel.bytesLent;
    channel.unitsLent = 0;
    channel.bytesLent = 0;
  }

  /** Forgets a channel that is gone. */
  forget(channel: ChannelReceiver): void {
    this.endLoan(channel);
    this.raised.delete(channel.id);
  }

  /** What a body states about the session's window; it is taken as said. */
  stateSession(): Window {
    this.seqStated = this.seqMax;
    this.bytesStated = this.bytesMax;
    this.peerBlocked = undefined;
    return this.session;
  }

  /** The same about those of channels. */
  stateChannels(channels: ReadonlyMap<number, ChannelReceiver>): ChannelWindow[] {
    const channelWindows: ChannelWindow[] = [];
    for (const id of this.raised) {
      if (channelWindows.length === CHANNEL_WINDOWS_STATED_MAX) break;
      this.raised.delete(id);
      const channel = channels.get(id) as ChannelReceiver;
      const { unitsMax, bytesMax } = channel;
      channel.unitsStated = unitsMax;
      channel.bytesStated = bytesMax;
      channel.isPeerBlocked = false;
      channelWindows.push({ channel: id, unitsMax, bytesMax });
    }
    return channelWindows;
  }

  private giveBackOf(channel: ChannelReceiver, units: number, bytes: number): void {
    channel.unitsConsumed += units;
    channel.bytesConsumed += bytes;
    assert(channel.bytesConsumed <= channel.bytes, "channel_consumed_too_much");
    this.raise(channel);
  }

  private consumeBytes(bytes: number): void {
    this.bytesConsumed += bytes;
    assert(this.bytesConsumed <= this.bytesReceived, "consumed_more_than_received");
    this.bytesMax = this.bytesConsumed + this.options.windowBytes;
  }
}

/** Whether a skip stands for units that count in a channel's window [WIN-3]. */
export function isCounted(skip: SkipFrame): boolean {
  return skip.bytes > 0 || !skip.sharedIndex;
}
