/**
 * Makes the steps of a failing run few and small: steps are taken away by delta debugging (A.
 * Zeller and R. Hildebrandt, "Simplifying and isolating failure-inducing input", 2002; by
 * complements, whole kinds of labels first), and what is left is lowered by bisection: its value,
 * how late it happens, and the numbers in its label. A smaller run counts when it fails in the same
 * way.
 *
 * Invariants: what is kept did fail, as it stands; every step taken makes it smaller, so shrinking
 * ends; the same failure shrinks to the same steps, unless a clock was given and stopped it.
 */
import type { Scenario } from "../play.ts";
import { failureKind, type Outcome, runOnce } from "./outcome.ts";
import { kindOfLabel, type LabelledStep, SteppedChoices, labelledStepsOf } from "./steps.ts";

/** How much work shrinking may be. */
export interface ShrinkLimits {
  /** Runs at most. Default 3,000: some times what thousands of steps take. 0: as it was found. */
  readonly shrinkRunsMax?: number;
  /**
   * Decisions of all these runs together. Default 10,000,000, which is some seconds of a fast
   * scenario: work stands for time, because a clock would make each machine shrink to other steps.
   */
  readonly shrinkPicksMax?: number;
  /** A clock, for scenarios whose decisions are slow; without it, there is no limit of time. */
  readonly nowMs?: () => number;
  /** Time at most, by `nowMs`. Default 10,000: as long as somebody waits. */
  readonly shrinkMsMax?: number;
}

/** What shrinking came to. */
export interface Shrunk {
  /** What is left of the steps. */
  readonly steps: readonly LabelledStep[];
  /** Runs that it took. */
  readonly runs: number;
  /** Whether no single step can be left out or lowered; otherwise a limit was reached. */
  readonly isMinimal: boolean;
  /**
   * Whether the steps that were found did fail again in the same way. If not, nothing is shrunk.
   */
  readonly isRepeatable: boolean;
}

const SHRINK_RUNS_MAX = 3_000;
const SHRINK_PICKS_MAX = 10_000_000;
const SHRINK_MS_MAX = 10_000;
/** How much longer than the one that was found a smaller run may be. */
const LONGER_TIMES_MAX = 4;
const LONGER_PICKS = 1_000;

/** Shrinks a run that failed. */
export async function shrink(
  scenario: Scenario,
  found: Outcome,
  picksMax: number,
  limits: ShrinkLimits,
): Promise<Shrunk> {
  const shrinker = new Shrinker(scenario, found, picksMax, limits);
  return shrinker.run();
}

class Shrinker {
  private steps: readonly LabelledStep[];
  private runs = 0;
  private picks = 0;
  private isSpent = false;
  private readonly scenario: Scenario;
  private readonly kind: string;
  private readonly runPicksMax: number;
  private readonly runsMax: number;
  private readonly picksMax: number;
  private readonly isLate: () => boolean;

  constructor(scenario: Scenario, found: Outcome, picksMax: number, limits: ShrinkLimits) {
    this.scenario = scenario;
    this.steps = labelledStepsOf(found.play.picked);
    this.kind = failureKind(found.failure?.error);
    const { nowMs, shrinkMsMax = SHRINK_MS_MAX } = limits;
    this.runsMax = limits.shrinkRunsMax ?? SHRINK_RUNS_MAX;
    this.picksMax = limits.shrinkPicksMax ?? SHRINK_PICKS_MAX;
    const startMs = nowMs?.() ?? 0;
    this.isLate = () => nowMs !== undefined && nowMs() - startMs > shrinkMsMax;
    // Fewer faults make no longer run, as a rule. Without this bound, one that has lost its end
    // would use all the work that there is.
    const longerPicks = LONGER_TIMES_MAX * found.play.picked.length + LONGER_PICKS;
    this.runPicksMax = Math.min(picksMax, longerPicks);
  }

  async run(): Promise<Shrunk> {
    if (this.runsMax === 0) return this.result(true);
    if (!(await this.fails(this.steps))) return this.result(false);
    if (this.steps.length > 0) await this.fails([]);
    await this.dropKinds();
    for (let before; before !== this.steps && !this.isSpent;) {
      before = this.steps;
      await this.dropChunks();
      await this.lower();
    }
    return this.result(true);
  }

