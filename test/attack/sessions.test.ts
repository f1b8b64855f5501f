// Attacks by sessions on a real server process, beside an honest session.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Tally } from "./orders.ts";
import { HELD_BYTES_MAX, Scene, SET_OUT_MS } from "./siege.ts";

const MIB = 1024 * 1024;

/** Bytes of a session that was opened and is left alone, with its books, timers and codecs. */
const IDLE_SESSION_BYTES_MAX = 32_768;

describe("a server process with its usual limits and times", () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.set();
  }, SET_OUT_MS);

  afterAll(() => scene.end());

  test("lets one address have 256 sessions, of 20,000 that it opens", async () => {
    const siege = await scene.attack<Tally>("floodOfSessions", { first: 1, times: 20_000 });

    expect(siege.result).toEqual({ "200 answer": 256, "200 refused 4100": 19_744 });
    expect(siege.books.sessions).toBe(257);
    const heldBytesMax = HELD_BYTES_MAX + 256 * IDLE_SESSION_BYTES_MAX;
    expect(scene.harmOf(siege, { heldBytesMax })).toEqual([]);
  });

  test("bears two thousand connections that say nothing", async () => {
    const siege = await scene.attack<number>("idle", { connections: 2_000 });

    expect(siege.result).toBe(2_000);
    expect(siege.books.connections).toBeGreaterThanOrEqual(2_000);
    // Beside them, 8 KiB for each: its socket and its parser.
    expect(scene.harmOf(siege, { heldBytesMax: 8 * MIB + 2_000 * 8_192 })).toEqual([]);
    await scene.relent();
  });
});

