import { describe, expect, test } from "vitest";
import { explore, Pair, type PairOptions } from "../../src/sim/index.ts";
import { bothClose, messagesEachWay, tinyWindows } from "./configurations.ts";
import { exploreWith, PLANTED_BUGS } from "./planted-bugs.ts";

const MINUTE_MS = 60_000;

/** Explores to an empty frontier; returns how many states there were. */
function expectPromisesKept(options: PairOptions): number {
  const { states, isExhausted, restStates, failure } = explore(new Pair(options));
  expect(failure).toBeUndefined();
  expect(isExhausted).toBe(true);
  expect(restStates).toBeGreaterThan(0);
  return states;
}

describe("every reachable state keeps the promises, and comes to rest without further harm", () => {
  test("two messages each way, and one loss", { timeout: 5 * MINUTE_MS }, () => {
    const options = messagesEachWay(2, { losses: 1, duplicates: 0, hurries: 0 });

    expect(expectPromisesKept(options)).toBeGreaterThan(10_000);
  });

  test("two messages each way, where ticks end at any time", { timeout: 5 * MINUTE_MS }, () => {
    const options = messagesEachWay(2, { losses: 0, duplicates: 0, hurries: 0 });

    expect(expectPromisesKept({ ...options, eagerTicks: false })).toBeGreaterThan(3_000);
  });

  test("one message each way, a loss, and ticks at any time", { timeout: 5 * MINUTE_MS }, () => {
    const options = messagesEachWay(1, { losses: 1, duplicates: 0, hurries: 0 });

    expect(expectPromisesKept({ ...options, eagerTicks: false })).toBeGreaterThan(3_000);
  });

  test("two messages each way, and a timer that is too early", { timeout: 5 * MINUTE_MS }, () => {
    const options = messagesEachWay(2, { losses: 0, duplicates: 0, hurries: 1 });

    expect(expectPromisesKept(options)).toBeGreaterThan(5_000);
  });

  test("one message each way, and timers at any time", { timeout: 5 * MINUTE_MS }, () => {
    const options = messagesEachWay(1, { losses: 0, duplicates: 0, hurries: Infinity });

    expect(expectPromisesKept(options)).toBeGreaterThan(1_000);
  });

  test("one message each way, a loss and a second copy", { timeout: 5 * MINUTE_MS }, () => {
    const options = messagesEachWay(1, { losses: 1, duplicates: 1, hurries: 0 });

    expect(expectPromisesKept(options)).toBeGreaterThan(5_000);
  });

  test("two messages each way through windows of one", { timeout: 5 * MINUTE_MS }, () => {
    const options = tinyWindows(2, 1, { losses: 0, duplicates: 0, hurries: 0 });

    expect(expectPromisesKept(options)).toBeGreaterThan(5_000);
  });

  test("both sides send a message and close, and one loss", { timeout: 5 * MINUTE_MS }, () => {
    const options = bothClose({ losses: 1, duplicates: 0, hurries: 0 });

    expect(expectPromisesKept(options)).toBeGreaterThan(5_000);
  });
});

describe("the explorer finds planted bugs", () => {
  test.each(PLANTED_BUGS)("$name", { timeout: 5 * MINUTE_MS }, (bug) => {
    const { failure } = exploreWith(bug);

    expect(failure?.message).toMatch(bug.symptom);
    // Short enough to be read.
    expect(failure?.trace.length).toBeGreaterThan(0);
    expect(failure?.trace.length).toBeLessThanOrEqual(25);
  });
});
