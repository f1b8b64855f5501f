/**
 * Pipes over WebSockets, a body a binary message. The constructor is the host's: the platform's in
 * browsers, that of `ws` in Node; both have the same interface [HTTP-13].
 */
import type { PipeCarrier, PipeConnection, PipeEvents } from "../session/pipe-carrier.ts";
import { ticketUrl } from "./stream-ticket.ts";

/** The subprotocol, so that a server of something else refuses instead of being talked to. */
export const SUBPROTOCOL = "holdfast.1";

/** What is used of a WebSocket. */
export interface WebSocketLike {
  binaryType: string;
  addEventListener(type: "open" | "close" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  /** Browsers and `ws` have it. */
  readonly bufferedAmount?: number;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

/** Makes a WebSocket to the URL; a rejection means that there are no headers to send. */
export type MakeWebSocket = (url: string) => WebSocketLike | Promise<WebSocketLike>;

export class WebSocketPipes implements PipeCarrier {
  readonly name = "websocket";
  readonly isDuplex = true;
  readonly isAnnounced = true;
  readonly origin: string;
  private readonly url: string;
  private readonly make: MakeWebSocket;

  /** @param url - of the server, as exchanges have it: `http:` or `https:`. */
  constructor(url: string, make: MakeWebSocket) {
    const own = new URL(url);
    this.origin = own.origin;
    own.protocol = own.protocol === "https:" ? "wss:" : "ws:";
    this.url = own.href;
    this.make = make;
  }

  open(events: PipeEvents, ticket: Uint8Array): PipeConnection {
    const connection = new Connection(events);
    const url = ticket.length === 0 ? this.url : ticketUrl(this.url, ticket);
    void connection.begin(this.make, url);
    return connection;
  }
}

/** One WebSocket; tells its end once, and nothing after it was closed here. */
class Connection implements PipeConnection {
  private readonly events: PipeEvents;
  private socket: WebSocketLike | undefined = undefined;
  private isOver = false;
  private wasOpen = false;

  constructor(events: PipeEvents) {
    this.events = events;
  }

  async begin(make: MakeWebSocket, url: string): Promise<void> {
    let socket: WebSocketLike;
    try {
      socket = await make(url);
    } catch {
      this.end("credentials_failed");
      return;
    }
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => {
      if (this.isOver) return;
      this.wasOpen = true;
      this.events.opened();
    });
    socket.addEventListener("message", ({ data }) => {
      if (this.isOver) return;
      if (data instanceof ArrayBuffer) this.events.body(new Uint8Array(data));
      else this.fail("websocket_text");
    });
    socket.addEventListener("close", () => {
      this.end(this.wasOpen ? "websocket_closed" : "websocket_refused");
    });
    // What it was is told to nobody but the console; `close` follows.
    socket.addEventListener("error", () => {});
    if (this.isOver) socket.close();
  }

  get unsentBytes(): number {
    return this.socket?.bufferedAmount ?? 0;
  }

  write(body: Uint8Array): void {
    // It may be closing, which throws in no host, but the types of bodies are wider.
    this.socket?.send(body as Uint8Array<ArrayBuffer>);
  }

  close(): void {
    this.isOver = true;
    this.socket?.close();
  }

  private fail(reason: string): void {
    this.socket?.close();
    this.end(reason);
  }

  private end(reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.events.closed(reason);
  }
}
