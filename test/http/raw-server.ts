// A server that answers by hand, byte for byte: the carriers' counterpart. It reads requests as the
// carriers write them (with a content-length), and does what the test says.

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { listenLocally } from "../listening.ts";

export interface RawRequest {
  /** The request line and the headers, as they came, in lower case. */
  readonly head: string;
  readonly body: Buffer;
  /** Counted from 1, over all connections. */
  readonly number: number;
}

export type Respond = (socket: Socket, request: RawRequest) => void;

export class RawServer {
  readonly server: Server;
  readonly url: string;
  readonly requests: RawRequest[] = [];
  /** All connections ever, in the order in which they came. */
  readonly sockets: Socket[] = [];
  /** Those that carried a request: some clients open more. */
  readonly used = new Set<Socket>();
  private readonly respond: Respond;
  private readonly respondsTo: "head" | "request";

  constructor(server: Server, port: number, respond: Respond, respondsTo: "head" | "request") {
    this.server = server;
    this.respond = respond;
    this.respondsTo = respondsTo;
    const isSecure = "setSecureContext" in server;
    this.url = `${isSecure ? "https" : "http"}://127.0.0.1:${port}/a/b?c=d`;
    // Of a server with TLS, the connections are those whose handshake is done.
    server.on(isSecure ? "secureConnection" : "connection", (socket: Socket) => this.read(socket));
  }

  /** Resolves when that connection is over, both ways. */
  async closed(index: number): Promise<void> {
    const socket = this.sockets[index];
    if (socket === undefined) throw new Error(`no connection ${index}`);
    socket.resume();
    if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
  }

  private read(socket: Socket): void {
    this.sockets.push(socket);
    let received = Buffer.alloc(0);
    // Whatever the client does to the connection is its business; `close` follows.
    socket.on("error", () => {});
    socket.on("data", (piece: Buffer) => {
      received = Buffer.concat([received, piece]);
      const headEnd = received.indexOf("\r\n\r\n") + 4;
      if (headEnd < 4) return;
      const head = received.toString("latin1", 0, headEnd).toLowerCase();
      const length = Number(/\r\ncontent-length: (\d+)\r\n/.exec(head)?.[1]);
      if (this.respondsTo === "request" && received.byteLength < headEnd + length) return;
      const body = received.subarray(headEnd, headEnd + length);
      received = received.subarray(headEnd + length);
      const request = { head, body, number: this.requests.length + 1 };
      this.requests.push(request);
      this.used.add(socket);
      // One answer to the head; what follows is not looked at.
      if (this.respondsTo === "head") socket.pause().removeAllListeners("data");
      this.respond(socket, request);
    });
  }
}

/** Listens until the test is over. */
export async function listen(
  respond: Respond,
  respondsTo: "head" | "request" = "request",
  server: Server = createServer({ allowHalfOpen: false }),
): Promise<RawServer> {
  const raw = new RawServer(server, await listenLocally(server), respond, respondsTo);
  onTestFinished(async () => {
    for (const socket of raw.sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return raw;
}

/** The media type of bodies, as a line of a head. */
export const BINARY = "content-type: application/octet-stream";

/** An answer with a length, and with the media type of bodies where the headers name no other. */
export function answerOf(body: Uint8Array | string, status = "200 OK", headers = ""): Buffer {
  const bytes = Buffer.from(body);
  const typed = headers.includes("content-type:") ? headers : `${headers}${BINARY}\r\n`;
  const head = `HTTP/1.1 ${status}\r\n${typed}content-length: ${bytes.byteLength}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), bytes]);
}
