/**
 * Plays a scenario: once, by seed after seed, or in every way that there is. Whoever decides, a
 * failure is told alike.
 */
import { UsageError } from "../../core/index.ts";
import {
  checkOptions,
  integer,
  FUNCTION,
  invalid,
  MS,
  NAMES_LIST,
  optional,
  type Rule,
  type Rules,
} from "../option-checks.ts";
import { type Choices, fromTape, type Picked, seeded } from "../choices.ts";
import { PICKS_MAX_DEFAULT, type Play, type Scenario, ScenarioError } from "../play.ts";
import { explainFailure, type FailureOptions, type FoundBy } from "./failure.ts";
import { type Outcome, runOnce } from "./outcome.ts";
import { checkSteps, parseSteps, type LabelledStep, SteppedChoices } from "./steps.ts";

/** What holds for whoever decides. */
export interface RunOptions extends FailureOptions {
  /** Questions after which a run counts as one without an end. Default `PICKS_MAX_DEFAULT`. */
  readonly picksMax?: number;
}

/** What is checked, and how long. */
export interface CheckOptions extends RunOptions {
  /** Runs, each by a seed of its own. Default 100: a second or so, for a test of every day. */
  readonly seeds?: number;
  /** The first seed; the others follow it. Default 1. An integer from 0 to 2^32 - 1. */
  readonly firstSeed?: number;
  /** What the runs of all seeds have to meet, each of it at least once. Default nothing. */
  readonly marks?: readonly string[];
  /**
   * Plays these steps and nothing else: no seeds, and no demand for marks. Each step must be asked
   * for. Text is read by `parseSteps`.
   */
  readonly steps?: string | readonly LabelledStep[];
  /** Plays these answers, in the order of the questions, and nothing else; beyond them, 0. */
  readonly tape?: readonly number[];
}

/** What the runs came to, all of which passed. */
export interface CheckSummary {
  /** How many runs. */
  readonly runs: number;
  /** Decisions in all of them. */
  readonly picks: number;
  /** How often each thing happened in all of them. */
  readonly marks: ReadonlyMap<string, number>;
}

/** How far every way is tried. */
export interface ExploreScenarioOptions extends RunOptions {
  /** Runs at most. Default 100,000. */
  readonly runsMax?: number;
  /** Questions of a run, from its first, of which every answer is tried. Default 1,000. */
  readonly depthMax?: number;
  /** How many answers of a run may be other than harmless. Default: all of them. */
  readonly stepsMax?: number;
  /** What the runs have to meet, each of it at least once. Default nothing. */
  readonly marks?: readonly string[];
}

/** What trying every way came to. */
export interface ExploreScenarioSummary extends CheckSummary {
  /** Whether every combination of answers was tried that has at most `stepsMax` steps. */
  readonly isExhaustive: boolean;
  /** Questions with more than one answer of the run that asked most of them. */
  readonly depth: number;
}

const SEEDS_DEFAULT = 100;
const SEED_MAX = 2 ** 32 - 1;
const RUNS_MAX_DEFAULT = 100_000;
const DEPTH_MAX_DEFAULT = 1_000;

/** @internal */
export const RUN_RULES: Rules<RunOptions> = {
  picksMax: optional(integer(1)),
  shrinkRunsMax: optional(integer(0)),
  shrinkPicksMax: optional(integer(0)),
  nowMs: optional(FUNCTION),
  shrinkMsMax: optional(MS),
  chartRowsMax: optional(integer(1)),
  chartColumnsMax: optional(integer(1)),
  replay: optional(FUNCTION),
};

const STEPS: Rule = (value, name) => {
  const isSteps = Array.isArray(value) ? value.every(isStep) : typeof value === "string";
  if (!isSteps) throw invalid(value, name, "steps, as a text or a list");
};
const TAPE: Rule = (value, name) => {
  const isAnswer = (each: unknown): boolean => Number.isSafeInteger(each) && (each as number) >= 0;
  if (!Array.isArray(value) || !value.every(isAnswer)) {
    throw invalid(value, name, "a list of integers from 0");
  }
};

const CHECK_RULES: Rules<CheckOptions> = {
  ...RUN_RULES,
  seeds: optional(integer(1, SEED_MAX)),
  firstSeed: optional(integer(0, SEED_MAX)),
  marks: optional(NAMES_LIST),
  steps: optional(STEPS),
  tape: optional(TAPE),
};

const EXPLORE_RULES: Rules<ExploreScenarioOptions> = {
  ...RUN_RULES,
  runsMax: optional(integer(1)),
  depthMax: optional(integer(0)),
  stepsMax: optional(integer(0)),
  marks: optional(NAMES_LIST),
};

