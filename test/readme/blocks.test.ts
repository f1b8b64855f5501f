import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BROKEN_LINE, commandsOf } from "./commands.ts";
import { blocksOf, proseOf, read, ROOT } from "./markdown.ts";

const readme = read("README.md");
const documents = ["README.md", "CONTRIBUTING.md", "spec/driving-the-core.md"];
const blocks = documents.flatMap((document) => blocksOf(read(document)));
const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };

/** Each file that documents quote or link to, and the test that runs it. */
const RUN: Readonly<Record<string, string>> = {
  "authenticate.ts": "test/readme/recipes.test.ts",
  "broadcast.ts": "test/readme/recipes.test.ts",
  "channels.ts": "test/readme/recipes.test.ts",
  "client.ts": "test/readme/dialogue.test.ts",
  "drive-core.ts": "test/readme/dialogue.test.ts",
  "page.html": "test/readme/page.test.ts",
  "server.ts": "test/readme/dialogue.test.ts",
  "start-over.ts": "test/readme/recipes.test.ts",
  "take-orders.ts": "test/readme/orders.test.ts",
};

/** The block is a file that is run, or whole lines of one. */
function isRun(text: string): boolean {
  return Object.keys(RUN).some((file) => {
    return `\n${read(`examples/readme/${file}`)}`.includes(`\n${text}`);
  });
}

describe("the blocks of the documents", () => {
  it("are of kinds that are looked at here", () => {
    const kinds = new Set(blocks.map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual(["sh", "text", "ts"]);
  });

  it("that are programs are parts of files that a test runs", () => {
    const programs = blocks.filter(({ kind }) => kind === "ts");
    expect(programs.filter(({ text }) => !isRun(text))).toEqual([]);
    expect(programs.length).toBeGreaterThan(4);
    expect(isRun('import { connect } from "holdfast";\n// Something else.\n')).toBe(false);
  });

  it("quote no file that no test runs", () => {
    expect(readdirSync(`${ROOT}examples/readme`).toSorted()).toEqual(Object.keys(RUN));
    for (const [file, test] of Object.entries(RUN)) expect(read(test)).toContain(file);
  });

  it("that are commands name scripts and programs that there are", () => {
    const commands = blocks.filter(({ kind }) => kind === "sh").flatMap(commandsOf);
    expect(commands.filter(({ words }) => !isKnown(words))).toEqual([]);
    expect(commands.length).toBeGreaterThan(6);
    expect(isKnown(["npm", "run", "no-such-script"])).toBe(false);
    expect(BROKEN_LINE.every((word) => !word.includes(" "))).toBe(true);
  });

  it("that are pictures name folders that there are", () => {
    const pictures = blocks.filter(({ kind }) => kind === "text");
    const folders = pictures.flatMap(({ text }) => text.match(/\bsrc\/\w+/g) ?? []);
    expect(folders.filter((folder) => !existsSync(ROOT + folder))).toEqual([]);
    expect(folders.length).toBeGreaterThan(5);
  });
});

function isKnown(words: readonly string[]): boolean {
  const [program = "", verb = "", name = ""] = words;
  if (program === "npm" && verb === "run") return Object.hasOwn(scripts, name);
  if (program === "npm" && words.length === 2) return verb === "ci" || Object.hasOwn(scripts, verb);
  // What dialogue.test.ts starts.
  const isOurs = name === "examples/chat.ts" || Object.hasOwn(RUN, name.split("/").at(-1) ?? "");
  return program === "npx" && verb === "tsx" && isOurs;
}

describe("the README", () => {
  it("names scripts of the package only", () => {
    const names = [...proseOf(readme).matchAll(/`npm run ([\w:]+)/g)].map(([, name]) => name);
    expect(names.filter((name) => !Object.hasOwn(scripts, name ?? ""))).toEqual([]);
    expect(names.length).toBeGreaterThan(2);
  });

  it("is short, and narrow enough for a terminal", () => {
    const lines = readme.split("\n");
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    expect(lines.length).toBeLessThan(340);
  });

  it.each(["server.ts", "client.ts"])("shows the whole %s in less than 20 lines", (file) => {
    const text = read(`examples/readme/${file}`);
    expect(blocksOf(readme).map((block) => block.text)).toContain(text);
    expect(text.trimEnd().split("\n").length).toBeLessThan(20);
  });
});
