import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { dial, send, startTarget } from "../chaos/bench.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const children = new Set<ChildProcess>();

afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
});

interface Run {
  readonly child: ChildProcess;
  /** Resolves once what was printed to stdout matches. */
  whenPrinted(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<{ status: number | null; stdout: string; stderr: string }>;
}

/** Starts the command line from its sources; `line` is split at spaces. */
function holdfast(line: string): Run {
  const args = line.split(" ").filter((word) => word !== "");
  const command = ["--import", "tsx", "src/cli/main.ts", ...args];
  const child = spawn(process.execPath, command, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
  });
  children.add(child);
  let [stdout, stderr] = ["", ""];
  let wake = (): void => {};
  child.stdout.on("data", (piece: Buffer) => {
    stdout += String(piece);
    wake();
  });
  child.stderr.on("data", (piece: Buffer) => (stderr += String(piece)));
  const ended = new Promise<{ status: number | null; stdout: string; stderr: string }>(
    (resolve) => {
      child.once("close", (status) => {
        children.delete(child);
        resolve({ status, stdout, stderr });
      });
    },
  );
  return {
    child,
    ended,
    whenPrinted: (pattern) =>
      new Promise((resolve, reject) => {
        wake = () => {
          const match = pattern.exec(stdout);
          if (match !== null) resolve(match);
        };
        wake();
        void ended.then(() => reject(new Error(`ended without it: ${stdout}${stderr}`)));
      }),
  };
}

describe("holdfast chaos", () => {
  it("passes traffic on, does what it is told, and prints the counts at SIGTERM", async () => {
    const target = await startTarget();
    const run = holdfast(
      `chaos --listen 0 --target ${target.port} --seed 42 --bad-gateway 100% --cut-every 1h`,
    );
    const [, port] = await run.whenPrinted(/Listening on 127\.0\.0\.1:(\d+), passing HTTP on to/);
    await run.whenPrinted(/--seed 42 repeats/);
    for (let n = 1; n <= 3; n++) expect((await send(Number(port), { body: "x" })).status).toBe(502);
    const idle = await dial(Number(port));
    run.child.kill("SIGTERM");
    expect(await idle.ended).toBe("ECONNRESET");
    const { status, stdout, stderr } = await run.ended;
    expect(stderr).toBe("");
    expect(stdout).toMatch(/│ requests +│ +3 │/);
    expect(stdout).toMatch(/│ answered 502 +│ +3 │/);
    expect(stdout).toMatch(/│ connections cut +│ +0 │/);
    expect(status).toBe(0);
  }, 60_000);

  it("ends at SIGINT in the same way, and after --for by itself", async () => {
    const run = holdfast("chaos --listen 0 --target 1 --tcp");
    await run.whenPrinted(/passing TCP on to 127\.0\.0\.1:1\./);
    run.child.kill("SIGINT");
    expect(await run.ended).toMatchObject({ status: 0, stderr: "" });
    const timed = await holdfast("chaos --listen 0 --target 1 --for 50ms").ended;
    expect(timed).toMatchObject({ status: 0, stderr: "" });
    expect(timed.stdout).toContain("│ connections ");
  }, 60_000);

  it("prints JSON lines, with each thing counted and the counts as often as told", async () => {
    const target = await startTarget();
    const run = holdfast(
      `chaos -l 127.0.0.1:0 -t http://127.0.0.1:${target.port} --json --verbose ` +
        "--report-every 20/s --loss 100% --seed 7",
    );
    const [, port] = await run.whenPrinted(/"address":"127\.0\.0\.1:(\d+)"/);
    expect((await send(Number(port), { body: "x" })).error).toBe("ECONNRESET");
    await run.whenPrinted(/"isLast":false[^\n]*"requestsLost":1[^\n]*\n/);
    run.child.kill("SIGTERM");
    const { status, stdout } = await run.ended;
    expect(status).toBe(0);
    const lines: Record<string, unknown>[] = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ event: "listening", mode: "http", seed: 7 });
    expect(lines).toContainEqual({
      event: "counted",
      name: "requestsLost",
      connection: 1,
      request: 1,
    });
    const last = lines.at(-1);
    expect(last).toMatchObject({ event: "counts", isLast: true, seed: 7 });
    expect(last?.["counts"]).toMatchObject({ connections: 1, requests: 1, requestsLost: 1 });
  }, 60_000);

  it("ends when nobody reads what it prints any more", async () => {
    const run = holdfast("chaos -l 0 -t 1 --json --report-every 10ms");
    await run.whenPrinted(/listening/);
    run.child.stdout?.destroy();
    expect(await run.ended).toMatchObject({ status: 0, stderr: "" });
  }, 60_000);

  it("takes every fault by a flag", async () => {
    const { status, stdout } = await holdfast(
      "chaos --listen 0 --target 1 --for 10ms --json --loss 5% --lose-request 1% " +
        "--lose-response 1% --lose-silently 20% --silent-for 10s --cut-every 2/s --cut-jitter " +
        "50% --cut-by fin --half-open 1% --half-open-for 5s --close-idle 5s --blackout-every " +
        "30s --blackout-for 3s --delay 50ms --delay-jitter 20ms --double 1% --replay 1% " +
        "--replay-after 1m --damage 1% --damage-request 2% --damage-response 0 --damage-bytes " +
        "3 --bad-gateway 2% --buffer-responses",
    ).ended;
    expect(status).toBe(0);
    expect(JSON.parse(stdout.split("\n")[0] ?? "")).toMatchObject({
      faults: {
        loseRequest: 0.01,
        loseResponse: 0.01,
        loseSilently: 0.2,
        silentMs: 10_000,
        cutEveryMs: 500,
        cutJitter: 0.5,
        cutBy: "fin",
        halfOpen: 0.01,
        halfOpenMs: 5_000,
        closeIdleMs: 5_000,
        blackoutEveryMs: 30_000,
        blackoutForMs: 3_000,
        delayMs: 50,
        delayJitterMs: 20,
        double: 0.01,
        replay: 0.01,
        replayAfterMs: 60_000,
        damageRequest: 0.02,
        damageResponse: 0,
        damageBytesMax: 3,
        badGateway: 0.02,
        bufferResponses: 1,
      },
    });
  }, 60_000);
});

