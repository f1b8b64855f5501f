import { describe, expect, test } from "vitest";
import {
  type ChartLimits,
  type CheckOptions,
  checkScenario,
  type Choices,
  describePlay,
  drawChart,
  exploreScenario,
  formatSteps,
  Play,
  type PlayOptions,
  playScenario,
  type Scenario,
  ScenarioError,
  ScenarioFailure,
  seeded,
} from "../../src/sim/index.ts";
import { bank, lock, threeStrikes } from "./toys.ts";

/** What a rejected promise was rejected with. */
async function failureOf(running: Promise<unknown>): Promise<ScenarioFailure> {
  const error = await running.then(
    () => new Error("it passed"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ScenarioFailure)) throw error;
  return error;
}

describe("seeds", () => {
  test("find a double charge, and shrink it to the one answer that was lost", async () => {
    const failure = await failureOf(checkScenario(bank(10)));

    expect(failure.scenario).toBe("bank");
    expect(failure.seed).toBeGreaterThan(0);
    expect(failure.isMinimal).toBe(true);
    expect(failure.isRepeatable).toBe(true);
    expect(formatSteps(failure.steps)).toBe("answer 1 is lost = 1");
    expect(failure.cause).toEqual(new Error("charge 1 was booked 2 times"));
  });

  test("pass what is right, and say how much they have met", async () => {
    const marks = ["answer lost", "request lost", "retried"];
    const summary = await checkScenario(bank(10, true), { seeds: 200, firstSeed: 7, marks });

    expect(summary.runs).toBe(200);
    expect(summary.picks).toBeGreaterThan(200 * 31 - 1);
    expect(summary.marks.get("answer lost")).toBeGreaterThan(10);
  });

  test("refuse to be content when a mark was never met", async () => {
    const checking = checkScenario(bank(1, true), {
      marks: ["retried", "server restarts"],
      seeds: 200,
    });
    await expect(checking).rejects.toMatchObject({
      name: "ScenarioError",
      code: "marks_not_met",
      message: expect.stringMatching(/^marks_not_met: server restarts: never met in 200 runs/),
    });
  });

  test("go from the first to the last, each once", async () => {
    const drawn: number[] = [];
    const scenario: Scenario = {
      name: "draws",
      run(play): void {
        drawn.push(play.pick(1_000_000, "number"));
      },
    };
    await checkScenario(scenario, { seeds: 3, firstSeed: 40 });

    expect(drawn).toEqual([40, 41, 42].map((seed) => seeded(seed).pick(1_000_000, "number")));
  });

  test.each([
    { seeds: 0 },
    { seeds: 1.5 },
    { firstSeed: -1 },
    { firstSeed: Number.NaN },
    { steps: "", tape: [] },
    { seeds: 3, firstSeed: 2 ** 32 - 2 },
    { picksMax: 0 },
    { marks: "lost" },
    { tape: [1, -1] },
    { steps: [{ label: "lost", occurrence: 1 }] },
    { replay: "npm test" },
    { shrinkRunsMax: -1 },
    { chartRowsMax: 0 },
    "seeds: 5",
  ])("refuse %j", async (options) => {
    const checking = checkScenario(bank(1), options as CheckOptions);
    await expect(checking).rejects.toMatchObject({ name: "UsageError", code: "option_invalid" });
  });

  test("take the last seed that there is", async () => {
    const options = { seeds: 2, firstSeed: 2 ** 32 - 2 };
    await expect(checkScenario(bank(1, true), options)).resolves.toMatchObject({ runs: 2 });
  });

  test("stop a run that asks without end, and say where", async () => {
    const scenario: Scenario = {
      name: "endless",
      run(play): void {
        while (play.pick(2, "again") === 0);
      },
    };
    const failure = await failureOf(checkScenario(scenario, { picksMax: 2, seeds: 50 }));
    expect(failure.cause).toMatchObject({ code: "picks_too_many" });
    expect(failure.message).toContain("the next: again");
    expect(failure.steps).toEqual([]);
  });
});

