import { expect, test } from "vitest";
import { type Mark, RecordedChoices, fromTape, seeded, Simulation } from "../../src/sim/index.ts";
import { optionsFor } from "./random-options.ts";

const SEEDS = 300;
const SEEDS_OF_ONE_TEST = 50;

/** Faults and events that a run of all seeds is meant to meet. */
const MARKS: readonly Mark[] = [
  "lose",
  "fail",
  "cut",
  "duplicate",
  "damage",
  "page",
  "slow",
  "aborted",
  "reloaded",
  "woken",
  "refused",
  "opened",
  "finished",
  "reset",
  "parts",
  "sent",
  "consumed",
];
const met = new Map<Mark, number>();

function runSeed(seed: number): Simulation {
  const choices = seeded(seed);
  const simulation = new Simulation(optionsFor(choices), choices);
  try {
    simulation.run();
  } catch (error) {
    throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
  }
  return simulation;
}

for (let first = 0; first < SEEDS; first += SEEDS_OF_ONE_TEST) {
  const last = first + SEEDS_OF_ONE_TEST - 1;
  test(`what was sent arrives once the network heals, seeds ${first} to ${last}`, () => {
    for (let seed = first; seed <= last; seed++) {
      for (const [mark, count] of runSeed(seed).marks) met.set(mark, (met.get(mark) ?? 0) + count);
    }

    expect(met.get("sent")).toBeGreaterThan(0);
  }, 120_000);
}

test("the runs above did meet every fault and use every feature", () => {
  for (const mark of MARKS) expect.soft(met.get(mark) ?? 0, mark).toBeGreaterThan(20);
});

test("a run is repeated by its tape", () => {
  const recorded = new RecordedChoices(seeded(7));
  const first = new Simulation(optionsFor(recorded), recorded);
  first.run();

  const played = fromTape(recorded.tape);
  const second = new Simulation(optionsFor(played), played);
  second.run();

  expect(second.nowMs).toBe(first.nowMs);
  expect(second.events).toBe(first.events);
});
