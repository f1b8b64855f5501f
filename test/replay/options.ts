/** The command line of `npm run replay`. */
import { fileURLToPath } from "node:url";
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  type FaultOptions,
  parseDuration,
  parseInterval,
  parseProbability,
} from "../../src/chaos/index.ts";
import { UNIT_MS } from "../../src/chaos/quantities.ts";
import { argumentParser } from "../../src/cli/argument-parser.ts";
import { commandFor, integer, readWords, SEED_MAX } from "../command-line.ts";
import type { Hardness } from "./hardness.ts";
import type { Plant } from "./orders.ts";

/** The trace that is part of this repository; `make-trace.ts` makes it. */
export const TYPED_TRACE: string = fileURLToPath(new URL("traces/typing.json.gz", import.meta.url));

/** Messages a second that a rate may name; beyond it ticks of 10 ms have more than 10,000. */
const RATE_STATED_MAX = 1_000_000;

export interface ReplayOptions {
  readonly tracePath: string;
  readonly faults: FaultOptions;
  readonly seed: number;
  /** Messages a second; undefined: as the run needs in order to be hard enough. */
  readonly rate: number | undefined;
  /** Kinds of hardness that are asked of this run and that its faults can give it. */
  readonly wanted: ReadonlySet<keyof Hardness>;
  /** Nothing arrived for so long although something was under way: the run is stuck. */
  readonly patienceMs: number;
  readonly mayBeEasy: boolean;
  readonly isJson: boolean;
  readonly plant: Plant | undefined;
}

interface Flags {
  readonly trace: string;
  /** Milliseconds between two cuts; 0: none. */
  readonly cuts: number;
  readonly loss: number;
  readonly damage: number;
  readonly delay: number;
  readonly double: number;
  readonly seed: number;
  readonly rate?: number;
  readonly patience: number;
  readonly easy?: true;
  readonly json?: true;
  readonly plant?: Plant;
}

/**
 * @returns undefined: help was asked for, and `write` got it.
 * @throws CommandLineError
 */
export function readOptions(
  words: readonly string[],
  write: (text: string) => void,
): ReplayOptions | undefined {
  const command = declared();
  if (!readWords(command, words, write)) return undefined;
  const flags = command.opts<Flags>();
  const { cuts, loss, damage, delay, double } = flags;
  return {
    tracePath: flags.trace,
    faults: { cutEveryMs: cuts, loss, damage, delayMs: delay, delayJitterMs: delay, double },
    seed: flags.seed,
    rate: flags.rate,
    wanted: wantedOf(flags),
    patienceMs: flags.patience,
    mayBeEasy: flags.easy === true,
    isJson: flags.json === true,
    plant: flags.plant,
  };
}

function declared(): Command {
  return commandFor(
    "replay",
    "Carries an editing trace from one process to another through a fault proxy, both ways at " +
      "once, and counts what was lost, doubled or reordered. Exit status: 0 if nothing was and " +
      "the run was hard enough, 1 if not, 2 if it cannot be run.",
  )
    .addOption(
      new Option("--trace <file>", "gzipped editing trace").default(TYPED_TRACE, "one of our own"),
    )
    .addOption(
      new Option("--cuts <interval>", "connections cut: a rate or an interval; 0: none")
        .argParser(readCuts)
        .default(500, "2/s"),
    )
    .addOption(
      new Option("--loss <probability>", "requests lost, and responses lost")
        .argParser(readProbability)
        .default(0.05, "5%"),
    )
    .addOption(
      new Option("--damage <probability>", "request and response bodies damaged")
        .argParser(readProbability)
        .default(0.05, "5%"),
    )
    .addOption(
      new Option("--delay <duration>", "added each way, give or take as much")
        .argParser(readDuration)
        .default(5, "5ms"),
    )
    .addOption(
      new Option("--double <probability>", "requests that reach the reader twice")
        .argParser(readProbability)
        .default(0.01, "1%"),
    )
    .addOption(
      new Option("--seed <number>", "of the faults").argParser(integer(0, SEED_MAX)).default(1),
    )
    .addOption(
      new Option(
        "--rate <rate>",
        "messages sent, such as 500/s (default: as the faults need)",
      ).argParser(readRate),
    )
    .addOption(
      new Option("--patience <duration>", "how long nothing may arrive before the run is given up")
        .argParser(readPatience)
        .default(60_000, "60s"),
    )
    .option("--easy", "do not fail for having met too few faults")
    .option("--json", "print the verdict as JSON")
    .addOption(
      new Option("--plant <fault>", "spoil one message between the library and the reader's books")
        .choices(["drop", "double", "swap", "alter"])
        .hideHelp(),
    );
}

/** Faults that are switched off cannot be met: the trace is not spread in waiting for them. */
function wantedOf({ easy, cuts, loss, damage }: Flags): Set<keyof Hardness> {
  const wanted = new Set<keyof Hardness>();
  if (easy === true) return wanted;
  wanted.add("exchanges");
  if (cuts > 0) wanted.add("cuts");
  if (loss > 0) wanted.add("requestsLost").add("responsesLost");
  if (damage > 0) wanted.add("bodiesDamaged");
  return wanted;
}

const readProbability = argumentParser(parseProbability);
const readDuration = argumentParser(parseDuration);

function readCuts(text: string): number {
  return /^0+(\/\w+)?$/.test(text) ? 0 : argumentParser(parseInterval)(text);
}

function readPatience(text: string): number {
  const patienceMs = readDuration(text);
  // Below, a lost body that is sent again would already be one too many.
  if (patienceMs < 1_000) throw new InvalidArgumentError("it must be 1s or more");
  return patienceMs;
}

function readRate(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(?:\s*\/\s*(s|m|min|h))?$/.exec(text.trim());
  const perSecond = (Number(match?.[1]) * 1_000) / (UNIT_MS[match?.[2] ?? "s"] ?? Number.NaN);
  if (!(perSecond > 0 && perSecond <= RATE_STATED_MAX)) {
    throw new InvalidArgumentError(
      `"${text}" is not a rate: use 500/s or 30/m (${RATE_STATED_MAX} a second at most)`,
    );
  }
  return perSecond;
}
