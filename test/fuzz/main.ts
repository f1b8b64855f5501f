// `npm run fuzz`: mutated bodies against the reader and against live sides; `-- --help` says how.

import { defer } from "../../src/session/deferred.ts";
import { optionsOfProcess } from "../command-line.ts";
import { tableOf } from "../tables.ts";
import { lastWord, startThread } from "../worker-thread.ts";
import { type Counterexample, replayCommand, type Report } from "./campaign.ts";
import { type Target, tryBodies } from "./cases.ts";
import { READERS } from "./judge.ts";
import { type FuzzOptions, readOptions, type Replayed } from "./options.ts";
import { plantedReaders } from "./planted.ts";
import { type News, Notes, type Order } from "./supervision.ts";
import { LARGE_VALUES_MAX, SMALL_BYTES, type Sweep } from "./sweep.ts";

const LOOK_EVERY_MS = 1_000;

const options = optionsOfProcess("fuzz", readOptions);
const planted = options?.planted ?? "";
if (options?.replayed !== undefined) replay(options.replayed);
else if (options !== undefined) await fuzz(options);

/** Runs the bodies of a counterexample, without catching anything. */
function replay({ target, bodies }: Replayed): void {
  const outcomes = tryBodies(target, bodies, plantedReaders(planted) ?? READERS);
  for (const [at, { result, allocatedBytes }] of outcomes.entries()) {
    console.log(`${bodies[at]?.length} bytes: ${result}, ${allocatedBytes} bytes allocated`);
  }
  console.log("nothing went wrong");
}

async function fuzz({ inputs, seed, isSwept, patienceSeconds }: FuzzOptions): Promise<void> {
  const notes = new Notes();
  const { shared } = notes;
  const order: Order = { seed, inputs, planted, isSwept, shared };
  let startedAtMs = performance.now();
  const seconds = (): number => (performance.now() - startedAtMs) / 1_000;
  const worker = startThread(new URL("./worker.ts", import.meta.url), order);
  const over = lastWord<News>(worker, (news) => {
    process.stderr.write("\r");
    if (news.kind === "swept") tellSweep(news.swept, seconds());
    if (news.kind === "done") tellReport(news.report, seconds());
    startedAtMs = performance.now();
    return news.kind === "over";
  });
  const patienceMs = patienceSeconds * 1_000;
  const watching = whenStill(notes, patienceMs, () => tellProgress(notes.inputs, seconds()));
  const outcome = await Promise.race([over, watching.still]).finally(watching.end);
  await worker.terminate();
  if (outcome === "still") tellHanging(notes, seed);
}

/** Tells when one case takes longer than that, and on the way that others begin. */
function whenStill(
  notes: Notes,
  patienceMs: number,
  onProgress: () => void,
): { readonly still: Promise<"still">; readonly end: () => void } {
  let cases = 0;
  let movedAtMs = performance.now();
  const { promise: still, resolve } = defer<"still">();
  const look = setInterval(() => {
    const nowMs = performance.now();
    if (notes.cases !== cases) {
      cases = notes.cases;
      movedAtMs = nowMs;
      onProgress();
    } else if (cases > 0 && nowMs - movedAtMs > patienceMs) {
      resolve("still");
    }
  }, LOOK_EVERY_MS);
  return { still, end: () => clearInterval(look) };
}

function tellProgress(inputs: number, seconds: number): void {
  const pace = Math.round(inputs / seconds);
  process.stderr.write(`\r${inputs} inputs, ${pace} a second `);
}

function tellHanging(notes: Notes, seed: number): void {
  const { target, bodies } = notes.read();
  console.log(`HANGS after ${notes.inputs} inputs: seed ${seed}, target ${target}`);
  tellReplay(target, bodies);
  process.exitCode = 1;
}

function tellReport(report: Report, seconds: number): void {
  const { seed, cases, inputs, results, sameCount, deepest, counterexample } = report;
  const total = sum(inputs.values());
  const read = sum(results.values());
  const accepted = results.get("body") ?? 0;
  console.log(`seed ${seed}: ${total} inputs in ${cases} cases, ${seconds.toFixed(0)} s`);
  console.log(`  ${Math.round(total / seconds)} inputs a second`);
  console.log(`  ${Array.from(inputs, ([target, count]) => `${target} ${count}`).join(", ")}`);
  console.log(
    `readers: ${accepted} accepted (${share(accepted, read)}), ${read - accepted} refused`,
  );
  console.log(`  of those accepted ${sameCount} are as the writer writes them`);
  const refused = [...results].filter(([code]) => code !== "body");
  const sorted = refused.toSorted((left, right) => right[1] - left[1]);
  if (sorted.length > 0) console.log(tableOf(["refused as", "times"], sorted));
  const { allocatedBytes, inputBytes } = deepest;
  console.log(`dearest: ${allocatedBytes} bytes allocated for ${inputBytes}`);
  console.log(`largest: ${report.largestBytes} bytes`);
  console.log(`codes of errors met, live sides included: ${report.codesMet.size}`);
  if (counterexample !== undefined) {
    tellCounterexample(`seed ${seed}, case ${counterexample.caseNumber}`, counterexample);
  } else if (report.codesMissing.length > 0) {
    console.log(`NEVER MET: ${report.codesMissing.join(", ")}`);
    process.exitCode = 1;
  }
}

function tellSweep(swept: Sweep, seconds: number): void {
  const { vectors, bytes, large, inputs, results, counterexample } = swept;
  const accepted = results.get("body") ?? 0;
  console.log(`${vectors} vectors, every truncation, sealed anew and not: ${inputs} inputs`);
  console.log(
    `  all 255 changes of ${bytes - large.bytes} bytes; of the other ${large.bytes}, in ` +
      `${large.vectors} vectors above ${SMALL_BYTES} bytes, at most ${LARGE_VALUES_MAX}`,
  );
  console.log(`  ${accepted} accepted (${share(accepted, inputs)}), ${seconds.toFixed(0)} s`);
  if (counterexample !== undefined) tellCounterexample("the sweep", counterexample);
}

function tellCounterexample(finder: string, counterexample: Counterexample): void {
  const { what, target, story, bodies } = counterexample;
  console.log(`FOUND by ${finder}, target ${target}: ${what}`);
  for (const line of story) console.log(`  ${line}`);
  tellReplay(target, bodies);
  process.exitCode = 1;
}

function tellReplay(target: Target, bodies: readonly Uint8Array[]): void {
  const plant = planted === "" ? "" : ` --plant ${planted}`;
  console.log(`replay: ${replayCommand(target, bodies)}${plant}`);
}

function sum(counts: Iterable<number>): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}

function share(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(1)}%`;
}
