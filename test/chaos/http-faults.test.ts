import { describe, expect, it } from "vitest";
import { counted, dial, faultsDone, keepAlive, send, startProxy, startTarget } from "./bench.ts";

const large = Buffer.alloc(300_000, "abcdefghij");

describe("a proxy without faults", () => {
  it("passes requests and responses on as they are", async () => {
    const target = await startTarget((seen, response) => {
      response.writeHead(207, "Many Things", {
        "X-Thing": ["a", "b"],
        "Set-Cookie": ["c=1", "d=2"],
      });
      response.end(seen.body);
    });
    const proxy = await startProxy({ target: target.port });
    const headers = {
      "X-Own": "yes",
      Connection: "close, X-Hop",
      "X-Hop": "no",
      Host: "example.org",
    };
    const result = await send(proxy.port, { path: "/a?b=c", body: large, headers });
    expect(result).toMatchObject({ status: 207, error: "" });
    expect(result.headers).toMatchObject({ "x-thing": "a, b", "set-cookie": ["c=1", "d=2"] });
    expect(result.body.equals(large)).toBe(true);
    const [seen] = target.seen;
    expect(seen).toMatchObject({ method: "POST", path: "/a?b=c" });
    expect(seen?.headers).toMatchObject({ "x-own": "yes", host: "example.org" });
    expect(seen?.headers).not.toHaveProperty("x-hop");
    expect(proxy.counts).toMatchObject({
      connections: 1,
      requests: 1,
      responses: 1,
      bytesToTarget: large.length,
      bytesToClient: large.length,
    });
    expect(faultsDone(proxy)).toEqual({});
  });

  it("passes on bodies without a length, empty ones and none at all", async () => {
    const target = await startTarget((seen, response) => {
      response.write(seen.body);
      response.end();
    });
    const proxy = await startProxy({ target: target.port });
    const agent = keepAlive(1);
    const results = [
      await send(proxy.port, { agent, body: "", headers: {} }),
      await send(proxy.port, { agent, method: "GET" }),
      await send(proxy.port, { agent, method: "DELETE" }),
      await send(proxy.port, { agent, method: "HEAD" }),
    ];
    expect(results.map(({ status, error }) => `${status}${error}`)).toEqual(Array(4).fill("200"));
    const wire = await dial(proxy.port);
    wire.socket.write(
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" +
        "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    );
    expect(await wire.ended).toBe("end");
    expect(target.seen.map(({ body }) => String(body))).toEqual(["", "", "", "", "abcde"]);
    expect(proxy.counts.connections).toBe(2);
    expect(faultsDone(proxy)).toEqual({});
  });

  it("streams: the first bytes of both bodies arrive before the last are sent", async () => {
    const target = await startTarget();
    target.server.removeAllListeners("request");
    target.server.on("request", (incoming, response) => {
      response.flushHeaders();
      incoming.pipe(response);
    });
    const proxy = await startProxy({ target: target.port });
    const wire = await dial(proxy.port);
    wire.socket.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    expect(await wire.whenMatching(/\r\n\r\n$/)).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    wire.socket.write("3\r\nabc\r\n");
    await wire.whenMatching(/\r\n\r\n3\r\nabc\r\n$/);
    wire.socket.write("0\r\n\r\n");
    await wire.whenMatching(/\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/);
    expect(faultsDone(proxy)).toEqual({});
  });

  it("answers HTTP/1.0 without chunks, and closes", async () => {
    const target = await startTarget((_seen, response) => {
      response.write("two");
      response.end("parts");
    });
    const proxy = await startProxy({ target: target.port });
    const wire = await dial(proxy.port);
    wire.socket.write("GET / HTTP/1.0\r\n\r\n");
    expect(await wire.ended).toBe("end");
    expect(String(wire.received())).toMatch(/\r\n\r\ntwoparts$/);
  });

  it("destroys the request at the target when its client goes away", async () => {
    let goneAtTarget = (): void => {};
    const gone = new Promise<void>((resolve) => (goneAtTarget = resolve));
    const target = await startTarget((_seen, response) => response.once("close", goneAtTarget));
    const proxy = await startProxy({ target: target.port });
    const aborter = new AbortController();
    const result = send(proxy.port, { signal: aborter.signal });
    await target.whenSeen(1);
    aborter.abort();
    await gone;
    expect((await result).error).toBe("ABORT_ERR");
    expect(faultsDone(proxy)).toEqual({ requestsAbandoned: 1 });
  });

  it("answers 502 and counts it as the target's error when the target cannot be reached", async () => {
    const target = await startTarget();
    const proxy = await startProxy({ target: target.port });
    await new Promise((resolve) => target.server.close(resolve));
    const agent = keepAlive(1);
    expect((await send(proxy.port, { body: large, agent })).status).toBe(502);
    // The rest of that body does not stand in the way of the next request.
    expect((await send(proxy.port, { body: "x", agent })).status).toBe(502);
    expect(proxy.counts.connections).toBe(1);
    expect(faultsDone(proxy)).toEqual({ targetErrors: 2 });
  });

  it("breaks the client's connection when the target breaks off in the middle", async () => {
    const target = await startTarget((_seen, response) => {
      response.writeHead(200, { "Content-Length": "10" });
      response.write("abc", () => response.destroy());
    });
    const proxy = await startProxy({ target: target.port });
    const result = await send(proxy.port);
    expect(result).toMatchObject({ status: 200, error: "ECONNRESET" });
    expect(faultsDone(proxy)).toEqual({ targetErrors: 1 });
  });
});

describe("losses", () => {
  it("lose a request: it is read, never reaches the target, and its connection is reset", async () => {
    const target = await startTarget();
    const proxy = await startProxy({ target: target.port, loseRequest: 1 });
    const result = await send(proxy.port, { body: large });
    expect(result).toMatchObject({ status: 0, error: "ECONNRESET" });
    expect(target.seen).toEqual([]);
    expect(faultsDone(proxy)).toEqual({ requestsLost: 1 });
  });

  it("lose a request silently: nothing happens until the connection is dropped", async () => {
    const target = await startTarget();
    const proxy = await startProxy({
      target: target.port,
      loseRequest: 1,
      loseSilently: 1,
      silentMs: 50,
    });
    const beganAtMs = performance.now();
    const result = await send(proxy.port, { body: "x" });
    expect(result).toMatchObject({ status: 0, error: "ECONNRESET" });
    expect(performance.now() - beganAtMs).toBeGreaterThan(45);
    expect(target.seen).toEqual([]);
    expect(faultsDone(proxy)).toEqual({ requestsLost: 1, requestsLostSilently: 1 });
  });

  it("lose a response: the target answers, and the client gets a reset instead of the end", async () => {
    const target = await startTarget();
    const proxy = await startProxy({ target: target.port, loseResponse: 1 });
    const statuses: number[] = [];
    for (let n = 1; n <= 20; n++) {
      const result = await send(proxy.port, { body: large });
      expect(result.error).toBe("ECONNRESET");
      expect(result.body.length).toBeLessThanOrEqual(4_096);
      expect(large.subarray(0, result.body.length).equals(result.body)).toBe(true);
      statuses.push(result.status);
    }
    expect(target.seen.length).toBe(20);
    // Some get nothing, some get a part.
    expect(new Set(statuses)).toEqual(new Set([0, 200]));
    expect(faultsDone(proxy)).toEqual({ responsesLost: 20 });
  });

  it("never let a short, an empty or an endless response pass whole", async () => {
    const target = await startTarget((seen, response) => {
      if (seen.path === "/chunks") response.write("abc");
      if (seen.path === "/endless") response.write(large);
      else response.end(seen.body);
    });
    const proxy = await startProxy({ target: target.port, loseResponse: 1 });
    for (const path of ["/", "/chunks", "/endless"]) {
      for (const body of ["", "x", "xyz"]) {
        for (let n = 1; n <= 4; n++) {
          expect((await send(proxy.port, { path, body })).error).toBe("ECONNRESET");
        }
      }
    }
    expect(faultsDone(proxy)).toEqual({ responsesLost: 36 });
    expect(proxy.counts.responses).toBe(0);
  });

  it("of one percentage strike both ways", async () => {
    const target = await startTarget();
    const proxy = await startProxy({ target: target.port, loss: 0.5 });
    for (let n = 1; n <= 40; n++) await send(proxy.port, { body: "x" });
    const { requestsLost, responsesLost, responses } = proxy.counts;
    expect(requestsLost + responsesLost + responses).toBe(40);
    expect(requestsLost).toBeGreaterThan(10);
    expect(responsesLost).toBeGreaterThan(3);
    expect(target.seen.length).toBe(40 - requestsLost);
  });
});

describe("answers of the proxy's own", () => {
  it("are 502 with a page, to requests that reached the target and to others", async () => {
    const target = await startTarget();
    const proxy = await startProxy({ target: target.port, badGateway: 1 });
    const agent = keepAlive(1);
    for (let n = 1; n <= 20; n++) {
      const result = await send(proxy.port, { body: large, agent });
      expect(result).toMatchObject({ status: 502, error: "" });
      expect(result.headers["content-type"]).toBe("text/html");
      expect(String(result.body)).toContain("502 Bad Gateway");
    }
    const reached = target.seen.length;
    expect(reached).toBeGreaterThan(3);
    expect(reached).toBeLessThan(17);
    expect(proxy.counts.connections).toBe(1);
    expect(faultsDone(proxy)).toEqual({ badGateways: 20, badGatewaysAnswered: reached });
  });
});

describe("copies of requests", () => {
  it("reach the target twice, and one answer is used", async () => {
    const target = await startTarget();
    const proxy = await startProxy({ target: target.port, double: 1 });
    for (let n = 1; n <= 10; n++) {
      const result = await send(proxy.port, { body: `body ${n}`, path: `/${n}` });
      expect(result).toMatchObject({ status: 200, error: "" });
      expect(String(result.body)).toBe(`body ${n}`);
    }
    await counted(proxy, "answersDiscarded", 10);
    expect(target.seen.length).toBe(20);
    for (let n = 1; n <= 10; n++) {
      const copies = target.seen.filter(({ path }) => path === `/${n}`);
      expect(copies.map(({ body }) => String(body))).toEqual([`body ${n}`, `body ${n}`]);
    }
    expect(faultsDone(proxy)).toEqual({ requestsDoubled: 10, answersDiscarded: 10 });
  });

  it("may overtake: where they overlap, whichever answer comes first is used", async () => {
    const target = await startTarget((_seen, response) => {
      // The first copy is answered when the second one has been.
      if (target.seen.length === 1) held = response;
      else response.end("second", () => held?.end("first"));
    });
    let held: { end(text: string): void } | undefined;
    // Of this seed, the first request is doubled with overlap.
    const proxy = await startProxy({ target: target.port, double: 1, seed: 4 });
    const result = await send(proxy.port, { body: "x" });
    expect(String(result.body)).toBe("second");
    await counted(proxy, "answersDiscarded");
    expect(faultsDone(proxy)).toEqual({ requestsDoubled: 1, answersDiscarded: 1 });
  });

  it("are left out, and counted as such, for bodies too large to keep", async () => {
    const target = await startTarget((_seen, response) => response.end());
    const proxy = await startProxy({ target: target.port, double: 1, replay: 1 });
    await send(proxy.port, { body: Buffer.alloc(5 * 1024 * 1024) });
    expect(target.seen.length).toBe(1);
    expect(faultsDone(proxy)).toEqual({ recordingsRefused: 1 });
  });

  it("go with their client: nothing of them stays at the target", async () => {
    let closed = 0;
    let allClosed = (): void => {};
    const gone = new Promise<void>((resolve) => (allClosed = resolve));
    const target = await startTarget((_seen, response) => {
      response.once("close", () => ++closed === 2 && allClosed());
    });
    // Of this seed, the first request is doubled with overlap.
    const proxy = await startProxy({ target: target.port, double: 1, seed: 4 });
    const aborter = new AbortController();
    const result = send(proxy.port, { signal: aborter.signal });
    await target.whenSeen(2);
    aborter.abort();
    await Promise.all([gone, result]);
    expect(faultsDone(proxy)).toEqual({ requestsDoubled: 1, requestsAbandoned: 1 });
  });

  it("are kept up to a bound of bytes for all", async () => {
    const target = await startTarget((_seen, response) => response.end());
    const proxy = await startProxy({ target: target.port, replay: 1 });
    const agent = keepAlive(1);
    const body = Buffer.alloc(4 * 1024 * 1024);
    for (let n = 1; n <= 18; n++) await send(proxy.port, { body, agent });
    // 64 MiB hold sixteen of them.
    expect(faultsDone(proxy)).toEqual({ recordingsRefused: 2 });
  });

  it("come back later as replays, whose answers are discarded", async () => {
    const target = await startTarget();
    const proxy = await startProxy({ target: target.port, replay: 1, replayAfterMs: 30 });
    const headers = { "X-Own": "yes" };
    const result = await send(proxy.port, { body: "once", path: "/p", headers });
    expect(String(result.body)).toBe("once");
    await counted(proxy, "answersDiscarded");
    expect(target.seen.length).toBe(2);
    expect(target.seen[1]).toEqual(target.seen[0]);
    expect(faultsDone(proxy)).toEqual({ requestsReplayed: 1, answersDiscarded: 1 });
  });

  it("are not made of requests that were lost", async () => {
    const target = await startTarget();
    const proxy = await startProxy({ target: target.port, replay: 1, double: 1, loseRequest: 1 });
    await send(proxy.port, { body: "x" });
    expect(faultsDone(proxy)).toEqual({ requestsLost: 1 });
  });
});

describe("damage", () => {
  const differences = (a: Buffer, b: Buffer): number => a.filter((byte, i) => byte !== b[i]).length;

  it("of requests changes 1 to n bytes and leaves the length", async () => {
    const target = await startTarget((_seen, response) => response.end());
    const proxy = await startProxy({ target: target.port, damageRequest: 1, damageBytesMax: 3 });
    for (let n = 1; n <= 10; n++) await send(proxy.port, { body: large });
    const counts = target.seen.map(({ body }) => {
      expect(body.length).toBe(large.length);
      return differences(body, large);
    });
    expect(new Set(counts)).toEqual(new Set([1, 2, 3]));
    expect(faultsDone(proxy)).toEqual({ requestsDamaged: 10 });
  });

  it("of responses changes 1 to n bytes and leaves the length, known or not", async () => {
    const target = await startTarget((seen, response) => {
      if (seen.path === "/chunks") response.write(large.subarray(0, 10));
      response.end(seen.path === "/chunks" ? large.subarray(10) : large);
    });
    const proxy = await startProxy({ target: target.port, damageResponse: 1 });
    for (const path of ["/", "/chunks"]) {
      const { body } = await send(proxy.port, { path, body: "x" });
      expect(body.length).toBe(large.length);
      expect(differences(body, large)).toBeGreaterThan(0);
      expect(differences(body, large)).toBeLessThanOrEqual(8);
    }
    expect(String(target.seen[0]?.body)).toBe("x");
    expect(faultsDone(proxy)).toEqual({ responsesDamaged: 2 });
  });

  it("is not counted where there is no body to damage", async () => {
    const target = await startTarget();
    const proxy = await startProxy({ target: target.port, damage: 1 });
    await send(proxy.port, { method: "GET" });
    expect(faultsDone(proxy)).toEqual({});
  });
});

describe("delays", () => {
  it("hold requests and responses back, each way", async () => {
    const seenAtMs: number[] = [];
    const target = await startTarget((seen, response) => {
      seenAtMs.push(performance.now());
      response.end(seen.body);
    });
    const proxy = await startProxy({ target: target.port, delayMs: 60 });
    const beganAtMs = performance.now();
    const result = await send(proxy.port, { body: large });
    const endedAtMs = performance.now();
    expect(result.body.equals(large)).toBe(true);
    expect((seenAtMs[0] ?? 0) - beganAtMs).toBeGreaterThan(55);
    expect(endedAtMs - (seenAtMs[0] ?? 0)).toBeGreaterThan(55);
    expect(faultsDone(proxy)).toEqual({ requestsDelayed: 1, responsesDelayed: 1 });
  });

  it("hold back each piece of a body that streams", async () => {
    const target = await startTarget((_seen, response) => {
      response.write("a");
      write = () => response.write("b");
    });
    let write = (): unknown => undefined;
    const proxy = await startProxy({ target: target.port, delayMs: 60 });
    const wire = await dial(proxy.port);
    wire.socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await wire.whenMatching(/\r\n1\r\na\r\n$/);
    const writtenAtMs = performance.now();
    write();
    await wire.whenMatching(/\r\n1\r\nb\r\n$/);
    expect(performance.now() - writtenAtMs).toBeGreaterThan(55);
  });
});

describe("buffering", () => {
  it("sends no byte of a response before its end has come", async () => {
    const target = await startTarget((_seen, response) => {
      response.write("a");
      finish = () => response.end("b");
    });
    let finish = (): unknown => undefined;
    const proxy = await startProxy({ target: target.port, bufferResponses: 1 });
    const wire = await dial(proxy.port);
    wire.socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await target.whenSeen(1);
    // A second exchange through the same proxy and target outlives the first byte by far.
    const other = send(proxy.port, { path: "/other" });
    await target.whenSeen(2);
    finish();
    await other;
    expect(wire.received().length).toBe(0);
    expect(proxy.counts.responsesBuffered).toBe(1);
  });

  it("lets the whole response go at its end, or at the bound of what is kept", async () => {
    const target = await startTarget((seen, response) => {
      response.write(large);
      if (seen.path === "/whole") response.end(large);
      else response.write(Buffer.alloc(9 * 1024 * 1024));
    });
    const proxy = await startProxy({ target: target.port, bufferResponses: 1 });
    const { body } = await send(proxy.port, { path: "/whole" });
    expect(body.equals(Buffer.concat([large, large]))).toBe(true);
    expect(faultsDone(proxy)).toEqual({ responsesBuffered: 1 });
    const wire = await dial(proxy.port);
    wire.socket.write("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
    await wire.whenReceived(9 * 1024 * 1024);
    expect(faultsDone(proxy)).toEqual({ responsesBuffered: 1 });
  });
});
