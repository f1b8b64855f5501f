// That what is left out of judging mutants is what was meant.

import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { checkLeftOut, isJudging } from "./left-out.ts";
import { compile, evaluate } from "./loading.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

test("all words of tests that are left out stand in names of tests, and most tests judge", async () => {
  const tests = evaluate(await compile(ROOT, true), expect, { mutant: -1 });

  expect(() => checkLeftOut(tests)).not.toThrow();
  expect(tests.filter(isJudging).length).toBeGreaterThan(tests.length * 0.9);
});

test("words that stand in no name fail the run, by themselves", () => {
  const tests = [{ id: "core/a.test.ts#group a million openings" }];

  expect(() => checkLeftOut(tests, ["a million openings", "a billion", "a trillion"])).toThrow(
    /^left out of judging, and in no test's name: a billion; a trillion$/,
  );
  expect(() => checkLeftOut(tests, ["a million openings"])).not.toThrow();
  expect(tests.filter(isJudging)).toEqual([]);
});
