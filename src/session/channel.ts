/** A channel of a session: its messages are ordered among themselves, whatever others wait for. */
import type { DeliveryMode } from "../core/index.ts";
import { within } from "../core/options.ts";
import { CODE_MAX } from "./errors.ts";
import { MessageStream, type StreamParts } from "./message-stream.ts";

/** What both sides know of a channel. */
export interface ChannelFacts {
  readonly label: string;
  readonly mode: DeliveryMode;
  /** True: this side opened it. */
  readonly isOwn: boolean;
}

/**
 * Messages with an order of their own within a session, whose other messages they do not wait for.
 * Channels open with `session.channel()` here, or with the event `channel` when the peer opens one;
 * what `Session` says of sending and taking holds here too.
 */
export class Channel<Incoming = unknown, Outgoing = unknown> extends MessageStream<
  Incoming,
  Outgoing
> {
  /** The name that it was opened with; need not be unique. */
  readonly label: string;
  /** How its messages are delivered; the same on both sides. */
  readonly mode: DeliveryMode;
  /** True: this side opened it. */
  readonly isOwn: boolean;
  readonly #parts: StreamParts;

  /** @internal Made by the library. */
  constructor(parts: StreamParts, facts: ChannelFacts) {
    super(parts);
    this.#parts = parts;
    this.label = facts.label;
    this.mode = facts.mode;
    this.isOwn = facts.isOwn;
  }

  /**
   * The same channel, typed. Of a channel that the peer opened only the application knows what its
   * label stands for, so nothing is checked.
   */
  as<In, Out>(): Channel<In, Out> {
    return this as Channel<unknown, unknown> as Channel<In, Out>;
  }

  /**
   * Resolves when the peer has finished and the application has taken all that it sent: a loop was
   * handed the last message, a callback is done with it. Rejects with `ChannelResetError` when the
   * channel was abandoned, with `SessionEndedError` when the session ended before: what waits is to
   * be taken then, too.
   */
  get finished(): Promise<void> {
    return this.#parts.inbox.finished;
  }

  /**
   * Nothing more will be sent here: `send` throws `channel_closed` from now on. What was accepted
   * still arrives; then the peer's loops end, and its `finished` resolves. The other direction goes
   * on: a channel is over, and its place free, when both sides have finished and all was taken.
   * Repeated, or after the end: without effect.
   */
  finish(): void {
    this.#parts.hub.finishChannel(this.#parts.channelId);
  }

  /**
   * Abandons the channel in both directions: what is on its way, and what waits to be taken, is
   * dropped; the event `givenUp` counts this side's own. Loops and `finished` of both sides throw
   * `ChannelResetError` with `code`, 0 to 0xfff. Repeated, or after the end: without effect.
   *
   * @throws UsageError `option_invalid` for another code.
   */
  reset(code = 0): void {
    within(code, 0, CODE_MAX, "code");
    this.#parts.hub.resetChannel(this.#parts.channelId, code);
  }

  /**
   * Lets this side's messages expire on a channel that the peer opened: milliseconds, before the
   * first message.
   *
   * @throws UsageError `channel_closed`, `option_invalid`, `state_invalid`.
   */
  setTimeToLive(ttlMs: number): void {
    this.#parts.hub.setTimeToLive(this.#parts.channelId, ttlMs);
  }
}

const encoder = new TextEncoder();
/** Labels arrive as they were, with a byte order mark at their head as well. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export function encodeLabel(label: string): Uint8Array {
  return encoder.encode(label);
}

export function decodeLabel(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
