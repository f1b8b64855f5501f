import { expect, test } from "vitest";
import { CommandLineError } from "../command-line.ts";
import { readOptions, type ReplayOptions, TYPED_TRACE } from "./options.ts";

function optionsOf(line: string): ReplayOptions {
  const options = readOptions(line === "" ? [] : line.split(" "), () => {});
  if (options === undefined) throw new Error("help was asked for");
  return options;
}

test("without flags the committed trace goes over a bad line until that was hard enough", () => {
  const options = optionsOf("");
  expect(options).toMatchObject({ tracePath: TYPED_TRACE, rate: undefined, mayBeEasy: false });
  expect(options.faults).toMatchObject({ cutEveryMs: 500, loss: 0.05, damage: 0.05, double: 0.01 });
  expect([...options.wanted].toSorted()).toEqual([
    "bodiesDamaged",
    "cuts",
    "exchanges",
    "requestsLost",
    "responsesLost",
  ]);
});

test("flags take durations, rates and probabilities as the fault proxy does", () => {
  const line =
    "--trace a.gz --cuts 4/s --loss 12.5% --damage 0.25 --delay 1.5s --double 3% --seed 7";
  const options = optionsOf(`${line} --rate 30/m --easy --json`);
  expect(options.tracePath).toBe("a.gz");
  expect(options.faults).toEqual({
    cutEveryMs: 250,
    loss: 0.125,
    damage: 0.25,
    delayMs: 1_500,
    delayJitterMs: 1_500,
    double: 0.03,
  });
  expect(options).toMatchObject({ seed: 7, rate: 0.5, mayBeEasy: true, isJson: true });
  expect(optionsOf("--cuts 300ms").faults.cutEveryMs).toBe(300);
});

test("what is switched off is not waited for", () => {
  const options = optionsOf("--cuts 0 --loss 0% --damage 0");
  expect(options.faults).toMatchObject({ cutEveryMs: 0, loss: 0, damage: 0 });
  expect([...options.wanted]).toEqual(["exchanges"]);
  expect(optionsOf("--easy").wanted.size).toBe(0);
});

test.each([
  "--cuts often",
  "--cuts 2",
  "--loss 101%",
  "--loss -5%",
  "--damage x",
  "--delay 5",
  "--double 2",
  "--seed -1",
  "--seed 1.5",
  "--seed 4294967296",
  "--rate 0",
  "--rate 10/day",
  "--rate 9999999",
  "--patience 10ms",
  "--patience long",
  "--trace",
  "--plant nothing",
  "--unknown",
  "trace.json.gz",
])("the command line %s is refused in one line", (line) => {
  let message = "";
  try {
    optionsOf(line);
  } catch (error) {
    expect(error).toBeInstanceOf(CommandLineError);
    message = (error as Error).message;
  }
  expect(message).toMatch(/^.{10,}$/);
});

test("help names every flag but the one for tests", () => {
  let help = "";
  expect(readOptions(["--help"], (text) => (help += text))).toBeUndefined();
  const flags = "trace cuts loss damage delay double seed rate patience easy json".split(" ");
  for (const flag of flags) expect(help).toContain(`--${flag}`);
  expect(help).not.toContain("--plant");
});
