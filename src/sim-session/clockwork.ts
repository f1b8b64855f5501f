/** What moves a world: its time, what happens next, and what went wrong. */
import {
  checkNetworkOptions,
  type NetworkOptions,
  PERFECT_NETWORK,
} from "../sim/network/network.ts";
import { checkOptions, MS, nested, optional, POSITIVE, type Rules } from "../sim/option-checks.ts";
import { type Play, ScenarioError } from "../sim/play.ts";
import { enter, isOtherRunning, runEnded } from "../sim/running.ts";
import { WorldError } from "./errors.ts";
import { HazardClock, HAZARD_RULES, NO_HAZARDS } from "./hazards.ts";
import { Path } from "./path.ts";
import { type Program, SimulatedProcess } from "./process.ts";
import type { ProcessOwner } from "./process-owner.ts";
import { watchStrayErrors } from "./stray-errors.ts";
import { Timers } from "./timers.ts";
import { turn } from "./turn.ts";
import type { WorldOptions } from "./world.ts";

/** Something that is to happen. */
interface Due {
  readonly atMs: number;
  readonly act: () => void;
}

const RUN_MS_MAX = 3_600_000;
const EVENTS_MAX = 200_000;

const RULES: Rules<WorldOptions> = {
  network: optional((value, name) => checkNetworkOptions(value as NetworkOptions, name)),
  hazards: optional(nested(HAZARD_RULES)),
  runMsMax: optional(POSITIVE),
  eventsMax: optional(POSITIVE),
};

/** A chart, and labels, of two worlds could not be read. */
const playsWithWorld: WeakSet<Play> = new WeakSet();

export class Clockwork implements ProcessOwner {
  nowMs = 0;
  /** Sessions that were begun in processes of their own. */
  clients = 0;
  readonly processes: Map<string, SimulatedProcess> = new Map();
  private readonly play: Play;
  private readonly network: NetworkOptions;
  private readonly hazards: HazardClock;
  private readonly runMsMax: number;
  private readonly eventsMax: number;
  private readonly paths: Map<string, Path> = new Map();
  private readonly ticks: (() => void)[] = [];
  /** Of the scenario itself. */
  private readonly sleepers: Timers = new Timers();
  private isHealed = false;
  private isRunning = false;
  private isStopped = false;
  private failure: { readonly error: unknown } | undefined;

  constructor(play: Play, options: WorldOptions) {
    checkOptions(options, RULES);
    if (playsWithWorld.has(play)) throw new WorldError("state_invalid", "a play has one world");
    if (isOtherRunning(play)) throw overlap();
    playsWithWorld.add(play);
    const { network = PERFECT_NETWORK, hazards, runMsMax, eventsMax } = options;
    this.play = play;
    this.network = network;
    this.hazards = new HazardClock({ ...NO_HAZARDS, ...hazards }, play);
    this.runMsMax = runMsMax ?? RUN_MS_MAX;
    this.eventsMax = eventsMax ?? EVENTS_MAX;
  }

  // --- for processes --------------------------------------------------------------------------

  atEndOfTick(callback: () => void): void {
    this.ticks.push(callback);
  }

  /** The first failure is the one that is told. */
  fail(error: unknown): void {
    this.failure ??= { error };
  }

  pathOf(client: SimulatedProcess, to: string): Path {
    const key = JSON.stringify([client.name, to]);
    const known = this.paths.get(key);
    if (known !== undefined) return known;
    const server = this.processes.get(to);
    if (server === undefined) throw new WorldError("name_unknown", `no process ${to} was started`);
    const names = { client: client.name, server: to };
    const path = new Path(client, server, this.network, this.play, names, this.nowMs);
    if (this.isHealed) path.network.heal();
    this.paths.set(key, path);
    return path;
  }

  handleEnd(process: SimulatedProcess): void {
    for (const path of this.paths.values()) path.handleEnd(process);
  }

  note(from: string, text: string): void {
    this.play.note(this.nowMs, from, text);
  }

  // --- for the scenario -----------------------------------------------------------------------

  start(name: string, program: Program): SimulatedProcess {
    if (this.processes.has(name)) throw new WorldError("name_taken", `${name} is there already`);
    this.play.showParties(name);
    const process = new SimulatedProcess(this, name, program, this.processes.size + 1);
    this.processes.set(name, process);
    process.start();
    return process;
  }

  addSleeper(callback: () => void, ms: number): void {
    MS(ms, "ms");
    this.sleepers.set({ atMs: this.nowMs + ms, isProgram: true, callback });
  }

  heal(): void {
    this.isHealed = true;
    this.hazards.heal();
    for (const { network } of this.paths.values()) network.heal();
  }

  throwFailure(): void {
    if (this.failure !== undefined) throw this.failure.error;
  }

