/** The command line of `npm run soak:sockets`. */
import { Option } from "commander";
import { commandFor, integer, readWords, SEED_MAX } from "../command-line.ts";

export interface SoakOptions {
  /** Of traffic under faults; beside it a start, two rests and the check of the logs. */
  readonly seconds: number;
  readonly seed: number;
  /** The logs stay where they are, also of a run that passed. */
  readonly keepsLogs: boolean;
  readonly isJson: boolean;
}

/** Less does not meet every kind of fault, and restarts take a while. */
const SECONDS_MIN = 8;
const SECONDS_MAX = 86_400;

interface Flags {
  readonly seconds: number;
  readonly seed?: number;
  readonly keep?: true;
  readonly json?: true;
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
    "soak:sockets",
    "Lets processes talk through `holdfast chaos`, kills, saves, restarts and stops them, and " +
      "has another process decide from their logs whether everything arrived once and in " +
      "order, but for what killed processes may have held in memory. Exit status: 0 if so, if " +
      "every kind of fault was met, and if the handles are those of before and (from 120 s " +
      "on) no process keeps over 5 % more memory; 1 if not; 2 if it cannot be run.",
  )
    .addOption(
      new Option("--seconds <number>", "of traffic under faults")
        .argParser(integer(SECONDS_MIN, SECONDS_MAX))
        .default(300),
    )
    .addOption(
      new Option("--seed <number>", "of what is drawn (default: random, printed)").argParser(
        integer(0, SEED_MAX),
      ),
    )
    .option("--keep", "keep the logs of a run that passed, too")
    .option("--json", "print the verdict as JSON");
  if (!readWords(command, words, write)) return undefined;
  const { seconds, seed = randomSeed(), keep, json } = command.opts<Flags>();
  return { seconds, seed, keepsLogs: keep === true, isJson: json === true };
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
