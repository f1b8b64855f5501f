/** The command line of `npm run explore`. */
import { InvalidArgumentError } from "commander";
import { commandFor, integer, readWords, refusal } from "../command-line.ts";
import { type Configuration, CONFIGURATIONS } from "./configurations.ts";
import { readWay } from "./way.ts";

/** What is to be done. */
export type ExploreOptions =
  | { readonly kind: "list" }
  | {
      readonly kind: "replay";
      readonly configuration: Configuration;
      readonly way: readonly string[];
    }
  | {
      readonly kind: "explore";
      readonly configurations: readonly Configuration[];
      readonly statesMax: number;
      /** Whether bugs are planted, to see them found. */
      readonly isPlanting: boolean;
    };

/** Their hashes take some gigabytes. */
const STATES_MAX_DEFAULT = 12_000_000;

interface Flags {
  readonly list?: true;
  readonly replay?: readonly string[];
  readonly states: number;
}

/**
 * @returns undefined: help was asked for, and `write` got it.
 * @throws CommandLineError
 */
export function readOptions(
  words: readonly string[],
  write: (text: string) => void,
): ExploreOptions | undefined {
  const command = commandFor(
    "explore",
    "Explores configurations of the real core to their ends, and prints what was found. Exit " +
      "status: 0 if no promise is broken, every mark is met and no state is left, 1 if not, 2 if " +
      "it cannot be run.",
  )
    .argument("[names...]", "which (default: all of them, and bugs that are planted)", addNamed)
    .option("--list", "tell their names and what they are about")
    .option("--states <number>", "so many at most", integer(1), STATES_MAX_DEFAULT)
    .option("--replay <way>", "go one way again, check every state on it and draw it", wayFrom);
  if (!readWords(command, words, write)) return undefined;
  const { list, replay: way, states: statesMax } = command.opts<Flags>();
  const [named = []] = command.processedArgs as [(readonly Configuration[])?];
  if (list === true) {
    if (named.length > 0 || way !== undefined) throw refusal(command, "--list stands by itself");
    return { kind: "list" };
  }
  if (way !== undefined) {
    const [configuration, ...others] = named;
    if (configuration === undefined || others.length > 0) {
      throw refusal(command, `--replay is about one configuration, and not ${named.length}`);
    }
    return { kind: "replay", configuration, way };
  }
  const isPlanting = named.length === 0;
  const configurations = isPlanting ? CONFIGURATIONS : named;
  return { kind: "explore", configurations, statesMax, isPlanting };
}

function addNamed(name: string, others: readonly Configuration[] = []): readonly Configuration[] {
  const found = CONFIGURATIONS.find((each) => each.name === name);
  if (found !== undefined) return [...others, found];
  const names = CONFIGURATIONS.map((each) => each.name);
  throw new InvalidArgumentError(`There are: ${names.join(", ")}`);
}

function wayFrom(text: string): readonly string[] {
  try {
    return readWay(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
