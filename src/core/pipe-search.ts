/**
 * When a client that cannot go on without a pipe asks its host for one. spec 11 [PIPE-11] [PIPE-12].
 */
import type { Backoff } from "./backoff.ts";

export class PipeSearch {
  readonly backoff: Backoff;
  /** The host was asked, and has neither brought one nor failed. */
  private isAsked = false;
  /** One is wanted though there is one, which may be dead. */
  private isMissed = false;

  constructor(backoff: Backoff) {
    this.backoff = backoff;
  }

  /** The host is to be asked at that time, where there are so many pipes; Infinity: not now. */
  dueAtMs(pipes: number): number {
    return this.isAsked || (pipes > 0 && !this.isMissed) ? Infinity : this.backoff.notBeforeMs;
  }

  ask(): void {
    this.isAsked = true;
    this.isMissed = false;
  }

  /** The host has brought one, or has failed to. Returns whether it was asked. */
  noteAnswered(): boolean {
    const { isAsked } = this;
    this.isAsked = false;
    return isAsked;
  }

  /**
   * One that was joined is gone: the next is opened at once, but none that die young are opened
   * faster than failed ones are. Young is less than the least wait, not the next one: where each is
   * cut after the same time, waits that had grown beyond it once would grow for ever.
   */
  noteLost(nowMs: number, livedMs: number, draw: () => number): void {
    if (livedMs >= this.backoff.minMs) this.backoff.inRow = 0;
    this.backoff.fail(nowMs, draw);
  }

  /** Whatever was tried, or is being made, may be dead; `isMissed`: and whatever there is. */
  wake(nowMs: number, isMissed: boolean): void {
    this.isMissed = isMissed;
    this.isAsked = false;
    this.backoff.notBeforeMs = nowMs;
  }

  /** Anew, in another life. */
  restart(nowMs: number): void {
    this.isAsked = false;
    this.isMissed = false;
    this.backoff.restart(nowMs);
  }
}
