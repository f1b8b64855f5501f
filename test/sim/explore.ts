// Explores named configurations to their ends, the small ones and the large, and prints what was
// found:
//   npm run explore                       all of them, and bugs that are planted
//   npm run explore -- NAME...            these
//   npm run explore -- NAME --states 3000000    to so many states at most
//   npm run explore -- --list             their names and what they are about
//   npm run explore -- NAME --replay '["request 1 arrives","client: send"]'
//                                         goes one way again, checks every state on it and draws it

import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { explore, type Failure, Pair } from "../../src/sim/index.ts";
import { integerFrom } from "../numbers.ts";
import { type Configuration, CONFIGURATIONS, configurationNamed } from "./configurations.ts";
import { exploreWith, PLANTED_BUGS } from "./planted-bugs.ts";
import { exploreCommand, goWay, readWay } from "./way.ts";

const BITS_OF_FINGERPRINT = 64;
const NOT_EXHAUSTED = "NOT EXHAUSTED: whether each state comes to rest was not looked at";

const { values: flags, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: "boolean" },
    replay: { type: "string" },
    states: { type: "string", default: "12000000" },
  },
});

const statesMax = integerFrom(flags.states, "--states", 1);

if (flags.list === true) list();
else if (flags.replay !== undefined) replay(configurationNamed(names[0] ?? ""), flags.replay);
else if (names.length > 0) for (const name of names) report(configurationNamed(name));
else {
  for (const each of CONFIGURATIONS) report(each);
  reportPlanted();
}

function list(): void {
  const table = new Table({ head: ["name", "what it is about", "in the tests"] });
  for (const { name, about, isQuick } of CONFIGURATIONS) {
    table.push([name, about, isQuick ? "yes" : ""]);
  }
  console.log(table.toString());
}

function report(configuration: Configuration): void {
  const { name, about, options, marks } = configuration;
  const startMs = performance.now();
  const startUsage = process.cpuUsage();
  const found = explore(new Pair(options), {
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

function reportFailure({ name, options }: Configuration, failure: Failure): void {
  const { message, trace, circle } = failure;
  const way = [...trace, ...circle];
  console.log(`  BROKEN ${message}`);
  for (const label of trace) console.log(`    ${label}`);
  if (circle.length > 0) console.log("  and from there, without end:");
  for (const label of circle) console.log(`    ${label}`);
  console.log(`  What happened; times are numbers of steps:\n${goWay(options, way).chart}`);
  console.log(`  To go that way again:\n    ${exploreCommand(name, way)}`);
}

function replay({ name, options }: Configuration, text: string): void {
  const labels = readWay(text);
  const { description, chart, prints, broken, restSteps } = goWay(options, labels);
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
