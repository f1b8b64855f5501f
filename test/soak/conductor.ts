/**
 * Conducts a soak: a warm-up under faults, a rest in which everything is measured, the run itself,
 * another rest, and the check of the logs by a process of its own. Always comes to an end by
 * itself.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { machineMs } from "../replay/ledger.ts";
import { pause, soon } from "../waiting.ts";
import { Cast, type ClientPart, type ServerPart, type Stage } from "./cast.ts";
import { Dice } from "./dice.ts";
import { FAULTS_WANTED, HEALED, phases } from "./faults.ts";
import { Log } from "./log.ts";
import { happen, MISHAPS, MISHAPS_AT_ONCE, type MishapName } from "./mishaps.ts";
import type { SoakOptions } from "./options.ts";
import type { RestReport } from "./orders.ts";
import { keptBytesIn, type ProcessState } from "./process-state.ts";
import type { Programs } from "./programs.ts";
import type { Judgement } from "./rules.ts";
import {
  type LongLived,
  type Measured,
  MEMORY_SECONDS_MIN,
  type Outcome,
  sumOfCounts,
} from "./outcome.ts";

/** Of the time under faults: before the first measurement. */
const WARM_UP_PART = 0.25;
/** How long a phase of the proxies lasts, and how far two mishaps of a kind are apart: */
const PHASE_MS_MIN = 2_000;
const PHASE_MS_MAX = 6_000;
const MISHAP_MS_MIN = 1_500;
const MISHAP_MS_MAX = 5_000;
/** in between, this part of the run. */
const PART = 0.15;
/** So much longer a run goes on if some kind of fault or mishap was not met yet. */
const UNMET_MS_MAX = 60_000;
/**
 * After the heal: retries at their longest distance, a close, and silence of those that are gone.
 */
const REST_MS_MAX = 60_000;
/** Handles that were closed go some turns later, timers of the host when they fire. */
const SETTLE_MS_MAX = 15_000;
const SETTLE_PAUSE_MS = 250;
/** Reads some hundred thousand lines a second. */
const CHECK_MS_MAX = 600_000;

/** Commands: `run`, once; `halt`. */
export class Conductor {
  readonly #options: SoakOptions;
  readonly #folder: string;
  readonly #programs: Programs;
  readonly #dice: Dice;
  readonly #cast: Cast;
  readonly #log: Log;
  readonly #show: (news: string) => void;
  readonly #trouble: string[] = [];
  readonly #met: Record<MishapName, number>;
  #halted: (error: Error) => void = () => {};
  #untilMs = 0;

  constructor(
    options: SoakOptions,
    folder: string,
    programs: Programs,
    show: (news: string) => void,
  ) {
    this.#options = options;
    this.#programs = programs;
    this.#folder = folder;
    this.#show = show;
    this.#dice = new Dice(options.seed);
    this.#log = new Log(folder, "conductor");
    this.#met = Object.fromEntries(MISHAPS.map((name) => [name, 0])) as Record<MishapName, number>;
    const stage: Stage = {
      folder,
      programs,
      dice: this.#dice,
      log: this.#log,
      trouble: (what) => this.halt(what),
    };
    this.#cast = new Cast(stage);
  }

