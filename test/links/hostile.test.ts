// What comes to a server's WebSockets and streams and is none of a session's.

import { once } from "node:events";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect as connectSocket, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { configureServer } from "../../src/http/configure-server.ts";
import { connect } from "../../src/http/connect-node.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
import type { ListenerOptions } from "../../src/http/request-rules.ts";
import { SUBPROTOCOL } from "../../src/http/websocket-pipe.ts";
import { SessionServer } from "../../src/session/server.ts";
import { soon, until } from "../waiting.ts";

const servers: Server[] = [];
const sockets: (WebSocket | Socket)[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) {
    if (socket instanceof WebSocket) socket.terminate();
    else socket.destroy();
  }
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

interface Site {
  readonly port: number;
  readonly path: string;
  readonly sessions: SessionServer;
  readonly server: Server;
}

async function serve(options: ListenerOptions = {}): Promise<Site> {
  const sessions = new SessionServer({ onSession: (session) => void session.onBundle(() => {}) });
  const server = createServer(nodeListener(sessions, options));
  server.on("upgrade", upgradeListener(sessions, options));
  configureServer(server);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, path: "/holdfast", sessions, server };
}

function open({ port, path }: Site, headers: Record<string, string> = {}): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, SUBPROTOCOL, { headers });
  // One that is refused, or cut short, says so to whoever waits for it.
  socket.on("error", () => {});
  sockets.push(socket);
  return socket;
}

/** The status that an upgrade is refused with, and the reason in its body. */
async function refusal(socket: WebSocket): Promise<string> {
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
  let text = "";
  for await (const piece of response) text += String(piece);
  return `${response.statusCode} ${text}`;
}

async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = (await once(socket, "close")) as [number];
  return code;
}

/** A client's frame by hand: RFC 6455 section 5.2. */
function frame(opcode: number, payload: Buffer, isMasked: boolean): Buffer {
  const head = Buffer.from([0x80 | opcode, (isMasked ? 0x80 : 0) | payload.length]);
  return Buffer.concat([head, isMasked ? Buffer.alloc(4) : Buffer.alloc(0), payload]);
}

async function upgraded({ port, path }: Site): Promise<Socket> {
  const socket = connectSocket(port, "127.0.0.1");
  sockets.push(socket);
  socket.write(
    `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n` +
      "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  await once(socket, "data");
  return socket;
}

describe("a server's WebSockets", () => {
  test("are not for pages of other origins", async () => {
    const site = await serve();
    const answer = await soon(refusal(open(site, { origin: "https://evil.example" })), "an answer");
    expect(answer).toBe('403 {"error":"origin_not_allowed"}');
  });

  test("are for those of origins that are listed", async () => {
    const site = await serve({ cors: { origins: ["https://good.example"] } });
    await soon(once(open(site, { origin: "https://good.example" }), "open"), "the opening");
  });

  test("leave other paths to other listeners", async () => {
    const site = await serve();
    site.server.on("upgrade", (request, socket) => {
      if (request.url === "/chat") socket.end("HTTP/1.1 418 \r\ncontent-length: 0\r\n\r\n");
    });
    expect(await soon(refusal(open({ ...site, path: "/chat" })), "an answer")).toBe("418 ");
  });

  test("are counted by address, and given back", async () => {
    const site = await serve({ requestsPerAddressMax: 2 });
    const first = open(site);
    await soon(once(first, "open"), "the first");
    await soon(once(open(site), "open"), "the second");
    expect(await soon(refusal(open(site)), "an answer")).toBe('429 {"error":"address_overloaded"}');
    first.terminate();
    await until(async () => {
      const next = open(site);
      const [event] = await Promise.race([
        once(next, "open").then(() => ["open"]),
        once(next, "unexpected-response").then(() => ["refused"]),
      ]);
      return event === "open";
    }, "room again");
  });

  test("end when somebody says nothing", async () => {
    const site = await serve({ bodyTimeoutMs: 50 });
    expect(await soon(closeCode(open(site)), "the end")).toBe(1006);
  });

  test("end with text, with noise, with more than a body may be, and with half a close", async () => {
    const site = await serve();
    const says = {
      text: (socket: WebSocket) => socket.send("hello"),
      noise: (socket: WebSocket) => socket.send(Buffer.from("hello")),
      tooLarge: (socket: WebSocket) => socket.send(Buffer.alloc(600_000)),
      nothing: (socket: WebSocket) => socket.send(Buffer.alloc(0)),
    };
    const codes: Record<string, number> = {};
    for (const [name, say] of Object.entries(says)) {
      const socket = open(site);
      await soon(once(socket, "open"), "the opening");
      say(socket);
      codes[name] = await soon(closeCode(socket), "the end");
    }
    expect(codes).toEqual({ text: 1003, noise: 1005, tooLarge: 1009, nothing: 1005 });
    expect(site.sessions.sessions).toEqual([]);
  });

  test.each([
    ["unmasked", frame(2, Buffer.from("x"), false)],
    ["of a reserved kind", frame(3, Buffer.from("x"), true)],
    ["a ping that is too long", Buffer.concat([Buffer.from([0x89, 0xfe, 0, 200]), Buffer.alloc(204)])],
  ])("end with frames that are %s", async (_, bytes) => {
    const socket = await upgraded(await serve());
    const closed = once(socket, "close");
    socket.write(bytes);
    socket.resume();
    await soon(closed, "the end");
  });

  test("answer pings only to who reads the answers", async () => {
    const site = await serve();
    const socket = await upgraded(site);
    socket.pause();
    const ping = frame(9, Buffer.alloc(120), true);
    const flood = Buffer.concat(Array.from({ length: 2_000 }, () => ping));
    let sentBytes = 0;
    while (!socket.destroyed && sentBytes < 200_000_000) {
      sentBytes += flood.length;
      if (socket.write(flood)) continue;
      await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => {});
    }
    expect(socket.destroyed).toBe(true);
  });
});

describe("a server's streams", () => {
  async function ask({ port }: Site, target: string): Promise<string> {
    const request = get({ port, path: target, host: "127.0.0.1" });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    let text = "";
    for await (const piece of response) text += String(piece);
    return `${response.statusCode} ${text}`;
  }

  test("are nobody's without a ticket that was offered", async () => {
    const site = await serve();
    const ticket = "A".repeat(22);
    expect(await ask(site, `/holdfast?stream=${ticket}`)).toBe('404 {"error":"not_found"}');
    expect(await ask(site, "/holdfast?stream=short")).toBe('405 {"error":"method_not_allowed"}');
    expect(await ask(site, "/holdfast")).toBe('405 {"error":"method_not_allowed"}');
  });

  test("are given once: a ticket that was shown is worth nothing", async () => {
    const site = await serve();
    const seen: string[] = [];
    site.server.prependListener("request", ({ method, url }: IncomingMessage) => {
      if (method === "GET") seen.push(url ?? "");
    });
    const session = connect(`http://127.0.0.1:${site.port}/holdfast`, { links: ["stream"] });
    await until(() => seen.length > 0, "the stream");
    await soon(session.opened, "the session");
    expect(await ask(site, seen[0] ?? "")).toBe('404 {"error":"not_found"}');
    session.abort();
    await session.ended;
  });
});
