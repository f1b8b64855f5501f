// When a server speaks on pipes, whatever patience a client states, and how it asks for another pipe
// in the place of an old one. spec 11.

import { describe, expect, test } from "vitest";
import { PIPE_DUMMY_MS_MIN } from "../../src/core/limits.ts";
import {
  Bench,
  bodiesOf,
  bytesOf,
  CLIENT_PARAMETERS,
  joined,
  opened,
  ScriptedClient,
} from "./scripted-client.ts";
import { type Crossing, Linked } from "./linked.ts";

const TICKET = bytesOf("0123456789abcdef");

describe("times that a client states", () => {
  test("[PIPE-10] the server is never silent for longer than half of its patience", () => {
    const open = { ...CLIENT_PARAMETERS, silenceLimitMs: 9_001, holdTimeMs: 9_000 };
    const bench = new Bench();
    const client = new ScriptedClient(bench);
    client.pipe(1, { open });
    expect(bodiesOf(bench.takePiped())).toMatchObject([{ pipe: { silenceMs: 4_500 } }]);
    bench.advance(4_499);
    expect(bench.takePiped()).toEqual([]);
    bench.advance(1);
    expect(bodiesOf(bench.takePiped())).toHaveLength(1);
  });

  test("[PIPE-10] one without any patience does not make it busy", () => {
    const open = { ...CLIENT_PARAMETERS, silenceLimitMs: 1, holdTimeMs: 0 };
    const bench = new Bench();
    new ScriptedClient(bench).pipe(1, { open });
    bench.takePiped();
    bench.advance(1_000);
    expect(bench.takePiped()).toHaveLength(1_000 / PIPE_DUMMY_MS_MIN);
  });
});

/** When bodies crossed since then, and how many had anything numbered. */
function crossed(linked: Linked, by: Crossing["by"], sinceMs: number) {
  const all = linked.crossings.filter((each) => each.by === by && each.atMs >= sinceMs);
  return {
    atMs: all.map(({ atMs }) => atMs - sinceMs),
    bodies: all.map(({ body }) => body),
    carriers: all.filter(({ body }) => body.numbered.length > 0).length,
  };
}

/** Both sides, joined by a socket or by a stream, and the time since which they are at rest. */
function linkedBy(
  kind: "socket" | "stream",
  client: ConstructorParameters<typeof Linked>[0] = {},
  server: ConstructorParameters<typeof Linked>[1] = {},
): { linked: Linked; sinceMs: number } {
  const linked = new Linked(client, server);
  linked.run(1_000);
  if (kind === "socket") linked.openSocket();
  else linked.openStream();
  linked.run(2_000);
  expect([linked.client.joined, linked.served.side.joined]).toEqual([1, 1]);
  return { linked, sinceMs: linked.nowMs };
}

