import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const folder = new URL("../../src/core/", import.meta.url);
const sources = readdirSync(folder).filter((name) => name.endsWith(".ts"));

/** The text of every call of `assert` in a source, up to its closing line. */
function assertionsOf(name: string): string[] {
  const source = readFileSync(new URL(name, folder), "utf8");
  return source.match(/\bassert\((?!condition: )[^;]*\);/g) ?? [];
}

describe("assertions of the core", () => {
  it("carry short constants as messages, so that a passing one costs a comparison", () => {
    const calls = sources.flatMap((name) => assertionsOf(name));
    const wordy = calls.filter((call) => !/,\s*"[^"$]{1,60}",?\s*\)[^"]*$/.test(call));
    expect(calls.length).toBeGreaterThan(40);
    expect(wordy).toEqual([]);
  });
});
