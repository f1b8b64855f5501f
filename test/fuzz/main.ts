// `npm run fuzz`: mutated bodies against the reader and against live sides. Options:
//   --inputs 10000000   how many bodies at least
//   --seed 1            other ones with another seed, the same ones with the same
//   --replay TARGET:HEX,HEX   only these bodies, with the stack of what goes wrong
//   --plant NAME        with a bug in the reader, to see it found; names: see planted.ts
//   --no-sweep          without the changes of all vectors first; sweep.ts says which
//   --patience 60       seconds for one case, after which it counts as hanging

import { parseArgs } from "node:util";
import { defer } from "../../src/session/deferred.ts";
import { integerFrom } from "../numbers.ts";
import { fromHex } from "../vectors/hex.ts";
import { lastWord, startThread } from "../worker-thread.ts";
import { type Counterexample, replayCommand, type Report } from "./campaign.ts";
import { type Target, TARGETS, tryBodies } from "./cases.ts";
import { READERS } from "./judge.ts";
import { plantedReaders } from "./planted.ts";
import { type News, Notes, type Order } from "./supervision.ts";
import { LARGE_VALUES_MAX, SMALL_BYTES, type Sweep } from "./sweep.ts";

const INPUTS_DEFAULT = "1000000";
const SEED_DEFAULT = "1";
const PATIENCE_DEFAULT = "60";
const LOOK_EVERY_MS = 1_000;

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: INPUTS_DEFAULT },
    seed: { type: "string", default: SEED_DEFAULT },
    replay: { type: "string" },
    "no-sweep": { type: "boolean", default: false },
    plant: { type: "string", default: "" },
    patience: { type: "string", default: PATIENCE_DEFAULT },
  },
});

if (values.replay === undefined) await fuzz();
else replay(values.replay);

/** Runs the bodies of a counterexample, without catching anything. */
function replay(text: string): void {
  const [name = "", list = ""] = text.includes(":") ? text.split(":") : ["body", text];
  const target = TARGETS.find((each) => each === name);
  if (target === undefined) throw new Error(`no such target: ${name}`);
  const bodies = list.split(",").map(fromHex);
  const outcomes = tryBodies(target, bodies, plantedReaders(values.plant) ?? READERS);
  for (const [at, { result, allocatedBytes }] of outcomes.entries()) {
    console.log(`${bodies[at]?.length} bytes: ${result}, ${allocatedBytes} bytes allocated`);
  }
  console.log("nothing went wrong");
}

async function fuzz(): Promise<void> {
  const [inputs, seed, patience] = (["inputs", "seed", "patience"] as const).map((name) =>
    integerFrom(values[name], `--${name}`, 0),
  ) as [number, number, number];
  const notes = new Notes();
  const { shared } = notes;
  const isSwept = !values["no-sweep"];
  const order: Order = { seed, inputs, planted: values.plant, isSwept, shared };
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
  const watching = whenStill(notes, patience * 1_000, () => tellProgress(notes.inputs, seconds()));
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
  for (const [code, count] of [...results].toSorted((left, right) => right[1] - left[1])) {
    if (code !== "body") console.log(`  ${code.padEnd(20)} ${count}`);
  }
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
  const plant = values.plant === "" ? "" : ` --plant ${values.plant}`;
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
