/**
 * A failure of a scenario as somebody can read it: what broke, the options of the run, the fewest
 * steps that lead there, a chart of both sides, and how to play it again.
 */
import type { Noted, Play, Scenario } from "../play.ts";
import { type ChartLimits, drawChart } from "./chart.ts";
import { failureKind, type Outcome, runOnce } from "./outcome.ts";
import { shrink, type ShrinkLimits, type Shrunk } from "./shrink.ts";
import { formatSteps, type LabelledStep, labelledStepsOf, SteppedChoices } from "./steps.ts";
import { differences, errorWords, valueText, wrapped } from "./value-text.ts";

/** What is needed to say how a failure is played again. */
export interface ReplayFacts {
  /** The scenario's name. */
  readonly scenario: string;
  /** The seed that found it, if one did. */
  readonly seed: number | undefined;
  /** The fewest steps. */
  readonly steps: readonly LabelledStep[];
}

/** How a failure is told. */
export interface FailureOptions extends ShrinkLimits, ChartLimits {
  /**
   * The command, or the line of code, that plays a failure again. Default: a call of
   * `checkScenario` with the steps, to be put into the failing test.
   */
  readonly replay?: (facts: ReplayFacts) => string;
}

/** A scenario failed; `message` is all that is known, and `cause` is what the run threw. */
export class ScenarioFailure extends Error {
  override readonly name = "ScenarioFailure";
  /** Stable. */
  readonly code = "scenario_failed";
  /** The scenario's name. */
  readonly scenario: string;
  /** The seed that found it, if one did. */
  readonly seed: number | undefined;
  /** The fewest steps that fail in this way, as far as shrinking came. */
  readonly steps: readonly LabelledStep[];
  /** What the run of these steps expanded to. */
  readonly options: ReadonlyMap<string, unknown>;
  /** What happened in it. */
  readonly notes: readonly Noted[];
  /** Whether no single step can be left out or lowered. */
  readonly isMinimal: boolean;
  /** Whether the same answers fail again. If not, something else than `pick` decides. */
  readonly isRepeatable: boolean;

  /** @internal Made by the library. */
  constructor(message: string, told: Told, shrunk: Shrunk, play: Play) {
    super(message, { cause: told.error });
    this.scenario = told.scenario;
    this.seed = told.seed;
    this.steps = told.steps;
    this.options = play.options;
    this.notes = play.notes;
    this.isMinimal = shrunk.isMinimal;
    this.isRepeatable = shrunk.isRepeatable;
    // The message has them in a form to be read; hosts print what is enumerable once more.
    for (const name of ["steps", "options", "notes"]) {
      Object.defineProperty(this, name, { enumerable: false });
    }
  }
}

interface Told extends ReplayFacts {
  readonly error: unknown;
}

/** Where a failure was found. */
export interface FoundBy {
  /** The seed, if one did. */
  readonly seed?: number;
  /** In words: "seed 17". */
  readonly words: string;
  /** The line of code that finds it anew, where it is another than the one that plays it. */
  readonly again?: string;
}

/** Shrinks a failing run, plays it once more with notes, and tells of it. */
export async function explainFailure(
  scenario: Scenario,
  found: Outcome,
  foundBy: FoundBy,
  picksMax: number,
  options: FailureOptions,
): Promise<ScenarioFailure> {
  const shrunk = await shrink(scenario, found, picksMax, options);
  const choices = new SteppedChoices(shrunk.steps);
  const again = await runOnce(scenario, choices, { isNoting: true, picksMax });
  const hasFailed =
    again.failure !== undefined &&
    failureKind(again.failure.error) === failureKind(found.failure?.error);
  const last = hasFailed ? again : found;
  const repeated = { ...shrunk, isRepeatable: shrunk.isRepeatable && hasFailed };
  const told: Told = {
    scenario: scenario.name,
    seed: foundBy.seed,
    steps: labelledStepsOf(last.play.picked),
    error: last.failure?.error,
  };
  const message = composeMessage(told, foundBy, found.play, last.play, repeated, options);
  return new ScenarioFailure(message, told, repeated, last.play);
}

// --- the message --------------------------------------------------------------------------------

/** Letters of what was thrown, options and steps that are shown. */
const ERROR_LETTERS_MAX = 2_000;
const VALUE_LETTERS_MAX = 1_500;
const OPTION_LINES_MAX = 80;
const OPTION_COLUMNS_MAX = 96;
const STEPS_MAX = 100;
/** A list of steps up to here stands in one line. */
const LINE_LETTERS_MAX = 80;

