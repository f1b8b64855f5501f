/** Counts the bytes of all connections that a server accepts, headers and all, as sockets do. */
import { type IncomingMessage, Server as HttpServer, type ServerResponse } from "node:http";
import type { Server, Socket } from "node:net";

type Way = "up" | "down";

/** Of a connection: what is counted already, and whose its next bytes are. */
interface Account {
  bytesRead: number;
  bytesWritten: number;
  /** Undefined before the first request, and where there is none. */
  way: Way | undefined;
}

/**
 * *Up* is what messages to the server cost, *down* those to the client. A request and its response
 * belong together: those that post cost what goes up, and those that get what comes down. Without
 * requests, a byte goes the way of its messages.
 */
export class WireBytes {
  readonly #accounts: Map<Socket, Account> = new Map();
  readonly #sums: Record<Way, number> = { up: 0, down: 0 };

  constructor(server: Server) {
    server.on("connection", (socket) => {
      this.#accounts.set(socket, { bytesRead: 0, bytesWritten: 0, way: undefined });
      socket.once("close", () => {
        this.#count(socket);
        this.#accounts.delete(socket);
      });
    });
    if (!(server instanceof HttpServer)) return;
    server.on("request", ({ method, socket }: IncomingMessage, response: ServerResponse) => {
      const account = this.#accounts.get(socket);
      if (account === undefined) return;
      account.way = method === "GET" ? "down" : "up";
      // What comes next on this connection is of another request.
      response.once("close", () => this.#count(socket));
    });
  }

  get up(): number {
    return this.#now.up;
  }

  get down(): number {
    return this.#now.down;
  }

  get both(): number {
    return this.up + this.down;
  }

  get #now(): Readonly<Record<Way, number>> {
    for (const socket of this.#accounts.keys()) this.#count(socket);
    return this.#sums;
  }

  #count(socket: Socket): void {
    const account = this.#accounts.get(socket);
    if (account === undefined) return;
    const { bytesRead, bytesWritten } = socket;
    this.#sums[account.way ?? "up"] += bytesRead - account.bytesRead;
    this.#sums[account.way ?? "down"] += bytesWritten - account.bytesWritten;
    account.bytesRead = bytesRead;
    account.bytesWritten = bytesWritten;
  }
}
