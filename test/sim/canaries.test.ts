// Random runs find planted bugs, each within the seeds that every run of the tests plays. How many
// it took is printed.

import { afterAll, expect, test } from "vitest";
import { coreScenario, pipeScenario, Play, type Scenario, seeded } from "../../src/sim/index.ts";
import { CANARIES, type Canary } from "./canaries.ts";
import { lives } from "./lives-scenario.ts";
import { PIPE_CANARIES } from "./pipe-canaries.ts";
import { withPlanted } from "./planting.ts";

/** What the runs of all seeds play anyway. */
const SEEDS_MAX = 2_000;

const found: string[] = [];

/** What a run of one seed throws; undefined for nothing. */
function play(scenarios: readonly Scenario[], seed: number): unknown {
  try {
    for (const scenario of scenarios) {
      void scenario.run(new Play(seeded(seed), { isNoting: false }));
    }
    return undefined;
  } catch (error) {
    return error;
  }
}

/** A bug, and the runs that find it. */
interface Sought extends Canary {
  readonly scenarios: readonly Scenario[];
}

const SOUGHT: readonly Sought[] = [
  ...CANARIES.map((canary) => ({ ...canary, scenarios: [coreScenario, lives] })),
  ...PIPE_CANARIES.map((canary) => ({ ...canary, scenarios: [pipeScenario] })),
];

test.each(SOUGHT)("$name", { timeout: 300_000 }, async ({ name, plantings, scenarios }) => {
  let seed = 1;
  const error = await withPlanted(plantings, () => {
    for (; seed <= SEEDS_MAX; seed++) {
      const thrown = play(scenarios, seed);
      if (thrown !== undefined) return thrown;
    }
    return undefined;
  });
  const after = seed === 1 ? "the first seed" : `${seed} seeds`;
  found.push(`${name}: after ${after}: ${String(error)}`);

  // Not an error of the planting itself.
  expect(["BrokenPromise", "InvariantError"]).toContain((error as Error | undefined)?.name);
  // It is the bug that fails, and nothing else.
  expect(play(scenarios, seed)).toBeUndefined();
});

afterAll(() => console.log(found.join("\n")));
