/**
 * A pair of cores in simulated time: applications that act at random, a network and hosts that fail
 * at random, and then a world that has healed, in which everything must arrive (promise 6). Where
 * limits are short or processes die, sessions end, and what was told at the end is compared with
 * what was delivered (promise 3). After every event each side that was touched is looked at by
 * itself, its limits and timers too, and both together, unless one has lost what they share.
 *
 * All chance comes from `Play`, which counts what did happen, so that runs which meant to meet a
 * fault can show that they met it.
 */
import type { EndReason, PipeEnd } from "../core/index.ts";
import { type ActorMark, Actors } from "./actors.ts";
import { BrokenPromise, SIDES, type SideName } from "./applications.ts";
import { Causes } from "./causes.ts";
import { isIn } from "./explore/marks.ts";
import type { Item } from "./http.ts";
import { checkRest, checkSide, checkTogether } from "./invariants.ts";
import { MortalPair } from "./mortal-pair.ts";
import { Network, type NetworkMark } from "./network/network.ts";
import { type PipeDue, PipeDriver, type PipeMark } from "./pipe-driver.ts";
import type { Play, Scenario } from "./play.ts";
import type { PresetName } from "./presets.ts";
import { ServerHosting, type ServerHostMark } from "./server-hosting.ts";
import { checkSimulationOptions } from "./simulation-option-checks.ts";
import { drawPipedOptions } from "./pipe-options.ts";
import { drawOptions, type HostEvents, type SimulationOptions } from "./simulation-options.ts";
import { readWhole } from "./whole-bodies.ts";

/** What may happen to hosts, as it is marked. */
export type HostMark =
  | "server crash"
  | "client crash"
  | "reload"
  | "wake"
  | "sleep"
  | "leap"
  | "begun again";

/** What a run may have met: faults, what happened to hosts, what applications did, ends. */
export type SimulationMark =
  | NetworkMark
  | HostMark
  | ServerHostMark
  | ActorMark
  | PipeMark
  | `pipe gone: ${PipeEnd}`
  | `ended: ${EndReason}`
  | `network ${PresetName}`
  | "short limits"
  | "pause"
  | "pause asked";

/** Virtual time that healing may take, and events in all. */
const HEAL_LIMIT_MS = 7_200_000;
/** The literal procedure raises a window of one message once in two hold times. */
const LITERAL_HEAL_LIMIT_MS = 86_400_000;
const EVENTS_MAX = 400_000;
/** Sessions that may still end after all is healed: what broke before may show only then. */
const LATE_ENDS_MAX = 4;
/** Milliseconds to the next action at most. */
const ACTION_PAUSE_MAX_MS = 60;
/** How often everything is consumed after all is healed. */
const CONSUMING_MS = 200;
/** A client that polls a sleeping server for hours teaches nothing and takes its time. */
const SERVER_SLEEP_MAX_MS = 60_000;
/** One action in five comes after a longer pause. */
const LONG_PAUSE_PERMILLE = 200;
/** Ends that a limit brings about. */
const LIMITS: readonly EndReason[] = [
  "silence",
  "unanswered",
  "peer-ended",
  "close-timeout",
  "unreadable",
  "lost",
  "refused",
];
/** Ends that come of a server that has lost its state. */
const LOSSES: readonly EndReason[] = ["lost", "peer-ended", "protocol"];

/**
 * What happens next: a body arrives, a timer fires, the network changes, the server's host sees
 * something, or applications act.
 */
type Due = Item | SideName | Network | ServerHosting | PipeDue | undefined;

