/** How one run of a scenario ended, and which failures are one and the same. */
import type { Choices } from "../choices.ts";
import { Play, type PlayOptions, type Scenario } from "../play.ts";

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

/** Plays once. What the scenario throws is in the outcome. */
export async function runOnce(
  scenario: Scenario,
  choices: Choices,
  options: PlayOptions,
): Promise<Outcome> {
  const play = new Play(choices, options);
  try {
    const running = scenario.run(play);
    // A scenario without promises needs no turn of the host's.
    if (running !== undefined) await running;
    return { play, failure: undefined };
  } catch (error) {
    return { play, failure: { error } };
  }
}

/** Words that tell one failure from another; what follows them is about the run. */
const KIND_WORDS_MAX = 5;

/**
 * What two failures have in common that are one bug: the name of the error, its `code` if it has
 * one, and the first words of its message without numbers, quotes and lists, which are about the
 * single run.
 */
export function failureKind(error: unknown): string {
  if (!(error instanceof Error)) return `thrown ${typeof error}`;
  const { name, message } = error;
  const code = "code" in error && typeof error.code === "string" ? ` ${error.code}` : "";
  const plain = message
    .replaceAll(/'[^'\n]*'|"[^"\n]*"|`[^`\n]*`/g, '""')
    .replaceAll(/\[[^\]\n]*\]|\{[^}\n]*\}/g, "[]")
    .replaceAll(/\d+/g, "#");
  const words = plain.trim().split(/\s+/).slice(0, KIND_WORDS_MAX);
  return `${name}${code}: ${words.join(" ")}`;
}
