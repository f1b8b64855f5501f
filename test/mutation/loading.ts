// Makes one script of the tests of the core, and registers the tests that are in it.

import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Script } from "node:vm";
import fc from "fast-check";
import { seed } from "../seed.ts";
import { bundleTests, isJudge } from "./bundle.ts";
import { type Collected, Collector } from "./collected.ts";

/** The number of the mutant that is active, -1 for none, where the bundle asks for it. */
export interface Active {
  mutant: number;
}

/** Of each property: enough to meet what its test names, and some hundred tests a mutant. */
const PROPERTY_RUNS_MAX = 10;

/** @param folder The project, instrumented or as it is. */
export async function compile(folder: string, counted: boolean): Promise<Script> {
  const tests = join(folder, "test");
  const names = readdirSync(tests, { recursive: true, encoding: "utf8" });
  const files = names.filter(isJudge).toSorted();
  const source = await bundleTests(
    folder,
    files.map((file) => join(tests, file)),
    counted,
  );
  return new Script(`(require, entering, holdfastActive) => {${source}\n}`, {
    filename: "tests.js",
  });
}

/** All tests, also those that are left out. @param expect What takes the place of vitest's. */
export function evaluate(script: Script, expect: unknown, active: Active): Collected[] {
  const collector = new Collector();
  const { describe, test } = collector;
  const vitest = { describe, test, it: test, expect };
  const outer = createRequire(import.meta.url);
  const inner = (name: string): unknown => {
    if (name === "vitest") return vitest;
    if (name === "fast-check") return { ...fc, assert: briefly };
    return outer(name);
  };
  const run = script.runInThisContext() as (
    require: typeof inner,
    entering: (file: string) => void,
    holdfastActive: Active,
  ) => void;
  run(inner, (file) => void (collector.file = file), active);
  return collector.tests;
}

/**
 * Counterexamples need not be small here: the first one decides. Each run has the same, as a mutant
 * that lives once must live again.
 */
function briefly<Ts>(property: fc.IRawProperty<Ts>, parameters?: fc.Parameters<Ts>): unknown {
  const numRuns = Math.min(parameters?.numRuns ?? PROPERTY_RUNS_MAX, PROPERTY_RUNS_MAX);
  return fc.assert(property, { seed, ...parameters, numRuns, endOnFailure: true });
}
