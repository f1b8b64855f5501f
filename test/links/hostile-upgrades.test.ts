// Requests to become a WebSocket that are none, are for somebody else, or never end.

import { once } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { pause, soon, until } from "../waiting.ts";
import { upgradeHead } from "./frames.ts";
import { connected, heard, open, opened, refusal, serve, type Site } from "./hostile-site.ts";

async function answerTo(site: Site, text: string): Promise<string> {
  const socket = await connected(site);
  socket.write(text);
  const [head = "", body = ""] = (await heard(socket)).split("\r\n\r\n");
  return `${head.split(" ")[1] ?? "nothing"} ${body}`;
}

/** Connections that the server has. */
function connectionsOf({ server }: Site): Promise<number> {
  return new Promise((resolve) => {
    server.getConnections((_error, count) => resolve(count));
  });
}

describe("an upgrade", () => {
  test.each([
    ["without a key", { "sec-websocket-key": undefined }],
    ["with a key that is none", { "sec-websocket-key": "short" }],
    ["of another version", { "sec-websocket-version": "7" }],
    ["without a version", { "sec-websocket-version": undefined }],
    ["with subprotocols that are none", { "sec-websocket-protocol": "a,,b" }],
  ])("%s is refused with a reason, and the connection closed", async (_, headers) => {
    const site = await serve();
    expect(await answerTo(site, upgradeHead(site.path, headers))).toBe(
      '400 {"error":"request_malformed"}',
    );
  });

  test.each([
    ["to something else than WebSockets", "GET", { upgrade: "h2c" }],
    ["by another method", "POST", {}],
  ])("%s is refused", async (_, method, headers) => {
    const site = await serve();
    expect(await answerTo(site, upgradeHead(site.path, headers, method))).toBe(
      '405 {"error":"method_not_allowed"}',
    );
  });

  test("behind a request that waits for its answer is refused", async () => {
    const site = await serve();
    // Its body does not come: the WebSocket's bytes would stand before the answer.
    const body = "content-type: application/octet-stream\r\ncontent-length: 1";
    const held = `POST ${site.path} HTTP/1.1\r\nhost: a\r\n${body}\r\n\r\nx`;
    site.sessions.handleRequest = () => () => {};
    expect(await answerTo(site, held + upgradeHead(site.path))).toBe(
      '400 {"error":"request_malformed"}',
    );
  });

  test("to a path that nobody has is answered at once where nobody else listens", async () => {
    const site = await serve();
    expect(await answerTo(site, upgradeHead("/other"))).toBe('404 {"error":"not_found"}');
  });

  test("that nobody takes is answered when a request would be given up", async () => {
    const site = await serve({ bodyTimeoutMs: 50 });
    site.server.on("upgrade", () => {});
    expect(await answerTo(site, upgradeHead("/other"))).toBe('404 {"error":"not_found"}');
  });

  test("that another listener takes late is left to it", async () => {
    const site = await serve({ bodyTimeoutMs: 50 });
    site.server.on("upgrade", (_request, socket) => {
      socket.write("HTTP/1.1 101 \r\n\r\n");
      void pause(200).then(() => socket.end("bye"));
    });
    expect(await answerTo(site, upgradeHead("/other"))).toBe("101 bye");
  });

  test("whose sender hangs up harms nobody, whoever it was for", async () => {
    const site = await serve({ bodyTimeoutMs: 100 });
    // Nobody takes it, so nobody listens for its errors.
    site.server.on("upgrade", () => {});
    for (const path of [site.path, "/other"]) {
      for (let times = 0; times < 20; times++) {
        const socket = await connected(site);
        socket.write(upgradeHead(path));
        await nextTurn();
        socket.resetAndDestroy();
      }
    }
    await until(async () => (await connectionsOf(site)) === 0, "the end of all connections");
    await opened(site);
    expect(site.errors).toEqual([]);
  });

  test("is refused where the application cannot say whether it may", async () => {
    const origins = (): boolean => {
      throw new Error("no idea");
    };
    const site = await serve({ cors: { origins } });
    const socket = open(site, { origin: "https://a.example" });
    expect(await refusal(socket)).toBe('500 {"error":"internal"}');
    expect(String(site.errors)).toBe("Error: no idea");
  });
});

test("a WebSocket that is cut gives its place back", async () => {
  const site = await serve({ requestsPerAddressMax: 1 });
  let openings = 0;
  // What is cut counts until the server hears of it.
  for (let tries = 0; openings < 50; tries++) {
    expect(tries).toBeLessThan(5_000);
    const socket = open(site);
    const [event] = await soon(
      Promise.race([
        once(socket, "open").then(() => ["open"]),
        once(socket, "unexpected-response").then(() => ["refused"]),
      ]),
      "an answer",
    );
    if (event === "open") openings++;
    socket.terminate();
    await soon(once(socket, "close"), "the close");
  }
  await until(async () => (await connectionsOf(site)) === 0, "the end of all connections");
});
