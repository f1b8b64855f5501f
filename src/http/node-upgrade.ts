/**
 * WebSockets on the server's own path: `server.on("upgrade", upgradeListener(sessions))`. Each
 * carries bodies as binary messages; whatever else comes ends it.
 *
 * Of each WebSocket one message, ping or pong is taken in a turn of the event loop, as a packet may
 * hold thousands of them. What has come of a message that is not whole counts as what is being read
 * of requests does (websocket-inflow.ts), and at most one pong waits to be taken.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import type { Peer, PipeEvents, RequestHandler, ServerPipe } from "../session/peer.ts";
import { whenLeft } from "../tcp/sockets.ts";
import type { Admitted } from "./admission.ts";
import { answerUnderWay, refuseUpgrade } from "./early-errors.ts";
import { type ListenerOptions, RequestRules, type UpgradeJudgement } from "./request-rules.ts";
import { WebSocketInflow } from "./websocket-inflow.ts";
import { SUBPROTOCOL } from "./websocket-pipe.ts";

/**
 * Listens for `upgrade`. What is for another path is left to other listeners; where there are none,
 * or none of them takes it in `bodyTimeoutMs`, it is answered with 404.
 */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * Fragments of one message, which are an object each. Browsers may cut a message where their buffers
 * end; 512 KiB then have 2 KiB in each.
 */
const FRAGMENTS_MAX = 256;

/** Pieces of one frame, as they come; more than there are in the largest body at 536 bytes each. */
const PIECES_MAX = 2_048;

/** Close codes of RFC 6455 section 7.4.1. */
const UNSUPPORTED_DATA = 1003;
const POLICY_VIOLATION = 1008;

/**
 * Makes a listener for `upgrade` out of a server of sessions, by the same rules as `nodeListener`:
 * path, origins, limits by address. Compression is off: bodies are binary, and a compressed one
 * would cost memory before it is known whose it is.
 *
 * Where a server has such a listener, Node hands it every request with an `Upgrade` header: one that
 * asks for something else on this path, as HTTP clients do that would like `h2c`, is refused.
 *
 * @throws UsageError `option_invalid`, `option_unknown`, naming the option.
 */
export function upgradeListener(
  handler: RequestHandler,
  options: ListenerOptions = {},
): UpgradeListener {
  const rules = new RequestRules(handler, options);
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    allowSynchronousEvents: false,
    maxPayload: handler.bodyBytesMax,
    maxFragments: FRAGMENTS_MAX,
    maxBufferedChunks: PIECES_MAX,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  server.on("wsClientError", (_error, socket) => refuseUpgrade(socket, "request_malformed"));
  return (request, socket, head) => {
    // Its end was told already.
    if (socket.destroyed) return;
    const header = (name: string): string | undefined => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    };
    const judged = judge(rules, request, header);
    if (judged.kind === "elsewhere") {
      leave(request, socket, rules.bodyTimeoutMs);
      return;
    }
    if (judged.kind === "refuse") {
      refuseUpgrade(socket, judged.code);
      return;
    }
    const { address, admitted, ticket } = judged;
    releaseAtEnd(socket, admitted);
    // It would be written into the WebSocket.
    if (answerUnderWay(socket) !== undefined) {
      refuseUpgrade(socket, "request_malformed");
      return;
    }
    server.handleUpgrade(request, socket, head, (webSocket) => {
      const peer = { address, header, request };
      serve(webSocket, socket, { handler, rules, admitted, peer, ticket });
    });
  };
}

function judge(
  rules: RequestRules,
  request: IncomingMessage,
  header: (name: string) => string | undefined,
): UpgradeJudgement {
  try {
    return rules.judgeUpgrade({
      method: request.method ?? "",
      target: request.url ?? "",
      header,
      host: request.headers.host,
      socketAddress: request.socket.remoteAddress,
    });
  } catch (error) {
    rules.report(error);
    return { kind: "refuse", code: "internal" };
  }
}

/** By itself, so that the listener, which lives as long as the socket, keeps no request with it. */
function releaseAtEnd(socket: Duplex, admitted: Admitted): void {
  socket.once("close", () => admitted.release());
}

