/**
 * Whose turn it is: channels with unsent messages send one after the other, so that none starves
 * behind another's backlog. spec 4.7.
 *
 * Invariant: a channel with unsent messages is in `queue` once if its own window lets its first
 * message begin, and in `stopped` otherwise; `isReady` says which. The channel whose turn it is
 * stands first and may be anything until its turn ends.
 */
import type { ChannelSender } from "./channel-sender.ts";
import { Deque } from "./deque.ts";
import { LazySet } from "./lazy-set.ts";

export class Turns {
  /** Channels whose first unsent message may leave, in the order of their turns. */
  private readonly queue: Deque<ChannelSender> = new Deque();
  /** Channels with unsent messages that their own window stops. */
  readonly stopped: LazySet<number> = new LazySet();

  /** The channel whose turn it is. */
  get first(): ChannelSender | undefined {
    return this.queue.first();
  }

  /** Those of the channels that have unsent messages, in no particular order; during no turn. */
  waiting(channels: ReadonlyMap<number, ChannelSender>): ChannelSender[] {
    const waiting = [...this.stopped].map((id) => channels.get(id) as ChannelSender);
    for (let at = this.queue.head; at < this.queue.tail; at++) {
      waiting.push(this.queue.at(at) as ChannelSender);
    }
    return waiting;
  }

  /** Puts the channel where its first unsent message belongs: ready, stopped, or neither. */
  place(channel: ChannelSender): void {
    if (channel.isReady) return;
    if (!channel.hasUnsent) {
      this.stopped.delete(channel.id);
    } else if (channel.isAffordable) {
      this.stopped.delete(channel.id);
      channel.isReady = true;
      this.queue.push(channel);
    } else {
      this.stopped.add(channel.id);
    }
  }

  /** Ends the turn of the channel: it goes behind the others. */
  end(channel: ChannelSender): void {
    // A channel whose last message expired has left the queue already.
    if (this.queue.first() === channel) this.queue.shift();
    channel.isReady = false;
    this.place(channel);
  }

  /** Places the channel anew after messages were taken out of its queue but not sent. */
  replace(channel: ChannelSender): void {
    if (channel.hasUnsent || !channel.isReady) {
      this.place(channel);
      return;
    }
    channel.isReady = false;
    if (this.queue.first() === channel) {
      this.queue.shift();
      return;
    }
    for (let left = this.queue.size; left > 0; left--) {
      const each = this.queue.shift() as ChannelSender;
      if (each !== channel) this.queue.push(each);
    }
  }
}