/** A run: a first phase in which everything goes wrong, and a second in which all must arrive. */
export class Simulation {
  /** The two cores and what is between them. */
  readonly pair: MortalPair;
  /** How it travels. */
  readonly network: Network;
  /** The simulation's own time. */
  nowMs = 0;
  /** Events so far. */
  events = 0;
  /** Requests so far, of all sessions and lives. */
  exchanges = 0;
  /** Exchanges that were answered. */
  private readonly answered: Set<number> = new Set();
  private isHealed = false;
  private isClosing = false;
  private action = 0;
  private actAtMs = 0;
  private readonly options: SimulationOptions;
  private readonly play: Play;
  private readonly actors: Actors;
  private readonly hosting: ServerHosting;
  private readonly causes: Causes;
  private readonly pipes: PipeDriver;
  /** Clocks of both sides against the simulation's. */
  private readonly offsets: Record<SideName, number>;
  /** Until when nothing runs at a side. */
  private readonly asleepUntilMs: Record<SideName, number> = { client: 0, server: 0 };

  /**
   * Begins a run; `play` decides everything.
   *
   * @throws UsageError `option_invalid`, `option_unknown`, and as both cores do.
   */
  constructor(options: SimulationOptions, play: Play) {
    checkSimulationOptions(options);
    this.options = options;
    this.play = play;
    play.showParties(...SIDES);
    this.pair = new MortalPair(options.pair, play);
    this.offsets = { ...this.pair.clocks };
    this.network = new Network(this.pair.http, options.network, play);
    this.actors = new Actors(this.pair, options, play);
    const { mayEnd, events } = options;
    this.causes = new Causes(this.pair, mayEnd || events.serverCrashPermille > 0);
    this.hosting = new ServerHosting(this.pair, this.network, options.host, play);
    this.pipes = new PipeDriver(this.pair, this.network, options.pipes, this.causes, play);
    this.pair.router = {
      handlePipeSent: (number, way, item): void => this.pipes.handleSent(number, way, item),
      handleSent: (item): void => this.handleSent(item),
      requestSurvives: (exchange): boolean => this.network.requestSurvives(exchange),
    };
    for (const item of this.pair.http.items.slice()) this.handleSent(item);
  }

  /** Both phases. @throws BrokenPromise */
  run(): void {
    while (this.action < this.options.actions) this.step();
    this.heal();
    this.converge();
    if (!this.pair.isGhost) checkRest(this.pair);
    this.close();
    this.pair.checkBooks();
  }

  /** Both sides know that the session is over. */
  get hasEnded(): boolean {
    return this.pair.client.state === "ended" && this.pair.session?.side.state === "ended";
  }

  // --- the end of a run -----------------------------------------------------------------------

  private heal(): void {
    this.isHealed = true;
    this.network.heal();
    this.hosting.heal();
  }

  /** To rest, with everything delivered; in another session if this one ends on the way. */
  private converge(): void {
    const { pair } = this;
    const isAsleep = (side: SideName): boolean => this.asleepUntilMs[side] > this.nowMs;
    while (SIDES.some(isAsleep) || this.hosting.isBusy) {
      if (pair.client.state === "ended") this.begin();
      this.step();
    }
    const limitMs = this.nowMs + this.healLimitMs;
    // A client that has not heard yet that its session is lost looks as if it were at rest.
    const isLost = (): boolean => pair.isGhost && pair.session === undefined;
    const isRestless = (): boolean => !pair.isAtRest || !this.pipes.isSettled;
    for (let ends = 0; isRestless() || pair.client.state === "ended" || isLost();) {
      // What was sent before may fill a narrow line for longer than a limit of silence lasts.
      if (pair.client.state === "ended" && (ends === 0 || !this.isAnythingOnItsWay)) {
        if (ends++ === LATE_ENDS_MAX) throw new BrokenPromise("6: healed, and sessions still end");
        this.begin();
      }
      this.stepTowards(limitMs);
    }
    if (!pair.isComplete) throw new BrokenPromise("6: at the end something is missing");
  }

