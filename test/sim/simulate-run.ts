// What `npm run simulate` does; simulate.ts says how it is called.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { UsageError } from "../../src/core/index.ts";
import {
  checkScenario,
  type CheckSummary,
  describePlay,
  exploreScenario,
  type ExploreScenarioSummary,
  playScenario,
  type RunOptions,
  type Scenario,
  ScenarioError,
  ScenarioFailure,
} from "../../src/sim/index.ts";
import { integerFrom, NumberError } from "../numbers.ts";
import { simulateCommand } from "./simulate-command.ts";
import { playStepsFile, readStepsFile } from "./steps-file.ts";

/** What was asked for cannot be done. */
class CommandLineError extends Error {}

/** What becomes of it: what is printed, and the status that the program exits with. */
export interface Simulated {
  readonly status: 0 | 1 | 2;
  readonly text: string;
}

/** Plays what the words say, of these scenarios. */
export async function simulate(
  words: readonly string[],
  scenarios: ReadonlyMap<string, Scenario>,
): Promise<Simulated> {
  try {
    return { status: 0, text: await carryOut(words, scenarios) };
  } catch (error) {
    if (error instanceof ScenarioFailure) {
      return { status: 1, text: `${error.message}\n\n${stackOf(error.cause)}` };
    }
    const isAsked = [ScenarioError, UsageError, NumberError, CommandLineError].some(
      (kind) => error instanceof kind,
    );
    if (!isAsked) throw error;
    return { status: 2, text: `simulate: ${(error as Error).message}` };
  }
}

async function carryOut(
  words: readonly string[],
  scenarios: ReadonlyMap<string, Scenario>,
): Promise<string> {
  const { values, positionals } = readWords(words);
  const [name = "", ...others] = positionals;
  if (others.length > 0) throw new CommandLineError(`one at a time, not ${others.join(", ")} too`);
  const chart = {
    chartRowsMax: integerFrom(values.rows, "--rows", 1),
    chartColumnsMax: integerFrom(values.columns, "--columns", 40),
  };
  const limits = { ...chart, nowMs: () => performance.now(), shrinkMsMax: 60_000 };
  const options: RunOptions = { ...limits, replay: simulateCommand };
  if (name.endsWith(".steps")) {
    const file = readStepsFile(readText(name));
    const scenario = scenarioNamed(file.scenario, scenarios);
    return describePlay(await playStepsFile(scenario, file, options), chart);
  }
  const scenario = scenarioNamed(name, scenarios);
  if (values.ways !== undefined) {
    const runsMax = integerFrom(values.ways, "--ways", 1);
    const stepsMax =
      values.faults === undefined ? Infinity : integerFrom(values.faults, "--faults", 0);
    return summaryText(await exploreScenario(scenario, { ...options, runsMax, stepsMax }));
  }
  const seed = values.seed === undefined ? undefined : integerFrom(values.seed, "--seed", 0);
  if (values.seeds !== undefined) {
    const seeds = integerFrom(values.seeds, "--seeds", 1);
    return summaryText(await checkScenario(scenario, { ...options, seeds, firstSeed: seed ?? 1 }));
  }
  const tape = values.tape?.split(",").map((answer) => integerFrom(answer, "--tape", 0));
  const play = await playScenario(scenario, { seed, tape, steps: values.steps }, options);
  return describePlay(play, chart);
}

function readWords(words: readonly string[]) {
  const text = { type: "string" } as const;
  const size = (standard: string) => ({ ...text, default: standard });
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        seed: text,
        seeds: text,
        steps: text,
        tape: text,
        ways: text,
        faults: text,
        rows: size("60"),
        columns: size("100"),
      },
    });
  } catch (error) {
    throw new CommandLineError((error as Error).message, { cause: error });
  }
}

function readText(name: string): string {
  try {
    return readFileSync(name, "utf8");
  } catch (error) {
    throw new CommandLineError((error as Error).message, { cause: error });
  }
}

function scenarioNamed(name: string, scenarios: ReadonlyMap<string, Scenario>): Scenario {
  const scenario = scenarios.get(name);
  if (scenario !== undefined) return scenario;
  const names = [...scenarios.keys()].join(", ");
  throw new CommandLineError(`no scenario and no file of steps: "${name}". Scenarios: ${names}`);
}

function summaryText(summary: CheckSummary | ExploreScenarioSummary): string {
  const marks = [...summary.marks].map(([mark, count]) => `  ${mark}: ${count}`);
  const all =
    "isExhaustive" in summary && !summary.isExhaustive ? ", which is not every way there is" : "";
  return [`${summary.runs} runs passed${all}; ${summary.picks} decisions`, ...marks].join("\n");
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
