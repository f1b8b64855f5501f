/** What a soak showed, and what is off about it. */
import { type ChaosCounts, COUNT_LABELS, type CountName } from "../../src/chaos/index.ts";
import { FAULTS_WANTED } from "./faults.ts";
import { MISHAPS, type MishapName } from "./mishaps.ts";
import type { ProcessState } from "./process-state.ts";
import type { Judgement } from "./rules.ts";

export interface LongLived {
  readonly part: string;
  readonly before: ProcessState;
  readonly after: ProcessState;
}

export interface Outcome {
  readonly seed: number;
  /** All in all, without the check. */
  readonly seconds: number;
  readonly underFaultsSeconds: number;
  /** Undefined: the logs could not be judged. */
  readonly judgement: Judgement | undefined;
  readonly faults: ChaosCounts;
  readonly mishaps: Readonly<Record<MishapName, number>>;
  readonly proxyStarts: number;
  /** Empty: the run did not get so far. */
  readonly longLived: readonly LongLived[];
  /** What went wrong with the run itself. */
  readonly trouble: readonly string[];
}

/** The memory of a process after the run, of that after the warm-up, at most. */
export const GROWTH_MAX = 1.05;

/**
 * Shorter runs are judged by handles alone: what a process caches in its first half minute, such as
 * what it knows of the types that each way has met, is more than the bound.
 */
export const MEMORY_SECONDS_MIN = 120;

/** Whatever fails the run, one sentence each. */
export function offOf(outcome: Outcome): string[] {
  const { judgement, faults, mishaps, longLived, trouble } = outcome;
  return [
    ...trouble,
    ...(judgement?.off ?? ["the logs were not judged"]),
    ...FAULTS_WANTED.filter((name) => faults[name] === 0).map((name) => {
      return `too easy: nothing of "${COUNT_LABELS[name].trim()}" was met`;
    }),
    ...MISHAPS.filter((name) => mishaps[name] === 0).map((name) => `too easy: no ${name}`),
    ...(longLived.length === 0 ? ["nothing was measured"] : []),
    ...longLived.flatMap((each) => leftBehind(each, outcome.underFaultsSeconds)),
  ];
}

function leftBehind({ part, before, after }: LongLived, seconds: number): string[] {
  const off: string[] = [];
  for (const what of ["resources", "descriptors"] as const) {
    const was = JSON.stringify(before[what]);
    const is = JSON.stringify(after[what]);
    if (is !== was) off.push(`${part} had the ${what} ${was} and has ${is}`);
  }
  const growth = growthOf({ part, before, after });
  if (seconds >= MEMORY_SECONDS_MIN && !(growth <= GROWTH_MAX)) {
    off.push(
      `${part} holds ${((growth - 1) * 100).toFixed(1)}% more memory than after the warm-up`,
    );
  }
  return off;
}

export function growthOf({ before, after }: LongLived): number {
  return after.heldBytes / before.heldBytes;
}

export function sumOfCounts(all: readonly ChaosCounts[]): ChaosCounts {
  const names = Object.keys(COUNT_LABELS) as CountName[];
  return Object.fromEntries(
    names.map((name) => [name, all.reduce((total, counts) => total + counts[name], 0)]),
  ) as unknown as ChaosCounts;
}
