// Which link a session is on: by events, over real sockets.

import { createServer, type IncomingMessage, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { configureServer } from "../../src/http/configure-server.ts";
import { connect, type ConnectOptions } from "../../src/http/connect-node.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
import type { ClientSession } from "../../src/session/client-session.ts";
import { SessionServer } from "../../src/session/server.ts";
import { soon, until } from "../waiting.ts";

const servers: Server[] = [];
const clients: ClientSession<number, number>[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) if (client.status.state !== "ended") client.abort();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** A server that echoes, with WebSockets unless they are left out, and its connections. */
async function serve(
  hasWebSockets = true,
): Promise<{ url: string; cut: () => void; open: Set<Socket>; asked: string[] }> {
  const asked: string[] = [];
  const sessions = new SessionServer<number, number>({
    async onSession(session) {
      for await (const message of session) {
        asked.push(`message ${message}`);
        session.send(message);
      }
    },
  });
  const server = createServer(nodeListener(sessions));
  server.prependListener("request", ({ method, headers }: IncomingMessage) => {
    asked.push(headers.upgrade === undefined ? `${method}` : "upgrade");
  });
  if (hasWebSockets) {
    server.on("upgrade", () => void asked.push("upgrade"));
    server.on("upgrade", upgradeListener(sessions));
  }
  configureServer(server);
  servers.push(server);
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const cut = (): void => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return { url: `http://127.0.0.1:${port}/holdfast`, cut, open, asked };
}

function join(url: string, options: ConnectOptions = {}): ClientSession<number, number> {
  const client = connect<number, number>(url, options);
  clients.push(client);
  return client;
}

/** Sends numbers and hears them, once and in order. */
async function echo(client: ClientSession<number, number>, count: number): Promise<number[]> {
  const heard: number[] = [];
  client.onBundle((numbers) => void heard.push(...numbers));
  for (let number = 0; number < count; number++) client.send(number);
  await until(() => heard.length >= count, "the echo");
  return heard;
}

describe("a client that may choose", () => {
  test("goes by a WebSocket where there is one", async () => {
    const { url } = await serve();
    const client = join(url);
    expect(client.link).toBe("poll");
    expect(await soon(nextLink(client), "a link")).toBe("websocket");
    expect(client.link).toBe("websocket");
  });

  test("goes by a stream where there is none", async () => {
    const { url } = await serve(false);
    const client = join(url);
    expect(await soon(nextLink(client), "a link")).toBe("stream");
  });

  test("says its first message in the first request, before it tries anything else", async () => {
    const { url, asked } = await serve();
    const client = join(url);
    expect(await echo(client, 1)).toEqual([0]);
    await until(() => client.link === "websocket", "the link");
    expect(asked.slice(0, 2)).toEqual(["POST", "message 0"]);
    expect(asked).toContain("upgrade");
  });

  test("does not try again what another session of its origin was refused", async () => {
    const { url, asked } = await serve(false);
    const first = join(url);
    await until(() => first.link === "stream", "the link");
    // Twice, so that it is not tried for seconds.
    await until(() => asked.filter((what) => what === "upgrade").length === 2, "another attempt");
    await echo(first, 1);
    const second = join(url);
    await until(() => second.link === "stream", "the link of the second");
    expect(second.linkReason).toBe("websocket_refused");
    expect(asked.filter((what) => what === "upgrade")).toHaveLength(2);
  });

  test("stays with what it is told", async () => {
    const { url } = await serve();
    const client = join(url, { links: ["poll"] });
    expect(await echo(client, 100)).toHaveLength(100);
    expect(client.link).toBe("poll");
    expect(() => join(url, { links: ["pigeon" as "poll"] })).toThrow("option_invalid");
  });

  test.each(["websocket", "stream"] as const)("comes back to its %s after a cut", async (link) => {
    const { url, cut } = await serve();
    const client = join(url, { links: [link, "poll"] });
    const links: string[] = [];
    client.on("link", (name) => void links.push(name));
    await until(() => client.link === link, "the link");
    cut();
    await until(() => links.length >= 3, "the link again");
    expect(links).toEqual([link, "poll", link]);
    const numbers = await echo(client, 1_000);
    expect(numbers).toEqual(Array.from({ length: 1_000 }, (_, at) => at));
  });

  test("lets go of everything at the end", async () => {
    const { url, open } = await serve();
    const client = join(url);
    await until(() => client.link === "websocket", "the link");
    client.close();
    expect((await soon(client.ended, "the end")).reason).toBe("closed");
    await until(() => open.size === 0, "the connections' end");
  });
});

function nextLink(client: ClientSession<number, number>): Promise<string> {
  return new Promise((resolve) => void client.on("link", resolve));
}
