/**
 * Who waits until the peer holds what was accepted so far. Messages get their seqs when they first
 * leave, so a wait has two stages: until all of them have left, then until the last seq given out
 * by then is released. Messages accepted later are not waited for.
 */
import type { ParkSide, RequestSide } from "../core/index.ts";
import type { PayloadQueue } from "../core/payload-queue.ts";
import { type EndedInfo, SessionEndedError } from "./errors.ts";

interface Flush {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** By the unsent queue of a channel, the position in it that must be passed. */
  readonly unsent: Map<PayloadQueue, number>;
  /** The first seq that need not be released; undefined while something has not left. */
  seqEnd: number | undefined;
}

export class Flushes {
  #waiting: Flush[] = [];

  add(
    { sender }: RequestSide | ParkSide,
    resolve: () => void,
    reject: (error: Error) => void,
  ): void {
    const unsent = new Map<PayloadQueue, number>();
    for (const { unsent: queue } of sender.channelsWaiting) unsent.set(queue, queue.tail);
    this.#waiting.push({ resolve, reject, unsent, seqEnd: undefined });
  }

  /** Resolves those whose messages are held. */
  check({ sender }: RequestSide | ParkSide): void {
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.filter((flush) => {
      for (const [queue, tail] of flush.unsent) {
        if (queue.head >= tail) flush.unsent.delete(queue);
      }
      if (flush.unsent.size > 0) return true;
      flush.seqEnd ??= sender.ring.next;
      if (sender.ring.base < flush.seqEnd) return true;
      flush.resolve();
      return false;
    });
  }

  /** The session is over: a close means that everything was held. */
  end(info: EndedInfo): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve, reject } of waiting) {
      if (info.reason === "closed") resolve();
      else reject(new SessionEndedError(info));
    }
  }
}
