// Sessions by WebSockets alone, and by streams alone: what the contract cannot see of them.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { connect, type ConnectOptions } from "../../src/http/connect-node.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
import { type ClientSession, connectOver, msgpack } from "../../src/session/index.ts";
import type { Carrier } from "../../src/session/carrier.ts";
import type { PipeCarrier, PipeEvents } from "../../src/session/pipe-carrier.ts";
import { SessionServer } from "../../src/session/server.ts";
import { listenLocally } from "../listening.ts";
import { numbersTo, soon, take, until } from "../waiting.ts";

const ends: (() => void)[] = [];
const clients: ClientSession<number, number>[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) if (client.status.state !== "ended") client.abort();
  for (const end of ends.splice(0)) end();
});

interface Site {
  readonly url: string;
  /** How long each POST waited for its answer, in ms. */
  readonly waitsMs: number[];
  readonly counts: { posts: number; gets: number; upgrades: number };
  cut(): void;
  /** The server forgets everything. */
  restart(): void;
}

async function serve(): Promise<Site> {
  const begin = (): SessionServer<number, number> => {
    return new SessionServer<number, number>({
      async onSession(session) {
        for await (const message of session) session.send(message);
      },
    });
  };
  let listener = nodeListener(begin());
  let upgrade = upgradeListener(begin());
  const counts = { posts: 0, gets: 0, upgrades: 0 };
  const waitsMs: number[] = [];
  const open = new Set<Socket>();
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    if (request.method === "GET") counts.gets++;
    if (request.method === "POST") {
      counts.posts++;
      const startMs = performance.now();
      response.once("finish", () => waitsMs.push(performance.now() - startMs));
    }
    listener(request, response);
  });
  server.on("upgrade", (request, socket, head) => {
    counts.upgrades++;
    upgrade(request, socket, head);
  });
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  const cut = (): void => {
    for (const socket of open) socket.resetAndDestroy();
  };
  ends.push(() => {
    server.close();
    cut();
  });
  const restart = (): void => {
    const sessions = begin();
    listener = nodeListener(sessions);
    upgrade = upgradeListener(sessions);
    cut();
  };
  restart();
  const port = await listenLocally(server);
  return { url: `http://127.0.0.1:${port}/holdfast`, waitsMs, counts, cut, restart };
}

function join(url: string, options: ConnectOptions): ClientSession<number, number> {
  const quick = { reconnectDelayMinMs: 5, reconnectDelayMaxMs: 50, lostConfirmMs: 200 };
  const client = connect<number, number>(url, { ...quick, ...options });
  clients.push(client);
  return client;
}

async function echo(client: ClientSession<number, number>, count: number): Promise<void> {
  for (const number of numbersTo(count)) client.send(number);
  expect(await take(client, count)).toEqual(numbersTo(count));
}

describe("a session by WebSockets alone", () => {
  test("[PIPE-12] makes no request, from its opening to its end", async () => {
    const { url, counts, cut } = await serve();
    const client = join(url, { links: ["websocket"] });
    const links: string[] = [];
    client.on("link", (link) => void links.push(link));
    expect(client.link).toBe("websocket");
    await echo(client, 100);
    cut();
    await echo(client, 100);
    const resumed = join(url, { links: ["websocket"], resume: client.save() });
    await echo(resumed, 100);
    expect(await soon(resumed.close(), "the close")).toMatchObject({ reason: "closed" });
    expect(counts).toEqual({ posts: 0, gets: 0, upgrades: 3 });
    // There is no other link that it could have told of.
    expect(links).toEqual([]);
  });

  test("[END-5] hears that a server has forgotten it", async () => {
    const { url, counts, restart } = await serve();
    const client = join(url, { links: ["websocket"] });
    await echo(client, 10);
    restart();
    expect(await soon(client.ended, "the loss")).toMatchObject({ reason: "lost" });
    expect(counts.posts).toBe(0);
  });

  test("does not storm a server that closes each at once", async () => {
    let upgrades = 0;
    const server = createServer();
    server.on("upgrade", (_request, socket) => {
      upgrades++;
      socket.destroy();
    });
    const port = await listenLocally(server);
    ends.push(() => server.close());
    const client = connect(`http://127.0.0.1:${port}/`, { links: ["websocket"] });
    clients.push(client as ClientSession<number, number>);
    await until(() => upgrades >= 5, "some attempts");
    // The waits of failed requests: 0, then up to 0.1, 0.2, 0.4 s and so on.
    expect(client.status).toMatchObject({ state: "opening", reason: "websocket_refused" });
    const startMs = performance.now();
    const before = upgrades;
    await until(() => upgrades > before, "another attempt");
    expect((upgrades - before) / (performance.now() - startMs)).toBeLessThan(1);
  });
});

describe("a session that has ended", () => {
  test.each(["opened", "closed"] as const)(
    "takes no notice of a pipe that has %s",
    async (event) => {
      const begun: PipeEvents[] = [];
      const pipes: PipeCarrier = {
        name: "websocket",
        isDuplex: true,
        origin: "nowhere",
        open: (events) => {
          begun.push(events);
          return { write: () => {}, close: () => {} };
        },
      };
      const carrier: Carrier = {
        pipes: [pipes],
        requests: "none",
        carriersMax: undefined,
        exchange: () => Promise.reject(new Error("There are no requests")),
        watch: () => () => {},
        close: () => {},
      };
      const client = connectOver(carrier, msgpack);
      await until(() => begun.length > 0, "an attempt");
      client.abort();
      // Before the tick ends, in which the session is taken apart.
      if (event === "opened") begun[0]?.opened();
      else begun[0]?.closed("gone");
      expect(await soon(client.ended, "the end")).toMatchObject({ reason: "aborted" });
      expect(begun).toHaveLength(1);
    },
  );
});

describe("a session by streams alone", () => {
  test("[PIPE-11] has no request held, and loses nothing of cut streams", async () => {
    const { url, waitsMs, counts, cut } = await serve();
    const client = join(url, { links: ["stream"] });
    expect(client.link).toBe("stream");
    await echo(client, 100);
    await until(() => counts.gets === 1, "the stream");
    cut();
    await echo(client, 100);
    expect(await soon(client.close(), "the close")).toMatchObject({ reason: "closed" });
    expect(counts.upgrades).toBe(0);
    expect(counts.gets).toBeGreaterThanOrEqual(2);
    // Far below the hold time of 25 s.
    expect(Math.max(...waitsMs)).toBeLessThan(5_000);
  });

  test("[PIPE-11] goes on by WebSockets where both may be used", async () => {
    const { url, counts } = await serve();
    const client = join(url, { links: ["websocket", "stream"] });
    await echo(client, 10);
    // What left before may still be on its way.
    await until(() => counts.upgrades === 1, "the WebSocket");
    await echo(client, 10);
    const { posts } = counts;
    await echo(client, 100);
    expect(counts.posts).toBe(posts);
  });
});
