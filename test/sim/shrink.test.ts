import { describe, expect, test } from "vitest";
import {
  checkScenario,
  formatSteps,
  type Play,
  type Scenario,
  ScenarioFailure,
  type LabelledStep,
} from "../../src/sim/index.ts";
import { lock, threeStrikes } from "./toys.ts";

type Options = Parameters<typeof checkScenario>[1];

async function shrunk(scenario: Scenario, options: Options = {}): Promise<ScenarioFailure> {
  const error = await checkScenario(scenario, options).catch((reason: unknown) => reason);
  if (!(error instanceof ScenarioFailure)) throw error;
  return error;
}

function scenarioOf(run: (play: Play) => void): Scenario {
  return { name: "toy", run };
}

function runsOf({ message }: ScenarioFailure): number {
  return Number(/shrunk in (\d+) runs/.exec(message)?.[1]);
}

describe("shrinking", () => {
  test("brings thousands of answers down to the one that matters", async () => {
    const strikes = scenarioOf((play) => {
      let count = 0;
      for (let question = 0; question < 4_000; question++) {
        play.pick(1_000, "noise");
        if (play.pick(10_000, "strike") === 9_999) count++;
      }
      if (count >= 1) throw new Error("struck");
    });
    const failure = await shrunk(strikes, { seeds: 1_000 });

    expect(formatSteps(failure.steps)).toBe("strike = 9999");
    expect(failure.message).toMatch(/One step of [78]\d{3}, shrunk in/);
    expect(failure.isMinimal).toBe(true);
    expect(runsOf(failure)).toBeLessThan(120);
  });

  test("keeps what matters together", async () => {
    const failure = await shrunk(threeStrikes(3_000));

    expect(formatSteps(failure.steps)).toBe("strike = 40\nstrike #2 = 40\nstrike #3 = 40");
    expect(failure.isMinimal).toBe(true);
  });

  test("finds pairs that only fail together, far apart", async () => {
    const pair = scenarioOf((play) => {
      const picked = Array.from({ length: 2_000 }, (_, at) => play.pick(2, `switch ${at}`));
      if (picked[100] === 1 && picked[1_900] === 1) throw new Error("both");
    });
    const failure = await shrunk(pair);

    expect(formatSteps(failure.steps)).toBe("switch 100 = 1\nswitch 1900 = 1");
    expect(runsOf(failure)).toBeLessThan(200);
  });

  test("tries whether everything harmless fails as well", async () => {
    const always = scenarioOf((play) => {
      play.pick(1_000, "any");
      throw new Error("always");
    });
    const failure = await shrunk(always);

    expect(failure.steps).toEqual([]);
    expect(failure.message).toContain("No steps: it fails when everything is harmless.");
  });

  test("does not slip from one failure into another", async () => {
    const two = scenarioOf((play) => {
      const [early, late] = [play.pick(100, "early"), play.pick(100, "late")];
      if (early > 50 && late > 50) throw new Error(`both are large: ${early} and ${late}`);
      if (early > 20) throw new TypeError(`early alone: ${early}`);
    });
    // The first seed that fails in the rarer way.
    let rare: ScenarioFailure | undefined;
    for (let seed = 1; seed < 50 && rare === undefined; seed++) {
      const error = await checkScenario(two, { seeds: 1, firstSeed: seed }).catch(
        (reason: unknown) => reason,
      );
      if (error instanceof ScenarioFailure && !(error.cause instanceof TypeError)) rare = error;
    }

    expect(rare?.steps).toEqual([
      { label: "early", occurrence: 1, value: 51 },
      { label: "late", occurrence: 1, value: 51 },
    ] satisfies LabelledStep[]);
    expect(rare?.cause).toEqual(new Error("both are large: 51 and 51"));
  });

  test("tells codes of the same error apart, and takes numbers and quotes for the same", async () => {
    const coded = scenarioOf((play) => {
      const value = play.pick(100, "value");
      if (value === 0) return;
      const code = value >= 30 ? "too_large" : "too_small";
      throw Object.assign(new Error(`got '${value}' of ${value}`), { code });
    });
    let large: ScenarioFailure | undefined;
    for (let seed = 1; seed < 50 && large === undefined; seed++) {
      const failure = await shrunk(coded, { firstSeed: seed });
      if ((failure.cause as { code?: string }).code === "too_large") large = failure;
    }

    expect(formatSteps(large?.steps ?? [])).toBe("value = 30");
  });

  test("moves a fault to the first of its subjects that fails", async () => {
    const subjects = scenarioOf((play) => {
      for (let order = 1; order <= 200; order++) {
        const isLost = play.pick(2, `order ${order} of 3 is lost`, 20) === 1;
        if (isLost && order >= 12) throw new Error(`order ${order} is gone`);
      }
    });
    expect(formatSteps((await shrunk(subjects)).steps)).toBe("order 12 of 3 is lost = 1");
  });

  test("ends at its limit of runs, and says that there may be less", async () => {
    const all = await shrunk(threeStrikes(500));
    const some = await shrunk(threeStrikes(500), { shrinkRunsMax: 4 });
    const none = await shrunk(threeStrikes(500), { shrinkRunsMax: 0 });

    expect(all.message).not.toContain("it may have fewer");
    expect(some.isMinimal).toBe(false);
    expect(some.message).toContain("it may have fewer, shrinking has reached its limit");
    expect(runsOf(some)).toBe(4);
    expect(none.steps.length).toBeGreaterThan(some.steps.length);
    expect(some.steps.length).toBeGreaterThan(all.steps.length);
  });

  test("ends at its limit of work, and by a clock where there is one", async () => {
    const work = await shrunk(threeStrikes(500), { shrinkPicksMax: 1 });
    expect(work.isMinimal).toBe(false);
    expect(runsOf(work)).toBeNaN();

    let nowMs = 0;
    const late = await shrunk(threeStrikes(500), { nowMs: () => nowMs++, shrinkMsMax: 5 });
    expect(late.isMinimal).toBe(false);
    expect(runsOf(late)).toBe(5);
  });

  test("does not follow a smaller run that has lost its end", async () => {
    let longest = 0;
    const loop = scenarioOf((play) => {
      const turnsMax = play.pick(2, "ends") === 1 ? 10 : Infinity;
      for (let turns = 0; turns < turnsMax; turns++) {
        play.pick(3, "turn");
        longest = Math.max(longest, turns);
      }
      throw new Error("ended");
    });
    let seed = 1;
    while ((await shrunk(loop, { seeds: 1, firstSeed: seed, picksMax: 50 })).steps.length !== 1)
      seed++;

    longest = 0;
    const failure = await shrunk(loop, { seeds: 1, firstSeed: seed });
    expect(formatSteps(failure.steps)).toBe("ends = 1");
    expect(longest).toBeLessThan(2_000);
  });

  test("gives the same steps each time", async () => {
    const [first, second] = [
      await shrunk(lock([1, 1, 0, 1], 2)),
      await shrunk(lock([1, 1, 0, 1], 2)),
    ];
    expect(second.message).toBe(first.message);
    expect(formatSteps(first.steps, "; ")).toBe("wheel 1 = 1; wheel 2 = 1; wheel 4 = 1");
  });
});

