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

export class Channel<Incoming = unknown, Outgoing = unknown> extends MessageStream<
  Incoming,
  Outgoing
> {
  /** The name that it was opened with; need not be unique. */
  readonly label: string;
  readonly mode: DeliveryMode;
  readonly isOwn: boolean;
  readonly #parts: StreamParts;

  constructor(parts: StreamParts, facts: ChannelFacts) {
    super(parts);
    this.#parts = parts;
    this.label = facts.label;
    this.mode = facts.mode;
    this.isOwn = facts.isOwn;
  }

  /**
   * Nothing more will be sent here; what was accepted still arrives. The other direction goes on.
   * Repeated, or after the end: without effect.
   */
  finish(): void {
    this.#parts.hub.finishChannel(this.#parts.channelId);
  }

  /**
   * Abandons the channel in both directions: what is on its way, and what waits to be taken, is
   * dropped. The peer is told `code`, 0 to 0xfff. Repeated, or after the end: without effect.
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
