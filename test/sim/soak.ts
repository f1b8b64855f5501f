// `npm run soak`: plays scenarios by seed after seed, on every processor; `-- --help` says how it is
// told for how long. A failure is shrunk, and printed with the command that plays it again.

import { optionsOfProcess } from "../command-line.ts";
import { tableOf } from "../tables.ts";
import { lastWord, startThread } from "../worker-thread.ts";
import { OFTEN_SEEDS, SELDOM_SEEDS, unmet } from "./marks.ts";
import { readOptions, type SoakOptions } from "./soak-options.ts";
import type { SoakNews, SoakOrder } from "./soak-thread.ts";

let [runs, picks, exchanges, simulatedMs, failures] = [0, 0, 0, 0, 0];
const marks = new Map<string, number>();
const startMs = performance.now();

const options = optionsOfProcess("soak", readOptions);
if (options !== undefined) await soak(options);

async function soak({ scenarios, firstSeed, threads, seconds }: SoakOptions): Promise<void> {
  console.log(`${scenarios.join(", ")}: seeds from ${firstSeed}, ${threads} threads, ${seconds} s`);
  const milliseconds = 1_000 * seconds;
  const playing = Array.from({ length: threads }, (_, at) => {
    const order = { scenarios, firstSeed: firstSeed + at, seedStep: threads, milliseconds };
    return play(order, seconds);
  });
  await Promise.all(playing);
  report(scenarios, firstSeed);
}

/** One thread. */
async function play(order: SoakOrder, seconds: number): Promise<void> {
  const worker = startThread(new URL("soak-thread.ts", import.meta.url), order);
  await lastWord<SoakNews>(worker, (news) => {
    note(news, seconds);
    return news.kind !== "progress";
  });
}

function note(news: SoakNews, seconds: number): void {
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

function report(scenarios: readonly string[], firstSeed: number): void {
  console.log(`\n${tableOf(["met", "times"], [...marks].toSorted())}`);
  console.log(`${runs} runs in ${elapsed().toFixed(0)} s, seeds ${firstSeed} and following`);
  const hours = Math.round(simulatedMs / 3_600_000);
  console.log(`${exchanges} exchanges of cores, ${hours} h simulated, ${picks} decisions`);
  const { missing, notAsked } = unmet(scenarios, runs / scenarios.length, marks);
  if (notAsked.length > 0) {
    const asked = `which is asked from ${OFTEN_SEEDS} or ${SELDOM_SEEDS} seeds on`;
    console.log(`not met, ${asked}: ${notAsked.join(", ")}`);
  }
  const isMissing = failures === 0 && missing.length > 0;
  if (isMissing) console.log(`NEVER MET: ${missing.join(", ")}`);
  console.log(failures === 0 ? "no run has failed" : `${failures} FAILED`);
  process.exitCode = failures > 0 || isMissing ? 1 : 0;
}

function elapsed(): number {
  return (performance.now() - startMs) / 1_000;
}
