// What the README shows or names beside the dialogue: authenticate.ts, broadcast.ts, channels.ts,
// start-over.ts.

import { createServer } from "node:http";
import { type ClientSession, connect, json } from "holdfast";
import { nodeListener, type NodeListener } from "holdfast/http/node";
import { SessionServer } from "holdfast/server";
import { describe, expect, it, onTestFinished } from "vitest";
import { enter, revoke, sessions as authenticating } from "../../examples/readme/authenticate.ts";
import { sessions as broadcasting } from "../../examples/readme/broadcast.ts";
import { play, type Position, watch } from "../../examples/readme/channels.ts";
import { keepOrdering, type Order } from "../../examples/readme/start-over.ts";
import { startChaos } from "../../src/chaos/index.ts";
import { soon, take, until } from "../waiting.ts";
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

describe("tokens", () => {
  it("say who comes, and open nothing once they are revoked", async () => {
    const url = `http://127.0.0.1:${await serve(nodeListener(authenticating))}/holdfast`;
    const ada = enter(url, () => "token-of-ada");
    const grace = enter(url, () => "token-of-grace");
    const stranger = await soon(enter(url, () => "guessed").ended, "the refusal");
    expect(stranger).toMatchObject({ reason: "refused", detail: "unauthenticated" });
    expect(await take(ada, 1)).toEqual(["You are Ada."]);
    expect(await take(grace, 1)).toEqual(["You are Grace."]);

    revoke("token-of-ada");
    expect(await soon(ada.ended, "the end")).toMatchObject({
      reason: "peer-ended",
      detail: "revoked",
    });
    const again = await soon(enter(url, () => "token-of-ada").ended, "the refusal");
    expect(again).toMatchObject({ reason: "refused", detail: "unauthenticated" });
    expect(authenticating.sessions.map(({ principal }) => principal)).toEqual(["Grace"]);
    await soon(grace.close(), "the close");
  });
});

describe("closing", () => {
  it("has a limit, and to wait for what was sent before it has none", async () => {
    // Nothing is done before it is allowed to.
    let allow = (): void => {};
    const allowed = new Promise<void>((resolve) => (allow = resolve));
    const sessions = new SessionServer<string, string>({
      hold: "consumed",
      onSession(session) {
        session.onBundle(() => allowed);
      },
    });
    const url = `http://127.0.0.1:${await serve(nodeListener(sessions))}/holdfast`;
    const limits = { closeTimeoutMs: 300 };
    const [patient, hasty] = [connect(url, limits), connect(url, limits)];
    for (const session of [patient, hasty]) session.send("work");
    let isFlushed = false;
    const flushed = patient.flushed().then(() => (isFlushed = true));
    const { reason, unknown } = await soon(hasty.close(), "the end of the hasty one");
    expect([reason, unknown.length]).toEqual(["close-timeout", 1]);
    expect([isFlushed, patient.status.state]).toEqual([false, "open"]);
    allow();
    await soon(flushed, "the work");
    expect((await soon(patient.close(), "the close")).reason).toBe("closed");
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
