/** What a run must have met at least, or its zeros prove little. */

/** Counts of what the fault proxy saw and did. */
export interface Hardness {
  /** Requests that the proxy met, whatever became of them and of their responses. */
  readonly exchanges: number;
  readonly cuts: number;
  readonly requestsLost: number;
  readonly responsesLost: number;
  readonly bodiesDamaged: number;
}

/** Each with the words that name it to a reader, in the order in which it is told. */
export const HARDNESS_NAMES: readonly (readonly [keyof Hardness, string])[] = [
  ["exchanges", "exchanges"],
  ["cuts", "connections cut"],
  ["requestsLost", "requests lost"],
  ["responsesLost", "responses lost"],
  ["bodiesDamaged", "bodies damaged"],
];

/** Enough for faults of every kind to have met openings, bundles, acknowledgements and each other. */
export const HARD_ENOUGH: Hardness = {
  exchanges: 2_000,
  cuts: 50,
  requestsLost: 100,
  responsesLost: 100,
  bodiesDamaged: 100,
};

/** What `met` falls short of, one sentence each; empty: the run was hard enough. */
export function shortOf(met: Hardness): string[] {
  return HARDNESS_NAMES.filter(([kind]) => met[kind] < HARD_ENOUGH[kind]).map(
    ([kind, name]) => `too easy: ${met[kind]} ${name}, ${HARD_ENOUGH[kind]} are wanted`,
  );
}
