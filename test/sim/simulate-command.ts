// How a failure of this repository's scenarios is played again.

import { formatSteps, type ReplayFacts } from "../../src/sim/index.ts";

/** What is given to drivers as `replay`. */
export function simulateCommand({ scenario, steps }: ReplayFacts): string {
  const text = formatSteps(steps, "; ").replaceAll("'", String.raw`'\''`);
  return `npm run simulate -- ${scenario} --steps '${text}'`;
}
