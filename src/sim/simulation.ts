/**
 * A pair of cores in simulated time: applications that act at random, a network that fails at
 * random, and then one that has healed, after which everything must arrive (promise 6).
 *
 * All chance comes from `Choices`. `marks` counts what did happen, so that a run which meant to
 * meet a fault can show that it met it.
 */
import { UsageError } from "../core/index.ts";
import type { Choices } from "./choices.ts";
import { ERROR_PAGE, flipped, type Item } from "./http.ts";
import { checkRest, checkState } from "./invariants.ts";
import { BrokenPromise, type SideName } from "./applications.ts";
import { Pair, type Router } from "./pair.ts";
import type { PairOptions } from "./pair-options.ts";

/** How often each fault happens, of a thousand bodies. */
export interface FaultRates {
  /** Lost without a sign. */
  readonly lose: number;
  /** Lost, and the client sees an error after a while. */
  readonly fail: number;
  /** The client sees an error, and the request arrives all the same. */
  readonly cut: number;
  /** A request arrives twice. */
  readonly duplicate: number;
  /** A byte is changed. */
  readonly damage: number;
  /** The middle answers with a page of its own; the request arrives or not. */
  readonly page: number;
  /** Seconds late. */
  readonly slow: number;
}

/** What a simulation is about. */
export interface SimulationOptions {
  /** The two cores. */
  readonly pair: PairOptions;
  /** How often each fault happens in the first phase. */
  readonly faults: FaultRates;
  /** How often the applications do something in the first phase. */
  readonly actions: number;
  /** How large messages may be. */
  readonly messageBytesMax: number;
  /** Whether they open, finish and reset channels. */
  readonly usesChannels: boolean;
  /** Whether the client is reloaded now and then. */
  readonly reloads: boolean;
  /** The client's host says again and again that the network may be back. */
  readonly wakes: boolean;
  /** Who closes at the end. */
  readonly closing: "nobody" | "client" | "server" | "both";
}

/** What a run may have met: faults, and what the applications did. */
export type Mark =
  | keyof FaultRates
  | "aborted"
  | "reloaded"
  | "woken"
  | "refused"
  | "opened"
  | "finished"
  | "reset"
  | "parts"
  | "sent"
  | "consumed";

/** Virtual time that healing may take, and events in all. */
const HEAL_LIMIT_MS = 3_600_000;
const EVENTS_MAX = 400_000;
const SIDES: readonly SideName[] = ["client", "server"];

/** A run: a first phase in which everything goes wrong, and a second in which all must arrive. */
export class Simulation implements Router {
  /** The two cores and what is between them. */
  readonly pair: Pair;
  /** How often each thing happened. */
  readonly marks: Map<Mark, number> = new Map();
  /** The simulation's own time. */
  nowMs = 0;
  /** Steps so far. */
  events = 0;
  private isHealed = false;
  private actionsLeft: number;
  private actAtMs = 0;
  private readonly options: SimulationOptions;
  private readonly choices: Choices;
  /** Clocks of both sides against the simulation's. */
  private readonly offsets: Readonly<Record<SideName, number>>;

  /** Begins a run; `choices` decides everything: `seeded(1)` for one. */
  constructor(options: SimulationOptions, choices: Choices) {
    this.options = options;
    this.choices = choices;
    this.actionsLeft = options.actions;
    this.pair = new Pair(options.pair);
    this.offsets = { ...this.pair.clocks };
    this.pair.router = this;
    for (const item of this.pair.http.items.slice()) this.handleSent(item);
  }

  /** Both phases. @throws BrokenPromise */
  run(): void {
    while (this.actionsLeft > 0 && !this.hasEnded) this.step();
    this.isHealed = true;
    this.settle(() => this.pair.isAtRest || this.hasEnded);
    if (this.hasEnded) return;
    checkRest(this.pair);
    const { closing } = this.options;
    if (closing === "nobody") return;
    if (closing !== "server") this.pair.command("client", { kind: "close" });
    const server = this.pair.session?.side;
    if (closing !== "client" && server?.state === "open") {
      this.pair.command("server", { kind: "close" });
    }
    this.settle(() => this.hasEnded);
    for (const side of SIDES) {
      const reason = this.pair.logs[side].ended?.reason;
      if (reason !== "closed") throw new BrokenPromise(`3: closed, and the ${side} says ${reason}`);
    }
  }

  /** Both sides know that the session is over. */
  get hasEnded(): boolean {
    return this.pair.client.state === "ended" && this.pair.session?.side.state === "ended";
  }

  private settle(isSettled: () => boolean): void {
    const limitMs = this.nowMs + HEAL_LIMIT_MS;
    while (!isSettled()) {
      if (this.nowMs > limitMs) throw new BrokenPromise("6: healed, and not at rest for an hour");
      this.step();
    }
    if (!this.pair.isComplete) throw new BrokenPromise("6: at the end something is missing");
  }

  // --- time -----------------------------------------------------------------------------------

  /** The next thing happens. */
  step(): void {
    if (this.events++ > EVENTS_MAX) throw new BrokenPromise("6: events without end");
    const { pair } = this;
    let atMs = this.actAtMs;
    let due: Item | SideName | undefined;
    for (const item of pair.http.items) {
      if (item.atMs >= atMs) continue;
      atMs = item.atMs;
      due = item;
    }
    for (const side of SIDES) {
      const wakeMs = pair.wakeAt[side].atMs - this.offsets[side];
      if (wakeMs >= atMs) continue;
      atMs = wakeMs;
      due = side;
    }
    this.nowMs = Math.max(this.nowMs, atMs);
    for (const side of SIDES) pair.clocks[side] = this.nowMs + this.offsets[side];
    if (due === undefined) this.act();
    else if (typeof due === "string") pair.fire(due);
    else pair.deliver(due);
    checkState(pair);
  }