describe("dummies", () => {
  test("[PIPE-10] of a server leave after silence alone, unless it is told otherwise", () => {
    const { linked, sinceMs } = linkedBy("stream", {}, { pipeSilenceMs: 1_000 });
    for (let round = 0; round < 10; round++) {
      linked.send("server", `${round}`);
      linked.run(500);
    }
    expect(crossed(linked, "pipe down", sinceMs)).toMatchObject({ carriers: 10 });
    expect(crossed(linked, "pipe down", sinceMs).bodies).toHaveLength(10);
    linked.run(5_000);
    expect(crossed(linked, "pipe down", sinceMs).bodies).toHaveLength(15);
  });

  test("[PIPE-10] leave at a fixed interval where that is asked for, whatever else leaves", () => {
    const server = { pipeSilenceMs: 1_000, pipeDummies: "interval" } as const;
    const { linked, sinceMs } = linkedBy("stream", {}, server);
    for (let round = 0; round < 10; round++) {
      linked.send("server", `${round}`);
      linked.run(500);
    }
    const { bodies, carriers } = crossed(linked, "pipe down", sinceMs);
    expect(carriers).toBe(10);
    expect(bodies.length - carriers).toBe(5);
    expect(linked.received.client).toHaveLength(10);
  });

  test.each([
    ["silence", 20],
    ["interval", 20],
    ["none", 1],
  ] as const)("[PIPE-10] of a client on a socket: %s", (pipeDummies, count) => {
    const { linked, sinceMs } = linkedBy("socket", { pipeDummies, pipeSilenceMs: 1_500 });
    const downBefore = linked.count("pipe down", sinceMs);
    linked.run(30_000);
    const { bodies } = crossed(linked, "pipe up", sinceMs);
    // One asks whether the way up lives; nothing else is answered.
    expect(bodies.filter(({ hearing }) => hearing !== undefined)).toHaveLength(1);
    expect(Math.abs(bodies.length - count)).toBeLessThanOrEqual(1);
    expect(linked.count("pipe down", sinceMs) - downBefore).toBe(2);
    expect(bodies.every(({ numbered }) => numbered.length === 0)).toBe(true);
  });

  test("[PIPE-10] of a client leave beside what it says where the interval is fixed", () => {
    const client = { pipeDummies: "interval", pipeSilenceMs: 1_000 } as const;
    const { linked, sinceMs } = linkedBy("socket", client);
    for (let round = 0; round < 10; round++) {
      linked.send("client", `${round}`);
      linked.run(500);
    }
    const { bodies, carriers } = crossed(linked, "pipe up", sinceMs);
    expect(carriers).toBe(10);
    expect(bodies.length - carriers).toBeGreaterThanOrEqual(5);
    expect(bodies.length - carriers).toBeLessThanOrEqual(6);
  });

  test.each([
    ["silence", 30],
    ["interval", 34],
    ["none", 10],
  ] as const)("[PIPE-10] of a client that hears by a stream are requests: %s", (mode, count) => {
    const client = { pipeDummies: mode, pipeSilenceMs: 1_000 };
    const { linked, sinceMs } = linkedBy("stream", client);
    for (let round = 0; round < 10; round++) {
      linked.send("client", `${round}`);
      linked.run(2_500);
    }
    // After silence two between messages; at an interval one each second, but for where they meet.
    expect(Math.abs(linked.count("request", sinceMs) - count)).toBeLessThan(4);
    expect(linked.received.server).toHaveLength(10);
  });

  test("[PIPE-10] a server may not do without, nor may anybody invent a kind", () => {
    const kinds = "pipeDummies is none and must be silence or interval";
    expect(() => new Linked({}, { pipeDummies: "none" })).toThrow(kinds);
    expect(() => new Linked({ pipeDummies: "often" as "none" })).toThrow("option_invalid");
  });
});

describe("acknowledgements of what a stream brings", () => {
  /** Messages of a server, 60 in a second for ten seconds, and what the client sends for them. */
  function play(streamAckMs: number): { requests: number; bytes: number; linked: Linked } {
    const { linked, sinceMs } = linkedBy("stream", { streamAckMs });
    for (let round = 0; round < 600; round++) {
      linked.send("server", `position ${round}`);
      linked.run(1_000 / 60);
    }
    linked.run(1_000);
    expect(linked.received.client).toHaveLength(600);
    expect(linked.served.side.isFlushed).toBe(true);
    const requests = linked.crossings.filter(
      (each) => each.by === "request" && each.atMs >= sinceMs,
    );
    let bytes = 0;
    for (const each of requests) bytes += each.bytes;
    return { requests: requests.length, bytes, linked };
  }

  test("[SAY-10] leave four times a second, not each 25 ms", () => {
    const [often, seldom] = [play(0), play(250)];
    expect(often.requests).toBeGreaterThan(280);
    expect(seldom.requests).toBeLessThan(45);
    expect(seldom.bytes * 6).toBeLessThan(often.bytes);
    expect(seldom.linked.served.side.roundTrip.timeoutMs).toBeLessThan(1_000);
  });

  test("[SAY-10] of a single message leave as soon as on other links", () => {
    const { linked, sinceMs } = linkedBy("stream");
    linked.send("server", "one");
    linked.run(1_000);
    expect(crossed(linked, "request", sinceMs).atMs).toEqual([linked.latencyMs + 25]);
  });

  test("[SAY-10] do not wait where a server would have to stop for them", () => {
    const { linked, sinceMs } = linkedBy("stream");
    const payload = "x".repeat(10_000);
    const began = linked.nowMs;
    linked.send("server", ...Array.from({ length: 400 }, () => payload));
    for (let round = 0; linked.received.client.length < 400 && round < 1_000; round++)
      linked.run(5);
    const tookMs = linked.nowMs - began;
    // 4 MB, and at most 1 MiB of it under way: four round trips and their delays.
    expect(tookMs).toBeLessThan(400);
    expect(linked.count("request", sinceMs)).toBeGreaterThan(2);
  });
});

