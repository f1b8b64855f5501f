/**
 * The two applications of a pair: what they do, what they sent and saw, and promise 1, looked at
 * whenever something is delivered.
 */
import type { DeliveryMode, EndedOutput } from "../core/index.ts";
import { isSamePayload, makePayload, numberOf } from "./payloads.ts";

/** The two sides of a pair. */
export type SideName = "client" | "server";

/** Both, in the order in which they are asked. */
export const SIDES: readonly SideName[] = ["client", "server"];

/** A promise of the library is broken; `message` says which and how. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
}

/** What an application does. */
export type Command =
  | {
      readonly kind: "send";
      readonly bytes: number;
      readonly channel?: number;
      readonly key?: number;
    }
  | { readonly kind: "open"; readonly mode: DeliveryMode; readonly ttlMs?: number }
  | { readonly kind: "finish"; readonly channel: number }
  | { readonly kind: "reset"; readonly channel: number }
  | { readonly kind: "close" }
  | { readonly kind: "abort" };

/** What one side sent on one channel, and what of it the other side received. */
export interface Stream {
  /** Who sent it. */
  readonly from: SideName;
  /** The channel's number. */
  readonly channel: number;
  /** Which of several sessions it belongs to, where there are several; default 0. */
  readonly life?: number;
  /** How the channel delivers. */
  mode: DeliveryMode;
  /** Messages may be given up. */
  mayGiveUp: boolean;
  /** Either side reset the channel: nothing more need arrive. */
  isReset: boolean;
  /** Sizes of what was sent, by number. */
  readonly bytes: number[];
  /** Keys of what was sent, by number. */
  readonly keys: number[];
  /** How many were received. */
  receivedCount: number;
  /** Numbers of what was received, where they may come in any order. */
  readonly received: Set<number>;
  /** Numbers received last: by key on `latest` channels, under 0 on ordered ones. */
  readonly lastByKey: Map<number, number>;
  /** Messages that were given up before they were sent, as the sender was told. */
  neverSent: number;
  /** Messages that were given up after they were sent. */
  givenUpSent: number;
}

/** What an application has seen and done. */
export interface SideLog {
  /** Kinds of what it was told besides messages, in order. */
  readonly events: string[];
  /** Channels it may send on. */
  readonly channels: Set<number>;
  /** Delivered and not consumed, by channel, with explicit consumption. */
  readonly unconsumed: Map<number, number>;
  /** How the session ended for it; undefined while it lives. */
  ended: EndedOutput | undefined;
}

/** An application that has seen and done nothing yet. */
export function newLog(): SideLog {
  return { events: [], channels: new Set(), unconsumed: new Map(), ended: undefined };
}

/** Payloads of two sessions differ as long as neither has more channels. */
const CHANNELS_TOLD_APART = 1_024;

/** A channel on which nothing was sent yet. */
export function newStream(from: SideName, channel: number): Stream {
  return {
    from,
    channel,
    mode: "ordered",
    mayGiveUp: false,
    isReset: false,
    bytes: [],
    keys: [],
    receivedCount: 0,
    received: new Set(),
    lastByKey: new Map(),
    neverSent: 0,
    givenUpSent: 0,
  };
}

/** The next message that goes out on a stream. */
export function nextPayload(stream: Stream, bytes: number): Uint8Array {
  return makePayload(saltOf(stream), stream.bytes.length, bytes);
}

function saltOf({ from, channel, life = 0 }: Stream): number {
  return (life * CHANNELS_TOLD_APART + channel) * 2 + (from === "client" ? 0 : 1);
}

/** Whether all that is received comes in order and without a gap. */
function isGapless(stream: Stream): boolean {
  return stream.mode === "ordered" && !stream.mayGiveUp;
}

/** Whether the other side was handed the message with this number. */
export function hasReceived(stream: Stream, number: number): boolean {
  return isGapless(stream) ? number < stream.receivedCount : stream.received.has(number);
}

/** Whether this is what the other side may be handed next. */
export function isExpected(stream: Stream, payload: Uint8Array): boolean {
  const number = isGapless(stream) ? stream.receivedCount : (numberOf(payload) ?? -1);
  const bytes = stream.bytes[number];
  return bytes !== undefined && isSamePayload(payload, makePayload(saltOf(stream), number, bytes));
}

/** Promise 1, at the moment of delivery. */
export function noteDelivered(stream: Stream, payload: Uint8Array): void {
  const where = `${stream.from}'s channel ${stream.channel}`;
  const gapless = isGapless(stream);
  const number = gapless ? stream.receivedCount : (numberOf(payload) ?? -1);
  const bytes = stream.bytes[number];
  if (bytes === undefined) throw new BrokenPromise(`1: ${where}: a message that was never sent`);
  const expected = makePayload(saltOf(stream), number, bytes);
  if (!isSamePayload(payload, expected)) {
    const came = numberOf(payload);
    throw new BrokenPromise(`1: ${where}: ${came} came in the place of ${number}, or was altered`);
  }
  stream.receivedCount++;
  if (gapless) return;
  if (stream.received.has(number)) throw new BrokenPromise(`1: ${where}: ${number} came twice`);
  stream.received.add(number);
  if (stream.mode === "unordered") return;
  const key = stream.mode === "latest" ? (stream.keys[number] as number) : 0;
  if ((stream.lastByKey.get(key) ?? -1) > number) {
    throw new BrokenPromise(`1: ${where}: ${number} came after a newer one`);
  }
  stream.lastByKey.set(key, number);
}