  // --- the network ----------------------------------------------------------------------------

  handleSent(sent: Item): void {
    const { http } = this.pair;
    const { faults } = this.options;
    let item = sent;
    let delayMs = 1 + this.choices.pick(20, "delay");
    if (this.isHealed) {
      http.schedule(item, this.nowMs + delayMs);
      return;
    }
    if (this.happens("slow", faults.slow)) delayMs += this.choices.pick(5_000, "slow by");
    const atMs = this.nowMs + delayMs;
    const { exchange, kind } = item;
    if (kind === "request" && this.happens("duplicate", faults.duplicate)) {
      http.duplicate(item, atMs + this.choices.pick(2_000, "second copy after"));
    }
    if (this.happens("damage", faults.damage)) {
      const bit = this.choices.pick(8 * item.body.length, "damaged at");
      item = http.replaceBody(item, flipped(item.body, [bit]));
    }
    if (this.happens("page", faults.page)) {
      if (kind === "answer") item = http.replaceBody(item, ERROR_PAGE);
      else http.answerWith(exchange, ERROR_PAGE, atMs + this.choices.pick(200, "page after"));
    }
    if (this.happens("lose", faults.lose)) {
      http.lose(item);
      return;
    }
    if (this.happens("fail", faults.fail)) {
      http.lose(item);
      http.fail(exchange, atMs + this.choices.pick(500, "error after"));
      return;
    }
    http.schedule(item, atMs);
    if (kind === "request" && this.happens("cut", faults.cut)) {
      http.fail(exchange, atMs + this.choices.pick(1_000, "cut after"));
    }
  }

  requestSurvives(): boolean {
    this.mark("aborted");
    return this.choices.pick(2, "an aborted request arrives") === 1;
  }

  private happens(fault: keyof FaultRates, rate: number): boolean {
    const value = this.choices.pick(1_000, fault);
    if (value === 0 || value > rate) return false;
    this.mark(fault);
    return true;
  }

  // --- the applications -----------------------------------------------------------------------

  private act(): void {
    this.actAtMs = this.nowMs + 1 + this.choices.pick(60, "next action after");
    for (const side of SIDES) this.consume(side);
    if (this.actionsLeft === 0) return;
    this.actionsLeft--;
    if (this.options.reloads && this.choices.pick(25, "reload") === 1) {
      this.pair.reload(this.choices.pick(2, "requests of the old client arrive") === 1);
      this.mark("reloaded");
    }
    if (this.options.wakes && this.choices.pick(5, "wake") === 1) {
      this.pair.wake();
      this.mark("woken");
    }
    const side = SIDES[this.choices.pick(2, "who acts")] as SideName;
    const half = this.pair.half(side);
    if (half === undefined || half.state === "ended") return;
    try {
      this.actAs(side);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.mark("refused");
    }
  }

  private actAs(side: SideName): void {
    const { pair, options } = this;
    const channels = [...pair.logs[side].channels];
    const channel = channels[this.choices.pick(channels.length, "channel")] as number;
    const kind = options.usesChannels ? this.choices.pick(24, "action") : 0;
    if (kind === 1 || kind === 2) {
      const mode = (["ordered", "unordered", "latest"] as const)[this.choices.pick(3, "mode")];
      const expires = this.choices.pick(3, "expires") === 1;
      const ttlMs = expires ? 1 + this.choices.pick(3_000, "time to live") : Infinity;
      pair.command(side, { kind: "open", mode: mode ?? "ordered", ttlMs });
      this.mark("opened");
    } else if (kind === 3 && channel !== 0) {
      pair.command(side, { kind: "finish", channel });
      this.mark("finished");
    } else if (kind === 4 && channel !== 0 && this.choices.pick(2, "reset") === 1) {
      pair.command(side, { kind: "reset", channel });
      this.mark("reset");
    } else {
      this.send(side, channel);
    }
  }

  private send(side: SideName, channel: number): void {
    const { mode } = this.pair.stream(side, channel);
    for (let left = this.choices.pick(12, "burst"); left >= 0; left--) {
      const bytes = 4 + this.pickBytes();
      const key = mode === "latest" ? { key: this.choices.pick(3, "key") } : {};
      this.pair.command(side, { kind: "send", channel, bytes, ...key });
      this.mark("sent");
      if (bytes > 16_384) this.mark("parts");
    }
  }

  private pickBytes(): number {
    const max = this.options.messageBytesMax - 4;
    switch (this.choices.pick(10, "size")) {
      case 8:
        return this.choices.pick(Math.min(max, 5_000), "middling");
      case 9:
        return this.choices.pick(max, "large");
      default:
        return this.choices.pick(Math.min(max, 100), "small");
    }
  }

  private consume(side: SideName): void {
    for (const [channel, count] of Array.from(this.pair.logs[side].unconsumed)) {
      if (count === 0) continue;
      const part = this.isHealed ? count : this.choices.pick(count + 1, "consume");
      if (part === 0) continue;
      this.pair.consume(side, channel, part);
      this.mark("consumed");
    }
  }

  private mark(mark: Mark): void {
    this.marks.set(mark, (this.marks.get(mark) ?? 0) + 1);
  }
}
