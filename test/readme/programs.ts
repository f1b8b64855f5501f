/** Programs as a reader starts them, against the built package. */
import { spawn } from "node:child_process";
import { onTestFinished } from "vitest";
import { soon } from "../waiting.ts";
import { ROOT } from "./markdown.ts";

/** Longer than a program here takes on a loaded machine. */
const PROGRAM_MS_MAX = 40_000;

export interface Program {
  /** When what was printed so far matches. */
  whenPrinted(pattern: RegExp): Promise<RegExpExecArray>;
  /** Its exit status and all that it printed, complaints included. */
  readonly ended: Promise<{ readonly status: number | null; readonly printed: string }>;
  stop(): void;
}

/** Starts a TypeScript program of the repository; it ends with the test at the latest. */
export function start(file: string, args: readonly string[] = [], port = 0): Program {
  const child = spawn(process.execPath, ["--import", "tsx", file, ...args], {
    cwd: ROOT,
    env: { ...process.env, PORT: String(port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let printed = "";
  let look = (): void => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (piece: Buffer) => {
      printed += String(piece);
      look();
    });
  }
  const closed = new Promise<{ status: number | null; printed: string }>((resolve) => {
    child.once("close", (status) => resolve({ status, printed }));
  });
  const ended = soon(closed, `the end of ${file}`, PROGRAM_MS_MAX);
  // A program that serves is stopped, and nobody waits for its end.
  ended.catch(() => {});
  return {
    ended,
    whenPrinted: (pattern) => {
      const match = new Promise<RegExpExecArray>((resolve, reject) => {
        look = () => {
          const found = pattern.exec(printed);
          if (found !== null) resolve(found);
        };
        look();
        void closed.then(() => reject(new Error(`${file} ended without it: ${printed}`)));
      });
      return soon(match, `${pattern} of ${file}`, PROGRAM_MS_MAX);
    },
    stop: () => void child.kill("SIGTERM"),
  };
}
