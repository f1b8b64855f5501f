/**
 * Carries bodies by `node:http` and `node:https` over kept-alive connections (spec http 1 [HTTP-1]
 * [HTTP-4]). An exchange ends once, with an outcome; until then one listener waits on its signal,
 * and afterwards nothing is left of it but a connection that can be used again, or none.
 */
import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { type ConnectionOptions, TLSSocket } from "node:tls";
import { urlToHttpOptions } from "node:url";
import { type ClientOptions, WebSocket } from "ws";
import type { RequestUse } from "../core/index.ts";
import type { Carrier, Outcome } from "../session/carrier.ts";
import { refuse } from "../session/checks.ts";
import { CONNECT_TIMEOUT_MS } from "../session/links.ts";
import type { LinkName, PipeCarrier } from "../session/pipe-carrier.ts";
import { onAbort } from "./abort-listeners.ts";
import {
  answerBytesMaxOf,
  type CarrierHeaders,
  type CarrierOptions,
  carrierUrl,
  checkedCount,
} from "./carrier-options.ts";
import { pipesAmong, requestsAmong } from "../session/link-options.ts";
import { MEDIA_TYPE } from "./media-type.ts";
import { networkReason } from "./node-reasons.ts";
import { defer } from "../session/deferred.ts";
import { failure, joined, refusalIn } from "./outcomes.ts";
import { TCP_PROBE_MS } from "../tcp/sockets.ts";
import { CLOSE_TIMEOUT_MS, tcpAddress, TcpPipes } from "../tcp/tcp-pipes.ts";
import { StreamPipes } from "./stream-pipe.ts";
import { SUBPROTOCOL, WebSocketPipes } from "./websocket-pipe.ts";

export interface NodeCarrierOptions extends CarrierOptions {
  /**
   * In place of the carrier's own agent, for proxies and client certificates. It remains the
   * caller's: `close` leaves it alone, and its connections are kept as it is told. It needs a
   * connection for each request that the server holds and for each that carries messages.
   */
  readonly agent?: http.Agent | undefined;
  /**
   * A connection, its TLS included, that is not there after so long is given up. Default 10 s: TCP
   * sends its SYN after 0, 1, 3 and 7 s (RFC 6298 section 2), so three may be lost, and the last
   * still has 3 s to be answered in.
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * Idle connections of the carrier's own agent go after so long. Default 55 s: twice the hold
   * time, and below the 60 s after which load balancers close them. A server that announces less
   * (`Keep-Alive: timeout=5`) is believed.
   */
  readonly idleTimeoutMs?: number | undefined;
  /**
   * The links that may be used, the best first; none behind polling. With polling among them the
   * first message leaves by that; without, the others are all there is: `["websocket"]`. Default: TCP where `tcp` says where,
   * WebSockets, streams and polling.
   */
  readonly links?: readonly LinkName[] | undefined;
  /** Where the same server listens for TCP: `tcp://host:port`, or `tls://`. Default: nowhere. */
  readonly tcp?: string | URL | undefined;
  /** For `tls:`, what `tls.connect` takes: `ca`, `cert`, `key`. Default: the system's authorities. */
  readonly tls?: ConnectionOptions | undefined;
}

/** Default for `idleTimeoutMs`; what a session alternates between stays open. */
export const IDLE_TIMEOUT_MS = 55_000;

/**
 * Most connections of a carrier, more than requests that a session has out: with fewer, messages
 * would wait for a held request to be answered.
 */
export const SOCKETS_MAX = 256;

/** So many kept connections that turn out to be closed a stream's request bears. */
const STALE_MAX = 3;

/**
 * How long a host's next address waits for the one before, in ms. Node gives that one up, so its
 * default of 250 ms makes paths with longer round trips unreachable; this is TCP's first timeout.
 */
const ADDRESS_ATTEMPT_MS = 1_000;

