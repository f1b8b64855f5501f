/**
 * A client's carrier over HTTP/2, for the contract only: the clients of this library speak HTTP/1.1,
 * or whatever the host's fetch does, while browsers and proxies reach the listener by HTTP/2.
 * All exchanges are streams of one connection, which is opened anew when it has died.
 */
import { type ClientHttp2Session, connect, constants } from "node:http2";
import type { CarrierOptions } from "../../src/http/carrier-options.ts";
import { failure } from "../../src/http/outcomes.ts";
import type { Carrier, Outcome } from "../../src/session/carrier.ts";

export class Http2Carrier implements Carrier {
  readonly carriersMax = undefined;
  readonly #url: URL;
  readonly #authority: string;
  readonly #headers: CarrierOptions["headers"];
  #connection: ClientHttp2Session | undefined;

  constructor(url: string, authority: string, headers?: CarrierOptions["headers"]) {
    this.#url = new URL(url);
    this.#authority = authority;
    this.#headers = headers;
  }

  async exchange(body: Uint8Array, signal: AbortSignal): Promise<Outcome> {
    let headers: Readonly<Record<string, string>>;
    try {
      const given = this.#headers;
      headers = (typeof given === "function" ? await given() : given) ?? {};
    } catch {
      return failure("credentials_failed", true);
    }
    if (signal.aborted) return failure("aborted", true);
    const stream = this.#open().request({
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
    signal.addEventListener("abort", abort, { once: true });
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
    this.#connection?.close();
  }

  #open(): ClientHttp2Session {
    const before = this.#connection;
    if (before !== undefined && !before.closed && !before.destroyed) return before;
    const connection = connect(this.#url, { ca: this.#authority });
    // Its streams hear of it by themselves.
    connection.on("error", () => connection.destroy());
    connection.on("close", () => {
      if (this.#connection === connection) this.#connection = undefined;
    });
    this.#connection = connection;
    return connection;
  }
}
