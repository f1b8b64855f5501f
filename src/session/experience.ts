/**
 * What was learned of links, for all sessions of a process or a page that go to one origin: whether
 * a link comes about there, since when it has not, and who finds out at present. It is kept in
 * memory alone: a device that is carried to another network should not remember this one.
 *
 * Invariant: while a link has not shown that it works, at most one session tries it.
 */
import type { PipeEnd } from "../core/index.ts";
import { ByOrigin } from "./by-origin.ts";
import type { Host } from "./host.ts";

/**
 * After a pipe that did not work, the next is tried after so long, then after twice, four times that
 * and so on: a proxy that lets no WebSocket pass will not soon, and each attempt costs it a request.
 */
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 300_000;

/** One on which nothing came held a connection for many seconds: the next waits for so long. */
const SILENT_RETRY_MIN_MS = 30_000;

/** One link to one origin. */
export class Experience {
  /** Pipes in a row that never worked, or died young. */
  private failures = 0;
  private failedAtMs: number = -Infinity;
  /** No pipe is opened before. */
  notBeforeMs: number = -Infinity;
  /** Why the last pipe did not work; empty while none has failed since one worked. */
  reason = "";
  /** A pipe was joined, and none has failed since. */
  private isProven = false;
  private trier: object | undefined;
  /** Those that wait for what the one that tries it finds out. */
  private readonly waiting: Set<() => void> = new Set();

  /** Whether `who` may open a pipe: anybody where the link works, else one after the other. */
  mayTry(who: object): boolean {
    return this.isProven || this.trier === undefined || this.trier === who;
  }

  /** Whether nothing has gone wrong since a pipe worked. */
  get isFresh(): boolean {
    return this.failures === 0;
  }

  /** `who` opens a pipe. */
  begin(who: object): void {
    if (!this.isProven) this.trier = who;
  }

  /** Calls `wake` once, when whoever tries the link knows more. */
  await(wake: () => void): void {
    this.waiting.add(wake);
  }

  /** Whoever waited needs it no more. */
  forget(wake: () => void): void {
    this.waiting.delete(wake);
  }

  /** `who` tries no more, whatever came of it; a pipe of anybody else's is not looked at. */
  leave(who: object): void {
    if (this.trier !== who) return;
    this.trier = undefined;
    this.tell();
  }

  /** A pipe was joined. What it is worth, time will tell. */
  join(who: object): void {
    this.isProven = true;
    this.leave(who);
  }

  /** One that worked was cut: the next shows for all whether another one comes about. */
  doubt(): void {
    this.isProven = false;
  }

  /** A pipe has lived for long enough, or the path is another one: nothing is held against it. */
  clear(): void {
    this.failures = 0;
    this.notBeforeMs = -Infinity;
    this.reason = "";
    this.tell();
  }

  /**
   * A pipe that began at `beganAtMs` did not work. Those that were there together fail together:
   * that is one failure. One that is excused may be opened again at once.
   */
  fail(
    nowMs: number,
    beganAtMs: number,
    why: PipeEnd,
    { reason, isExcused }: { readonly reason: string; readonly isExcused: boolean },
  ): void {
    if (beganAtMs < this.failedAtMs) return;
    const waitMs = Math.min(RETRY_MAX_MS, waitMinMs(why, this.failures) * 2 ** this.failures);
    this.failures++;
    this.failedAtMs = nowMs;
    this.notBeforeMs = nowMs + (isExcused ? 0 : waitMs);
    this.reason = reason;
    this.isProven = false;
  }

  private tell(): void {
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const wake of waiting) wake();
  }
}

/** Streams in a row that seem to be held back before that is certain. */
const BUFFERED_CERTAIN = 3;

/**
 * That both bodies of a stream came together may also be a host that stood still meanwhile, as pages
 * do while they load: it is certain when it goes on. That nothing comes on a pipe, or none opens, may
 * pass.
 */
function waitMinMs(why: PipeEnd, failures: number): number {
  if (why === "buffered" && failures >= BUFFERED_CERTAIN - 1) return RETRY_MAX_MS;
  return why === "silent" ? SILENT_RETRY_MIN_MS : RETRY_MIN_MS;
}

const experiences: ByOrigin<Experience> = new ByOrigin(() => new Experience());

/** What is known of a link to an origin in this process or page. */
export function experienceOf(host: Host, link: string, origin: string): Experience {
  return experiences.of(host, `${link} ${origin}`);
}
