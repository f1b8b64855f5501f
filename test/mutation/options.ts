/** The command line of `npm run mutate`. */
import { readdirSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import { commandFor, integer, readWords } from "../command-line.ts";

export interface MutateOptions {
  /** Files of src/core, by name; none: all of them. */
  readonly files: readonly string[];
  /** Whether what was judged before is forgotten. */
  readonly isAll: boolean;
  readonly concurrency: number;
}

interface Flags {
  readonly all?: true;
  readonly concurrency: number;
}

/** Processes: each bundles all tests, and takes some hundred megabytes. */
const CONCURRENCY_MAX = 64;

const SOURCES = new URL("../../src/core", import.meta.url);

/**
 * @returns undefined: help was asked for, and `write` got it.
 * @throws CommandLineError
 */
export function readOptions(
  words: readonly string[],
  write: (text: string) => void,
): MutateOptions | undefined {
  const command = commandFor(
    "mutate",
    "Mutates the core and says which mutants the tests of the core do not notice. Exit status: " +
      "0 if enough are killed and all others justified, 1 if not, 2 if it cannot be run.",
  )
    .argument(
      "[files...]",
      "of src/core, such as ranges.ts (default: all; with names, the list of justified ones is " +
        "not checked)",
      addFile,
    )
    .option("--all", "forget what was judged before: the figure that counts")
    .option("--concurrency <number>", "processes", integer(1, CONCURRENCY_MAX), 2);
  if (!readWords(command, words, write)) return undefined;
  const { all, concurrency } = command.opts<Flags>();
  const [files = []] = command.processedArgs as [(readonly string[])?];
  return { files, isAll: all === true, concurrency };
}

function addFile(name: string, others: readonly string[] = []): readonly string[] {
  const names = readdirSync(SOURCES).filter((each) => each.endsWith(".ts"));
  if (!names.includes(name)) throw new InvalidArgumentError(`In src/core are: ${names.join(", ")}`);
  return [...others, name];
}
