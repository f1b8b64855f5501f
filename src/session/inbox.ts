/**
 * Messages of one channel that have arrived and wait for the application, which takes them by
 * iterating or by a callback for whole bundles.
 *
 * Invariants: a message is *consumed* when the application asks for the next one, or when its
 * callback is done with the bundle; only then does the core raise the peer's window. So a slow
 * consumer holds at most a window of payloads, and these are decoded when they are taken, not
 * before. What was handed out and is not consumed yet is `handedOut`.
 */
import { END_CODES } from "../core/index.ts";
import { Deque } from "../core/deque.ts";
import type { Codec } from "./codec.ts";
import { rethrow } from "./errors.ts";

/** Takes whole bundles; the next one comes when the promise is settled. */
export type BundleConsumer<Incoming = unknown> = (messages: Incoming[]) => void | Promise<void>;

/** What an inbox asks of its session. */
export interface InboxOwner {
  /** Messages were consumed: the core is told at the end of the tick. */
  touch(): void;
  /** The peer's payload is nothing that the codec reads. */
  abort(code: number, reason: string): void;
}

interface Waiter {
  resolve(result: IteratorResult<unknown, undefined>): void;
  reject(error: Error): void;
}

export class Inbox {
  readonly arrived: Deque<Uint8Array> = new Deque();
  /** Messages that the application has and is not done with. */
  handedOut = 0;
  /** Consumed messages of which the core has not been told. */
  #consumed = 0;
  readonly #decoder: Codec;
  readonly #owner: InboxOwner;
  readonly #waiters: Deque<Waiter> = new Deque();
  #consumer: BundleConsumer | undefined;
  #isConsumerBusy = false;
  #isEnded = false;
  #error: Error | undefined;

  constructor(decoder: Codec, owner: InboxOwner) {
    this.#decoder = decoder;
    this.#owner = owner;
  }

  /** What has arrived and was not handed out, and how much was and is not consumed. */
  get content(): { readonly arrived: Uint8Array[]; readonly handedOut: number } {
    const { arrived, handedOut } = this;
    const waiting: Uint8Array[] = [];
    for (let at = arrived.head; at < arrived.tail; at++) {
      // Copies: a view would keep, and a Buffer would spell out, more than the message.
      waiting.push(new Uint8Array(arrived.at(at) as Uint8Array));
    }
    return { arrived: waiting, handedOut };
  }

  /** Goes on from such a content: what was handed out then is consumed. */
  restore(arrived: readonly Uint8Array[], handedOut: number): void {
    for (const payload of arrived) this.arrived.push(payload);
    this.handedOut += handedOut;
    this.consume(handedOut);
  }

  /** Messages that were consumed since the last call. */
  takeConsumed(): number {
    const consumed = this.#consumed;
    this.#consumed = 0;
    return consumed;
  }

  /** Nothing more will arrive; `error` where that is no regular end. */
  end(error?: Error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = error;
  }

  /** Hands out what can be handed out now. */
  dispatch(): void {
    if (this.#consumer !== undefined) {
      this.#feed(this.#consumer);
      return;
    }
    while (this.#waiters.size > 0 && (this.arrived.size > 0 || this.#isEnded)) {
      this.#serve(this.#waiters.shift() as Waiter);
    }
  }

  consumeBy(consumer: BundleConsumer | undefined): void {
    this.#consumer = consumer;
    this.dispatch();
  }

  /** The next message, when there is one. */
  take(): Promise<IteratorResult<unknown, undefined>> {
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      if (this.#waiters.size === 0 && (this.arrived.size > 0 || this.#isEnded)) this.#serve(waiter);
      else this.#waiters.push(waiter);
    });
  }

  /** The application is done with messages that it was handed. */
  consume(count: number): void {
    this.handedOut -= count;
    this.#consumed += count;
    this.#owner.touch();
  }

  #serve(waiter: Waiter): void {
    const payload = this.arrived.shift();
    if (payload === undefined) {
      if (this.#error === undefined) waiter.resolve({ done: true, value: undefined });
      else waiter.reject(this.#error);
      return;
    }
    const decoded = this.#decode(payload);
    if (decoded === undefined) {
      // The abort ends the inbox, and then the waiter hears of it.
      this.#waiters.push(waiter);
      return;
    }
    this.handedOut++;
    waiter.resolve({ done: false, value: decoded.message });
  }

  #feed(consumer: BundleConsumer): void {
    while (!this.#isConsumerBusy && this.arrived.size > 0) {
      const messages: unknown[] = [];
      for (let next = this.arrived.shift(); next !== undefined; next = this.arrived.shift()) {
        const decoded = this.#decode(next);
        if (decoded === undefined) break;
        messages.push(decoded.message);
      }
      if (messages.length === 0) return;
      this.handedOut += messages.length;
      this.#call(consumer, messages);
    }
  }

  #call(consumer: BundleConsumer, messages: unknown[]): void {
    const count = messages.length;
    let result: unknown;
    try {
      result = consumer(messages);
    } catch (error) {
      rethrow(error);
    }
    if (!(result instanceof Promise)) {
      this.consume(count);
      return;
    }
    this.#isConsumerBusy = true;
    const done = (): void => {
      this.#isConsumerBusy = false;
      this.consume(count);
      this.dispatch();
    };
    result.catch(rethrow).then(done, rethrow);
  }

  #decode(payload: Uint8Array): { readonly message: unknown } | undefined {
    try {
      return { message: this.#decoder.decode(payload) };
    } catch {
      this.arrived.clear();
      this.#owner.abort(END_CODES.protocol, "payload_undecodable");
      return undefined;
    }
  }
}
