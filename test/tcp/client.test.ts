// A client by TCP, and servers that are none, or do not keep to the rules.

import { createServer, type Server, type Socket } from "node:net";
import { Agent, createServer as createHttpServer } from "node:http";
import { createServer as createSecureServer } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { BodySplitter } from "../../src/core/index.ts";
import { connect, type ConnectOptions } from "../../src/http/connect-node.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { tcpListener } from "../../src/http/tcp-listener.ts";
import type { ClientSession } from "../../src/session/index.ts";
import { SessionServer } from "../../src/session/server.ts";
import { drawPreamble, PREAMBLE_BYTES } from "../../src/tcp/handshake.ts";
import { selfSigned } from "../http/certificate.ts";
import { freePort, listenLocally } from "../listening.ts";
import { soon, take, until } from "../waiting.ts";

const servers: Server[] = [];
const sockets: Set<Socket> = new Set();
const clients: ClientSession<string, string>[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) if (client.status.state !== "ended") client.abort();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  servers.push(server);
  return listenLocally(server);
}

function join(url: string, options: ConnectOptions = {}): ClientSession<string, string> {
  const quick = { reconnectDelayMinMs: 5, reconnectDelayMaxMs: 50 };
  const client = connect<string, string>(url, { ...quick, ...options });
  clients.push(client);
  return client;
}

function echoing(): SessionServer<string, string> {
  return new SessionServer<string, string>({
    async onSession(session) {
      for await (const text of session) session.send(text);
    },
  });
}

