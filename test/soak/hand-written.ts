// Logs of a soak that tests write by hand: lines as the applications would have noted them down.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readHistory } from "./history.ts";
import type { Fact, Hold, MessagePlace } from "./lines.ts";
import { type Judgement, judge } from "./rules.ts";

export const C = "client.1.1";
export const S = "server.1/1";

/** The lines of each process. */
export type Logs = Record<string, Fact[]>;

const folders: string[] = [];

/** After each test. */
export function removeLogs(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
}

export function written(logs: Logs, ending = ""): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-check-"));
  folders.push(folder);
  for (const [name, facts] of Object.entries(logs)) {
    const lines = facts.map((fact, at) => `${JSON.stringify({ ...fact, atMs: at })}\n`);
    writeFileSync(join(folder, `${name}.log`), lines.join("") + ending);
  }
  return folder;
}

export function judged(logs: Logs, ending = ""): Judgement {
  return judge(readHistory(written(logs, ending)));
}

export function offIn(logs: Logs): readonly string[] {
  return judged(logs).off;
}

// --- lines ------------------------------------------------------------------------------------

export const send = (half: string, n: number, channel = "", key?: number): Fact => {
  const keyed = key === undefined ? {} : { key };
  return { kind: "send", half, channel, n, ...keyed, digest: 100 + n, bytes: 10 };
};
export const receive = (
  half: string,
  from: string,
  n: number,
  channel = "",
  key?: number,
): Fact => {
  const keyed = key === undefined ? {} : { key };
  return { kind: "receive", half, from, channel, n, ...keyed, digest: 100 + n, bytes: 10 };
};
export const end = (
  half: string,
  reason = "closed",
  fates: { neverSent?: MessagePlace[]; unknown?: MessagePlace[] } = {},
): Fact => ({ kind: "end", half, reason, detail: "", neverSent: [], unknown: [], ...fates });
export const begin = (half: string, side: "client" | "server", hold: Hold = "received"): Fact[] => [
  { kind: "begin", half, side, session: C, hold, isEarly: false },
  { kind: "channel", half, channel: "", mode: "ordered", mayGiveUp: false },
];
export const channel = (
  half: string,
  label: string,
  mode: "ordered" | "unordered" | "latest",
  mayGiveUp: boolean,
): Fact => ({ kind: "channel", half, channel: label, mode, mayGiveUp });
export const START: Fact = { kind: "start" };
export const EXIT: Fact = { kind: "exit", why: "finished" };

/** Between "begin" and the end, on lines 4 and following. */
export function processOf(
  half: string,
  side: "client" | "server",
  facts: Fact[],
  last = end(half),
): Fact[] {
  return [START, ...begin(half, side), ...facts, last, EXIT];
}
