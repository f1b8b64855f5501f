/** How one run of a scenario ended, and which failures are one and the same. */
import type { Choices } from "../choices.ts";
import { isOtherRunning, runEnded } from "../running.ts";
import { Play, type PlayOptions, type Scenario, ScenarioError } from "../play.ts";
import { errorWords, isInstance } from "./value-text.ts";

/** How a run ended. */
export interface Outcome {
  /** What was asked and written down. */
  readonly play: Play;
  /** What was thrown; undefined: the run passed. */
  readonly failure: Failure | undefined;
}

/** What a run threw. */
export interface Failure {
  /** It need not be an `Error`. */
  readonly error: unknown;
}

/**
 * Plays once. What the scenario throws is in the outcome.
 *
 * @throws ScenarioError `runs_overlap`: that is about who plays, and not about the scenario.
 */
export async function runOnce(
  scenario: Scenario,
  choices: Choices,
  options: PlayOptions,
): Promise<Outcome> {
  const play = new Play(choices, options);
  let failure: Failure | undefined;
  while (isOtherRunning(play)) await runEnded();
  try {
    const running = scenario.run(play);
    // A scenario without promises needs no turn of the host's.
    if (running !== undefined) await running;
  } catch (error) {
    failure = { error };
  }
  const stopping = play.stop();
  if (stopping !== undefined) {
    await stopping;
    const detail = "the scenario was over while its world was running: await what `run` returns";
    failure ??= { error: new ScenarioError("run_not_awaited", detail) };
  }
  if (isOverlap(failure?.error)) throw failure?.error;
  return { play, failure };
}

/** Whether an error says that two played at once. */
export function isOverlap(error: unknown): boolean {
  return isInstance(error, ScenarioError) && error.code === "runs_overlap";
}

/** Words that tell one failure from another; what follows them is about the run. */
const KIND_WORDS_MAX = 5;
/** What is quoted, or stands in brackets that hold no others. */
const QUOTED = /'[^'\n]*'|"[^"\n]*"|`[^`\n]*`/g;
const BRACKETED = /\[[^[\]\n]*\]|\{[^{}\n]*\}|\([^()\n]*\)/g;
/**
 * After a colon to the end of the line: one word, or several with a comma or "and" between them.
 */
const LISTED = /:[ \t]+[^\s,]+(?:(?:[ \t]*,|[ \t]+and)[ \t]+[^\s,]+)*[ \t]*$/;

/**
 * What two failures have in common that are one bug: the name of the error, its `code` if it has
 * one, and the first five words of its message, of which does not count what is about the single
 * run: numbers; what stands in quotes or brackets; and, at the end of the first line, a word or a
 * list of words after a colon, as in "missing: ann, eve".
 */
export function failureKind(error: unknown): string {
  const said = errorWords(error);
  if (said === undefined) return `thrown ${typeof error}`;
  const { name, message } = said;
  const code = said.code === "" ? "" : ` ${said.code}`;
  const [line = ""] = message.trim().replaceAll(QUOTED, "…").split("\n", 1);
  const plain = withoutBrackets(line).replaceAll(/\d+/g, "#").replace(LISTED, ": …");
  const words = plain.trim().split(/\s+/).slice(0, KIND_WORDS_MAX);
  return `${name}${code}: ${words.join(" ")}`;
}

/** From the innermost outwards, however deep they are. */
function withoutBrackets(line: string): string {
  for (let [before, after] = [line, line.replaceAll(BRACKETED, "…")]; ;) {
    if (before === after) return after;
    [before, after] = [after, after.replaceAll(BRACKETED, "…")];
  }
}
