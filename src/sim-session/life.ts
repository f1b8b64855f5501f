/**
 * One life of a process, from its start to its crash: the host of its sessions. When it is over,
 * nothing of it moves any more: its timers are gone, its promises stay as they are.
 */
import type { Host } from "../session/host.ts";
import { Timers, type Timer } from "./timers.ts";

/** What lives ask of their world. */
export interface WorldClock {
  /** The world's time. */
  readonly nowMs: number;
  /** Calls back when promises that are ready have had their turn, before time goes on. */
  atEndOfTick(callback: () => void): void;
  /** Something went wrong that nobody takes: the run has failed. */
  fail(error: unknown): void;
}

/** When worlds begin: the year 2000. */
export const EPOCH_MS = 946_684_800_000;

export class Life implements Host {
  readonly timers: Timers = new Timers();
  isOver = false;
  private isAsleep = false;
  /** What it has to do when it wakes. */
  private readonly ticks: (() => void)[] = [];
  private readonly clock: WorldClock;
  private random: number;

  /** Random bytes differ by `seed`, and repeat with it. */
  constructor(clock: WorldClock, seed: number) {
    this.clock = clock;
    this.random = seed;
  }

  end(): void {
    this.isOver = true;
    this.timers.clearAll();
  }

  nowMs(): number {
    return EPOCH_MS + this.clock.nowMs;
  }

  wallMs(): number {
    return Math.floor(this.nowMs());
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    return this.addTimer(callback, delayMs, false);
  }

  /** `isProgram`: the program itself waits for it. */
  addTimer(callback: () => void, delayMs: number, isProgram: boolean): Timer {
    const timer: Timer = { atMs: this.clock.nowMs + delayMs, isProgram, callback };
    if (!this.isOver) this.timers.set(timer);
    return timer;
  }

  clearTimer(timer: unknown): void {
    if (timer !== undefined) this.timers.clear(timer as Timer);
  }

  atEndOfTick(callback: () => void): void {
    this.clock.atEndOfTick(() => {
      if (this.isOver) return;
      if (this.isAsleep) this.ticks.push(callback);
      else callback();
    });
  }

  /** Ticks end when it wakes, and not before. */
  fallAsleep(): void {
    this.isAsleep = true;
  }

  wake(): void {
    this.isAsleep = false;
    for (const callback of this.ticks.splice(0)) this.atEndOfTick(callback);
  }

  /** Mulberry32 (Tommy Ettinger, public domain): here nobody foresees them but the seed. */
  randomBytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => {
      this.random = (this.random + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(this.random ^ (this.random >>> 15), this.random | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 24) & 0xff;
    });
  }

  rethrow(error: unknown): void {
    if (!this.isOver) this.clock.fail(error);
  }
}
