/** The verdict as a person reads it. */
import { type Cell, tableOf } from "../tables.ts";
import { HARD_ENOUGH, HARDNESS_NAMES } from "./hardness.ts";
import type { DirectionVerdict, Verdict } from "./verdict.ts";

const ROWS: readonly (readonly [string, (found: DirectionVerdict) => Cell])[] = [
  ["sent", ({ sent }) => sent],
  ["delivered", ({ delivered }) => delivered],
  ["lost", ({ lost }) => lost],
  ["doubled", ({ doubled }) => doubled],
  ["reordered", ({ reordered }) => reordered],
  ["not of this trace", ({ strange }) => strange],
  ["longest gap, ms", ({ longestGapMs }) => Math.round(longestGapMs)],
  ["document as in the trace", ({ isDocumentEqual }) => (isDocumentEqual ? "yes" : "NO")],
];

export function verdictText(verdict: Verdict): string {
  const messages = tableOf(
    ["", "changes", "echoes"],
    ROWS.map(([name, read]) => [name, read(verdict.changes), read(verdict.echoes)]),
  );
  const line = tableOf(
    ["the line", "met", "wanted"],
    HARDNESS_NAMES.map(([kind, name]) => [name, verdict.met[kind], HARD_ENOUGH[kind]]),
  );
  const seconds = (verdict.durationMs / 1_000).toFixed(1);
  const head = `${verdict.isPassed ? "passed" : "FAILED"} after ${seconds} s`;
  const sentences = [...verdict.off, ...verdict.easy].map((sentence) => `  ${sentence}`);
  return [messages, line, head, ...sentences].join("\n");
}
