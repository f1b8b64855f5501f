// Every link through every fault, over real sockets: nothing is lost, doubled or reordered.

import { beforeAll, describe, expect, test } from "vitest";
import { sumOf, Tally } from "./dialogue.ts";
import type { Outcome } from "./fault-table.ts";
import { LINKS } from "./link-under-test.ts";
import { ROWS, wholeTable } from "./whole-table.ts";

/** How long each fault lasts here; `npm run faults` takes as long as it is told. */
const SECONDS = 3;

describe.each(LINKS)("through all faults, by $name", (link) => {
  let outcomes: readonly PromiseSettledResult<Outcome>[] = [];
  beforeAll(async () => {
    outcomes = await wholeTable(link, SECONDS);
  }, 120_000);

  test.each(ROWS)("%s: nothing is lost, doubled or reordered", (row) => {
    const outcome = outcomes[ROWS.indexOf(row)];
    if (outcome?.status !== "fulfilled") throw outcome?.reason;
    const { up, down, met } = outcome.value;
    const { lost, doubled, reordered, received } = sumOf([up, down]);
    expect({ lost, doubled, reordered }).toEqual({ lost: 0, doubled: 0, reordered: 0 });
    // There was something to lose.
    expect(received).toBeGreaterThan(30);
    expect(met).toBeGreaterThan(0);
  });
});

describe("the judge of these", () => {
  function judged(numbers: readonly number[], sent: number, due = sent): Tally {
    const tally = new Tally();
    tally.sent = sent;
    for (const [at, number] of numbers.entries()) tally.hear(number, 10 * at);
    expect(tally.counts(due).sent).toBe(sent);
    return tally;
  }

  test("counts what is lost, doubled and reordered", () => {
    const none = { lost: 0, doubled: 0, reordered: 0 };
    expect(judged([0, 1, 2], 3).counts()).toMatchObject(none);
    expect(judged([0, 2], 3).counts()).toMatchObject({ ...none, lost: 1 });
    expect(judged([0, 1, 1], 2).counts()).toMatchObject({ ...none, doubled: 1 });
    expect(judged([0, 2, 1], 3).counts()).toMatchObject({ ...none, reordered: 1 });
    expect(judged([0, 1], 3).counts(2)).toMatchObject(none);
  });

  test("knows the longest gap, and takes rest for none", () => {
    const tally = new Tally();
    tally.rest(0);
    tally.hear(0, 5);
    tally.hear(1, 25);
    tally.rest(900);
    tally.hear(2, 901);
    expect(tally.counts().largestGapMs).toBe(20);
  });
});