describe("a client by TCP", () => {
  test.each([
    [
      "another version",
      "tcp_version",
      (socket: Socket) => {
        const other = Uint8Array.from(drawPreamble().bytes);
        other[8] = 9;
        socket.write(other);
      },
    ],
    ["something else", "tcp_malformed", (socket: Socket) => socket.write("220 mail.example\r\n")],
    [
      "a key that is none",
      "tcp_malformed",
      (socket: Socket) => {
        const zero = Uint8Array.from(drawPreamble().bytes);
        socket.write(zero.fill(0, 9, 41));
      },
    ],
    [
      "no bodies",
      "tcp_malformed",
      (socket: Socket) => {
        socket.write(Buffer.concat([drawPreamble().bytes, Buffer.from("HTTP/1.1 200 OK\r\n\r\n")]));
      },
    ],
    [
      "a body that is too large",
      "tcp_malformed",
      (socket: Socket) => {
        const head = Uint8Array.of(0x11, 0xc0, 0, 0, 1, 0, 0, 0, 0);
        socket.write(Buffer.concat([drawPreamble().bytes, head]));
      },
    ],
    ["nothing and ends", "tcp_refused", (socket: Socket) => socket.end()],
    ["a preamble and ends", "tcp_closed", (socket: Socket) => socket.end(drawPreamble().bytes)],
    ["nothing at all", "tcp_timeout", () => {}],
  ] as const)("tells what is wrong with a server that says %s", async (_, reason, speak) => {
    const port = await listen(createServer(speak));
    const client = join(`tcp://127.0.0.1:${port}`, { connectTimeoutMs: 100 });
    client.send("hello");
    await until(() => client.status.reason === reason, reason);
    expect(client.status.state).toBe("opening");
    expect(client.linkReason).toBe(reason);
    client.abort();
  });

  test("tells that nobody listens, and opens when somebody does", async () => {
    const port = await freePort();
    const client = join(`tcp://127.0.0.1:${port}`);
    client.send("hello");
    await until(() => client.status.reason === "connection_refused", "the reason");
    const server = createServer(tcpListener(echoing()));
    servers.push(server);
    server.listen(port, "127.0.0.1");
    expect(await take(client, 1)).toEqual(["hello"]);
    expect([client.link, client.status.reason]).toEqual(["tcp", ""]);
    await soon(client.close(), "the close");
  });

  test("does not go on by TLS with a server that it does not trust", async () => {
    const { key, cert } = selfSigned();
    const port = await listen(createSecureServer({ key, cert }, tcpListener(echoing())));
    const client = join(`tls://127.0.0.1:${port}`);
    client.send("hello");
    await until(() => client.status.reason === "tls_failed", "the reason");
    const trusting = join(`tls://127.0.0.1:${port}`, { tls: { ca: cert } });
    trusting.send("hello");
    expect(await take(trusting, 1)).toEqual(["hello"]);
  });

  test("[TCP-5] says one body, and then nothing before it is greeted", async () => {
    const heard: Buffer[] = [];
    const port = await listen(
      createServer((socket) => {
        socket.write(drawPreamble().bytes);
        socket.on("data", (piece: Buffer) => void heard.push(piece));
      }),
    );
    const client = join(`tcp://127.0.0.1:${port}`);
    client.send("first");
    await until(() => Buffer.concat(heard).length > PREAMBLE_BYTES, "the first body");
    for (let count = 0; count < 20; count++) {
      client.send("more");
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.close();
    await new Promise((resolve) => setImmediate(resolve));
    const said = Buffer.concat(heard).subarray(PREAMBLE_BYTES);
    const splitter = new BodySplitter(65_536);
    expect([splitter.push(said).length, splitter.pendingBytes]).toEqual([1, 0]);
  });

  test("prefers TCP where it is told of it, and goes on by HTTP where that fails", async () => {
    const sessions = echoing();
    const http = await listen(createHttpServer(nodeListener(sessions)));
    const server = createServer(tcpListener(sessions));
    const tcp = `tcp://127.0.0.1:${await listen(server)}`;
    const client = join(`http://127.0.0.1:${http}/holdfast`, { tcp });
    client.send("one");
    expect(await take(client, 1)).toEqual(["one"]);
    await until(() => client.link === "tcp", "TCP");
    const links: string[] = [];
    client.on("link", (link) => void links.push(link));
    server.close();
    for (const socket of sockets) socket.resetAndDestroy();
    client.send("two");
    expect(await take(client, 1)).toEqual(["two"]);
    await until(() => client.link === "stream", "a stream");
    expect(links).toEqual(["poll", "stream"]);
    expect(sessions.sessions).toHaveLength(1);
  });

  test.each([
    ["tcp://127.0.0.1", "url"],
    ["tcp://127.0.0.1:0", "url"],
    ["tcp://127.0.0.1:80/path", "url"],
    ["tcp://user:word@127.0.0.1:80", "url"],
    ["tls://127.0.0.1:80?x=1", "url"],
  ])("refuses %s", (url, name) => {
    expect(() => connect(url)).toThrow(`option_invalid: ${name} is `);
    const tcp = { tcp: url };
    expect(() => connect("http://127.0.0.1/", tcp)).toThrow("option_invalid: tcp is ");
  });

  test("refuses what would be as good as not said", () => {
    const url = "tcp://127.0.0.1:9";
    const wrong: ConnectOptions[] = [
      { headers: {} },
      { agent: new Agent() },
      { idleTimeoutMs: 1_000 },
      { tcp: url },
      { streamLabel: "event-stream" },
      { streamNames: "server" },
      { links: ["poll"] },
    ];
    for (const options of wrong) {
      const [name] = Object.keys(options);
      expect(() => connect(url, options)).toThrow(`option_invalid: ${name} is `);
    }
    const keys = { tls: { key: "no key", cert: "no certificate" } };
    expect(() => connect("tls://127.0.0.1:9", keys)).toThrow("option_invalid: tls is ");
    const none: ConnectOptions[] = [{ links: ["tcp"] }, { links: [] }];
    for (const options of none) {
      expect(() => connect("http://127.0.0.1:9/", options)).toThrow("option_invalid: links is ");
    }
    const secret = "tcp://user:word@127.0.0.1:80";
    expect(() => connect(secret)).not.toThrow("word");
  });

  test("goes on trying with options of TLS that no connection takes", async () => {
    const tls = { minDHSize: "many" as unknown as number };
    const client = join("tls://127.0.0.1:9", { tls });
    await until(() => client.linkReason !== "", "news of what failed");
    expect([client.linkReason, client.status.state]).toEqual(["network_error", "opening"]);
  });

  test("takes an address in brackets", async () => {
    const server = createServer(tcpListener(echoing()));
    servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "::1", resolve);
    });
    const { port } = server.address() as { readonly port: number };
    const client = join(`tcp://[::1]:${port}`);
    client.send("hello");
    expect(await take(client, 1)).toEqual(["hello"]);
  });
});
