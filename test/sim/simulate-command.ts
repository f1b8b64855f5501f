// How a failure of this repository's scenarios is played again.

import { formatSteps, type ReplayFacts } from "../../src/sim/index.ts";

/** What is given to drivers as `replay`. */
export function simulateCommand({ scenario, steps }: ReplayFacts): string {
  return `npm run simulate -- ${scenario} --steps ${quotedForShell(formatSteps(steps, "; "))}`;
}

/** One argument for a shell, whatever is in it. */
export function quotedForShell(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
