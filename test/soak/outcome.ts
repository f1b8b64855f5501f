/** What a soak showed, and what is off about it. */
import { type ChaosCounts, COUNT_LABELS, type CountName } from "../../src/chaos/index.ts";
import { FAULTS_WANTED } from "./faults.ts";
import { MISHAPS, type MishapName } from "./mishaps.ts";
import type { ProcessState } from "./process-state.ts";
import type { Judgement } from "./rules.ts";

export interface Measured extends ProcessState {
  /** Without what V8 makes of the program as it runs. NaN: the run is too short for it. */
  readonly keptBytes: number;
}

export interface LongLived {
  readonly part: string;
  readonly before: Measured;
  readonly after: Measured;
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

/**
 * What a process keeps after the run, of what it kept after the warm-up, at most. What it keeps is
 * what a heap snapshot has of its own objects (`keptBytesIn`), not the heap's size after a
 * collection (`heldBytes`): this is printed, and not judged, as V8's own code and shapes grow in
 * it.
 */
export const GROWTH_MAX = 1.05;

/** Shorter runs are judged by handles alone: their warm-up has not met everything yet. */
export const MEMORY_SECONDS_MIN = 120;

/** How sessions end in a run of that length. */
const ENDS_WANTED = ["closed", "aborted", "peer-ended", "lost", "silence"];

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
    ...endsUnmet(outcome).map((reason) => `too easy: no session ended as ${reason}`),
    ...(longLived.length === 0 ? ["nothing was measured"] : []),
    ...longLived.flatMap((each) => leftBehind(each, outcome.underFaultsSeconds)),
  ];
}

function endsUnmet({ judgement, underFaultsSeconds }: Outcome): string[] {
  if (judgement === undefined || underFaultsSeconds < MEMORY_SECONDS_MIN) return [];
  return ENDS_WANTED.filter((reason) => judgement.ends[reason] === undefined);
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
      `${part} keeps ${((growth - 1) * 100).toFixed(1)}% more memory than after the warm-up`,
    );
  }
  return off;
}

export function growthOf({ before, after }: LongLived): number {
  return after.keptBytes / before.keptBytes;
}

export function sumOfCounts(all: readonly ChaosCounts[]): ChaosCounts {
  const names = Object.keys(COUNT_LABELS) as CountName[];
  return Object.fromEntries(
    names.map((name) => [name, all.reduce((total, counts) => total + counts[name], 0)]),
  ) as unknown as ChaosCounts;
}