function composeMessage(
  told: Told,
  { words, again = "" }: FoundBy,
  found: Play,
  last: Play,
  shrunk: Shrunk,
  options: FailureOptions,
): string {
  const foundSteps = labelledStepsOf(found.picked).length;
  const parts = [
    `Scenario ${JSON.stringify(told.scenario)} fails (${words}): ${errorText(told.error)}`,
    section("Options of this run", optionLines(last.options, found.options, words)),
    told.steps.length === 0
      ? "No steps: it fails when everything is harmless."
      : section(stepsHeading(told.steps.length, foundSteps, shrunk), stepLines(told.steps)),
    section("What happened", drawChart(last, chartLimits(options)).split("\n")),
  ];
  if (shrunk.isRepeatable) {
    const replay = (options.replay ?? replayCall)(told);
    parts.push(section("To play it again", replay.split("\n")));
    parts.push(section("To find it again, as it was before it was shrunk", [again]));
  } else {
    parts.push(
      "The same answers did not fail again in this way: something else than `play.pick` decides " +
        "in this scenario, a clock, chance, or what is left from the run before.",
    );
  }
  return parts.filter((part) => part !== "").join("\n\n");
}

function section(heading: string, lines: readonly string[]): string {
  const shown = lines.filter((line) => line !== "");
  return shown.length === 0 ? "" : [`${heading}:`, ...shown.map((line) => `  ${line}`)].join("\n");
}

/** The options of who plays, without what is not the chart's. */
function chartLimits({ chartRowsMax, chartColumnsMax }: ChartLimits): ChartLimits {
  return {
    ...(chartRowsMax === undefined ? {} : { chartRowsMax }),
    ...(chartColumnsMax === undefined ? {} : { chartColumnsMax }),
  };
}

function errorText(error: unknown): string {
  const said = errorWords(error);
  const text = said === undefined ? valueText(error) : `${said.name}: ${said.message}`;
  return text.length <= ERROR_LETTERS_MAX ? text : `${text.slice(0, ERROR_LETTERS_MAX)}…`;
}

function stepsHeading(count: number, found: number, shrunk: Shrunk): string {
  const steps = count === 1 ? "One step" : `${count} steps`;
  if (!shrunk.isRepeatable) return `${steps}, as it was found`;
  if (shrunk.runs === 0) return `${steps}; everything else is harmless`;
  const many = shrunk.runs === 1 ? "one run" : `${shrunk.runs} runs`;
  const limit = shrunk.isMinimal ? "" : "; it may have fewer, shrinking has reached its limit";
  return `${steps} of ${found}, shrunk in ${many}; everything else is harmless${limit}`;
}

function stepLines(steps: readonly LabelledStep[]): string[] {
  const shown = steps.slice(0, STEPS_MAX);
  const lines = shown.length === 0 ? [] : formatSteps(shown).split("\n");
  if (steps.length > shown.length) lines.push(`... and ${steps.length - shown.length} more`);
  return lines;
}

function optionLines(
  options: ReadonlyMap<string, unknown>,
  found: ReadonlyMap<string, unknown>,
  words: string,
): string[] {
  const lines: string[] = [];
  for (const [name, value] of options) {
    const before = found.has(name) ? differences(value, found.get(name)) : [];
    const other = before.length === 0 ? "" : `   (${words}: ${shortened(before.join(", "))})`;
    const [first = "", ...rest] = wrapped(
      `${name}: ${shortened(valueText(value))}${other}`,
      OPTION_COLUMNS_MAX,
    );
    lines.push(first, ...rest.map((line) => `    ${line}`));
  }
  if (lines.length <= OPTION_LINES_MAX) return lines;
  const left = lines.length - OPTION_LINES_MAX;
  return [...lines.slice(0, OPTION_LINES_MAX), `... and ${left} lines more`];
}

function shortened(text: string): string {
  return text.length <= VALUE_LETTERS_MAX ? text : `${text.slice(0, VALUE_LETTERS_MAX)}…`;
}

/** A line for the test that failed. */
function replayCall({ steps }: ReplayFacts): string {
  const line = formatSteps(steps, "; ");
  if (line.length <= LINE_LETTERS_MAX) {
    return `await checkScenario(scenario, { steps: ${JSON.stringify(line)} });`;
  }
  const lines = formatSteps(steps).replaceAll(/[\\`]|\$\{/g, String.raw`\$&`);
  return `await checkScenario(scenario, { steps: \`\n${lines}\n\` });`;
}

/**
 * A run that passed, or whatever is known of one, as text: its options, steps, marks and chart.
 *
 * @param play what was played; without notes it has no chart.
 */
export function describePlay(play: Play, limits: ChartLimits = {}): string {
  const steps = labelledStepsOf(play.picked);
  const marks = [...play.marks].map(([mark, count]) => `${mark}: ${count}`);
  const parts = [
    section("Options of this run", optionLines(play.options, play.options, "")),
    section(`Steps, ${steps.length} of ${play.picked.length} decisions`, stepLines(steps)),
    section("Marks", marks),
    section("What happened", drawChart(play, limits).split("\n")),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}
