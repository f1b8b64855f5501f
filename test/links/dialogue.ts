/** Numbered messages both ways at a steady pace, and what became of them. */
import { UsageError } from "../../src/core/index.ts";
import type { Session } from "../../src/session/index.ts";
import { soon } from "../waiting.ts";

/** What became of the messages of one direction. */
export interface Counts {
  readonly sent: number;
  readonly received: number;
  /** Of those that must arrive; see `Tally.counts`. */
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
  /** The longest time between two deliveries while messages were being sent. */
  readonly largestGapMs: number;
}

/** The receiver's side of one direction: 0, 1, 2 and so on are to come, each once and in order. */
export class Tally {
  sent = 0;
  #received = 0;
  #reordered = 0;
  #highest = -1;
  #largestGapMs = 0;
  #lastAtMs = Number.NaN;
  readonly #seen: Set<number> = new Set();

  hear(number: number, nowMs: number): void {
    this.#received++;
    if (!this.#seen.has(number) && number < this.#highest) this.#reordered++;
    this.#seen.add(number);
    this.#highest = Math.max(this.#highest, number);
    const gapMs = nowMs - this.#lastAtMs;
    if (gapMs > this.#largestGapMs) this.#largestGapMs = gapMs;
    this.#lastAtMs = nowMs;
  }

  /** Nobody speaks from now on, or again: what passes until the next delivery is no gap. */
  rest(nowMs: number): void {
    this.#lastAtMs = nowMs;
  }

  get received(): number {
    return this.#seen.size;
  }

  /** @param due - so many of those that were sent must have arrived: all, while both sides live. */
  counts(due: number = this.sent): Counts {
    const lost = Array.from({ length: due }, (_, at) => at).filter((at) => !this.#seen.has(at));
    return {
      sent: this.sent,
      received: this.#received,
      lost: lost.length,
      doubled: this.#received - this.#seen.size,
      reordered: this.#reordered,
      largestGapMs: Math.round(this.#largestGapMs),
    };
  }
}

/** Both directions together. */
export function sumOf(all: readonly Counts[]): Counts {
  const sum = (name: keyof Counts): number => all.reduce((so, counts) => so + counts[name], 0);
  return {
    sent: sum("sent"),
    received: sum("received"),
    lost: sum("lost"),
    doubled: sum("doubled"),
    reordered: sum("reordered"),
    largestGapMs: Math.max(...all.map(({ largestGapMs }) => largestGapMs)),
  };
}

type Numbers = Session<number, number>;

/** Fifty messages a second each way, as many as a game sends. */
export const PACE_MS = 20;

/** A side that sends numbers and hears those of the other. */
export class Speaker {
  readonly session: Numbers;
  /** What comes from the other side. */
  readonly heard: Tally = new Tally();
  sent = 0;
  #timer: NodeJS.Timeout | undefined;
  #wake: () => void = () => {};

  /** @param told - of the time of each delivery, for who wants to know more than the tally. */
  constructor(session: Numbers, told: (atMs: number) => void = () => {}) {
    this.session = session;
    session.onBundle((numbers) => {
      const atMs = performance.now();
      told(atMs);
      for (const number of numbers) this.heard.hear(number, atMs);
      this.#wake();
    });
  }

  start(paceMs: number = PACE_MS): void {
    this.heard.rest(performance.now());
    this.#timer = setInterval(() => this.#say(), paceMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Until so many different numbers have come. */
  async hears(count: number, limitMs?: number): Promise<void> {
    const all = async (): Promise<void> => {
      while (this.heard.received < count) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    };
    await soon(all(), `${count} messages, of which ${this.heard.received} are there`, limitMs);
  }

  /** Of a side that has ended: so many of its messages were held by the other. */
  async held(): Promise<number> {
    const { neverSent, unknown } = await this.session.ended;
    return this.sent - neverSent.length - unknown.length;
  }

  #say(): void {
    try {
      this.session.send(this.sent);
      this.sent++;
    } catch (error) {
      // The end is told otherwise, and a little later.
      if (!(error instanceof UsageError && error.code === "session_closed")) throw error;
      this.stop();
    }
  }
}
