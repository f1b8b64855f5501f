// What `npm run simulate` does; simulate.ts says how it is called.

import { readFileSync } from "node:fs";
import type { Command } from "commander";
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
import { CommandLineError, commandFor, integer, readWords, refusal } from "../command-line.ts";
import { simulateCommand } from "./simulate-command.ts";
import { playStepsFile, readStepsFile } from "./steps-file.ts";

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
    const isAsked = [ScenarioError, UsageError, CommandLineError].some(
      (kind) => error instanceof kind,
    );
    if (!isAsked) throw error;
    return { status: 2, text: `simulate: ${(error as Error).message}` };
  }
}

interface Flags {
  readonly seed?: number;
  readonly seeds?: number;
  readonly steps?: string;
  readonly tape?: readonly number[];
  readonly ways?: number;
  readonly faults?: number;
  readonly rows: number;
  readonly columns: number;
}

async function carryOut(
  words: readonly string[],
  scenarios: ReadonlyMap<string, Scenario>,
): Promise<string> {
  const command = declared();
  let help = "";
  if (!readWords(command, words, (text) => (help += text))) return help.trimEnd();
  const [name = ""] = command.args;
  const { seed, seeds, steps, tape, ways, faults, rows, columns } = command.opts<Flags>();
  const chart = { chartRowsMax: rows, chartColumnsMax: columns };
  const limits = { ...chart, nowMs: () => performance.now(), shrinkMsMax: 60_000 };
  const options: RunOptions = { ...limits, replay: simulateCommand };
  const scenarioNamed = (asked: string): Scenario => {
    const scenario = scenarios.get(asked);
    if (scenario !== undefined) return scenario;
    const names = [...scenarios.keys()].join(", ");
    throw refusal(command, `no scenario and no file of steps: "${asked}". Scenarios: ${names}`);
  };
  if (name.endsWith(".steps")) {
    const file = readStepsFile(readText(name));
    const scenario = scenarioNamed(file.scenario);
    return describePlay(await playStepsFile(scenario, file, options), chart);
  }
  const scenario = scenarioNamed(name);
  if (ways !== undefined) {
    const most = { runsMax: ways, stepsMax: faults ?? Infinity };
    return summaryText(await exploreScenario(scenario, { ...options, ...most }));
  }
  if (seeds !== undefined) {
    return summaryText(await checkScenario(scenario, { ...options, seeds, firstSeed: seed ?? 1 }));
  }
  return describePlay(await playScenario(scenario, { seed, tape, steps }, options), chart);
}

function declared(): Command {
  return commandFor(
    "simulate",
    "Plays a scenario of the repository and shows what happened. Exit status: 0 if it passes, 1 " +
      "if it fails, 2 if it cannot be played as was asked.",
  )
    .argument("[name]", "a scenario, or a file of steps: a run that was kept")
    .option("--seed <number>", "one seed; of one that fails, the fewest steps", integer(0))
    .option("--steps <steps>", "'answer 1 is lost = 1; ...'")
    .option("--tape <numbers>", "answers in the order of the questions: 0,0,1,3", tapeFrom)
    .option("--seeds <number>", "so many, from --seed on, until one fails", integer(1))
    .option("--ways <number>", "every way that there is, at most so many", integer(1))
    .option("--faults <number>", "of --ways: with at most so much that goes wrong", integer(0))
    .option("--rows <number>", "how long the chart may be", integer(1), 60)
    .option("--columns <number>", "how wide the chart may be", integer(40), 100);
}

function tapeFrom(text: string): readonly number[] {
  return text.split(",").map(integer(0));
}

function readText(name: string): string {
  try {
    return readFileSync(name, "utf8");
  } catch (error) {
    throw new CommandLineError((error as Error).message, { cause: error });
  }
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
