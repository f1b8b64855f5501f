/**
 * One connection of a carrier to its server, and the client of undici that speaks HTTP/1.1 on it:
 * one exchange at a time, as an answer that is held would stand in the way of those behind it
 * [HTTP-4]. A request that finds its kept connection closed before it was written gets a new one;
 * one that was written is never sent again.
 */
import net, { type Socket } from "node:net";
import tls from "node:tls";
import { type buildConnector, Client, type Dispatcher } from "undici";
import { TCP_PROBE_MS } from "../tcp/sockets.ts";
import type { ClientExchange } from "./client-exchange.ts";
import { InterimAnswers } from "./interim-answers.ts";

export interface ConnectionSettings {
  readonly origin: string;
  readonly path: string;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Of TLS, for the next connection, which is then there a round trip earlier. */
  tlsSession: Buffer | undefined;
}

/** What becomes of a connection. */
export interface ConnectionOwner {
  /** Its exchange is over, and it may carry the next. */
  release(connection: OwnConnection): void;
  /** It is closed, or closing. */
  remove(connection: OwnConnection): void;
  /** One was cut with its exchange: what cut it has most often cut those that are idle, too. */
  handleCut(): void;
}

/**
 * How long a host's next address waits for the one before, in ms. Node gives that one up, so its
 * default of 250 ms makes paths with longer round trips unreachable; this is TCP's first timeout.
 */
export const ADDRESS_ATTEMPT_MS = 1_000;

/** Of what a server says that it keeps idle connections, in ms: a request takes time to get there. */
const IDLE_MARGIN_MS = 1_000;

/** What undici writes into each request, and HTTP/1.1 takes for granted [HTTP-5]. */
const KEEP_ALIVE = "connection: keep-alive\r\n";

export class OwnConnection implements Dispatcher.DispatchHandler {
  private readonly settings: ConnectionSettings;
  private readonly owner: ConnectionOwner;
  private readonly client: Client;
  private readonly interim: InterimAnswers = new InterimAnswers();
  private socket: Socket | undefined;
  private connectTimer: NodeJS.Timeout | undefined;
  /** What it carries at present. */
  private exchange: ClientExchange | undefined;
  /** A request has been written to it. */
  private isBegun = false;

  constructor(settings: ConnectionSettings, owner: ConnectionOwner) {
    const { origin, idleTimeoutMs } = settings;
    this.settings = settings;
    this.owner = owner;
    this.client = new Client(origin, {
      connect: (target, done) => this.connect(target, done),
      pipelining: 1,
      // The server holds requests for as long as it likes; the session has timeouts of its own.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idleTimeoutMs,
      keepAliveMaxTimeout: idleTimeoutMs,
      keepAliveTimeoutThreshold: IDLE_MARGIN_MS,
    });
  }

  send(headers: Record<string, string>, body: Uint8Array, exchange: ClientExchange): void {
    this.exchange = exchange;
    this.client.dispatch({ method: "POST", path: this.settings.path, headers, body }, this);
  }

  /** Closes it at once, whatever it does. */
  destroy(): void {
    clearTimeout(this.connectTimer);
    this.exchange = undefined;
    void this.client.destroy();
    // One that is not there yet the client leaves alone.
    this.socket?.destroy();
    this.owner.remove(this);
  }

  private connect(target: buildConnector.Options, done: buildConnector.Callback): void {
    const { connectTimeoutMs } = this.settings;
    const isSecure = target.protocol === "https:";
    const socket = (this.socket = isSecure ? this.openSecurely(target) : open(target));
    let isReady = false;
    this.connectTimer = setTimeout(
      () => this.exchange?.fail("connection_timeout"),
      connectTimeoutMs,
    );
    socket.once(isSecure ? "secureConnect" : "connect", () => {
      isReady = true;
      clearTimeout(this.connectTimer);
      this.amend(socket);
      done(null, socket);
      writeAtOnce(socket);
    });
    socket.on("error", (error) => {
      clearTimeout(this.connectTimer);
      if (!isReady) done(error, null);
    });
    socket.once("close", () => {
      if (this.exchange === undefined) this.owner.remove(this);
    });
  }

