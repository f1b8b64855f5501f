/** Plays as little as bounds need, and once more where one is broken. */
import type { Contestant } from "./contestant.ts";
import type { Play } from "./plays.ts";
import { playRounds } from "./rounds.ts";
import { judge, type Target, type Verdict } from "./targets.ts";

export interface CheckOptions {
  /** The module that exports `contestants`. */
  readonly contestants: URL;
  readonly plays: readonly Play[];
  readonly bounds: readonly Target[];
  /** Rounds at first, and where a bound was broken. */
  readonly rounds: number;
  readonly roundsAgain: number;
  say(progress: string): void;
}

/** A bound is broken only if it is so the second time as well. */
export async function checkBounds(options: CheckOptions): Promise<Verdict[]> {
  const first = await verdicts(options, options.bounds, options.rounds);
  const broken = first.filter(({ state }) => state !== "met").map(({ target }) => target);
  if (broken.length === 0) return first;
  options.say(`once more: ${broken.length} of ${first.length} were not met`);
  const second = await verdicts(options, broken, options.roundsAgain);
  return first.map((verdict) => second.find(({ target }) => target === verdict.target) ?? verdict);
}

async function verdicts(
  { contestants: module, plays, say }: CheckOptions,
  bounds: readonly Target[],
  rounds: number,
): Promise<Verdict[]> {
  const { contestants } = (await import(module.href)) as Contestants;
  const results = await playRounds({
    contestants,
    module,
    plays,
    rounds,
    say,
    takesPart: (contestant, play) =>
      bounds.some(
        (bound) =>
          bound.play === play.name &&
          (bound.contestant === contestant.name || bound.to?.includes(contestant) === true),
      ),
  });
  return bounds.map((bound) => judge(bound, results, plays, contestants));
}

interface Contestants {
  readonly contestants: readonly Contestant[];
}
