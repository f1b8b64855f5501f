// What a run of mutants comes to: a score, the survivors, and whether the list of those that may
// live agrees with them.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { MutantResult } from "@stryker-mutator/api/core";
import { JUSTIFIED, type Justified } from "./justified.ts";

/** In a hundred mutants: so many are killed at least, and may be justified at most. */
export const SCORE_MIN = 90;
export const JUSTIFIED_MAX = 2;

/** A mutant by what stands in the source. */
export type Named = Omit<Justified, "reason">;

export interface Verdict {
  /** Killed and, of these, ended because they never would have; those that live; all of these. */
  readonly killed: number;
  readonly endless: number;
  readonly survivors: readonly Named[];
  readonly judged: number;
  /** Left out, inside assertions. */
  readonly ignored: number;
  /** In a hundred. */
  readonly score: number;
  /** Everything for which the run fails. */
  readonly faults: readonly string[];
}

export function verdictOf(
  mutants: readonly MutantResult[],
  justified: readonly Justified[] = JUSTIFIED,
): Verdict {
  const of = (...statuses: string[]): MutantResult[] =>
    mutants.filter(({ status }) => statuses.includes(status));
  const endless = of("Timeout").length;
  const killed = of("Killed").length + endless;
  const survivors = of("Survived", "NoCoverage").map(nameOf);
  const judged = killed + survivors.length;
  const score = (100 * killed) / Math.max(1, judged);

  const left = survivors.map(wordsOf);
  const late = of("Timeout").map((each) => wordsOf(nameOf(each)));
  const killers = new Map(
    of("Killed").map((each) => [wordsOf(nameOf(each)), each.killedBy?.join(", ")]),
  );
  const faults: string[] = [];
  for (const entry of justified) {
    const words = wordsOf(entry);
    const at = left.indexOf(words);
    if (at >= 0) left.splice(at, 1);
    // A mutant that is only slow is taken for an endless one on a loaded machine.
    else if (!late.includes(words)) {
      const by = killers.get(words) ?? "no test: it is not there";
      faults.push(`justified, but does not survive: ${words}; killed by ${by}`);
    }
  }
  for (const words of left) faults.push(`survives: ${words}`);
  for (const mutant of of("RuntimeError", "CompileError", "Pending")) {
    faults.push(`${mutant.status}: ${wordsOf(nameOf(mutant))}`);
  }
  if (score < SCORE_MIN) faults.push(`the score is below ${SCORE_MIN}`);
  if (justified.length * 100 > judged * JUSTIFIED_MAX) {
    faults.push(`more than ${JUSTIFIED_MAX} in a hundred are justified`);
  }
  const ignored = of("Ignored").length;
  return { killed, endless, survivors, judged, ignored, score, faults };
}

function nameOf({ fileName, location, replacement }: MutantResult): Named {
  const lines = readFileSync(fileName, "utf8").split("\n");
  const { start, end } = location;
  const first = lines[start.line - 1] ?? "";
  const taken = lines.slice(start.line - 1, end.line);
  taken.push((taken.pop() ?? "").slice(0, end.column - 1));
  const text = `${taken.join("\n")}`.slice(start.column - 1);
  return {
    file: basename(fileName),
    line: first.trim(),
    text: oneLine(text),
    replacement: oneLine(replacement ?? ""),
  };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, " ").trim();
}

function wordsOf({ file, line, text, replacement }: Named): string {
  return `${file} | ${line} | ${text} | ${replacement}`;
}
