// A session that moves between links is not silent for longer than a round trip on the new one.

import { describe, expect, test } from "vitest";
import { measureMoves, ROUND_TRIP_MS } from "./moves.ts";

/** Client, line, server, line. */
const HOPS = 4;

describe("a session that moves between links", () => {
  test("loses nothing, and pauses for no more than a round trip on the new link", async () => {
    const { moves, mistakes } = await measureMoves();
    expect(mistakes).toBe(0);
    expect(moves.map(({ from, to }) => `${from} ${to}`)).toEqual([
      "poll stream",
      "stream websocket",
      "websocket stream",
      "stream poll",
    ]);
    for (const { gapMs, steadyMs, stallMs } of moves) {
      // All that a round trip passes through is in this process, which may stand still each time.
      expect(gapMs).toBeLessThan(ROUND_TRIP_MS + steadyMs + HOPS * stallMs);
    }
  });
});