describe("a pipe that grows old", () => {
  test.each(["socket", "stream"] as const)("[PIPE-9] by its age, a %s", (kind) => {
    const { linked } = linkedBy(kind, {}, { pipeAgeMaxMs: 10_000 });
    linked.run(7_000);
    expect(linked.told.client).not.toContainEqual({ kind: "pipe-ending", link: 1 });
    linked.run(2_000);
    expect(linked.told.client).toContainEqual({ kind: "pipe-ending", link: 1 });
    if (kind === "socket") linked.openSocket();
    else linked.openStream();
    linked.run(2_000);
    expect(linked.client.joined).toBe(2);
    expect(linked.lines.map(({ isUp }) => isUp)).toEqual([false, true]);
    expect(linked.told.client).toContainEqual(
      expect.objectContaining({ kind: "pipe-gone", link: 1, wasJoined: false }),
    );
  });

  test("[PIPE-9] by what has left on it", () => {
    const { linked, sinceMs } = linkedBy("stream", {}, { pipeBytesSentMax: 50_000 });
    const ending = { kind: "pipe-ending", link: 1 };
    linked.send("server", "x".repeat(40_000));
    linked.run(1_000);
    expect(linked.told.client).not.toContainEqual(ending);
    linked.send("server", "x".repeat(15_000));
    linked.run(100);
    expect(linked.told.client).toContainEqual(ending);
    const ends = crossed(linked, "pipe down", sinceMs).bodies.filter(({ pipe }) => pipe?.isEnding);
    expect(ends).toHaveLength(1);
  });

  test("[PIPE-9] its client is asked once for another one", () => {
    const { bench, client, handle } = joined();
    bench.endpoint.retirePipe(bench.nowMs, client.session, handle);
    bench.endpoint.retirePipe(bench.nowMs, client.session, 99);
    bench.tick();
    expect(bodiesOf(bench.takePiped())).toMatchObject([{ pipe: { link: 1, isEnding: true } }]);
    bench.tick();
    expect(bench.takePiped()).toEqual([]);
    client.request(3, { overThrough: 2, link: 1 });
    expect(bench.take()).toMatchObject([{ body: { pipe: { link: 1, isEnding: true } } }]);
  });

  test("[PIPE-9] a stream says so only once it has shown that nobody holds it back", () => {
    const { bench, client } = opened();
    client.request(3, { offer: { link: 1, ticket: TICKET } });
    const handle = client.stream(TICKET);
    bench.endpoint.retirePipe(bench.nowMs, client.session, handle);
    bench.tick();
    expect(bodiesOf(bench.takePiped())).toMatchObject([{ pipe: { isEnding: false } }]);
    bench.advance(100);
    expect(bodiesOf(bench.takePiped())).toMatchObject([{ pipe: { isEnding: true } }]);
  });
});

test("a stream is waited for from when it can be asked for, which takes a round trip of its own", () => {
  const timeouts = { rtoInitialMs: 700, rtoMinMs: 700, rtoMaxMs: 700 };
  const linked = new Linked({ ...timeouts, pipeStallMs: 100 });
  linked.latencyMs = 300;
  linked.run(5_000);

  // It asks once it knows that the offer has come.
  linked.openStream(600);
  linked.run(1_500);

  expect(linked.client.joined).toBe(1);
});

test("[EXCH-6] a path that swallows large requests lets a client through that hears by a stream", () => {
  const linked = new Linked({ carriersMax: 1 });
  linked.run(1_000);
  linked.openStream();
  linked.run(1_000);
  expect(linked.client.joined).toBe(1);
  const { endpoint } = linked;
  const handle = endpoint.handleRequest.bind(endpoint);
  endpoint.handleRequest = (nowMs, request, bytes, origin) =>
    bytes.length > 10_000 ? undefined : handle(nowMs, request, bytes, origin);
  linked.send("client", ...Array.from({ length: 30 }, (_, at) => `${at}`.padEnd(1_000, "x")));
  linked.run(50_000);
  expect(linked.received.server).toHaveLength(30);
});
