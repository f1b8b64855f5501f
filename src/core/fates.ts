/** What became of messages that are left when a session ends. spec 7.6. */
import type { ChannelSender } from "./channel-sender.ts";
import { type SendRing, type SentPart, UNIT_MESSAGE, UNIT_PART } from "./send-ring.ts";

/** A message that its sender gives back at the end; spec 7.6. */
export interface Fate {
  /** The number of its channel; 0 for the session's own messages. */
  readonly channel: number;
  /** 0 for a message that never got an index. */
  readonly index: number;
  /** As it was accepted; in a session: as the codec encoded it. */
  readonly payload: Uint8Array;
}

/** Messages of which nothing has left, and messages of which the peer may have something. */
export interface Fates {
  readonly neverSent: Fate[];
  readonly unknown: Fate[];
}

/**
 * What of each message became of it, as far as this side knows [END-7]. What lies before
 * `sharedUntil` is in a saved state too, and may have been sent by another life that went on from
 * it.
 */
export function fatesOf(
  ring: SendRing,
  channels: Iterable<ChannelSender>,
  sharedUntil: number,
): Fates {
  const neverSent: Fate[] = [];
  const unknown: Fate[] = [];
  /** The message of each channel whose parts came last, and where it stands. */
  const parted = new Map<number, { readonly fate: Fate; mayHaveLeft: boolean }>();
  for (let seq = ring.base; seq < ring.next; seq++) {
    const kind = ring.kind(seq);
    if (kind !== UNIT_MESSAGE && kind !== UNIT_PART) continue;
    const channel = ring.channel(seq);
    const index = ring.index(seq);
    const mayHaveLeft = seq < sharedUntil || ring.mayHaveLeft(seq);
    if (kind === UNIT_MESSAGE) {
      const fate = { channel, index, payload: ring.payload(seq) };
      (mayHaveLeft ? unknown : neverSent).push(fate);
      continue;
    }
    const { message: payload, offset } = ring.unit(seq) as SentPart;
    const last = parted.get(channel);
    if (last?.fate.index === index) {
      if (mayHaveLeft && !last.mayHaveLeft) move(last.fate, neverSent, unknown);
      last.mayHaveLeft = last.mayHaveLeft || mayHaveLeft;
      continue;
    }
    // The parts in front of it are held.
    const fate = { channel, index, payload };
    const isUnknown = mayHaveLeft || offset > 0;
    parted.set(channel, { fate, mayHaveLeft: isUnknown });
    (isUnknown ? unknown : neverSent).push(fate);
  }
  for (const { id, unsent, partOffset, nextIndex, sharedUntil: sharedBefore } of channels) {
    for (let position = unsent.head; position < unsent.tail; position++) {
      const payload = unsent.view(position);
      const begun = position === unsent.head && partOffset > 0;
      if (begun) {
        const known = parted.get(id)?.fate.index === nextIndex;
        // All parts that left may be held already; the message as a whole is not.
        if (!known) unknown.push({ channel: id, index: nextIndex, payload });
      } else {
        (position < sharedBefore ? unknown : neverSent).push({ channel: id, index: 0, payload });
      }
    }
  }
  return { neverSent, unknown };
}

function move(fate: Fate, from: Fate[], to: Fate[]): void {
  from.splice(from.indexOf(fate), 1);
  to.push(fate);
}
