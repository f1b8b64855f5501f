// Sessions that leave polling for a WebSocket or a stream by themselves, over real sockets, and
// what it costs in requests.

import { createServer } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/http/connect-node.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
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
