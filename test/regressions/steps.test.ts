// Runs that failed once and were kept as labelled steps: each passes, and is still the same run.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bank } from "../sim/toys.ts";
import { scenarioNamed } from "../sim/scenarios.ts";
import { playStepsFile, readStepsFile } from "../sim/steps-file.ts";

const folder = new URL("./", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".steps"));

test.each(names)("%s passes, as the run that was kept", async (name) => {
  const text = readFileSync(new URL(name, folder), "utf8");
  expect(text).toMatch(/^# \S/);
  const file = readStepsFile(text);
  const replay = (): string => `npm run simulate -- test/regressions/${name}`;

  const play = await playStepsFile(scenarioNamed(file.scenario), file, { replay });
  expect(play.picked.filter(({ value }) => value !== 0).length).toBe(file.steps.length);
});

describe("a file of steps", () => {
  const TEXT = `# It was booked twice; the answer was lost.
scenario: bank
marks: answer lost, retried

answer 1 is lost = 1
`;

  test("is read with its scenario, marks and steps", () => {
    expect(readStepsFile(TEXT)).toEqual({
      scenario: "bank",
      marks: ["answer lost", "retried"],
      steps: [{ label: "answer 1 is lost", occurrence: 1, value: 1 }],
    });
    expect(readStepsFile("scenario: bank")).toMatchObject({ marks: [], steps: [] });
  });

  test("passes what is mended, and fails what is not", async () => {
    await expect(playStepsFile(bank(2, true), readStepsFile(TEXT))).resolves.toBeDefined();
    await expect(playStepsFile(bank(2), readStepsFile(TEXT))).rejects.toMatchObject({
      code: "scenario_failed",
    });
  });

  test.each([
    ["a step that nobody asks for", TEXT.replace("answer 1", "answer 7"), "steps_stale"],
    ["a mark that is not met", TEXT.replace("retried", "server crash"), "marks_not_met"],
  ])("fails with %s, though the run passes", async (_name, text, code) => {
    await expect(playStepsFile(bank(2, true), readStepsFile(text))).rejects.toMatchObject({ code });
  });

  test.each([
    ["no scenario", "answer 1 is lost = 1", "no `scenario: name`"],
    ["no steps", TEXT.replace(" = 1", ""), "line 5, not `label = value`: answer 1 is lost"],
  ])("is refused with %s", (_name, text, message) => {
    expect(() => readStepsFile(text)).toThrow(`steps_unreadable: ${message}`);
  });
});
