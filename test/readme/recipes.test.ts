// What the README shows beside the dialogue: broadcast.ts, channels.ts, start-over.ts.

import { createServer } from "node:http";
import { type ClientSession, connect, json } from "holdfast";
import { nodeListener, type NodeListener } from "holdfast/http/node";
import { SessionServer } from "holdfast/server";
import { describe, expect, it, onTestFinished } from "vitest";
import { sessions as broadcasting } from "../../examples/readme/broadcast.ts";
import { play, type Position, watch } from "../../examples/readme/channels.ts";
import { keepOrdering, type Order } from "../../examples/readme/start-over.ts";
import { startChaos } from "../../src/chaos/index.ts";
import { soon, until } from "../waiting.ts";
import { listenLocally } from "../listening.ts";

/** Listens until the test is over; returns the port. */
async function serve(listener: NodeListener): Promise<number> {
  const server = createServer(listener);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return listenLocally(server);
}

describe("broadcasting", () => {
  it("reaches everybody, and costs who does not read its session", async () => {
    const url = `http://127.0.0.1:${await serve(nodeListener(broadcasting))}/holdfast`;
    const speaker = connect<string, string>(url);
    const reader = connect<string, string>(url);
    // Its window takes about three lines.
    const window = { channelsMax: 0, windowBytes: 32_768 };
    const sluggard = connect<string, string>(url, window);
    await soon(Promise.all([reader.opened, sluggard.opened]), "two sessions");
    const line = "x".repeat(10_000);
    let heard = 0;
    reader.onBundle((lines) => void (heard += lines.length));
    speaker.onBundle((lines) => void (heard += lines.length));
    for (let count = 1; count <= 150; count++) {
      speaker.send(line);
      await until(() => heard === 2 * count, `line ${count}`);
    }
    expect(await soon(sluggard.ended, "its end")).toMatchObject({
      reason: "peer-ended",
      detail: "too slow",
    });
    // And the others are not told so.
    expect([speaker, reader].map(({ status }) => status.state)).toEqual(["open", "open"]);
    await soon(speaker.close(), "the close");
    reader.send("still there");
    await until(() => heard === 301, "a line after somebody left");
    await soon(reader.close(), "the close");
  });
});

describe("channels", () => {
  it("wait for room, give up what is overtaken, and tell labels apart", async () => {
    const seen: Position[] = [];
    const labels: string[] = [];
    const sessions = new SessionServer<string, string>({
      onSession(session) {
        session.on("channel", ({ label, mode }) => void labels.push(`${label} ${mode}`));
        watch(session, (position) => void seen.push(position));
      },
    });
    const url = `http://127.0.0.1:${await serve(nodeListener(sessions))}/holdfast`;
    const session = connect<string, string>(url);
    await soon(play(session), "the player");
    await until(() => seen.at(-1)?.x === 999 && labels.length === 3, "the newest position");
    expect(labels).toEqual(["uploads ordered", "positions latest", "sparks unordered"]);
    expect(seen.length).toBeLessThan(100);
    expect(seen.map(({ x }) => x)).toEqual(seen.map(({ x }) => x).toSorted((a, b) => a - b));
    await soon(session.close(), "the close");
  });
});

describe("starting over", () => {
  it("takes each order once, through a restart that loses the session", async () => {
    // What the application has on disk: it survives the server.
    const taken: Order[] = [];
    let heard = 0;
    const begin = (): NodeListener => {
      const server = new SessionServer<Order, string>({
        codec: json,
        onSession(session) {
          session.onBundle((orders) => {
            for (const order of orders) {
              heard++;
              if (taken.every(({ id }) => id !== order.id)) taken.push(order);
            }
          });
        },
      });
      return nodeListener(server);
    };
    let listener = begin();
    const port = await serve((request, response) => listener(request, response));
    const line = await startChaos({ target: port });
    onTestFinished(() => line.close());
    const used: ClientSession<string, Order>[] = [];
    const url = `http://${line.address}/holdfast`;
    const over = keepOrdering(url, (session) => void used.push(session));

    used[0]?.send({ id: 1, text: "tea" });
    await soon(used[0]?.flushed() ?? Promise.reject(new Error("no session")), "the first order");
    // The second arrives, and no answer says so. Then the server restarts.
    line.set({ loseResponse: 1 });
    used[0]?.send({ id: 2, text: "milk" });
    await until(() => taken.length === 2, "the second order");
    listener = begin();
    line.set({ loseResponse: 0 });
    used[0]?.send({ id: 3, text: "sugar" });
    await until(() => taken.length === 3, "the third order");

    expect(used).toHaveLength(2);
    expect(taken.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(heard).toBe(4);
    await soon(used[1]?.close() ?? Promise.reject(new Error("no session")), "the close");
    expect(await soon(over, "the end")).toEqual({ reason: "closed", left: [] });
  });

  it("gives up where a new session would meet the same, and says what is left", async () => {
    const sessions = new SessionServer<Order, string>({
      codec: json,
      authenticate: () => undefined,
      onSession() {},
    });
    const url = `http://127.0.0.1:${await serve(nodeListener(sessions))}/holdfast`;
    const orders = [1, 2].map((id) => ({ id, text: "tea" }));
    const over = keepOrdering(url, (session) => orders.forEach((order) => session.send(order)));
    expect(await soon(over, "the end")).toEqual({ reason: "refused", left: orders });
  });
});
