import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import { run } from "./run.ts";

const consumer = inject("consumer");
cpSync(join(import.meta.dirname, "programs"), consumer, { recursive: true });

const require = createRequire(import.meta.url);
// The compiler of this project, and an older one that the tool for the reference brings along.
const compilers = {
  "TypeScript 7": join(require.resolve("typescript/package.json"), "../bin/tsc"),
  "TypeScript 6": createRequire(require.resolve("@microsoft/api-extractor/package.json")).resolve(
    "typescript/lib/tsc.js",
  ),
};

interface Host {
  readonly programs: readonly string[];
  readonly lib: readonly string[];
  readonly types: readonly string[];
}

const DOM = ["es2023", "dom", "dom.iterable", "dom.asynciterable"];

const hosts: Readonly<Record<string, Host>> = {
  Node: {
    programs: ["everywhere", "simulated", "node", "worker"],
    lib: ["es2023"],
    types: ["node"],
  },
  page: { programs: ["everywhere", "simulated", "browser"], lib: DOM, types: [] },
  worker: { programs: ["everywhere", "simulated", "worker"], lib: DOM, types: [] },
  "no host": { programs: ["pure"], lib: ["es2023"], types: [] },
};

const resolutions = {
  nodenext: { module: "nodenext", moduleResolution: "nodenext" },
  bundler: { module: "esnext", moduleResolution: "bundler" },
  // What a bundler for Node is told, so that `holdfast` is the client by `node:http`.
  "bundler for Node": {
    module: "esnext",
    moduleResolution: "bundler",
    customConditions: ["node"],
  },
};

async function compile(
  host: string,
  compilerOptions: object,
  compiler: string,
  programs = hosts[host]?.programs ?? [],
): Promise<string> {
  const { lib, types } = hosts[host] ?? { lib: [], types: [] };
  const strict = { strict: true, skipLibCheck: false, noEmit: true, target: "es2023" };
  const name = `tsconfig.${host}-${JSON.stringify(compilerOptions)}`.replace(/[^\w.-]+/g, "");
  const config = { ...strict, ...compilerOptions, lib, types };
  const files = programs.map((program) => `${program}.ts`);
  writeFileSync(join(consumer, `${name}.json`), JSON.stringify({ compilerOptions: config, files }));
  return run(process.execPath, [compiler, "-p", `${name}.json`], consumer);
}

describe.each([
  ["TypeScript 7", "Node", "nodenext"],
  ["TypeScript 7", "Node", "bundler for Node"],
  ["TypeScript 7", "page", "bundler"],
  ["TypeScript 7", "worker", "bundler"],
  ["TypeScript 7", "no host", "nodenext"],
  ["TypeScript 7", "no host", "bundler"],
  ["TypeScript 6", "Node", "nodenext"],
  ["TypeScript 6", "page", "bundler"],
] as const)("%s", (compiler, host, resolution) => {
  test(`accepts programs for ${host}, resolved as by ${resolution}`, async () => {
    expect(await compile(host, resolutions[resolution], compilers[compiler])).toBe("");
  });
});

describe("a wrong use", () => {
  test("is an error where it is not expected", async () => {
    // The same program without its excuses: each wrong use is told.
    const text = readFileSync(join(consumer, "everywhere.ts"), "utf8");
    const excuse = /^\/\/ @ts-expect-error.*$/gm;
    writeFileSync(join(consumer, "wrong.ts"), text.replaceAll(excuse, ""));
    const excused = text.match(excuse)?.length ?? 0;

    const failure = compile("Node", resolutions.nodenext, compilers["TypeScript 7"], ["wrong"]);
    const told = String(await failure.catch((error: unknown) => error));
    expect(excused).toBeGreaterThan(5);
    expect(told.match(/wrong\.ts\(\d+,\d+\): error TS/g)?.length).toBe(excused);
  });

  test("is the import of a subpath that there is not", async () => {
    writeFileSync(join(consumer, "private.ts"), `import "holdfast/session";\n`);
    const compiler = compilers["TypeScript 7"];
    const failure = compile("page", resolutions.bundler, compiler, ["private"]);
    await expect(failure).rejects.toThrow(/Cannot find module|TS2307|TS2882/);
  });
});