  private close(): void {
    const { closing } = this.options;
    if (closing === "nobody") return;
    this.isClosing = true;
    this.causes.close();
    if (closing !== "server") this.pair.command("client", { kind: "close" });
    const server = this.pair.session?.side;
    if (closing !== "client" && server?.state === "open") {
      this.pair.command("server", { kind: "close" });
    }
    const limitMs = this.nowMs + this.healLimitMs;
    while (!this.hasEnded) this.stepTowards(limitMs);
    const reasons = SIDES.map((side) => this.pair.logs[side].ended?.reason);
    // What slept before may meet a limit only now; then the fates tell what is missing.
    if (
      this.options.mayEnd &&
      reasons.some((reason) => reason !== undefined && LIMITS.includes(reason))
    )
      return;
    if (!this.pair.isComplete) throw new BrokenPromise("6: closed, and something is missing");
    for (const reason of reasons) {
      if (reason !== "closed") throw new BrokenPromise(`3: closed, and one side says ${reason}`);
    }
  }

  private get isAnythingOnItsWay(): boolean {
    return this.pair.http.items.some(({ atMs }) => atMs < Infinity);
  }

  private get healLimitMs(): number {
    const isLiteral = this.options.pair.client?.literal !== undefined;
    return isLiteral ? LITERAL_HEAL_LIMIT_MS : HEAL_LIMIT_MS;
  }

  private stepTowards(limitMs: number): void {
    if (this.nowMs > limitMs) throw new BrokenPromise("6: healed, and not at rest after hours");
    this.step();
  }

  // --- time -----------------------------------------------------------------------------------

  /** The next thing happens. */
  step(): void {
    if (this.events++ > EVENTS_MAX) throw new BrokenPromise("6: events without end");
    const { pair, network } = this;
    let atMs = this.actAtMs;
    let due: Due;
    for (const item of pair.http.items) {
      const to = item.kind === "request" ? "server" : "client";
      const itemAtMs = Math.max(item.atMs, this.asleepUntilMs[to]);
      if (itemAtMs >= atMs) continue;
      atMs = itemAtMs;
      due = item;
    }
    for (const side of SIDES) {
      // A timer fires when the side's clock shows it: at a whole millisecond.
      const wakeMs = pair.wakeMs(side) - this.offsets[side];
      const wakeAtMs = Math.max(wakeMs, this.asleepUntilMs[side]);
      if (wakeAtMs >= atMs) continue;
      atMs = wakeAtMs;
      due = side;
    }
    const pipeDue = this.pipes.next(this.asleepUntilMs);
    if (pipeDue !== undefined && pipeDue.atMs < atMs) {
      atMs = pipeDue.atMs;
      due = pipeDue;
    }
    const networkAtMs = network.nextAtMs;
    if (networkAtMs < atMs) {
      atMs = networkAtMs;
      due = network;
    }
    const hostAtMs = Math.max(this.hosting.nextAtMs, this.asleepUntilMs.server);
    if (hostAtMs < atMs) {
      atMs = hostAtMs;
      due = this.hosting;
    }
    this.setTime(Math.max(this.nowMs, atMs));
    const touched = touchedBy(due);
    this.happen(due);
    for (const side of touched) checkSide(pair, side);
    if (!pair.isGhost) checkTogether(pair);
    for (const side of SIDES) this.checkEnd(side);
  }

  private happen(due: Due): void {
    if (due === undefined) this.act();
    else if (due instanceof Network || due instanceof ServerHosting) due.handleTimeout();
    else if (typeof due === "string") this.pair.fire(due);
    else if (due.kind === "pipe") this.pipes.handle(due);
    else this.deliver(due);
  }

  private setTime(nowMs: number): void {
    this.nowMs = nowMs;
    this.network.nowMs = nowMs;
    this.hosting.nowMs = nowMs;
    this.pair.worldMs = nowMs;
    const { clocks } = this.pair;
    for (const side of SIDES) {
      // One that sleeps stands still, and what is added and taken away again may be off by a bit.
      clocks[side] = Math.max(clocks[side], nowMs + this.offsets[side]);
    }
  }

  // --- the network ----------------------------------------------------------------------------

