/** One run: two processes of their own for a contestant and a scenario. */
import { type ChildProcess, fork, type ForkOptions, spawnSync } from "node:child_process";
import type { Figures, Parameters } from "./scenario.ts";

export interface Assignment {
  readonly role: "serve" | "drive";
  readonly scenario: string;
  readonly contestant: string;
  /** The module that exports them. */
  readonly contestants: string;
  readonly parameters: Parameters;
}

export type ToSide =
  | { readonly kind: "assignment"; readonly assignment: Assignment }
  | { readonly kind: "line"; readonly value: number };

export type FromSide =
  | { readonly kind: "line"; readonly value: number }
  | { readonly kind: "figures"; readonly figures: Figures }
  | { readonly kind: "failed"; readonly reason: string };

/**
 * Which processors the two processes run on: one each, the same one, or whichever the system gives
 * them, which for two that wait for each other is now the one and now the other.
 */
export type Processors = "apart" | "together" | "any";

/** What runs beside both processes. */
export interface RunOptions {
  /** A run that takes longer has failed. */
  readonly timeoutMs: number;
  /** Default `any`, and so it is where there is no `taskset`. */
  readonly processors?: Processors;
  /** For Node, beside those that every run has; by role. */
  readonly nodeOptions?: Readonly<Record<Assignment["role"], readonly string[]>>;
  /** A module that exports `contestants`; by default all that there are. */
  readonly contestants?: URL;
}

/** How long a process may take to end. */
const EXIT_MS = 5_000;

const all = new URL("contestants/index.ts", import.meta.url);

const side = new URL("side.ts", import.meta.url).pathname;

/** Of Linux: runs a program on some of the processors. */
const TASKSET = "taskset";

const PROCESSORS: Readonly<Record<Assignment["role"], string>> = { serve: "0", drive: "1" };

/** Whether `processors` can be had here: a container may have others than these, or one. */
export const canPlace: boolean = Object.values(PROCESSORS).every(
  (processor) => spawnSync(TASKSET, ["-c", processor, "true"]).status === 0,
);

function placed(role: Assignment["role"], processors: Processors): readonly string[] | undefined {
  if (processors === "any" || !canPlace) return undefined;
  return ["-c", PROCESSORS[processors === "apart" ? role : "serve"], process.execPath];
}

/**
 * Plays a scenario with a contestant.
 *
 * @returns what both sides measured.
 * @throws Error when a side fails, which it does where a message is lost, or takes too long.
 */
export async function run(
  scenario: string,
  contestant: string,
  parameters: Parameters,
  { timeoutMs, nodeOptions, contestants = all, processors = "any" }: RunOptions,
): Promise<Figures> {
  const start = (role: Assignment["role"]): ChildProcess => {
    const own = ["--import", "tsx", "--expose-gc", ...(nodeOptions?.[role] ?? [])];
    const place = placed(role, processors);
    const options: ForkOptions = {
      execArgv: [...(place ?? []), ...own],
      // Some libraries leave out what only their developers need.
      env: { ...process.env, NODE_ENV: "production" },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    };
    return fork(side, [], place === undefined ? options : { ...options, execPath: TASKSET });
  };
  const processes = { serve: start("serve"), drive: start("drive") };
  const deadline = new AbortController();
  try {
    const late = new Promise<never>((_, reject) => {
      const timer = setTimeout(() => reject(new Error(`not done in ${timeoutMs} ms`)), timeoutMs);
      deadline.signal.addEventListener("abort", () => clearTimeout(timer));
    });
    const play = (role: Assignment["role"], other: Assignment["role"]): Promise<Figures> =>
      new Promise((resolve, reject) => {
        const process = processes[role];
        process.on("message", (message: FromSide) => {
          if (message.kind === "line") processes[other].send(message satisfies ToSide);
          else if (message.kind === "figures") resolve(message.figures);
          else reject(new Error(`${role}: ${message.reason}`));
        });
        process.on("exit", (code) => reject(new Error(`${role} has ended with ${code}`)));
        const from = contestants.href;
        const assignment = { role, scenario, contestant, contestants: from, parameters };
        process.send({ kind: "assignment", assignment } satisfies ToSide);
      });
    const both = Promise.all([play("serve", "drive"), play("drive", "serve")]);
    const [served, driven] = await Promise.race([both, late]);
    return { ...served, ...driven };
  } finally {
    deadline.abort();
    await Promise.all(Object.values(processes).map(end));
  }
}

/** It exits by itself, so that it can write a profile, or is killed. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const timer = setTimeout(() => child.kill("SIGKILL"), EXIT_MS);
  if (child.connected) child.disconnect();
  await ended;
  clearTimeout(timer);
}
