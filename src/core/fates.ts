/** What became of messages that are left when a session ends. spec 7.6. */
import type { ChannelSender } from "./channel-sender.ts";
import { type SendRing, type SentPart, UNIT_MESSAGE, UNIT_PART } from "./send-ring.ts";

/** A message that its sender gives back at the end; spec 7.6. */
export interface Fate {
  readonly channel: number;
  /** 0 for a message that never got an index. */
  readonly index: number;
  readonly payload: Uint8Array;
}

/** Messages of which nothing has left, and messages of which the peer may have something. */
export interface Fates {
  readonly neverSent: Fate[];
  readonly unknown: Fate[];
}

/** What of each message became of it, as far as this side knows [END-7]. */
export function fatesOf(ring: SendRing, channels: Iterable<ChannelSender>): Fates {
  const neverSent: Fate[] = [];
  const unknown: Fate[] = [];
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
  for (const { id, unsent, partOffset, nextIndex } of channels) {
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
