// Every rule of the specification that has a tag is cited where it is implemented and where it is tested,
// and nothing cites a rule that does not exist. A rule is stated where its tag is in bold.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isDamage, type ProtocolErrorCode } from "../../src/core/errors.ts";

const root = new URL("../../", import.meta.url);
const protocol = readFileSync(new URL("spec/protocol.md", root), "utf8");
const bindings = ["http.md", "tcp.md"].map((name) => {
  return readFileSync(new URL(`spec/${name}`, root), "utf8");
});
const spec = protocol + bindings.join("");
const stated = [...spec.matchAll(/\*\*\[([A-Z]+-\d+)\]\*\*/g)].map((match) => match[1] ?? "");

/** The tags cited in files of a directory, and in the spec's own text. */
function citedIn(directory: string, endings: RegExp): Set<string> {
  const names = readdirSync(new URL(directory, root), { recursive: true, encoding: "utf8" });
  const texts = names
    .filter((name) => endings.test(name))
    .map((name) => readFileSync(new URL(name, new URL(directory, root)), "utf8"));
  return tagsOf(texts.join("\n"));
}

function tagsOf(text: string): Set<string> {
  return new Set([...text.matchAll(/\[([A-Z]+-\d+)\]/g)].map((match) => match[1] ?? ""));
}

describe("the tags of the specification", () => {
  const inSource = citedIn("src/", /\.ts$/);
  // Test names cite in brackets; the vectors have a field for the tag.
  const inTests = citedIn("test/", /\.ts$/);
  const vectors = readFileSync(new URL("spec/vectors/malformed.json", root), "utf8");
  for (const match of vectors.matchAll(/"tag":\s*"([A-Z]+-\d+)"/g)) inTests.add(match[1] ?? "");

  test("are stated once each", () => {
    expect(stated.length).toBeGreaterThan(40);
    expect(stated.filter((tag, k) => stated.indexOf(tag) !== k)).toEqual([]);
  });

  test.each(stated)("[%s] is cited in the source and in a test", (tag) => {
    expect(inSource).toContain(tag);
    expect(inTests).toContain(tag);
  });

  test("are all that is cited", () => {
    const cited = [...inSource, ...inTests, ...tagsOf(spec)];

    expect(cited.filter((tag) => !stated.includes(tag))).toEqual([]);
  });
});

describe("the table of errors", () => {
  const section = protocol.slice(protocol.indexOf("## 10. Errors"));
  const rows = [...section.matchAll(/^\| `([a-z_]+)` \| (\w+) \|/gm)];

  test("has the codes that the source has", () => {
    const source = readFileSync(new URL("src/core/errors.ts", root), "utf8");
    const start = source.indexOf("ProtocolErrorCode =");
    const union = source.slice(start, source.indexOf(";\n", start));
    const codes = [...union.matchAll(/"([a-z_]+)"/g)].map((match) => match[1]);

    expect(rows.map((row) => row[1]).toSorted()).toEqual(codes.toSorted());
  });

  test("[ERR-2] has the same class of damage", () => {
    for (const [, code, kind] of rows) {
      expect([code, isDamage(code as ProtocolErrorCode)]).toEqual([code, kind === "damage"]);
    }
  });
});
