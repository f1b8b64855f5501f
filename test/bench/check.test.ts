// `npm run bench:check`: its bounds hold, and would not if this package did twice the work.

import { describe, expect, test } from "vitest";
import { bounds, shortPlays } from "../../bench/peers/bounds.ts";
import { checkBounds } from "../../bench/peers/check-bounds.ts";
import { CPU_US, P50_US } from "../../bench/peers/plays.ts";
import { type Target, type Verdict, verdictCells } from "../../bench/peers/targets.ts";

const builtIn = new URL("../../bench/peers/contestants/built-in.ts", import.meta.url);
const slowed = new URL("slowed.ts", import.meta.url);

function check(contestants: URL, some: readonly Target[], roundsAgain: number): Promise<Verdict[]> {
  return checkBounds({
    contestants,
    plays: shortPlays,
    bounds: some,
    rounds: 3,
    roundsAgain,
    say: () => {},
  });
}

const lines = (verdicts: readonly Verdict[]): string[] =>
  verdicts.map((verdict) => verdictCells(verdict).join(" | "));

describe("the check of this package beside its peers", () => {
  test("passes", async () => {
    const verdicts = await check(builtIn, bounds, 5);
    expect(lines(verdicts.filter(({ state }) => state !== "met"))).toEqual([]);
  });

  test("fails where this package does twice the work", async () => {
    const some = bounds.filter(
      ({ contestant, figure }) =>
        (contestant === "holdfast poll" && figure === CPU_US) ||
        (["holdfast tcp", "holdfast websocket"].includes(contestant) && figure === P50_US),
    );
    expect(some).toHaveLength(3);
    const verdicts = await check(slowed, some, 1);
    // Nothing is lost meanwhile: it is slower, no more.
    expect(verdicts.map(({ state }) => state)).toEqual(["MISSED", "MISSED", "MISSED"]);
  });
});
