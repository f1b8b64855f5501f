// Sessions that leave polling for a WebSocket or a stream by themselves, over real sockets, and
// what it costs in requests.

import { once } from "node:events";
import { createServer } from "node:http";
import type { Duplex } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { connect } from "../../src/http/connect-node.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
import { SUBPROTOCOL } from "../../src/http/websocket-pipe.ts";
import type { ClientSession } from "../../src/session/index.ts";
import { SessionServer } from "../../src/session/server.ts";
import { listenLocally } from "../listening.ts";
import { numbersTo, soon, until } from "../waiting.ts";

async function serve(): Promise<{ url: string; requests: () => number }> {
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
  const port = await listenLocally(server);
  onTestFinished(() => server.close().closeAllConnections());
  return { url: `http://127.0.0.1:${port}/holdfast`, requests: () => requests };
}

/** Sends numbers, ten in each turn, and hears them all. */
async function echo(session: ClientSession<number, number>, heard: number[]): Promise<void> {
  const count = heard.length + 1_000;
  for (let number = heard.length; number < count; number++) {
    session.send(number);
    if (number % 10 === 0) await nextTurn();
  }
  await until(() => heard.length === count, "the echo");
}

test("a session begins by polling, and goes on by a WebSocket without a request", async () => {
  const { url, requests } = await serve();
  const session = connect<number, number>(url);
  const heard: number[] = [];
  session.onBundle((numbers) => void heard.push(...numbers));
  await echo(session, heard);
  await until(() => session.link === "websocket", "the WebSocket");
  const before = requests();
  await echo(session, heard);

  expect(heard).toEqual(numbersTo(2_000));
  // What was parked when the WebSocket was joined is answered, and that is all.
  expect(requests() - before).toBeLessThan(3);
  session.close();
  expect((await soon(session.ended, "the end")).reason).toBe("closed");
});

test("a session without WebSockets goes on by a stream, and sends by requests", async () => {
  const { url, requests } = await serve();
  const session = connect<number, number>(url, { links: ["stream", "poll"] });
  const heard: number[] = [];
  session.onBundle((numbers) => void heard.push(...numbers));
  await echo(session, heard);
  await until(() => session.link === "stream", "the stream");
  const before = requests();
  await echo(session, heard);

  expect(heard).toEqual(numbersTo(2_000));
  // A request for what was sent in a turn, at most, and none for what comes.
  expect(requests() - before).toBeLessThan(250);
  session.close();
  expect((await soon(session.ended, "the end")).reason).toBe("closed");
});

test("[PIPE-14] a WebSocket after another one shows a ticket, which is good for once", async () => {
  const sessions = new SessionServer<number, number>({ onSession: () => {} });
  const server = createServer(nodeListener(sessions));
  const upgrade = upgradeListener(sessions);
  const asked: string[] = [];
  const sockets: Duplex[] = [];
  server.on("upgrade", (request, socket, head) => {
    asked.push(request.url ?? "");
    sockets.push(socket);
    upgrade(request, socket, head);
  });
  const port = await listenLocally(server);
  onTestFinished(() => server.close().closeAllConnections());
  const url = `http://127.0.0.1:${port}/holdfast`;
  const session = connect<number, number>(url, { links: ["websocket"] });
  const heard: number[] = [];
  session.onBundle((numbers) => void heard.push(...numbers));
  await soon(session.opened, "the opening");
  for (let cut = 0; cut < 3; cut++) {
    session.send(cut);
    await soon(session.flushed(), "what is acknowledged");
    const [served] = sessions.sessions;
    sockets.at(-1)?.destroy();
    served?.send(cut);
    await until(() => heard.length === cut + 1, "what was sent meanwhile");
  }

  expect(heard).toEqual([0, 1, 2]);
  expect(asked[0]).toBe("/holdfast");
  const tickets = asked.slice(1).map((target) => /^\/holdfast\?stream=([\w-]{22})$/.exec(target));
  expect(tickets).toHaveLength(3);
  expect(new Set(tickets.map((ticket) => ticket?.[1])).size).toBe(3);

  // Whoever shows a ticket again, or a wrong one, hears nothing.
  for (const target of [...asked.slice(1), "/holdfast?stream=new"]) {
    const stranger = new WebSocket(`ws://127.0.0.1:${port}${target}`, SUBPROTOCOL);
    const said: unknown[] = [];
    stranger.on("message", (data) => said.push(data));
    await soon(once(stranger, "open"), "the WebSocket");
    stranger.ping();
    await soon(once(stranger, "pong"), "what comes behind a greeting");
    expect(said).toEqual([]);
    stranger.terminate();
  }
  session.abort();
});
