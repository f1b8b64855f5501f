// Attacks by the bodies of requests on a real server process, beside an honest session.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Tally } from "./orders.ts";
import { Scene, SET_OUT_MS } from "./siege.ts";
import malformed from "../../spec/vectors/malformed.json" with { type: "json" };

const MIB = 1024 * 1024;

let scene: Scene;

beforeAll(async () => {
  // Short, so that attackers who are held hear something soon.
  scene = await Scene.set({ server: { holdTimeMs: 200, sessionsPerAddressMax: 10_000 } });
}, SET_OUT_MS);

afterAll(() => scene.end());

/** Malformed vectors; an empty one is for HTTP to refuse. */
const WITH_BYTES = malformed.filter(({ bytes }) => bytes !== "").length;

/** Nothing else than a well-formed body, or nothing for who cannot be told, answers a body. */
const WELL_FORMED =
  /^200 (answer|nothing|unreadable|unknown|versions 1|superseded \d+|(ended|refused) \d+( [a-z_]+)?)$/;

function expectWellFormed(tally: Tally, total: number): void {
  expect(Object.keys(tally).filter((said) => !WELL_FORMED.test(said))).toEqual([]);
  expect(Object.values(tally).reduce((sum, times) => sum + times, 0)).toBe(total);
}

describe("a server process, when it is sent bodies that are wrong,", () => {
  test("answers every malformed vector by a body", async () => {
    const siege = await scene.attack<Tally>("malformed", { times: 10 });

    expectWellFormed(siege.result, 10 * WITH_BYTES);
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("ends the session of a client that says what a malformed vector says", async () => {
    const siege = await scene.attack<{ sent: number }>("malformedFrames");

    expect(siege.result).toEqual({ sent: expect.any(Number) as unknown, surprises: {} });
    expect(siege.result.sent).toBeGreaterThan(50);
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("ends the session of a client that lies, and tells it how", async () => {
    const siege = await scene.attack<Tally>("lies", { times: 5 });

    expect(siege.result).toEqual({});
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("answers thousands of bodies of noise", async () => {
    const siege = await scene.attack<Tally>("noise", { times: 3_000 });

    expectWellFormed(siege.result, 3_100);
    expect(scene.harmOf(siege)).toEqual([]);
  });

  test("answers thousands of good bodies with changed bytes and the right checksum", async () => {
    const siege = await scene.attack<Tally>("mutations", { times: 2_000 });

    expectWellFormed(siege.result, 2_000);
    // Sessions that no change has ended yet are among what it holds.
    expect(scene.harmOf(siege, { heldBytesMax: 16 * MIB })).toEqual([]);
  });

  test("believes no body in the wrong place, and no thief, and goes on with the client", async () => {
    const siege = await scene.attack<Record<string, string>>("misplaced");

    expect(siege.result).toEqual({
      "sealed for another session": "200 unreadable",
      damaged: "200 unreadable",
      "an answer, reflected": "200 nothing",
      "version 0": "200 versions 1",
      "version 2": "200 versions 1",
      "version 15": "200 versions 1",
      "without a checksum": "200 nothing",
      "of a thief": "200 unknown",
      "of a thief with a higher incarnation": "200 unknown",
      "of a thief who knows its length only": "200 unreadable",
      "of the client itself, afterwards": "200 answer",
    });
    expect(scene.harmOf(siege)).toEqual([]);
  });
});
