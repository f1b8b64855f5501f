/** How a project of one's own would test the bank, here with vitest. */
import { checkScenario } from "holdfast/sim";
import { test } from "vitest";
import { bookOnce } from "./bank.ts";
import { bank } from "./scenario.ts";

test("Each customer is charged once, whatever happens", async () => {
  const marks = ["lost", "answer lost", "server restarts"];
  await checkScenario(bank(bookOnce), { seeds: 300, marks });
});

test("Nobody is charged again whose booking the till never heard of", async () => {
  await checkScenario(bank(bookOnce), {
    steps: `
      till's answer 2 is lost = 1
      server is killed at 1 x 100 ms = 1
    `,
  });
});
