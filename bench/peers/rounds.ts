/** Contestants take turns, round after round: what the machine does meanwhile falls on all. */
import type { Contestant } from "./contestant.ts";
import type { Play } from "./plays.ts";
import { type Outcome, Results } from "./results.ts";
import { run, type RunOptions } from "./run.ts";

export interface Rounds {
  readonly contestants: readonly Contestant[];
  /** The module that exports them; undefined: the one of all. */
  readonly module?: URL;
  readonly plays: readonly Play[];
  readonly rounds: number;
  takesPart(contestant: Contestant, play: Play): boolean;
  say(progress: string): void;
}

/** In each round in the order of plays, and for each in that of contestants, some at once. */
export async function playRounds(options: Rounds): Promise<Results> {
  const { contestants, module, plays, rounds, takesPart, say } = options;
  const results = new Results();
  const from = module === undefined ? {} : { contestants: module };
  const playIn = async (round: number, play: Play, contestant: Contestant): Promise<void> => {
    const { timeoutMs, processors = "any" } = play;
    const outcome = await playOnce(play, contestant, { timeoutMs, processors, ...from });
    results.add(play, contestant, outcome);
    say(`round ${round} of ${rounds}: ${play.name}: ${contestant.name}: ${brief(play, outcome)}`);
  };
  for (let round = 1; round <= rounds; round++) {
    for (const play of plays) {
      const { atOnce = 1 } = play;
      const players = contestants.filter((each) => takesPart(each, play));
      for (let first = 0; first < players.length; first += atOnce) {
        const group = players.slice(first, first + atOnce);
        await Promise.all(group.map((contestant) => playIn(round, play, contestant)));
      }
    }
  }
  return results;
}

async function playOnce(
  { scenario, parameters }: Play,
  { name }: Contestant,
  options: RunOptions,
): Promise<Outcome> {
  try {
    return { figures: await run(scenario, name, parameters, options) };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

/** Its first figure, or in full why there is none. */
function brief({ figures: [first] }: Play, outcome: Outcome): string {
  if ("failed" in outcome) return `FAILED: ${outcome.failed}`;
  return `${first?.read(outcome.figures)?.toFixed(first.digits) ?? "-"} ${first?.name ?? ""}`;
}
