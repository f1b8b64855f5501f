/** A process of the replay: one of its two ends, forked so that it runs from the sources. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { EndWord } from "./orders.ts";

export interface ChildEvents {
  word(word: EndWord): void;
  /** It is gone, asked or not; `how` says how. */
  gone(how: string): void;
}

/** Commands: `order`, `end`. Events come until it is gone. */
export class Child<Order extends object> {
  readonly #process: ChildProcess;

  constructor(file: "writer.ts" | "reader.ts", events: ChildEvents) {
    this.#process = fork(fileURLToPath(new URL(file, import.meta.url)), [], {
      // The loader that lets Node run the sources, however this process itself was started.
      execArgv: ["--import", import.meta.resolve("tsx")],
      // Typed arrays go as they are.
      serialization: "advanced",
      // The verdict alone is written to stdout.
      stdio: ["ignore", 2, "inherit", "ipc"],
    });
    this.#process.on("message", (word: EndWord) => events.word(word));
    this.#process.on("error", (error) => events.gone(error.message));
    this.#process.on("exit", (code, signal) => events.gone(signal ?? `exit status ${code}`));
  }

  /** Orders to a process that is gone are lost; `gone` tells of it. */
  order(order: Order): void {
    if (this.#process.connected) this.#process.send(order, () => {});
  }

  async end(): Promise<void> {
    if (this.#process.pid === undefined || this.#isOver) return;
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exit;
  }

  get #isOver(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }
}