/** What the exchanges of one carrier have in common. */
interface Settings {
  readonly target: http.RequestOptions;
  readonly headers: CarrierOptions["headers"];
  readonly answerBytesMax: number;
  readonly connectTimeoutMs: number;
}

export class NodeCarrier implements Carrier {
  readonly carriersMax = undefined;
  readonly origin: string;
  readonly pipes: readonly PipeCarrier[];
  readonly requests: RequestUse;
  private readonly settings: Settings;
  private readonly ownAgent: http.Agent | undefined;

  /** @throws UsageError `option_invalid`, naming the option. */
  constructor(url: string | URL, options: NodeCarrierOptions = {}) {
    const { agent, headers, connectTimeoutMs = CONNECT_TIMEOUT_MS } = options;
    const idleTimeoutMs = checkedCount(options.idleTimeoutMs ?? IDLE_TIMEOUT_MS, "idleTimeoutMs");
    if (options.tls !== undefined && options.tcp === undefined) {
      refuse("tls", options.tls, "left out where there is no `tcp`; `agent` has what https needs");
    }
    const target = targetOf(new URL(carrierUrl(url)));
    if (agent === undefined) this.ownAgent = makeAgent(target.protocol, idleTimeoutMs);
    const href = carrierUrl(url);
    this.origin = new URL(href).origin;
    this.requests = requestsAmong(options.links);
    this.pipes = pipesAmong(options.links, {
      tcp: options.tcp === undefined ? undefined : tcpPipes(options.tcp, "tcp", options),
      stream: new StreamPipes(href, answerBytesMaxOf(options), options, (to, accept, signal) =>
        this.getStream(to, accept, signal),
      ),
      websocket: new WebSocketPipes(href, (to) => this.makeWebSocket(to)),
    });
    this.settings = {
      target: { ...target, method: "POST", agent: agent ?? this.ownAgent },
      headers,
      answerBytesMax: answerBytesMaxOf(options),
      connectTimeoutMs: checkedCount(connectTimeoutMs, "connectTimeoutMs"),
    };
  }

  exchange(body: Uint8Array, signal: AbortSignal): Promise<Outcome> {
    if (signal.aborted) return Promise.resolve(failure("aborted", true));
    return new Promise((resolve) => {
      void new Exchange(this.settings, body, signal, resolve).start();
    });
  }

  private async makeWebSocket(url: string): Promise<WebSocket> {
    const { headers, answerBytesMax, connectTimeoutMs, target } = this.settings;
    // The types do not have `closeTimeout`.
    const options: ClientOptions & { readonly closeTimeout: number } = {
      headers: allowedHeaders(typeof headers === "function" ? await headers() : headers),
      ...(typeof target.agent === "object" && target.agent !== this.ownAgent
        ? { agent: target.agent }
        : {}),
      perMessageDeflate: false,
      maxPayload: answerBytesMax,
      handshakeTimeout: connectTimeoutMs,
      closeTimeout: CLOSE_TIMEOUT_MS,
      followRedirects: false,
    };
    return new WebSocket(url, SUBPROTOCOL, options);
  }

  private async getStream(url: string, accept: string, signal: AbortSignal): Promise<Response> {
    const { headers, connectTimeoutMs, target } = this.settings;
    const { protocol } = target;
    const own = allowedHeaders(typeof headers === "function" ? await headers() : headers);
    for (let stale = 0; ; stale++) {
      const { promise, resolve, reject } = defer<IncomingMessage>();
      const request = (protocol === "https:" ? https.request : http.request)({
        ...target,
        ...urlToHttpOptions(new URL(url)),
        method: "GET",
        headers: { ...own, accept, "accept-encoding": "identity" },
        signal,
      });
      const late = setTimeout(() => request.destroy(), connectTimeoutMs);
      request.once("response", resolve).once("error", reject).once("close", reject).end();
      try {
        return responseOf(await promise);
      } catch (error) {
        // A kept connection that its other end had closed already, as some proxies do after each
        // answer without saying so: that is no word about streams (RFC 9112 section 9.3.1).
        const isStale = request.reusedSocket && networkReason(error) === "connection_reset";
        if (!isStale || stale === STALE_MAX) throw error;
      } finally {
        clearTimeout(late);
      }
    }
  }

