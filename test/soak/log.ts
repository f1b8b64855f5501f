/**
 * The log of one process. Every line is handed to the system before the next statement runs, and so
 * outlives the process however that ends. It keeps nothing in memory.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { machineMs } from "../replay/ledger.ts";
import { type Fact, type Line, LOG_SUFFIX } from "./lines.ts";

export class Log {
  readonly #file: number;

  /** @param name of the process, and so of the file, which is made */
  constructor(folder: string, name: string) {
    this.#file = openSync(join(folder, `${name}${LOG_SUFFIX}`), "ax");
  }

  write(fact: Fact): void {
    const line: Line = { ...fact, atMs: Math.round(machineMs() * 1_000) / 1_000 };
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}
