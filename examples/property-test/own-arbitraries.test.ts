/** Values of fast-check's beside the tape: whom the till charges, and what goes wrong meanwhile. */
import fc from "fast-check";
import { playScenario } from "holdfast/sim";
import { fromLooseTape, tapes } from "holdfast/sim/fast-check";
import { test } from "vitest";
import { bookOnce } from "./bank.ts";
import { bank } from "./scenario.ts";

test("Whoever is charged, each is charged once", async () => {
  const customers = fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 5 });
  const property = fc.asyncProperty(customers, tapes(), async (names, tape) => {
    const choices = fromLooseTape(tape);
    await playScenario(bank(bookOnce, names), { choices }, { shrinkRunsMax: 0 });
  });
  await fc.assert(property, { numRuns: 50 });
});
