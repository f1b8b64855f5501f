/**
 * Sessions by bare TCP connections, and by TLS, at a server. spec tcp.
 *
 * Each connection is counted from its first moment to its last, and so are the bytes of a body that
 * has not come whole. Before it is known whose it is, little is read and it may not take long
 * [TCP-7].
 */
import type { Socket } from "node:net";
import { BodySplitter, PIPE_FIRST_BYTES_MAX } from "../core/index.ts";
import { within } from "../core/options.ts";
import { checkFunction, checkKnown, refuse, withoutUndefined } from "../session/checks.ts";
import type { PipeEvents, RequestHandler } from "../session/peer.ts";
import { Agreement, drawPreamble, type OwnPreamble, PreambleReader } from "../tcp/handshake.ts";
import { endSocket, tuneSocket, writeBody } from "../tcp/sockets.ts";
import { Admission, type Admitted } from "./admission.ts";
import { clientAddressReader } from "./client-address.ts";

/** What `tcpListener` can be told. Limits are those of one listener. */
export interface TcpListenerOptions {
  /** A connection that has not said whose it is after so long is ended, in ms. */
  readonly preambleTimeoutMs?: number | undefined;
  /** So is one on which a body has not come whole so long after it began, in ms. */
  readonly bodyTimeoutMs?: number | undefined;
  /** And one that is closed and whose client has not taken the last of it after so long, in ms. */
  readonly closeTimeoutMs?: number | undefined;
  /** Connections at once; further ones are closed. */
  readonly connectionsMax?: number | undefined;
  /** As many of one address. */
  readonly connectionsPerAddressMax?: number | undefined;
  /** Bytes of bodies that have not come whole; a connection that would need more is ended. */
  readonly readingBytesMax?: number | undefined;
  /** As many of one address. */
  readonly readingBytesPerAddressMax?: number | undefined;
  /**
   * Told of every exception out of the server; the connection ends. Never told of what a client did.
   * Default: `console.error`.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Takes the connections of `net.createServer` or `tls.createServer`. */
export type TcpListener = (socket: Socket) => void;

const MIB = 1024 * 1024;

/** Defaults of the options that are numbers. */
export const TCP_DEFAULTS: Readonly<Record<Exclude<keyof TcpListenerOptions, "onError">, number>> =
  {
    // Two round trips on the slowest lines, with three packets lost on the way.
    preambleTimeoutMs: 10_000,
    // The largest body of 512 KiB over a line of 140 kbit/s.
    bodyTimeoutMs: 30_000,
    // What the system still has of a megabyte at the same pace.
    closeTimeoutMs: 60_000,
    // Two for each of the endpoint's sessions (32,768): the one in use, and the next.
    connectionsMax: 65_536,
    // Four for each session of one address (256).
    connectionsPerAddressMax: 1_024,
    // 128 bodies of the largest size.
    readingBytesMax: 64 * MIB,
    // A quarter, so that one address cannot keep the others from being read.
    readingBytesPerAddressMax: 16 * MIB,
  };

/** Options that are times or numbers of connections. */
const COUNTS = [
  "preambleTimeoutMs",
  "bodyTimeoutMs",
  "closeTimeoutMs",
  "connectionsMax",
  "connectionsPerAddressMax",
] as const;

/**
 * Bodies of one connection that are taken in a turn of the event loop: a packet may hold thousands,
 * and others wait.
 */
const BODIES_PER_TURN_MAX = 64;

/**
 * Makes a listener for connections out of a server of sessions:
 * `net.createServer(tcpListener(sessions))`, or `tls.createServer({ key, cert }, tcpListener(sessions))`.
 * Clients reach it by `connect("tcp://host:port")` and `tls://`. The same server of sessions may
 * have HTTP listeners beside it: a session may come by both.
 *
 * Connections count from when TLS is done: bound what comes before by `handshakeTimeout` (Node's
 * default is two minutes) and `server.maxConnections`.
 *
 * Whoever overhears a connection learns neither the secret of its session nor anything by which it
 * could be joined later. Without TLS that is all: messages can be read, and somebody who can alter
 * what passes can read and change everything, the secret of a session that opens included.
 * `authenticate` is handed no headers here; its `peer.request` is the socket, by which TLS tells of
 * client certificates.
 *
 * @throws UsageError `option_invalid`, `option_unknown`, naming the option.
 */
export function tcpListener(
  handler: RequestHandler,
  options: TcpListenerOptions = {},
): TcpListener {
  const handlePipe = handler?.handlePipe?.bind(handler);
  if (handlePipe === undefined) refuse("handler", handler, "a SessionServer");
  checkKnown(Object.keys(options), [...Object.keys(TCP_DEFAULTS), "onError"], "its options");
  const settings = { ...TCP_DEFAULTS, ...withoutUndefined(options) };
  for (const name of COUNTS) within(settings[name], 1, 2 ** 31 - 1, name);
  for (const name of ["readingBytesMax", "readingBytesPerAddressMax"] as const) {
    within(settings[name], 1, 2 ** 40, name);
  }
  const onError = settings.onError ?? ((error: unknown) => console.error(error));
  checkFunction(onError, "onError");
  const admission = new Admission({
    ...settings,
    requestsMax: settings.connectionsMax,
    requestsPerAddressMax: settings.connectionsPerAddressMax,
  });
  const addressOf = clientAddressReader(false);
  const { bodyBytesMax } = handler;
  return (socket) => {
    // Its end was told already.
    if (socket.destroyed) return;
    const { address } = addressOf(socket.remoteAddress, undefined);
    const admitted = admission.admit(address);
    // Its end is told by `close`.
    socket.on("error", () => {});
    if (typeof admitted === "string") {
      socket.destroy();
      return;
    }
    tuneSocket(socket);
    const all = { ...settings, handlePipe, address, bodyBytesMax, onError };
    new Connection(socket, admitted, all).start();
  };
}

interface Settings {
  readonly preambleTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly bodyBytesMax: number;
  readonly address: string;
  readonly handlePipe: NonNullable<RequestHandler["handlePipe"]>;
  readonly onError: (error: unknown) => void;
}

/** One connection, from its first moment to its last. */
class Connection {
  private readonly socket: Socket;
  private readonly admitted: Admitted;
  private readonly settings: Settings;
  private readonly preamble = new PreambleReader();
  /** Until the client's has come. */
  private own: OwnPreamble | undefined;
  /** Raised when the first body is there, and goes to the server. */
  private readonly splitter = new BodySplitter(PIPE_FIRST_BYTES_MAX);
  /** Bodies that came together with those of this turn. */
  private readonly waiting: Uint8Array[] = [];
  private events: PipeEvents | undefined;
  private late: NodeJS.Timeout | undefined;

