// A server whose sessions go by streams, its connections, and what crosses them.

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { configureServer } from "../../src/http/configure-server.ts";
import { connect, type ConnectOptions } from "../../src/http/connect-node.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
import type { ListenerOptions } from "../../src/http/request-rules.ts";
import type { RequestHandler } from "../../src/session/peer.ts";
import type { ClientSession } from "../../src/session/client-session.ts";
import { type PeerSession, type ServerOptions, SessionServer } from "../../src/session/server.ts";
import { soon, until } from "../waiting.ts";

/** What is served, and what is told to its listeners. */
export interface SiteOptions {
  readonly server?: Partial<ServerOptions<number, number>>;
  readonly listener?: ListenerOptions;
  /** In the place of sessions of its own. */
  readonly sessions?: RequestHandler;
}

/** A request as it came, with the socket that it came on. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly atMs: number;
  readonly headers: IncomingMessage["headers"];
  readonly socket: Socket;
  readonly response: ServerResponse;
}

export class StreamSite {
  readonly sessions: SessionServer<number, number>;
  readonly server: Server;
  readonly seen: Seen[] = [];
  /** The sessions that have opened, in order. */
  readonly peers: PeerSession<number, number>[] = [];
  readonly #clients: ClientSession<number, number>[] = [];
  #upgrades = 0;
  url = "";
  port = 0;

  private constructor({ server: options, listener, sessions }: SiteOptions) {
    this.sessions = new SessionServer<number, number>({
      onSession: (session) => void this.peers.push(session),
      ...options,
    });
    const listen = nodeListener(sessions ?? this.sessions, listener);
    this.server = createServer((request, response) => {
      const { method = "", url = "", headers, socket } = request;
      this.seen.push({ method, url, atMs: performance.now(), headers, socket, response });
      listen(request, response);
    });
    this.server.on("upgrade", upgradeListener(sessions ?? this.sessions, listener));
    this.server.on("upgrade", () => this.#upgrades++);
    configureServer(this.server);
  }

  static async start(options: SiteOptions = {}): Promise<StreamSite> {
    const site = new StreamSite(options);
    site.server.listen(0, "127.0.0.1");
    await once(site.server, "listening");
    site.port = (site.server.address() as AddressInfo).port;
    site.url = `http://127.0.0.1:${site.port}/holdfast`;
    return site;
  }

  /** The streams that were asked for, in order. */
  get streams(): Seen[] {
    return this.seen.filter(({ method }) => method === "GET");
  }

  /** Streams and WebSockets that have been asked for. */
  get pipes(): number {
    return this.streams.length + this.#upgrades;
  }

  get posts(): Seen[] {
    return this.seen.filter(({ method }) => method === "POST");
  }

  /** No request waits for its answer: what is said of the stream that is joined has been said. */
  get isAtRest(): boolean {
    return this.posts.every(({ response }) => response.writableFinished);
  }

  /** A client, and the server's half of its session, when it hears by the link. */
  async join(
    options: ConnectOptions = {},
    url: string = this.url,
  ): Promise<[ClientSession<number, number>, PeerSession<number, number>]> {
    const before = this.peers.length;
    const client = connect<number, number>(url, { links: ["stream", "poll"], ...options });
    this.#clients.push(client);
    const [link] = options.links ?? ["stream"];
    await until(() => client.link === link && this.peers.length > before, `the ${link}`);
    return [client, this.peers[before] as PeerSession<number, number>];
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) if (client.status.state !== "ended") client.abort();
    const closed = once(this.server, "close");
    this.server.close().closeAllConnections();
    await soon(closed, "the server's end");
  }
}

/** What a receiver hears, and the longest time in which it heard nothing. */
export class Heard {
  readonly numbers: number[] = [];
  largestGapMs = 0;
  #lastAtMs = performance.now();

  constructor(session: Pick<ClientSession<number, number>, "onBundle">) {
    session.onBundle((numbers) => {
      const nowMs = performance.now();
      this.largestGapMs = Math.max(this.largestGapMs, nowMs - this.#lastAtMs);
      this.#lastAtMs = nowMs;
      this.numbers.push(...numbers);
    });
  }
}