describe("the message", () => {
  test("says all that is known, and how to play it again", async () => {
    const shop = scenarioOf((play) => {
      const limit = play.expand("limit", 3 + play.pick(5, "limit"));
      play.expand("names", ["a", "b"]);
      const kind = limit > 3 ? "quick" : "slow";
      play.expand("wait", { ms: Infinity, of: { kind, body: new Uint8Array(3) } });
      play.showParties("buyer", "shop");
      for (let order = 1; order <= 10; order++) {
        play.note(order, "buyer", `order ${order}`, "shop");
        if (play.happens("doubled", `order ${order} comes twice`, 300)) {
          play.note(order, "shop", "takes two");
          throw new Error(`two of ${limit}`);
        }
      }
    });
    const failure = await shrunk(shop, { firstSeed: 4, chartColumnsMax: 50 });

    expect(failure.message).toBe(`Scenario "toy" fails (seed 4): Error: two of 3

Options of this run:
  limit: 3   (seed 4: 7)
  names: ["a", "b"]
  wait: { ms: Infinity, of: { kind: "slow",
      body: Uint8Array(3 bytes) } }   (seed 4: of.kind "quick")

One step of 2, shrunk in 6 runs; everything else is harmless:
  order 1 comes twice = 1

What happened:
         ms  buyer                              shop
          1  |-- order 1 ------------------------->|
          1  |                           takes two *

To play it again:
  await checkScenario(scenario, { steps: "order 1 comes twice = 1" });`);
    expect(Object.fromEntries(failure.options)).toMatchObject({ limit: 3 });
    expect(failure.notes).toHaveLength(3);
    const printed = ["name", "code", "scenario", "seed", "isMinimal", "isRepeatable"];
    expect(Object.keys(failure).toSorted()).toEqual(printed.toSorted());
  });

  test("takes another command in the place of its own", async () => {
    const replay = ({
      scenario,
      seed,
      steps,
    }: {
      scenario: string;
      seed: number | undefined;
      steps: readonly LabelledStep[];
    }) => `run ${scenario} --seed ${seed} --steps '${formatSteps(steps, "; ")}'`;
    const failure = await shrunk(lock([1, 0, 1], 2), { replay });

    expect(failure.message).toMatch(
      /To play it again:\n {2}run lock --seed \d+ --steps 'wheel 1 = 1; wheel 3 = 1'$/,
    );
  });

  test.each([
    ["a list after a colon", (names: string[]) => `missing: ${names.join(", ")}`],
    ["a list with `and`", (names: string[]) => `missing: ${names.join(" and ")}`],
    ["a list in brackets", (names: string[]) => `[[${names.join("], [")}]] are missing from it`],
    ["names in quotes", (names: string[]) => `"${names.join(" ")}" are missing from it`],
    ["lines below", (names: string[]) => `some are missing\n  ${names.join("\n  ")}`],
  ])("takes failures for the same that differ in %s", async (_name, message) => {
    const absent = scenarioOf((play) => {
      const names = ["ann", "bob", "eve", "joe"].filter((name) => play.pick(2, name) === 1);
      if (names.length > 0) throw new Error(message(names));
    });
    const failure = await shrunk(absent, { tape: [1, 1, 1, 1] });
    expect(failure.message).toContain("of 4, shrunk in");
    expect(failure.steps).toHaveLength(1);
  });

  test.each([
    ["words after a colon", "bank: charged ann twice", "bank: forgot to charge ann"],
    ["words in front of it", "doubled: ann", "missing: ann"],
  ])("takes failures for others that differ in %s", async (_name, both, one) => {
    const failing = scenarioOf((play) => {
      const [first, second] = [play.pick(2, "first"), play.pick(2, "second")];
      if (first + second > 0) throw new Error(first + second === 2 ? both : one);
    });
    const { steps, cause } = await shrunk(failing, { tape: [1, 1] });
    expect(cause).toMatchObject({ message: both });
    expect(steps).toHaveLength(2);
  });

  test("writes many steps as lines that can be put into a test", async () => {
    const label = (at: number) => `the \`switch\` \${number} ${"x".repeat(at)}`;
    const many = scenarioOf((play) => {
      const all = Array.from({ length: 5 }, (_, at) => play.pick(2, label(at)));
      if (!all.includes(0)) throw new Error("all");
    });
    const failure = await shrunk(many);
    const call = /await checkScenario\(scenario, \{ steps: `([^]*)` \}\);$/.exec(
      failure.message,
    )?.[1];
    const text = (call ?? "").replaceAll(/^ {2}/gm, "").replaceAll(/\\([\\`]|\$\{)/g, "$1");

    const again = await shrunk(many, { steps: text });
    expect(again.steps).toEqual(failure.steps);
    expect(failure.steps).toHaveLength(5);
  });

  test("has bounds", async () => {
    const vast = scenarioOf((play) => {
      const all = Array.from({ length: 300 }, (_, at) => {
        play.expand(`option ${at}`, "value ".repeat(100));
        play.note(at, `party ${at % 3}`, `says ${at} `.repeat(100));
        return play.pick(2, `switch ${at}`, 999);
      });
      if (all.filter((each) => each === 1).length > 250) throw new Error("many ".repeat(1_000));
    });
    const { message } = await shrunk(vast);

    expect(message.length).toBeLessThan(30_000);
    expect(message).toMatch(/\n {2}\.\.\. and 151 more\n/);
    expect(message).toMatch(/\n {2}\.\.\. and \d+ lines more\n/);
    expect(message).toContain("... 240 rows left out ...");
  });

  test.each([
    ["text", "text"],
    [undefined, "undefined"],
    [{ code: 1 }, "{ code: 1 }"],
    [[1, null, "two", () => 3, new Map()], '[1, null, "two", [function ], Map {}]'],
  ])("shows what was thrown and is no error: %s", async (thrown, shown) => {
    const thrower = scenarioOf((): void => {
      throw thrown;
    });
    const failure = await shrunk(thrower);
    expect(failure.message).toContain(`fails (seed 1): ${shown}\n`);
    expect(failure.cause).toBe(thrown);
  });
});
