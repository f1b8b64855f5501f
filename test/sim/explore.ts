// Explores larger configurations than the tests do, and prints what was found: `npm run explore`.
// With a name and budgets as arguments it explores that one:
//   npm run explore -- messages 2 losses=2 duplicates=1 hurries=0

import { explore, Pair, type PairOptions } from "../../src/sim/index.ts";
import { bothClose, type Budgets, messagesEachWay, tinyWindows } from "./configurations.ts";
import { exploreWith, PLANTED_BUGS } from "./planted-bugs.ts";

const STATES_MAX = 8_000_000;

function report(name: string, options: PairOptions): void {
  const startMs = performance.now();
  const found = explore(new Pair(options), {
    statesMax: STATES_MAX,
    onLevel: ({ depth, states, frontier }) => {
      process.stderr.write(`\r${name}: depth ${depth}, ${states} states, ${frontier} to expand   `);
    },
  });
  const seconds = (performance.now() - startMs) / 1000;
  process.stderr.write("\r");
  const { states, transitions, depth, restStates, restStepsMax, isExhausted, failure } = found;
  console.log(`${name}: ${isExhausted ? "frontier empty" : "NOT EXHAUSTED"}`);
  console.log(
  );
  console.log(`  ${states} states, ${transitions} transitions, depth ${depth}`);
  console.log(`  ${restStates} states at rest, at most ${restStepsMax} harmless steps away`);
  console.log(`  ${seconds.toFixed(1)} s, ${(states / seconds).toFixed(0)} states/s`);
  if (failure === undefined) return;
  process.exitCode = 1;
  console.log(`  BROKEN ${failure.message}`);
  for (const label of failure.trace) console.log(`    ${label}`);
}

function reportPlanted(): void {
  for (const bug of PLANTED_BUGS) {
    const { failure, states } = exploreWith(bug);
    console.log(`planted: ${bug.name}: ${failure === undefined ? "NOT FOUND" : "found"}`);
    console.log(`  after ${states} states: ${failure?.message}`);
    for (const label of failure?.trace ?? []) console.log(`    ${label}`);
  }
}

function budgetsFrom(words: readonly string[]): Budgets {
  const budgets = { losses: 0, duplicates: 0, hurries: 0 };
  for (const word of words) {
    const [name, value] = word.split("=");
    if (name !== "losses" && name !== "duplicates" && name !== "hurries") {
      throw new Error(`no such budget: ${word}`);
    }
    budgets[name] = Number(value);
  }
  return budgets;
}

const [kind, count = "2", ...words] = process.argv.slice(2);
if (kind === undefined) {
  reportPlanted();
  report(
    "2 messages each way, timers at any time",
    messagesEachWay(2, budgetsFrom(["hurries=Infinity"])),
  );
  report(
    "1 message, 2 losses, 1 copy",
    messagesEachWay(1, budgetsFrom(["losses=2", "duplicates=1"])),
  );
  report("2 messages, windows of 1, 1 loss", tinyWindows(2, 1, budgetsFrom(["losses=1"])));
  report("3 messages, windows of 2", tinyWindows(3, 2, budgetsFrom([])));
  report("both close, 2 losses, 1 copy", bothClose(budgetsFrom(["losses=2", "duplicates=1"])));
  report(
    "2 messages, 2 losses, 1 copy",
    messagesEachWay(2, budgetsFrom(["losses=2", "duplicates=1"])),
  );
} else {
  const budgets = budgetsFrom(words);
  const name = process.argv.slice(2).join(" ");
  if (kind === "messages") report(name, messagesEachWay(Number(count), budgets));
  else if (kind === "windows") report(name, tinyWindows(Number(count), 1, budgets));
  else if (kind === "close") report(name, bothClose(budgets));
  else throw new Error(`no such configuration: ${kind}`);
}
