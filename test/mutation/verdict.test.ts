// What makes a run of mutants fail, on results made by hand.

import { fileURLToPath } from "node:url";
import type { MutantResult, MutantStatus } from "@stryker-mutator/api/core";
import { describe, expect, test } from "vitest";
import { Collector } from "./collected.ts";
import type { Justified } from "./justified.ts";
import { verdictOf } from "./verdict.ts";

/** This file's own first line, of which a part is mutated. */
const fileName = fileURLToPath(import.meta.url);
const LINE = "// What makes a run of mutants fail, on results made by hand.";

function mutant(status: MutantStatus, replacement = "takes"): MutantResult {
  const location = { start: { line: 1, column: 9 }, end: { line: 1, column: 14 } };
  const one: Partial<MutantResult> = { id: "1", fileName, location, mutatorName: "", replacement };
  return { ...one, status } as MutantResult;
}

const killed = (count: number): MutantResult[] =>
  Array.from({ length: count }, () => mutant("Killed"));

const justified = (replacement = "takes"): Justified => ({
  file: "verdict.test.ts",
  line: LINE,
  text: "makes",
  replacement,
  reason: "It is as good.",
});

describe("a run of mutants", () => {
  test("passes with enough killed and all others justified, the endless ones counted as killed", () => {
    const verdict = verdictOf(
      [...killed(98), mutant("Timeout"), mutant("Survived"), mutant("Ignored")],
      [justified()],
    );

    expect(verdict.faults).toEqual([]);
    expect([verdict.killed, verdict.endless, verdict.judged, verdict.ignored]).toEqual([
      99, 1, 100, 1,
    ]);
    expect(verdict.score).toBe(99);
  });

  test("fails by a survivor that nobody has justified, and names it as the list does", () => {
    for (const status of ["Survived", "NoCoverage"] as const) {
      const { faults, survivors } = verdictOf([...killed(99), mutant(status)], []);

      expect(faults).toEqual([`survives: verdict.test.ts | ${LINE} | makes | takes`]);
      expect(survivors).toEqual([
        { file: "verdict.test.ts", line: LINE, text: "makes", replacement: "takes" },
      ]);
    }
  });

  test("fails by an entry of the list whose mutant was killed, or that is there twice", () => {
    const gone = verdictOf([...killed(99), mutant("Killed")], [justified()]);
    expect(gone.faults).toHaveLength(1);
    expect(gone.faults[0]).toMatch(/^justified, but does not survive: .*; killed by /);

    const twice = verdictOf([...killed(199), mutant("Survived")], [justified(), justified()]);
    expect(twice.faults).toHaveLength(1);
  });

  test("passes by an entry of the list whose mutant took too long", () => {
    expect(verdictOf([...killed(99), mutant("Timeout")], [justified()]).faults).toEqual([]);
  });

  test("fails below 90 in a hundred, and by more than 2 justified ones", () => {
    const low = verdictOf(
      [...killed(8), mutant("Survived", "a"), mutant("Survived", "b")],
      [justified("a"), justified("b")],
    );
    expect(low.faults).toEqual(["the score is below 90", "more than 2 in a hundred are justified"]);
  });

  test("fails by a mutant that could not be judged", () => {
    expect(verdictOf([...killed(99), mutant("RuntimeError")], []).faults[0]).toMatch(/^Runtime/);
  });
});

describe("collecting tests", () => {
  test("names each once, rows of tables too, and leaves asynchronous ones out", () => {
    const collector = new Collector();
    const { describe: group, test: one } = collector;
    collector.file = "a.test.ts";
    const ran: unknown[] = [];
    group("group", () => {
      one("plain", () => ran.push("plain"));
      one("later", async () => ran.push("later"));
      one.each([
        ["x", 1],
        ["y", 2],
      ])("row %s", (...row: unknown[]) => ran.push(row));
      one.each(["z"])("later %s", async () => ran.push("later"));
    });
    one("plain", () => ran.push("outside"));
    one("plain", () => ran.push("again"));

    for (const { run } of collector.tests) run();

    expect(collector.tests.map(({ id }) => id)).toEqual([
      "a.test.ts#group plain",
      "a.test.ts#group row x 1 [0]",
      "a.test.ts#group row y 2 [1]",
      "a.test.ts#plain",
      "a.test.ts#plain (2)",
    ]);
    expect(ran).toEqual(["plain", ["x", 1], ["y", 2], "outside", "again"]);
  });
});
