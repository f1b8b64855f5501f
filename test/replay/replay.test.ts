// The whole program: three processes, real sockets, the fault proxy between.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { HARD_ENOUGH, shortOf } from "./hardness.ts";
import { TYPED_TRACE } from "./options.ts";
import { readTrace } from "./trace.ts";
import type { Verdict } from "./verdict.ts";

const PROGRAM = fileURLToPath(new URL("replay.ts", import.meta.url));
const PERFECT = "--cuts 0 --loss 0% --damage 0% --double 0% --delay 0".split(" ");
const TOTAL = readTrace(TYPED_TRACE).transactions.length;

const started: ChildProcess[] = [];
afterAll(() => {
  for (const program of started) {
    try {
      process.kill(-(program.pid ?? Number.NaN), "SIGKILL");
    } catch {
      // Nothing of its group is left, as it should be; or this system has no groups.
      program.kill("SIGKILL");
    }
  }
});

/** Its own process group, as a shell gives it. */
function start(...flags: readonly string[]): ChildProcess {
  const program = spawn(process.execPath, ["--import", "tsx", PROGRAM, ...flags], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  started.push(program);
  return program;
}

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(...flags: readonly string[]): Promise<Ran> {
  const program = start(...flags);
  const { stdout, stderr } = program;
  if (stdout === null || stderr === null) throw new Error("the program has no output");
  const [out, error, [status]] = await Promise.all([
    text(stdout),
    text(stderr),
    once(program, "exit") as Promise<[number | null]>,
  ]);
  return { status, stdout: out, stderr: error };
}

async function verdictOf(
  ...flags: readonly string[]
): Promise<Verdict & { status: number | null }> {
  const { status, stdout } = await run("--json", ...flags);
  return { ...(JSON.parse(stdout) as Verdict), status };
}

const ALL_ARRIVED = {
  sent: TOTAL,
  delivered: TOTAL,
  lost: 0,
  doubled: 0,
  reordered: 0,
  strange: 0,
  isDocumentEqual: true,
};

test.concurrent("the committed trace goes over a bad line, and everything arrives once and in order", async () => {
  const verdict = await verdictOf();
  expect(verdict.off).toEqual([]);
  expect(verdict.changes).toMatchObject(ALL_ARRIVED);
  expect(verdict.echoes).toMatchObject(ALL_ARRIVED);
  expect(shortOf(verdict.met)).toEqual([]);
  expect(verdict.status).toBe(0);
});

test.concurrent("a run that was too easy fails for that alone", async () => {
  const verdict = await verdictOf("--rate", "5000/s", "--cuts", "5/s");
  expect(verdict.off).toEqual([]);
  expect(verdict.easy.length).toBeGreaterThan(0);
  expect(verdict.met.exchanges).toBeLessThan(HARD_ENOUGH.exchanges);
  expect(verdict.status).toBe(1);
});

test.concurrent("an easy run that may be easy passes, and the table shows its zeros", async () => {
  const { status, stdout } = await run("--easy", ...PERFECT);
  expect(stdout).toMatch(/delivered\s*│\s*6,015 │\s*6,015 │/);
  expect(stdout).toMatch(/lost\s*│\s*0 │\s*0 │/);
  expect(stdout).toContain("passed after");
  expect(status).toBe(0);
});

test.concurrent("a message that is dropped behind the library's back is found", async () => {
  const verdict = await verdictOf("--easy", "--plant", "drop", ...PERFECT);
  expect(verdict.changes).toMatchObject({ sent: TOTAL, lost: 1, isDocumentEqual: false });
  expect(verdict.echoes).toMatchObject({ sent: TOTAL - 1, lost: 0, isDocumentEqual: false });
  expect(verdict.status).toBe(1);
});

test.concurrent("a session that ends early ends the run, which says why", async () => {
  const verdict = await verdictOf("--damage", "100%");
  expect(verdict.off[0]).toMatch(/session ended early: unreadable/);
  expect(verdict.status).toBe(1);
});

test.concurrent("a run in which nothing arrives any more is given up, and says how it stood", async () => {
  const verdict = await verdictOf("--loss", "100%", "--patience", "3s");
  expect(verdict.off[0]).toMatch(/^stuck: nothing arrived for 3 s; the writer's session is /);
  expect(verdict.changes).toMatchObject({ delivered: 0, isDocumentEqual: false });
  expect(verdict.changes.longestGapMs).toBeGreaterThan(1_000);
  expect(verdict.status).toBe(1);
});

test.concurrent.each([
  ["a missing file", ["--trace", "no-such-file.json.gz"], "no-such-file.json.gz"],
  ["what is no gzip", ["--trace", PROGRAM], "no gzip"],
  ["a nonsense flag", ["--loss", "much"], "probability"],
])("%s is told in one line, with exit status 2", async (_what, flags, reason) => {
  const { status, stdout, stderr } = await run(...flags);
  expect(stderr).toMatch(/^replay: .*\n$/);
  expect(stderr).toContain(reason);
  expect(stdout).toBe("");
  expect(status).toBe(2);
});

/** The first line of a run: messages go both ways. */
async function firstLineOf({ stderr }: ChildProcess): Promise<string> {
  if (stderr === null) throw new Error("the program has no output");
  const lines = createInterface(stderr);
  const [line] = (await once(lines, "line")) as [string];
  lines.close();
  stderr.resume();
  return line;
}

/** The program is gone, and every process that it started: they hold its stderr open. */
async function end(program: ChildProcess): Promise<number | null> {
  const [status] = (await once(program, "close")) as [number | null];
  return status;
}

test.skipIf(process.platform === "win32")(
  "Ctrl-C ends the run, and its processes",
  { concurrent: true },
  async () => {
    const program = start("--rate", "10/s");
    const output = program.stdout === null ? "" : text(program.stdout);
    await firstLineOf(program);
    // As a terminal does it: to all of them.
    process.kill(-(program.pid ?? Number.NaN), "SIGINT");
    expect(await end(program)).toBe(1);
    expect(await output).toContain("interrupted by SIGINT");
  },
);

test.skipIf(process.platform === "win32")(
  "a killed run leaves no process behind",
  { concurrent: true },
  async () => {
    const program = start("--rate", "10/s");
    program.stdout?.resume();
    await firstLineOf(program);
    program.kill("SIGKILL");
    expect(await end(program)).toBe(null);
  },
);
