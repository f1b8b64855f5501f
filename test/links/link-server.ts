/** A server with every link on one port, whose process can be replaced by one that knows nothing. */
import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import { configureServer } from "../../src/http/configure-server.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
import { tcpListener } from "../../src/http/tcp-listener.ts";
import { type PeerSession, type ServerOptions, SessionServer } from "../../src/session/server.ts";
import type { LinkName } from "../../src/session/pipe-carrier.ts";
import { soon } from "../waiting.ts";

export type NumberServerOptions = Partial<ServerOptions<number, number>>;

export class LinkServer {
  port = 0;
  /** Links that are refused from now on; see `cut` for those that there are. */
  readonly forbidden: Set<LinkName> = new Set();
  readonly #options: NumberServerOptions;
  readonly #isRaw: boolean;
  readonly #sockets: Set<Socket> = new Set();
  readonly #sessions: PeerSession<number, number>[] = [];
  #wake: () => void = () => {};
  #server: Server | undefined;
  #sessionServer: SessionServer<number, number> | undefined;

  private constructor(options: NumberServerOptions, isRaw: boolean) {
    this.#options = options;
    this.#isRaw = isRaw;
  }

  /** @param isRaw - of the TCP link, in the place of HTTP and all that it carries. */
  static async start(options: NumberServerOptions = {}, isRaw = false): Promise<LinkServer> {
    const server = new LinkServer(options, isRaw);
    await server.up();
    return server;
  }

  /** The sessions in the order in which they opened, each once. */
  async nextSession(): Promise<PeerSession<number, number>> {
    const first = this.#sessions.shift();
    if (first !== undefined) return first;
    await soon(new Promise<void>((resolve) => (this.#wake = resolve)), "a session");
    return this.nextSession();
  }

  /** It goes deaf: connections die, and the sessions stay. */
  async down(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, "close");
    server.close();
    this.cut();
    await closed;
  }

  /** All connections die. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** It forgets all that it knew, in the middle of whatever it does. */
  async forget(): Promise<void> {
    await this.down();
    this.#sessionServer?.abort();
    this.#sessionServer = undefined;
  }

  async up(): Promise<void> {
    const sessions = (this.#sessionServer ??= new SessionServer<number, number>({
      onSession: (session) => {
        this.#sessions.push(session);
        this.#wake();
      },
      ...this.#options,
    }));
    const server = this.#isRaw ? createTcpServer(tcpListener(sessions)) : this.#http(sessions);
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.listen(this.port, "127.0.0.1");
    await once(server, "listening");
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  #http(sessions: SessionServer<number, number>): HttpServer {
    const listener = nodeListener(sessions);
    const upgrades = upgradeListener(sessions);
    const server = createServer((request, response) => {
      const isForbidden = request.method === "GET" && this.forbidden.has("stream");
      if (isForbidden) response.writeHead(403).end();
      else listener(request, response);
    });
    server.on("upgrade", (request, socket, head) => {
      if (this.forbidden.has("websocket")) socket.end("HTTP/1.1 403 \r\ncontent-length: 0\r\n\r\n");
      else upgrades(request, socket, head);
    });
    configureServer(server);
    return server;
  }
}
