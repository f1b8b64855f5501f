import { existsSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { anchorsOf, documentsIn, linksOf, read, ROOT } from "./markdown.ts";

const documents = [
  ...documentsIn("", false),
  ...documentsIn("spec/", true),
  ...documentsIn("bench/", false),
];

/** What is wrong with a link of a document with this text; undefined: it leads somewhere. */
function faultOf(document: string, text: string, target: string): string | undefined {
  // Other sites are not asked.
  if (/^[a-z]+:/.test(target)) return undefined;
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? document : normalize(join(dirname(document), path));
  if (file.startsWith("..")) return `${target} leads out of the repository`;
  if (!existsSync(ROOT + file)) return `${target} leads nowhere`;
  if (anchor === undefined || !file.endsWith(".md")) return undefined;
  if (statSync(ROOT + file).isDirectory()) return `${target} is a folder`;
  const anchors = anchorsOf(path === "" ? text : read(file));
  return anchors.has(anchor) ? undefined : `${target} has no such heading`;
}

function faultsOf(document: string, text: string): string[] {
  return linksOf(text).flatMap((target) => faultOf(document, text, target) ?? []);
}

describe("links", () => {
  it.each(documents)("in %s lead to files and headings that are there", (document) => {
    expect(faultsOf(document, read(document))).toEqual([]);
  });

  it("are looked at in the documents that have some", () => {
    const count = (path: string): number => linksOf(read(path)).length;
    expect(count("README.md")).toBeGreaterThan(20);
    expect(count("spec/protocol.md")).toBeGreaterThan(0);
    expect(documents.length).toBeGreaterThan(15);
  });

  it("that lead nowhere are found", () => {
    const text = "# A `b`: c\n[1](gone.md) [2](#a-b-c) [3](#a) [4](spec/http.md#nothing)\n`[5](x)`";
    expect(faultsOf("README.md", text)).toEqual([
      "gone.md leads nowhere",
      "#a has no such heading",
      "spec/http.md#nothing has no such heading",
    ]);
  });
});