  private openSecurely(target: buildConnector.Options): Socket {
    const { hostname, servername } = target;
    const socket = tls.connect({
      ...socketOptions(target, 443),
      // Certificates name hosts, and addresses are no names (RFC 6066 section 3).
      servername: servername ?? (net.isIP(hostname) === 0 ? hostname : ""),
      ALPNProtocols: ["http/1.1"],
      ...(this.settings.tlsSession === undefined ? {} : { session: this.settings.tlsSession }),
    });
    return socket.on("session", (session: Buffer) => {
      this.settings.tlsSession = session;
    });
  }

  /** What undici does otherwise than is promised here, put right where its bytes pass. */
  private amend(socket: Socket): void {
    const { interim } = this;
    const write = socket.write.bind(socket) as (
      bytes: string | Uint8Array,
      encoding?: BufferEncoding,
    ) => boolean;
    const read = socket.read.bind(socket) as () => Buffer | null;
    Object.assign(socket, {
      write: (bytes: string | Uint8Array, encoding?: BufferEncoding) =>
        write(typeof bytes === "string" ? bytes.replace(KEEP_ALIVE, "") : bytes, encoding),
      read: () => {
        const piece = read();
        try {
          return piece === null ? null : (interim.take(piece) ?? null);
        } catch (error) {
          socket.destroy(error as Error);
          return null;
        }
      },
    });
  }

  /** Called by undici right before it writes the request. */
  onRequestStart(): void {
    this.isBegun = true;
    this.exchange?.handleConnection();
    this.interim.expectAnswer();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    { "content-type": types }: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    this.exchange?.handleHead(status, typeof types === "object" ? types[0] : types);
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Uint8Array): void {
    this.exchange?.handleData(piece);
  }

  onResponseEnd(): void {
    // What has come with the answer and behind it is looked at first: it makes the framing wrong.
    queueMicrotask(() => this.finish());
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: unknown): void {
    if (this.exchange === undefined) return;
    // One that never was there says nothing about those that are.
    if (this.isBegun) this.owner.handleCut();
    this.exchange.handleError(error);
  }

  private finish(): void {
    const { exchange, socket } = this;
    if (exchange === undefined || socket === undefined) return;
    if (hasExcess(socket)) {
      exchange.handleError(socket.errored);
      return;
    }
    this.exchange = undefined;
    // Whoever answers before the whole request is there does not want the rest.
    if (socket.destroyed || socket.writableLength > 0) this.destroy();
    else this.owner.release(this);
    exchange.handleEnd();
  }
}

/**
 * Undici lets a turn of the loop pass before it writes to a connection that was used before, in which
 * an answer that nobody has asked for would come to light. Here a request leaves in the tick in which
 * it is made: it would count as sent before it is, and each echo would be later by that turn. An
 * answer of somebody else's is recognized by the protocol, whose bodies say which exchange they are
 * for. Undici has no option for it; where its mark has another name, a request is that turn later.
 */
function writeAtOnce(socket: Socket): void {
  const marks = Object.getOwnPropertySymbols(socket);
  const used = marks.find(({ description }) => description === "kSocketUsed");
  if (used !== undefined) Object.defineProperty(socket, used, { get: () => false, set() {} });
}

/**
 * Whether something stood behind an answer that nobody has asked for: undici then destroys the
 * connection. It says the same when the other end has closed it, which may be.
 */
function hasExcess({ errored, readableEnded }: Socket): boolean {
  const { code, name } = (errored ?? {}) as { readonly code?: string; readonly name?: string };
  return !readableEnded && (code === "UND_ERR_SOCKET" || name === "HTTPParserError");
}

function open(target: buildConnector.Options): Socket {
  return net.connect(socketOptions(target, 80));
}

function socketOptions({ hostname, port }: buildConnector.Options, usualPort: number) {
  return {
    host: hostname,
    port: Number(port) || usualPort,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_PROBE_MS,
    autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS,
  };
}