  private handleSent(item: Item): void {
    if (item.kind === "request") {
      this.exchanges++;
      this.causes.handleSent(item.exchange);
    } else this.checkAnswer(item);
    this.network.handleSent(item);
  }

  private checkAnswer({ exchange, body }: Item): void {
    const { answer, pauseMs, pipe } = readWhole(body, this.pair.sessionId)?.body ?? {};
    if (pauseMs !== undefined) this.play.mark("pause asked");
    if (answer === undefined) return;
    // [PARK-12]: what has gone counts as answered, and a copy of it does not park.
    if (answer.parked.some((each) => this.hosting.hasGone(exchange - answer.exchange + each))) {
      throw new BrokenPromise("4: a request was parked again whose connection has gone");
    }
    if (this.answered.has(exchange) || this.hosting.hasGone(exchange)) return;
    this.answered.add(exchange);
    // [PIPE-4]: one that names a pipe is answered for that, whatever is parked.
    if (pipe !== undefined) return;
    // [PARK-1]: whatever is answered for the first time, nothing older stays parked.
    const isAnswered = isIn(answer.answered, answer.exchange);
    if (isAnswered && answer.parked.some((parked) => parked < answer.exchange)) {
      throw new BrokenPromise("4: a request was answered while an older one stayed parked");
    }
  }

  private deliver(item: Item): void {
    this.network.handleArrived(item);
    this.causes.handleArriving(item);
    this.pair.deliver(item);
    this.causes.handleArrived(item);
  }

  // --- hosts and applications -----------------------------------------------------------------

  private act(): void {
    const { play } = this;
    if (this.isHealed) {
      this.actAtMs = this.nowMs + CONSUMING_MS;
      this.actors.consumeAll();
      this.pipes.keep();
      return;
    }
    const number = ++this.action;
    const name = `action ${number}`;
    const pauseMs = play.happens("pause", `${name}: a long pause after it`, LONG_PAUSE_PERMILLE)
      ? play.pick(this.options.pauseMaxMs, `${name}: pause after it`)
      : play.pick(ACTION_PAUSE_MAX_MS, `${name}: pause after it`);
    this.actAtMs = Math.round(this.nowMs) + 1 + pauseMs;
    if (this.pair.client.state === "ended") this.begin();
    this.strike(name);
    if (this.asleepUntilMs.client <= this.nowMs) this.pipes.act(name);
    this.actors.act(number, (side) => this.asleepUntilMs[side] <= this.nowMs);
    const isClosing = SIDES.some((side) => this.pair.half(side)?.state === "closing");
    if (isClosing) this.causes.close();
  }

  /** What happens to the hosts. */
  private strike(name: string): void {
    const { pair, play } = this;
    const { events } = this.options;
    const happens = (mark: HostMark | ServerHostMark, what: string, permille: number): boolean =>
      permille > 0 && play.happens(mark, `${name}: ${what}`, permille);
    if (happens("server crash", "the server crashes", events.serverCrashPermille)) {
      play.note(this.nowMs, "server", "crashes, and begins anew");
      this.hosting.crash();
    }
    const { hosting } = this;
    const { drainPermille } = this.options.host;
    if (!hosting.isDraining && happens("drain", "the server drains", drainPermille)) {
      hosting.drain(name);
    }
    if (happens("client crash", "the client crashes", events.clientCrashPermille)) {
      play.note(this.nowMs, "client", "crashes");
      this.begin(this.hangUp(name));
    }
    if (happens("reload", "the client reloads", events.reloadPermille)) {
      if (pair.client.state !== "ended") this.reload(name);
    }
    if (happens("wake", "the network may be back", events.wakePermille)) {
      this.causes.wake();
      pair.wake();
    }
    for (const side of SIDES) this.bend(side, name, events, happens);
  }

