// Two cores with pipes beside their requests, under everything at once: whatever opens, breaks, falls
// silent or is held back, what was sent arrives, and when all is healed the client hears by a pipe.

import { expect, test } from "vitest";
import { LITERAL_DEFAULTS, UsageError } from "../../src/core/index.ts";
import {
  checkScenario,
  drawPipedOptions,
  fromTape,
  pipeScenario,
  Play,
  seeded,
  Simulation,
} from "../../src/sim/index.ts";
import { markName, OFTEN_SEEDS, unmet } from "./marks.ts";
import { simulateCommand } from "./simulate-command.ts";

/** A soak plays more. */
const SEEDS = 120;
const SEEDS_OF_ONE_TEST = 60;

const met = new Map<string, number>();

for (let firstSeed = 0; firstSeed < SEEDS; firstSeed += SEEDS_OF_ONE_TEST) {
  const last = firstSeed + SEEDS_OF_ONE_TEST - 1;
  test(`the promises hold whatever becomes of pipes, seeds ${firstSeed} to ${last}`, async () => {
    const { runs, marks } = await checkScenario(pipeScenario, {
      seeds: SEEDS_OF_ONE_TEST,
      firstSeed,
      replay: simulateCommand,
    });
    for (const [mark, count] of marks) met.set(mark, (met.get(mark) ?? 0) + count);

    expect(runs).toBe(SEEDS_OF_ONE_TEST);
  }, 300_000);
}

test("the runs above did meet what pipes meet often", () => {
  const named = new Map([...met].map(([mark, count]) => [markName("pipes", mark), count]));
  expect(unmet(["pipes"], OFTEN_SEEDS, named).missing).toEqual([]);
});

test("with harmless answers nothing goes wrong, and at the end the client hears by a pipe", () => {
  const play = new Play(fromTape([]));
  const simulation = new Simulation(drawPipedOptions(play), play);

  simulation.run();

  expect(play.picked.every(({ value }) => value === 0)).toBe(true);
  expect([...play.marks.keys()]).toEqual(["pipe tried", "pipe joined", "moved up"]);
  expect(simulation.pair.isPiped).toBe(true);
});

test("a run is repeated by its seed, to the last note", () => {
  const first = new Play(seeded(11));
  pipeScenario.run(first);
  const again = new Play(seeded(11));
  pipeScenario.run(again);

  expect(first.notes.some(({ text }) => text.includes("on pipe"))).toBe(true);
  expect(again.notes).toEqual(first.notes);
});

test("pipes beside the literal procedure, which knows none, are refused", () => {
  const options = drawPipedOptions(new Play(fromTape([])));
  const client = { ...options.pair.client, literal: LITERAL_DEFAULTS };
  const literal = { ...options, pair: { ...options.pair, client } };

  expect(() => new Simulation(literal, new Play(fromTape([])))).toThrow(UsageError);
});
