/**
 * A run as labelled steps: the answers that were not harmless, each with its label and, where a
 * label is asked more than once, with which time it was. Everything that is not listed is harmless.
 *
 * As text it is one step a line, or several parted by semicolons:
 *
 *     # What the steps show may stand in lines like this one.
 *     answer 1 is lost = 1
 *     delay #2 = 40
 *
 * `#2` is the second time that the label is asked for. A label that would be read otherwise stands
 * in quotes, as in JSON.
 */
import type { Choices, Picked } from "../choices.ts";
import { ScenarioError } from "../play.ts";

/** One answer that was not harmless. */
export interface LabelledStep {
  /** What was decided. */
  readonly label: string;
  /** Which time of asking for this label, from 1. */
  readonly occurrence: number;
  /** The answer. */
  readonly value: number;
}

/** The steps of a run, in the order in which they were asked for. */
export function labelledStepsOf(picked: readonly Picked[]): LabelledStep[] {
  const occurrences = new Map<string, number>();
  const steps: LabelledStep[] = [];
  for (const { label, value } of picked) {
    const occurrence = (occurrences.get(label) ?? 0) + 1;
    occurrences.set(label, occurrence);
    if (value !== 0) steps.push({ label, occurrence, value });
  }
  return steps;
}

/** As text; `separator` is a line's end or `"; "`. */
export function formatSteps(steps: readonly LabelledStep[], separator: "\n" | "; " = "\n"): string {
  return steps.map(formatStep).join(separator);
}

function formatStep({ label, occurrence, value }: LabelledStep): string {
  const name = isPlain(label) ? label : JSON.stringify(label);
  return `${name}${occurrence === 1 ? "" : ` #${occurrence}`} = ${value}`;
}