  private bend(
    side: SideName,
    name: string,
    { sleepPermille, leapPermille, leapMaxMs }: HostEvents,
    happens: (mark: HostMark, what: string, permille: number) => boolean,
  ): void {
    const { play } = this;
    const isAwake = this.asleepUntilMs[side] <= this.nowMs;
    if (isAwake && happens("sleep", `the ${side} sleeps`, sleepPermille)) {
      const maxMs = side === "server" ? Math.min(leapMaxMs, SERVER_SLEEP_MAX_MS) : leapMaxMs;
      const lengthMs = 1 + play.pick(maxMs, `${name}: the ${side} sleeps for ms`);
      this.asleepUntilMs[side] = this.nowMs + lengthMs;
      play.note(this.nowMs, side, `sleeps for ${lengthMs} ms`);
      if (play.pick(2, `${name}: the connections do not survive the sleep`) === 1) {
        this.network.breakConnections();
      }
      // Some hosts' monotonic clocks stand still meanwhile.
      if (play.pick(2, `${name}: the ${side}'s clock sleeps too`) === 1) {
        this.offsets[side] -= lengthMs;
      }
    }
    if (happens("leap", `the ${side}'s clock leaps`, leapPermille)) {
      const lengthMs = 1 + play.pick(leapMaxMs, `${name}: the ${side}'s clock leaps by ms`);
      this.offsets[side] += lengthMs;
      play.note(this.nowMs, side, `the clock leaps by ${lengthMs} ms`);
    }
  }

  /** The client's process is gone, and with it its connections. */
  private hangUp(name: string): boolean {
    const { play, pair } = this;
    const isRecalled = play.pick(2, `${name}: requests under way do not arrive`) === 1;
    for (const exchange of Array.from(pair.http.waiting)) {
      this.network.handleHungUp(exchange, !isRecalled);
    }
    return !isRecalled;
  }

  private reload(name: string): void {
    this.play.note(this.nowMs, "client", "reloads");
    const survives = this.hangUp(name);
    this.pipes.end();
    const seed = this.play.pick(1 << 16, `${name}: the seed of the new life`);
    this.causes.reload();
    this.pair.reload(survives, seed);
  }

  private begin(requestsSurvive = true): void {
    this.play.mark("begun again");
    this.play.note(this.nowMs, "client", "begins another session");
    this.causes.begin();
    this.pipes.end();
    this.pair.begin(requestsSurvive);
  }

  // --- ends -----------------------------------------------------------------------------------

  /** Promise 3: there is a reason for an end. */
  private checkEnd(side: SideName): void {
    const ended = this.pair.logs[side].ended;
    if (ended === undefined) return;
    this.causes.check(side, ended, (session) => this.hosting.hasRefused(session));
    const { reason, detail } = ended;
    const isLimit = this.options.mayEnd && LIMITS.includes(reason);
    const isLoss = this.pair.isGhost && LOSSES.includes(reason);
    const mayClose = this.isClosing || this.options.closePermille > 0;
    if (isLimit || isLoss || (mayClose && reason === "closed")) return;
    throw new BrokenPromise(`3: the ${side}'s session ended without cause: ${reason} ${detail}`);
  }
}

/** Two cores under all that may go wrong, with options that the run draws. */
export const coreScenario: Scenario = {
  name: "cores",
  run(play: Play): void {
    new Simulation(drawOptions(play), play).run();
  },
};

/** The same with pipes beside requests, and without the literal procedure, which knows none. */
export const pipeScenario: Scenario = {
  name: "pipes",
  run(play: Play): void {
    new Simulation(drawPipedOptions(play), play).run();
  },
};

/** Sides whose cores are told something. */
function touchedBy(due: Due): readonly SideName[] {
  if (due === undefined) return SIDES;
  if (due instanceof Network) return [];
  if (due instanceof ServerHosting) return ["server"];
  if (typeof due === "string") return [due];
  if (due.kind === "pipe") return [due.side];
  return due.kind === "request" ? ["server"] : ["client"];
}
