/**
 * All that the session layer asks of where it runs: clocks, timers, the end of a tick, random
 * bytes, and where an error is seen that nobody takes. The platform is one such host; a simulated
 * world is another, in which a run can be repeated.
 */
import { nowMs } from "./clock.ts";
import { atEndOfTick } from "./tick.ts";

/** Where sessions run. */
export interface Host {
  /** Milliseconds since 1970 as when the host began, and from then on monotonic. */
  nowMs(): number;
  /** Milliseconds since 1970, as people tell the time. */
  wallMs(): number;
  /**
   * Calls back once, after `delayMs`, which is 0 to 2^31 - 1. A timer in the background does not
   * keep a process alive by itself. Returns what `clearTimer` takes.
   */
  setTimer(callback: () => void, delayMs: number, isBackground: boolean): unknown;
  /** It does not call back any more; undefined and timers that were are let be. */
  clearTimer(timer: unknown): void;
  /** Calls back once, after what the application does at once and in promises that are ready. */
  atEndOfTick(callback: () => void): void;
  /** Random bytes that nobody can foresee. */
  randomBytes(count: number): Uint8Array;
  /** Throws an error of the application where whoever runs it sees it. */
  rethrow(error: unknown): void;
}

/** The web-standard globals that Node and browsers have. */
export const platform: Host = {
  nowMs,
  wallMs: () => Date.now(),
  setTimer(callback, delayMs, isBackground) {
    const timer = setTimeout(callback, delayMs);
    if (isBackground) unref(timer);
    return timer;
  },
  clearTimer: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout> | undefined),
  atEndOfTick,
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  rethrow,
};

/** In Node a timer is an object that can be told not to keep the process; elsewhere a number. */
export function unref(timer: unknown): void {
  (timer as { unref?: () => void }).unref?.();
}

/** A whole number of 32 bits that nobody can foresee. */
export function randomWord(host: Host): number {
  return new DataView(host.randomBytes(4).buffer).getUint32(0);
}

/**
 * Throws an application's error where the host sees it (`uncaughtException`, `window.onerror`): a
 * callback that fails must neither be silent nor break the session that called it.
 */
function rethrow(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