describe("a server process with patience for few", () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.set({
      server: {
        holdTimeMs: 300,
        reauthenticateAfterMs: 400,
        sessionsPerAddressMax: 10_000,
        // What an application that never reads may be sent, and one that only sends may keep.
        channelsMax: 8,
        windowBytes: 2 * MIB,
        windowMessages: 20_000,
        sendBufferBytesMax: 4 * MIB,
      },
    });
  }, SET_OUT_MS);

  afterAll(() => scene.end());

  test("knows an opening that comes again, before the end and after it, and no thief", async () => {
    const siege = await scene.attack<Record<string, string>>("replays");

    expect(siege.result).toEqual({
      "while it lives": "200 answer",
      "by a thief, while it lives": "200 unknown",
      "and it lives on": "200 answer",
      "its end": "200 ended 9 bye",
      "after its end": "200 ended 9 bye",
      "by a thief, after its end": "200 unknown",
      "a request without an opening": "200 unknown",
    });
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("takes no identifier that is made from another's", async () => {
    const siege = await scene.attack<Tally>("borrowedIdentifiers");

    expect(siege.result).toEqual({
      "its own: 200 unknown": 1,
      "longer: 200 unknown": 32,
      "nobody's: 200 unknown": 1,
    });
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("answers a thousand requests of one session that are out at once", async () => {
    const siege = await scene.attack<Tally>("parkThousands", { requests: 1_000 });

    expect(siege.result).toEqual({ "200 answer": 1_000, "at last: 200 answer": 1 });
    expect(scene.harmOf(siege)).toEqual([]);
    await scene.relent();
  });

  test("keeps a window of what an application does not read", async () => {
    const args = { service: "deaf", sessions: 16, bodies: 13, messages: 6, size: 10_000 };
    const siege = await scene.attack<Tally>("takeAll", args);

    expect(siege.result).toEqual({ "200 answer": 16 * 13 });
    // It is held: 780,000 bytes of each.
    expect(siege.grownBytes).toBeGreaterThan(16 * 780_000);
    expect(scene.harmOf(siege, { heldBytesMax: HELD_BYTES_MAX + 16 * 2 * MIB })).toEqual([]);
    await scene.relent();
  });

  test("keeps a window of the smallest messages that an application does not read", async () => {
    const args = { service: "deaf", sessions: 16, bodies: 10, messages: 500, size: 1 };
    const siege = await scene.attack<Tally>("takeAll", args);

    expect(siege.result).toEqual({ "200 answer": 16 * 10 });
    // At most 512 bytes for what is known of each, though it has but one.
    const heldBytesMax = HELD_BYTES_MAX + 16 * 5_000 * 512;
    expect(scene.harmOf(siege, { heldBytesMax })).toEqual([]);
    await scene.relent();
  });

  test("keeps a buffer of what a client never acknowledges, and tells its application", async () => {
    const args = { service: "flood", sessions: 4, bodies: 0, messages: 0, size: 1 };
    const siege = await scene.attack<Tally>("takeAll", args);

    expect(siege.books.flood).toMatchObject({ refused: "buffer_full", wasTold: true });
    expect(scene.harmOf(siege, { heldBytesMax: HELD_BYTES_MAX + 4 * 4 * MIB })).toEqual([]);
    await scene.relent();
  });

  test("stops reading from a client that never takes its echo", async () => {
    const args = { service: "echo", sessions: 8, bodies: 400, messages: 6, size: 10_000 };
    const siege = await scene.attack<Tally>("takeAll", args);

    // The echo waits for room, takes nothing meanwhile, and the window stays closed.
    const { "200 ended 4096 window_exceeded": ends, "200 answer": answers = 0 } = siege.result;
    expect(ends).toBe(8);
    expect(answers).toBeLessThan(8 * 100);
    expect(scene.harmOf(siege)).toEqual([]);
    await scene.relent();
  });

  test("survives an application that answers without looking", async () => {
    const args = { service: "careless", sessions: 8, bodies: 400, messages: 6, size: 10_000 };
    const siege = await scene.attack<Tally>("takeAll", args);

    expect(siege.result["200 ended 4100 buffer_full"]).toBe(8);
    expect(siege.books.ended).toEqual({ "aborted buffer_full": 8 });
    expect(scene.harmOf(siege)).toEqual([]);
    await scene.relent();
  });
});

describe("a server process that authenticates", () => {
  let scene: Scene;

  beforeAll(async () => {
    const server = { holdTimeMs: 300, reauthenticateAfterMs: 400, sessionsPerAddressMax: 10_000 };
    scene = await Scene.set({ server, authenticates: "bearer" });
  }, SET_OUT_MS);

  afterAll(() => scene.end());

  test("lets nobody in who does not say who he is, of 2,000", async () => {
    const siege = await scene.attack<Tally>("openAndWait", { times: 2_000 });

    expect(siege.result).toEqual({ "200 refused 1 unauthenticated": 2_000 });
    expect(siege.books.sessions).toBe(1);
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("asks again after silence, and leaves the session to its owner", async () => {
    const siege = await scene.attack<Record<string, string>>("stolenSecret", { silentMs: 800 });

    expect(siege.result).toEqual({
      "at once, as the secret speaks": "200 answer",
      "after silence, without credentials": "403 unauthenticated",
      "after silence, as somebody else": "403 unauthenticated",
      "after silence, as its owner": "200 answer",
    });
    expect(scene.harmOf(siege)).toEqual([]);
  });
});

describe("a server process whose authentication hangs", () => {
  let scene: Scene;

  beforeAll(async () => {
    const server = { sessionsPerAddressMax: 10_000, pendingMax: 500, verdictTimeoutMs: 4_000 };
    scene = await Scene.set({ server, authenticates: "honest" });
  }, SET_OUT_MS);

  afterAll(() => scene.end());

  test("keeps no large bodies of openings that wait", async () => {
    const siege = await scene.attack<number>("heavyOpenings", { times: 256 });

    expect(siege.result).toBeGreaterThan(256 * 480_000);
    expect(scene.harmOf(siege, { heldBytesMax: 16 * MIB })).toEqual([]);
    await scene.relent();
  });

  test("lets 500 wait, refuses the others at once, and these when their time is over", async () => {
    const siege = await scene.attack<Tally>("openAtOnce", { times: 900 });

    const { "200 refused 4100": atOnce = 0, ...others } = siege.result;
    // By the server's clock or by that of its core, whichever is first.
    const { "200 refused 4101": late = 0, "200 refused 1 unauthenticated": refused = 0 } = others;
    expect(atOnce + late + refused).toBe(900);
    // On a slow machine some come when the first have gone.
    expect(atOnce).toBeGreaterThan(0);
    expect(late + refused).toBeGreaterThan(0);
    expect(siege.books.sessions).toBe(1);
    expect(scene.harmOf(siege)).toEqual([]);
    await scene.relent();
  });
});
