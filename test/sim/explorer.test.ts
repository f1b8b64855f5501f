import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { LITERAL_DEFAULTS, UsageError } from "../../src/core/index.ts";
import {
  explore,
  type ExploreOptions,
  fingerprint,
  HARMLESS,
  Pair,
  type PairOptions,
  type PipeKind,
  seeded,
} from "../../src/sim/index.ts";
import { branch, Memory } from "../../src/sim/explore/memory.ts";
import { CONFIGURATIONS, configurationNamed } from "./configurations.ts";
import { exploreWith, PLANTED_BUGS } from "./planted-bugs.ts";
import { plant } from "./planting.ts";
import { exploreCommand, goWay, readWay } from "./way.ts";

const MINUTE_MS = 60_000;

describe("every reachable state keeps the promises, and comes to rest without further harm", () => {
  const quick = CONFIGURATIONS.filter(({ isQuick }) => isQuick);
  test.each(quick)("$name: $about", { timeout: 5 * MINUTE_MS }, ({ options, marks }) => {
    const found = explore(new Pair(options));

    expect(found.failure).toBeUndefined();
    expect(found.isExhausted).toBe(true);
    expect(found.restStates).toBeGreaterThan(0);
    expect(found.states).toBeGreaterThan(400);
    for (const mark of marks) expect.soft(found.marks.get(mark) ?? 0, mark).toBeGreaterThan(0);
  });
});

describe("the explorer finds planted bugs", () => {
  test.each(PLANTED_BUGS)("$name", { timeout: 5 * MINUTE_MS }, (bug) => {
    const { failure } = exploreWith(bug);

    expect(failure?.message).toMatch(bug.symptom);
    const { trace = [], circle = [] } = failure ?? {};
    // Short enough to be read, and it leads there.
    expect(trace.length + circle.length).toBeGreaterThan(0);
    expect(trace.length).toBeLessThanOrEqual(25);

    const uproot = plant([bug]);
    try {
      const { broken, restSteps } = goWay(bug.options, [...trace, ...circle]);
      if (circle.length === 0) expect(String(broken)).toMatch(bug.symptom);
      else expect(restSteps).toBeUndefined();
    } finally {
      uproot();
    }
  });
});

describe("the explorer", () => {
  test("refuses options with waits of many lengths, as times would not be told apart exactly", () => {
    expect(() => explore(new Pair({}))).toThrow("rtoMinMs equal to rtoMaxMs");
  });

  test("says when it has not tried everything", () => {
    const { options } = configurationNamed("one-loss");

    const found = explore(new Pair(options), { statesMax: 100 });

    expect(found.isExhausted).toBe(false);
    expect(found.failure).toBeUndefined();
  });

  test("finds a state that is too far away from rest", () => {
    const { options } = configurationNamed("parts");

    const { failure } = explore(new Pair(options), { restStepsMax: 3 });

    const [, count] =
      /a state is (\d+) harmless steps away from rest/.exec(failure?.message ?? "") ?? [];
    expect(Number(count)).toBeGreaterThan(3);
    const { trace = [] } = failure ?? {};
    expect(goWay(options, trace).restSteps).toBe(Number(count));
  });

  test("remembers of cores what they do themselves, on any way", () => {
    const names = ["one-loss", "parking", "giving-up", "resuming", "closing", "pipe", "stream"];
    for (const name of names) {
      const { options } = configurationNamed(name);
      for (let seed = 0; seed < 12; seed++) {
        const choices = seeded(seed);
        const memory = new Memory();
        let remembered = new Pair(options);
        memory.adopt(remembered);
        const pair = new Pair(options);
        for (let count = 0; count < 40; count++) {
          const steps = pair.steps();
          const labels = steps.map(({ label }) => label);
          expect(remembered.steps().map(({ label }) => label)).toEqual(labels);
          if (steps.length === 0) break;
          const at = choices.pick(steps.length, "step");
          remembered = branch(remembered);
          remembered.apply(remembered.steps()[at] ?? expect.unreachable());
          pair.apply(steps[at] ?? expect.unreachable());
          expect(fingerprint(remembered)).toBe(fingerprint(pair));
        }
      }
    }
  });

  test("prints a command that a shell takes apart into the way that it goes again", () => {
    const kinds = new Set<string>();
    for (const name of ["one-loss", "resuming", "giving-up"]) {
      const { options } = configurationNamed(name);
      for (let seed = 0; seed < 8; seed++) {
        const choices = seeded(seed);
        const pair = new Pair(options);
        const labels: string[] = [];
        for (let count = 0; count < 40 && pair.steps().length > 0; count++) {
          const step = pair.step(choices) ?? expect.unreachable();
          labels.push(step.label);
          kinds.add(step.kind);
        }
        const command = exploreCommand(name, labels).replace("npm run explore --", "");
        const words = execFileSync("sh", ["-c", String.raw`printf "%s\n" ${command}`], {
          encoding: "utf8",
        });
        const [ofName, flag, text = ""] = words.split("\n");

        expect([ofName, flag]).toEqual([name, "--replay"]);
        const { prints, chart } = goWay(options, readWay(text));
        expect(prints.at(-1)).toBe(fingerprint(pair));
        expect(chart).toContain("request 1");
      }
    }
    for (const kind of ["fail", "lose", "reload", "timer"]) expect(kinds).toContain(kind);
  });

  test("takes a pair from wherever it is", () => {
    const pair = new Pair(configurationNamed("timers-at-will").options);
    pair.drive(HARMLESS);

    const found = explore(pair);

    expect(found.isExhausted).toBe(true);
    expect(found.states).toBeLessThan(1_000);
    expect(found.restStates).toBeGreaterThan(0);
  });
});

test.each([
  ["option_unknown: loses", () => new Pair({ loses: 1 } as PairOptions)],
  ["option_invalid: losses", () => new Pair({ losses: -1 })],
  ["option_invalid: a timer of timersExcluded", () => new Pair({ timersExcluded: ["silense"] })],
  ["option_invalid: pipes", () => new Pair({ pipes: ["socket" as PipeKind] })],
  ["option_invalid: pipeBreaks", () => new Pair({ pipeBreaks: -1 })],
  ["option_invalid: clockStepMs", () => new Pair({ clockStepMs: 0 })],
  ["option_invalid: an exploration needs", () => explore(new Pair({}))],
  [
    "option_invalid: the literal procedure is not explored",
    () => explore(new Pair({ client: { literal: LITERAL_DEFAULTS } })),
  ],
  ["option_invalid: statesMax", () => explore(new Pair({}), { statesMax: -5 })],
  ["option_unknown: states", () => explore(new Pair({}), { states: 5 } as Partial<ExploreOptions>)],
])("An option that would change nothing, or cannot be, is refused: %s", (message, use) => {
  expect(use).toThrow(UsageError);
  expect(use).toThrow(message);
});