const PLAYED_BY_RULES: Rules<PlayedBy> = {
  seed: optional(integer(0, SEED_MAX)),
  steps: optional(STEPS),
  tape: optional(TAPE),
  choices: optional((value, name) => {
    if (typeof (value as Choices | null)?.pick === "function") return;
    throw invalid(value, name, "something with a function `pick`");
  }),
};

function isStep(value: unknown): boolean {
  const { label, occurrence, value: answer } = (value ?? {}) as Partial<LabelledStep>;
  return typeof label === "string" && [occurrence, answer].every(Number.isSafeInteger);
}

/** @internal For whoever plays scenarios. */
export function checkPlayable<Options extends object>(
  scenario: Scenario,
  options: Options,
  rules: Rules<Options>,
): void {
  if (typeof (scenario as Scenario | undefined)?.run !== "function") {
    throw invalid(scenario, "the scenario", "an object with a name and a function `run`");
  }
  checkOptions(options, rules);
}

/**
 * Plays a scenario by many seeds; or by `steps` or a `tape`, once.
 *
 * @throws ScenarioFailure when a run fails: shrunk, with a chart and a way to play it again.
 * @throws ScenarioError `marks_not_met` when all passed, and something was never met;
 *   `steps_stale` when steps do not fit the scenario; `steps_unreadable`; `runs_overlap` when a
 *   world is made while that of another check is running.
 * @throws UsageError `option_invalid`, `option_unknown`, naming the option.
 */
export async function checkScenario(
  scenario: Scenario,
  options: CheckOptions = {},
): Promise<CheckSummary> {
  checkPlayable(scenario, options, CHECK_RULES);
  const tally = new Tally();
  const { seeds = SEEDS_DEFAULT, firstSeed = 1, steps, tape, marks = [] } = options;
  if (steps !== undefined || tape !== undefined) {
    tally.add(await playBy(scenario, { steps, tape }, options));
    return tally;
  }
  // A seed beyond the last would be one of the first again.
  integer(1, SEED_MAX - firstSeed + 1)(seeds, `with firstSeed ${firstSeed}, seeds`);
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const outcome = await runOnce(scenario, seeded(seed), silent(options));
    await refuseFailure(scenario, outcome, { seed, words: `seed ${seed}` }, options);
    tally.add(outcome.play);
  }
  tally.demand(scenario, marks);
  return tally;
}

/** Who decides in a single run; nobody: everything is harmless. */
export interface PlayedBy {
  /** A seed. */
  readonly seed?: number | undefined;
  /** Steps, each of which must be asked for. */
  readonly steps?: string | readonly LabelledStep[] | undefined;
  /** Answers in the order of the questions; beyond them, 0. */
  readonly tape?: readonly number[] | undefined;
  /** Something else. */
  readonly choices?: Choices | undefined;
}

/**
 * Plays a scenario once, with its notes: what happened, for `describePlay` and `drawChart`.
 *
 * @throws ScenarioFailure when the run fails. Steps that are given are not shrunk.
 * @throws ScenarioError `steps_stale`, `steps_unreadable`, `runs_overlap`.
 * @throws UsageError `option_invalid`, also when more than one decides; `option_unknown`.
 */
export async function playScenario(
  scenario: Scenario,
  by: PlayedBy = {},
  options: RunOptions = {},
): Promise<Play> {
  checkPlayable(scenario, options, RUN_RULES);
  checkOptions(by, PLAYED_BY_RULES);
  return playBy(scenario, by, options);
}

async function playBy(scenario: Scenario, by: PlayedBy, options: RunOptions): Promise<Play> {
  if (Object.values(by).filter((each) => each !== undefined).length > 1) {
    throw new UsageError("option_invalid", "only one of seed, steps, tape and choices decides");
  }
  const { picksMax = PICKS_MAX_DEFAULT } = options;
  const { seed, tape, steps, choices } = by;
  if (steps !== undefined) return playSteps(scenario, steps, options);
  const decides = choices ?? (seed === undefined ? fromTape(tape ?? []) : seeded(seed));
  const outcome = await runOnce(scenario, decides, { isNoting: true, picksMax });
  const foundBy = seed === undefined ? { words: "played once" } : { seed, words: `seed ${seed}` };
  await refuseFailure(scenario, outcome, foundBy, options);
  return outcome.play;
}

async function playSteps(
  scenario: Scenario,
  steps: string | readonly LabelledStep[],
  options: RunOptions,
): Promise<Play> {
  const { picksMax = PICKS_MAX_DEFAULT } = options;
  const choices = new SteppedChoices(typeof steps === "string" ? parseSteps(steps) : steps);
  const outcome = await runOnce(scenario, choices, { isNoting: true, picksMax });
  // What was written down as a story is shown as it is.
  const told: RunOptions = { ...options, shrinkRunsMax: 0 };
  await refuseFailure(scenario, outcome, { words: "these steps" }, told);
  checkSteps(choices, outcome.play.picked);
  return outcome.play;
}

