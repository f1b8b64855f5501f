/**
 * A set of numbers kept as ascending, disjoint, non-adjacent ranges, in one flat array
 * `[first, last, first, last, ...]` with both ends included. Used for received seqs, for seqs due
 * to be sent again, for exchanges that are over and for channel ordinals ever opened.
 * Invariant: `first <= last`, and `last + 1 < first` of the next range.
 */
import { assert } from "./errors.ts";

/** Empty sets, which most of an idle session's are, share one array that is never written to. */
const NO_RANGES: number[] = [];

export class Ranges {
  /** The ranges; readers may look, only the methods write. */
  flat: number[] = NO_RANGES;

  /** How many ranges there are. */
  get count(): number {
    return this.flat.length / 2;
  }

  get isEmpty(): boolean {
    return this.flat.length === 0;
  }

  /** The highest number, or 0 for an empty set. */
  get highest(): number {
    return this.flat[this.flat.length - 1] ?? 0;
  }

  /** The last number of the unbroken run that starts at 1; 0 when 1 is missing. */
  get through(): number {
    return this.flat[0] === 1 ? (this.flat[1] as number) : 0;
  }

  has(value: number): boolean {
    const at = this.find(value);
    return at < this.flat.length && (this.flat[at] as number) <= value;
  }

  /** The last number of the range that holds `value`; 0 when none does. */
  endOf(value: number): number {
    const at = this.find(value);
    if (at === this.flat.length || (this.flat[at] as number) > value) return 0;
    return this.flat[at + 1] as number;
  }

  /**
   * Adds `first` to `last` and calls `added` for each stretch that was missing, ascending.
   * Cost: O(log ranges) at the upper end, where additions happen; O(ranges) elsewhere.
   */
  add(first: number, last: number, added?: (first: number, last: number) => void): void {
    assert(first <= last, "range_reversed");
    const flat = this.flat;
    const length = flat.length;
    if (length === 0) {
      this.flat = [first, last];
      added?.(first, last);
      return;
    }
    // The common case: the run at the top grows.
    if (first === (flat[length - 1] as number) + 1) {
      flat[length - 1] = last;
      added?.(first, last);
      return;
    }
    // `from` is the first range that touches or follows `first - 1`.
    const from = this.find(first - 1);
    let to = from;
    let low = first;
    let high = last;
    let missing = first;
    while (to < length && (flat[to] as number) <= last + 1) {
      const start = flat[to] as number;
      const end = flat[to + 1] as number;
      if (missing < start && missing <= last) added?.(missing, Math.min(start - 1, last));
      low = Math.min(low, start);
      high = Math.max(high, end);
      missing = Math.max(missing, end + 1);
      to += 2;
    }
    if (missing <= last) added?.(missing, last);
    if (to - from === 2) {
      flat[from] = low;
      flat[from + 1] = high;
    } else flat.splice(from, to - from, low, high);
  }

  /** Whether any number from `first` to `last` is in the set. */
  overlaps(first: number, last: number): boolean {
    const at = this.find(first);
    return at < this.flat.length && (this.flat[at] as number) <= last;
  }

  /** How many ranges there would be after `add(first, last)`. */
  countAfterAdding(first: number, last: number): number {
    const from = this.find(first - 1);
    let to = from;
    while (to < this.flat.length && (this.flat[to] as number) <= last + 1) to += 2;
    return this.count - (to - from) / 2 + 1;
  }

  /** Takes `first` to `last` out of the set, whether or not they are in it. */
  remove(first: number, last: number): void {
    assert(first <= last, "range_reversed");
    const flat = this.flat;
    const from = this.find(first);
    let to = from;
    const rest: number[] = [];
    while (to < flat.length && (flat[to] as number) <= last) {
      const start = flat[to] as number;
      const end = flat[to + 1] as number;
      if (start < first) rest.push(start, first - 1);
      if (end > last) rest.push(last + 1, end);
      to += 2;
    }
    // Most that are removed are all that there is.
    if (rest.length === 0 && to - from === flat.length) this.flat = NO_RANGES;
    else if (to > from) flat.splice(from, to - from, ...rest);
  }

  clear(): void {
    this.flat = NO_RANGES;
  }

  /** Offset in `flat` of the first range whose last number is at least `value`. */
  private find(value: number): number {
    const flat = this.flat;
    let low = 0;
    let high = flat.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((flat[middle * 2 + 1] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low * 2;
  }
}
