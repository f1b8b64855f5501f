// Pipes beside exchanges: both cores, on a virtual clock. spec 11.

import { describe, expect, test } from "vitest";
import { Linked } from "./linked.ts";

/** An open session that has a joined socket. */
function onSocket(): Linked {
  const linked = new Linked();
  linked.run(1_000);
  linked.openSocket();
  linked.run(1_000);
  expect(linked.client.joined).toBe(1);
  return linked;
}

function onStream(): Linked {
  const linked = new Linked();
  linked.run(1_000);
  linked.openStream();
  linked.run(2_000);
  expect(linked.client.joined).toBe(1);
  return linked;
}

const words = (count: number, prefix = "m"): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}`);

describe("a pipe that goes both ways", () => {
  test("[PIPE-3] is joined after a round trip on it, and then nothing is parked", () => {
    const linked = new Linked();
    linked.run(1_000);
    expect(linked.served.side.parked).toHaveLength(1);

    linked.openSocket();
    linked.run(2 * linked.latencyMs);

    expect(linked.told.client.at(-1)).toEqual({ kind: "pipe-joined", link: 1 });
    linked.run(4 * linked.latencyMs);
    expect(linked.served.side.joined).toBe(1);
    expect(linked.served.side.parked).toHaveLength(0);
    expect(linked.client.exchanges.open.size).toBe(0);
  });

  test("carries what both sides say, in order, and no request leaves", () => {
    const linked = onSocket();
    const sinceMs = linked.nowMs;
    linked.send("client", ...words(500));
    linked.send("server", ...words(500, "s"));
    linked.run(200);
    linked.send("client", "last");
    linked.run(200);

    expect(linked.received.server).toEqual([...words(500), "last"]);
    expect(linked.received.client).toEqual(words(500, "s"));
    expect(linked.count("request", sinceMs)).toBe(0);
    expect(linked.client.isFlushed).toBe(true);
    expect(linked.served.side.isFlushed).toBe(true);
  });

  test("[PIPE-10] both speak now and then, and the session lives", () => {
    const linked = onSocket();
    const sinceMs = linked.nowMs;
    linked.run(600_000);

    expect(linked.client.state).toBe("open");
    expect(linked.served.side.state).toBe("open");
    expect(linked.count("pipe up", sinceMs)).toBe(24);
    expect(linked.count("pipe down", sinceMs)).toBe(48);
    expect(linked.count("request", sinceMs)).toBe(0);
  });

  test("[PIPE-7] what is on its way when it breaks goes again by requests, at once", () => {
    const linked = onSocket();
    linked.send("client", ...words(100));
    linked.send("server", ...words(100, "s"));
    linked.run(linked.latencyMs / 2);
    linked.cut(0);
    const brokenMs = linked.nowMs;
    linked.run(4 * linked.latencyMs);

    expect(linked.received.server).toEqual(words(100));
    expect(linked.received.client).toEqual(words(100, "s"));
    expect(linked.nowMs - brokenMs).toBeLessThanOrEqual(4 * linked.latencyMs);
    linked.run(1_000);
    expect(linked.served.side.parked.length).toBeGreaterThan(0);
  });

  test("[PIPE-9] a newer one takes its place while bodies are under way on both", () => {
    const linked = onSocket();
    for (let round = 0; round < 40; round++) {
      if (round === 10) linked.openSocket();
      linked.send("client", `m${round}`);
      linked.send("server", `s${round}`);
      linked.run(3);
    }
    linked.run(1_000);

    expect(linked.received.server).toEqual(words(40));
    expect(linked.received.client).toEqual(words(40, "s"));
    expect([linked.client.joined, linked.served.side.joined]).toEqual([2, 2]);
    expect(linked.lines.map(({ isUp }) => isUp)).toEqual([false, true]);
    expect([...linked.client.pipes.keys()]).toEqual([2]);
  });

  test.each(["up", "down"] as const)("[PIPE-7] whose way %s is dead is given up", (way) => {
    const linked = onSocket();
    const [line] = linked.lines;
    if (line !== undefined) line.deaf[way] = true;
    linked.send("client", "up");
    linked.send("server", "down");
    linked.run(8_000);

    expect(linked.received).toEqual({ client: ["down"], server: ["up"] });
    expect(linked.client.joined).toBe(0);
    const gone = linked.told.client.find(({ kind }) => kind === "pipe-gone");
    expect(gone).toMatchObject({ wasJoined: true });
  });

  test("[PIPE-10] that falls silent is dead when the server's promise is over", () => {
    const linked = onSocket();
    const [line] = linked.lines;
    if (line !== undefined) line.deaf = { up: true, down: true };
    linked.run(25_000);

    expect(linked.told.client.at(-1)).toEqual({
      kind: "pipe-gone",
      link: 1,
      wasJoined: true,
      why: "silent",
    });
    linked.send("server", "still there");
    linked.run(10_000);
    expect(linked.received.client).toEqual(["still there"]);
  });

  test("[PIPE-3] that opens and carries nothing is never used", () => {
    const linked = new Linked();
    linked.run(1_000);
    linked.openSocket();
    const [line] = linked.lines;
    if (line !== undefined) line.deaf.down = true;
    linked.send("server", "a");
    linked.send("client", "b");
    linked.run(100);

    expect(linked.received).toEqual({ client: ["a"], server: ["b"] });
    linked.run(10_000);
    expect(linked.told.client.at(-1)).toMatchObject({ kind: "pipe-gone", why: "silent" });
  });

  test("[PIPE-8] holds no more than its bytes without evidence", () => {
    const linked = new Linked({ pipeBytesMax: 40_000 }, { pipeBytesMax: 40_000 });
    linked.run(1_000);
    linked.openSocket();
    linked.run(1_000);
    linked.latencyMs = 50;
    linked.send("client", ...Array.from({ length: 400 }, (_, at) => `${at} `.padEnd(1_000, "x")));
    let most = 0;
    for (let round = 0; round < 200; round++) {
      linked.run(10);
      most = Math.max(most, linked.client.pipes.get(1)?.waitingBytes ?? 0);
    }

    expect(linked.received.server).toHaveLength(400);
    expect(most).toBeGreaterThan(30_000);
    expect(most).toBeLessThanOrEqual(40_000 + 4_096);
  });

  test("opens a session where no request gets through", () => {
    const linked = new Linked();
    linked.arePollsLost = true;
    linked.send("client", "first");
    linked.openSocket();
    linked.run(2_000);

    expect(linked.received.server).toEqual(["first"]);
    expect(linked.client.state).toBe("open");
    linked.send("server", "hello");
    linked.run(100);
    expect(linked.received.client).toEqual(["hello"]);
  });

  test("closes the session in order, whoever begins", () => {
    for (const side of ["client", "server"] as const) {
      const linked = onSocket();
      linked.send("client", "a");
      linked.send("server", "b");
      if (side === "client") linked.client.close(linked.nowMs);
      else {
        linked.served.side.close(linked.nowMs);
        linked.endpoint.touch(linked.served);
      }
      linked.send("client");
      linked.run(1_000);

      expect(linked.received).toEqual({ client: ["b"], server: ["a"] });
      const reasons = [linked.told.client, linked.told.server].map((told) =>
        told.findLast(({ kind }) => kind === "ended"),
      );
      expect(reasons).toMatchObject([{ reason: "closed" }, { reason: "closed" }]);
      expect(linked.lines[0]?.isUp).toBe(false);
    }
  });

  test("brings an abort to the other side at once", () => {
    const linked = onSocket();
    linked.client.abort(linked.nowMs, 7, "enough");
    linked.send("server");
    linked.run(linked.latencyMs);

    const ended = linked.told.server.find(({ kind }) => kind === "ended");
    expect(ended).toMatchObject({ reason: "peer-ended", code: 7 });
  });
});

describe("a stream", () => {
  test("[PIPE-5] is joined when its second body has come apart from the first", () => {
    const linked = new Linked();
    linked.run(1_000);
    const beganMs = linked.nowMs;
    linked.openStream();
    linked.run(100);
    expect(linked.client.joined).toBe(0);
    linked.run(100);

    expect(linked.client.joined).toBe(1);
    expect(linked.nowMs - beganMs).toBeLessThan(250);
    linked.run(1_000);
    expect(linked.served.side.joined).toBe(1);
    expect(linked.client.exchanges.open.size).toBe(0);
  });

  test("[PIPE-5] that is held back on the way is given up, and nothing waits for it", () => {
    const linked = new Linked();
    linked.run(1_000);
    linked.openStream();
    const [line] = linked.lines;
    if (line !== undefined) line.heldBack = 2;
    linked.send("server", "a");
    linked.run(1_000);

    expect(linked.received.client).toEqual(["a"]);
    expect(linked.told.client.at(-1)).toMatchObject({ kind: "pipe-gone", why: "buffered" });
    expect(linked.client.joined).toBe(0);
  });

  test("brings what the server says; requests carry the rest, and are answered at once", () => {
    const linked = onStream();
    const sinceMs = linked.nowMs;
    linked.send("server", ...words(300, "s"));
    linked.send("client", ...words(300));
    linked.run(1_000);

    expect(linked.received.client).toEqual(words(300, "s"));
    expect(linked.received.server).toEqual(words(300));
    expect(linked.client.exchanges.open.size).toBe(0);
    const answers = linked.crossings.filter(({ by, atMs }) => by === "answer" && atMs >= sinceMs);
    expect(answers.length).toBeGreaterThan(0);
    for (const { body } of answers) {
      expect(body.pipe).toMatchObject({ link: 1 });
      expect(body.numbered).toEqual([]);
    }
  });

  test("[PIPE-10] the client speaks once in a hold time, and the session lives", () => {
    const linked = onStream();
    const sinceMs = linked.nowMs;
    linked.run(600_000);

    expect(linked.client.state).toBe("open");
    expect(linked.count("request", sinceMs)).toBe(24);
    expect(linked.count("pipe down", sinceMs)).toBe(40);
  });

  test("[PIPE-4] that the server has lost is noticed by whoever sends, without a timer", () => {
    const linked = onStream();
    const [line] = linked.lines;
    // The server hears that it has gone, and the client does not.
    if (line?.session === undefined) throw new Error("no stream");
    linked.endpoint.handlePipeGone(linked.nowMs, line.session, line.handle);
    linked.send("server", "a");
    linked.send("client", "b");
    linked.run(4 * linked.latencyMs);

    expect(linked.received).toEqual({ client: ["a"], server: ["b"] });
    expect(linked.client.joined).toBe(0);
  });

  test("[PIPE-4] that swallows bodies is noticed a timeout after the answer that counts them", () => {
    const linked = onStream();
    const [line] = linked.lines;
    if (line !== undefined) line.deaf.down = true;
    linked.send("server", "a");
    linked.run(50);
    linked.send("client", "b");
    linked.run(500);

    expect(linked.told.client).toContainEqual({
      kind: "pipe-gone",
      link: 1,
      wasJoined: true,
      why: "swallowed",
    });
    expect(linked.received).toEqual({ client: ["a"], server: ["b"] });
  });

  test("[PIPE-2] with a ticket that nobody offered, or that was used, is nobody's", () => {
    const linked = onStream();
    const now = linked.nowMs;
    expect(linked.endpoint.handleStream(now, 99, new Uint8Array(16))).toBeUndefined();
    const ticket = new TextEncoder().encode("ticket number 0".padEnd(16, "."));
    expect(linked.endpoint.handleStream(now, 98, ticket)).toBeUndefined();
  });
});
