/**
 * Promise 6 over a whole graph: from each state one harmless step leads on, and following these
 * steps must end at rest. Looked at backwards, from the states at rest along harmless steps: what
 * is reached comes to rest after as many steps as it is away; what is not reached goes round in a
 * circle, or leads into one.
 */
import type { Column } from "./state-set.ts";

/** What the backward pass has found. */
export interface Liveness {
  /** Most harmless steps from any state to one at rest. */
  readonly restStepsMax: number;
  /** A state that is so far away; the first state where nothing rests. */
  readonly farthest: number;
  /** How many states never come to rest. */
  readonly lost: number;
  /** The first of them, and the states of the circle that it leads into; undefined for none. */
  readonly circle: { readonly from: number; readonly states: readonly number[] } | undefined;
}

/** `next` is the harmless successor of each state; a state at rest is its own. */
export function checkLiveness(next: Column): Liveness {
  const { size } = next;
  // Who leads here, by counting sort: the predecessors of `n` stand from `begin[n]` on.
  const begin = new Int32Array(size + 1);
  for (let at = 0; at < size; at++) {
    if (next.at(at) !== at) begin[next.at(at) + 1] = (begin[next.at(at) + 1] as number) + 1;
  }
  for (let at = 0; at < size; at++)
    begin[at + 1] = (begin[at + 1] as number) + (begin[at] as number);
  const predecessors = new Int32Array(size);
  const filled = begin.slice(0, size);
  for (let at = 0; at < size; at++) {
    const to = next.at(at);
    if (to === at) continue;
    const slot = filled[to] as number;
    predecessors[slot] = at;
    filled[to] = slot + 1;
  }
  const order = new Int32Array(size);
  const steps = new Int32Array(size).fill(-1);
  let reached = 0;
  for (let at = 0; at < size; at++) {
    if (next.at(at) !== at) continue;
    steps[at] = 0;
    order[reached++] = at;
  }
  let restStepsMax = 0;
  for (let read = 0; read < reached; read++) {
    const to = order[read] as number;
    restStepsMax = steps[to] as number;
    for (let at = begin[to] as number; at < (begin[to + 1] as number); at++) {
      const from = predecessors[at] as number;
      steps[from] = restStepsMax + 1;
      order[reached++] = from;
    }
  }
  // The last that was reached.
  const farthest = reached === 0 ? 0 : (order[reached - 1] as number);
  const from = steps.indexOf(-1);
  const circle = from < 0 ? undefined : { from, states: circleFrom(next, from) };
  return { restStepsMax, farthest, lost: size - reached, circle };
}

function circleFrom(next: Column, from: number): number[] {
  const met = new Set<number>();
  let at = from;
  while (!met.has(at)) {
    met.add(at);
    at = next.at(at);
  }
  const states = [...met];
  return states.slice(states.indexOf(at));
}
