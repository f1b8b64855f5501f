/**
 * The worst of them, and ours: it collects whole answers, passes on no header that it does not know
 * (and so no upgrade), answers 502 now and then, closes connections on which nothing happens, and
 * takes two at once.
 */
import { once } from "node:events";
import http, { type IncomingMessage, type ServerResponse, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { Standing, Way } from "./program.ts";

const CONNECTIONS_MAX = 2;

/** Whatever is under way on a connection: an answer that is waited for is nothing that happens. */
const IDLE_MS = 2_000;

/** Each so many requests one is answered with 502, half of them after the server has had it. */
const BAD_GATEWAY_EVERY = 20;

const KNOWN: ReadonlySet<string> = new Set([
  "host",
  "content-type",
  "content-length",
  "accept",
  "date",
  "cache-control",
]);

/** What it has done, so that a test sees that it was hostile. */
export interface Deeds {
  badGateways: number;
  idleCloses: number;
  refusals: number;
}

export class HostileProxy implements Standing {
  readonly originPort: number;
  port = 0;
  readonly deeds: Deeds = { badGateways: 0, idleCloses: 0, refusals: 0 };
  readonly #agent: http.Agent = new http.Agent({ keepAlive: true });
  readonly #sockets: Set<Socket> = new Set();
  #server: Server | undefined;
  #requests = 0;

  constructor(serverPort: number) {
    this.originPort = serverPort;
  }

  async up(): Promise<void> {
    const server = http.createServer((request, response) => void this.#pass(request, response));
    // What is idle is closed below, whether a request is under way or not.
    server.keepAliveTimeout = 0;
    server.maxConnections = CONNECTIONS_MAX;
    server.on("drop", () => this.deeds.refusals++);
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      socket.setTimeout(IDLE_MS, () => {
        this.deeds.idleCloses++;
        socket.destroy();
      });
    });
    server.listen(this.port, "127.0.0.1");
    await once(server, "listening");
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  async reload(): Promise<void> {
    await this.down();
    await this.up();
  }

  async close(): Promise<void> {
    await this.down();
    this.#agent.destroy();
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const count = ++this.#requests;
    const isBad = count % BAD_GATEWAY_EVERY === 0;
    const isLate = count % (2 * BAD_GATEWAY_EVERY) === 0;
    if (isBad) this.deeds.badGateways++;
    try {
      const body = await collected(request);
      if (isBad && !isLate) {
        refuse(response);
        return;
      }
      const { status, headers, bytes } = await this.#ask(request, body, response);
      if (isBad) refuse(response);
      else response.writeHead(status, { ...headers, "content-length": bytes.length }).end(bytes);
    } catch {
      // The client has left, or the server.
      if (!response.destroyed && !response.headersSent) refuse(response);
    }
  }

  async #ask(
    { method = "GET", url = "/", headers }: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): Promise<{ status: number; headers: http.OutgoingHttpHeaders; bytes: Buffer }> {
    const asking = http.request({
      host: "127.0.0.1",
      port: this.originPort,
      agent: this.#agent,
      method,
      path: url,
      headers: { ...known(headers), "content-length": body.length },
    });
    const leave = (): void => void asking.destroy();
    response.once("close", leave);
    const answered = once(asking, "response") as Promise<[IncomingMessage]>;
    asking.end(body);
    const [answer] = await answered;
    const bytes = await collected(answer);
    response.off("close", leave);
    return { status: answer.statusCode ?? 502, headers: known(answer.headers), bytes };
  }
}

function known(headers: http.IncomingHttpHeaders): http.OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => KNOWN.has(name)));
}

function refuse(response: ServerResponse): void {
  response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>");
}

async function collected(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

export const HOSTILE: Way = {
  name: "the hostile one",
  async stand(serverPort) {
    const proxy = new HostileProxy(serverPort);
    onTestFinished(() => proxy.close());
    await proxy.up();
    return proxy;
  },
};
