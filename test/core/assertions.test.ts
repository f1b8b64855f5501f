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
    const wordy = sources
      .flatMap((name) => assertionsOf(name))
      .filter((call) => !/,\s*"[^"$]{1,60}",?\s*\)[^"]*$/.test(call));
    expect(wordy).toEqual([]);
  });

  it("stand in every file that keeps state", () => {
    const stateful = ["sender.ts", "receiver.ts", "send-ring.ts", "half.ts", "park-side.ts"];
    for (const name of stateful) expect(assertionsOf(name).length, name).toBeGreaterThan(2);
  });
});
