import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { simulateCommand } from "./simulate-command.ts";
import { simulate } from "./simulate-run.ts";
import { bank, lock } from "./toys.ts";

const SCENARIOS = new Map(
  [bank(3), bank(3, true), lock([1, 2], 3)].map((scenario) => [scenario.name, scenario]),
);

function simulated(...words: string[]) {
  return simulate(words, SCENARIOS);
}

test("a seed that passes is shown, with its chart", async () => {
  const { status, text } = await simulated("bank with keys", "--seed", "3", "--columns", "70");

  expect(status).toBe(0);
  expect(text).toMatch(/^Options of this run:\n {2}currency: \w+\n/);
  expect(text).toMatch(/books 3 \*/);
});

test("what fails is shrunk, and what it prints is a command that fails in the same way", async () => {
  const first = await simulated("bank", "--seeds", "100");
  expect(first.status).toBe(1);
  const steps = /npm run simulate -- bank --steps '(.*)'$/m.exec(first.text)?.[1];

  const again = await simulated("bank", "--steps", steps ?? "");
  expect(again.status).toBe(1);
  expect(again.text).toContain("Error: charge 1 was booked 2 times");
});

test("the command of a step with quotes is one word of a shell", () => {
  const step = { label: "it's late", occurrence: 2, value: 1 };
  expect(simulateCommand({ scenario: "toy", seed: 1, steps: [step] })).toBe(
    String.raw`npm run simulate -- toy --steps 'it'\''s late #2 = 1'`,
  );
});

test("every way, tapes and files of steps are played as well", async () => {
  const ways = await simulated("lock", "--ways", "100");
  expect(ways.status).toBe(1);
  expect(ways.text).toContain("wheel 1 = 1\n  wheel 2 = 2");
  const few = await simulated("lock", "--ways", "100", "--faults", "1");
  expect(few).toEqual({ status: 0, text: "5 runs passed; 10 decisions" });
  const some = await simulated("lock", "--ways", "2");
  expect(some.text).toBe("2 runs passed, which is not every way there is; 4 decisions");
  const tape = await simulated("lock", "--tape", "1,2");
  expect(tape.status).toBe(1);

  const folder = mkdtempSync(join(tmpdir(), "holdfast-steps-"));
  try {
    const file = join(folder, "kept.steps");
    writeFileSync(file, "# Twice.\nscenario: bank with keys\n\nanswer 2 is lost = 1\n");
    const kept = await simulated(file);
    expect(kept.status).toBe(0);
    expect(kept.text).toContain("retried: 1");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.each([
  [["nothing"], /no scenario and no file of steps: "nothing"\. Scenarios: bank, /],
  [["nowhere.steps"], /ENOENT/],
  [[], /no scenario and no file of steps: ""/],
  [["bank", "lock"], /too many arguments/],
  [["bank", "--sed", "3"], /unknown option '--sed' \(Did you mean --seed\?\); usage: /],
  [["bank", "--seed", "three"], /--seed .*"three" is not an integer from 0/],
  [["bank", "--tape", "1,,2"], /--tape .*"" is not an integer from 0/],
  [["bank", "--seed", "1", "--tape", "1"], /only one of seed, steps, tape/],
  [["bank", "--steps", "answer 9 is lost = 1"], /steps_stale: never asked for/],
  [["bank", "--steps", "answer 9"], /steps_unreadable: line 1/],
])("words that cannot be played are refused: %j", async (words, message) => {
  const { status, text } = await simulated(...words);
  expect(status).toBe(2);
  expect(text).toMatch(/^simulate: /);
  expect(text).toMatch(message);
});
