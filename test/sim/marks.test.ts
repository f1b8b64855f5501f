// That a soak fails when it never met something, of each scenario, and not by accident.

import { expect, test } from "vitest";
import { markName, marksOf, OFTEN_SEEDS, SELDOM_SEEDS, unmet } from "./marks.ts";
import { SCENARIOS } from "./scenarios.ts";

const NAMES = [...SCENARIOS.keys()];

function allMet(): Map<string, number> {
  const names = NAMES.flatMap((scenario) => {
    return marksOf(scenario).map((mark) => markName(scenario, mark));
  });
  return new Map(names.map((name) => [name, 1]));
}

test("each scenario has marks of its own, each once", () => {
  for (const name of NAMES) {
    expect(marksOf(name).length).toBeGreaterThan(2);
    expect(new Set(marksOf(name)).size).toBe(marksOf(name).length);
  }
  expect(() => marksOf("nothing")).toThrow("nobody says what runs of nothing have to meet");
});

test("what was met in every scenario is not missing, and not by another scenario's", () => {
  expect(unmet(NAMES, 1e6, allMet())).toEqual({ missing: [], notAsked: [] });

  const met = allMet();
  met.delete("lives: superseded");
  met.set("restarts: lost", 0);
  expect(unmet(NAMES, 1e6, met)).toEqual({
    missing: ["lives: superseded", "restarts: lost"],
    notAsked: [],
  });
  expect(unmet(["cores", "closing"], 1e6, met)).toEqual({ missing: [], notAsked: [] });
});

test("a run too short for a mark is told, and does not fail", () => {
  const met = allMet();
  met.delete("cores: lost");
  met.delete("cores: ended: close-timeout");
  const [often, seldom] = ["cores: lost", "cores: ended: close-timeout"];

  expect(unmet(NAMES, OFTEN_SEEDS - 1, met)).toEqual({ missing: [], notAsked: [often, seldom] });
  expect(unmet(NAMES, OFTEN_SEEDS, met)).toEqual({ missing: [often], notAsked: [seldom] });
  expect(unmet(NAMES, SELDOM_SEEDS, met)).toEqual({ missing: [often, seldom], notAsked: [] });
});
