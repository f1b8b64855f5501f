/** The command line of `npm run fuzz`. */
import { InvalidArgumentError, Option } from "commander";
import { commandFor, integer, readWords, SEED_MAX } from "../command-line.ts";
import { fromHex } from "../vectors/hex.ts";
import { EMPTY_BODY } from "./campaign.ts";
import { type Target, TARGETS } from "./cases.ts";
import { PLANTED } from "./planted.ts";

/** Bodies that are given to a target, and nothing else. */
export interface Replayed {
  readonly target: Target;
  readonly bodies: readonly Uint8Array[];
}

export interface FuzzOptions {
  /** Bodies at least. */
  readonly inputs: number;
  readonly seed: number;
  readonly replayed: Replayed | undefined;
  /** A bug in the reader by its name; empty for none. */
  readonly planted: string;
  /** Whether the changes of all vectors come first. */
  readonly isSwept: boolean;
  /** For one case, after which it counts as hanging. */
  readonly patienceSeconds: number;
}

interface Flags {
  readonly inputs: number;
  readonly seed: number;
  readonly replay?: Replayed;
  readonly plant: string;
  readonly sweep: boolean;
  readonly patience: number;
}

const PATIENCE_SECONDS_MAX = 86_400;

/**
 * @returns undefined: help was asked for, and `write` got it.
 * @throws CommandLineError
 */
export function readOptions(
  words: readonly string[],
  write: (text: string) => void,
): FuzzOptions | undefined {
  const command = commandFor(
    "fuzz",
    "Gives mutated bodies to the reader and to live sides. Exit status: 0 if nothing goes wrong " +
      "and every error is met, 1 if not, 2 if it cannot be run.",
  )
    .option("--inputs <number>", "bodies at least", integer(1), 1_000_000)
    .option("--seed <number>", "others with another, the same again", integer(0, SEED_MAX), 1)
    .option(
      "--replay <target:hex,hex>",
      "only these bodies, with the stack of what goes wrong; default target: body",
      replayedFrom,
    )
    .addOption(
      new Option("--plant <name>", "with a bug in the reader, to see it found")
        .choices([...PLANTED.keys()])
        .default("", "none"),
    )
    .option("--no-sweep", "without the changes of all vectors first")
    .option(
      "--patience <seconds>",
      "for one case, after which it counts as hanging",
      integer(1, PATIENCE_SECONDS_MAX),
      60,
    );
  if (!readWords(command, words, write)) return undefined;
  const { inputs, seed, replay: replayed, plant, sweep, patience } = command.opts<Flags>();
  return {
    inputs,
    seed,
    replayed,
    planted: plant,
    isSwept: sweep,
    patienceSeconds: patience,
  };
}

/** Half a byte or a gap would replay something else, and pass. */
const BODY = new RegExp(`^(?:${EMPTY_BODY}|(?:[0-9a-f]{2})+)$`);

function replayedFrom(text: string): Replayed {
  const at = text.indexOf(":");
  const name = at < 0 ? "body" : text.slice(0, at);
  const target = TARGETS.find((each) => each === name);
  if (target === undefined) {
    throw new InvalidArgumentError(
      `There is no target "${name}"; there are: ${TARGETS.join(", ")}`,
    );
  }
  const list = text.slice(at + 1).split(",");
  for (const [index, body] of list.entries()) {
    if (BODY.test(body)) continue;
    throw new InvalidArgumentError(
      `Body ${index + 1} is neither "${EMPTY_BODY}" nor hexadecimal digits, two a byte`,
    );
  }
  return { target, bodies: list.map((body) => fromHex(body === EMPTY_BODY ? "" : body)) };
}
