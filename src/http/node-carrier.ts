/**
 * Carries bodies in Node over kept-alive connections (spec http 1 [HTTP-1] [HTTP-4]): its own, or
 * those of an agent that it was given. Streams go by `node:http` in either case.
 */
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import type { ConnectionOptions } from "node:tls";
import { urlToHttpOptions } from "node:url";
import { type ClientOptions, WebSocket } from "ws";
import type { RequestUse } from "../core/index.ts";
import type { Carrier, ExchangeSignal, Outcome } from "../session/carrier.ts";
import { refuse } from "../session/checks.ts";
import { CONNECT_TIMEOUT_MS } from "../session/links.ts";
import type { LinkName, PipeCarrier } from "../session/pipe-carrier.ts";
import { AgentRequests } from "./agent-requests.ts";
import {
  answerBytesMaxOf,
  type CarrierHeaders,
  type CarrierOptions,
  carrierUrl,
  checkedCount,
} from "./carrier-options.ts";
import { ClientExchange, type RequestMaker } from "./client-exchange.ts";
import { pipesAmong, requestsAmong } from "../session/link-options.ts";
import { MEDIA_TYPE } from "./media-type.ts";
import { networkReason } from "./node-reasons.ts";
import { defer } from "../session/deferred.ts";
import { failure } from "./outcomes.ts";
import { ADDRESS_ATTEMPT_MS } from "./own-connection.ts";
import { OwnRequests } from "./own-requests.ts";
import { readPieces } from "./readable-pieces.ts";
import { allowedHeaders } from "./request-headers.ts";
import { TCP_PROBE_MS } from "../tcp/sockets.ts";
import { CLOSE_TIMEOUT_MS, tcpAddress, TcpPipes } from "../tcp/tcp-pipes.ts";
import { type StreamAnswer, StreamPipes } from "./stream-pipe.ts";
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
   * first message leaves by that; without, the others are all there is: `["websocket"]`. Default:
   * TCP where `tcp` says where, WebSockets, streams and polling.
   */
  readonly links?: readonly LinkName[] | undefined;
  /** Where the same server listens for TCP: `tcp://host:port`, or `tls://`. Default: nowhere. */
  readonly tcp?: string | URL | undefined;
  /** For `tls:`, what `tls.connect` takes: `ca`, `cert`, `key`. Default: the system's authorities. */
  readonly tls?: ConnectionOptions | undefined;
}

/** Default for `idleTimeoutMs`; what a session alternates between stays open. */
export const IDLE_TIMEOUT_MS = 55_000;

/** So many kept connections that turn out to be closed a stream's request bears. */
const STALE_MAX = 3;

export class NodeCarrier implements Carrier {
  readonly carriersMax = undefined;
  readonly origin: string;
  readonly pipes: readonly PipeCarrier[];
  readonly requests: RequestUse;
  private readonly maker: RequestMaker;
  private readonly target: http.RequestOptions;
  private readonly headers: CarrierOptions["headers"];
  private readonly answerBytesMax: number;
  private readonly connectTimeoutMs: number;
  private readonly agent: http.Agent | undefined;
  /** For streams, where no other was given. */
  private readonly ownAgent: http.Agent | undefined;

