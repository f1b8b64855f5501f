/**
 * One timer of the host for a driver. Setting one is dear next to a body, and most wake times are
 * only put off: so a timer that is armed for an earlier time stays, and fires in vain.
 */
import { nowMs } from "./clock.ts";

/** Longest delay that the hosts' timers take. */
const DELAY_MS_MAX = 2 ** 31 - 1;

export class WakeTimer {
  readonly #onWake: () => void;
  /** Server timers must not keep a process alive by themselves. */
  readonly #isBackground: boolean;
  #handle: ReturnType<typeof setTimeout> | undefined;
  #armedForMs: number = Infinity;

  constructor(onWake: () => void, isBackground: boolean) {
    this.#onWake = onWake;
    this.#isBackground = isBackground;
  }

  /** Wakes at `atMs` of the clock or earlier; Infinity: not needed. */
  set(atMs: number): void {
    if (atMs >= this.#armedForMs) return;
    this.clear();
    this.#armedForMs = atMs;
    const delayMs = Math.max(0, Math.ceil(atMs - nowMs()));
    this.#handle = setTimeout(
      () => {
        this.#armedForMs = Infinity;
        this.#onWake();
      },
      Math.min(delayMs, DELAY_MS_MAX),
    );
    if (this.#isBackground) unref(this.#handle);
  }

  clear(): void {
    clearTimeout(this.#handle);
    this.#armedForMs = Infinity;
  }
}

/** In Node a timer is an object that can be told not to keep the process; elsewhere a number. */
export function unref(handle: unknown): void {
  (handle as { unref?: () => void }).unref?.();
}
