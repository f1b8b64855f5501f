/** Sending and receiving on one channel: what a session and each of its channels have in common. */
import { checkFunction } from "./checks.ts";
import type { Codec } from "./codec.ts";
import type { BundleConsumer, Inbox } from "./inbox.ts";
import type { SessionHub } from "./session-hub.ts";

/** What `send` can be told of one message. */
export interface SendOptions {
  /**
   * On a `latest` channel: a later message with the same key replaces this one if it has not left.
   * Default 0.
   */
  readonly key?: number | undefined;
}

/** What a stream is made of; the library makes it. */
export interface StreamParts {
  readonly hub: SessionHub;
  readonly channelId: number;
  readonly inbox: Inbox;
}

/** What a session, as its channel 0, and each of its channels do alike. */
export abstract class MessageStream<Incoming, Outgoing> {
  readonly #parts: StreamParts;
  #encoder: Codec | undefined;

  /** @internal Made by the library. */
  constructor(parts: StreamParts) {
    this.#parts = parts;
  }

  /**
   * Accepts a message: from now on it arrives once and in order, or is told as a fate when the
   * session ends. Leaves at the end of the tick. Bytes that a codec passes on as they are must not
   * be changed until they are acknowledged.
   *
   * @returns false above the high-water mark (`highWaterBytes`): better wait for `ready`.
   * @throws UsageError `session_closed`, also as soon as the peer's close is heard of: a reply to
   *   its last messages cannot be sent, and a callback or service that throws this is forgiven if
   *   the session is its own (`isWritable` tells before); `channel_closed` after `finish`, a reset
   *   or, on a channel, the end of the session; `message_too_large`, `buffer_full`, `key_invalid`;
   *   whatever the codec throws.
   */
  send(message: Outgoing, options?: SendOptions): boolean {
    const { hub, channelId } = this.#parts;
    this.#encoder ??= hub.makeEncoder(channelId);
    const payload = this.#encoder.encode(message);
    try {
      return hub.send(payload, channelId, options?.key);
    } catch (error) {
      this.#encoder.forget?.();
      throw error;
    }
  }

  /**
   * Whether `send` takes messages: not after either side's close, `finish`, a reset or the end. Who
   * sends to many sessions looks first, as each of them may have been closed by its peer.
   */
  get isWritable(): boolean {
    return this.#parts.hub.isWritable(this.#parts.channelId);
  }

  /**
   * Resolves when there is room: at once while `send` returns true, otherwise when half of the
   * high-water mark is reached. Also resolves when the session has ended; `send` then says so.
   */
  get ready(): Promise<void> {
    return this.#parts.hub.ready;
  }

  /**
   * The messages of the peer. A message is consumed when the next one is asked for, or the loop is
   * left; until then it counts against the window that the peer may fill. Several iterations share
   * the messages. They end when the peer has finished, or this side has aborted; and they throw
   * `SessionEndedError`, `ChannelResetError` or `UndecodableError` when messages may be missing.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Incoming> {
    const { inbox } = this.#parts;
    let outstanding = 0;
    let isLeft = false;
    const consume = (): void => {
      inbox.consume(outstanding);
      outstanding = 0;
    };
    return {
      async next() {
        consume();
        if (isLeft) return { done: true, value: undefined };
        const result = await inbox.take();
        if (result.done !== true) outstanding++;
        // It was left meanwhile: nobody will ask for another one.
        if (isLeft) consume();
        return result as IteratorResult<Incoming, undefined>;
      },
      async return() {
        isLeft = true;
        consume();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /**
   * Takes the messages in whole bundles instead of one by one, from the end of the tick on, those
   * too that wait already. The next bundle comes when the promise that the callback returned, if
   * any, is settled; what arrived meanwhile comes together. A later callback takes the place of an
   * earlier one. Iterations get nothing any more but the end, which callbacks learn from `ended`,
   * and those of a channel from `finished`.
   *
   * @throws UsageError `option_invalid` for no function.
   */
  onBundle(consumer: BundleConsumer<Incoming>): void {
    checkFunction(consumer, "consumer");
    this.#parts.inbox.consumeBy(consumer as BundleConsumer);
  }
}
