// Explores named configurations to their ends, the small ones and the large, and prints what was
// found:
//   npm run explore                       all of them, and bugs that are planted
//   npm run explore -- NAME...            these
//   npm run explore -- --list             their names and what they are about
//   npm run explore -- NAME --replay "request 1 arrives; client: send"
//                                         goes one way again, and checks every state on it

import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import {
  checkRest,
  checkSide,
  checkTogether,
  describe,
  explore,
  type Failure,
  fingerprint,
  Pair,
} from "../../src/sim/index.ts";
import { type Configuration, CONFIGURATIONS, configurationNamed } from "./configurations.ts";
import { exploreWith, PLANTED_BUGS } from "./planted-bugs.ts";

const STATES_MAX = 12_000_000;
const BITS_OF_FINGERPRINT = 64;

const { values: flags, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { list: { type: "boolean" }, replay: { type: "string" } },
});

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

function report({ name, about, options, marks }: Configuration): void {
  const startMs = performance.now();
  const startUsage = process.cpuUsage();
  const found = explore(new Pair(options), {
    statesMax: STATES_MAX,
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
  console.log(`  ${isExhausted ? "frontier empty" : "NOT EXHAUSTED"}`);
  console.log(`  ${states} states, ${transitions} transitions, depth ${depth}`);
  console.log(`  ${restStates} states at rest, at most ${restStepsMax} harmless steps away`);
  console.log(`  at most ${found.frontierMax} states at once, ${found.sidesMade} states of a side`);
  const collisions = states ** 2 / 2 ** (BITS_OF_FINGERPRINT + 1);
  console.log(`  expected collisions of fingerprints: ${collisions.toExponential(1)}`);
  const pace = `${(states / seconds).toFixed(0)} states/s`;
  const cpuPace = `${(states / cpuSeconds).toFixed(0)} a second of the processor's`;
  const megabytes = (process.memoryUsage().rss / 2 ** 20).toFixed(0);
  console.log(`  ${seconds.toFixed(1)} s, ${pace}, ${cpuPace}; ${megabytes} MiB`);
  const met = [...found.marks].toSorted(([left], [right]) => (left < right ? -1 : 1));
  console.log(`  met: ${met.map(([mark, count]) => `${mark} ${count}`).join(", ")}`);
  if (failure !== undefined) reportFailure(name, failure);
  if (missed.length > 0) console.log(`  NEVER MET: ${missed.join(", ")}`);
  if (failure !== undefined || missed.length > 0 || !isExhausted) process.exitCode = 1;
}

function reportFailure(name: string, { message, trace, circle }: Failure): void {
  console.log(`  BROKEN ${message}`);
  for (const label of trace) console.log(`    ${label}`);
  if (circle.length > 0) console.log("  and from there, without end:");
  for (const label of circle) console.log(`    ${label}`);
  console.log("  To go that way again:");
  console.log(`    npm run explore -- ${name} --replay '${[...trace, ...circle].join("; ")}'`);
}

function replay({ name, options }: Configuration, steps: string): void {
  const pair = new Pair(options);
  for (const label of steps.split("; ")) {
    const step = pair.steps().find((each) => each.label === label);
    if (step === undefined) {
      const labels = pair.steps().map((each) => `"${each.label}"`);
      throw new Error(`"${label}" cannot happen here; what can is ${labels.join(", ")}`);
    }
    pair.apply(step);
    for (const side of ["client", "server"] as const) checkSide(pair, side);
    checkTogether(pair);
    if (pair.isAtRest) checkRest(pair);
    const { client, server } = pair.clocks;
    console.log(`${fingerprint(pair)}  ${label}${pair.isAtRest ? " (at rest)" : ""}`);
    console.log(`  client at ${client} ms, server at ${server} ms`);
  }
  console.log(describe(pair));
  console.log(`${name}: no promise is broken on this way`);
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
