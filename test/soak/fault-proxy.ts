/**
 * `holdfast chaos` as a process of its own, as its users start it. Its faults change by its being
 * started anew at the same port, which is one more thing for sessions to live through.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type ChaosCounts, COUNT_LABELS, type CountName } from "../../src/chaos/index.ts";
import { soon } from "../waiting.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** So that none stays when the conductor was killed; no phase and no rest is as long. */
const LIFE = "10m";

interface Running {
  readonly child: ChildProcessByStdio<null, Readable, null>;
  readonly lines: Interface;
}

/** What it prints with `--json`. */
type Word =
  | { readonly event: "listening"; readonly address: string }
  | { readonly event: "counts"; readonly isLast: boolean; readonly counts: ChaosCounts };

/** Commands: `become`, `stop`, `signal`, `end`. Readers: `port`, `counts`, `starts`. */
export class FaultProxy {
  /** 0 until it was started first. */
  port = 0;
  starts = 0;
  /** Of all that were stopped. */
  readonly counts: Record<CountName, number>;
  readonly #target: number;
  #running: Running | undefined;
  #isEnded = false;

  constructor(target: number) {
    this.#target = target;
    const names = Object.keys(COUNT_LABELS) as CountName[];
    this.counts = Object.fromEntries(names.map((name) => [name, 0])) as Record<CountName, number>;
  }

  /** In place of the one before, if any. */
  async become(seed: number, flags: readonly string[]): Promise<void> {
    await this.stop();
    if (this.#isEnded) throw new Error("the run is over");
    const where = ["--listen", String(this.port), "--target", String(this.#target)];
    const args = [
      PROGRAM,
      "chaos",
      ...where,
      "--seed",
      String(seed),
      "--for",
      LIFE,
      "--json",
      ...flags,
    ];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface(child.stdout);
    this.#running = { child, lines };
    this.starts++;
    const word = await this.#word(this.#running, "listening");
    if (word.event === "listening") this.port = Number(word.address.split(":").at(-1));
  }

  /** It ends, and its counts are added. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    try {
      const last = this.#word(running, "counts");
      // It may be stopped just now, and would not hear.
      running.child.kill("SIGCONT");
      running.child.kill("SIGTERM");
      const word = await last;
      if (word.event === "counts") this.#add(word.counts);
      await soon(ended(running), "the end of the fault proxy");
    } finally {
      running.child.kill("SIGKILL");
    }
  }

  #add(counts: ChaosCounts): void {
    for (const name of Object.keys(this.counts) as CountName[]) this.counts[name] += counts[name];
  }

  /** Stops it for a while (SIGSTOP), or lets it go on (SIGCONT). */
  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#running?.child.kill(name);
  }

  /** At once, and for good. */
  async end(): Promise<void> {
    this.#isEnded = true;
    const running = this.#running;
    if (running === undefined) return;
    running.child.kill("SIGKILL");
    await ended(running);
  }

  /** The next line, which is of this kind. */
  async #word({ child: { exitCode }, lines }: Running, event: Word["event"]): Promise<Word> {
    if (exitCode !== null) throw new Error(`holdfast chaos has left with ${exitCode}`);
    const over = once(lines, "close").then(() => {
      throw new Error(`holdfast chaos ended before it told of "${event}"`);
    });
    const line = once(lines, "line").then(([text]) => JSON.parse(text as string) as Word);
    const word = await soon(Promise.race([line, over]), `the fault proxy's "${event}"`);
    if (word.event !== event) throw new Error(`holdfast chaos said "${word.event}"`);
    return word;
  }
}

async function ended({ child }: Running): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}
