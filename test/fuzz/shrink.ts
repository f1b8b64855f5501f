// Makes a case that shows something smaller, while it still shows something: fewer bodies, then
// fewer changes (delta debugging: Zeller and Hildebrandt, 2002, as far as single changes go).
//
// Not the shrinker of scenarios in src/sim, which lowers values and numbers in labels as well,
// plays asynchronously and asks for one decision after the other: a case is a list of lists, takes
// little (`npm run fuzz` tells its pace), and each change has a seed of its own, so that the others
// stay what they are when one is left out.

import { type Case, type Corpora, type Input, tryBodies } from "./cases.ts";
import type { Readers } from "./judge.ts";

/** Bounds the time: each trial is a whole case. */
const TRIALS_MAX = 2_000;

export function shrink(found: Case, corpora: Corpora, readers: Readers): Case {
  const { target } = found;
  let trials = 0;
  const fails = (inputs: readonly Input[]): boolean => {
    if (trials++ >= TRIALS_MAX) return false;
    try {
      tryBodies(target, corpora.bodiesOf({ target, inputs }), readers);
      return false;
    } catch {
      return true;
    }
  };
  let inputs = fewest(found.inputs, fails);
  for (let at = 0; at < inputs.length; at++) {
    const withChanges = (changes: Input["changes"]): Input[] => {
      return inputs.map((input, k) => (k === at ? { ...input, changes } : input));
    };
    const { changes } = inputs[at] as Input;
    inputs = withChanges(fewest(changes, (fewer) => fails(withChanges(fewer))));
  }
  return { target, inputs };
}

/** Leaves out runs of items, halves first, then ever smaller ones, as long as `fails` holds. */
function fewest<Item>(
  items: readonly Item[],
  fails: (fewer: readonly Item[]) => boolean,
): readonly Item[] {
  let kept = items;
  for (let size = kept.length; size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < kept.length;) {
      const fewer = [...kept.slice(0, start), ...kept.slice(start + size)];
      if (fails(fewer)) kept = fewer;
      else start += size;
    }
  }
  return kept;
}
