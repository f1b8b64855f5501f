/**
 * What one end of a replay sent and what arrived there, counted by the messages' places in the
 * trace. It knows nothing of the library, and so cannot be wrong together with it.
 *
 * Always true: `delivered` counts places, each once; every arrival is delivered, doubled or strange.
 */

/** Counts of one direction, taken where it arrives. */
export interface Arrivals {
  /** Different places that arrived. */
  readonly delivered: number;
  /** Arrivals of a place that had arrived before. */
  readonly doubled: number;
  /** First arrivals of a place after a later one. */
  readonly reordered: number;
  /** What arrived and is no message of this trace. */
  readonly strange: number;
  /** Time of the first arrival of each place; NaN: it did not arrive. */
  readonly timesMs: Float64Array;
}

/** Command: `arrive`. The rest are readers. */
export class ArrivalLedger implements Arrivals {
  readonly timesMs: Float64Array;
  delivered = 0;
  doubled = 0;
  reordered = 0;
  strange = 0;
  #highest = -1;

  /** @param total messages of the trace */
  constructor(total: number) {
    this.timesMs = new Float64Array(total).fill(Number.NaN);
  }

  /** @param place of the message; undefined: what arrived is none. */
  arrive(place: number | undefined, nowMs: number): void {
    const knownMs = place === undefined ? undefined : this.timesMs[place];
    if (place === undefined || knownMs === undefined) {
      this.strange++;
    } else if (!Number.isNaN(knownMs)) {
      this.doubled++;
    } else {
      this.timesMs[place] = nowMs;
      this.delivered++;
      if (place < this.#highest) this.reordered++;
      else this.#highest = place;
    }
  }
}

/**
 * The longest time in which nothing arrived although something was under way: from the last arrival
 * or, if all had arrived by then, from the next sending, to the next arrival or the end of the run.
 *
 * @param sentMs times of sending by place; as many as were sent
 * @param arrivedMs times of arrival by place; NaN: did not arrive
 */
export function longestGapMs(sentMs: Float64Array, arrivedMs: Float64Array, endMs: number): number {
  let longestMs = 0;
  let previousMs = Number.NEGATIVE_INFINITY;
  let firstLostMs = Number.POSITIVE_INFINITY;
  for (const [place, sendMs] of sentMs.entries()) {
    const atMs = arrivedMs[place] ?? Number.NaN;
    if (Number.isNaN(atMs)) {
      firstLostMs = Math.min(firstLostMs, sendMs);
      continue;
    }
    longestMs = Math.max(longestMs, atMs - Math.max(previousMs, sendMs));
    previousMs = Math.max(previousMs, atMs);
  }
  if (firstLostMs === Number.POSITIVE_INFINITY) return longestMs;
  return Math.max(longestMs, endMs - Math.max(previousMs, firstLostMs));
}

/**
 * A clock that all processes of a machine share and that nobody sets; `performance.now()` begins at
 * each process's own start.
 */
export function machineMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
