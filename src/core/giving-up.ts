/**
 * Giving up what was sent: its payload is let go at once, and its number is accounted for by a
 * skip when it is due again. Counts what was given up until the application is told. spec 4.8.
 */
import type { ChannelSender, SentMessage } from "./channel-sender.ts";
import { LazyMap } from "./lazy-map.ts";
import { LazySet } from "./lazy-set.ts";
import { type SendRing, UNIT_MESSAGE, UNIT_PART } from "./send-ring.ts";

/** How many messages of a channel were given up, by whether anything of them had left. */
export interface GivenUp {
  neverSent: number;
  sent: number;
}

export class GivingUp {
  private readonly ring: SendRing;
  /** Messages given up and not yet reported, by channel. */
  readonly counts: LazyMap<number, GivenUp> = new LazyMap();
  /** Channels with messages that may expire. */
  readonly expiring: LazySet<ChannelSender> = new LazySet();

  constructor(ring: SendRing) {
    this.ring = ring;
  }

  count(channel: ChannelSender, neverSent: number, sent: number): void {
    const count = this.counts.get(channel.id) ?? { neverSent: 0, sent: 0 };
    count.neverSent += neverSent;
    count.sent += sent;
    this.counts.set(channel.id, count);
  }

  /** Gives up what of a sent message the peer has not received, and counts it if that is any. */
  giveUp(channel: ChannelSender, sent: SentMessage): void {
    if (this.giveUpUnits(channel, sent.seqFirst, sent.seqLast)) this.count(channel, 0, 1);
  }

  /**
   * Gives up what of a sent message the peer has not received, for a newer one of its key. That is
   * not counted: it happens on a perfect line too, whenever the next one is there before the
   * acknowledgement, and most of them are delivered [SKIP-6].
   */
  supersede(channel: ChannelSender, sent: SentMessage): void {
    this.giveUpUnits(channel, sent.seqFirst, sent.seqLast);
  }

  /** Gives up a message of which only some parts have left; the last one sent of the channel. */
  giveUpBegun(channel: ChannelSender): void {
    const { next } = this.ring;
    // Without an entry the peer has received all parts that left.
    this.giveUpUnits(channel, channel.lastSent?.seqFirst ?? next, next - 1);
    this.count(channel, 0, 1);
  }

  /** Gives up what the peer has not received of a channel that was reset. */
  giveUpAll(channel: ChannelSender): void {
    const ring = this.ring;
    let indexLast = 0;
    for (let seq = ring.base; seq < ring.next; seq++) {
      if (ring.channel(seq) !== channel.id || !this.giveUpUnit(seq)) continue;
      if (ring.index(seq) !== indexLast) this.count(channel, 0, 1);
      indexLast = ring.index(seq);
    }
  }

  /** When a message expires next; Infinity for never. */
  nextExpiryMs(receivedThrough: number): number {
    let next = Infinity;
    for (const channel of this.expiring) {
      const unsentMs = channel.unsentDeadlines.first() ?? Infinity;
      const sentMs = channel.firstSent(receivedThrough)?.deadlineMs ?? Infinity;
      if (unsentMs === Infinity && sentMs === Infinity) this.expiring.delete(channel);
      next = Math.min(next, unsentMs, sentMs);
    }
    return next;
  }

  /** Gives up the channel's units among the seqs; whether there were any to be given up. */
  private giveUpUnits(channel: ChannelSender, first: number, last: number): boolean {
    const ring = this.ring;
    let any = false;
    for (let seq = Math.max(first, ring.base); seq <= last; seq++) {
      if (ring.channel(seq) === channel.id) any = this.giveUpUnit(seq) || any;
    }
    return any;
  }

  private giveUpUnit(seq: number): boolean {
    const ring = this.ring;
    const kind = ring.kind(seq);
    if ((kind !== UNIT_MESSAGE && kind !== UNIT_PART) || ring.isReceived(seq)) return false;
    ring.giveUp(seq);
    return true;
  }
}