/** It would be read as it is written. */
function isPlain(label: string): boolean {
  return JSON.stringify(label) === `"${label}"` && !/^$|^[#\s]|\s$|;| #\d+$/.test(label);
}

const QUOTED = /\s*("(?:[^"\\\n]|\\.)*")(?:[ \t]*#(\d+))?[ \t]*=[ \t]*(\d+)[ \t]*(?:;|\r?\n|$)/y;
const PLAIN = /\s*([^"#;\s][^;\n]*?)(?: #(\d+))?[ \t]*=[ \t]*(\d+)[ \t]*(?:;|\r?\n|$)/y;
const NOTHING = /\s*(?:#[^\n]*)?(?:;|\n|$)/y;

/** Reads steps from text. @throws ScenarioError `steps_unreadable`. */
export function parseSteps(text: string): LabelledStep[] {
  const steps: LabelledStep[] = [];
  const seen = new Set<string>();
  for (let at = 0; at < text.length;) {
    const blank = matchAt(NOTHING, text, at);
    const match = blank ?? matchAt(QUOTED, text, at) ?? matchAt(PLAIN, text, at);
    if (match === undefined) throw unreadable(text, at, "not `label = value`");
    if (blank === undefined) {
      const step = stepOf(match);
      if (step === undefined) throw unreadable(text, at, "a number or a label that cannot be");
      const key = `${step.occurrence} ${step.label}`;
      if (seen.has(key)) throw unreadable(text, at, "the same step twice");
      seen.add(key);
      steps.push(step);
    }
    at += match[0].length;
  }
  return steps;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  return match === null || match[0] === "" ? undefined : match;
}

function stepOf(match: RegExpExecArray): LabelledStep | undefined {
  const [, name = "", occurrenceText = "1", valueText] = match;
  const label = name.startsWith('"') ? unquoted(name) : name;
  const [occurrence, value] = [Number(occurrenceText), Number(valueText)];
  if (label === undefined || occurrence < 1) return undefined;
  if (!Number.isSafeInteger(occurrence) || !Number.isSafeInteger(value)) return undefined;
  return { label, occurrence, value };
}

function unquoted(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}

function unreadable(text: string, at: number, why: string): ScenarioError {
  const line = text.slice(0, at).split("\n").length;
  const rest = text.slice(at).trimStart().split("\n", 1)[0] ?? "";
  return new ScenarioError("steps_unreadable", `line ${line}, ${why}: ${rest.slice(0, 100)}`);
}

/** How a label is asked for while steps are played. */
interface Asked {
  /** How often so far. */
  count: number;
  /** By occurrence. */
  readonly steps: Map<number, LabelledStep>;
}

/** Decides by steps; everything else is harmless. */
export class SteppedChoices implements Choices {
  /** Steps that asked for more than there was, and were harmless therefore. */
  readonly tooLarge: LabelledStep[] = [];
  private readonly labels: Map<string, Asked> = new Map();

  /** What is to happen. */
  constructor(steps: readonly LabelledStep[]) {
    for (const step of steps) {
      const asked = this.labels.get(step.label) ?? {
        count: 0,
        steps: new Map<number, LabelledStep>(),
      };
      asked.steps.set(step.occurrence, step);
      this.labels.set(step.label, asked);
    }
  }

  /** Steps that were not asked for so far. */
  get unasked(): LabelledStep[] {
    return [...this.labels.values()].flatMap(({ count, steps }) => {
      return [...steps.values()].filter(({ occurrence }) => occurrence > count);
    });
  }

  pick(count: number, label: string): number {
    const asked = this.labels.get(label);
    if (asked === undefined) return 0;
    const step = asked.steps.get(++asked.count);
    if (step === undefined) return 0;
    if (step.value < count) return step.value;
    this.tooLarge.push(step);
    return 0;
  }
}

/** Labels that a stale step may have meant, at most so many. */
const HINTS_MAX = 5;
/** Letters that may be wrong in a label for it to have been meant. */
const EDITS_MAX = 3;
/** One of so many. */
const LETTERS_OF_EDIT = 5;

/**
 * Steps that do not fit the run are steps of another program: the run shows nothing.
 *
 * @throws ScenarioError `steps_stale`.
 */
export function checkSteps(choices: SteppedChoices, picked: readonly Picked[]): void {
  const { unasked, tooLarge } = choices;
  if (unasked.length + tooLarge.length === 0) return;
  const parts: string[] = [];
  if (unasked.length > 0) parts.push(`never asked for: ${formatSteps(unasked, "; ")}`);
  if (tooLarge.length > 0) parts.push(`not so many answers: ${formatSteps(tooLarge, "; ")}`);
  const hints = similarLabels(
    unasked.map(({ label }) => label),
    picked.map(({ label }) => label),
  );
  if (hints.length > 0) parts.push(`similar labels that were: ${hints.join("; ")}`);
  throw new ScenarioError("steps_stale", parts.join(". "));
}

/** Labels that differ in their numbers; then those with few letters wrong, the nearest first. */
function similarLabels(stale: readonly string[], asked: readonly string[]): string[] {
  const kinds = new Set(stale.map(kindOfLabel));
  const others = [...new Set(asked)];
  const sameKind = others.filter((label) => kinds.has(kindOfLabel(label)));
  const near = others.flatMap((label) => {
    const most = Math.min(EDITS_MAX, Math.floor(label.length / LETTERS_OF_EDIT));
    const edits = Math.min(...stale.map((each) => editsBetween(each, label, most)));
    return edits <= most && !sameKind.includes(label) ? [{ label, edits }] : [];
  });
  const sorted = near.toSorted((left, right) => left.edits - right.edits);
  return [...sameKind, ...sorted.map(({ label }) => label)].slice(0, HINTS_MAX);
}

/** Letters to be added, left out or changed (V. I. Levenshtein, 1966); beyond `most`: more. */
function editsBetween(left: string, right: string, most: number): number {
  if (Math.abs(left.length - right.length) > most) return most + 1;
  let before = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (const [row, letter] of [...left].entries()) {
    const line = [row + 1];
    for (let at = 0; at < right.length; at++) {
      const changed = (before[at] as number) + (right[at] === letter ? 0 : 1);
      const moved = 1 + Math.min(line[at] as number, before[at + 1] as number);
      line.push(Math.min(changed, moved));
    }
    if (Math.min(...line) > most) return most + 1;
    before = line;
  }
  return before.at(-1) as number;
}

/** The label without its numbers: "answer 3 is lost" is of a kind with "answer 14 is lost". */
export function kindOfLabel(label: string): string {
  return label.replaceAll(/\d+/g, "#");
}
