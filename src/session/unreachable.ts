/**
 * Sessions at a server with no request parked, by since when: after a while their applications are
 * told that they are lost. Between a client's requests there is always a moment without one.
 */
import type { SessionHub } from "./session-hub.ts";

const NOTHING_PARKED = "nothing_parked";

export class Unreachable {
  readonly #afterMs: number;
  /** In the order of their times, as a session is put in only when it is not there. */
  readonly #sinceMs: Map<SessionHub, number> = new Map();

  constructor(afterMs: number) {
    this.#afterMs = afterMs;
  }

  /** Notes whether a session can be reached now. */
  note(nowMs: number, hub: SessionHub, isReachable: boolean): void {
    if (isReachable) {
      this.#sinceMs.delete(hub);
      hub.noteReach("working", "");
    } else if (!this.#sinceMs.has(hub)) {
      this.#sinceMs.set(hub, nowMs);
      hub.noteReach("failing", NOTHING_PARKED);
    }
  }

  forget(hub: SessionHub): void {
    this.#sinceMs.delete(hub);
  }

  /** Tells the sessions whose time has come, and returns them. They stay lost until noted. */
  takeLost(nowMs: number): SessionHub[] {
    const lost: SessionHub[] = [];
    for (const [hub, sinceMs] of this.#sinceMs) {
      if (nowMs < sinceMs + this.#afterMs) break;
      this.#sinceMs.delete(hub);
      hub.noteReach("lost", NOTHING_PARKED);
      lost.push(hub);
    }
    return lost;
  }

  /** When there may be something to take. */
  get nextAtMs(): number {
    for (const sinceMs of this.#sinceMs.values()) return sinceMs + this.#afterMs;
    return Infinity;
  }
}
