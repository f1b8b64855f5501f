/**
 * Turns for all pages of one origin in one browser: which of them may have a request held. Web Locks
 * hand out a few slots, in the order of asking, and take back those of pages that are gone. Who
 * waits says so by BroadcastChannel; who has had a slot for long enough then lets it go. Nothing
 * waits for a timer of a page that has one: in hidden pages they are late. spec decision 0021.
 */
import type { Turns } from "../session/carrier.ts";

/** Of the six connections that a browser has to a server two stay free, for whatever is prompt. */
const SLOTS = 4;

/** While others wait, a turn lasts so long, in milliseconds. */
const TURN_MS = 250;

/** Said by who waits. */
const WAITING = "waiting";

/**
 * Turns at a server; undefined where there is no sharing: in a host without Web Locks and channels,
 * or that is not allowed channels. One that is not allowed locks learns it when it asks, and has its
 * turn at once.
 */
export function sharedTurns(origin: string): Turns | undefined {
  const { navigator } = globalThis as { navigator?: { locks?: LockManager } };
  const locks = navigator?.locks;
  if (locks === undefined) return undefined;
  const name = `holdfast ${origin}`;
  try {
    new BroadcastChannel(name).close();
  } catch {
    return undefined;
  }
  return { ask: (begin, end) => new Turn(locks, name, begin, end).giveBack };
}

/** One turn, from the asking on. */
class Turn {
  readonly #locks: LockManager;
  readonly #name: string;
  readonly #begin: () => void;
  readonly #end: () => void;
  readonly #channel: BroadcastChannel;
  readonly #over = new AbortController();
  #release: (() => void) | undefined;
  #beganAtMs = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(locks: LockManager, name: string, begin: () => void, end: () => void) {
    this.#locks = locks;
    this.#name = name;
    this.#begin = begin;
    this.#end = end;
    this.#channel = new BroadcastChannel(name);
    this.#channel.addEventListener("message", () => this.#yield());
    void this.#wait();
  }

  readonly giveBack = (): void => {
    clearTimeout(this.#timer);
    this.#channel.close();
    this.#over.abort();
    this.#release?.();
  };

  /**
   * Whoever has the gate waits for the first slot that comes free, and everybody else for the gate:
   * so the slots go in the order of asking.
   */
  async #wait(): Promise<void> {
    const { signal } = this.#over;
    this.#say();
    try {
      await this.#locks.request(`${this.#name} gate`, { signal }, () => this.#waitForSlot());
    } catch {
      // It was given back, or the page may not lock.
    }
    if (signal.aborted || this.#release !== undefined) return;
    // Nobody hands out turns here, as in a sandboxed frame: it has one for good.
    clearTimeout(this.#timer);
    this.#begin();
  }

  /** Resolves when this page has a slot, or has given up. */
  #waitForSlot(): Promise<void> {
    const rest = new AbortController();
    const { signal } = this.#over;
    signal.addEventListener("abort", () => rest.abort());
    this.#say();
    return new Promise((resolve) => {
      const take = (): Promise<void> | undefined => {
        // Two may come at once: one is enough.
        if (this.#release !== undefined || signal.aborted) return undefined;
        const held = new Promise<void>((release) => {
          this.#release = release;
        });
        rest.abort();
        clearTimeout(this.#timer);
        this.#beganAtMs = performance.now();
        this.#begin();
        resolve();
        return held;
      };
      const slots = Array.from({ length: SLOTS }, (_, slot) =>
        this.#locks.request(`${this.#name} ${slot}`, { signal: rest.signal }, take),
      );
      void Promise.allSettled(slots).then(() => resolve());
    });
  }

  /** Again and again, as who has slots may have heard it too early. */
  #say(): void {
    clearTimeout(this.#timer);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has none
    this.#channel.postMessage(WAITING);
    this.#timer = setTimeout(() => this.#say(), TURN_MS);
  }

  /** Somebody waits. */
  #yield(): void {
    if (this.#beganAtMs === Infinity) return;
    const leftMs = this.#beganAtMs + TURN_MS - performance.now();
    clearTimeout(this.#timer);
    if (leftMs > 0) {
      this.#timer = setTimeout(() => this.#yield(), leftMs);
      return;
    }
    this.#beganAtMs = Infinity;
    this.#end();
  }
}
