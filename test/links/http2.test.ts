// Sessions behind one server of HTTP/2 and TLS: many of them on one connection, each with its
// stream, and WebSockets beside them, which have HTTP/1.1 as ALPN says.

import { once } from "node:events";
import {
  type ClientHttp2Stream,
  constants,
  createSecureServer,
  type Http2SecureServer,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
} from "node:http2";
import { Agent } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/http/connect-node.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
import { type ClientSession, connectOver, msgpack } from "../../src/session/index.ts";
import type { LinkName } from "../../src/session/pipe-carrier.ts";
import { type PeerSession, type ServerOptions, SessionServer } from "../../src/session/server.ts";
import { Http2Carrier, Http2Connection } from "../contract/http2-carrier.ts";
import { selfSigned } from "../http/certificate.ts";
import { numbersTo, soon, until } from "../waiting.ts";

type Client = ClientSession<number, number>;

interface Site {
  readonly url: string;
  readonly authority: string;
  readonly server: Http2SecureServer;
  readonly sessions: SessionServer<number, number>;
  readonly admitted: PeerSession<number, number>[];
  /** Connections that speak HTTP/2. */
  readonly http2: Set<ServerHttp2Session>;
  /** What TLS has settled, of every connection so far. */
  readonly protocols: (string | false | null)[];
}

