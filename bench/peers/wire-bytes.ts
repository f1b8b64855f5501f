/** Counts the bytes of all connections that a server accepts, headers and all, as sockets do. */
import type { Server, Socket } from "node:net";

export class WireBytes {
  readonly #open: Set<Socket> = new Set();
  #endedUp = 0;
  #endedDown = 0;

  constructor(server: Server) {
    server.on("connection", (socket) => {
      this.#open.add(socket);
      socket.once("close", () => {
        this.#open.delete(socket);
        this.#endedUp += socket.bytesRead;
        this.#endedDown += socket.bytesWritten;
      });
    });
  }

  /** From the client to the server. */
  get up(): number {
    return [...this.#open].reduce((sum, { bytesRead }) => sum + bytesRead, this.#endedUp);
  }

  get down(): number {
    return [...this.#open].reduce((sum, { bytesWritten }) => sum + bytesWritten, this.#endedDown);
  }

  get both(): number {
    return this.up + this.down;
  }
}
