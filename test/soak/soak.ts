// `npm run soak:sockets`: real processes, real sockets, `holdfast chaos` between them, and a check
// of their logs that does not trust the library. Exit status: 0 if everything arrived once and in
// order (but for what killed processes may have held in memory, see rules.ts), every end was told
// truly, and no long-lived process has another handle than before, nor, in runs from 120 s on,
// keeps over 5 % more memory; 1 if not; 2 if what was asked for cannot be run.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { optionsOfProcess } from "../command-line.ts";
import { Conductor } from "./conductor.ts";
import { readOptions, type SoakOptions } from "./options.ts";
import { offOf } from "./outcome.ts";
import { Programs } from "./programs.ts";
import { outcomeText } from "./table.ts";

const asked = optionsOfProcess("soak:sockets", readOptions);
if (asked !== undefined) process.exitCode = await soak(asked);

async function soak(options: SoakOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-soak-"));
  const startMs = performance.now();
  const show = (news: string): void => {
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
    process.stderr.write(`${seconds} s: ${news}\n`);
  };
  show(`seed ${options.seed}, logs in ${folder}`);
  const programs = await Programs.make();
  const conductor = new Conductor(options, folder, programs, show);
  // Once: a second Ctrl-C ends this process at once, and its children go with it.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => conductor.halt(`interrupted by ${signal}`));
  }
  const outcome = await conductor.run().finally(() => programs.remove());
  const off = offOf(outcome);
  const { isJson } = options;
  const verdict = isJson ? JSON.stringify({ ...outcome, off }, undefined, 2) : outcomeText(outcome);
  process.stdout.write(`${verdict}\n`);
  if (off.length > 0 || options.keepsLogs) show(`the logs are in ${folder}`);
  else rmSync(folder, { recursive: true });
  return off.length === 0 ? 0 : 1;
}
