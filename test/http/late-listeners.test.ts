// Listeners behind something that looked at a request first, and took its time: who has gone by then
// takes up no place.

import { createServer, type RequestListener } from "node:http";
import { connect, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { MEDIA_TYPE } from "../../src/http/media-type.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
import { tcpListener } from "../../src/http/tcp-listener.ts";
import { defer } from "../../src/session/deferred.ts";
import { SessionServer } from "../../src/session/server.ts";
import { drawPreamble } from "../../src/tcp/handshake.ts";
import { listenLocally } from "../listening.ts";
import { pause, soon } from "../waiting.ts";

const ONE_PLACE = { requestsMax: 1, bodyTimeoutMs: 300, answerTimeoutMs: 300 };

/** So long it takes before the listener is asked. */
const LATE_MS = 150;

const POST = `POST /holdfast HTTP/1.1\r\nhost: a\r\ncontent-type: ${MEDIA_TYPE}\r\ncontent-length: 9\r\n\r\n`;
const UPGRADE = [
  "GET /holdfast HTTP/1.1",
  "host: a",
  "connection: upgrade",
  "upgrade: websocket",
  "sec-websocket-version: 13",
  "sec-websocket-protocol: holdfast.1",
  "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
  "\r\n",
].join("\r\n");

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    socket.on("error", () => {});
    sockets.add(socket);
  });
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return listenLocally(server);
}

/** Says something, and is gone before the listener sees it. */
async function vanish(port: number, said: string): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.write(said);
  await pause(LATE_MS / 3);
  socket.resetAndDestroy();
  await pause(2 * LATE_MS);
}

/** The first that is answered. */
function answerTo(port: number, said: string | Uint8Array): Promise<string> {
  const { promise, resolve } = defer<string>();
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  socket.once("data", (piece) => resolve(String(piece).split("\r\n")[0] ?? ""));
  socket.once("close", () => resolve("closed"));
  socket.write(said);
  return soon(promise, "an answer");
}

const sessions = (): SessionServer => new SessionServer({ onSession() {} });

test.each([
  ["part of a body", `${POST}abc`],
  ["a whole body", `${POST}abcdefghi`],
  ["the request of a stream", "GET /holdfast?stream=new HTTP/1.1\r\nhost: a\r\n\r\n"],
])("a request that is gone after %s takes up no place", async (_, said) => {
  const listener = nodeListener(sessions(), ONE_PLACE);
  const late: RequestListener = (request, response) =>
    void pause(LATE_MS).then(() => listener(request, response));
  const port = await listen(createServer(late));
  await vanish(port, said);
  expect(await answerTo(port, `${POST}abcdefghi`)).toBe("HTTP/1.1 200 OK");
});

test("an upgrade that is gone takes up no place", async () => {
  const listener = upgradeListener(sessions(), ONE_PLACE);
  const server = createServer().on("upgrade", (request, socket, head) => {
    void pause(LATE_MS).then(() => listener(request, socket, head));
  });
  const port = await listen(server);
  await vanish(port, UPGRADE);
  expect(await answerTo(port, UPGRADE)).toBe("HTTP/1.1 101 Switching Protocols");
});

test("a connection by TCP that is gone takes up no place", async () => {
  const listener = tcpListener(sessions(), { connectionsMax: 1, bodyTimeoutMs: 300 });
  const late = (socket: Socket): void => void pause(LATE_MS).then(() => listener(socket));
  const port = await listen(createTcpServer(late));
  await vanish(port, "");
  expect(await answerTo(port, drawPreamble().bytes)).toMatch(/^holdfast/);
});
