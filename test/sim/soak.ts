// `npm run soak`: plays scenarios by seed after seed, on every processor, for as long as it is told:
//   --seconds 60         how long
//   --seed N             the first seed; default: another one each time, which is printed
//   --scenario cores     which, more than once for more than one; default: all. See scenarios.ts
//   --threads N          default: as many as there are processors
// Exit status 1 if a run fails, or if something that the runs are meant to meet never happened. A
// failure is shrunk, and printed with the command that plays it again.

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { integerFrom } from "../numbers.ts";
import { lastWord, startThread } from "../worker-thread.ts";
import { MARKS } from "./marks.ts";
import { SCENARIOS, scenarioNamed } from "./scenarios.ts";
import type { SoakNews, SoakOrder } from "./soak-thread.ts";

/** Some eleven days. */
const SECONDS_MAX = 1_000_000;
const THREADS_MAX = 1_024;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    scenario: { type: "string", multiple: true, default: [...SCENARIOS.keys()] },
    threads: { type: "string", default: String(availableParallelism()) },
  },
});
const seconds = integerFrom(values.seconds, "--seconds", 1, SECONDS_MAX);
const threads = integerFrom(values.threads, "--threads", 1, THREADS_MAX);
const chosenSeed = values.seed ?? String(Date.now() % 1_000_000_000);
const firstSeed = integerFrom(chosenSeed, "--seed", 0, 2 ** 32 - 1);
const scenarios = values.scenario.map((name) => scenarioNamed(name).name);

let [runs, picks, exchanges, simulatedMs, failures] = [0, 0, 0, 0, 0];
const marks = new Map<string, number>();
const startMs = performance.now();

console.log(`${scenarios.join(", ")}: seeds from ${firstSeed}, ${threads} threads, ${seconds} s`);
await Promise.all(Array.from({ length: threads }, (_, at) => soak(firstSeed + at)));
report();

/** One thread. */
async function soak(from: number): Promise<void> {
  const milliseconds = 1_000 * seconds;
  const order: SoakOrder = { scenarios, firstSeed: from, seedStep: threads, milliseconds };
  const worker = startThread(new URL("soak-thread.ts", import.meta.url), order);
  await lastWord<SoakNews>(worker, (news) => {
    note(news);
    return news.kind !== "progress";
  });
}

function note(news: SoakNews): void {
  runs += news.runs;
  picks += news.picks;
  exchanges += news.exchanges;
  simulatedMs += news.simulatedMs;
  for (const [mark, count] of news.marks) marks.set(mark, (marks.get(mark) ?? 0) + count);
  if (process.stderr.isTTY) {
    process.stderr.write(`\r${runs} runs, ${elapsed().toFixed(0)} of ${seconds} s `);
  }
  if (news.kind !== "failed") return;
  failures++;
  console.log(`\n${news.text}\n`);
}

function report(): void {
  const style = { head: [], border: [], compact: true };
  const table = new Table({ head: ["met", "times"], colAligns: ["left", "right"], style });
  for (const [mark, count] of [...marks].toSorted()) table.push([mark, count]);
  console.log(`\n${table.toString()}`);
  console.log(`${runs} runs in ${elapsed().toFixed(0)} s, seeds ${firstSeed} and following`);
  const hours = Math.round(simulatedMs / 3_600_000);
  console.log(`${exchanges} exchanges of cores, ${hours} h simulated, ${picks} decisions`);
  const missing = MARKS.filter((mark) => !marks.has(mark));
  const isDemanded = failures === 0 && scenarios.includes("cores");
  if (isDemanded && missing.length > 0) console.log(`NEVER MET: ${missing.join(", ")}`);
  console.log(failures === 0 ? "no run has failed" : `${failures} FAILED`);
  process.exitCode = failures > 0 || (isDemanded && missing.length > 0) ? 1 : 0;
}

function elapsed(): number {
  return (performance.now() - startMs) / 1_000;
}
