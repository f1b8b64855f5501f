// A server with WebSockets and streams, and what hostile tests bring to it by hand. Everything is
// ended with the test.

import { once } from "node:events";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect as connectSocket, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { configureServer } from "../../src/http/configure-server.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
import type { ListenerOptions } from "../../src/http/request-rules.ts";
import { SUBPROTOCOL } from "../../src/http/websocket-pipe.ts";
import { type ServerOptions, SessionServer } from "../../src/session/server.ts";
import { Bench, ScriptedClient } from "../core/scripted-client.ts";
import { soon } from "../waiting.ts";
import { upgradeHead } from "./frames.ts";

export interface Site {
  readonly port: number;
  readonly path: string;
  readonly url: string;
  readonly sessions: SessionServer;
  readonly server: Server;
  /** What the adapters reported as a mistake of this side. */
  readonly errors: unknown[];
}

export async function serve(
  options: ListenerOptions = {},
  sessionOptions: Partial<ServerOptions<unknown, unknown>> = {},
): Promise<Site> {
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const sessions = new SessionServer({
    onSession: (session) => void session.onBundle(() => {}),
    ...sessionOptions,
  });
  const server = createServer(nodeListener(sessions, { onError, ...options }));
  server.on("upgrade", upgradeListener(sessions, { onError, ...options }));
  configureServer(server);
  const connections = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const connection of connections) connection.destroy();
  });
  const { port } = server.address() as AddressInfo;
  const path = "/holdfast";
  return { port, path, url: `http://127.0.0.1:${port}${path}`, sessions, server, errors };
}

/** A WebSocket as a client has it. One that is refused, or cut, says so to whoever waits for it. */
export function open({ port, path }: Site, headers: Record<string, string> = {}): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, SUBPROTOCOL, { headers });
  socket.on("error", () => {});
  onTestFinished(() => socket.terminate());
  return socket;
}

export async function opened(site: Site, headers: Record<string, string> = {}): Promise<WebSocket> {
  const socket = open(site, headers);
  await soon(once(socket, "open"), "the opening");
  return socket;
}

/** The status that an upgrade is refused with, and the reason in its body. */
export async function refusal(socket: WebSocket): Promise<string> {
  const [, response] = (await soon(once(socket, "unexpected-response"), "a refusal")) as [
    unknown,
    IncomingMessage,
  ];
  return textOf(response);
}

export async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = (await soon(once(socket, "close"), "the end")) as [number];
  return code;
}

/** A connection whose bytes are the test's. */
export async function connected({ port }: Pick<Site, "port">): Promise<Socket> {
  const socket = connectSocket(port, "127.0.0.1");
  // Resets are expected; `close` follows.
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await soon(once(socket, "connect"), "a connection");
  return socket;
}

/** A WebSocket by hand; what the server says on it is read and dropped. */
export async function upgraded(site: Site): Promise<Socket> {
  const socket = await connected(site);
  socket.write(upgradeHead(site.path));
  await soon(once(socket, "data"), "the upgrade");
  return socket;
}

/** All that comes until the connection closes. */
export function heard(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (piece: Buffer) => (text += piece.toString("latin1")));
  const closed = new Promise<string>((resolve) => {
    if (socket.destroyed) resolve(text);
    socket.once("close", () => resolve(text));
  });
  return soon(closed, "the end of a connection");
}

/** What a `GET` is answered with. */
export async function ask(
  { port }: Site,
  target: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const request = get({ port, path: target, host: "127.0.0.1", headers, agent: false });
  const [response] = (await soon(once(request, "response"), "an answer")) as [IncomingMessage];
  return soon(textOf(response), "the end of an answer");
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of response) text += String(piece);
  return `${response.statusCode} ${text}`;
}

let scripts = 0;

/** A client that says what it is told, with a session of its own. */
export function newScript(): ScriptedClient {
  return new ScriptedClient(new Bench(), ++scripts);
}
