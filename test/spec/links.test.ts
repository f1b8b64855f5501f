// The table of ways in spec/links.md has the ways of the ring of proxies, and what is expected there.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FAULTS } from "../links/fault-table.ts";
import { LINKS } from "../links/link-under-test.ts";
import { ROWS } from "../links/whole-table.ts";
import { WAYS } from "../proxies/ways.ts";

const page = readFileSync(new URL("../../spec/links.md", import.meta.url), "utf8");

/** The rows of the table in a section, each with its cells. */
function rowsOf(section: string): string[][] {
  const text = page.slice(page.indexOf(`\n## ${section}`)).slice(1);
  const end = text.indexOf("\n## ");
  const lines = (end === -1 ? text : text.slice(0, end)).split("\n");
  const rows = lines.filter((line) => line.startsWith("| "));
  // Without the head and the line below it.
  return rows.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

test("the page has each way, with the link that it ends on and what passes there", () => {
  const rows = rowsOf("Behind proxies").map(([way, link, , streams, webSockets]) => {
    return { way, link, streams, webSockets };
  });
  const expected = WAYS.map(({ way, settles, streams }) => ({
    way: way.name,
    link: settles,
    streams: streams ? "yes" : "no",
    webSockets: settles === "websocket" ? "yes" : "no",
  }));
  expect(rows).toEqual(expected);
});

test("the page says of each way that all faults were met there, and nothing was lost", () => {
  const faults = rowsOf("Behind proxies").map((cells) => cells[5]);
  expect(new Set(faults)).toEqual(new Set([`${FAULTS.length} of ${FAULTS.length}: 0, 0, 0`]));
});

test("the page has each fault, and each link", () => {
  expect(rowsOf("Faults").map(([fault]) => fault)).toEqual(ROWS);
  const prose = page.slice(page.indexOf("\n## Faults")).replaceAll("\n", " ");
  for (const { name } of LINKS) expect(prose).toContain(name);
});
