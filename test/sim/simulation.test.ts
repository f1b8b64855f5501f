// Two cores under everything at once. What a run is like it draws itself (`drawOptions`); a failure
// says what the run came to, its fewest steps, a chart, and how to play it again.

import { expect, test } from "vitest";
import {
  checkScenario,
  coreScenario,
  drawOptions,
  fromTape,
  NO_HOST_EVENTS,
  PERFECT_NETWORK,
  Play,
  seeded,
  Simulation,
} from "../../src/sim/index.ts";
import { marksOf } from "./marks.ts";
import { simulateCommand } from "./simulate-command.ts";

const SEEDS = 2_000;
const SEEDS_OF_ONE_TEST = 250;

const met = new Map<string, number>();

for (let firstSeed = 0; firstSeed < SEEDS; firstSeed += SEEDS_OF_ONE_TEST) {
  const last = firstSeed + SEEDS_OF_ONE_TEST - 1;
  test(`the promises hold, and what was sent arrives, seeds ${firstSeed} to ${last}`, async () => {
    const { runs, marks } = await checkScenario(coreScenario, {
      seeds: SEEDS_OF_ONE_TEST,
      firstSeed,
      replay: simulateCommand,
    });
    for (const [mark, count] of marks) met.set(mark, (met.get(mark) ?? 0) + count);

    expect(runs).toBe(SEEDS_OF_ONE_TEST);
  }, 300_000);
}

test("the runs above did meet every fault and use every feature", () => {
  for (const mark of marksOf("cores")) expect.soft(met.get(mark) ?? 0, mark).toBeGreaterThan(5);
});

test("a run is repeated by its seed and by its tape, to the last note", () => {
  const first = new Play(seeded(7));
  coreScenario.run(first);
  const again = new Play(seeded(7));
  coreScenario.run(again);
  const played = new Play(fromTape(first.tape));
  coreScenario.run(played);

  expect(first.notes.length).toBeGreaterThan(50);
  expect(again.notes).toEqual(first.notes);
  expect(played.notes).toEqual(first.notes);
  expect([...played.marks]).toEqual([...first.marks]);
});

test("with harmless answers nothing goes wrong", () => {
  const play = new Play(fromTape([]));
  coreScenario.run(play);

  expect(play.picked.every(({ value }) => value === 0)).toBe(true);
  expect([...play.marks.keys()]).toEqual([]);
});

test("on a perfect network and with hosts that run on, nothing is asked but what applications do", () => {
  const drawn = drawOptions(new Play(fromTape([])));
  const play = new Play(seeded(1));
  const options = { ...drawn, network: PERFECT_NETWORK, events: NO_HOST_EVENTS };
  new Simulation(options, play).run();

  expect(play.picked.length).toBeGreaterThan(10);
  expect(play.picked.filter(({ label }) => !label.startsWith("action "))).toEqual([]);
});
