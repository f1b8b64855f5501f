/**
 * A server of sessions behind a program, a client in front of it, and what was seen on both sides:
 * every request as the server got it, every status that the client got.
 */
import { createHash } from "node:crypto";
import diagnostics from "node:diagnostics_channel";
import { once } from "node:events";
import http, { type ClientRequest, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect as connectSocket, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { configureServer, type ServerSettings } from "../../src/http/configure-server.ts";
import { connect, type ConnectOptions } from "../../src/http/connect-node.ts";
import { type ListenerOptions, nodeListener, upgradeListener } from "../../src/http/node.ts";
import type { ClientSession } from "../../src/session/index.ts";
import type {
  Peer,
  PipeEvents,
  Reply,
  RequestHandler,
  ServerPipe,
} from "../../src/session/peer.ts";
import { type PeerSession, type ServerOptions, SessionServer } from "../../src/session/server.ts";
import { soon } from "../waiting.ts";
import { ForwardProxyAgent } from "./forward-proxy-agent.ts";
import type { Conditions, Program, Standing, Way } from "./program.ts";
import { RunningProxy } from "./running.ts";

/** Retries that do not wait for a person's patience. */
const QUICK = { reconnectDelayMinMs: 10, reconnectDelayMaxMs: 200 } as const;

export interface SiteOptions {
  readonly conditions?: Conditions;
  readonly server?: Partial<ServerOptions<unknown, unknown>>;
  readonly listener?: ListenerOptions;
  readonly settings?: ServerSettings;
}

/** What stands between the listener and its server: it sees each body, and outlives the server. */
class Desk implements RequestHandler {
  readonly bodyBytesMax: number;
  server: SessionServer;
  waiting = 0;
  /** Bodies that came in more than one request. */
  doubled = 0;
  readonly #seen: Set<string> = new Set();

  constructor(server: SessionServer) {
    this.server = server;
    this.bodyBytesMax = server.bodyBytesMax;
  }

  handleRequest(body: Uint8Array, peer: Peer, reply: (reply: Reply) => void): () => void {
    const digest = createHash("sha256").update(body).digest("base64");
    if (this.#seen.has(digest)) this.doubled++;
    this.#seen.add(digest);
    this.waiting++;
    let isOver = false;
    const end = (): void => {
      if (!isOver) this.waiting--;
      isOver = true;
    };
    const gone = this.server.handleRequest(body, peer, (answer) => {
      end();
      reply(answer);
    });
    return () => {
      end();
      gone();
    };
  }

  handlePipe(peer: Peer, pipe: ServerPipe): PipeEvents {
    return this.server.handlePipe(peer, pipe);
  }

  handleStream(ticket: Uint8Array, peer: Peer, pipe: ServerPipe): (() => void) | undefined {
    return this.server.handleStream(ticket, peer, pipe);
  }
}

export class Site {
  readonly way: Program | Way;
  readonly desk: Desk;
  /** Requests by the version of HTTP in which they reached the server. */
  readonly versions: Map<string, number> = new Map();
  /** Answers by the status that reached the client. */
  readonly statuses: Map<number, number> = new Map();
  /** Connections that the server has accepted. */
  connections = 0;
  readonly #options: SiteOptions;
  readonly #sockets: Set<Socket> = new Set();
  readonly #sessions: PeerSession[] = [];
  readonly #clients: ClientSession[] = [];
  readonly #agents: http.Agent[] = [];
  #wake: () => void = () => {};
  #http: Server;
  #serverPort = 0;
  #proxy: Standing | undefined;

  private constructor(way: Program | Way, options: SiteOptions) {
    this.way = way;
    this.#options = options;
    this.desk = new Desk(this.#makeServer());
    this.#http = this.#makeHttp();
  }

  /** Everything of it ends with the test. */
  static async start(way: Program | Way, options: SiteOptions = {}): Promise<Site> {
    const site = new Site(way, options);
    // What was begun last ends first, and each whatever becomes of the others.
    onTestFinished(() => site.serverDown());
    await site.#listen();
    const { conditions = {} } = options;
    const stand =
      "stand" in way
        ? way.stand(site.#serverPort, conditions)
        : RunningProxy.start(way, site.#serverPort, conditions);
    site.#proxy = await stand;
    diagnostics.subscribe("http.client.response.finish", site.#note);
    diagnostics.subscribe("undici:request:headers", site.#noteOwn);
    onTestFinished(() => site.#endClients());
    return site;
  }

  get proxy(): Standing {
    if (this.#proxy === undefined) throw new Error("The program was not started");
    return this.#proxy;
  }

  /** Where the client sends its requests. */
  get url(): string {
    return this.#urlThrough(this.proxy.port);
  }

  #urlThrough(port: number): string {
    const { originPort } = this.proxy;
    return `http://127.0.0.1:${this.#isForward ? originPort : port}/holdfast`;
  }

  get #isForward(): boolean {
    return this.way.isForwardProxy === true;
  }

  agent(options: http.AgentOptions = {}, port: number = this.proxy.port): http.Agent {
    const settings = { keepAlive: true, scheduling: "lifo", ...options } as const;
    const agent = this.#isForward
      ? new ForwardProxyAgent(port, settings)
      : new http.Agent(settings);
    this.#agents.push(agent);
    return agent;
  }

  /** A client that polls, where it is not told otherwise. */
  connect<In, Out>(options: ConnectOptions = {}, url = this.url): ClientSession<In, Out> {
    const agent = this.#isForward ? { agent: this.agent() } : {};
    const settings = { ...QUICK, ...agent, ...options };
    const session = connect<In, Out>(url, { links: ["poll"], ...settings });
    this.#clients.push(session as ClientSession);
    return session;
  }

  /** A client whose way begins with a line of somebody's that leads to what stands in between. */
  connectThrough<In, Out>(port: number, options: ConnectOptions = {}): ClientSession<In, Out> {
    const agent = this.#isForward ? { agent: this.agent({}, port) } : {};
    return this.connect<In, Out>({ ...agent, ...options }, this.#urlThrough(port));
  }

  /** The sessions at the server, in the order in which they opened, each once. */
  async nextSession<In, Out>(): Promise<PeerSession<In, Out>> {
    if (this.#sessions.length === 0) {
      await soon(new Promise<void>((resolve) => (this.#wake = resolve)), "a session");
    }
    return this.#sessions.shift() as unknown as PeerSession<In, Out>;
  }

  /** A client and its session at the server. */
  async pair<In, Out>(
    options: ConnectOptions = {},
    url = this.url,
  ): Promise<readonly [ClientSession<Out, In>, PeerSession<In, Out>]> {
    const client = this.connect<Out, In>(options, url);
    const session = await this.nextSession<In, Out>();
    await soon(client.opened, "the opening");
    return [client, session];
  }

  /** One request of no session; the status of its answer, or 0 where its connection died. */
  post(agent: http.Agent, extra: Readonly<Record<string, string>> = {}): Promise<number> {
    return new Promise((resolve) => {
      const headers = { "content-type": "application/octet-stream", ...extra };
      const request = http.request(this.url, { method: "POST", agent, headers });
      request.on("response", (response) => {
        response.resume();
        response.on("error", () => resolve(0));
        response.on("end", () => resolve(response.statusCode ?? 0));
      });
      request.on("error", () => resolve(0));
      request.end("no body of a session");
    });
  }

  /** How long the server really keeps an idle connection: Node adds to what it is told. */
  async serverIdleMs(): Promise<number> {
    const socket = connectSocket(this.#serverPort, "127.0.0.1");
    let answeredAtMs = 0;
    socket.on("data", () => (answeredAtMs = performance.now()));
    socket.write("POST /holdfast HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
    await soon(once(socket, "close"), "the close of an idle connection");
    return performance.now() - answeredAtMs;
  }

  /** The server's process goes down, with all that it knew. */
  async serverDown(): Promise<void> {
    const { server } = this.desk;
    const closed = this.#http.listening ? once(this.#http, "close") : undefined;
    this.#http.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
    server.abort();
  }

  /** Another process of the server comes up in its place. */
  async serverUp(): Promise<void> {
    this.desk.server = this.#makeServer();
    this.#http = this.#makeHttp();
    await this.#listen();
  }

  #makeServer(): SessionServer {
    return new SessionServer({
      onSession: (session) => {
        this.#sessions.push(session);
        this.#wake();
      },
      ...this.#options.server,
    });
  }

  #makeHttp(): Server {
    const server = http.createServer(nodeListener(this.desk, this.#options.listener));
    server.on("upgrade", upgradeListener(this.desk, this.#options.listener));
    configureServer(server, this.#options.settings);
    server.on("request", ({ httpVersion }) => increment(this.versions, httpVersion));
    server.on("connection", (socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    return server;
  }

  async #listen(): Promise<void> {
    this.#http.listen(this.#serverPort, "127.0.0.1");
    await once(this.#http, "listening");
    this.#serverPort = (this.#http.address() as AddressInfo).port;
  }

  readonly #note = (message: unknown): void => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    if (request.socket?.remotePort !== this.#proxy?.port) return;
    increment(this.statuses, response.statusCode ?? 0);
  };

  /** Of the connections that a client keeps without an agent. */
  readonly #noteOwn = (message: unknown): void => {
    const { request, response } = message as {
      readonly request: { readonly origin: string };
      readonly response: { readonly statusCode: number };
    };
    if (new URL(request.origin).port !== String(this.#proxy?.port)) return;
    increment(this.statuses, response.statusCode);
  };

  #endClients(): void {
    diagnostics.unsubscribe("http.client.response.finish", this.#note);
    diagnostics.unsubscribe("undici:request:headers", this.#noteOwn);
    for (const client of this.#clients) client.abort();
    for (const agent of this.#agents) agent.destroy();
  }
}

function increment<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
