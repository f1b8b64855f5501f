// Mutants of the core that no test kills, each with the reason why none could or should: the
// mutated code does the same, or only costs more. An entry names the mutant by what stands in the
// source, so that it survives changes elsewhere in the file; one whose mutant is killed, or gone,
// fails the run, and so does a list of more than two in a hundred mutants.

import { readFileSync } from "node:fs";

/** A mutant and why it may live. */
export interface Justified {
  /** Within src/core. */
  readonly file: string;
  /** The line that it stands in, without its indentation. */
  readonly line: string;
  /** What is replaced, on one line, and by what. */
  readonly text: string;
  readonly replacement: string;
  readonly reason: string;
}

export const JUSTIFIED: readonly Justified[] = JSON.parse(
  readFileSync(new URL("justified.json", import.meta.url), "utf8"),
) as Justified[];
