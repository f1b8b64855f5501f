// Mutates the core and says which mutants the tests of the core do not notice.
//
//     npm run mutate                     all of src/core
//     npm run mutate -- ranges.ts        one file or more; the list of justified ones is not checked
//
// What was judged before is not judged again unless the mutated code has changed, or a test has come
// or gone by its name: results are kept in .mutation/. A test that says less under its old name is
// seen by `--all`, which forgets them: its figure is the one that counts.

import { mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LogLevel } from "@stryker-mutator/api/core";
import { Stryker } from "@stryker-mutator/core";
import { optionsOfProcess } from "../command-line.ts";
import { JUSTIFIED } from "./justified.ts";
import { type MutateOptions, readOptions } from "./options.ts";
import { verdictOf } from "./verdict.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const folder = ".mutation";
/** Of a test run in one process: more than the slowest test of a mutant can take by itself. */
const RUN_TIMEOUT_MS = 600_000;

const options = optionsOfProcess("mutate", readOptions);
if (options !== undefined) await mutate(options);

async function mutate({ files, isAll, concurrency }: MutateOptions): Promise<void> {
  process.chdir(root);
  // Whatever process Stryker starts loads the plugins, which are TypeScript.
  process.env["NODE_OPTIONS"] = `--import ${import.meta.resolve("tsx")}`;
  if (isAll) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const startMs = performance.now();
  const stryker = new Stryker({
    mutate: files.length > 0 ? files.map((name) => `src/core/${name}`) : ["src/core/*.ts"],
    testRunner: "in-process",
    plugins: [beside("assertions.ts"), beside("runner.ts")],
    ignorers: ["assertions"],
    coverageAnalysis: "perTest",
    concurrency,
    timeoutMS: RUN_TIMEOUT_MS,
    // The tool for TypeScript would load a compiler's interface that TypeScript 7 does not have.
    disableTypeChecks: false,
    tsconfigFile: "none",
    checkers: [],
    ignorePatterns: ["*", "!src/**", "!spec/**", "!test/**", "!package.json"],
    tempDirName: `${folder}/sandbox`,
    incremental: true,
    incrementalFile: `${folder}/results.json`,
    reporters: ["html", "clear-text"],
    htmlReporter: { fileName: `${folder}/report.html` },
    clearTextReporter: { reportMutants: false, reportTests: false, allowColor: false },
    warnings: false,
    logLevel: "warn" as LogLevel,
  });
  const mutants = await stryker.runMutationTest();
  const seconds = Math.round((performance.now() - startMs) / 1_000);
  const { killed, endless, survivors, judged, ignored, score, faults } = verdictOf(
    mutants,
    files.length > 0 ? [] : JUSTIFIED,
  );

  for (const fault of faults) console.log(fault);
  console.log(
    `${judged} mutants in ${seconds} s: ${killed} killed (${endless} of them endless), ` +
      `${survivors.length} survived, ${ignored} left out inside assertions; ` +
      `score ${score.toFixed(2)}, justified ${JUSTIFIED.length}`,
  );
  process.exitCode = faults.length > 0 ? 1 : 0;
}
