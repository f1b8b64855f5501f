// The whole program, briefly: ten processes, real sockets, every kind of fault and mishap once. The
// memory that is left is judged by longer runs.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { FAULTS_WANTED } from "./faults.ts";
import { MISHAPS } from "./mishaps.ts";
import type { Outcome } from "./outcome.ts";

const PROGRAM = fileURLToPath(new URL("soak.ts", import.meta.url));
const SECONDS = "10";
const SEED = "1";
/**
 * Some 25 s, on one processor as well: `taskset -c 0 npm run soak:sockets -- --seconds 10`. It goes
 * on for a minute more if something was not met yet, and on a busy machine all is slow.
 */
const LIMIT_MS = 300_000;

const started: ChildProcess[] = [];
afterAll(() => {
  // It ends its processes before it goes.
  for (const program of started) program.kill("SIGTERM");
});

async function run(...flags: readonly string[]): Promise<{
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}> {
  const program = spawn(process.execPath, ["--import", "tsx", PROGRAM, ...flags], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(program);
  const [stdout, stderr, [status]] = await Promise.all([
    text(program.stdout),
    text(program.stderr),
    once(program, "exit") as Promise<[number | null]>,
  ]);
  return { status, stdout, stderr };
}

describe("the soak over real sockets", () => {
  it(
    "carries everything once and in order through faults, kills and restarts",
    async () => {
      const { status, stdout, stderr } = await run("--seconds", SECONDS, "--seed", SEED, "--json");
      const outcome = JSON.parse(stdout) as Outcome & { readonly off: readonly string[] };
      const { off, faults, mishaps } = outcome;
      // What it wrote names the folder of the logs, for who looks into a failure.
      expect({ off, stderr }).toEqual({ off: [], stderr });
      expect(outcome.judgement?.up.received).toBeGreaterThan(500);
      expect(outcome.judgement?.down.received).toBeGreaterThan(500);
      expect(FAULTS_WANTED.filter((name) => faults[name] === 0)).toEqual([]);
      expect(MISHAPS.filter((name) => mishaps[name] === 0)).toEqual([]);
      expect(outcome.longLived).toHaveLength(4);
      expect(status).toBe(0);
    },
    LIMIT_MS,
  );

  it("tells a command line that makes no sense in one line, with exit status 2", async () => {
    const { status, stdout, stderr } = await run("--seconds", "1");
    expect(stderr).toMatch(/^soak:sockets: .*is not an integer from 8 to 86400.*; usage: .*\n$/);
    expect(stdout).toBe("");
    expect(status).toBe(2);
  });
});