  /** Until something is so; time does not go beyond `endMs`. */
  async run(isOver: () => boolean, endMs: number, goal: string): Promise<void> {
    if (this.isRunning) throw new WorldError("state_invalid", "the world is running already");
    this.isRunning = true;
    let release = (): void => {};
    const forget = this.play.begin(async () => {
      this.isStopped = true;
      // What was rejected at the last is told by the host before its turn ends.
      await turn();
      release();
    });
    while (isOtherRunning(this.play)) await runEnded();
    // Nobody waits for it.
    if (this.isStopped) await new Promise(() => {});
    release = this.enter();
    const limitMs = this.nowMs + this.runMsMax;
    try {
      for (let events = 0; ; events++) {
        await turn();
        if (this.isStopped) await new Promise(() => {});
        this.throwFailure();
        if (this.ticks.length === 0 && isOver()) return;
        if (events >= this.eventsMax || this.nowMs >= limitMs) throw this.endless(events, goal);
        this.step(endMs, goal);
      }
    } finally {
      forget();
      release();
      this.isRunning = false;
    }
  }

  /** Its errors are told of it, until the function that is returned is called. */
  private enter(): () => void {
    const leave = enter(this.play);
    const release = watchStrayErrors((error) => this.fail(error));
    return () => {
      release();
      leave();
    };
  }

  // --- what happens ---------------------------------------------------------------------------

  private step(endMs: number, goal: string): void {
    const tick = this.ticks.shift();
    const due = tick === undefined ? this.next() : undefined;
    if (due === undefined && tick === undefined && endMs === Infinity) {
      throw new WorldError("run_stalled", `nothing is left to happen before ${goal}`);
    }
    if (due !== undefined || tick === undefined) {
      const atMs = Math.min(due?.atMs ?? Infinity, endMs);
      this.nowMs = Math.max(this.nowMs, atMs);
      for (const { network } of this.paths.values()) network.nowMs = this.nowMs;
      if (due === undefined || due.atMs > endMs) return;
    }
    try {
      (tick ?? due?.act)?.();
    } catch (error) {
      this.fail(error);
    }
  }

  /** What happens next; of what happens at the same time, what stands first here. */
  private next(): Due | undefined {
    let next: Due = { atMs: Infinity, act: () => {} };
    const offer = (atMs: number, act: () => void): void => {
      if (atMs < next.atMs) next = { atMs, act };
    };
    offer(this.hazards.nextAtMs, () => this.hazards.handleTimeout(this.processes.values()));
    for (const process of this.processes.values()) {
      offer(process.startAtMs, () => {
        this.note(process.name, "starts again");
        process.start();
      });
      offer(process.wakeAtMs, () => process.wake());
      const { timers } = process.life;
      const atMs = Math.max(timers.next?.atMs ?? Infinity, process.awakeAtMs);
      offer(atMs, () => timers.takeNext()?.callback());
    }
    for (const path of this.paths.values()) offer(path.nextAtMs, () => path.handleTimeout());
    const { sleepers } = this;
    offer(sleepers.next?.atMs ?? Infinity, () => sleepers.takeNext()?.callback());
    return next.atMs === Infinity ? undefined : next;
  }

  private endless(events: number, goal: string): WorldError {
    const ran = `${Math.round(this.nowMs)} ms of its time`;
    return new WorldError("run_endless", `after ${events} events and ${ran}, not yet: ${goal}`);
  }

  // --- rest -----------------------------------------------------------------------------------

  get isAtRest(): boolean {
    if (this.ticks.length > 0 || this.sleepers.next !== undefined) return false;
    return [...this.processes.values()].every((process) => this.rests(process));
  }

  private rests(process: SimulatedProcess): boolean {
    const { life, sessions, handler, startAtMs, wakeAtMs } = process;
    if (Math.min(startAtMs, wakeAtMs) < Infinity || life.timers.programCount > 0) return false;
    const all = [...sessions.keys(), ...(handler?.sessions ?? [])];
    if (all.some(({ status, unacknowledged }) => status.state !== "open" || unacknowledged > 0)) {
      return false;
    }
    // Each has a request parked or a pipe, or its client has something to find out yet.
    const parked = new Map<Path, number>();
    const piped = new Map<Path, number>();
    for (const [{ link }, path] of sessions) {
      const wanted = link === "poll" ? parked : piped;
      wanted.set(path, (wanted.get(path) ?? 0) + 1);
    }
    const isParked = [...parked].every(([path, count]) => path.parkedCount >= count);
    return isParked && [...piped].every(([path, count]) => path.pipes.workingCount >= count);
  }
}

function overlap(): ScenarioError {
  return new ScenarioError(
    "runs_overlap",
    "another world is running in this process: make a world at the beginning of a scenario, and " +
      "await what `run` returns",
  );
}
