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
import type { Codec, CodecFactory } from "./codec.ts";
import { defer, type Deferred } from "./deferred.ts";
import { ChannelResetError, UndecodableError } from "./errors.ts";
import type { Host } from "./host.ts";

/** Takes whole bundles; the next one comes when the promise is settled. */
export type BundleConsumer<Incoming = unknown> = (messages: Incoming[]) => void | Promise<void>;

/** What an inbox asks of its session. */
export interface InboxOwner {
  /** Where it runs. */
  readonly host: Host;
  /** Messages were consumed: the core is told at the end of the tick. */
  noteConsumed(inbox: Inbox): void;
  /** The peer's payload is nothing that the codec reads. */
  abort(code: number, reason: string): void;
  /** A callback of the application failed. */
  report(error: unknown): void;
}

/** What a saved session remembers of an inbox. */
export interface InboxContent {
  readonly arrived: readonly Uint8Array[];
  /** Messages that the application had and was not done with; it does not get them again. */
  readonly handedOut: number;
  /** Nothing more will arrive. */
  readonly isEnded: boolean;
  /** Set if that is because the channel was abandoned. */
  readonly resetCode: number | undefined;
  /** What its decoder knows of earlier messages, if it needs that. */
  readonly decoder?: unknown;
}

interface Waiter {
  resolve(result: IteratorResult<unknown, undefined>): void;
  reject(error: Error): void;
}

export class Inbox {
  /** Whose messages these are. */
  readonly channelId: number;
  readonly arrived: Deque<Uint8Array> = new Deque();
  /** Messages that the application has and is not done with. */
  handedOut = 0;
  /** Its owner has planned to have it dispatched. */
  isFresh = false;
  /** Messages came, or were consumed, since its owner ended a tick. */
  isMoved = false;
  /** Consumed messages of which the core has not been told. */
  #consumed = 0;
  /** From this position on, payloads are views of the bodies that brought them. */
  #ownedTo = 0;
  readonly #makeCodec: CodecFactory;
  /** Made when there is something to decode: an idle session has none. */
  #decoder: Codec | undefined;
  readonly #owner: InboxOwner;
  readonly #waiters: Deque<Waiter> = new Deque();
  #consumer: BundleConsumer | undefined;
  #isConsumerBusy = false;
  #isEnded = false;
  /** What loops throw at the end. */
  #error: Error | undefined;
  /** Why the peer has not finished. */
  #unfinished: Error | undefined;
  #finishing: Deferred<void> | undefined;

  constructor(channelId: number, makeCodec: CodecFactory, owner: InboxOwner) {
    this.channelId = channelId;
    this.#makeCodec = makeCodec;
    this.#owner = owner;
  }

  /** Whether nothing more will arrive. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  get content(): InboxContent {
    this.own();
    const arrived: Uint8Array[] = [];
    for (let at = this.arrived.head; at < this.arrived.tail; at++) arrived.push(this.#at(at));
    const resetCode = this.#error instanceof ChannelResetError ? this.#error.resetCode : undefined;
    const decoder = this.#decoder?.save?.();
    return { arrived, handedOut: this.handedOut, isEnded: this.#isEnded, resetCode, decoder };
  }

  /** Goes on from such a content: what was handed out then is consumed. */
  restore({ arrived, handedOut, isEnded, resetCode, decoder }: InboxContent): void {
    if (decoder !== undefined) this.#codec.restore?.(decoder);
    this.push(arrived);
    this.#ownedTo = this.arrived.tail;
    this.handedOut += handedOut;
    this.consume(handedOut);
    if (isEnded) this.end(resetCode === undefined ? undefined : new ChannelResetError(resetCode));
  }

  push(payloads: readonly Uint8Array[]): void {
    for (const payload of payloads) this.arrived.push(payload);
  }

