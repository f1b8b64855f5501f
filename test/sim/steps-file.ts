// A run that is kept as labelled steps: `test/regressions/*.steps`.
//
//     # What was wrong, and what the run showed.
//     scenario: cores
//     marks: answer lost, reload
//
//     answer 1 is lost = 1
//     action 3: the client reloads = 1
//
// The scenario is one of scenarios.ts. The steps must all be asked for, and the marks be met, or the
// run is no longer the one that was kept.

import {
  type LabelledStep,
  parseSteps,
  type Play,
  playScenario,
  type RunOptions,
  type Scenario,
  ScenarioError,
} from "../../src/sim/index.ts";

export interface StepsFile {
  /** The name of the scenario. */
  readonly scenario: string;
  /** What the run meets: each at least once. */
  readonly marks: readonly string[];
  readonly steps: readonly LabelledStep[];
}

const HEADER = /^(scenario|marks):\s*(.*?)\s*$/;

/** @throws ScenarioError `steps_unreadable`. */
export function readStepsFile(text: string): StepsFile {
  const header = new Map<string, string>();
  // The lines keep their numbers, for what is said of those that cannot be read.
  const lines = text.split("\n").map((line) => {
    const [, name, value = ""] = HEADER.exec(line) ?? [];
    if (name === undefined) return line;
    header.set(name, value);
    return "";
  });
  const scenario = header.get("scenario");
  if (scenario === undefined) throw new ScenarioError("steps_unreadable", "no `scenario: name`");
  const marks = (header.get("marks") ?? "").split(",").map((mark) => mark.trim());
  return {
    scenario,
    marks: marks.filter((mark) => mark !== ""),
    steps: parseSteps(lines.join("\n")),
  };
}

/**
 * Plays what was kept.
 *
 * @throws ScenarioFailure when it fails.
 * @throws ScenarioError `steps_stale`, `marks_not_met` when it is another run by now.
 */
export async function playStepsFile(
  scenario: Scenario,
  { marks, steps }: StepsFile,
  options: RunOptions = {},
): Promise<Play> {
  const play = await playScenario(scenario, { steps }, options);
  const missing = marks.filter((mark) => !play.marks.has(mark));
  if (missing.length > 0) throw new ScenarioError("marks_not_met", missing.join(", "));
  return play;
}
