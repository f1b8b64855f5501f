/**
 * Where times are on the chart. Time runs downwards, and not evenly: each thing that happens gets a
 * row of its own, however fast it follows, and a long silence costs hardly more than a short one.
 * Pure.
 */

/** Rows that are remembered: two of each exchange, and some. */
const ROWS_MAX = 600;

/** From one row to the next, at least: a line of text. */
export const ROW_PX = 17;
/** More than that at most, for the longest silence. */
const SILENCE_PX = 22;
/** A silence of this length has two thirds of that. */
const SILENCE_MS = 800;

export class Timeline {
  readonly #timesMs: number[];
  readonly #places: number[];

  constructor(timesMs: readonly number[] = [], places: readonly number[] = []) {
    this.#timesMs = [...timesMs];
    this.#places = [...places];
  }

  copy(): Timeline {
    return new Timeline(this.#timesMs, this.#places);
  }

  /** When something happened last; -Infinity before that. */
  get lastMs(): number {
    return this.#timesMs.at(-1) ?? -Infinity;
  }

  /** Each row with the silence before it, from the first one on. */
  *silences(): Generator<{ readonly place: number; readonly pixels: number; readonly ms: number }> {
    for (let row = 1; row < this.#places.length; row++) {
      const place = this.#places[row] ?? 0;
      const ms = (this.#timesMs[row] ?? 0) - (this.#timesMs[row - 1] ?? 0);
      yield { place, pixels: place - (this.#places[row - 1] ?? 0), ms };
    }
  }

  /** Something happens: later than all before. */
  add(atMs: number): void {
    const place = this.#places.at(-1);
    this.#places.push(place === undefined ? 0 : place + ROW_PX + silencePx(atMs - this.lastMs));
    this.#timesMs.push(atMs);
    if (this.#timesMs.length <= ROWS_MAX) return;
    this.#timesMs.shift();
    this.#places.shift();
  }

  /** Of any time: between two rows in proportion, after the last one ever slower. */
  placeOf(atMs: number): number {
    const after = this.#rowAfter(atMs);
    const beforeMs = this.#timesMs[after - 1];
    const before = this.#places[after - 1];
    if (beforeMs === undefined || before === undefined) return this.#places[0] ?? 0;
    const nextMs = this.#timesMs[after];
    const next = this.#places[after];
    if (nextMs === undefined || next === undefined) return before + silencePx(atMs - beforeMs);
    return before + ((next - before) * (atMs - beforeMs)) / (nextMs - beforeMs);
  }

  /** The first row that is later. */
  #rowAfter(atMs: number): number {
    let low = 0;
    let high = this.#timesMs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#timesMs[middle] ?? Infinity) <= atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function silencePx(ms: number): number {
  return SILENCE_PX * (1 - Math.exp(-ms / SILENCE_MS));
}