describe("exit statuses", () => {
  const minimal = "chaos --listen 0 --target 1 --for 10ms";

  it("are 0 for help and version, which name everything", async () => {
    const [help, of, version] = await Promise.all([
      holdfast("--help").ended,
      holdfast("chaos --help").ended,
      holdfast("--version").ended,
    ]);
    expect([help.status, of.status, version.status]).toEqual([0, 0, 0]);
    expect(help.stdout).toMatch(/^ {2}chaos /m);
    expect(of.stdout).toMatch(/Examples:\n {2}holdfast chaos --listen/);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+/);
  }, 60_000);

  it("are 2 for a command line that makes no sense, with a word about it", async () => {
    const cases: [string, RegExp][] = [
      ["", /Usage: holdfast/],
      ["caos", /unknown command 'caos'/],
      ["chaos", /required option '-l, --listen <address>'/],
      ["chaos --listen 0", /required option '-t, --target <address>'/],
      [`${minimal} --lose 5%`, /unknown option '--lose'/],
      [`${minimal} --loss 101%`, /"101%" is not a probability/],
      [`${minimal} --cut-every 0/s`, /"0\/s" is neither a duration/],
      [`${minimal} --delay 5`, /"5" is not a duration/],
      [`${minimal} --cut-by axe`, /Allowed choices are rst, fin, either/],
      [`${minimal} --target host`, /"host" is not an address/],
      [`${minimal} --target 0`, /port must not be 0/],
      [`${minimal} --seed x`, /must be an integer/],
      [`${minimal} --seed 4294967296`, /seed must be an integer from 0 to 4294967295/],
      [`${minimal} --tcp --loss 5%`, /loseRequest needs HTTP/],
      [`${minimal} stray`, /too many arguments/],
    ];
    for (const [line, word] of cases) {
      const { status, stdout, stderr } = await holdfast(line).ended;
      expect(stderr).toMatch(word);
      expect(stdout).toBe("");
      expect(status).toBe(2);
    }
  }, 120_000);

  it("are 1 where another program listens, and say so", async () => {
    const target = await startTarget();
    const { status, stderr } = await holdfast(`chaos -l ${target.port} -t 1`).ended;
    expect(stderr).toBe(`error: another program listens on 127.0.0.1:${target.port}\n`);
    expect(status).toBe(1);
  }, 60_000);
});
