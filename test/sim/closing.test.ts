import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Half } from "../../src/core/half.ts";
import { ParkSide } from "../../src/core/park-side.ts";
import { checkScenario, exploreScenario, ScenarioFailure } from "../../src/sim/index.ts";
import { closing } from "./closing.ts";
import { getter, type Planting, withPlanted } from "./planting.ts";
import { playStepsFile, readStepsFile } from "./steps-file.ts";

const MARKS = ["another order", "lost", "refused"];

test("a session closes in order in every way in which up to two things come otherwise", async () => {
  const summary = await exploreScenario(closing, { stepsMax: 2, marks: MARKS });

  expect(summary.isExhaustive).toBe(true);
  expect(summary.runs).toBeGreaterThan(3_000);
});

test("a session closes in order whatever comes in the way, by seeds", async () => {
  const { marks } = await checkScenario(closing, { seeds: 300, marks: MARKS });
  expect(marks.get("lost")).toBeGreaterThan(100);
});

/** It says its last word though messages of the client's are still unread. */
const ENDS_EARLY: Planting = {
  prototype: ParkSide.prototype,
  member: "isDone",
  descriptor: getter<ParkSide>((side) => {
    const isDone = Object.getOwnPropertyDescriptor(Half.prototype, "isDone")?.get;
    return isDone?.call(side);
  }),
};

test("a server that ends before it holds everything is found, and by the run that was kept", async () => {
  const kept = new URL("../regressions/end-before-all-is-held.steps", import.meta.url);
  const file = readStepsFile(readFileSync(kept, "utf8"));
  const drivers = [
    () => checkScenario(closing, { seeds: 100 }),
    () => playStepsFile(closing, file),
  ] as const;
  for (const driver of drivers) {
    const error = await withPlanted<unknown>([ENDS_EARLY], driver).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ScenarioFailure);
    const { steps, message } = error as ScenarioFailure;
    expect(steps).toHaveLength(2);
    expect(message).toContain("BrokenPromise: 3: the client says peer-ended");
  }
});