/** Node watches over the socket no more: nobody else would close one that nobody takes. */
function leave(request: IncomingMessage, socket: Duplex, timeoutMs: number): void {
  socket.on("error", ignore);
  const { server } = request.socket as { readonly server?: Server };
  if (server?.listenerCount("upgrade") === 1) {
    refuseUpgrade(socket, "not_found");
    return;
  }
  const { bytesWritten } = request.socket;
  const timer = setTimeout(() => {
    if (request.socket.bytesWritten === bytesWritten) refuseUpgrade(socket, "not_found");
  }, timeoutMs);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
}

/** Serves a WebSocket that was let in. */
function serve(
  webSocket: WebSocket,
  socket: Duplex,
  {
    handler,
    rules,
    admitted,
    peer,
    ticket,
  }: {
    readonly handler: RequestHandler;
    readonly rules: RequestRules;
    readonly admitted: Admitted;
    readonly peer: Peer;
    readonly ticket: Uint8Array | undefined;
  },
): void {
  // A frame that breaks RFC 6455, or is too large: `close` follows.
  webSocket.on("error", ignore);
  if (handler.handlePipe === undefined) {
    webSocket.close(POLICY_VIOLATION);
    return;
  }
  const pipe = new WebSocketServerPipe(webSocket, socket, rules, admitted, handler.bodyBytesMax);
  const { inflow } = pipe;
  socket.prependListener("data", (piece: Buffer) => inflow.add(piece.length));
  let events: PipeEvents = NOBODY;
  try {
    events = handler.handlePipe(peer, pipe, undefined, ticket);
  } catch (error) {
    rules.report(error);
    pipe.cut();
  }
  webSocket.on("message", (data, isBinary) => pipe.take(events, data, isBinary));
  webSocket.on("ping", (data) => pipe.answerPing(data));
  webSocket.on("pong", (data) => inflow.noteControl(data.length));
  webSocket.on("close", () => pipe.end(events));
}

/** A class: most WebSockets are silent, and functions of each one's own are much of what they take. */
class WebSocketServerPipe implements ServerPipe {
  readonly inflow: WebSocketInflow;
  private readonly webSocket: WebSocket;
  private readonly socket: Duplex;
  private readonly rules: RequestRules;
  private readonly admitted: Admitted;
  private cutTimer: NodeJS.Timeout | undefined = undefined;
  private isPonging = false;
  /** The last ping that has not been answered. */
  private ping: Buffer | undefined = undefined;

  constructor(
    webSocket: WebSocket,
    socket: Duplex,
    rules: RequestRules,
    admitted: Admitted,
    bodyBytesMax: number,
  ) {
    this.webSocket = webSocket;
    this.socket = socket;
    this.rules = rules;
    this.admitted = admitted;
    const cut = (): void => this.cut();
    this.inflow = new WebSocketInflow(admitted, bodyBytesMax, rules.bodyTimeoutMs, cut);
  }

  get unsentBytes(): number {
    return this.webSocket.bufferedAmount;
  }

  write(body: Uint8Array): void {
    this.webSocket.send(body, whenLeft(this.socket, body));
  }

  close(code?: number): void {
    this.webSocket.close(code);
    // Who does not take what was written must not keep the connection for ever.
    this.cutTimer ??= setTimeout(() => this.cut(), this.rules.answerTimeoutMs);
  }

  cut(): void {
    this.webSocket.terminate();
  }

  /** A message came. */
  take(events: PipeEvents, data: RawData, isBinary: boolean): void {
    this.inflow.noteWhole();
    if (isBinary && data instanceof Buffer) {
      const body = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      this.guarded(() => events.body(body));
      return;
    }
    this.guarded(() => events.gone());
    this.close(UNSUPPORTED_DATA);
  }

  /** RFC 6455 section 5.5.3: of several pings it is enough to answer the last. */
  answerPing(data: Buffer): void {
    this.inflow.noteControl(data.length);
    if (this.isPonging) this.ping = data;
    else this.pong(data);
  }

  private pong(data: Buffer): void {
    this.isPonging = true;
    this.ping = undefined;
    this.webSocket.pong(data, false, () => {
      this.isPonging = false;
      if (this.ping !== undefined) this.pong(this.ping);
    });
  }

  /** The connection has ended. */
  end(events: PipeEvents): void {
    this.inflow.end();
    clearTimeout(this.cutTimer);
    this.admitted.release();
    this.guarded(() => events.gone());
  }

  private guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.rules.report(error);
      this.cut();
    }
  }
}

function ignore(): void {}

/** Who hears what comes on a pipe that nobody took. */
const NOBODY: PipeEvents = { body: ignore, gone: ignore };
