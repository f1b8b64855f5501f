// `npm run bench:check`: its bounds hold, and would not if this package did twice the work.

import { describe, expect, test } from "vitest";
import { bounds, shortPlays } from "../../bench/peers/bounds.ts";
import { checkBounds } from "../../bench/peers/check-bounds.ts";
import { CPU_US } from "../../bench/peers/plays.ts";
import { type Target, type Verdict, verdictCells } from "../../bench/peers/targets.ts";

const builtIn = new URL("../../bench/peers/contestants/built-in.ts", import.meta.url);
const slowed = new URL("slowed.ts", import.meta.url);

function check(contestants: URL, some: readonly Target[]): Promise<Verdict[]> {
  return checkBounds({
    contestants,
    plays: shortPlays,
    bounds: some,
    rounds: 3,
    roundsAgain: 5,
    say: () => {},
  });
}

const lines = (verdicts: readonly Verdict[]): string[] =>
  verdicts.map((verdict) => verdictCells(verdict).join(" | "));

describe("the check of this package beside its peers", () => {
  test("passes", async () => {
    const verdicts = await check(builtIn, bounds);
    expect(lines(verdicts.filter(({ state }) => state !== "met"))).toEqual([]);
  });

  test("fails where this package does twice the work", async () => {
    const ofProcessors = bounds.filter(({ figure }) => figure === CPU_US);
    const verdicts = await check(slowed, ofProcessors);
    const states = verdicts.map(({ state }) => state);
    // Nothing is lost meanwhile: it is slower, no more.
    expect(states).not.toContain("FAILED");
    expect(states).toContain("MISSED");
  });
});