  private result(isRepeatable: boolean): Shrunk {
    const { steps, runs, isSpent } = this;
    const isMinimal = isRepeatable && !isSpent && this.runsMax > 0;
    return { steps, runs, isMinimal, isRepeatable };
  }

  /** Whether these steps fail too; if so they are kept, without those that were not asked for. */
  private async fails(steps: readonly LabelledStep[]): Promise<boolean> {
    this.isSpent ||= this.runs >= this.runsMax || this.picks >= this.picksMax || this.isLate();
    if (this.isSpent) return false;
    this.runs++;
    const options = { isNoting: false, picksMax: this.runPicksMax };
    const { play, failure } = await runOnce(this.scenario, new SteppedChoices(steps), options);
    this.picks += play.picked.length;
    if (failure === undefined || failureKind(failure.error) !== this.kind) return false;
    this.steps = labelledStepsOf(play.picked);
    return true;
  }

  // --- fewer ----------------------------------------------------------------------------------

  /** Delays, say, are many and seldom matter: all of a kind at once, the most frequent first. */
  private async dropKinds(): Promise<void> {
    const counts = new Map<string, number>();
    for (const { label } of this.steps) {
      const kind = kindOfLabel(label);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    const kinds = [...counts].toSorted(([, left], [, right]) => right - left);
    for (const [kind, count] of kinds) {
      if (count < 2) return;
      await this.fails(this.steps.filter(({ label }) => kindOfLabel(label) !== kind));
    }
  }

  /**
   * Chunks of half of the steps, of a quarter, and so on; from the end, where least depends on it.
   */
  private async dropChunks(): Promise<void> {
    let size = this.steps.length;
    do {
      size = Math.ceil(size / 2);
      for (let end = this.steps.length; end > 0 && !this.isSpent;) {
        const start = Math.max(0, end - size);
        await this.fails([...this.steps.slice(0, start), ...this.steps.slice(end)]);
        // Up to `start` the run was the same.
        end = Math.min(start, this.steps.length);
      }
    } while (size > 1);
  }

  // --- smaller --------------------------------------------------------------------------------

  private async lower(): Promise<void> {
    for (const step of this.steps) {
      const { value, occurrence } = step;
      let lowered = await this.bisect(step, value, (lower) => ({ ...step, value: lower }));
      const { value: kept } = lowered;
      lowered = await this.bisect(lowered, occurrence, (earlier) => {
        return { ...step, value: kept, occurrence: earlier };
      });
      await this.renumber(lowered);
    }
  }

  /** "answer 14 is lost" may as well be "answer 1 is lost". */
  private async renumber(step: LabelledStep): Promise<void> {
    let renumbered = step;
    const parts = step.label.split(/(\d+)/);
    for (let at = 1; at < parts.length; at += 2) {
      renumbered = await this.bisect(renumbered, Number(parts[at]), (number) => {
        const label = parts.with(at, String(number)).join("");
        return { ...step, label };
      });
      parts.splice(0, parts.length, ...renumbered.label.split(/(\d+)/));
    }
  }

  /** The lowest number, or one below which it does not fail. */
  private async bisect(
    step: LabelledStep,
    from: number,
    withNumber: (number: number) => LabelledStep,
  ): Promise<LabelledStep> {
    let kept = step;
    let high = from;
    if (high <= 1 || !this.steps.some((each) => isSame(each, step))) return kept;
    // Everything below `low` counts as known not to fail: 0 was tried when steps were dropped.
    for (let low = 0, tried = 1; low + 1 < high && !this.isSpent;) {
      const candidate = withNumber(tried);
      if (await this.failsWith(kept, candidate)) {
        [kept, high] = [candidate, tried];
        if (!this.steps.some((each) => isSame(each, kept))) return kept;
      } else {
        low = tried;
      }
      tried = low + Math.floor((high - low) / 2);
    }
    return kept;
  }

  private async failsWith(step: LabelledStep, candidate: LabelledStep): Promise<boolean> {
    const others = this.steps.filter((each) => !isSame(each, step));
    if (others.some((each) => isSamePlace(each, candidate))) return false;
    return this.fails([...others, candidate]);
  }
}

function isSame(left: LabelledStep, right: LabelledStep): boolean {
  return isSamePlace(left, right) && left.value === right.value;
}

function isSamePlace(left: LabelledStep, right: LabelledStep): boolean {
  return left.label === right.label && left.occurrence === right.occurrence;
}
