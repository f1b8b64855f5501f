/** The same scenario in every way in which one thing goes wrong, and as fast-check will have it. */
import { exploreScenario } from "holdfast/sim";
import { assertScenario } from "holdfast/sim/fast-check";
import { expect, test } from "vitest";
import { bookOnce } from "./bank.ts";
import { bank } from "./scenario.ts";

test("No single fault charges anybody twice, whichever it is", async () => {
  const { isExhaustive } = await exploreScenario(bank(bookOnce), { stepsMax: 1 });
  expect(isExhaustive).toBe(true);
});

test("Each customer is charged once, in a suite of properties", async () => {
  await assertScenario(bank(bookOnce), { parameters: { numRuns: 100 } });
});
