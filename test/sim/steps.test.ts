import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatSteps,
  parseSteps,
  RecordedChoices,
  seeded,
  type LabelledStep,
  SteppedChoices,
  labelledStepsOf,
} from "../../src/sim/index.ts";

describe("steps", () => {
  test("are the answers that were not harmless, and which time it was", () => {
    const picked = [
      { label: "a", count: 3, value: 0 },
      { label: "b", count: 3, value: 2 },
      { label: "a", count: 3, value: 1 },
    ];
    expect(labelledStepsOf(picked)).toEqual([
      { label: "b", occurrence: 1, value: 2 },
      { label: "a", occurrence: 2, value: 1 },
    ]);
  });

  test("stand one a line, or parted by semicolons, with remarks", () => {
    const text = `
      # The answer is lost after it was booked; so
      answer 1 is lost = 1

      delay #2 = 40; a = b = 3
      "quoted; \\"label\\"" #3 = 1`;
    expect(parseSteps(text)).toEqual([
      { label: "answer 1 is lost", occurrence: 1, value: 1 },
      { label: "delay", occurrence: 2, value: 40 },
      { label: "a = b", occurrence: 1, value: 3 },
      { label: 'quoted; "label"', occurrence: 3, value: 1 },
    ]);
  });

  test("are read as they are written, whatever their labels", () => {
    const words = fc.constantFrom(
      " ",
      "#",
      "=",
      ";",
      '"',
      "\\",
      "\n",
      "\r",
      "1",
      " #2",
      "é",
      "\u2028",
      "a",
    );
    const label = fc.oneof(
      fc.string(),
      fc.array(words).map((each) => each.join("")),
    );
    const step = fc.record({ label, occurrence: fc.integer({ min: 1 }), value: fc.nat() });
    const isSame = (left: LabelledStep, right: LabelledStep) =>
      left.label === right.label && left.occurrence === right.occurrence;
    const steps = fc.uniqueArray(step, { comparator: isSame });
    fc.assert(
      fc.property(steps, fc.constantFrom("\n" as const, "; " as const), (each, separator) => {
        expect(parseSteps(formatSteps(each, separator))).toEqual(each);
      }),
    );
  });

  test.each([
    ["answer 1 is lost", "line 1, not `label = value`: answer 1 is lost"],
    ["a = 1\nb = x", "line 2, not `label = value`: b = x"],
    ["a = 1\n\n  = 1", "line 3, not `label = value`: = 1"],
    ["a #0 = 1", "line 1, a number or a label that cannot be: a #0 = 1"],
    ["a = 99999999999999999", "line 1, a number or a label that cannot be: a = 99999999999999999"],
    ['"\\x" = 1', 'line 1, a number or a label that cannot be: "\\x" = 1'],
    ['"a = 1', 'line 1, not `label = value`: "a = 1'],
    ["a = 1; a = 2", "line 1, the same step twice: a = 2"],
  ])("that cannot be read are refused: %j", (text, message) => {
    expect(() => parseSteps(text)).toThrow(
      expect.objectContaining({
        code: "steps_unreadable",
        message: `steps_unreadable: ${message}`,
      }),
    );
  });

  test("decide what they are about, and nothing else happens", () => {
    const choices = new SteppedChoices(parseSteps("a #2 = 1; b = 7; c = 1; a = 2"));
    const asked = ["a", "a", "a", "b", "d"].map((label) => choices.pick(5, label));

    expect(asked).toEqual([2, 1, 0, 0, 0]);
    expect(formatSteps(choices.unasked)).toBe("c = 1");
    expect(formatSteps(choices.tooLarge)).toBe("b = 7");
  });

  test("repeat a run that had a seed", () => {
    const ask = (choices: RecordedChoices) => {
      for (let at = 0; at < 500; at++) choices.pick(1 + (at % 7), `label ${at % 11}`, 300);
      return choices.tape;
    };
    const recorded = new RecordedChoices(seeded(5));
    const tape = ask(recorded);

    const text = formatSteps(labelledStepsOf(recorded.picked));
    expect(ask(new RecordedChoices(new SteppedChoices(parseSteps(text))))).toEqual(tape);
  });
});