  /**
   * The tick ends: what still waits lets go of the body that brought it. Otherwise a few small
   * messages that nobody takes would keep as many large bodies, beyond any window.
   */
  own(): void {
    const { head, tail } = this.arrived;
    const views: number[] = [];
    let bytes = 0;
    for (let at = Math.max(head, this.#ownedTo); at < tail; at++) {
      const payload = this.#at(at);
      // A large message was put together in a buffer of its own.
      if (payload.length === payload.buffer.byteLength) continue;
      views.push(at);
      bytes += payload.length;
    }
    this.#ownedTo = tail;
    if (bytes === 0) return;
    const room = new Uint8Array(bytes);
    let used = 0;
    for (const at of views) {
      const payload = this.#at(at);
      room.set(payload, used);
      this.arrived.replace(at, room.subarray(used, used + payload.length));
      used += payload.length;
    }
  }

  /** Messages that were consumed since the last call. */
  takeConsumed(): number {
    const consumed = this.#consumed;
    this.#consumed = 0;
    return consumed;
  }

  /** Nothing more will arrive; `error` where that is no regular end, or not one of the peer's. */
  end(error?: Error, unfinished: Error | undefined = error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = error;
    this.#unfinished = unfinished;
  }

  /** The peer has finished, and everything was taken. */
  get finished(): Promise<void> {
    if (this.#finishing === undefined) {
      this.#finishing = defer();
      // Who only looks at the property need not hear of the end.
      this.#finishing.promise.catch(() => {});
      this.#settleFinished();
    }
    return this.#finishing.promise;
  }

  #settleFinished(): void {
    if (!this.#isEnded || this.arrived.size > 0 || this.#isConsumerBusy) return;
    if (this.#unfinished === undefined) this.#finishing?.resolve();
    else this.#finishing?.reject(this.#unfinished);
  }

  /** Hands out what can be handed out now. */
  dispatch(): void {
    if (this.#consumer !== undefined) this.#feed(this.#consumer);
    else while (this.#waiters.size > 0 && this.arrived.size > 0) this.#handOut();
    if (!this.#isEnded || this.arrived.size > 0) return;
    for (let waiter = this.#waiters.shift(); waiter; waiter = this.#waiters.shift()) {
      if (this.#error === undefined) waiter.resolve({ done: true, value: undefined });
      else waiter.reject(this.#error);
    }
    this.#settleFinished();
  }

  /**
   * From the end of the tick on: a callback does not run within the call that sets it, nor before
   * a loop has seen what it was handed.
   */
  consumeBy(consumer: BundleConsumer): void {
    this.#consumer = consumer;
    this.#owner.host.atEndOfTick(() => this.dispatch());
  }

  /** The next message, when there is one. */
  take(): Promise<IteratorResult<unknown, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.dispatch();
    });
  }

  /** The application is done with messages that it was handed. */
  consume(count: number): void {
    if (count === 0) return;
    this.handedOut -= count;
    this.#consumed += count;
    this.#owner.noteConsumed(this);
  }

  /** The first message goes to who waits longest. */
  #handOut(): void {
    const messages = this.#decodeUpTo(1);
    if (messages.length === 0) return;
    this.handedOut++;
    this.#waiters.shift()?.resolve({ done: false, value: messages[0] });
  }

  #feed(consumer: BundleConsumer): void {
    if (this.#isConsumerBusy) return;
    const messages = this.#decodeUpTo(Infinity);
    const count = messages.length;
    if (count === 0) return;
    this.handedOut += count;
    this.#isConsumerBusy = true;
    const done = (): void => {
      this.#isConsumerBusy = false;
      this.consume(count);
      this.dispatch();
    };
    let result: void | Promise<void> = undefined;
    try {
      result = consumer(messages);
    } catch (error) {
      this.#owner.report(error);
    }
    if (typeof result?.then !== "function") {
      done();
      return;
    }
    const report = (error: unknown): void => this.#owner.report(error);
    void Promise.resolve(result).catch(report).then(done);
  }

  /**
   * Takes and decodes messages, up to one that cannot be: it ends the session, as one is missing.
   */
  #decodeUpTo(countMax: number): unknown[] {
    const messages: unknown[] = [];
    try {
      while (messages.length < countMax && this.arrived.size > 0) {
        messages.push(this.#codec.decode(this.arrived.shift() as Uint8Array));
      }
    } catch (cause) {
      this.arrived.clear();
      this.#isEnded = true;
      this.#error = this.#unfinished = new UndecodableError(cause);
      this.#owner.abort(END_CODES.protocol, "payload_undecodable");
    }
    return messages;
  }

  get #codec(): Codec {
    this.#decoder ??= this.#makeCodec({ isLossless: true });
    return this.#decoder;
  }

  #at(position: number): Uint8Array {
    return this.arrived.at(position) as Uint8Array;
  }
}
