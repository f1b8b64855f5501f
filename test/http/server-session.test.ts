import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { BODY_BYTES_MAX_DEFAULT } from "../../src/core/index.ts";
import { connect } from "../../src/http/connect-node.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import type { ListenerOptions } from "../../src/http/request-rules.ts";
import { SessionServer } from "../../src/session/server.ts";
import { numbersTo } from "../waiting.ts";
import { postText, RawClient } from "./raw-client.ts";
import { listen, post, refusalOf } from "./test-server.ts";

/** An echo on a port of its own, with what the adapter reported. */
async function serveEcho(
  options: ListenerOptions = {},
): Promise<{ url: string; port: number; sessions: SessionServer; errors: unknown[] }> {
  const sessions = new SessionServer({
    async onSession(session) {
      for await (const message of session) session.send(message);
    },
  });
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const port = await listen(createServer(nodeListener(sessions, { onError, ...options })));
  return { url: `http://127.0.0.1:${port}/holdfast`, port, sessions, errors };
}

/** Sends numbers and waits for each to come back, `count` times. */
async function converse(url: string, count: number): Promise<number[]> {
  const session = connect<number, number>(url);
  const heard: number[] = [];
  session.send(0);
  for await (const number of session) {
    heard.push(number);
    if (heard.length === count) break;
    session.send(number + 1);
  }
  await session.close();
  return heard;
}

describe("a session server behind the listener", () => {
  it("serves sessions side by side, each closed by both sides", async () => {
    const { url, sessions, errors } = await serveEcho();
    const heard = await Promise.all([converse(url, 20), converse(url, 20), converse(url, 20)]);
    expect(heard).toEqual([numbersTo(20), numbersTo(20), numbersTo(20)]);
    expect(sessions.sessions).toEqual([]);
    expect(errors).toEqual([]);
  });

  it("answers bodies that are none with a body, and refuses larger ones than it reads", async () => {
    const { url, errors } = await serveEcho();
    for (const body of ["x", "GET / HTTP/1.1\r\n\r\n", "\0".repeat(1_000)]) {
      const response = await post(url, body);
      expect(response.status).toBe(200);
      expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(0);
    }
    const large = post(url, new Uint8Array(BODY_BYTES_MAX_DEFAULT + 1));
    expect(await refusalOf(large)).toEqual([413, "body_too_large"]);
    expect(errors).toEqual([]);
  });

  it("keeps an honest session going beside slow, large, cut, pipelined and senseless requests", async () => {
    const { url, port, sessions, errors } = await serveEcho({ bodyTimeoutMs: 100 });
    const siege = { isOver: false, attacks: 0 };
    const attack = async (kind: number): Promise<void> => {
      while (!siege.isOver) {
        const raw = await RawClient.open(port);
        onTestFinished(() => raw.destroy());
        siege.attacks++;
        if (kind === 0) raw.post("slow", { "content-length": "100" });
        else if (kind === 1) raw.post("x".repeat(1_000), { "content-length": "999999999" });
        else if (kind === 2) raw.write(postText("cut", { "content-length": "9" }));
        else if (kind === 3) raw.write(postText("one").repeat(20));
        else raw.write("\0\x01nonsense\r\n\r\n");
        if (kind === 2) raw.socket.end();
        await raw.response().catch(() => {});
        raw.destroy();
        await raw.closed;
      }
    };
    const attackers = [0, 1, 2, 3, 4].map(attack);
    const heard = await converse(url, 300);
    siege.isOver = true;
    await Promise.all(attackers);
    expect(heard).toEqual(numbersTo(300));
    expect(siege.attacks).toBeGreaterThan(20);
    expect(sessions.sessions).toEqual([]);
    expect(errors).toEqual([]);
  });

  it("counts a session's requests by the client that a trusted proxy names", async () => {
    const { url } = await serveEcho({ trustProxy: 1, requestsPerAddressMax: 1 });
    const session = connect<number, number>(url, { headers: { "x-forwarded-for": "192.0.2.1" } });
    session.send(1);
    for await (const number of session) {
      expect(number).toBe(1);
      break;
    }
    const stranger = await post(url, "x", { "x-forwarded-for": "192.0.2.2" });
    expect(stranger.status).toBe(200);
    session.abort();
    await session.ended;
  });
});
