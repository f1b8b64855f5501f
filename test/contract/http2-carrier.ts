/**
 * A client's carrier over HTTP/2, for tests only: the clients of this library speak HTTP/1.1, or
 * whatever the host's fetch does, while browsers and proxies reach the listener by HTTP/2. All
 * exchanges and streams are HTTP/2's streams of one connection, which is opened anew when it has
 * died, and may be that of other carriers.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import { BODY_BYTES_MAX_DEFAULT } from "../../src/core/index.ts";
import type { CarrierOptions } from "../../src/http/carrier-options.ts";
import { pipesAmong, requestsAmong } from "../../src/session/link-options.ts";
import { failure } from "../../src/http/outcomes.ts";
import { readPieces } from "../../src/http/readable-pieces.ts";
import { type StreamAnswer, StreamPipes } from "../../src/http/stream-pipe.ts";
import type { Carrier, Outcome, ExchangeSignal } from "../../src/session/carrier.ts";
import type { LinkName, PipeCarrier } from "../../src/session/pipe-carrier.ts";

/** One connection to a server at a time. */
export class Http2Connection {
  /** How many there were. */
  connections = 0;
  readonly #url: string;
  readonly #authority: string;
  #session: ClientHttp2Session | undefined;

  constructor(url: string, authority: string) {
    this.#url = url;
    this.#authority = authority;
  }

  request(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    return this.#open().request(headers);
  }

  close(): void {
    this.#session?.close();
  }

  #open(): ClientHttp2Session {
    const before = this.#session;
    if (before !== undefined && !before.closed && !before.destroyed) return before;
    this.connections++;
    const session = connect(this.#url, { ca: this.#authority });
    // Its streams hear of it by themselves.
    session.on("error", () => session.destroy());
    session.on("close", () => {
      if (this.#session === session) this.#session = undefined;
    });
    this.#session = session;
    return session;
  }
}

export class Http2Carrier implements Carrier {
  readonly carriersMax = undefined;
  readonly pipes: readonly PipeCarrier[];
  readonly requests;
  readonly #url: URL;
  readonly #connection: Http2Connection;
  readonly #headers: CarrierOptions["headers"];

  constructor(
    url: string,
    connection: Http2Connection,
    links: readonly LinkName[],
    headers?: CarrierOptions["headers"],
  ) {
    this.#url = new URL(url);
    this.#connection = connection;
    this.#headers = headers;
    this.requests = requestsAmong(links);
    this.pipes = pipesAmong(links, {
      stream: new StreamPipes(url, BODY_BYTES_MAX_DEFAULT, {}, (to, accept, signal) =>
        this.#getStream(new URL(to), accept, signal),
      ),
      tcp: undefined,
      websocket: undefined,
    });
  }

  async exchange(body: Uint8Array, signal: ExchangeSignal): Promise<Outcome> {
    let headers: Readonly<Record<string, string>>;
    try {
      const given = this.#headers;
      headers = (typeof given === "function" ? await given() : given) ?? {};
    } catch {
      return failure("credentials_failed", true);
    }
    if (signal.aborted) return failure("aborted", true);
    const stream = this.#connection.request({
      ...headers,
      ":method": "POST",
      ":path": this.#url.pathname,
      "content-type": "application/octet-stream",
      "content-length": body.length,
    });
    const pieces: Uint8Array[] = [];
    let status = 0;
    let isWhole = false;
    stream.on("response", (answer) => (status = Number(answer[":status"])));
    stream.on("data", (piece: Uint8Array) => pieces.push(piece));
    stream.on("end", () => (isWhole = stream.rstCode === constants.NGHTTP2_NO_ERROR));
    // What went wrong is followed by the end of the stream.
    stream.on("error", () => {});
    const abort = (): void => stream.close(constants.NGHTTP2_CANCEL);
    signal.addEventListener("abort", abort);
    const outcome = new Promise<Outcome>((resolve) => {
      stream.on("close", () => {
        signal.removeEventListener("abort", abort);
        const bytes = new Uint8Array(Buffer.concat(pieces));
        if (status === 200 && isWhole) resolve({ kind: "answer", bytes });
        else resolve(failure(status === 0 ? "connection_reset" : `http_${status}`, false));
      });
    });
    stream.end(body);
    return outcome;
  }

  /** Nothing tells a Node process that its network is back. */
  watch(): () => void {
    return () => {};
  }

  close(): void {
    this.#connection.close();
  }

  async #getStream(to: URL, accept: string, signal: AbortSignal): Promise<StreamAnswer> {
    const given = this.#headers;
    const headers = (typeof given === "function" ? await given() : given) ?? {};
    signal.throwIfAborted();
    const stream = this.#connection.request({
      ...headers,
      ":method": "GET",
      ":path": `${to.pathname}${to.search}`,
      accept,
    });
    stream.on("error", () => {});
    signal.addEventListener("abort", () => stream.close(constants.NGHTTP2_CANCEL), { once: true });
    const head = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
      stream.once("response", resolve);
      stream.once("close", () => reject(new Error("the stream was refused")));
    });
    return {
      status: Number(head[":status"]),
      mediaType: head["content-type"],
      read: (take) => readPieces(stream, take),
    };
  }
}