describe("options", () => {
  const wrong = { seedz: 5 } as CheckOptions;
  const play = new Play(seeded(1));

  test.each([
    ["checkScenario", () => checkScenario(bank(1), wrong)],
    ["playScenario", () => playScenario(bank(1), {}, wrong)],
    ["playScenario's driver", () => playScenario(bank(1), wrong)],
    ["exploreScenario", () => exploreScenario(bank(1), wrong)],
    ["Play", async () => new Play(seeded(1), wrong as PlayOptions)],
    ["drawChart", async () => drawChart(play, wrong as ChartLimits)],
  ])("of %s that do not exist are refused by name", async (_name, use) => {
    await expect(use()).rejects.toMatchObject({
      name: "UsageError",
      message: "option_unknown: seedz",
    });
  });

  test("of playScenario and exploreScenario have their ranges", async () => {
    const refusal = { code: "option_invalid" };
    await expect(playScenario(bank(1), { seed: -3 })).rejects.toMatchObject(refusal);
    const choices = {} as Choices;
    await expect(playScenario(bank(1), { choices })).rejects.toMatchObject(refusal);
    await expect(exploreScenario(bank(1), { runsMax: 0 })).rejects.toMatchObject(refusal);
    const missing = undefined as unknown as Scenario;
    await expect(checkScenario(missing)).rejects.toMatchObject(refusal);
  });

  test.each([0, 2.5, -1, Number.NaN])("of which there are %d cannot be picked from", (count) => {
    expect(() => play.pick(count, "size")).toThrow('option_invalid: the count of "size" is');
  });

  test("are picked as often as can be", () => {
    expect(() => play.pick(2, "size", 1_001)).toThrow('option_invalid: the permille of "size" is');
    expect(() => play.happens("lost", "it is lost", Number.NaN)).toThrow("option_invalid");
  });
});

describe("a tape", () => {
  test("plays a run again, and beyond its end all is harmless", async () => {
    const first = new Play(seeded(3), { isNoting: false });
    await bank(10, true).run(first);
    const again = await playScenario(bank(10, true), { tape: first.tape });
    const harmless = await playScenario(bank(10, true), { tape: [] });

    expect(again.picked).toEqual(first.picked);
    expect([...again.marks]).toEqual([...first.marks]);
    expect(harmless.tape.every((value) => value === 0)).toBe(true);
    await expect(checkScenario(bank(10, true), { tape: first.tape })).resolves.toMatchObject({
      runs: 1,
    });
  });

  test("that fails is told in labelled steps, the fewest", async () => {
    const failure = await failureOf(checkScenario(bank(2), { tape: [2, 7, 0, 0, 9, 0, 1] }));
    expect(formatSteps(failure.steps)).toBe("answer 1 is lost = 1");
    expect(failure.message).toMatch(
      /One step of 4, shrunk in \d+ runs; everything else is harmless/,
    );
  });
});

