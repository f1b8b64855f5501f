/** The command line of `npm run soak`. */
import { availableParallelism } from "node:os";
import { InvalidArgumentError } from "commander";
import { commandFor, integer, readWords, SEED_MAX } from "../command-line.ts";
import { SCENARIOS } from "./scenarios.ts";

export interface SoakOptions {
  readonly seconds: number;
  readonly firstSeed: number;
  /** By name, at least one: each seed plays all of them. */
  readonly scenarios: readonly string[];
  readonly threads: number;
}

/** Some eleven days. */
const SECONDS_MAX = 1_000_000;
/** Another one each time, and short enough to be typed. */
const SEEDS_DRAWN = 1_000_000_000;
const THREADS_MAX = 1_024;

interface Flags {
  readonly seconds: number;
  readonly seed?: number;
  readonly scenario?: readonly string[];
  readonly threads?: number;
}

/**
 * @returns undefined: help was asked for, and `write` got it.
 * @throws CommandLineError
 */
export function readOptions(
  words: readonly string[],
  write: (text: string) => void,
): SoakOptions | undefined {
  const command = commandFor(
    "soak",
    "Plays scenarios by seed after seed, on every processor. Exit status: 0 if all runs pass, 1 " +
      "if one fails, or if something that the runs are meant to meet never happened, 2 if it " +
      "cannot be run. A failure is shrunk, and printed with the command that plays it again.",
  )
    .option("--seconds <number>", "how long", integer(1, SECONDS_MAX), 60)
    .option("--seed <number>", "the first (default: random, printed)", integer(0, SEED_MAX))
    .option("--scenario <name>", "which; again for more than one (default: all)", addScenario)
    .option(
      "--threads <number>",
      "(default: as many as there are processors)",
      integer(1, THREADS_MAX),
    );
  if (!readWords(command, words, write)) return undefined;
  const flags = command.opts<Flags>();
  return {
    seconds: flags.seconds,
    firstSeed: flags.seed ?? Date.now() % SEEDS_DRAWN,
    scenarios: flags.scenario ?? [...SCENARIOS.keys()],
    threads: flags.threads ?? availableParallelism(),
  };
}

function addScenario(name: string, others: readonly string[] = []): readonly string[] {
  if (!SCENARIOS.has(name)) {
    throw new InvalidArgumentError(`There are: ${[...SCENARIOS.keys()].join(", ")}`);
  }
  return others.includes(name) ? others : [...others, name];
}
