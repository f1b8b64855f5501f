// What the tests of the fault proxy stand on: targets and clients of plain node:http and node:net,
// and a way to wait for what the proxy counts.

import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import {
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
  type Socket,
} from "node:net";
import { afterEach } from "vitest";
import {
  type ChaosEvent,
  type ChaosOptions,
  type ChaosProxy,
  type CountName,
  startChaos,
} from "../../src/chaos/index.ts";
import { listenLocally } from "../listening.ts";

const cleanups: (() => unknown)[] = [];

/** Called after the test, last first. */
function cleanUp(then: () => unknown): void {
  cleanups.push(then);
}

afterEach(async () => {
  for (let then = cleanups.pop(); then !== undefined; then = cleanups.pop()) await then();
});

/** A request as a target saw it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Target {
  readonly port: number;
  readonly seen: Seen[];
  readonly server: Server;
  /** Resolves once the target has seen so many requests whole. */
  whenSeen(count: number): Promise<void>;
}

type Handler = (seen: Seen, response: ServerResponse, incoming: IncomingMessage) => void;

export function echo(seen: Seen, response: ServerResponse): void {
  response.end(seen.body);
}

/** A target that reads each request whole and then answers it: with its own body, by default. */
export async function startTarget(handler: Handler = echo): Promise<Target> {
  const seen: Seen[] = [];
  let wake = (): void => {};
  const server = createServer((incoming, response) => {
    const pieces: Buffer[] = [];
    incoming.on("error", () => {});
    incoming.on("data", (piece: Buffer) => pieces.push(piece));
    incoming.on("end", () => {
      const { method = "", url = "", headers } = incoming;
      const one = { method, path: url, headers, body: Buffer.concat(pieces) };
      seen.push(one);
      handler(one, response, incoming);
      wake();
    });
  });
  const port = await listen(server);
  return {
    port,
    seen,
    server,
    whenSeen: (count) =>
      new Promise((resolve) => {
        wake = () => {
          if (seen.length >= count) resolve();
        };
        wake();
      }),
  };
}

/** A TCP server whose connections the test handles. */
export async function startTcpTarget(onConnection: (socket: Socket) => void): Promise<number> {
  return listen(
    createTcpServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => {});
      onConnection(socket);
    }),
  );
}

async function listen(server: Server | TcpServer): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const port = await listenLocally(server);
  cleanUp(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return port;
}

/** A proxy that is closed after the test. */
export async function startProxy(options: ChaosOptions): Promise<ChaosProxy> {
  const proxy = await startChaos({ seed: 1, ...options });
  cleanUp(() => proxy.close());
  return proxy;
}

/** What came of a request: an answer, or the code of an error. */
export interface Result {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Empty for an answer that came whole. */
  readonly error: string;
}

export interface RequestOptions {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly agent?: Agent;
  readonly signal?: AbortSignal;
}

/** One request, on a connection of its own where no agent is given. Never rejects. */
export function send(port: number, options: RequestOptions = {}): Promise<Result> {
  const { method = "POST", path = "/", headers = {}, body, agent = false, signal } = options;
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let status = 0;
    let answerHeaders: IncomingHttpHeaders = {};
    const end = (error: string): void =>
      resolve({ status, headers: answerHeaders, body: Buffer.concat(pieces), error });
    const fail = (error: NodeJS.ErrnoException): void => end(error.code ?? error.name);
    const length = { "content-length": String(Buffer.byteLength(body ?? "")) };
    const sent = request(
      {
        host: "127.0.0.1",
        port,
        method,
        path,
        agent,
        headers: body === undefined ? headers : { ...length, ...headers },
        ...(signal !== undefined && { signal }),
      },
      (answer) => {
        status = answer.statusCode ?? 0;
        answerHeaders = answer.headers;
        answer.on("data", (piece: Buffer) => pieces.push(piece));
        answer.on("error", fail);
        answer.on("end", () => end(""));
      },
    );
    sent.on("error", fail);
    sent.end(body);
  });
}

/** An agent that keeps its connections, until after the test. */
export function keepAlive(maxSockets = Infinity): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets });
  cleanUp(() => agent.destroy());
  return agent;
}

/** Resolves with the event at which the proxy has counted `name` so many times. */
export function counted(proxy: ChaosProxy, name: CountName, times = 1): Promise<ChaosEvent> {
  return new Promise((resolve) => {
    let left = times - proxy.counts[name];
    if (left <= 0) resolve({ name, connection: 0, request: 0 });
    const off = proxy.on("counted", (event) => {
      if (event.name !== name || --left > 0) return;
      off();
      resolve(event);
    });
  });
}

/** A plain TCP client. */
export interface Wire {
  readonly socket: Socket;
  /** All that has come so far. */
  received(): Buffer;
  /** Resolves once so many bytes have come. */
  whenReceived(bytes: number): Promise<Buffer>;
  /** Resolves once what has come matches. */
  whenMatching(pattern: RegExp): Promise<string>;
  /** How it ended: "end" for a FIN, or the code of an error. */
  readonly ended: Promise<string>;
}

export async function dial(port: number): Promise<Wire> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  cleanUp(() => socket.destroy());
  const pieces: Buffer[] = [];
  let wake = (): void => {};
  const received = (): Buffer => Buffer.concat(pieces);
  socket.on("data", (piece: Buffer) => {
    pieces.push(piece);
    wake();
  });
  const ended = new Promise<string>((resolve) => {
    socket.once("end", () => resolve("end"));
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name));
  });
  await new Promise<void>((resolve) => {
    socket.once("connect", () => resolve());
    socket.once("close", () => resolve());
  });
  const when = async (isEnough: (all: Buffer) => boolean): Promise<Buffer> => {
    await new Promise<void>((resolve) => {
      wake = () => {
        if (isEnough(received())) resolve();
      };
      wake();
    });
    return received();
  };
  return {
    socket,
    received,
    whenReceived: (bytes) => when((all) => all.length >= bytes),
    whenMatching: async (pattern) => String(await when((all) => pattern.test(String(all)))),
    ended,
  };
}

/** The counts that are not 0, without traffic: what the proxy did. */
export function faultsDone(proxy: ChaosProxy): Partial<Record<CountName, number>> {
  const traffic = new Set([
    "connections",
    "requests",
    "responses",
    "bytesToTarget",
    "bytesToClient",
  ]);
  return Object.fromEntries(
    Object.entries(proxy.counts).filter(([name, count]) => count > 0 && !traffic.has(name)),
  );
}
