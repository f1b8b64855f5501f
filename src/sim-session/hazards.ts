/** What happens to processes at random, as a network's faults happen to bodies. */
import { allOptional, PERMILLE, PICKED_MS, POSITIVE, type Rules } from "../sim/option-checks.ts";
import type { Play } from "../sim/play.ts";
import type { SimulatedProcess } from "./process.ts";

/** How often, of a thousand times that it is asked. All of it may be 0: never. */
export interface Hazards {
  /** How often in the world's time it is asked, of each process. Default 500. */
  readonly everyMs: number;
  /** A process that serves is killed and started again. */
  readonly serverRestartPermille: number;
  /** A process that serves nobody is killed and started again. */
  readonly clientRestartPermille: number;
  /** A process that serves nobody is left as a page is at a reload, which it can prepare for. */
  readonly clientReloadPermille: number;
  /** A process that was killed starts again up to so much later. */
  readonly downMs: number;
  /** A process is stopped for a while, as a closed laptop is, and then goes on. */
  readonly sleepPermille: number;
  /** How long it may sleep. */
  readonly sleepMs: number;
}

/** Processes live for ever. */
export const NO_HAZARDS: Hazards = {
  everyMs: 500,
  serverRestartPermille: 0,
  clientRestartPermille: 0,
  clientReloadPermille: 0,
  downMs: 0,
  sleepPermille: 0,
  sleepMs: 0,
};

/** For what is given of them. */
export const HAZARD_RULES: Rules<Partial<Hazards>> = allOptional<Hazards>({
  everyMs: POSITIVE,
  serverRestartPermille: PERMILLE,
  clientRestartPermille: PERMILLE,
  clientReloadPermille: PERMILLE,
  downMs: PICKED_MS,
  sleepPermille: PERMILLE,
  sleepMs: PICKED_MS,
});

/** What may happen to a process that is worth counting: the names under which it is marked. */
export type HazardMark = "server restarts" | "client restarts" | "client reloads" | "sleeps";

export class HazardClock {
  /** When it is asked next. */
  nextAtMs: number;
  /** How often it was asked: a number that can be lowered one by one, as times cannot. */
  private count = 0;
  private readonly hazards: Hazards;
  private readonly play: Play;

  constructor(hazards: Hazards, play: Play) {
    this.hazards = hazards;
    this.play = play;
    const { serverRestartPermille, clientRestartPermille } = hazards;
    const { clientReloadPermille, sleepPermille } = hazards;
    const permilles = [serverRestartPermille, clientRestartPermille];
    const isAny = [...permilles, clientReloadPermille, sleepPermille].some((each) => each > 0);
    this.nextAtMs = isAny ? hazards.everyMs : Infinity;
  }

  /** It has come to that. */
  handleTimeout(processes: Iterable<SimulatedProcess>): void {
    this.nextAtMs += this.hazards.everyMs;
    const when = `at ${++this.count} x ${this.hazards.everyMs} ms`;
    for (const process of processes) {
      if (process.isRunning && !process.isAsleep) this.strike(process, when);
    }
  }

  private strike(process: SimulatedProcess, when: string): void {
    const { hazards, play } = this;
    const { name, isServing } = process;
    const kind = isServing ? "server restarts" : "client restarts";
    const { serverRestartPermille, clientRestartPermille, clientReloadPermille } = hazards;
    const permille = isServing ? serverRestartPermille : clientRestartPermille;
    if (play.happens(kind, `${name} is killed ${when}`, permille)) {
      const { downMs } = hazards;
      const label = `${name} is started again after ms`;
      process.restart(downMs > 0 ? play.pick(downMs + 1, label) : 0);
      return;
    }
    if (!isServing && clientReloadPermille > 0) {
      const label = `${name} is reloaded ${when}`;
      if (play.happens("client reloads", label, clientReloadPermille)) {
        process.reload();
        return;
      }
    }
    if (play.happens("sleeps", `${name} falls asleep ${when}`, hazards.sleepPermille)) {
      process.suspend(1 + play.pick(Math.max(1, hazards.sleepMs), `${name} sleeps for ms`));
    }
  }

  /** From now on nothing happens any more. */
  heal(): void {
    this.nextAtMs = Infinity;
  }
}
