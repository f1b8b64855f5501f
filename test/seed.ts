// One seed for every property, so that a run repeats. A failing property prints the seed and the
// path of its counterexample; FC_SEED=<number> explores elsewhere.

import fc from "fast-check";

const seedDefault = 20_260_101;
export const seed: number = Number(process.env["FC_SEED"] ?? seedDefault);
if (!Number.isSafeInteger(seed)) throw new Error("FC_SEED must be an integer");
fc.configureGlobal({ seed });