/**
 * Plays a scenario in every way that there is: each combination of answers once, the last question
 * changing first. Scenarios must be small for this: a run with twenty questions of two answers has
 * a million. `stepsMax` makes it "every way in which at most so many things go wrong".
 *
 * @throws ScenarioFailure when a run fails.
 * @throws ScenarioError `marks_not_met`; `not_repeatable` when the same answers led to other
 *   questions.
 * @throws UsageError `option_invalid`, `option_unknown`.
 */
export async function exploreScenario(
  scenario: Scenario,
  options: ExploreScenarioOptions = {},
): Promise<ExploreScenarioSummary> {
  checkPlayable(scenario, options, EXPLORE_RULES);
  const { runsMax = RUNS_MAX_DEFAULT, depthMax = DEPTH_MAX_DEFAULT, marks = [] } = options;
  const { stepsMax = Infinity } = options;
  const tally = new Tally();
  let [isExhaustive, depth] = [true, 0];
  let before: readonly Picked[] = [];
  for (let tape: readonly number[] | undefined = []; tape !== undefined;) {
    if (tally.runs >= runsMax) {
      isExhaustive = false;
      break;
    }
    const outcome = await runOnce(scenario, fromTape(tape), silent(options));
    const { picked } = outcome.play;
    await refuseFailure(scenario, outcome, { words: `way ${tally.runs + 1} of all` }, options);
    checkSame(before, picked, tape.length);
    tally.add(outcome.play);
    const asked = picked.filter(({ count }) => count > 1).length;
    depth = Math.max(depth, asked);
    if (asked > depthMax) isExhaustive = false;
    tape = nextTape(picked, depthMax, stepsMax);
    before = picked;
  }
  tally.demand(scenario, marks);
  return { runs: tally.runs, picks: tally.picks, marks: tally.marks, isExhaustive, depth };
}

/** The next combination: the last answer that can be raised is, and what follows it is harmless. */
function nextTape(
  picked: readonly Picked[],
  depthMax: number,
  stepsMax: number,
): readonly number[] | undefined {
  let [raised, asked, steps] = [-1, 0, 0];
  for (const [at, { count, value }] of picked.entries()) {
    if (count > 1 && ++asked > depthMax) break;
    if (value + 1 < count && steps < stepsMax) raised = at;
    if (value !== 0) steps++;
  }
  const last = picked[raised];
  if (last === undefined) return undefined;
  return [...picked.slice(0, raised).map(({ value }) => value), last.value + 1];
}

/** The same answers must have led to the same questions, or combinations would be left out. */
function checkSame(before: readonly Picked[], picked: readonly Picked[], length: number): void {
  for (let at = 0; at < length; at++) {
    const [left, right] = [before[at], picked[at]];
    if (left?.label === right?.label && left?.count === right?.count) continue;
    const [was, is] = [left, right].map((each) => `${each?.label} (${each?.count})`);
    throw new ScenarioError("not_repeatable", `question ${at + 1} was ${was}, and is ${is}`);
  }
}

// --- details ------------------------------------------------------------------------------------

class Tally implements CheckSummary {
  runs = 0;
  picks = 0;
  readonly marks: Map<string, number> = new Map();

  add(play: Play): void {
    this.runs++;
    this.picks += play.picked.length;
    for (const [mark, count] of play.marks) {
      this.marks.set(mark, (this.marks.get(mark) ?? 0) + count);
    }
  }

  demand(scenario: Scenario, marks: readonly string[]): void {
    const missing = marks.filter((mark) => (this.marks.get(mark) ?? 0) === 0);
    if (missing.length === 0) return;
    const met = [...this.marks].map(([mark, count]) => `${mark} ${count}`).join(", ");
    const runs = `${this.runs} runs of ${JSON.stringify(scenario.name)}`;
    const detail = `${missing.join(", ")}: never met in ${runs}, which met ${met || "nothing"}`;
    throw new ScenarioError("marks_not_met", detail);
  }
}

function silent({ picksMax = PICKS_MAX_DEFAULT }: RunOptions): {
  isNoting: false;
  picksMax: number;
} {
  return { isNoting: false, picksMax };
}

async function refuseFailure(
  scenario: Scenario,
  outcome: Outcome,
  foundBy: FoundBy,
  options: RunOptions,
): Promise<void> {
  if (outcome.failure === undefined) return;
  const { picksMax = PICKS_MAX_DEFAULT } = options;
  throw await explainFailure(scenario, outcome, foundBy, picksMax, options);
}
