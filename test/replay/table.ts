/** The verdict as a person reads it. */
import Table from "cli-table3";
import { HARD_ENOUGH, HARDNESS_NAMES } from "./hardness.ts";
import type { DirectionVerdict, Verdict } from "./verdict.ts";

const number = new Intl.NumberFormat("en");

const ROWS: readonly (readonly [string, (found: DirectionVerdict) => string])[] = [
  ["sent", ({ sent }) => number.format(sent)],
  ["delivered", ({ delivered }) => number.format(delivered)],
  ["lost", ({ lost }) => number.format(lost)],
  ["doubled", ({ doubled }) => number.format(doubled)],
  ["reordered", ({ reordered }) => number.format(reordered)],
  ["not of this trace", ({ strange }) => number.format(strange)],
  ["longest gap, ms", ({ longestGapMs }) => number.format(Math.round(longestGapMs))],
  ["document as in the trace", ({ isDocumentEqual }) => (isDocumentEqual ? "yes" : "NO")],
];

export function verdictText(verdict: Verdict): string {
  const plain = { style: { head: [], border: [], compact: true } };
  const messages = new Table({
    ...plain,
    head: ["", "changes", "echoes"],
    colAligns: ["left", "right", "right"],
  });
  for (const [name, read] of ROWS) {
    messages.push([name, read(verdict.changes), read(verdict.echoes)]);
  }
  const line = new Table({
    ...plain,
    head: ["the line", "met", "wanted"],
    colAligns: ["left", "right", "right"],
  });
  for (const [kind, name] of HARDNESS_NAMES) {
    line.push([name, number.format(verdict.met[kind]), number.format(HARD_ENOUGH[kind])]);
  }
  const seconds = (verdict.durationMs / 1_000).toFixed(1);
  const head = `${verdict.isPassed ? "passed" : "FAILED"} after ${seconds} s`;
  const sentences = [...verdict.off, ...verdict.easy].map((sentence) => `  ${sentence}`);
  return [messages.toString(), line.toString(), head, ...sentences].join("\n");
}
