// `npm run faults`: every link through every fault, for as long as one likes, and the table of it;
// then the gaps of moves from link to link. Exit status: 0 if nothing was lost, doubled or
// reordered, 1 if not, 2 for what cannot be run.

import { commandFor, integer, optionsOfProcess, readWords } from "../command-line.ts";
import { type Cell, tableOf } from "../tables.ts";
import { sumOf } from "./dialogue.ts";
import type { Outcome } from "./fault-table.ts";
import { LINKS } from "./link-under-test.ts";
import { measureMoves, ROUND_TRIP_MS } from "./moves.ts";
import { ROWS, wholeTable } from "./whole-table.ts";

const HEAD = ["fault", "met", "messages", "lost", "doubled", "reordered", "gap ms", "links"];
const MOVES_HEAD = ["move", "how", "gap ms", "steady gap ms", "process stall ms"];
const DAY_SECONDS = 86_400;

function readSeconds(words: readonly string[], write: (text: string) => void): number | undefined {
  const command = commandFor("faults", "Takes every link through every fault.").option(
    "--seconds <n>",
    "how long each fault lasts",
    integer(1, DAY_SECONDS),
    10,
  );
  if (!readWords(command, words, write)) return undefined;
  return command.opts<{ readonly seconds: number }>().seconds;
}

function rowOf(name: string, result: PromiseSettledResult<Outcome>): readonly Cell[] {
  if (result.status === "rejected") return [name, `failed: ${String(result.reason)}`];
  const { up, down, met, moves } = result.value;
  const { received, lost, doubled, reordered, largestGapMs } = sumOf([up, down]);
  return [name, met, received, lost, doubled, reordered, largestGapMs, moves.join(" ")];
}

function isFine(result: PromiseSettledResult<Outcome>): boolean {
  if (result.status === "rejected") return false;
  const { lost, doubled, reordered } = sumOf([result.value.up, result.value.down]);
  return lost + doubled + reordered === 0;
}

const seconds = optionsOfProcess("faults", readSeconds);
if (seconds !== undefined) {
  for (const link of LINKS) {
    const results = await wholeTable(link, seconds);
    const rows = results.map((result, at) => rowOf(ROWS[at] ?? "", result));
    console.log(`\n${link.name}\n${tableOf(HEAD, rows)}`);
    if (!results.every(isFine)) process.exitCode = 1;
  }
  const { moves, mistakes } = await measureMoves();
  const rows = moves.map(({ from, to, how, gapMs, steadyMs, stallMs }) => {
    return [`${from} to ${to}`, how, ...[gapMs, steadyMs, stallMs].map(Math.round)];
  });
  console.log(`\nmoves, with a round trip of ${ROUND_TRIP_MS} ms\n${tableOf(MOVES_HEAD, rows)}`);
  if (mistakes > 0) process.exitCode = 1;
}