  /** Nothing tells a Node process that its network is back. */
  watch(): () => void {
    return () => {};
  }

  /** Idle connections go at once, those in use with the end of their exchange. */
  close(): void {
    if (this.ownAgent === undefined) return;
    this.ownAgent.maxFreeSockets = 0;
    for (const sockets of Object.values(this.ownAgent.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }
}

function responseOf(response: IncomingMessage): Response {
  const type = response.headers["content-type"];
  return new Response(Readable.toWeb(response) as ReadableStream<Uint8Array<ArrayBuffer>>, {
    status: response.statusCode ?? 0,
    headers: type === undefined ? {} : { "content-type": type },
  });
}

/**
 * Where requests go. Node copies what it is given twice for each of them, which takes several times
 * as long from what `urlToHttpOptions` returns.
 */
function targetOf(url: URL): http.RequestOptions {
  const { protocol, hostname, port, path, auth } = urlToHttpOptions(url);
  return { protocol, hostname, port, path, auth };
}

/** @throws UsageError `option_invalid`, naming the option. */
export function tcpPipes(url: string | URL, name: string, options: NodeCarrierOptions): TcpPipes {
  const { connectTimeoutMs = CONNECT_TIMEOUT_MS, tls } = options;
  return new TcpPipes(tcpAddress(url, name), {
    connectTimeoutMs: checkedCount(connectTimeoutMs, "connectTimeoutMs"),
    bodyBytesMax: answerBytesMaxOf(options),
    tls,
    reasonOf: networkReason,
  });
}

/** One exchange: a request, what ends it, and what is left behind. */
class Exchange {
  private readonly settings: Settings;
  private readonly body: Uint8Array;
  private readonly resolve: (outcome: Outcome) => void;
  private readonly endWaiting: () => void;
  private request: ClientRequest | undefined;
  private connectTimer: NodeJS.Timeout | undefined;
  /** There was a connection: from then on bytes may have left. */
  private hasConnection = false;
  private isSettled = false;
  /** What it means if it ends here, once the head of an answer has come. */
  private reason: string | undefined;

  constructor(
    settings: Settings,
    body: Uint8Array,
    signal: AbortSignal,
    resolve: (outcome: Outcome) => void,
  ) {
    this.settings = settings;
    this.body = body;
    this.resolve = resolve;
    this.endWaiting = onAbort(signal, () => {
      this.fail(this.request === undefined ? "credentials_failed" : "aborted");
    });
  }

  async start(): Promise<void> {
    const { headers } = this.settings;
    try {
      // Only a provider is waited for: otherwise a request leaves in the tick in which it was made.
      const provided = typeof headers === "function" ? await headers() : headers;
      if (!this.isSettled) this.send(checkedHeaders(this.body.byteLength, provided));
    } catch {
      this.fail("credentials_failed");
    }
  }

  private send(headers: http.OutgoingHttpHeaders): void {
    const { target } = this.settings;
    const make = target.protocol === "https:" ? https.request : http.request;
    try {
      const request = (this.request = make({ ...target, headers }));
      // HTTP/1.1's default, which needs no header.
      request.removeHeader("connection");
      request.on("socket", (socket) => this.connect(socket));
      request.on("response", (response) => this.receive(request, response));
      request.on("error", (error) => {
        this.fail(this.reason ?? networkReason(error));
      });
      // A switch of protocols that nobody asked for ends like this, without an error.
      request.on("close", () => {
        if (this.reason === undefined) this.fail("network_error");
      });
      request.end(this.body);
    } catch (error) {
      // An agent may throw: one of somebody's own, or one for the other protocol.
      this.fail(networkReason(error));
    }
  }

  /** Bounds the time until a new connection is there; one that is used again is there. */
  private connect(socket: Socket): void {
    const isSecure = socket instanceof TLSSocket;
    // `reusedSocket` is false for a request that waited for its connection in the agent.
    const isReady = isSecure ? socket.getCipher() !== undefined : !socket.connecting;
    // One that failed at once looks ready.
    this.hasConnection = isReady && !socket.destroyed;
    if (isReady) return;
    this.connectTimer = setTimeout(
      () => this.fail("connection_timeout"),
      this.settings.connectTimeoutMs,
    );
    socket.once(isSecure ? "secureConnect" : "connect", () => {
      this.hasConnection = true;
      clearTimeout(this.connectTimer);
    });
  }

  private receive(request: ClientRequest, response: IncomingMessage): void {
    const { answerBytesMax } = this.settings;
    const refusal = refusalIn(response.statusCode ?? 0, response.headers["content-type"]);
    const isAnswer = refusal === undefined;
    const reason = refusal ?? "answer_cut";
    this.reason = reason;
    const pieces: Uint8Array[] = [];
    let size = 0;
    response.on("data", (piece: Uint8Array) => {
      pieces.push(piece);
      size += piece.byteLength;
      if (size > answerBytesMax) this.fail(isAnswer ? "answer_too_large" : reason);
    });
    response.on("end", () => {
      const bytes = joined(pieces, size);
      this.settle(isAnswer ? { kind: "answer", bytes } : failure(reason, false));
      // Whoever answers before the whole request is there does not want the rest.
      if (!request.writableFinished) request.destroy();
    });
    // After `end`, or instead of it.
    response.on("close", () => this.fail(reason));
  }

  private settle(outcome: Outcome): void {
    this.isSettled = true;
    this.endWaiting();
    clearTimeout(this.connectTimer);
    this.resolve(outcome);
  }

  /** Does nothing after the end of the exchange, when its connection may be another's. */
  private fail(reason: string): void {
    if (this.isSettled) return;
    this.settle(failure(reason, !this.hasConnection));
    this.request?.destroy();
  }
}

/** Headers that say how a request is framed or sent on, and its answer; only the carrier knows that. */
const FRAMING =
  /^(accept|accept-encoding|connection|content-length|expect|keep-alive|te|trailer|transfer-encoding|upgrade)$/;

/** The provided headers. @throws TypeError for what cannot stand in a header. */
function allowedHeaders(provided: CarrierHeaders = {}): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(provided)) {
    http.validateHeaderName(name);
    http.validateHeaderValue(name, value);
    const key = name.toLowerCase();
    if (!FRAMING.test(key)) headers[key] = value;
  }
  return headers;
}

/** The provided headers, and the carrier's own, which win. @throws TypeError as the former. */
function checkedHeaders(
  bodyBytes: number,
  provided: CarrierHeaders | undefined,
): http.OutgoingHttpHeaders {
  const headers: http.OutgoingHttpHeaders = allowedHeaders(provided);
  headers["content-type"] = MEDIA_TYPE;
  headers["content-length"] = bodyBytes;
  return headers;
}

function makeAgent(protocol: string | null | undefined, idleTimeoutMs: number): http.Agent {
  const options: https.AgentOptions = {
    keepAlive: true,
    keepAliveMsecs: TCP_PROBE_MS,
    noDelay: true,
    maxSockets: SOCKETS_MAX,
    // The connection that was used last is the least likely to have been closed meanwhile, and its
    // congestion window the warmest; those that are not needed stay idle and go.
    scheduling: "lifo",
    // Of sockets: it only ever closes idle ones, as requests take no notice of it.
    timeout: idleTimeoutMs,
    autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS,
  };
  return protocol === "https:" ? new https.Agent(options) : new http.Agent(options);
}
