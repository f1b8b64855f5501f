/** A program of this repository as its reader starts it: a process, against the built package. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { soon } from "./waiting.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Far beyond what any program takes: a line that does not come must fail a test, not hang it. */
const LIMIT_MS = 45_000;

/**
 * Ends with its test at the latest. Readers: `lines`, `complaints`, `line()`, `port()`, `ended`.
 * Commands: `say`, `endInput`, `signal`.
 */
export class Program {
  readonly lines: string[] = [];
  /** What it wrote to stderr. */
  readonly complaints: string[] = [];
  readonly #file: string;
  readonly #process: ChildProcess;
  readonly #exit: Promise<number | string>;
  readonly #waiters: Set<() => void> = new Set();

  /** `file` by its path in the repository; `port` is what the environment says. */
  constructor(file: string, options: readonly string[] = [], port: number | string = 0) {
    this.#file = file;
    const child = spawn(process.execPath, ["--import", "tsx", file, ...options], {
      cwd: root,
      env: { ...process.env, PORT: String(port) },
      stdio: ["pipe", "pipe", "pipe"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    this.#process = child;
    // It may be gone already.
    child.stdin.on("error", () => {});
    createInterface(child.stdout).on("line", (line) => {
      this.lines.push(line);
      for (const wake of this.#waiters) wake();
    });
    createInterface(child.stderr).on("line", (line) => this.complaints.push(line));
    this.#exit = once(child, "close").then(([status, signal]) => status ?? signal);
    void this.#exit.then(() => {
      for (const wake of this.#waiters) wake();
    });
  }

  /** Resolves when so many lines match. Rejects when the program ends before, or takes too long. */
  async line(pattern: RegExp, count = 1): Promise<string[]> {
    let isOver = false;
    void this.#exit.then(() => (isOver = true));
    const deadline = setTimeout(() => {
      isOver = true;
      for (const wake of this.#waiters) wake();
    }, LIMIT_MS);
    try {
      for (;;) {
        const found = this.lines.filter((line) => pattern.test(line));
        if (found.length >= count) return found;
        if (isOver) {
          const seen = [...this.lines, ...this.complaints].slice(-20).join("\n");
          throw new Error(`${found.length} of ${count} lines like ${pattern}:\n${seen}`);
        }
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            this.#waiters.delete(wake);
            resolve();
          };
          this.#waiters.add(wake);
        });
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  /** The port that the program says it listens on. */
  async port(): Promise<number> {
    const [line] = await this.line(/port: \d+/);
    return Number(/port: (\d+)/.exec(line ?? "")?.[1]);
  }

  say(...lines: readonly string[]): void {
    this.#process.stdin?.write(lines.map((line) => `${line}\n`).join(""));
  }

  endInput(): void {
    this.#process.stdin?.end();
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Its exit status, or the signal that ended it. Rejects when it takes too long. */
  get ended(): Promise<number | string> {
    return soon(this.#exit, `the end of ${this.#file}`, LIMIT_MS);
  }
}