async function serve(options: Partial<ServerOptions<number, number>> = {}): Promise<Site> {
  const admitted: PeerSession<number, number>[] = [];
  const sessions = new SessionServer<number, number>({
    async onSession(session) {
      admitted.push(session);
      for await (const message of session) if (!session.send(message)) await session.ready;
    },
    sessionsPerAddressMax: 1_000,
    ...options,
  });
  const identity = selfSigned();
  const server = createSecureServer({ ...identity, allowHTTP1: true }, nodeListener(sessions));
  server.on("upgrade", upgradeListener(sessions));
  const http2 = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    http2.add(session);
    session.once("close", () => http2.delete(session));
  });
  const sockets = new Set<Socket>();
  const protocols: (string | false | null)[] = [];
  server.on("secureConnection", (socket: TLSSocket) => {
    protocols.push(socket.alpnProtocol);
    sockets.add(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  const url = `https://127.0.0.1:${port}/holdfast`;
  return { url, authority: identity.cert, server, sessions, admitted, http2, protocols };
}

/** A connection of which a test may stop to read a stream. */
class Watched extends Http2Connection {
  readonly downs: ClientHttp2Stream[] = [];

  override request(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    const stream = super.request(headers);
    if (headers[":method"] === "GET") this.downs.push(stream);
    return stream;
  }
}

/** Nobody reads it any more: HTTP/2's window of this stream closes, and that of no other. */
function neglect(stream: ClientHttp2Stream): void {
  stream.pause();
  stream.resume = () => stream;
}

function join(
  site: Site,
  connection: Http2Connection,
  links: LinkName[] = ["stream", "poll"],
): Client {
  const carrier = new Http2Carrier(site.url, connection, links);
  // The connection is that of all.
  carrier.close = () => {};
  return kept(connectOver<number, number>(carrier, msgpack, { pipeStallMs: 3_000 }));
}

function kept(client: Client): Client {
  onTestFinished(() => client.abort());
  return client;
}

/** Sends numbers, and resolves with what came back and the longest time between two of them. */
async function echo(client: Client, count: number): Promise<{ heard: number[]; gapMs: number }> {
  const heard: number[] = [];
  let gapMs = 0;
  let lastMs = performance.now();
  client.onBundle((numbers) => {
    heard.push(...numbers);
    gapMs = Math.max(gapMs, performance.now() - lastMs);
    lastMs = performance.now();
  });
  for (const number of numbersTo(count)) client.send(number);
  await until(() => heard.length >= count, "the echo");
  return { heard, gapMs };
}

describe("a server of HTTP/2", () => {
  test("has a hundred and twenty sessions on one connection, each with its stream", async () => {
    const site = await serve();
    const connection = new Watched(site.url, site.authority);
    onTestFinished(() => connection.close());
    const clients = numbersTo(120).map(() => join(site, connection));
    await until(() => clients.every(({ link }) => link === "stream"), "the streams");
    const echoes = await Promise.all(clients.map((client) => echo(client, 50)));

    for (const { heard } of echoes) expect(heard).toEqual(numbersTo(50));
    expect(connection.connections).toBe(1);
    expect(site.http2.size).toBe(1);
    expect(site.sessions.sessions).toHaveLength(120);
  });

  test("lets nobody wait for one who does not read", async () => {
    const site = await serve({ pipeStallMs: 3_000, pipeSilenceMs: 500, pipeBytesMax: 200_000 });
    const connection = new Watched(site.url, site.authority);
    onTestFinished(() => connection.close());
    const slow = join(site, connection);
    await until(() => slow.link === "stream", "the stream");
    const others = numbersTo(20).map(() => join(site, connection));
    await until(() => others.every(({ link }) => link === "stream"), "the streams");
    const [down] = connection.downs;
    if (down === undefined) throw new Error("no stream was asked for");
    neglect(down);
    const heard: number[] = [];
    slow.onBundle((numbers) => void heard.push(...numbers));
    const [session] = site.admitted;
    // More than the window of a stream, 64 KiB, and that of a connection.
    for (const number of numbersTo(60_000)) session?.send(number + 1_000_000);
    const echoes = await Promise.all(others.map((client) => echo(client, 200)));

    for (const { heard: numbers } of echoes) expect(numbers).toEqual(numbersTo(200));
    // Who waited for it would wait until it is taken for dead.
    expect(Math.max(...echoes.map(({ gapMs }) => gapMs))).toBeLessThan(2_000);
    expect(heard.length).toBeLessThan(60_000);
    // What it does not read is taken for dead, and goes another way.
    await until(() => heard.length === 60_000, "all of it, on another stream");
    expect(heard).toEqual(numbersTo(60_000).map((number) => number + 1_000_000));
    expect(connection.downs.length).toBeGreaterThan(21);
  });

  test.each<readonly [string, (session: ServerHttp2Session) => void]>([
    ["GOAWAY while streams go on", (session) => session.goaway()],
    ["GOAWAY because of an error", (session) => session.goaway(constants.NGHTTP2_INTERNAL_ERROR)],
    ["a close when all streams are over", (session) => session.close()],
    ["an end without a word", (session) => session.destroy()],
  ])("loses nothing by %s", async (_, end) => {
    const site = await serve();
    const connection = new Watched(site.url, site.authority);
    onTestFinished(() => connection.close());
    const clients = numbersTo(10).map(() => join(site, connection));
    await until(() => clients.every(({ link }) => link === "stream"), "the streams");
    for (const session of site.http2) end(session);
    const echoes = await Promise.all(clients.map((client) => echo(client, 100)));

    for (const { heard } of echoes) expect(heard).toEqual(numbersTo(100));
    expect(connection.connections).toBeGreaterThan(1);
    expect(site.sessions.sessions).toHaveLength(10);
  });

  test("has WebSockets and polling over HTTP/1.1 beside it on the same port", async () => {
    const site = await serve();
    const connection = new Watched(site.url, site.authority);
    const agent = new Agent({
      ca: site.authority,
      keepAlive: true,
      // What browsers say for WebSockets; Node says nothing by itself.
      ALPNProtocols: ["http/1.1"],
    });
    onTestFinished(() => {
      connection.close();
      agent.destroy();
    });
    const { url } = site;
    const clients = {
      stream: join(site, connection),
      websocket: kept(connect<number, number>(url, { agent, links: ["websocket"] })),
      poll: kept(connect<number, number>(url, { agent, links: ["poll"] })),
      auto: kept(connect<number, number>(url, { agent })),
    };
    await until(() => clients.stream.link === "stream", "the stream");
    for (const client of Object.values(clients)) {
      expect((await echo(client, 100)).heard).toEqual(numbersTo(100));
    }
    await until(() => clients.auto.link === "websocket", "the choice");
    expect(clients.websocket.link).toBe("websocket");
    expect(new Set(site.protocols)).toEqual(new Set(["h2", "http/1.1"]));
  });

  test("forgets streams that are asked for and reset at once, thousands of them", async () => {
    const site = await serve();
    const honest = new Watched(site.url, site.authority);
    const hostile = new Http2Connection(site.url, site.authority);
    onTestFinished(() => {
      honest.close();
      hostile.close();
    });
    const client = join(site, honest);
    await until(() => client.link === "stream", "the stream");
    const ends: Promise<unknown>[] = [];
    for (let at = 0; at < 3_000; at++) {
      const path = `/holdfast?stream=${"A".repeat(22)}`;
      const stream = hostile.request({ ":method": "GET", ":path": path });
      stream.on("error", () => {});
      ends.push(new Promise((resolve) => stream.once("close", resolve)));
      stream.close(constants.NGHTTP2_CANCEL);
    }
    await soon(Promise.all(ends), "the ends");
    expect((await echo(client, 100)).heard).toEqual(numbersTo(100));
    expect(honest.connections).toBe(1);
  });
});
