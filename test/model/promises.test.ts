// What the model asserts, what it plants, and what its README says are the same things.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

import { PLANTED, PROPERTIES } from "./properties.ts";

const root = new URL("../../spec/", import.meta.url);
const protocol = readFileSync(new URL("protocol.md", root), "utf8");
const readme = readFileSync(new URL("model/README.md", root), "utf8");
const model = readdirSync(new URL("model/", root))
  .filter((name) => name.endsWith(".pml"))
  .map((name) => readFileSync(new URL(`model/${name}`, root), "utf8"))
  .join("\n");

function all(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1] as string))].toSorted();
}

/** That the model is large enough is no promise of the protocol's. */
const OF_THE_MODEL = ["the_model_has_room"];

describe("the promises of the model", () => {
  const asserted = all(model, /assert\(([a-z_]+)\)/g);
  const formulas = all(model, /^ltl ([a-z_]+)/gm);

  test("are each refuted where a bug is planted that breaks them", () => {
    const promises = asserted.filter((name) => !OF_THE_MODEL.includes(name));
    const refuted = PLANTED.map(({ violated }) => violated).filter((name) => name !== "cycle");

    expect(promises.length).toBe(9);
    expect([...new Set(refuted)].toSorted()).toEqual(promises);
    expect(PLANTED.filter(({ violated }) => violated === "cycle").length).toBe(formulas.length);
  });

  test("are broken by every bug that can be planted", () => {
    const macros = PLANTED.flatMap((property) => property.macros);

    expect(macros.filter((macro) => macro.startsWith("BREAK_")).toSorted()).toEqual(
      all(model, /^#ifdef (BREAK_[A-Z]+)/gm),
    );
  });

  test("are named in the README, with their bugs", () => {
    for (const name of [...asserted, ...formulas]) expect(readme).toContain(`\`${name}\``);
    for (const bug of all(model, /^#ifdef BREAK_([A-Z]+)/gm))
      expect(readme).toContain(`\`${bug}\``);
  });

  test("are searched by searches with different names", () => {
    const names = [...PROPERTIES, ...PLANTED].map(({ name }) => name);

    expect(new Set(names).size).toBe(names.length);
  });

  test("cite rules that exist", () => {
    const cited = all(model + readme, /\[([A-Z]+-\d+)\]/g);

    expect(cited.length).toBeGreaterThan(20);
    expect(cited.filter((tag) => !protocol.includes(`**[${tag}]**`))).toEqual([]);
  });
});