  constructor(socket: Socket, admitted: Admitted, settings: Settings) {
    this.socket = socket;
    this.admitted = admitted;
    this.settings = settings;
  }

  start(): void {
    const { socket } = this;
    this.late = setTimeout(() => socket.destroy(), this.settings.preambleTimeoutMs);
    // [TCP-2]: the client's need not have come, and the proof that follows it comes the sooner.
    this.own = drawPreamble();
    socket.write(this.own.bytes);
    socket.on("data", (piece: Uint8Array) => this.guarded(() => this.receive(piece)));
    socket.on("close", () => {
      clearTimeout(this.late);
      this.waiting.length = 0;
      this.admitted.release();
      this.guarded(() => this.events?.gone());
    });
  }

  private receive(piece: Uint8Array): void {
    // What comes behind the end is read and dropped, so that the other end comes.
    if (!this.socket.writable) return;
    const rest = this.preamble.isWhole ? piece : this.greet(piece);
    if (rest === undefined || rest.length === 0) return;
    let bodies: Uint8Array[];
    try {
      bodies = this.splitter.push(rest);
    } catch {
      this.socket.destroy();
      return;
    }
    this.waiting.push(...bodies);
    this.takeBodies();
    this.bound(bodies.length > 0);
  }

  /** The client's preamble; returns what came behind it. */
  private greet(piece: Uint8Array): Uint8Array | undefined {
    const { socket, preamble } = this;
    const rest = preamble.push(piece);
    if (typeof rest === "string") {
      // Another version of this binding must not lose what tells it which one there is.
      if (rest === "tcp_version") endSocket(socket, this.settings.preambleTimeoutMs);
      else socket.destroy();
      return undefined;
    }
    const { own } = this;
    if (!preamble.isWhole || own === undefined) return undefined;
    this.own = undefined;
    let agreement: Agreement;
    try {
      agreement = new Agreement(own, preamble.bytes, own.bytes);
    } catch {
      socket.destroy();
      return undefined;
    }
    this.begin(agreement);
    return rest;
  }

  private begin({ claim }: Agreement): void {
    const { socket } = this;
    const { address, closeTimeoutMs, handlePipe } = this.settings;
    const pipe = {
      write: (body: Uint8Array) => writeBody(socket, body),
      close: () => endSocket(socket, closeTimeoutMs),
      get unsentBytes() {
        return socket.writableLength;
      },
      cut: () => void socket.destroy(),
    };
    this.events = handlePipe({ address, header: () => undefined, request: socket }, pipe, claim);
  }

  private takeBodies(): void {
    for (let count = 0; count < BODIES_PER_TURN_MAX; count++) {
      const body = this.waiting.shift();
      if (body === undefined) return;
      // The server ends the connection if the first one is nobody's.
      this.splitter.bodyBytesMax = this.settings.bodyBytesMax;
      this.events?.body(body);
    }
    if (this.waiting.length === 0) return;
    this.socket.pause();
    setImmediate(() => {
      this.guarded(() => this.takeBodies());
      if (this.waiting.length === 0) this.socket.resume();
    });
  }

  /** What is kept of a body that has not come whole counts, and must not take long. */
  private bound(isProgress: boolean): void {
    const { pendingBytes } = this.splitter;
    this.admitted.finishReading();
    if (this.admitted.take(pendingBytes) !== undefined) {
      this.socket.destroy();
      return;
    }
    // What has come of the first body does not stretch the time of the preamble.
    if (!isProgress && (pendingBytes === 0 || this.late !== undefined)) return;
    clearTimeout(this.late);
    this.late = undefined;
    if (pendingBytes === 0 || this.socket.destroyed) return;
    this.late = setTimeout(() => this.socket.destroy(), this.settings.bodyTimeoutMs);
  }

  private guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.socket.destroy();
      this.settings.onError(error);
    }
  }
}
