/**
 * Scenarios under fast-check, for those who have their properties there: it makes tapes of answers
 * and shrinks them, and what is left is told as labelled steps like every other failure.
 *
 * @see https://fast-check.dev
 */
import fc from "fast-check";
import type { Choices } from "./choices.ts";
import { checkOptions, integer, OBJECT, optional, type Rules } from "./option-checks.ts";
import { PICKS_MAX_DEFAULT, type Play, type Scenario } from "./play.ts";
import { checkPlayable, RUN_RULES, type RunOptions } from "./scenario/check.ts";
import { explainFailure } from "./scenario/failure.ts";
import { isOverlap, runOnce } from "./scenario/outcome.ts";
import { isInstance } from "./scenario/value-text.ts";

/** How long tapes are, and how much goes wrong on them. */
export interface TapeOptions {
  /** Answers of a tape at most; beyond its end, all is harmless. Default 1,000. */
  readonly tapeLengthMax?: number;
  /** Answers of a tape that are not harmless, at most. Default an eighth of its length. */
  readonly stepsMax?: number;
}

/** What `assertScenario` takes beside fast-check's own parameters. */
export interface AssertOptions extends TapeOptions, RunOptions {
  /** fast-check's own: how many runs, from which seed, which examples first. */
  readonly parameters?: fc.Parameters<[number[]]>;
}

const TAPE_LENGTH_MAX_DEFAULT = 1_000;
const STEPS_OF_TAPE = 1 / 8;
/** A run with faults asks for more than one without, and a short one has room for some. */
const LONGER_TIMES = 3;
const LONGER_ANSWERS = 16;
/** Larger than what is asked for in the simulation; `fromLooseTape` brings it down. */
const ANSWER_MAX = 2 ** 31 - 1;

const TAPE_RULES: Rules<TapeOptions> = {
  tapeLengthMax: optional(integer(1, ANSWER_MAX)),
  stepsMax: optional(integer(0, ANSWER_MAX)),
};
const ASSERT_RULES: Rules<AssertOptions> = {
  ...RUN_RULES,
  ...TAPE_RULES,
  // What is in it, fast-check looks at.
  parameters: optional(OBJECT),
};

/**
 * Tapes: lists of answers most of which are 0. Shrinking takes answers away without moving the
 * others, and lowers what is left. `fromLooseTape` plays them.
 *
 * @throws UsageError `option_invalid`, `option_unknown`.
 */
export function tapes(options: TapeOptions = {}): fc.Arbitrary<number[]> {
  checkOptions(options, TAPE_RULES);
  const { tapeLengthMax = TAPE_LENGTH_MAX_DEFAULT } = options;
  const { stepsMax = Math.max(1, Math.ceil(tapeLengthMax * STEPS_OF_TAPE)) } = options;
  const place = fc.nat({ max: tapeLengthMax - 1 });
  const answer = fc.tuple(place, fc.integer({ min: 1, max: ANSWER_MAX }));
  return fc.array(answer, { maxLength: stepsMax, size: "max" }).map(tapeOf);
}

function tapeOf(answers: readonly (readonly [number, number])[]): number[] {
  const length = Math.max(0, ...answers.map(([place]) => place + 1));
  const tape = new Array<number>(length).fill(0);
  for (const [place, answer] of answers) tape[place] = answer;
  return tape;
}

/**
 * Decides by a tape that knows nothing of the questions: 0 is harmless, and every other number is
 * some answer that is not. Beyond the tape's end all is harmless.
 */
export function fromLooseTape(tape: readonly number[]): Choices {
  let position = 0;
  return {
    pick(count: number): number {
      const value = tape[position++] ?? 0;
      return value === 0 || count < 2 ? 0 : 1 + ((value - 1) % (count - 1));
    },
  };
}

/**
 * Lets fast-check look for a tape under which a scenario fails, and shrink it. The length of tapes
 * is measured by a first run in which all is harmless, unless it is given.
 *
 * @throws ScenarioFailure when a run fails; its message has the seed and the path by which
 *   fast-check finds the same tape again.
 * @throws ScenarioError `runs_overlap`. @throws UsageError `option_invalid`, `option_unknown`.
 */
export async function assertScenario(
  scenario: Scenario,
  options: AssertOptions = {},
): Promise<void> {
  checkPlayable(scenario, options, ASSERT_RULES);
  const { picksMax = PICKS_MAX_DEFAULT, parameters = {} } = options;
  const silent = { isNoting: false, picksMax };
  const harmless = await runOnce(scenario, fromLooseTape([]), silent);
  const foundBy = { words: "fast-check, before the first tape" };
  if (harmless.failure !== undefined) {
    throw await explainFailure(scenario, harmless, foundBy, picksMax, options);
  }
  const property = fc.asyncProperty(tapes(tapeOptions(options, harmless.play)), async (tape) => {
    const { failure } = await runOnce(scenario, fromLooseTape(tape), silent);
    if (failure === undefined) return;
    const { error } = failure;
    throw isInstance(error, Error) ? error : new ThrownValue(error);
  });
  const details = await fc.check(property, parameters);
  if (!details.failed) return;
  if (isOverlap(details.errorInstance)) throw details.errorInstance;
  // Interrupted or too much skipped, and no counterexample: fast-check knows what to say.
  const { counterexample } = details;
  if (counterexample === null) throw new Error(await fc.asyncDefaultReportMessage(details));
  const last = await runOnce(scenario, fromLooseTape(counterexample[0]), silent);
  const { errorInstance } = details;
  const thrown = errorInstance instanceof ThrownValue ? errorInstance.value : errorInstance;
  const failure = last.failure ?? { error: thrown };
  const { seed, counterexamplePath: path } = details;
  const where = `{ seed: ${seed}, path: "${path}", endOnFailure: true }`;
  const again = `await assertScenario(scenario, { parameters: ${where} });`;
  const words = `fast-check, seed ${seed}`;
  throw await explainFailure(scenario, { ...last, failure }, { words, again }, picksMax, options);
}

/** What is no error, and may not even bear to be asked: fast-check asks. */
class ThrownValue extends Error {
  readonly value: unknown;

  constructor(value: unknown) {
    super("no error was thrown");
    this.value = value;
  }
}

function tapeOptions(options: TapeOptions, harmless: Play): TapeOptions {
  const measured = LONGER_TIMES * harmless.picked.length + LONGER_ANSWERS;
  const { tapeLengthMax = measured, stepsMax } = options;
  return { tapeLengthMax, ...(stepsMax === undefined ? {} : { stepsMax }) };
}
