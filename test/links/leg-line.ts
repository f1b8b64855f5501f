/**
 * A line for anything over TCP, of whose two legs one can die while the other is not told: what
 * phones, address translators and crashed proxies leave behind.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { listenLocally } from "../listening.ts";

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

export class LegLine {
  readonly port: number;
  /** Connections of which a leg died. */
  killed = 0;
  readonly #listener: Server;
  readonly #pairs: Set<Pair>;
  readonly #sockets: Set<Socket>;

  private constructor(listener: Server, port: number, pairs: Set<Pair>, sockets: Set<Socket>) {
    this.#listener = listener;
    this.port = port;
    this.#pairs = pairs;
    this.#sockets = sockets;
  }

  static async start(targetPort: number): Promise<LegLine> {
    const pairs = new Set<Pair>();
    const sockets = new Set<Socket>();
    const listener = createServer({ noDelay: true }, (client) => {
      const server = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
      const pair = { client, server };
      pairs.add(pair);
      for (const [socket, other] of [
        [client, server],
        [server, client],
      ] as const) {
        sockets.add(socket);
        socket.pipe(other);
        socket.on("error", () => {});
        socket.once("close", () => {
          sockets.delete(socket);
          if (pairs.delete(pair)) other.destroy();
        });
      }
    });
    return new LegLine(listener, await listenLocally(listener), pairs, sockets);
  }

  /** On all connections: the server is cut off, and the client is not told. */
  killServerLegs(): void {
    for (const { client, server } of this.#pairs) this.#kill(server, client);
    this.#pairs.clear();
  }

  /** On all connections: the client is cut off, and the server is not told. */
  killClientLegs(): void {
    for (const { client, server } of this.#pairs) this.#kill(client, server);
    this.#pairs.clear();
  }

  /** What comes on the leg that stays is swallowed, as long as this line lives. */
  #kill(dead: Socket, other: Socket): void {
    this.killed++;
    other.unpipe();
    dead.unpipe();
    other.resume();
    dead.resetAndDestroy();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
