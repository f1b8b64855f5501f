// Hostile servers, and hostile things in between, against a client in a process of its own.

import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createHttpServer } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { configureServer } from "../../src/http/configure-server.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { SessionServer } from "../../src/session/server.ts";
import { Child } from "../calls.ts";
import type { ClientReport } from "./orders.ts";

const MIB = 1024 * 1024;

/** As at the server (siege.ts): what first goes a new way compiles it; a leak of answers shows. */
const HELD_BYTES_MAX = 8 * MIB;

/** Patience that runs out within a test; the numbers only have to be small. */
const HASTY = {
  silenceLimitMs: 800,
  holdTimeMs: 200,
  reconnectDelayMaxMs: 200,
  rtoInitialMs: 300,
  rtoMaxMs: 500,
} as const;

let client: Child;
let server: Server | undefined;
const sockets = new Set<Socket>();

beforeAll(() => {
  client = new Child(new URL("client.ts", import.meta.url));
});

afterAll(() => client.end());

afterEach(async () => {
  await client.call("stop");
  for (const socket of sockets) socket.destroy();
  server?.close();
});

/** Whatever is asked, `answer` says what comes back, again and again until the connection dies. */
async function serve(answer: (socket: Socket) => void): Promise<string> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    // Requests of the client come in one packet or two; what matters is that one came.
    socket.on("data", () => answer(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/holdfast`;
}

/** Writes for as long as the client takes it. */
function pour(socket: Socket, bytes: string | Buffer): void {
  const write = (): void => {
    while (socket.writable && socket.write(bytes));
  };
  socket.removeAllListeners("drain");
  socket.on("drain", write);
  write();
}

const page = "<html>Accept our conditions</html>".repeat(30);
const http = (status: string, headers: string, body: string): string =>
  `HTTP/1.1 ${status}\r\n${headers}content-length: ${Buffer.byteLength(body, "latin1")}\r\n\r\n${body}`;
const BINARY = "content-type: application/octet-stream\r\n";

type Answer = (socket: Socket) => void;
const saying =
  (text: string): Answer =>
  (socket) =>
    void socket.write(text, "latin1");

describe("a client of a hostile server", () => {
  const attacks: readonly (readonly [string, string, Answer])[] = [
    ["closes without a word", "connection_reset", (socket) => socket.destroy()],
    ["resets", "connection_reset", (socket) => socket.resetAndDestroy()],
    ["speaks another protocol", "answer_malformed", saying("220 mail ESMTP\r\n")],
    ["answers 500", "http_500", saying(http("500 No", "", "x"))],
    [
      "answers 101",
      "network_error",
      saying("HTTP/1.1 101 S\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"),
    ],
    ["redirects to itself", "http_302", saying(http("302 Found", "location: /holdfast\r\n", ""))],
    [
      "redirects to a file",
      "http_301",
      saying(http("301 M", "location: file:///etc/passwd\r\n", "")),
    ],
    ["asks for a password", "http_401", saying(http("401 U", "www-authenticate: Basic\r\n", ""))],
    [
      "claims two lengths",
      "answer_malformed",
      saying(`HTTP/1.1 200 OK\r\n${BINARY}content-length: 1\r\ncontent-length: 2\r\n\r\nxx`),
    ],
    [
      "claims a length below zero",
      "answer_malformed",
      saying(`HTTP/1.1 200 OK\r\n${BINARY}content-length: -1\r\n\r\n`),
    ],
    [
      "cuts its answer",
      "answer_cut",
      (socket) => socket.end(`HTTP/1.1 200 OK\r\n${BINARY}content-length: 99\r\n\r\nx`),
    ],
    [
      "sends a header of 100 kB",
      "answer_malformed",
      saying(http("200 OK", `a: ${"b".repeat(100_000)}\r\n`, "x")),
    ],
  ];

  test.each(attacks)("that %s tells %s, and holds little", async (_, reason, answer) => {
    const url = await serve(answer);
    const before = await client.call<ClientReport>("begin", { url, options: HASTY });
    const after = await client.call<ClientReport>("suffers", { reason });

    expect(after.state).not.toBe("ended");
    expect(after.heldBytes - before.heldBytes).toBeLessThan(HELD_BYTES_MAX);
  });

  const tedious: readonly (readonly [string, Answer])[] = [
    [
      "answers without end",
      (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\n${BINARY}transfer-encoding: chunked\r\n\r\n`);
        pour(socket, `10000\r\n${"x".repeat(65_536)}\r\n`);
      },
    ],
    [
      "refuses without end",
      (socket) => {
        socket.write(`HTTP/1.1 503 No\r\n${BINARY}transfer-encoding: chunked\r\n\r\n`);
        pour(socket, `10000\r\n${"x".repeat(65_536)}\r\n`);
      },
    ],
    [
      "sends headers without end",
      (socket) => {
        socket.write("HTTP/1.1 200 OK\r\n");
        pour(socket, `a: ${"b".repeat(1_000)}\r\n`);
      },
    ],
    ["says nothing", () => {}],
    ["says 100 without end", (socket) => pour(socket, "HTTP/1.1 100 Continue\r\n\r\n")],
    ["says 103 without end", (socket) => pour(socket, "HTTP/1.1 103 Early\r\nlink: x\r\n\r\n")],
    [
      "trickles",
      (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\n${BINARY}content-length: 100000\r\n\r\n`);
        const timer = setInterval(() => socket.write("x"), 20);
        socket.once("close", () => clearInterval(timer));
      },
    ],
  ];

  test.each(tedious)("that %s gives up at last, and holds little", async (_, answer) => {
    const url = await serve(answer);
    const before = await client.call<ClientReport>("begin", { url, options: HASTY });
    const after = await client.call<ClientReport>("ended");

    expect(after.reason).toBe("silence");
    expect(after.heldBytes - before.heldBytes).toBeLessThan(HELD_BYTES_MAX);
  });

  test.each([
    ["noise", "x".repeat(100_000)],
    ["a body of zeros", "\0".repeat(10_000)],
    ["a body that claims to be endless", "\x19\xff\xff\xff\xff\xff\xff\xff\xff"],
    ["its own request's head", "\x15\x40\x41"],
  ])("that answers with %s takes it for damage, and ends after eight", async (_, body) => {
    const url = await serve(saying(http("200 OK", BINARY, body)));
    const before = await client.call<ClientReport>("begin", {
      url,
      options: { ...HASTY, silenceLimitMs: 20_000 },
    });
    const after = await client.call<ClientReport>("ended");

    expect(after.reason).toBe("unreadable");
    expect(after.heldBytes - before.heldBytes).toBeLessThan(HELD_BYTES_MAX);
  });

  test("behind a captive portal for longer than eight answers goes on when it is gone", async () => {
    const sessions = new SessionServer({
      onSession: (session) => session.onBundle((all) => all.forEach((each) => session.send(each))),
    });
    const listener = nodeListener(sessions);
    let pages = 0;
    const portal = createHttpServer((request, response) => {
      if (pages === 12) {
        listener(request, response);
        return;
      }
      pages++;
      response.writeHead(200, { "content-type": "text/html" }).end(page);
    });
    configureServer(portal);
    server = portal;
    portal.listen(0, "127.0.0.1");
    await once(portal, "listening");
    const url = `http://127.0.0.1:${(portal.address() as AddressInfo).port}/holdfast`;
    const options = { ...HASTY, silenceLimitMs: 60_000 };
    await client.call("begin", { url, options });
    const after = await client.call<ClientReport>("hears");

    expect(pages).toBe(12);
    expect(after.heard).toEqual(["hello"]);
    expect(after.reasons).toEqual(["answer_foreign"]);
    portal.closeAllConnections();
    sessions.abort();
  });
});
