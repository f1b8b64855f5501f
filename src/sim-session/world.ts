/**
 * A world in which real sessions run: real `ClientSession`s and `SessionServer`s, in processes that
 * can be killed, over a simulated network, in a time of its own. A run takes no real time but what
 * it computes, and the same answers to `Play` make the same run, byte for byte.
 *
 * Invariant: time stands still while a promise is ready or a tick has not ended; then it goes on to
 * the next thing that happens, one thing at a time.
 */
import type { ClientSession } from "../session/client-session.ts";
import type { ServerOptions } from "../session/server.ts";
import type { NetworkOptions } from "../sim/network/network.ts";
import { MS } from "../sim/option-checks.ts";
import type { Play } from "../sim/play.ts";
import { Clockwork } from "./clockwork.ts";
import type { Hazards } from "./hazards.ts";
import type { Program, SimulatedConnectOptions, SimulatedProcess } from "./process.ts";

/** What a world is like. */
export interface WorldOptions {
  /** What is between a client and a server, each pair its own. Default `PERFECT_NETWORK`. */
  readonly network?: NetworkOptions | undefined;
  /** What happens to processes. What is left out does not happen. */
  readonly hazards?: Partial<Hazards> | undefined;
  /**
   * What one `run` or `settle` may take in the world's time. Default an hour: longer than sessions
   * wait for anything.
   */
  readonly runMsMax?: number | undefined;
  /** Things that may happen in one of them. Default 200,000: about a second of computing. */
  readonly eventsMax?: number | undefined;
}

/** A world: its time, its processes, and what is between them. */
export class SessionWorld {
  /** Who decides what goes wrong. */
  readonly play: Play;
  private readonly clockwork: Clockwork;

  /**
   * `play` decides, and is told what happens. It has one world.
   *
   * @throws UsageError `option_invalid`, `option_unknown`, naming the option; WorldError
   *   `state_invalid` when the play has a world already; ScenarioError `runs_overlap` when a world
   *   of another play is running.
   */
  constructor(play: Play, options: WorldOptions = {}) {
    this.play = play;
    this.clockwork = new Clockwork(play, options);
  }

  /** The world's time, from 0. */
  get nowMs(): number {
    return this.clockwork.nowMs;
  }

  /** The processes, in the order in which they were started. */
  get processes(): readonly SimulatedProcess[] {
    return [...this.clockwork.processes.values()];
  }

  // --- what is in it --------------------------------------------------------------------------

  /**
   * Starts a process: its program runs at once as far as it comes, and again after each restart. A
   * program that throws or rejects fails the run.
   *
   * @throws WorldError `name_taken`.
   */
  start(name: string, program: Program): SimulatedProcess {
    return this.clockwork.start(name, program);
  }

  /** A process `server` that does nothing but serve sessions, again after each restart. */
  serve<Incoming = unknown, Outgoing = unknown>(
    options: ServerOptions<Incoming, Outgoing>,
  ): SimulatedProcess {
    return this.start("server", (self) => void self.serve(options));
  }

  /**
   * A session of a process of its own: `client`, `client 2` and so on. It is not begun again when
   * that process is killed: for that, `start` a program that connects.
   */
  connect<Incoming = unknown, Outgoing = unknown>(
    options: SimulatedConnectOptions = {},
  ): ClientSession<Incoming, Outgoing> {
    const number = ++this.clockwork.clients;
    let session: ClientSession<Incoming, Outgoing> | undefined;
    this.start(number === 1 ? "client" : `client ${number}`, (self) => {
      session ??= self.connect<Incoming, Outgoing>(options);
    });
    this.clockwork.throwFailure();
    return session as unknown as ClientSession<Incoming, Outgoing>;
  }

  // --- time -----------------------------------------------------------------------------------

  /**
   * Resolves when so much of the world's time has passed, while it runs.
   *
   * @throws UsageError `option_invalid`, as a rejection.
   */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.clockwork.addSleeper(resolve, ms));
  }

  /**
   * Lets time pass: so many milliseconds; or until a condition holds, which is looked at after each
   * thing that happens; or until a promise is settled, whose value is returned.
   *
   * @throws whatever the programs did not take: what a program, a callback or a loop of theirs
   *   threw, promises rejected unheard; what the promise is rejected with; WorldError
   *   `run_endless`, `run_stalled`, `state_invalid`; UsageError `option_invalid`. A scenario
   *   that is over before fails as `run_not_awaited`. Worlds of other plays are waited for.
   */
  async run(until: number | (() => boolean)): Promise<void>;
  async run<Result>(until: PromiseLike<Result>): Promise<Result>;
  async run(until: number | (() => boolean) | PromiseLike<unknown>): Promise<unknown> {
    if (typeof until === "function")
      return this.clockwork.run(until, Infinity, "its condition holds");
    if (typeof until === "number") {
      MS(until, "until");
      const endMs = this.nowMs + until;
      return this.clockwork.run(() => this.nowMs >= endMs, endMs, `${until} ms have passed`);
    }
    let settled: PromiseSettledResult<unknown> | undefined;
    const waiting = Promise.allSettled([until]).then(([result]) => (settled = result));
    await this.clockwork.run(() => settled !== undefined, Infinity, "its promise is settled");
    const result = await waiting;
    if (result.status === "rejected") throw result.reason;
    return result.value;
  }

  /**
   * Lets time pass until nothing moves: no session opens or closes, what was accepted is held by
   * its peer, nobody sleeps or is down. Sessions that stay open stay parked. Throws as `run` does.
   */
  async settle(): Promise<void> {
    await this.clockwork.run(() => this.clockwork.isAtRest, Infinity, "nothing moves any more");
  }

  /** From now on nothing goes wrong any more, neither with the network nor with processes. */
  heal(): void {
    this.clockwork.heal();
  }
}
