// `npm run explore`: explores named configurations to their ends, the small ones and the large, and
// prints what was found; `-- --help` says how it is told which.

import { performance } from "node:perf_hooks";
import { explore, type Failure, Pair } from "../../src/sim/index.ts";
import { CommandLineError, optionsOfProcess, refuse } from "../command-line.ts";
import { tableOf } from "../tables.ts";
import { type Configuration, CONFIGURATIONS } from "./configurations.ts";
import { type ExploreOptions, readOptions } from "./explore-options.ts";
import { exploreWith, PLANTED_BUGS } from "./planted-bugs.ts";
import { exploreCommand, type Gone, goWay } from "./way.ts";

const BITS_OF_FINGERPRINT = 64;
const NOT_EXHAUSTED = "NOT EXHAUSTED: whether each state comes to rest was not looked at";

const options = optionsOfProcess("explore", readOptions);
if (options !== undefined) main(options);

function main(asked: ExploreOptions): void {
  switch (asked.kind) {
    case "list":
      list();
      return;
    case "replay":
      replay(asked.configuration, asked.way);
      return;
    case "explore":
      for (const each of asked.configurations) report(each, asked.statesMax);
      if (asked.isPlanting) reportPlanted();
  }
}

function list(): void {
  const rows = CONFIGURATIONS.map(({ name, about, isQuick }) => [
    name,
    about,
    isQuick ? "yes" : "",
  ]);
  console.log(tableOf(["name", "what it is about", "in the tests"], rows));
}

function report(configuration: Configuration, statesMax: number): void {
  const { name, about, options: ofPair, marks } = configuration;
  const startMs = performance.now();
  const startUsage = process.cpuUsage();
  const found = explore(new Pair(ofPair), {
    statesMax,
    onLevel: ({ depth, states, frontier }) => {
      if (!process.stderr.isTTY) return;
      process.stderr.write(`\r${name}: depth ${depth}, ${states} states, ${frontier} to expand   `);
    },
  });
  if (process.stderr.isTTY) process.stderr.write("\r");
  const seconds = (performance.now() - startMs) / 1000;
  const cpuSeconds = process.cpuUsage(startUsage).user / 1e6;
  const { states, transitions, depth, restStates, restStepsMax, isExhausted, failure } = found;
  const missed = marks.filter((mark) => (found.marks.get(mark) ?? 0) === 0);
  console.log(`${name}: ${about}`);
  console.log(`  ${isExhausted ? "frontier empty" : NOT_EXHAUSTED}`);
  console.log(`  ${states} states, ${transitions} transitions, depth ${depth}`);
  const away = isExhausted ? `, at most ${restStepsMax} harmless steps away` : "";
  console.log(`  ${restStates} states at rest${away}`);
  console.log(`  at most ${found.frontierMax} states at once, ${found.sidesMade} states of a side`);
  // States of the sides are merged by prints of their own. Bodies only within one state of a side.
  const collisions = (states ** 2 + found.sidesMade ** 2) / 2 ** (BITS_OF_FINGERPRINT + 1);
  console.log(`  expected collisions of fingerprints: ${collisions.toExponential(1)}`);
  const pace = `${(states / seconds).toFixed(0)} states/s`;
  const cpuPace = `${(states / cpuSeconds).toFixed(0)} a second of the processor's`;
  const megabytes = (process.memoryUsage().rss / 2 ** 20).toFixed(0);
  console.log(`  ${seconds.toFixed(1)} s, ${pace}, ${cpuPace}; ${megabytes} MiB`);
  const met = [...found.marks].toSorted(([left], [right]) => (left < right ? -1 : 1));
  console.log(`  met: ${met.map(([mark, count]) => `${mark} ${count}`).join(", ")}`);
  if (failure !== undefined) reportFailure(configuration, failure);
  if (missed.length > 0) console.log(`  NEVER MET: ${missed.join(", ")}`);
  if (failure !== undefined || missed.length > 0 || !isExhausted) process.exitCode = 1;
}

function reportFailure({ name, options: ofPair }: Configuration, failure: Failure): void {
  const { message, trace, circle } = failure;
  const way = [...trace, ...circle];
  console.log(`  BROKEN ${message}`);
  for (const label of trace) console.log(`    ${label}`);
  if (circle.length > 0) console.log("  and from there, without end:");
  for (const label of circle) console.log(`    ${label}`);
  console.log(`  What happened; times are numbers of steps:\n${goWay(ofPair, way).chart}`);
  console.log(`  To go that way again:\n    ${exploreCommand(name, way)}`);
}

function replay({ name, options: ofPair }: Configuration, labels: readonly string[]): void {
  let gone: Gone;
  try {
    gone = goWay(ofPair, labels);
  } catch (error) {
    if (!(error instanceof CommandLineError)) throw error;
    refuse("explore", error);
    return;
  }
  const { description, chart, prints, broken, restSteps } = gone;
  for (const [at, print] of prints.entries()) console.log(`${print}  ${labels[at]}`);
  console.log(`What happened; times are numbers of steps:\n${chart}`);
  if (broken !== undefined) {
    process.exitCode = 1;
    console.log(`${name}: ${String(broken)}`);
    return;
  }
  console.log(description);
  const rest =
    restSteps === undefined ? "it does not come to rest" : `at rest ${restSteps} further`;
  console.log(`${name}: no promise is broken on this way; by harmless steps from there: ${rest}`);
}

function reportPlanted(): void {
  for (const bug of PLANTED_BUGS) {
    const { failure, states } = exploreWith(bug);
    const isFound = failure !== undefined && bug.symptom.test(failure.message);
    if (!isFound) process.exitCode = 1;
    console.log(`planted: ${bug.name}: ${isFound ? "found" : "NOT FOUND"}`);
    console.log(`  after ${states} states: ${failure?.message}`);
    for (const label of failure?.trace ?? []) console.log(`    ${label}`);
  }
}