  async run(): Promise<Outcome> {
    const startMs = machineMs();
    const halted = new Promise<never>((_resolve, reject) => (this.#halted = reject));
    let longLived: readonly LongLived[] = [];
    try {
      longLived = await Promise.race([this.#perform(), halted]);
    } catch (error) {
      this.#trouble.push(error instanceof Error ? error.message : String(error));
    } finally {
      // Nothing happens any more.
      this.#untilMs = Number.NEGATIVE_INFINITY;
      await this.#cast.end();
    }
    this.#log.write({ kind: "exit", why: "finished" });
    this.#log.close();
    const seconds = (machineMs() - startMs) / 1_000;
    this.#show("checking the logs");
    const judgement = await this.#check();
    const proxies = this.#cast.servers.flatMap(({ startedProxies }) => startedProxies);
    return {
      seed: this.#options.seed,
      seconds,
      underFaultsSeconds: this.#options.seconds,
      judgement,
      faults: sumOfCounts(proxies.map(({ counts }) => counts)),
      mishaps: this.#met,
      proxyStarts: proxies.reduce((total, { starts }) => total + starts, 0),
      longLived,
      trouble: this.#trouble,
    };
  }

  /** Ends the run before its time; the outcome says why. */
  halt(trouble: string): void {
    this.#halted(new Error(trouble));
  }

  async #perform(): Promise<readonly LongLived[]> {
    const { servers, clients } = this.#cast;
    await Promise.all(servers.map((server) => server.begin()));
    await Promise.all(servers.map(({ proxy }) => proxy.become(this.#dice.seed(), HEALED)));
    await Promise.all(clients.map((client) => client.begin()));
    const totalMs = this.#options.seconds * 1_000;
    this.#show("warming up");
    // Where memory is judged, what is compiled and cached for mishaps is in it from the beginning.
    await this.#underFaults(totalMs * WARM_UP_PART, false, this.#isLong ? MISHAPS_AT_ONCE : []);
    await this.#rest();
    const before = await this.#measure(undefined);
    this.#show("running");
    await this.#underFaults(totalMs * (1 - WARM_UP_PART), true, MISHAPS_AT_ONCE);
    await this.#rest();
    const after = await this.#measure(before);
    const longLived = this.#cast.longLived.map(({ part }) => ({
      part,
      before: before.get(part) as Measured,
      after: after.get(part) as Measured,
    }));
    await Promise.all([...servers, ...clients].map((each) => each.callLast("finish")));
    return longLived;
  }

  get #isLong(): boolean {
    return this.#options.seconds >= MEMORY_SECONDS_MIN;
  }

  // --- under faults ---------------------------------------------------------------------------

  /** @param goesOn beyond its time, for a while, if not everything was met */
  async #underFaults(
    forMs: number,
    goesOn: boolean,
    mishaps: readonly (readonly MishapName[])[],
  ): Promise<void> {
    const { servers, clients } = this.#cast;
    this.#untilMs = machineMs() + forMs;
    await Promise.all(servers.map((server) => server.call("rest", false)));
    await Promise.all(clients.map((client) => client.call("go")));
    const isOver = (): boolean => {
      const overMs = machineMs() - this.#untilMs;
      return overMs >= (goesOn && !this.#hasMetAll ? UNMET_MS_MAX : 0);
    };
    const phasing = servers.map(async ({ proxy }) => {
      const dice = new Dice(this.#dice.seed());
      for (const flags of phases(dice)) {
        if (isOver()) break;
        await proxy.become(dice.seed(), flags);
        await pause(within(forMs * PART, PHASE_MS_MIN, PHASE_MS_MAX));
      }
    });
    const pauseMs = within(forMs * PART, MISHAP_MS_MIN, MISHAP_MS_MAX);
    const befalling = mishaps.map((names) => this.#mishaps(names, pauseMs, isOver));
    await Promise.all([...phasing, ...befalling]);
  }

  async #mishaps(
    names: readonly MishapName[],
    pauseMs: number,
    isOver: () => boolean,
  ): Promise<void> {
    const dice = new Dice(this.#dice.seed());
    for (;;) {
      for (const name of dice.shuffled(names)) {
        await pause(dice.integer(Math.round(pauseMs / 2), Math.round(pauseMs)));
        if (isOver()) return;
        await happen(name, this.#cast, dice);
        this.#met[name]++;
      }
    }
  }

  /** As far as the proxies that were stopped have told. */
  get #hasMetAll(): boolean {
    return (
      MISHAPS.every((name) => this.#met[name] > 0) &&
      FAULTS_WANTED.every((name) => this.#cast.servers.some(({ proxy }) => proxy.counts[name] > 0))
    );
  }

  // --- at rest --------------------------------------------------------------------------------

  /** The network heals, everything is delivered, and nothing is left: no session, no proxy. */
  async #rest(): Promise<void> {
    this.#show("healing");
    const { servers, clients } = this.#cast;
    await Promise.all(servers.map(({ proxy }) => proxy.become(this.#dice.seed(), HEALED)));
    await Promise.all(servers.map((server) => server.call("rest", true)));
    const resting = clients.map(async (client) => {
      const reasons = await client.call<RestReport>("rest", {}, REST_MS_MAX);
      if (reasons.at(-1) === "closed") return;
      this.#trouble.push(`${client.part} does not come to rest: ${reasons.join(", ")}`);
    });
    await Promise.all(resting);
    await Promise.all(servers.map((server) => server.call("untilEmpty", {}, REST_MS_MAX)));
    await Promise.all(servers.map(({ proxy }) => proxy.stop()));
  }

  /** @param wanted handles as they were; undefined: whatever does not change any more. */
  async #measure(
    wanted: ReadonlyMap<string, ProcessState> | undefined,
  ): Promise<Map<string, Measured>> {
    const states = new Map<string, Measured>();
    const endMs = machineMs() + SETTLE_MS_MAX;
    for (const each of this.#cast.longLived) {
      let state = await each.call<ProcessState>("processState");
      for (;;) {
        const last = wanted?.get(each.part) ?? state;
        await pause(SETTLE_PAUSE_MS);
        state = await each.call<ProcessState>("processState");
        if (handlesOf(state) === handlesOf(last) || machineMs() > endMs) break;
      }
      states.set(each.part, { ...state, keptBytes: await this.#keptBytes(each) });
    }
    return states;
  }

  /** Takes seconds: not in runs that are too short to be judged by it. */
  async #keptBytes(each: ServerPart | ClientPart): Promise<number> {
    if (!this.#isLong) return Number.NaN;
    const file = join(this.#folder, `${each.part}.heapsnapshot`);
    await each.call("writeHeap", file);
    const bytes = keptBytesIn(file);
    rmSync(file);
    return bytes;
  }

  // --- the logs -------------------------------------------------------------------------------

  async #check(): Promise<Judgement | undefined> {
    const args = ["--max-old-space-size=4096", fileURLToPath(this.#programs.file("check"))];
    const child = spawn(process.execPath, [...args, this.#folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const exit = once(child, "exit");
      const written = await soon(text(child.stdout), "the check of the logs", CHECK_MS_MAX);
      const [status] = (await exit) as [number | null];
      if (status !== 0 && status !== 1) throw new Error(`the check has left with ${status}`);
      return JSON.parse(written) as Judgement;
    } catch (error) {
      this.#trouble.push(String(error));
      return undefined;
    } finally {
      child.kill("SIGKILL");
    }
  }
}

function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

function handlesOf({ resources, descriptors }: ProcessState): string {
  return JSON.stringify([resources, descriptors]);
}
