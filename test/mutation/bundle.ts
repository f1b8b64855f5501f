// Makes one script of all tests that judge mutants, and of the instrumented core that they drive.
// It is built in the folder in which Stryker has laid the instrumented sources.

import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";

/** Stryker's note that an expression was reached; only the first run has a use for it. */
const COVERED = /stryCov_9fa48\((?:"\d+"(?:, )?)+\)/g;
/** Stryker's question whether a mutant is active: asked all the time, and hardly ever answered yes. */
const ASKED = /stryMutAct_9fa48\("(\d+)"\)/g;
const ASKED_QUICKLY = '(holdfastActive.mutant===$1&&stryMutAct_9fa48("$1"))';

/**
 * @param folder The instrumented project.
 * @param files The tests, absolute.
 * @returns A function's body, of `require`, of `entering`, which is called with each file's name
 *   before the tests of that file are registered, and of `holdfastActive`, which says what mutant
 *   is active.
 */
export async function bundleTests(
  folder: string,
  files: readonly string[],
  counted: boolean,
): Promise<string> {
  const contents = files.flatMap((file) => [
    `entering(${JSON.stringify(relative(folder, file))});`,
    `require(${JSON.stringify(file)});`,
  ]);
  const { outputFiles } = await build({
    absWorkingDir: folder,
    stdin: { contents: contents.join("\n"), resolveDir: folder },
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "cjs",
    packages: "external",
    tsconfigRaw: {},
    logLevel: "silent",
    plugins: [asItStands(counted)],
  });
  return outputFiles[0]?.text ?? "";
}

/** Tests that read documents beside them find them by the place of their own file. */
function asItStands(counted: boolean): Plugin {
  return {
    name: "as-it-stands",
    setup(building) {
      building.onLoad({ filter: /\.m?[jt]s$/ }, async ({ path }) => {
        const source = await readFile(path, "utf8");
        const placed = source.replaceAll(
          "import.meta.url",
          JSON.stringify(pathToFileURL(path).href),
        );
        const contents = counted
          ? placed
          : placed.replace(COVERED, "0").replace(ASKED, ASKED_QUICKLY);
        return { contents, loader: path.endsWith(".ts") ? "ts" : "js" };
      });
    },
  };
}

/** The tests that judge mutants: of the core, and its mended bugs. */
export function isJudge(name: string): boolean {
  return /^(core|regressions)\/[^/]*\.test\.ts$/.test(name) && !UNSUITABLE.has(join(name));
}

const UNSUITABLE: ReadonlySet<string> = new Set([
  // These read the sources, or the built core, neither of which is mutated.
  "core/purity.test.ts",
  "core/assertions.test.ts",
  // Scenarios of whole sessions: their codecs and promises are no part of the core.
  "regressions/steps.test.ts",
]);
