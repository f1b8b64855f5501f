// Random runs find planted bugs, each within the seeds that every run of the tests plays. How many
// it took is printed.

import { afterAll, expect, test } from "vitest";
import { coreScenario, Play, seeded } from "../../src/sim/index.ts";
import { CANARIES } from "./canaries.ts";
import { lives } from "./lives-scenario.ts";
import { withPlanted } from "./planting.ts";

/** What the runs of all seeds play anyway. */
const SEEDS_MAX = 2_000;

const found: string[] = [];

/** What a run of one seed throws; undefined for nothing. */
function play(seed: number): unknown {
  try {
    for (const scenario of [coreScenario, lives]) {
      void scenario.run(new Play(seeded(seed), { isNoting: false }));
    }
    return undefined;
  } catch (error) {
    return error;
  }
}

test.each(CANARIES)("$name", { timeout: 300_000 }, async ({ name, plantings }) => {
  let seed = 1;
  const error = await withPlanted(plantings, () => {
    for (; seed <= SEEDS_MAX; seed++) {
      const thrown = play(seed);
      if (thrown !== undefined) return thrown;
    }
    return undefined;
  });
  const after = seed === 1 ? "the first seed" : `${seed} seeds`;
  found.push(`${name}: after ${after}: ${String(error)}`);

  // Not an error of the planting itself.
  expect(["BrokenPromise", "InvariantError"]).toContain((error as Error | undefined)?.name);
  // It is the bug that fails, and nothing else.
  expect(play(seed)).toBeUndefined();
});

afterAll(() => console.log(found.join("\n")));
