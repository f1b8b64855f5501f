import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { anchorsOf } from "../../readme/markdown.ts";
import { SUBPATHS } from "../subpaths.ts";
import { ALIASES, ENTRIES } from "./entries.ts";
import { makeReference, type Reference } from "./markdown.ts";

const folder = fileURLToPath(new URL("../../../spec/api/", import.meta.url));

describe("the reference", () => {
  let reference: Reference;

  beforeAll(async () => {
    reference = await makeReference(join(inject("consumer"), "node_modules/holdfast"));
  });

  test("has a page for every entry point", () => {
    const described = [...ENTRIES.map(({ subpath }) => subpath), ...Object.keys(ALIASES)];
    expect(described.toSorted()).toEqual(SUBPATHS.toSorted());
  });

  test("says something of every public name, and names nothing that cannot be imported", () => {
    expect(reference.problems).toEqual([]);
    const names = [...reference.pages.values()].join("").match(/^##+ \w+|^- `const /gm) ?? [];
    expect(names.length).toBeGreaterThan(200);
  });

  test("is that of the sources: otherwise run `npm run api`, and commit what it changes", () => {
    expect(readdirSync(folder).toSorted()).toEqual([...reference.pages.keys()].toSorted());
    for (const [name, text] of reference.pages) {
      expect({ [name]: readFileSync(join(folder, name), "utf8") }).toEqual({ [name]: text });
    }
  });

  test("says the defaults of options beside them", () => {
    const text = reference.pages.get("holdfast.md") ?? "";
    const options = text.slice(text.indexOf("\n## ClientOptions"), text.indexOf("\n## Codec\n"));
    expect(options).toContain("Default 16 MiB; from `channelBytes` to 1 TiB. A 1 Gbit/s path");
    const [, ...items] = options.split(/^- `readonly /gm);
    expect(items.length).toBeGreaterThan(25);
    // One option has none.
    const without = items.filter((item) => !/\bdefault/i.test(item));
    expect(without.map((item) => item.split("?")[0])).toEqual(["resume"]);
  });

  test("links to headings that are there", () => {
    const anchors = new Map([...reference.pages].map(([name, text]) => [name, anchorsOf(text)]));
    const dangling: string[] = [];
    let count = 0;
    for (const [page, text] of reference.pages) {
      for (const [, target = "", anchor = ""] of text.matchAll(/\]\(([\w-]*\.?m?d?)#([\w-]+)\)/g)) {
        count++;
        if (anchors.get(target === "" ? page : target)?.has(anchor) !== true) {
          dangling.push(`${page}: ${target}#${anchor}`);
        }
      }
    }

    expect(count).toBeGreaterThan(200);
    expect(dangling).toEqual([]);
  });
});
