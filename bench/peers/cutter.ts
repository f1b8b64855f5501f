/**
 * A proxy between both sides, in a process of its own, so that what it costs is none of theirs. It
 * passes raw bytes on, a little later where it is told so, and resets all connections at a time.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

export type ToCutter =
  /** Stand before this port. */
  | { readonly kind: "stand"; readonly target: number; readonly delayMs: number }
  /** Reset all connections each time that so long has passed; 0: no more. */
  | { readonly kind: "cut"; readonly everyMs: number };

export type FromCutter =
  | { readonly kind: "stands"; readonly port: number }
  | { readonly kind: "cut"; readonly cuts: number; readonly connections: number };

export interface Cuts {
  /** How many times all connections were reset. */
  readonly cuts: number;
  /** How many connections that were. */
  readonly connections: number;
}

export class Cutter {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  static async start(target: number, delayMs: number): Promise<Cutter> {
    const child = fork(new URL("cutter-process.ts", import.meta.url).pathname);
    child.send({ kind: "stand", target, delayMs } satisfies ToCutter);
    const [answer] = (await once(child, "message")) as [FromCutter];
    if (answer.kind !== "stands") throw new Error("the cutter says what it was not asked for");
    return new Cutter(child, answer.port);
  }

  begin(everyMs: number): void {
    this.#process.send({ kind: "cut", everyMs } satisfies ToCutter);
  }

  async end(): Promise<Cuts> {
    this.#process.send({ kind: "cut", everyMs: 0 } satisfies ToCutter);
    const [answer] = (await once(this.#process, "message")) as [FromCutter];
    if (answer.kind !== "cut") throw new Error("the cutter says what it was not asked for");
    return answer;
  }
}
