/** The outcome as a person reads it. */
import { COUNT_LABELS } from "../../src/chaos/index.ts";
import { type Cell, tableOf } from "../tables.ts";
import { FAULTS_WANTED } from "./faults.ts";
import { MISHAPS, type MishapName } from "./mishaps.ts";
import { growthOf, offOf, type Outcome } from "./outcome.ts";
import type { Traffic } from "./rules.ts";

const MISHAP_LABELS: Readonly<Record<MishapName, string>> = {
  clientKilled: "clients killed and begun anew",
  clientSaved: "clients saved and gone on with",
  serverRestarted: "servers drained and restarted",
  serverKilled: "servers killed and restarted",
  clientPaused: "clients stopped for a while",
  serverPaused: "servers stopped for a while",
  proxyPaused: "fault proxies stopped for a while",
};

/** What is off beyond these is in the logs. */
const SENTENCES_MAX = 30;

export function outcomeText(outcome: Outcome): string {
  const { judgement, faults, mishaps, longLived, seed, seconds, underFaultsSeconds } = outcome;
  const off = offOf(outcome);
  const tables: string[] = [];
  if (judgement !== undefined) {
    const { up, down } = judgement;
    const row = (name: string, key: keyof Traffic): Cell[] => [name, up[key], down[key]];
    tables.push(
      tableOf(
        ["messages", "to servers", "to clients"],
        [
          row("sent", "sent"),
          row("received", "received"),
          row("bytes sent", "bytesSent"),
          row("bytes received", "bytesReceived"),
        ],
      ),
      tableOf(
        ["sessions", "count"],
        [
          ["sessions", judgement.sessions],
          ...Object.entries(judgement.ends).map(([reason, count]) => [`  ends: ${reason}`, count]),
          ["messages told never sent", judgement.neverSent],
          ["messages told unknown", judgement.unknown],
          ["messages given up", judgement.givenUp],
          ["messages held by killed processes", judgement.lostWithProcesses],
          ["messages repeated by openings", judgement.repeatedOpenings],
        ],
      ),
    );
  }
  tables.push(
    tableOf(
      ["met", "count"],
      [
        ["requests", faults.requests],
        ...FAULTS_WANTED.map((name) => [COUNT_LABELS[name].trim(), faults[name]]),
        ["fault proxies started", outcome.proxyStarts],
        ...MISHAPS.map((name) => [MISHAP_LABELS[name], mishaps[name]]),
      ],
    ),
    tableOf(
      ["long-lived", "kB kept before", "after", "growth", "kB of heap before", "after", "handles"],
      longLived.map((each) => [
        each.part,
        Math.round(each.before.keptBytes / 1_000),
        Math.round(each.after.keptBytes / 1_000),
        Number.isNaN(growthOf(each)) ? "-" : `${((growthOf(each) - 1) * 100).toFixed(1)}%`,
        Math.round(each.before.heldBytes / 1_000),
        Math.round(each.after.heldBytes / 1_000),
        Object.values(each.after.descriptors).reduce((total, count) => total + count, 0),
      ]),
    ),
  );
  const faultsSeconds = `${underFaultsSeconds} s under faults`;
  const head = `${off.length === 0 ? "passed" : "FAILED"} after ${seconds.toFixed(1)} s`;
  const sentences = off.slice(0, SENTENCES_MAX).map((sentence) => `  ${sentence}`);
  const more = off.length > SENTENCES_MAX ? [`  and ${off.length - SENTENCES_MAX} more`] : [];
  return [...tables, `${head}, ${faultsSeconds}, seed ${seed}`, ...sentences, ...more].join("\n");
}
