// Attacks by WebSockets and streams on a real server process, beside an honest session that goes by
// a WebSocket itself.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../waiting.ts";
import type { Books, Tally } from "./orders.ts";
import { HELD_BYTES_MAX, Scene, SET_OUT_MS } from "./siege.ts";

const KIB = 1024;

let scene: Scene;

// Short, but longer than a loaded machine takes to connect and to send what a test sends at once.
beforeAll(async () => {
  scene = await Scene.set({
    connectionsCheckingIntervalMs: 250,
    settings: { headersTimeoutMs: 5_000, requestTimeoutMs: 5_000 },
    listener: { bodyTimeoutMs: 3_000, answerTimeoutMs: 3_000, requestsPerAddressMax: 4_096 },
    server: {
      sessionsPerAddressMax: 10_000,
      sendBufferBytesMax: 256 * KIB,
      highWaterBytes: 128 * KIB,
      pipeBytesMax: 128 * KIB,
    },
  });
}, SET_OUT_MS);

afterAll(() => scene.end());

describe("a server process, when its pipes are attacked,", () => {
  test("bears two thousand upgrades that are half made, and ends them", async () => {
    const siege = await scene.attack<number>("halfUpgrades", { connections: 2_000 });

    expect(siege.result).toBeGreaterThan(0);
    expect(scene.harmOf(siege, { heldBytesMax: HELD_BYTES_MAX + 2_000 * 8_192 })).toEqual([]);
    await scene.relent();
  });

  test("ends upgrades that come by the byte", async () => {
    const siege = await scene.attack<Tally>("slowUpgrades", { connections: 200 });

    // A byte of a head that comes after the close resets, and may wipe the answer out.
    const { "408 request_timeout": told = 0, closed = 0, ...others } = siege.result;
    expect([told + closed, others]).toEqual([200, {}]);
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("ends WebSockets that say nothing, or nothing whole", async () => {
    const siege = await scene.attack<Tally>("silentPipes", { connections: 100 });

    expect(siege.result).toEqual({
      nothing: 100,
      "half a frame": 100,
      "a fragment": 100,
      "a ping": 100,
    });
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("keeps a buffer for each of 200 WebSockets that never read, and cuts them", async () => {
    const siege = await scene.attack<number>("mutePipes", { sockets: 200 });

    expect(siege.result).toBe(200);
    expect(siege.books.flood.refused).toBe("buffer_full");
    // A send buffer, and what has left and is not acknowledged: a copy of it, and one body.
    const eachBytes = 256 * KIB + 128 * KIB + 64 * KIB;
    expect(scene.harmOf(siege, { heldBytesMax: HELD_BYTES_MAX + 200 * eachBytes })).toEqual([]);
    // Nothing is acknowledged, so they are taken for dead, and nobody answers the close.
    await until(async () => {
      const { connections } = await scene.victim.call<Books>("books");
      return connections < 50;
    }, "the end of WebSockets that nobody reads");
    await scene.relent();
  });

  test("holds of unfinished messages as much as of unfinished requests", async () => {
    const args = { connections: 200, bytes: 500_000 };
    const siege = await scene.attack<Tally>("unfinishedMessages", args);

    const { cut = 0, held = 0 } = siege.result;
    expect(cut + held).toBe(200);
    // 16 MiB of one address are 33; some are told late that they were one too many.
    expect(held).toBeLessThan(45);
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test.each([
    ["pings that are answered to readers", "pings", true],
    ["pings of who does not read", "pings", false],
    ["pongs that nobody asked for", "pongs", true],
    ["fragments without content", "empty fragments", true],
    ["bodies that ask for an answer each", "bodies", true],
    ["bodies of who does not read the answers", "bodies", false],
    ["messages that come by the byte", "bytes of one frame", true],
  ])("keeps its pace and its memory beside a flood of %s", async (_, kind, isRead) => {
    const args = { kind, isRead, connections: 32, forMs: 1_500 };
    const siege = await scene.attack<Tally>("pours", args);

    const { packets = 0, ended } = siege.result;
    expect(ended).toBe(32);
    expect(packets).toBeGreaterThan(32);
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("is rid of WebSockets that are opened and cut, many a second", async () => {
    const siege = await scene.attack<Tally>("pipeStorm", { times: 600, perSecond: 2_000 });

    expect(siege.result["cut"]).toBe(600);
    expect(siege.books.connections).toBeLessThan(50);
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("gives no stream for tickets that are guessed", async () => {
    const siege = await scene.attack<Tally>("guessTickets", { times: 5_000 });

    expect(siege.result).toEqual({ "404 not_found": 5_000 });
    expect(scene.harmOf(siege)).toEqual([]);
  });
});

describe("a server process whose authentication hangs", () => {
  let hanging: Scene;

  beforeAll(async () => {
    const server = { sessionsPerAddressMax: 10_000, pendingMax: 500, verdictTimeoutMs: 4_000 };
    hanging = await Scene.set({ server, authenticates: "honest" });
  }, SET_OUT_MS);

  afterAll(() => hanging.end());

  test("keeps no large bodies of openings that wait on WebSockets", async () => {
    const siege = await hanging.attack<number>("heavyPipeOpenings", { times: 128 });

    expect(siege.result).toBeGreaterThan(256 * 480_000);
    expect(hanging.harmOf(siege, { heldBytesMax: 2 * HELD_BYTES_MAX })).toEqual([]);
    await hanging.relent();
  });
});