describe("steps", () => {
  test("that were printed fail again, as they stand", async () => {
    const failure = await failureOf(checkScenario(bank(10)));
    const steps = formatSteps(failure.steps);

    const again = await failureOf(checkScenario(bank(10), { steps }));
    expect(again.cause).toMatchObject({ message: (failure.cause as Error).message });
    expect(formatSteps(again.steps)).toBe(steps);
    expect(again.message).toContain("One step; everything else is harmless");
  });

  test("are not shrunk, and pass where the bug is mended", async () => {
    const steps = "delay = 7; answer 2 is lost = 1";
    const failure = await failureOf(checkScenario(bank(3), { steps }));
    expect(formatSteps(failure.steps, "; ")).toBe(steps);

    await expect(checkScenario(bank(3, true), { steps })).resolves.toMatchObject({ runs: 1 });
  });

  test.each([
    [
      "answer 9 is lost = 1",
      /never asked for: answer 9 is lost = 1\. similar .*: answer 1 is lost;/,
    ],
    ["answer 1 is lost #2 = 1", /never asked for: answer 1 is lost #2 = 1/],
    ["currency = 3", /not so many answers: currency = 3/],
    [
      "charge 1 is  lost = 1",
      /never asked for: charge 1 is {2}lost = 1. similar .*: charge 1 is lost/,
    ],
    ["answer 1 is lots = 1", /never asked for: answer 1 is lots = 1. similar .*: answer 1 is lost/],
    ["anzwer 3 is lot = 1", /never asked for: .* similar [^;]*: answer 3 is lost/],
    ["nothing like it = 1", /never asked for: nothing like it = 1$/],
  ])("that are stale are refused: %s", async (steps, message) => {
    const checking = checkScenario(bank(3, true), { steps });
    await expect(checking).rejects.toMatchObject({ code: "steps_stale" });
    await expect(checking).rejects.toThrow(message);
  });
});

describe("every way", () => {
  test("is tried exactly once", async () => {
    const met: string[] = [];
    const scenario: Scenario = {
      name: "branching",
      run(play): void {
        const first = play.pick(3, "first");
        const second = first === 1 ? play.pick(2, "second") : 0;
        met.push(`${first}${second}${play.pick(2, "third")}`);
      },
    };
    const summary = await exploreScenario(scenario);

    expect(met).toEqual(["000", "001", "100", "101", "110", "111", "200", "201"]);
    expect(summary).toMatchObject({ runs: 8, isExhaustive: true, depth: 3 });
  });

  test("finds the one combination of all, and no other opens", async () => {
    const failure = await failureOf(exploreScenario(lock([2, 0, 1, 2], 3)));
    expect(formatSteps(failure.steps, "; ")).toBe("wheel 1 = 2; wheel 3 = 1; wheel 4 = 2");
    expect(failure.message).toContain("way 60 of all");

    const summary = await exploreScenario(lock([3, 0, 0, 0], 3));
    expect(summary).toMatchObject({ runs: 81, isExhaustive: true });
  });

  test("can mean with no more than so many steps", async () => {
    // 1 + 4 * 2 + 6 * 4: none, one, or two of four wheels turned to one of two places.
    const summary = await exploreScenario(lock([3, 0, 0, 0], 3), { stepsMax: 2 });
    expect(summary).toMatchObject({ runs: 33, isExhaustive: true });

    await failureOf(exploreScenario(lock([2, 0, 1, 2], 3), { stepsMax: 3 }));
    await exploreScenario(lock([2, 0, 1, 2], 3), { stepsMax: 2 });
  });

  test.each([
    [{ runsMax: 80 }, 80, false],
    [{ runsMax: 81 }, 81, true],
    [{ depthMax: 3 }, 27, false],
    [{ depthMax: 4 }, 81, true],
  ])("says with %j whether it was every way", async (options, runs, isExhaustive) => {
    const summary = await exploreScenario(lock([3, 0, 0, 0], 3), options);
    expect(summary).toMatchObject({ runs, isExhaustive });
  });

  test("wants its marks as well", async () => {
    const marks = ["answer lost", "request lost", "retried"];
    const options = { stepsMax: 1, marks };
    await expect(exploreScenario(bank(2, true), options)).resolves.toMatchObject({
      isExhaustive: true,
    });

    const exploring = exploreScenario(bank(2, true), { stepsMax: 0, marks });
    await expect(exploring).rejects.toMatchObject({ code: "marks_not_met" });
  });

  test("notices a scenario that asks otherwise the second time", async () => {
    let runs = 0;
    const scenario: Scenario = {
      name: "forgetful",
      run(play): void {
        play.pick(2, `question of run ${runs++}`);
      },
    };
    await expect(exploreScenario(scenario)).rejects.toMatchObject({ code: "not_repeatable" });
  });
});

test("a scenario with promises has the same seed, the same failure and the same steps", async () => {
  const sync = await failureOf(checkScenario(threeStrikes(500)));
  const async = await failureOf(checkScenario(threeStrikes(500, () => Promise.resolve())));

  expect(async.seed).toBe(sync.seed);
  expect(async.steps).toEqual(sync.steps);
  expect(async.message).toBe(sync.message);
});

test("a failure that does not repeat is told as what it is", async () => {
  let runs = 0;
  const scenario: Scenario = {
    name: "moody",
    run(play): void {
      play.pick(5, "mood");
      if (runs++ === 0) throw new Error("bad day");
    },
  };
  const failure = await failureOf(checkScenario(scenario, { seeds: 1 }));

  expect(failure.isRepeatable).toBe(false);
  expect(failure.message).toMatch(/something else than `play\.pick` decides/);
  expect(failure.message).toContain("bad day");
});

test("a failure that the last run, which is noted, does not repeat is told as found", async () => {
  const scenario: Scenario = {
    name: "shy",
    run(play): void {
      if (!play.isNoting && play.pick(5, "mood") > 0) throw new Error("watched by nobody");
    },
  };
  const failure = await failureOf(checkScenario(scenario));

  expect(failure.isRepeatable).toBe(false);
  expect(failure.cause).toEqual(new Error("watched by nobody"));
});

test("a run that passed can be read as well", async () => {
  const play = await playScenario(bank(1, true), { steps: "currency = 2; answer 1 is lost = 1" });
  expect(describePlay(play, { chartColumnsMax: 60 })).toBe(
    `Options of this run:
  currency: pounds

Steps, 2 of 7 decisions:
  currency = 2
  answer 1 is lost = 1

Marks:
  answer lost: 1
  retried: 1

What happened:
         ms  client                                     server
          0  |-- charge 1 ------------------------- +20 ms ->|
         20  |                                       books 1 *
         20  | lost X------------------------------ booked --|
        100  |-- charge 1 ------------------------- +20 ms ->|
        120  |                                       books 1 *
        120  |<- +20 ms --------------------------- booked --|`,
  );
});

test("errors of the kind say what they are", () => {
  expect(new ScenarioError("steps_stale", "why")).toMatchObject({ message: "steps_stale: why" });
});
