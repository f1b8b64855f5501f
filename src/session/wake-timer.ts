/**
 * One timer of the host for a driver. Setting one is dear next to a body, and most wake times are
 * only put off: so a timer that is armed for an earlier time stays, and is then armed anew.
 */
import type { Host } from "./host.ts";

/** Longest delay that the hosts' timers take. */
const DELAY_MS_MAX = 2 ** 31 - 1;

export class WakeTimer {
  readonly #host: Host;
  readonly #onWake: () => void;
  /** Server timers must not keep a process alive by themselves. */
  readonly #isBackground: boolean;
  #timer: unknown;
  #armedForMs: number = Infinity;
  #wantedAtMs: number = Infinity;

  constructor(host: Host, onWake: () => void, isBackground: boolean) {
    this.#host = host;
    this.#onWake = onWake;
    this.#isBackground = isBackground;
  }

  /** Wakes at `atMs` of the clock, or earlier where the host does; Infinity: not needed. */
  set(atMs: number, nowMs: number): void {
    this.#wantedAtMs = atMs;
    if (atMs < this.#armedForMs) this.#arm(atMs, nowMs);
  }

  clear(): void {
    this.#host.clearTimer(this.#timer);
    this.#armedForMs = Infinity;
  }

  #arm(atMs: number, nowMs: number): void {
    this.clear();
    this.#armedForMs = atMs;
    const delayMs = Math.min(Math.max(0, Math.ceil(atMs - nowMs)), DELAY_MS_MAX);
    this.#timer = this.#host.setTimer(() => this.#fire(), delayMs, this.#isBackground);
  }

  #fire(): void {
    const isInVain = this.#armedForMs < this.#wantedAtMs;
    this.#armedForMs = Infinity;
    if (!isInVain) this.#onWake();
    else if (this.#wantedAtMs < Infinity) this.#arm(this.#wantedAtMs, this.#host.nowMs());
  }
}
