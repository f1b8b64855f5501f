// What the tests of the core and of the simulation run under: no clock, no ambient randomness, and
// a stated seed for fast-check.
//
// Date.now and Math.random throw from just before a test's body (its own beforeEach hooks included)
// until just after it, so that a core that reaches for either fails the test that reached it.
// Outside of that the test runner has them.

import fc from "fast-check";
import { afterEach, beforeEach } from "vitest";

// One seed for every property, so that a run repeats. A failing property prints the seed and the
// path of its counterexample; FC_SEED=<number> explores elsewhere.
const seedDefault = 20_260_101;
const seed = Number(process.env["FC_SEED"] ?? seedDefault);
if (!Number.isSafeInteger(seed)) throw new Error("FC_SEED must be an integer");
fc.configureGlobal({ seed });

const { now } = Date;
const { random } = Math;

beforeEach(() => {
  Date.now = () => {
    throw new Error("Date.now() during a test of pure code: time is passed in as nowMs");
  };
  Math.random = () => {
    throw new Error("Math.random() during a test of pure code: randomness is passed in as a seed");
  };
});

afterEach(() => {
  Date.now = now;
  Math.random = random;
});
