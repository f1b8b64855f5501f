/** What the documents of this repository consist of, as far as tests look at it. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** A file of the repository, by its path in it. */
export function read(path: string): string {
  return readFileSync(ROOT + path, "utf8");
}

/** The documents in a folder, by their paths in the repository. */
export function documentsIn(folder: string, recursive: boolean): string[] {
  const names = readdirSync(ROOT + folder, { recursive, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".md")).map((name) => folder + name);
}

export interface Block {
  readonly kind: string;
  readonly text: string;
}

const FENCED = /^```(.*)\n([^]*?)^```$/gm;

export function blocksOf(document: string): Block[] {
  const matches = [...document.matchAll(FENCED)];
  return matches.map(([, kind = "", text = ""]) => ({ kind, text }));
}

/** The document without its blocks, and without code in its lines where `keepsCode` is false. */
export function proseOf(document: string, keepsCode = true): string {
  const prose = document.replaceAll(FENCED, "");
  return keepsCode ? prose : prose.replaceAll(/`[^`\n]+`/g, "code");
}

/** The cells of each row of the table that has this head. */
export function tableOf(document: string, head: string): string[][] {
  const [, after = ""] = document.split(`${head}\n`);
  const rows = after.split("\n").slice(1);
  const end = rows.findIndex((row) => !row.startsWith("|"));
  return rows.slice(0, end).map((row) => {
    return row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim());
  });
}

/** What `#...` may say of a document: its headings, as GitHub makes anchors of them. */
export function anchorsOf(document: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of proseOf(document).matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
    const slug = text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, "")
      .replaceAll(" ", "-");
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  for (const [, id = ""] of document.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id);
  return anchors;
}

/** The targets of links, `[text](target)` and `[name]: target`. */
export function linksOf(document: string): string[] {
  const prose = proseOf(document, false);
  const matches = [
    ...prose.matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g),
    ...prose.matchAll(/^\[[^\]]+\]: +(\S+)/gm),
  ];
  return matches.map(([, target = ""]) => target);
}
