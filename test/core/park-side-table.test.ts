// Every cell of the park side's event x state table, and the spec's copy of it.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { arrange, COLUMNS, PARK_SIDE_TABLE, printTable } from "./park-side-table.ts";

describe.each(PARK_SIDE_TABLE)("$event", ({ cells }) => {
  test.each(COLUMNS)("in the state %s", (column) => {
    const { says, run } = cells[column];

    expect(says).toMatch(/^[A-Z].*\.$/);
    expect.hasAssertions();
    run(arrange(column));
  });
});

test("no cell is empty, and no event stands there twice", () => {
  const events = PARK_SIDE_TABLE.map(({ event }) => event);

  expect(new Set(events).size).toBe(events.length);
  for (const { cells } of PARK_SIDE_TABLE) {
    expect(Object.keys(cells).toSorted()).toEqual([...COLUMNS].toSorted());
  }
});

test("the table in spec/protocol.md is this one", () => {
  const spec = readFileSync(new URL("../../spec/protocol.md", import.meta.url), "utf8");
  const start = spec.indexOf("<!-- park side table -->");
  const printed = spec.slice(start, spec.indexOf("<!-- end -->", start));

  expect(printed.split("\n").slice(1).join("\n").trim()).toBe(printTable());
});
