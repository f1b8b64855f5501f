// What a probe finds between here and a server, through lines that do something to what passes.

import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server as TcpServer,
} from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { type ChaosOptions, startChaos } from "../../src/chaos/index.ts";
import { configureServer } from "../../src/http/configure-server.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
import { tcpListener } from "../../src/http/tcp-listener.ts";
import { probe, type ProbeReport } from "../../src/probe/probe.ts";
import { json } from "../../src/session/index.ts";
import { type ServerOptions, SessionServer } from "../../src/session/server.ts";

const cleanUps: (() => unknown)[] = [];
afterAll(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

interface SiteOptions extends Partial<ServerOptions<unknown, unknown>> {
  readonly hasWebSockets?: boolean;
}

/** A server of sessions; returns its port. */
async function serve({ hasWebSockets = true, ...options }: SiteOptions = {}): Promise<number> {
  const sessions = new SessionServer<unknown, unknown>({ onSession() {}, ...options });
  const server = createServer(nodeListener(sessions));
  if (hasWebSockets) server.on("upgrade", upgradeListener(sessions));
  configureServer(server);
  return listen(server);
}

async function listen(server: Server | TcpServer): Promise<number> {
  cleanUps.push(() => {
    server.close();
    if ("closeAllConnections" in server) server.closeAllConnections();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A server of something else. */
function serveOther(listener: RequestListener): Promise<number> {
  return listen(createServer(listener));
}

async function through(target: number, faults: Omit<ChaosOptions, "target">): Promise<number> {
  const proxy = await startChaos({ target, ...faults });
  cleanUps.push(() => proxy.close());
  return proxy.port;
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}/holdfast`;
}

function reasonsIn({ links }: ProbeReport): Record<string, string> {
  return Object.fromEntries(
    links.map(({ link, works, reason }) => [link, works ? "works" : reason]),
  );
}

const ALL_WORK = { poll: "works", stream: "works", websocket: "works" };

describe.concurrent("a probe finds", () => {
  test("that everything works, and for how long the server holds a request", async () => {
    const heard: unknown[] = [];
    const port = await serve({
      codec: json,
      holdTimeMs: 1_500,
      onSession: (session) => session.onBundle((messages) => void heard.push(...messages)),
    });
    const report = await probe(urlOf(port), { message: "hello", codec: json });
    expect(reasonsIn(report)).toEqual(ALL_WORK);
    expect(report).toMatchObject({ url: urlOf(port), isFine: true, isBuffered: false });
    expect(report.hold).toMatchObject({ ended: "answered", cutAfterMs: undefined });
    expect(report.hold?.heldMs).toBeGreaterThanOrEqual(1_450);
    for (const { afterMs, messageMs } of report.links) {
      expect(afterMs).toBeGreaterThan(0);
      expect(messageMs).toBeGreaterThanOrEqual(0);
    }
    expect(heard).toEqual(["hello", "hello", "hello"]);
  });

  test("that nobody cuts a request while it looks", async () => {
    const report = await probe(urlOf(await serve()), { holdForMs: 1_100 });
    expect(report.hold).toMatchObject({ ended: "still_held", cutAfterMs: undefined });
    expect(report.isFine).toBe(true);
  });

  test("that a message does not get there in another codec than the server's", async () => {
    const onSession: SiteOptions["onSession"] = (session) => void session.onBundle(() => {});
    const port = await serve({ codec: json, hold: "consumed", onSession });
    const report = await probe(urlOf(port), { message: "hello", holdForMs: 0 });
    expect(report.isFine).toBe(false);
    for (const { works, messageMs, reason } of report.links) {
      expect([works, messageMs]).toEqual([true, undefined]);
      expect(reason).toMatch(/^message lost: /);
    }
  });

  test("a TCP listener where polling finds nobody", async () => {
    const sessions = new SessionServer<unknown, unknown>({ onSession() {} });
    const tcpPort = await listen(createTcpServer(tcpListener(sessions)));
    const port = await serveOther((_request, response) => response.writeHead(404).end());
    const tcp = `tcp://127.0.0.1:${tcpPort}`;
    const report = await probe(urlOf(port), { tcp, message: "hello" });
    expect(reasonsIn(report)).toEqual({ poll: "http_404", tcp: "works" });
    expect(report.isFine).toBe(false);
  });

  test("no messages of its own at the server, which is not asked to hold a request either", async () => {
    let heard = 0;
    const port = await serve({ onSession: (session) => session.onBundle(() => void heard++) });
    const report = await probe(urlOf(port), { holdForMs: 0 });
    expect([report.hold, report.isFine, heard]).toEqual([undefined, true, 0]);
    expect(report.links.map(({ messageMs }) => messageMs)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("that somebody holds streams back to their end", async () => {
    const port = await through(await serve(), { bufferResponses: 1 });
    const report = await probe(urlOf(port), { holdForMs: 0 });
    expect(reasonsIn(report)).toEqual({ ...ALL_WORK, stream: "buffered" });
    expect(report).toMatchObject({ isBuffered: true, isFine: false });
  });

  test("that streams are swallowed, which is not the same", async () => {
    const target = await serve();
    const port = await serveOther((request, response) => {
      if (request.headers.upgrade !== undefined) response.writeHead(400).end();
      // The GET of a stream is never answered.
      else if (request.method !== "GET") void forward(request, response, target);
    });
    const report = await probe(urlOf(port), { holdForMs: 0 });
    expect(reasonsIn(report)).toMatchObject({ poll: "works", stream: "silent" });
    expect(report.isBuffered).toBe(false);
  });

  test("nothing of what streams suffer where they are refused", async () => {
    const target = await serve();
    const port = await serveOther((request, response) => {
      if (request.method === "GET") response.writeHead(404).end();
      else void forward(request, response, target);
    });
    const report = await probe(urlOf(port), { holdForMs: 0 });
    expect(reasonsIn(report)).toMatchObject({ poll: "works", stream: "http_404" });
    expect(report).toMatchObject({ isBuffered: undefined, isFine: true });
  });

  test("whether there is a way by TCP, where it is told where", async () => {
    const sessions = new SessionServer({ onSession() {} });
    const port = await listen(createServer(nodeListener(sessions)));
    const tcpPort = await listen(createTcpServer(tcpListener(sessions)));
    const works = await probe(urlOf(port), { holdForMs: 0, tcp: `tcp://127.0.0.1:${tcpPort}` });
    expect(reasonsIn(works)).toEqual({ ...ALL_WORK, websocket: "websocket_refused", tcp: "works" });
    const fails = await probe(urlOf(port), { holdForMs: 0, tcp: `tcp://127.0.0.1:${port}` });
    expect(reasonsIn(fails)["tcp"]).toMatch(/^(answer_malformed|connection_|tcp_)/);
    expect(fails.isFine).toBe(true);
  });

  test("that WebSockets are not let through", async () => {
    const report = await probe(urlOf(await serve({ hasWebSockets: false })), { holdForMs: 0 });
    expect(reasonsIn(report)).toEqual({ ...ALL_WORK, websocket: "websocket_refused" });
    expect(report.isFine).toBe(true);
  });

  test("that held requests are cut, and after how long", async () => {
    const port = await through(await serve(), { tcp: true, closeIdleMs: 1_200 });
    const report = await probe(urlOf(port));
    expect(report).toMatchObject({ isFine: false, isBuffered: false });
    expect(report.hold?.ended).toMatch(/^(connection_reset|network_error)$/);
    expect(report.hold?.cutAfterMs).toBeGreaterThan(1_100);
    expect(report.hold?.cutAfterMs).toBeLessThan(3_000);
  });
});

async function forward(
  request: Parameters<RequestListener>[0],
  response: Parameters<RequestListener>[1],
  port: number,
): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const answer = await fetch(urlOf(port), {
    method: "POST",
    headers: { "content-type": request.headers["content-type"] ?? "" },
    body: Buffer.concat(pieces),
  });
  response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
  response.end(Buffer.from(await answer.arrayBuffer()));
}

describe.concurrent("a probe tries nothing else, and soon says why,", () => {
  async function found(url: string, linkTimeoutMs = 20_000): Promise<string> {
    const beganAtMs = performance.now();
    const report = await probe(url, { linkTimeoutMs });
    expect(performance.now() - beganAtMs).toBeLessThan(10_000);
    expect(report).toMatchObject({ isFine: false, isBuffered: undefined, hold: undefined });
    expect(report.links).toHaveLength(1);
    const [poll] = report.links;
    return poll?.works === false ? poll.reason : "works";
  }

  test("where no server is", async () => {
    const server = createServer();
    const port = await listen(server);
    server.close();
    await once(server, "close");
    expect(await found(urlOf(port))).toBe("connection_refused");
  });

  test("where another path is served, or a page", async () => {
    const empty = await serveOther((_request, response) => response.writeHead(404).end());
    expect(await found(urlOf(empty))).toBe("http_404");
    const page = await serveOther((_request, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("Log in, please");
    });
    expect(await found(urlOf(page))).toBe("answer_foreign");
  });

  test("where nobody speaks TLS", async () => {
    const port = await serve();
    expect(await found(`https://127.0.0.1:${port}/holdfast`)).toBe("tls_failed");
  });

  test("where the server wants to know who it is", async () => {
    const port = await serve({ authenticate: () => undefined });
    expect(await found(urlOf(port))).toMatch(/^refused/);
  });

  test("where nobody ever answers", async () => {
    const port = await serveOther(() => {});
    expect(await found(urlOf(port), 500)).toBe("timeout");
  });
});

test.each([
  ["linkTimeoutMs", 0],
  ["linkTimeoutMs", 2 ** 31],
  ["holdForMs", -1],
  ["holdForMs", 30 * 86_400_000],
  ["holdForMs", Number.NaN],
] as const)("A time that no timer has is refused: %s of %d ms", async (name, ms) => {
  await expect(probe("http://127.0.0.1:9/", { [name]: ms })).rejects.toThrow(
    `option_invalid: ${name} is ${ms} and must be from `,
  );
});

test("What is no address of a server is refused", async () => {
  await expect(probe("http://user:secret@127.0.0.1/")).rejects.toMatchObject({
    code: "option_invalid",
  });
});
