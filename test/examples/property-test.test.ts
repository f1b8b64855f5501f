/** examples/property-test: that the bug is found, small and soon, and that it is mended. */
import { readdirSync } from "node:fs";
import {
  checkScenario,
  type CheckSummary,
  HOSTILE_PROXY,
  LOSSY_WIFI,
  MOBILE_4G,
  PRESETS,
  SATELLITE,
  ScenarioFailure,
  TRAIN_TUNNEL,
  WIFI,
} from "holdfast/sim";
import { describe, expect, it } from "vitest";
import { book, bookOnce } from "../../examples/property-test/bank.ts";
import { bank } from "../../examples/property-test/scenario.ts";
import { Program } from "../program.ts";
import { blocksOf, read, ROOT } from "../readme/markdown.ts";

// How a project of one's own would test it: these tests run here as well.
await import("../../examples/property-test/bank.test.ts");
await import("../../examples/property-test/every-way.test.ts");
await import("../../examples/property-test/own-arbitraries.test.ts");

/** Seeds within which the bug is found, with many to spare. */
const SEEDS = 100;
/** What is left when it is shrunk: a lost answer, a killed server, and some steps to spare. */
const STEPS_MAX = 6;
/** Found and shrunk, in time of the processor: what it takes by a clock on a quiet machine. */
const FOUND_MS_MAX = 1_000;

async function failureOf(checking: Promise<CheckSummary>): Promise<ScenarioFailure> {
  const error = await checking.catch((thrown: unknown) => thrown);
  if (error instanceof ScenarioFailure) return error;
  throw new Error("It was not found", { cause: error });
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

describe("the example of a property test", () => {
  it("finds the double charge within a second, and says so in a few steps", async () => {
    const startMs = processorMs();
    const failure = await failureOf(checkScenario(bank(book), { seeds: SEEDS }));
    expect(processorMs() - startMs).toBeLessThan(FOUND_MS_MAX);
    expect(failure.message).toContain("Error: ann was charged 2 times");
    expect(failure.steps.length).toBeLessThanOrEqual(STEPS_MAX);
    expect(failure.steps.length).toBeGreaterThan(0);
    const again = await failureOf(checkScenario(bank(book), { steps: failure.steps }));
    expect(again.message).toContain("Error: ann was charged 2 times");
    // The same steps do not break the bank that looks at keys.
    await checkScenario(bank(bookOnce), { steps: failure.steps });
  });

  it("finds nothing in the mended bank, in thousands of runs that met what they were to", async () => {
    const marks = ["lost", "answer lost", "server restarts"];
    const summary = await checkScenario(bank(bookOnce), { seeds: 2_000, firstSeed: 1_000, marks });
    expect(summary.runs).toBe(2_000);
    expect(summary.marks.get("server restarts")).toBeGreaterThan(200);
  });

  it("is started by one command, which shows the failure with its chart", async () => {
    const main = new Program("examples/property-test/main.ts");
    expect(await main.ended).toBe(0);
    expect(main.complaints).toEqual([]);
    const output = main.lines.join("\n");
    expect(output).toMatch(/^Scenario "bank" fails \(seed \d+\): Error: ann was charged 2 times/);
    expect(output).toMatch(/\n {2}.*answer \d+ is lost.* = 1\n/);
    expect(output).toMatch(/\n {2}server is killed at \d+ x 100 ms = 1\n/);
    expect(output.match(/\* books a charge of ann /g)).toHaveLength(2);
    expect(output).toMatch(/\nFound and shrunk in \d+ ms\.\n/);
    expect(main.lines.at(-1)).toBe(
      "The bank that looks at keys: 1000 runs, and nobody was charged twice.",
    );
  });

  it("has the cores tried in every order, and a network that is moved by hand", async () => {
    const cores = new Program("examples/property-test/cores.ts");
    expect(await cores.ended).toBe(0);
    expect(cores.lines).toEqual([
      expect.stringMatching(/^\d{4,} states, all that there are: nothing is lost\.$/),
    ]);
    const line = new Program("examples/property-test/line.ts");
    expect(await line.ended).toBe(0);
    expect(line.lines.join("\n")).toMatch(/pigeon's answer \d+ \[300 bytes\]/);
    expect(line.lines.length).toBeGreaterThan(15);
  });
});

const NETWORKS = { HOSTILE_PROXY, LOSSY_WIFI, MOBILE_4G, SATELLITE, TRAIN_TUNNEL, WIFI };

describe("the page about property testing", () => {
  const folder = "examples/property-test/";
  const blocks = blocksOf(read("spec/property-testing.md"));
  const textsOf = (kind: string): string[] => {
    return blocks.filter((block) => block.kind === kind).map(({ text }) => text);
  };

  it("shows parts of files that run here", () => {
    const files = readdirSync(ROOT + folder).map((file) => `\n${read(folder + file)}`);
    const programs = textsOf("ts");
    expect(programs.length).toBeGreaterThan(5);
    const isPart = (text: string): boolean => files.some((file) => file.includes(`\n${text}`));
    expect(programs.filter((text) => !isPart(text))).toEqual([]);
  });

  it("shows the failure that its steps bring", async () => {
    const [head = "", chart = ""] = textsOf("text");
    const [, ...steps] = head.trimEnd().split("\n");
    const failure = await failureOf(checkScenario(bank(book), { steps: steps.join("\n") }));
    expect(failure.message).toContain(chart);
    expect(chart.split("\n").length).toBeGreaterThan(5);
  });

  it("names networks and commands that there are", () => {
    const page = read("spec/property-testing.md");
    for (const name of Object.keys(NETWORKS)) expect(page).toContain(`\`${name}\``);
    expect(new Set(Object.values(NETWORKS))).toEqual(new Set(Object.values(PRESETS)));
    expect(textsOf("sh")).toEqual(["npm run build\nnpx tsx examples/property-test/main.ts\n"]);
  });
});
