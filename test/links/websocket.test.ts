// Sessions that move to a WebSocket by themselves, over real sockets.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { connect } from "../../src/http/connect-node.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
import { SessionServer } from "../../src/session/server.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function serve(): Promise<{ url: string; server: Server; requests: () => number }> {
  const sessions = new SessionServer<unknown, unknown>({
    async onSession(session) {
      for await (const message of session) {
        if (!session.send(message)) await session.ready;
      }
    },
  });
  let requests = 0;
  const listener = nodeListener(sessions);
  const server = createServer((request, response) => {
    requests++;
    listener(request, response);
  });
  server.on("upgrade", upgradeListener(sessions));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/holdfast`, server, requests: () => requests };
}

describe("a session with WebSockets allowed", () => {
  test("begins by polling, and goes on by a WebSocket without another request", async () => {
    const { url, requests } = await serve();
    const session = connect<number, number>(url);
    const heard: number[] = [];
    session.onBundle((numbers) => void heard.push(...numbers));
    let before = 0;
    for (let at = 0; at < 2_000; at++) {
      session.send(at);
      if (at % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (at === 1_000) before = requests();
    }
    while (heard.length < 2_000) await new Promise((resolve) => setImmediate(resolve));

    expect(heard).toEqual(Array.from({ length: 2_000 }, (_, at) => at));
    expect(requests() - before).toBeLessThan(3);
    expect(session.status.state).toBe("open");
    session.close();
    expect((await session.ended).reason).toBe("closed");
  });
});

test("a session with streams alone goes on by one", async () => {
  const { url, requests } = await serve();
  const session = connect<number, number>(url, { links: ["stream"] });
  const heard: number[] = [];
  session.onBundle((numbers) => void heard.push(...numbers));
  for (let at = 0; at < 2_000; at++) {
    session.send(at);
    if (at % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    if (at === 1_000) await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  while (heard.length < 2_000) await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual(Array.from({ length: 2_000 }, (_, at) => at));
  console.log(requests());
  session.close();
  expect((await session.ended).reason).toBe("closed");
});
