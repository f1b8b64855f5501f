// Attacks on the HTTP side of a real server process, over real sockets, beside an honest session.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { NeverRead } from "./attacks/http.ts";
import { HTTP_CASES } from "./http-cases.ts";
import type { Tally } from "./orders.ts";
import { Scene, SET_OUT_MS } from "./siege.ts";

let scene: Scene;

// Short, but longer than a loaded machine takes to connect and to send what a test sends at once.
beforeAll(async () => {
  scene = await Scene.set({
    connectionsCheckingIntervalMs: 250,
    settings: { headersTimeoutMs: 5_000, requestTimeoutMs: 5_000 },
    listener: { bodyTimeoutMs: 2_000, answerTimeoutMs: 5_000 },
  });
}, SET_OUT_MS);

afterAll(() => scene.end());

describe("a server process, when HTTP itself is attacked,", () => {
  test("answers whatever is wrong with a request by a status and a reason", async () => {
    const siege = await scene.attack<Record<string, Tally>>("cases", { times: 5 });

    const surprises = HTTP_CASES.flatMap(({ name, says }) => {
      const said = siege.result[name] ?? {};
      return said[says.join(" | ")] === 5 ? [] : [[name, said, says]];
    });
    expect(surprises).toEqual([]);
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("takes requests that are cut at each byte for what they are", async () => {
    const body = Array.from({ length: 60 }, (_, at) => at);
    const siege = await scene.attack<Tally>("cuts", { body });

    // All of it is there after `pieces` only.
    expect(siege.result).toEqual({
      "end: 400 request_malformed": 160,
      "reset: closed": 160,
      "pieces: 200 versions 1": 160,
    });
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("answers thirty-two requests of one packet, one after the other", async () => {
    const siege = await scene.attack<Tally>("pipelines", { depth: 32, times: 60 });

    expect(siege.result).toEqual({ "200 versions 1": 1_920 });
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("answers no more of a thousand in one packet, and closes", async () => {
    const siege = await scene.attack<Tally>("pipelines", { depth: 1_000, times: 30 });

    expect(siege.result).toEqual({
      "200 versions 1": 960,
      "429 connection_overloaded": 30,
      closed: 30,
    });
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("answers hundreds of requests whose bodies all come at the same time", async () => {
    const siege = await scene.attack<Tally>("overlapping", { connections: 500 });

    expect(siege.result).toEqual({ "200 versions 1": 500 });
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("ends heads that go on for ever", async () => {
    const siege = await scene.attack<Tally>("endlessHeads", { times: 200 });

    // Who still writes when the connection closes is reset, and may not see the answer.
    const { "431 head_too_large": told = 0, closed = 0, ...others } = siege.result;
    expect([told + closed, others]).toEqual([200, {}]);
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("ends bodies that go on for ever", async () => {
    const siege = await scene.attack<Tally>("endlessBodies", { times: 8 });

    expect(siege.result).toEqual({ "413 body_too_large, closed": 8 });
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("ends slow connections: silent ones, heads and bodies by the byte", async () => {
    const siege = await scene.attack<Tally>("slow", { connections: 300 });

    // A byte of a head that comes after the close resets, and may wipe the answer out.
    const { "head: 408 request_timeout": told = 0, "head: closed": closed = 0 } = siege.result;
    const { "idle: 408 request_timeout": idle, "body: 408 body_timeout": bodies } = siege.result;
    expect([idle, told + closed, bodies]).toEqual([300, 300, 300]);
    expect(told).toBeGreaterThan(closed);
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test.each([
    ["1,200 requests", { connections: 1_200, bytes: 10 }],
    ["100 bodies of half a megabyte", { connections: 100, bytes: 500_000 }],
  ])("begins with some of %s of one address, and refuses the others", async (_, args) => {
    const siege = await scene.attack<Tally>("unfinished", args);

    const { "429 address_overloaded": refused = 0, "408 body_timeout": begun = 0 } = siege.result;
    expect(refused + begun).toBe(args.connections);
    expect(refused).toBeGreaterThan(10);
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("stops reading from who does not read its answers, and cuts the connection", async () => {
    const siege = await scene.attack<NeverRead>("neverRead", { connections: 4 });

    expect(siege.result.cut).toBe(4);
    const { connections, requestsMax } = siege.books.clogged;
    expect(connections).toBe(4);
    // Node reads until answers of 16 KiB wait (64 KiB from its version 22 on), of 261 bytes each,
    // and then what has come already: 70 (or 260). Who goes on reading has thousands after five
    // seconds.
    expect(requestsMax).toBeLessThanOrEqual(300);
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("is rid of requests whose senders have hung up", async () => {
    const siege = await scene.attack<Tally>("halfClosed", { times: 500 });

    const { "end: 200 versions 1": answered = 0, "end: closed": closed = 0 } = siege.result;
    expect(siege.result["reset: closed"]).toBe(250);
    expect(answered + closed).toBe(250);
    // The honest client's, and what a reset has not reached yet.
    expect(siege.books.connections).toBeLessThan(50);
    expect(scene.harmOf(siege)).toEqual([]);
  });
});
