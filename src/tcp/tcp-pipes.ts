/**
 * The client's end of the TCP link: opens connections, and tells what comes on them [TCP-1]. spec
 * tcp.
 */
import { connect as connectTcp, isIP, Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions, createSecureContext } from "node:tls";
import { BodySplitter } from "../core/index.ts";
import { refuse } from "../session/checks.ts";
import type { PipeCarrier, PipeConnection, PipeEvents } from "../session/pipe-carrier.ts";
import { Agreement, drawPreamble, PreambleReader } from "./handshake.ts";
import { endSocket, tuneSocket, writeBody } from "./sockets.ts";

/** What was written may take so long to leave when a connection is closed, in ms. */
export const CLOSE_TIMEOUT_MS = 5_000;

/** Where a server listens for TCP. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
}

/** @throws UsageError `option_invalid` for anything but `tcp://host:port` and `tls://host:port`. */
export function tcpAddress(url: string | URL, name: string): TcpAddress {
  const text = String(url);
  if (URL.canParse(text)) {
    const { protocol, hostname, port, href } = new URL(text);
    const isTcp = protocol === "tcp:" || protocol === "tls:";
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    // Nothing but a host and a port: what stands elsewhere would be for nobody.
    const isBare = href.replace(/\/$/, "") === `${protocol}//${hostname}:${port}`;
    if (isTcp && isBare && host !== "" && Number(port) > 0) {
      return { host, port: Number(port), isSecure: protocol === "tls:" };
    }
  }
  // Of what stands before an @ nothing is shown.
  refuse(name, text.replace(/.*@|[?#].*/gs, ""), "tcp://host:port or tls://host:port");
}

/** What a client's TCP link can be told. */
export interface TcpPipesOptions {
  /** The connection, its TLS and the preambles may take so long. */
  readonly connectTimeoutMs: number;
  /** Largest body that is read. */
  readonly bodyBytesMax: number;
  /** For `tls:`, as `tls.connect` takes them. */
  readonly tls: ConnectionOptions | undefined;
  /** A short word for what a socket failed with. */
  readonly reasonOf: (error: unknown) => string;
}

export class TcpPipes implements PipeCarrier {
  readonly name = "tcp";
  readonly isDuplex = true;
  readonly origin: string;
  private readonly address: TcpAddress;
  private readonly options: TcpPipesOptions;

  /** @throws UsageError `option_invalid` for keys, certificates and versions that are none. */
  constructor(address: TcpAddress, options: TcpPipesOptions) {
    const { host, port, isSecure } = address;
    this.origin = `${isSecure ? "tls" : "tcp"}://${host}:${port}`;
    if (isSecure) checkTls(options.tls);
    this.address = address;
    this.options = options;
  }

  open(events: PipeEvents): PipeConnection {
    return new Connection(this.address, this.options, events);
  }
}

/** One connection; tells its end once, and nothing after it was closed here. */
class Connection implements PipeConnection {
  private readonly socket: Socket;
  private readonly events: PipeEvents;
  private readonly own = drawPreamble();
  private readonly preamble = new PreambleReader();
  private readonly splitter: BodySplitter;
  private readonly late: NodeJS.Timeout;
  private isOver = false;
  /** What it means if it ends now. */
  private reason = "tcp_refused";

  constructor(address: TcpAddress, options: TcpPipesOptions, events: PipeEvents) {
    this.events = events;
    this.splitter = new BodySplitter(options.bodyBytesMax);
    this.socket = dial(address, options.tls, () => this.greet());
    this.late = setTimeout(() => this.fail("tcp_timeout"), options.connectTimeoutMs);
    tuneSocket(this.socket);
    this.socket.on("data", (piece) => this.receive(piece));
    this.socket.on("error", (error) => this.fail(options.reasonOf(error)));
    this.socket.on("close", () => this.fail(this.reason));
  }

  get unsentBytes(): number {
    return this.socket.writableLength;
  }

  write(body: Uint8Array): void {
    writeBody(this.socket, body);
  }

  close(): void {
    this.isOver = true;
    clearTimeout(this.late);
    if (this.preamble.isWhole) endSocket(this.socket, CLOSE_TIMEOUT_MS);
    else this.socket.destroy();
  }

  private greet(): void {
    if (!this.isOver) this.socket.write(this.own.bytes);
  }

  private receive(piece: Uint8Array): void {
    if (this.isOver) return;
    let rest: Uint8Array = piece;
    if (!this.preamble.isWhole) {
      const taken = this.preamble.push(piece);
      if (typeof taken === "string") {
        this.fail(taken);
        return;
      }
      rest = taken;
      if (this.preamble.isWhole) this.agree();
    }
    this.split(rest);
  }

  private agree(): void {
    let agreement: Agreement;
    try {
      agreement = new Agreement(this.own, this.own.bytes, this.preamble.bytes);
    } catch {
      this.fail("tcp_malformed");
      return;
    }
    clearTimeout(this.late);
    this.reason = "tcp_closed";
    // [TCP-5]: behind the first body the core waits until it is greeted.
    this.events.opened(agreement.prove);
  }

  private split(piece: Uint8Array): void {
    let bodies: Uint8Array[];
    try {
      bodies = this.splitter.push(piece);
    } catch {
      this.fail("tcp_malformed");
      return;
    }
    for (const body of bodies) if (!this.isOver) this.events.body(body);
  }

  private fail(reason: string): void {
    this.socket.destroy();
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.late);
    this.events.closed(reason);
  }
}

function checkTls(tls: ConnectionOptions | undefined): void {
  try {
    createSecureContext(tls);
  } catch (error) {
    refuse("tls", error instanceof Error ? error.message : error, "what tls.connect takes");
  }
}

/** Never throws: options that nobody has checked fail the connection. */
function dial(
  { host, port, isSecure }: TcpAddress,
  tls: ConnectionOptions | undefined,
  connected: () => void,
): Socket {
  // RFC 6066 section 3: a name of a server is no address.
  const servername = isIP(host) === 0 ? { servername: host } : {};
  if (!isSecure) return connectTcp({ host, port }, connected);
  try {
    return connectTls({ ...servername, ...tls, host, port }, connected);
  } catch (error) {
    return new Socket().destroy(error as Error);
  }
}
