/**
 * One timer of the host for a driver. Setting one is dear next to a body, and most wake times are
 * only put off: so a timer that is armed for an earlier time stays, and fires in vain.
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

  constructor(host: Host, onWake: () => void, isBackground: boolean) {
    this.#host = host;
    this.#onWake = onWake;
    this.#isBackground = isBackground;
  }

  /** Wakes at `atMs` of the clock or earlier; Infinity: not needed. */
  set(atMs: number, nowMs: number): void {
    if (atMs >= this.#armedForMs) return;
    this.clear();
    this.#armedForMs = atMs;
    const delayMs = Math.max(0, Math.ceil(atMs - nowMs));
    const wake = (): void => {
      this.#armedForMs = Infinity;
      this.#onWake();
    };
    this.#timer = this.#host.setTimer(wake, Math.min(delayMs, DELAY_MS_MAX), this.#isBackground);
  }

  clear(): void {
    this.#host.clearTimer(this.#timer);
    this.#armedForMs = Infinity;
  }
}
