/**
 * Messages up by HTTP, a POST for each, whose answer acknowledges it. `undici` is the client with
 * which this is fastest: it can have many on their way on one connection, answered and so delivered
 * in order. (With `node:http` it is one at a time, or on several connections, where they overtake
 * one another.)
 *
 * After a cut everything that is not acknowledged is sent again, in order, which is what the answers
 * are for: at least once. Nothing tells the server what it has seen already.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Client, type Dispatcher } from "undici";
import type { ConnectOptions, Connection, Message } from "../contestant.ts";

/** Requests on their way at once. */
const PIPELINED_MAX = 64;

/** Requests that wait or are on their way before there is no more room. */
const UNANSWERED_MAX = 1_000;

/** Before what has failed is sent again, if nothing was answered: otherwise at once. */
const PAUSE_MS = 10;

export interface PostsOptions {
  readonly port: number;
  readonly path: string;
  readonly reconnects?: boolean;
}

export class Posts {
  onDrain: Connection["onDrain"] = () => {};
  /** Called where nothing is sent again. */
  onFailed: (reason: unknown) => void = () => {};
  readonly #options: PostsOptions;
  readonly #unanswered: Message[] = [];
  /** None: there is a pause before what is unanswered is sent again. */
  #client: Client | undefined;
  #handler: Dispatcher.DispatchHandler = {};
  #hasAnswered = false;
  #flushed: () => void = () => {};

  constructor(options: PostsOptions) {
    this.#options = options;
    this.#open();
  }

  send(message: Message): boolean {
    this.#unanswered.push(message);
    this.#post(message);
    return this.#unanswered.length < UNANSWERED_MAX;
  }

  flushed(): Promise<void> {
    if (this.#unanswered.length === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#flushed = resolve));
  }

  close(): void {
    void this.#client?.destroy();
    this.#client = undefined;
  }

  #post(message: Message): void {
    const { path } = this.#options;
    // It has several on their way only where it is told that sending one twice does no harm.
    const options = { method: "POST", path, body: message, idempotent: true } as const;
    this.#client?.dispatch(options, this.#handler);
  }

  #open(): void {
    const client = new Client(`http://127.0.0.1:${this.#options.port}`, {
      pipelining: PIPELINED_MAX,
    });
    let status = 0;
    this.#client = client;
    this.#hasAnswered = false;
    this.#handler = {
      onRequestStart() {},
      onResponseStart(_controller, code) {
        status = code;
      },
      onResponseData() {},
      onResponseEnd: () => {
        if (client !== this.#client) return;
        if (status === 204) this.#answered();
        else this.#failed(new Error(`answered with ${status}`));
      },
      onResponseError: (_controller, reason) => {
        if (client === this.#client) this.#failed(reason);
      },
    };
  }

  #answered(): void {
    this.#hasAnswered = true;
    this.#unanswered.shift();
    if (this.#unanswered.length === UNANSWERED_MAX - 1) this.onDrain();
    if (this.#unanswered.length === 0) this.#flushed();
  }

  #failed(reason: unknown): void {
    const { reconnects = false } = this.#options;
    const pauseMs = this.#hasAnswered ? 0 : PAUSE_MS;
    this.close();
    if (!reconnects) return this.onFailed(reason);
    setTimeout(() => {
      this.#open();
      for (const message of this.#unanswered) this.#post(message);
    }, pauseMs);
  }
}

/** A client that sends by such POSTs, and hears by requests of another connection. */
export abstract class PostingEnd implements Connection {
  onMessage: Connection["onMessage"] = () => {};
  onDrain: Connection["onDrain"] = () => {};
  onClose: Connection["onClose"] = () => {};
  protected readonly reconnects: boolean;
  protected readonly path: string;
  /** What comes down. */
  protected readonly down: Client;
  readonly #posts: Posts;

  constructor(
    { port, reconnects = false }: ConnectOptions,
    path: string,
    downOptions: Client.Options,
  ) {
    this.reconnects = reconnects;
    this.path = path;
    this.#posts = new Posts({ port, path, reconnects });
    this.#posts.onDrain = () => this.onDrain();
    this.#posts.onFailed = () => this.close();
    this.down = new Client(`http://127.0.0.1:${port}`, downOptions);
  }

  send(message: Message): boolean {
    return this.#posts.send(message);
  }

  flushed(): Promise<void> {
    return this.#posts.flushed();
  }

  close(): void {
    this.#posts.close();
    void this.down.destroy();
    this.onClose();
  }
}

/** Takes the message of a POST, and acknowledges it. */
export function receive(
  request: IncomingMessage,
  response: ServerResponse,
  take: (body: Buffer) => void,
): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    take(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
    response.writeHead(204).end();
  });
}
