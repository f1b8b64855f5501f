import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

import { CANARIES } from "../sim/canaries.ts";
import { PLANTED_BUGS } from "../sim/planted-bugs.ts";
import { withPlanted } from "../sim/planting.ts";
import { TRACE_SIZES } from "./properties.ts";
import { parseTrace, replay, TraceRefused, type TraceStep } from "./replay.ts";
import { parseReport } from "./spin.ts";

/** Beginnings of traces that SPIN printed, one of each size. */
const TRACES = TRACE_SIZES.map((size, at) => {
  const file = new URL(`traces/${at + 1}.txt`, import.meta.url);
  return { size, text: readFileSync(file, "utf8") };
});

/** The trace with one of its steps changed. */
function tampered(
  steps: readonly TraceStep[],
  at: number,
  change: (step: TraceStep) => TraceStep,
): TraceStep[] {
  return steps.map((step, index) => (index === at ? change(step) : step));
}

describe("a trace of the model", () => {
  for (const { size, text } of TRACES) {
    const steps = parseTrace(text);
    const name = JSON.stringify(size);

    test(`is followed by the core: ${name}`, () => {
      expect(replay(steps, size)).toBe(steps.length);
      expect(steps.length).toBeGreaterThanOrEqual(50);
    });

    test(`is refused when anything that is seen is changed: ${name}`, () => {
      const last = steps.length - 1;
      const fields = (steps[last] as TraceStep).seen.split("; ").length;
      for (let field = 0; field < fields; field++) {
        const other = tampered(steps, last, (step) => {
          const words = step.seen.split("; ");
          // A number more in the lists, another first number in the pairs.
          const isPair = field < 9;
          words[field] = isPair
            ? (words[field] as string).replace(/\d+/, (digits) => String(Number(digits) + 1))
            : `${words[field]} 999`;
          return { ...step, seen: words.join("; ") };
        });
        expect(() => replay(other, size), `field ${field}`).toThrow(TraceRefused);
      }
    });

    test(`is refused when a step is left out or another exchange is meant: ${name}`, () => {
      let changed = 0;
      for (const [at, { action }] of steps.entries()) {
        if (!action.endsWith("_arrives")) continue;
        const other = tampered(steps, at, (step) => ({ ...step, operand: step.operand + 100 }));
        expect(() => replay(other, size), `another at ${at}`).toThrow(TraceRefused);
        changed++;
        // An answer may make no difference, and behind the last step nothing is seen.
        if (action !== "request_arrives" || at === steps.length - 1) continue;
        const without = steps.filter((_, index) => index !== at);
        expect(() => replay(without, size), `without ${at}`).toThrow(TraceRefused);
      }
      expect(changed).toBeGreaterThan(10);
    });

    test(`is refused by a core with other bounds: ${name}`, () => {
      const others = [
        { ...size, carriersMax: size.carriersMax + 1 },
        { ...size, wantedMax: 3 - size.wantedMax },
      ];
      const refusals = others.filter((other) => {
        try {
          replay(steps, other);
          return false;
        } catch (error) {
          return error instanceof TraceRefused;
        }
      });
      expect(refusals.length).toBeGreaterThan(0);
    });
  }

  test("is refused when it does not begin, or nothing is seen after a step", () => {
    expect(() => parseTrace("")).toThrow(TraceRefused);
    expect(() => parseTrace("step sends 0\nstep sends 0\n")).toThrow(TraceRefused);
    expect(() =>
      replay([{ action: "opens", operand: 0, seen: "" }], TRACE_SIZES[0] as never),
    ).toThrow(TraceRefused);
  });

  test("may end where SPIN was stopped, in the middle of a line", () => {
    const text = (TRACES[0] as (typeof TRACES)[0]).text;
    const steps = parseTrace(text);
    expect(parseTrace(`${text}step sends 1\nseen clock 0-------------\n`)).toEqual(steps);
  });
});

/** Bugs of those that the simulation has to find which the model knows better than. */
const BUGS = [
  "acknowledges before it holds",
  "answers the newest parked request instead of the oldest",
  "sends again under a new number",
  "acknowledgements provoke acknowledgements",
  "an exchange that fails does not make its messages due again",
];

describe("a core with a bug", () => {
  for (const name of BUGS) {
    test(`parts from the model: it ${name}`, async () => {
      const plantings =
        CANARIES.find((canary) => canary.name === name)?.plantings ??
        PLANTED_BUGS.filter((bug) => bug.name === name);
      expect(plantings).not.toEqual([]);
      const refusals = await withPlanted(plantings, () =>
        TRACES.filter(({ size, text }) => {
          try {
            replay(parseTrace(text), size);
            return false;
          } catch (error) {
            return error instanceof TraceRefused;
          }
        }),
      );
      expect(refusals).not.toEqual([]);
    });
  }
});

const FOUND_NOTHING = `
State-vector 180 byte, depth reached 4214, errors: 0
   785877 states, stored
  7007198 states, matched
  7793075 transitions (= stored+matched)
  350.058	total actual memory usage
pan: elapsed time 32.5 seconds
`;

describe("the verifier's report", () => {
  test("says how much was searched", () => {
    expect(parseReport(FOUND_NOTHING)).toEqual({
      violated: undefined,
      isComplete: true,
      states: 785_877,
      transitions: 7_793_075,
      depth: 4214,
      megabytes: 350.058,
      seconds: 32.5,
      secondsToMake: 0,
    });
  });

  test("says what is wrong, and how long the trace to it is", () => {
    const line = "pan:1: assertion violated nothing_is_forgotten (at depth 12)";
    const report = `${line}\n${FOUND_NOTHING.replace("errors: 0", "errors: 1")}`;
    expect(parseReport(report)).toMatchObject({ violated: "nothing_is_forgotten", depth: 12 });
    const cycle = report.replace(line, "pan:1: acceptance cycle (at depth 34)");
    expect(parseReport(cycle)).toMatchObject({ violated: "cycle", depth: 34 });
  });

  test("is not complete when the search was cut short", () => {
    const report = `error: max search depth too small\n${FOUND_NOTHING}`;
    expect(parseReport(report).isComplete).toBe(false);
  });

  test("is an error when it cannot be understood", () => {
    expect(() => parseReport("pan: wrote nothing")).toThrow("lacks");
    expect(() => parseReport(FOUND_NOTHING.replace("errors: 0", "errors: 1"))).toThrow(
      "something else",
    );
  });
});
