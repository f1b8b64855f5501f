// Calls from the conductor to a child process: a name and arguments there, a result or an error
// back.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { defer } from "../src/session/deferred.ts";

/** What a child can be asked for, by name. Arguments and results cross as JSON. */
export type Calls = Readonly<Record<string, (args: never) => Promise<unknown>>>;

interface Call {
  readonly number: number;
  readonly name: string;
  readonly args: unknown;
}

interface Reply {
  readonly number: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** In the child: answers the conductor's calls, and goes when the conductor has gone. */
export function answerCalls(calls: Calls): void {
  process.on("message", (call: Call) => {
    const act = calls[call.name] as ((args: unknown) => Promise<unknown>) | undefined;
    const send = (reply: object): void => {
      if (process.connected) process.send?.({ number: call.number, ...reply });
    };
    if (act === undefined) send({ error: `no such call: ${call.name}` });
    else {
      act(call.args).then(
        (result) => send({ result }),
        (error: unknown) => send({ error: error instanceof Error ? error.stack : String(error) }),
      );
    }
  });
  process.on("disconnect", () => process.exit());
}

/** A child process, run from its source or a script. A call fails when the process has gone: it never may. */
export class Child {
  /** Resolves with how it went. */
  readonly whenGone: Promise<string>;
  readonly #process: ChildProcess;
  readonly #waiting: Map<number, (reply: Reply) => void> = new Map();
  #next = 1;
  #gone: string | undefined;

  constructor(file: URL, ...args: string[]) {
    const isSource = file.pathname.endsWith(".ts");
    const loading = isSource ? ["--import", import.meta.resolve("tsx")] : ["--enable-source-maps"];
    this.#process = fork(fileURLToPath(file), args, { execArgv: [...loading, "--expose-gc"] });
    const { promise, resolve: tellGone } = defer<string>();
    this.whenGone = promise;
    this.#process.on("message", (reply: Reply) => {
      this.#waiting.get(reply.number)?.(reply);
      this.#waiting.delete(reply.number);
    });
    this.#process.on("exit", (code, signal) => {
      this.#gone = `the process has gone: ${signal ?? `exit status ${code}`}`;
      for (const [number, answer] of this.#waiting) answer({ number, error: this.#gone });
      this.#waiting.clear();
      tellGone(this.#gone);
    });
  }

  /** Stops it for a while (SIGSTOP), or lets it go on (SIGCONT). */
  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#process.kill(name);
  }

  async call<Result>(name: string, args: unknown = {}): Promise<Result> {
    const number = this.#next++;
    const { error, result } = await new Promise<Reply>((resolve) => {
      if (this.#gone !== undefined) {
        resolve({ number, error: this.#gone });
        return;
      }
      this.#waiting.set(number, resolve);
      this.#process.send({ number, name, args } satisfies Call, () => {});
    });
    if (error !== undefined) throw new Error(error);
    return result as Result;
  }

  async end(): Promise<void> {
    if (this.#gone !== undefined) return;
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exit;
  }
}
