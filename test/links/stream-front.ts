// Between a client and a server: what goes by streams can be held up, swallowed, or cut on one leg,
// while requests on other connections pass.

import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { listenLocally } from "../listening.ts";

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** A stream was asked for on it: it carries nothing else any more. */
  isStream: boolean;
}

export class StreamFront {
  readonly port: number;
  readonly #listener: Server;
  readonly #pairs: Set<Pair>;
  /** Bytes that came for streams after they were swallowed. */
  swallowedBytes = 0;

  private constructor(listener: Server, port: number, pairs: Set<Pair>) {
    this.#listener = listener;
    this.port = port;
    this.#pairs = pairs;
  }

  static async start(targetPort: number): Promise<StreamFront> {
    const pairs = new Set<Pair>();
    const listener = createServer({ noDelay: true }, (client) => {
      const server = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
      const pair: Pair = { client, server, isStream: false };
      pairs.add(pair);
      client.on("data", (piece) => {
        if (piece.subarray(0, 4).toString("latin1") === "GET ") pair.isStream = true;
      });
      client.pipe(server);
      server.pipe(client);
      for (const [socket, other] of [
        [client, server],
        [server, client],
      ] as const) {
        socket.on("error", () => {});
        socket.once("close", () => {
          if (pairs.delete(pair)) other.destroy();
        });
      }
    });
    return new StreamFront(listener, await listenLocally(listener), pairs);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/holdfast`;
  }

  get streams(): number {
    return this.#streams().length;
  }

  /** Nothing of what comes down is read any more: it waits at the server. */
  hold(): void {
    for (const { client, server } of this.#streams()) {
      server.unpipe(client);
      server.pause();
    }
  }

  /** What comes down is read, and goes nowhere. */
  swallow(): void {
    for (const { client, server } of this.#streams()) {
      server.unpipe(client);
      server.on("data", (piece) => (this.swallowedBytes += piece.length));
      server.resume();
    }
  }

  /** The server hears that its stream has gone; the client does not. */
  cutServerLeg(): void {
    for (const pair of this.#streams()) {
      this.#pairs.delete(pair);
      pair.server.unpipe(pair.client);
      pair.client.unpipe(pair.server);
      pair.server.resetAndDestroy();
    }
  }

  async close(): Promise<void> {
    const closed = once(this.#listener, "close");
    this.#listener.close();
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    this.#pairs.clear();
    await closed;
  }

  #streams(): Pair[] {
    return [...this.#pairs].filter(({ isStream }) => isStream);
  }
}
