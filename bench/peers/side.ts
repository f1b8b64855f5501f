/** One process of a run: plays the server's or the client's part, and tells what it measured. */
import type { Contestant } from "./contestant.ts";
import type { Line } from "./scenario.ts";
import { scenarios } from "./scenarios/index.ts";
import type { Assignment, FromSide, ToSide } from "./run.ts";

interface Contestants {
  readonly contestants: readonly Contestant[];
}

const post = (message: FromSide): void => void process.send?.(message);

const heard: number[] = [];
const waiting: ((value: number) => void)[] = [];
const line: Line = {
  tell: (value) => post({ kind: "line", value }),
  hear: () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      passOn();
    }),
};

function passOn(): void {
  while (heard.length > 0 && waiting.length > 0) waiting.shift()?.(heard.shift() as number);
}

async function play(assignment: Assignment): Promise<void> {
  const { role, scenario, contestant: name, parameters } = assignment;
  const { contestants } = (await import(assignment.contestants)) as Contestants;
  const contestant = contestants.find((candidate) => candidate.name === name);
  const part = scenarios[scenario];
  if (contestant === undefined || part === undefined) throw new Error(`no ${name} or ${scenario}`);
  const figures = await part[role]({ contestant, parameters, line });
  post({ kind: "figures", figures });
}

function fail(error: unknown): void {
  post({ kind: "failed", reason: error instanceof Error ? String(error.stack) : String(error) });
}

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
process.on("message", (message: ToSide) => {
  if (message.kind === "assignment") play(message.assignment).catch(fail);
  else {
    heard.push(message.value);
    passOn();
  }
});
process.on("disconnect", () => process.exit());
