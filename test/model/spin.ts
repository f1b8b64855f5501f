/** Runs SPIN, the C compiler and the verifier that SPIN makes, and reads what they print. */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Programs that this ring needs, and the packages of Debian that have them. */
const PROGRAMS = [
  { command: "spin", package: "spin" },
  { command: "gcc", package: "gcc" },
] as const;

/** The file that SPIN is given. */
export const MODEL: string = fileURLToPath(new URL("../../spec/model/world.pml", import.meta.url));

/** What a verification came to. */
export interface Verified {
  /** What SPIN found wrong: the name of an assertion, or `cycle`; undefined when nothing. */
  readonly violated: string | undefined;
  /** Every state was visited. */
  readonly isComplete: boolean;
  readonly states: number;
  readonly transitions: number;
  /** The longest path; where something is wrong the length of the trace that shows it. */
  readonly depth: number;
  readonly megabytes: number;
  /** Of the verifier alone. */
  readonly seconds: number;
  /** Of making it. */
  readonly secondsToMake: number;
}

/** How a model is to be searched. */
export interface Search {
  /** Macros of the model. */
  readonly macros: readonly string[];
  /** "breadth": the shortest trace to a wrong state; "cycles": infinite runs too. */
  readonly order: "depth" | "breadth" | "cycles";
  /** Every process that could always go on does go on at last. */
  readonly isFair?: boolean;
  /** So few states are visited that compiling well takes longer than searching badly. */
  readonly isShort?: boolean;
}

/** The model cannot be searched on this machine; `message` is for people. */
export class ProgramsMissingError extends Error {
  override readonly name = "ProgramsMissingError";
  readonly code = "programs_missing";
}

/** @throws ProgramsMissingError naming what is not installed. */
export function requirePrograms(): void {
  const missing = PROGRAMS.filter(({ command }) => !isInstalled(command));
  if (missing.length === 0) return;
  const packages = missing.map((program) => program.package).join(" ");
  throw new ProgramsMissingError(
    `The model needs programs that are not installed: ${packages}.\n` +
      `On Debian 12: apt-get install --no-install-recommends ${packages} libc6-dev`,
  );
}

/** Makes a verifier in a folder of its own, and runs it to its end. */
export async function verify(search: Search): Promise<Verified> {
  const { macros, order, isFair = false, isShort = false } = search;
  return withFolder(async (folder) => {
    const startMs = performance.now();
    const visible = order === "breadth" ? ["VISIBLE"] : [];
    await run("spin", ["-a", ...asFlags([...macros, ...visible]), MODEL], folder);
    const searches = {
      depth: ["-DSAFETY", "-DCOLLAPSE"],
      breadth: ["-DSAFETY", "-DBFS"],
      cycles: ["-DCOLLAPSE", "-DNOREDUCE"],
    };
    await run(
      "gcc",
      [isShort ? "-O0" : "-O2", "-w", ...searches[order], "-o", "pan", "pan.c"],
      folder,
    );
    const secondsToMake = (performance.now() - startMs) / 1000;
    const flags = [
      `-w${HASH_BITS}`,
      `-m${DEPTH_MAX}`,
      ...(order === "cycles" ? ["-a"] : []),
      ...(isFair ? ["-f"] : []),
    ];
    return parseReport(await run(join(folder, "pan"), flags, folder), secondsToMake);
  });
}

/** Lets the model happen at random, and returns what it prints. */
export async function simulate(seed: number, macros: readonly string[]): Promise<string> {
  return withFolder(async (folder) => {
    const flags = ["-T", `-n${seed}`, `-u${STATEMENTS_MAX}`, ...asFlags(["TRACE", ...macros])];
    return run("spin", [...flags, MODEL], folder);
  });
}

/** 2^24 slots of the hash table: 128 MB, and few collisions up to some ten million states. */
const HASH_BITS = 24;
/** Longest path that is followed; a longer one makes the search incomplete, which is an error. */
const DEPTH_MAX = 2_000_000;
/** Statements of a simulation: one to two hundred steps. */
const STATEMENTS_MAX = 150_000;

/** Reads the verifier's report; exported for its test. */
export function parseReport(report: string, secondsToMake = 0): Verified {
  const assertion = /assertion violated ([a-z_]+) \(at depth (\d+)\)/.exec(report);
  const cycle = /acceptance cycle \(at depth (\d+)\)/.exec(report);
  const errors = numberIn(report, /errors: (\d+)/);
  const isKnown = assertion !== null || cycle !== null;
  if (errors > 0 && !isKnown) throw new Error(`the verifier reports something else:\n${report}`);
  const isCut = /Search not completed|max search depth too small|out of memory/.test(report);
  return {
    violated: assertion?.[1] ?? (cycle === null ? undefined : "cycle"),
    isComplete: !isCut,
    states: numberIn(report, /([\d.e+]+) states, stored/),
    transitions: numberIn(report, /([\d.e+]+) transitions/),
    depth: isKnown ? Number(assertion?.[2] ?? cycle?.[1]) : numberIn(report, /depth reached (\d+)/),
    megabytes: numberIn(report, /([\d.]+)\ttotal actual memory usage/),
    seconds: numberIn(report, /elapsed time ([\d.e+]+) seconds/),
    secondsToMake,
  };
}

function numberIn(report: string, pattern: RegExp): number {
  const found = pattern.exec(report)?.[1];
  if (found === undefined) throw new Error(`the verifier's report lacks ${pattern}:\n${report}`);
  return Number(found);
}

function asFlags(macros: readonly string[]): string[] {
  return macros.map((macro) => `-D${macro}`);
}

function isInstalled(command: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function withFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-model-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a program printed, whatever its status: SPIN and its verifiers report in words. */
function run(command: string, flags: readonly string[], folder: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, flags, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (printed += text));
    child.on("error", reject);
    child.on("close", (status, signal) => {
      const isWrong = signal !== null || /^(spin: .*error|.*error: )/im.test(printed);
      if (isWrong || (command === "gcc" && status !== 0)) {
        reject(new Error(`${command} ${flags.join(" ")}: ${signal ?? status}\n${printed}`));
      } else {
        resolve(printed);
      }
    });
  });
}