  /** @throws UsageError `option_invalid`, naming the option. */
  constructor(url: string | URL, options: NodeCarrierOptions = {}) {
    const { agent, headers } = options;
    const connectTimeoutMs = checkedCount(
      options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      "connectTimeoutMs",
    );
    const idleTimeoutMs = checkedCount(options.idleTimeoutMs ?? IDLE_TIMEOUT_MS, "idleTimeoutMs");
    if (options.tls !== undefined && options.tcp === undefined) {
      refuse("tls", options.tls, "left out where there is no `tcp`; `agent` has what https needs");
    }
    const href = carrierUrl(url);
    const { origin, pathname, search } = new URL(href);
    this.origin = origin;
    this.headers = headers;
    this.answerBytesMax = answerBytesMaxOf(options);
    this.connectTimeoutMs = connectTimeoutMs;
    this.agent = agent;
    if (agent === undefined) this.ownAgent = makeAgent(href, idleTimeoutMs);
    this.target = { ...targetOf(new URL(href)), agent: agent ?? this.ownAgent };
    this.maker =
      agent === undefined
        ? new OwnRequests({
            origin,
            path: pathname + search,
            connectTimeoutMs,
            idleTimeoutMs,
            tlsSession: undefined,
          })
        : new AgentRequests(this.target, connectTimeoutMs);
    this.requests = requestsAmong(options.links);
    this.pipes = pipesAmong(options.links, {
      tcp: options.tcp === undefined ? undefined : tcpPipes(options.tcp, "tcp", options),
      stream: new StreamPipes(href, this.answerBytesMax, options, (to, accept, signal) =>
        this.getStream(to, accept, signal),
      ),
      websocket: new WebSocketPipes(href, (to) => this.makeWebSocket(to)),
    });
  }

  exchange(body: Uint8Array, signal: ExchangeSignal): Promise<Outcome> {
    if (signal.aborted) return Promise.resolve(failure("aborted", true));
    return new Promise((resolve) => {
      const exchange = new ClientExchange(this.answerBytesMax, signal, resolve);
      const { headers } = this;
      // Only a provider is waited for: otherwise a request leaves at once.
      if (typeof headers === "function") void this.sendLater(exchange, headers, body);
      else this.send(exchange, headers, body);
    });
  }

  private async sendLater(
    exchange: ClientExchange,
    provider: () => CarrierHeaders | Promise<CarrierHeaders>,
    body: Uint8Array,
  ): Promise<void> {
    try {
      this.send(exchange, await provider(), body);
    } catch {
      exchange.fail("credentials_failed");
    }
  }

  private send(
    exchange: ClientExchange,
    provided: CarrierHeaders | undefined,
    body: Uint8Array,
  ): void {
    let headers: Record<string, string>;
    try {
      headers = allowedHeaders(provided);
    } catch {
      exchange.fail("credentials_failed");
      return;
    }
    headers["content-type"] = MEDIA_TYPE;
    exchange.send(this.maker, headers, body);
  }

  private async makeWebSocket(url: string): Promise<WebSocket> {
    const { agent, headers, answerBytesMax, connectTimeoutMs } = this;
    // The types do not have `closeTimeout`.
    const options: ClientOptions & { readonly closeTimeout: number } = {
      headers: allowedHeaders(typeof headers === "function" ? await headers() : headers),
      ...(agent === undefined ? {} : { agent }),
      perMessageDeflate: false,
      maxPayload: answerBytesMax,
      handshakeTimeout: connectTimeoutMs,
      closeTimeout: CLOSE_TIMEOUT_MS,
      followRedirects: false,
    };
    return new WebSocket(url, SUBPROTOCOL, options);
  }

  private async getStream(url: string, accept: string, signal: AbortSignal): Promise<StreamAnswer> {
    const { headers, connectTimeoutMs, target } = this;
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
        return answerOf(await promise);
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
    this.maker.close();
    if (this.ownAgent === undefined) return;
    this.ownAgent.maxFreeSockets = 0;
    for (const sockets of Object.values(this.ownAgent.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }
}

function answerOf(response: IncomingMessage): StreamAnswer {
  return {
    status: response.statusCode ?? 0,
    mediaType: response.headers["content-type"],
    read: (take) => readPieces(response, take),
  };
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

function makeAgent(href: string, idleTimeoutMs: number): http.Agent {
  const options: https.AgentOptions = {
    keepAlive: true,
    keepAliveMsecs: TCP_PROBE_MS,
    noDelay: true,
    // Of sockets: it only ever closes idle ones, as requests take no notice of it.
    timeout: idleTimeoutMs,
    autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS,
  };
  return href.startsWith("https:") ? new https.Agent(options) : new http.Agent(options);
}
