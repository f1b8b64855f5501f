// Runs every cell of the request side's table, and holds the specification to it.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { printTable, sceneOf, STATES, TABLE } from "./request-side-table.ts";

const spec = readFileSync(new URL("../../spec/protocol.md", import.meta.url), "utf8");

describe("the table of the request side", () => {
  const cells = TABLE.flatMap((row) => STATES.map((state) => [row.event, state, row] as const));

  test.each(cells)("%s, %s", (_, state, row) => {
    const scene = sceneOf(row, state);
    expect(scene.client.side.state).toBe(state);

    row.cells[state].check(scene);

    expect(scene.client.side.state).toBe(row.cells[state].next);
  });

  test("has no empty cell, and no event twice", () => {
    const events = TABLE.map((row) => row.event);
    expect(new Set(events).size).toBe(events.length);
    for (const { event, cells: all } of TABLE) {
      expect([event, ...Object.keys(all).toSorted()]).toEqual([event, ...STATES.toSorted()]);
      for (const state of STATES) expect([event, all[state].says]).not.toEqual([event, ""]);
    }
  });

  test("has every timer that the request side can name", () => {
    const source = readFileSync(new URL("../../src/core/outputs.ts", import.meta.url), "utf8");
    const union = source.slice(source.indexOf("TimerName ="), source.indexOf("TimeoutOutput {"));
    const names = [...union.matchAll(/\| "([a-z-]+)"/g)].map((match) => match[1]);
    const ofServer = ["hold", "verdict", "tombstone", "none"];
    const inTable = TABLE.map((row) => row.event.split("timer: ")[1]).filter(Boolean);

    expect(inTable.toSorted()).toEqual(
      names.filter((name) => !ofServer.includes(name ?? "")).toSorted(),
    );
  });

  test("stands in the specification as it is here", () => {
    const begin = "<!-- request side table -->\n\n";
    const from = spec.indexOf(begin);
    expect(from).toBeGreaterThan(0);
    const printed = spec.slice(from + begin.length, spec.indexOf("\n\n<!-- end -->", from));

    expect(printed).toBe(printTable());
  });
});
