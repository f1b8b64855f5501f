// `npm run replay`: carries an editing trace from one process to another through the fault proxy,
// both ways at once, and says what became of it. Exit status: 0 if all arrived once and in order and
// the run was hard enough, 1 if not, 2 if what was asked for cannot be run.

import { CommandLineError } from "../command-line.ts";
import { Conductor } from "./conductor.ts";
import { readOptions, type ReplayOptions } from "./options.ts";
import { progressView } from "./progress.ts";
import { verdictText } from "./table.ts";
import { readTrace, type Trace, TraceError } from "./trace.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  let options: ReplayOptions | undefined;
  let trace: Trace;
  try {
    options = readOptions(words, (text) => process.stdout.write(text));
    if (options === undefined) return 0;
    trace = readTrace(options.tracePath);
  } catch (error) {
    if (!(error instanceof CommandLineError || error instanceof TraceError)) throw error;
    process.stderr.write(`replay: ${error.message}\n`);
    return 2;
  }
  return play(options, trace);
}

async function play(options: ReplayOptions, trace: Trace): Promise<number> {
  const view = progressView(process.stderr);
  const conductor = new Conductor(options, trace, (progress) => view.update(progress));
  // Once: a second Ctrl-C ends this process at once, and its children go with it.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => conductor.halt(`interrupted by ${signal}`));
  }
  const verdict = await conductor.run().finally(() => view.stop());
  process.stdout.write(
    `${options.isJson ? JSON.stringify(verdict, undefined, 2) : verdictText(verdict)}\n`,
  );
  return verdict.isPassed ? 0 : 1;
}
