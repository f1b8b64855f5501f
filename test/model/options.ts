/** The command line of `npm run model`. */
import { commandFor, integer, readWords } from "../command-line.ts";

export interface ModelOptions {
  /** Whether the small searches are enough. */
  readonly isQuick: boolean;
  /** Traces of each size that the core follows. */
  readonly traces: number;
}

interface Flags {
  readonly quick?: true;
  readonly traces: number;
}

const TRACES_MAX = 1_000_000;

/**
 * @returns undefined: help was asked for, and `write` got it.
 * @throws CommandLineError
 */
export function readOptions(
  words: readonly string[],
  write: (text: string) => void,
): ModelOptions | undefined {
  const command = commandFor(
    "model",
    "Lets SPIN search the model of the parking rule and of acknowledgements, as it should be and " +
      "with one bug planted for each promise, and lets the real core follow traces of it. Exit " +
      "status: 0 if everything is as it must be, 1 if not, 2 if it cannot be run.",
  )
    .option("--quick", "the small searches only")
    .option("--traces <number>", "traces of each size", integer(1, TRACES_MAX), 100);
  if (!readWords(command, words, write)) return undefined;
  const { quick, traces } = command.opts<Flags>();
  return { isQuick: quick === true, traces };
}
