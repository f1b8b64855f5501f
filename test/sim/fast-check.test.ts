import fc from "fast-check";
import { expect, test } from "vitest";
import {
  assertScenario,
  type AssertOptions,
  fromLooseTape,
  tapes,
} from "../../src/sim/fast-check.ts";
import {
  checkScenario,
  exploreScenario,
  formatSteps,
  Play,
  type Scenario,
  ScenarioFailure,
} from "../../src/sim/index.ts";
import { bank, lock, threeStrikes } from "./toys.ts";

async function failureOf(running: Promise<unknown>): Promise<ScenarioFailure> {
  const error = await running.catch((reason: unknown) => reason);
  if (!(error instanceof ScenarioFailure)) throw error ?? new Error("it passed");
  return error;
}

test("fast-check finds a double charge, and it is told in labelled steps", async () => {
  const failure = await failureOf(assertScenario(bank(10)));

  expect(formatSteps(failure.steps)).toBe("answer 1 is lost = 1");
  expect(failure.message).toMatch(
    /^Scenario "bank" fails \(fast-check, seed -?\d+\): Error: charge 1/,
  );
  expect(failure.cause).toEqual(new Error("charge 1 was booked 2 times"));
});

test("one scenario comes to the same steps and the same end, whoever decides", async () => {
  const scenario = bank(4);
  const steps = "answer 1 is lost = 1";
  // The currency, the delay, the charge, and then the answer that is lost.
  const tape = [2, 11, 0, 1];
  const drivers: readonly (() => Promise<unknown>)[] = [
    () => checkScenario(scenario),
    () => checkScenario(scenario, { tape }),
    () => checkScenario(scenario, { steps }),
    () => exploreScenario(scenario, { stepsMax: 1 }),
    () => assertScenario(scenario),
  ];
  for (const driver of drivers) {
    const failure = await failureOf(driver());
    expect(formatSteps(failure.steps)).toBe(steps);
    expect(failure.notes.at(-1)).toMatchObject({ atMs: 140, to: "client", kind: "arrives" });
    expect(failure.cause).toEqual(new Error("charge 1 was booked 2 times"));
  }
});

test("fast-check passes what is right, as often as it is asked to", async () => {
  let runs = 0;
  const { name, run } = bank(5, true);
  const counted: Scenario = {
    name,
    run(play) {
      runs++;
      return run(play);
    },
  };
  await assertScenario(counted, { parameters: { numRuns: 321 } });

  // One before the first tape measures how long tapes may be.
  expect(runs).toBe(322);
});

test("a path finds the same tape again", async () => {
  const first = await failureOf(assertScenario(threeStrikes(200)));
  const call = /\{ seed: (-?\d+), path: "([\d:]+)", endOnFailure: true \} \}\);$/;
  const [, seed, path] = call.exec(first.message) ?? [];
  expect(path).toBeDefined();

  const parameters = { seed: Number(seed), path: path ?? "", endOnFailure: true };
  const again = await failureOf(assertScenario(threeStrikes(200), { parameters }));
  expect(again.steps).toEqual(first.steps);
});

test("fast-check's shrinking alone brings a tape down to what matters", async () => {
  const scenario = threeStrikes(300, () => Promise.resolve());
  const failure = await failureOf(assertScenario(scenario, { shrinkRunsMax: 0 }));

  // Three strikes, each at its lowest; fast-check knows no labels to move them to the first.
  expect(failure.steps.map(({ label, value }) => `${label} ${value}`)).toEqual([
    "strike 40",
    "strike 40",
    "strike 40",
  ]);
});

test("what fails when everything is harmless fails before the first tape", async () => {
  const failure = await failureOf(assertScenario(lock([0, 0], 2)));
  expect(failure.message).toContain("fast-check, before the first tape");
  expect(failure.steps).toEqual([]);
});

test("a scenario that fails only once is told as one", async () => {
  let runs = 0;
  const scenario: Scenario = {
    name: "moody",
    run(play): void {
      play.pick(3, "mood");
      if (runs++ === 5) throw new Error("bad day");
    },
  };
  const failure = await failureOf(assertScenario(scenario));
  expect(failure.isRepeatable).toBe(false);
  expect(failure.cause).toEqual(new Error("bad day"));
});

test("tapes are mostly harmless, and no longer than they may be", () => {
  const sampled = fc.sample(tapes({ tapeLengthMax: 80 }), 500);
  const answers = sampled.flat();

  expect(Math.max(...sampled.map((tape) => tape.length))).toBeLessThanOrEqual(80);
  expect(answers.filter((answer) => answer === 0).length / answers.length).toBeGreaterThan(0.85);
  expect(answers.some((answer) => answer > 2 ** 20)).toBe(true);
  expect(fc.sample(tapes({ stepsMax: 0 }), 20).flat()).toEqual([]);
});

test("every number of a tape is an answer, 0 the harmless one and no other", () => {
  const questions = fc.array(fc.integer({ min: 2, max: 2_000 }));
  fc.assert(
    fc.property(tapes({ tapeLengthMax: 30 }), questions, (tape, counts) => {
      const play = new Play(fromLooseTape(tape));
      for (const [at, count] of counts.entries()) {
        const value = play.pick(count, "any");
        expect(value).toBeLessThan(count);
        expect(value === 0).toBe((tape[at] ?? 0) === 0);
      }
      const again = new Play(fromLooseTape(play.tape));
      for (const count of counts) again.pick(count, "any");
      expect(again.tape).toEqual(play.tape);
      expect(fromLooseTape([7]).pick(1, "no choice")).toBe(0);
    }),
  );
});

test("a tape's numbers reach every answer that is not harmless", () => {
  for (const count of [2, 3, 7]) {
    const values = Array.from({ length: 20 }, (_, at) =>
      fromLooseTape([at + 1]).pick(count, "any"),
    );
    const others = Array.from({ length: count - 1 }, (_, at) => at + 1);
    expect([...new Set(values)].toSorted()).toEqual(others);
  }
});

test("in a property of one's own, a tape drives a scenario as well", async () => {
  const property = fc.asyncProperty(
    tapes(),
    fc.integer({ min: 1, max: 5 }),
    async (tape, charges) => {
      const choices = fromLooseTape(tape);
      const play = new Play(choices, { isNoting: false });
      await bank(charges, true).run(play);
      await checkScenario(bank(charges, true), { tape: play.tape });
    },
  );
  await expect(fc.check(property)).resolves.toMatchObject({ failed: false });
});

test("Options that do not exist, or cannot be, are refused by name", async () => {
  const refused = assertScenario(bank(1), { seeds: 5 } as AssertOptions);
  await expect(refused).rejects.toThrow("option_unknown: seeds");
  expect(() => tapes({ tapeLengthMax: 0 })).toThrow("option_invalid: tapeLengthMax");
});
