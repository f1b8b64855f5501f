/** What runs have come to, and how contestants compare within a round. */
import type { Contestant } from "./contestant.ts";
import type { Figure, Play } from "./plays.ts";
import type { Figures } from "./scenario.ts";

/** Of one run. */
export type Outcome = { readonly figures: Figures } | { readonly failed: string };

export type Values = readonly (number | undefined)[];

/** By play and contestant, one outcome for each round. */
export class Results {
  readonly #outcomes: Map<string, Map<string, Outcome[]>> = new Map();

  add(play: Play, contestant: Contestant, outcome: Outcome): void {
    const ofPlay = this.#outcomes.get(play.name) ?? new Map<string, Outcome[]>();
    this.#outcomes.set(play.name, ofPlay);
    const rounds = ofPlay.get(contestant.name) ?? [];
    ofPlay.set(contestant.name, [...rounds, outcome]);
  }

  rounds(play: Play, contestant: Contestant): readonly Outcome[] {
    return this.#outcomes.get(play.name)?.get(contestant.name) ?? [];
  }

  hasFailed(play: Play, contestant: Contestant): boolean {
    return this.rounds(play, contestant).some((outcome) => "failed" in outcome);
  }

  /** One value for each round; undefined where the run failed or has no such figure. */
  values(play: Play, contestant: Contestant, figure: Figure): Values {
    return this.rounds(play, contestant).map((outcome) =>
      "failed" in outcome ? undefined : figure.read(outcome.figures),
    );
  }

  /** The best value of several contestants in each round. */
  best(play: Play, among: readonly Contestant[], figure: Figure): Values {
    const all = among.map((contestant) => this.values(play, contestant, figure));
    const rounds = Math.max(0, ...all.map(({ length }) => length));
    return Array.from({ length: rounds }, (_, round) => {
      const values = all.map((each) => each[round]).filter((value) => value !== undefined);
      if (values.length === 0) return undefined;
      return figure.better === "more" ? Math.max(...values) : Math.min(...values);
    });
  }
}

/** The quotient of each round that has both, so that a slow moment falls on both. */
export function ratios(values: Values, to: Values): number[] {
  return values.flatMap((value, round) => {
    const by = to[round];
    return value === undefined || by === undefined || by === 0 ? [] : [value / by];
  });
}

/** Those that are there. */
export function known(values: Values): number[] {
  return values.filter((value) => value !== undefined);
}
