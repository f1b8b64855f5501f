/** A session as the application sees it: the same object on both sides. */
import type { ChannelOptions, Stats } from "../core/index.ts";
import { END_CODES } from "../core/index.ts";
import { within } from "../core/options.ts";
import type { Channel } from "./channel.ts";
import { checkFunction, checkKnown, refuse, withoutUndefined } from "./checks.ts";
import { CODE_MAX, type EndedInfo } from "./errors.ts";
import { MessageStream } from "./message-stream.ts";
import type { SessionHub } from "./session-hub.ts";
import { EVENTS, type SessionEvents, type Status } from "./status.ts";

/**
 * Carries messages both ways, exactly once and in order, for as long as the session lives.
 *
 * Readers: `status`, `stats`, `bufferedBytes`, `unacknowledged`, `channels`. Promises: `ready`,
 * `opened`, `ended`, `flushed()`. Commands: `send`, `channel`, `close`, `abort`.
 */
export class Session<Incoming = unknown, Outgoing = unknown> extends MessageStream<
  Incoming,
  Outgoing
> {
  readonly #hub: SessionHub;

  /** @internal Made by the library. */
  constructor(hub: SessionHub) {
    super(hub.partsOf(0, hub.inbox));
    this.#hub = hub;
  }

  /**
   * How the session is, why, and since when. It follows at the end of the tick, together with the
   * events; whether `send` takes messages at this moment, `isWritable` tells.
   */
  get status(): Status {
    return this.#hub.status;
  }

  /** Counters since the session began. */
  get stats(): Stats {
    return this.#hub.side.stats;
  }

  /** Payload bytes that were accepted and that the peer does not hold yet. */
  get bufferedBytes(): number {
    return this.#hub.side.bufferedBytes;
  }

  /**
   * Messages that were accepted and that the peer does not hold yet; each part of a large one
   * counts.
   */
  get unacknowledged(): number {
    return this.#hub.side.unacknowledged;
  }

  /**
   * Resolves when the other side has answered; rejects with `SessionEndedError` if it never does.
   */
  get opened(): Promise<void> {
    return this.#hub.opening;
  }

  /**
   * Resolves when the session is over, with the reason and the fates of messages. Never rejects.
   */
  get ended(): Promise<EndedInfo> {
    return this.#hub.ending;
  }

  /**
   * Resolves when the peer holds everything that was accepted so far; rejects with
   * `SessionEndedError` when the session ends otherwise than by a close.
   */
  flushed(): Promise<void> {
    return this.#hub.flushed();
  }

  /**
   * Opens a channel; the peer hears of it by its `channel` event. Both sides may send on it at
   * once. `label` takes at most 256 bytes of UTF-8.
   *
   * @throws UsageError `session_closed`, `label_too_long`, `channel_limit`, `option_invalid`,
   *   `option_unknown`.
   */
  channel<In = Incoming, Out = Outgoing>(
    label: string,
    options: ChannelOptions = {},
  ): Channel<In, Out> {
    if (typeof label !== "string") refuse("label", label, "a string");
    checkKnown(Object.keys(options), ["mode", "ttlMs"], "a channel's options");
    return this.#hub.openChannel(label, withoutUndefined(options)).as<In, Out>();
  }

  /** The channels that are open, whoever opened them: `channel.as<In, Out>()` types one. */
  get channels(): Channel[] {
    return [...this.#hub.channels.values()].map(({ channel }) => channel);
  }

  /**
   * Listens to an event. Returns what ends that.
   *
   * @throws UsageError `option_unknown` for another event, `option_invalid` for no function.
   */
  on<Name extends keyof SessionEvents>(name: Name, listener: SessionEvents[Name]): () => void {
    checkKnown([name], EVENTS, "the events");
    checkFunction(listener, "listener");
    return this.#hub.on(name, listener);
  }

  /**
   * Nothing more will be sent; the session ends when both sides hold everything. Resolves with the
   * end, as `ended` does. It closes both directions: from then on `send` throws `session_closed`
   * here, and at the peer as soon as it hears of it, so that a reply to the last messages cannot be
   * sent. Who wants one waits for it before closing. Repeated: without effect.
   */
  close(): Promise<EndedInfo> {
    return this.#hub.close();
  }

  /**
   * Ends the session at once. The peer is told `code` (1 to 0xfff) and `reason` (at most 128 bytes)
   * if the path still works. Default 1, which says nothing in particular: a session whose `onSession`
   * has thrown ends so, too. Codes that the other side is to tell apart begin at 2. After the end:
   * without effect.
   *
   * @throws UsageError `option_invalid` for another code.
   */
  abort(code: number = END_CODES.application, reason = ""): void {
    within(code, END_CODES.application, CODE_MAX, "code");
    this.#hub.abortHere(code, reason);
  }
}
