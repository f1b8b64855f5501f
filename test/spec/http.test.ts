// The table of refusals in spec/http.md is that of the source.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), "utf8");

test("[HTTP-7] the specification has the refusals of the source, with their statuses", () => {
  const rows = [...read("spec/http.md").matchAll(/^\| (\d{3}) \| `([a-z_]+)` \|/gm)];
  const source = read("src/http/http-error.ts");
  const table = source.slice(source.indexOf("const STATUSES"), source.indexOf("};"));
  const statuses = [...table.matchAll(/^ {2}([a-z_]+): (\d{3}),$/gm)];

  const specified = rows.map(([, status, code]) => `${code} ${status}`);
  const written = statuses.map(([, code, status]) => `${code} ${status}`);
  expect(specified.length).toBeGreaterThan(10);
  expect(specified.toSorted()).toEqual(written.toSorted());
});
