import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, inject, test } from "vitest";

const consumer = inject("consumer");
const dist = "node_modules/holdfast/dist/";

interface Bundle {
  /** Modules of the package that put bytes into the bundle: `core/half.js`. */
  readonly modules: readonly string[];
  /** What it imports and does not hold, and whatever else was loaded from elsewhere. */
  readonly foreign: readonly string[];
  readonly text: string;
}

/** What a bundler makes of a program that the consumer wrote. */
async function bundle(
  program: string,
  platform: "browser" | "neutral" | "node",
  conditions: string[] = [],
): Promise<Bundle> {
  const { metafile, outputFiles } = await build({
    stdin: { contents: program, resolveDir: consumer },
    absWorkingDir: consumer,
    bundle: true,
    format: "esm",
    platform,
    conditions,
    external: ["node:*"],
    mainFields: ["module", "main"],
    metafile: true,
    minify: true,
    write: false,
    logLevel: "silent",
  });
  const [output] = Object.values(metafile.outputs);
  if (output === undefined) throw new Error("the bundler made nothing");
  const inputs = Object.entries(output.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  const paths = inputs.map(([path]) => path);
  const own = paths.filter((path) => path.startsWith(dist));
  const others = paths.filter((path) => path.startsWith("node_modules/") && !own.includes(path));
  return {
    modules: own.map((path) => path.slice(dist.length)),
    foreign: [...output.imports.map(({ path }) => path), ...others.map(packageOf)],
    text: outputFiles.map(({ text }) => text).join(""),
  };
}

function packageOf(path: string): string {
  return path.split("/")[1] ?? path;
}

const CLIENT = `import { connect } from "holdfast"; globalThis.session = connect("/holdfast");`;
const serverHalf = /^(core\/(endpoint|park-side|timer-queue)|session\/(server|peer))\.js$/;
const nodeOnly = /^(chaos|cli|sim)\/|^http\/(node|connect-node|configure-server|early-errors)/;
const listeners = /^http\/(fetch-handler|request-rules|admission|cors|client-address)\.js$/;

describe("a bundle of `connect` for browsers", () => {
  test("holds the client by fetch, and neither the server's half nor anything of Node", async () => {
    const { modules, foreign } = await bundle(CLIENT, "browser");

    expect(modules).toEqual(expect.arrayContaining(["http/connect-fetch.js", "core/half.js"]));
    expect(modules.filter((module) => serverHalf.test(module))).toEqual([]);
    expect(modules.filter((module) => nodeOnly.test(module) || listeners.test(module))).toEqual([]);
    expect(new Set(foreign)).toEqual(new Set(["msgpackr", "nanoevents"]));
  });

  test.each([
    ["a worker", ["worker"]],
    ["nothing in particular", []],
  ])("is the same for %s", async (_host, conditions) => {
    const { modules } = await bundle(CLIENT, "neutral", conditions);
    expect(modules).toEqual((await bundle(CLIENT, "browser")).modules);
  });

  test("is another one for Node", async () => {
    const { modules, foreign } = await bundle(CLIENT, "node");

    expect(modules).toContain("http/connect-node.js");
    expect(modules).not.toContain("http/connect-fetch.js");
    expect(foreign).toContain("node:http");
  });

  test("holds nothing at all where the import is not used", async () => {
    const { modules, text } = await bundle(`import { connect } from "holdfast";`, "browser");
    expect(modules).toEqual([]);
    expect(text.trim()).toBe("");
  });
});

describe("a bundle of the server's half", () => {
  const SERVER = `import { SessionServer } from "holdfast/server"; globalThis.S = SessionServer;`;

  test("holds no client, no HTTP and nothing of Node", async () => {
    const { modules, foreign } = await bundle(SERVER, "neutral");

    expect(modules).toEqual(expect.arrayContaining(["session/server.js", "core/endpoint.js"]));
    const client = /^(http|chaos|cli|sim)\/|^core\/(request-side|exchanges)\.js$|client-/;
    expect(modules.filter((module) => client.test(module))).toEqual([]);
    expect(new Set(foreign)).toEqual(new Set(["msgpackr", "nanoevents"]));
  });

  test("runs with `fetchHandler` where there is no Node", async () => {
    const program = `${SERVER} import { fetchHandler } from "holdfast/http/fetch";
      globalThis.f = fetchHandler;`;
    const { modules, foreign } = await bundle(program, "neutral", ["worker"]);

    expect(modules).toEqual(expect.arrayContaining(["http/fetch-handler.js"]));
    expect(modules.filter((module) => nodeOnly.test(module))).toEqual([]);
    expect(foreign.filter((name) => name.startsWith("node:"))).toEqual([]);
  });
});

describe("the bundle that is published", () => {
  test("imports msgpackr by its bare name and nothing else", async () => {
    const { outputFiles, metafile } = await build({
      entryPoints: [join(consumer, dist, "browser/holdfast.min.js")],
      absWorkingDir: consumer,
      bundle: true,
      format: "esm",
      packages: "external",
      metafile: true,
      write: false,
      outdir: consumer,
    });

    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
    expect(new Set(imports.map(({ path }) => path))).toEqual(new Set(["msgpackr"]));
    expect(outputFiles.length).toBe(1);
  });
});
