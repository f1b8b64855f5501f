/** HTTP mode: a reverse proxy whose every request meets the fate that the seed has for it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { accept } from "./accept.ts";
import type { Connection } from "./connections.ts";
import { NOWHERE, type Place } from "./counts.ts";
import { planRequest } from "./dice.ts";
import { HttpExchange } from "./http-exchange.ts";
import { HttpTarget } from "./http-target.ts";
import { HEADERS_TIMEOUT_MS, REQUESTS_PIPELINED_MAX } from "./limits.ts";
import { badGatewayPage } from "./pages.ts";
import { RawPipe } from "./raw-pipe.ts";
import type { Running } from "./running.ts";

export class HttpFront {
  readonly server: Server;
  readonly #running: Running;
  readonly #target: HttpTarget;
  #requests = 0;

  constructor(running: Running) {
    this.#running = running;
    this.#target = new HttpTarget(running);
    this.server = createServer({
      // Idle connections are closed by `closeIdleMs` alone, and bodies may take their time.
      keepAliveTimeout: 0,
      requestTimeout: 0,
      headersTimeout: HEADERS_TIMEOUT_MS,
    });
    this.server.on("connection", (socket: Socket) => accept(running, socket));
    this.server.on("request", (incoming, response) => this.#handle(incoming, response));
    this.server.on("checkContinue", (incoming, response) => {
      response.writeContinue();
      this.#handle(incoming, response);
    });
    this.server.on("checkExpectation", (incoming, response) => this.#handle(incoming, response));
    this.server.on("upgrade", (incoming, socket, head) => this.#pass(incoming, socket, head));
    this.server.on("connect", (incoming, socket, head) => this.#pass(incoming, socket, head));
    this.server.on("clientError", (error, socket) => this.#handleBadRequest(error, socket));
  }

  close(): void {
    this.#target.close();
  }

  #handle(incoming: IncomingMessage, response: ServerResponse): void {
    const client = this.#admit(incoming);
    if (client === undefined) return;
    const running = this.#running;
    const plan = planRequest(running.seed, this.#requests, running.faults);
    const number = this.#requests;
    new HttpExchange(running, this.#target, client, number, plan, incoming, response).start();
  }

  /** Counts a request; undefined when its connection is gone, is silent, or asks too much. */
  #admit(incoming: IncomingMessage): Connection | undefined {
    const { connections, ledger } = this.#running;
    const client = connections.of(incoming.socket);
    if (client === undefined || client.isEndedByProxy) return undefined;
    const place: Place = { connection: client.connection, request: ++this.#requests };
    ledger.count("requests", place);
    client.stir();
    if (client.isSilent) {
      ledger.count("requestsIgnored", place);
      return undefined;
    }
    if (client.carried.size >= REQUESTS_PIPELINED_MAX) {
      ledger.count("badRequests", place);
      client.end("rst");
      return undefined;
    }
    return client;
  }

  /** After an upgrade, or a CONNECT, nothing is known of what the bytes mean. */
  #pass(incoming: IncomingMessage, _socket: Duplex, rest: Uint8Array): void {
    const client = this.#admit(incoming);
    if (client === undefined) return;
    const { seed, faults, ledger } = this.#running;
    const place: Place = { connection: client.connection, request: this.#requests };
    const { fate, isSilent } = planRequest(seed, this.#requests, faults);
    if (fate === "loseRequest") {
      ledger.count("requestsLost", place);
      if (isSilent) {
        ledger.count("requestsLostSilently", place);
        client.silence(faults.silentMs);
      } else client.end("rst");
    } else if (fate === "halfOpen") {
      ledger.count("connectionsHalfOpened", place);
      client.silence(faults.halfOpenMs);
    } else if (fate === "badGateway") {
      ledger.count("badGateways", place);
      client.isEndedByProxy = true;
      client.socket.once("finish", () => client.socket.destroy());
      client.socket.end(rawBadGateway());
    } else {
      ledger.count("upgrades", place);
      const head = Buffer.concat([headOf(incoming), rest]);
      new RawPipe(this.#running, client, { head, isAnswerLost: fate === "loseResponse" }).start();
    }
  }

  #handleBadRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
    // A connection that broke is no request.
    const isHttp = error.code?.startsWith("HPE_") || error.code === "ERR_HTTP_REQUEST_TIMEOUT";
    const client = this.#running.connections.of(socket as Socket);
    // A silent one stays silent; one that ends says so once.
    if (client?.isSilent || client?.isEndedByProxy) return;
    if (isHttp) this.#running.ledger.count("badRequests", client ?? NOWHERE);
    if (client !== undefined) client.isEndedByProxy = true;
    if (isHttp && socket.writable) {
      socket.once("finish", () => socket.destroy());
      const status = error.code?.startsWith("HPE_") ? "400 Bad Request" : "408 Request Timeout";
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    } else socket.destroy();
  }
}

/** The head of a request as it came. */
function headOf(incoming: IncomingMessage): Uint8Array {
  const lines = [`${incoming.method} ${incoming.url} HTTP/${incoming.httpVersion}`];
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    lines.push(`${incoming.rawHeaders[i]}: ${incoming.rawHeaders[i + 1]}`);
  }
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

function rawBadGateway(): string {
  const page = badGatewayPage("not asked");
  const headers = Object.entries(page.headers).map(([name, value]) => `${name}: ${value}`);
  const head = ["HTTP/1.1 502 Bad Gateway", "Connection: close", ...headers];
  return `${head.join("\r\n")}\r\n\r\n${page.body}`;
}
