// The tables of limits in spec/protocol.md against the constants and options of the source.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ENDPOINT_DEFAULTS, LITERAL_DEFAULTS } from "../../src/core/limits.ts";
import { END_CODES } from "../../src/core/half.ts";
import * as limits from "../../src/core/limits.ts";
import { REQUEST_DEFAULTS, SESSION_DEFAULTS } from "../../src/core/limits.ts";
import { TRANSITIONS } from "../../src/core/session-states.ts";

const spec = readFileSync(new URL("../../spec/protocol.md", import.meta.url), "utf8");

/** The rows of the tables between two headings: names and numbers. */
function rowsBetween(from: string, to: string): [string, number][] {
  const section = spec.slice(spec.indexOf(`\n${from}`), spec.indexOf(`\n${to}`));
  const rows = section.matchAll(/^\| `(\w+)` \| ([\d ]+) \|/gm);
  return [...rows].map(([, name, value]) => [name ?? "", Number(value?.replaceAll(" ", ""))]);
}

/** What of `values` is a number. */
function numbersOf(values: object): [string, number][] {
  return Object.entries(values).filter((entry) => typeof entry[1] === "number");
}

function sorted(rows: readonly [string, number][]): [string, number][] {
  return rows.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

describe("the tables of limits", () => {
  test("have every constant of limits.ts", () => {
    const rows = rowsBetween("### 9.1", "### 9.3");

    expect(sorted(rows)).toEqual(sorted(numbersOf(limits)));
  });

  test("have every option of both sides", () => {
    expect(sorted(rowsBetween("### 9.3", "### 9.4"))).toEqual(sorted(numbersOf(SESSION_DEFAULTS)));
  });

  test("have every option of one side", () => {
    const one = numbersOf({ ...ENDPOINT_DEFAULTS, ...REQUEST_DEFAULTS });
    const rows = rowsBetween("### 9.4", "## 10");

    expect(sorted(rows)).toEqual(sorted(one.filter(([name]) => !(name in SESSION_DEFAULTS))));
    expect(ENDPOINT_DEFAULTS.silenceLimitMs).toBe(90_000);
  });

  test("have every option of the literal procedure", () => {
    const rows = rowsBetween("## 8.", "### 8.1");

    expect(sorted(rows)).toEqual(sorted(numbersOf(LITERAL_DEFAULTS)));
    expect(LITERAL_DEFAULTS.answerDelayMs).toBeUndefined();
    expect(spec).toContain("\n| `answerDelayMs` | none |");
  });
});

test("the codes of ends are those of the source", () => {
  const section = spec.slice(spec.indexOf("\n### 10.3"));
  const rows = [...section.matchAll(/^\| (\d+)[^|]*\| `(\w+)` \|/gm)];

  expect(Object.fromEntries(rows.map(([, code, name]) => [name, Number(code)]))).toEqual(END_CODES);
});

test("the table of states is the source's", () => {
  const section = spec.slice(spec.indexOf("\n### 7.1"), spec.indexOf("\n### 7.2"));
  const cell = (state: string | undefined): string => (state === undefined ? "-" : `\`${state}\``);

  for (const [state, row] of Object.entries(TRANSITIONS)) {
    const cells = [`\`${state}\``, cell(row.open), cell(row.close), cell(row.end)];
    expect(section).toContain(`| ${cells.join(" | ")} |`);
  }
});
