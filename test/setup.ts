// What the tests of the core and of the simulation run under: no clock and no ambient randomness.
//
// Date.now and Math.random throw from just before a test's body (its own beforeEach hooks included)
// until just after it, so that a core that reaches for either fails the test that reached it.
// Outside of that the test runner has them.

import { afterEach, beforeEach } from "vitest";

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
