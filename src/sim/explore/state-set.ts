/**
 * The states of an exploration by their fingerprints: 64 bits and a number each, in columns. Open
 * addressing with linear steps; two thirds full at most. What is read is one column of 32 bits
 * until the first half of the fingerprint agrees.
 */
import type { Fingerprint } from "./print.ts";

const SLOTS_MIN = 1 << 16;
const FULL_MOST = 2 / 3;
const EMPTY = -1;

/** Which states were met, and their numbers, which rise by one. */
export class StateSet {
  private low: Uint32Array = new Uint32Array(SLOTS_MIN);
  private high: Uint32Array = new Uint32Array(SLOTS_MIN);
  private numbers: Int32Array = new Int32Array(SLOTS_MIN).fill(EMPTY);
  /** How many there are. */
  size = 0;

  /** The state's number; of one that is new, the next, negative and less one: `~number`. */
  add({ low, high }: Fingerprint): number {
    if (this.size >= this.numbers.length * FULL_MOST) this.grow();
    const mask = this.numbers.length - 1;
    let slot = (low ^ Math.imul(high, 0x9e3779b1)) & mask;
    for (;;) {
      const number = this.numbers[slot] as number;
      if (number === EMPTY) break;
      if (this.low[slot] === low && this.high[slot] === high) return number;
      slot = (slot + 1) & mask;
    }
    const number = this.size++;
    this.low[slot] = low;
    this.high[slot] = high;
    this.numbers[slot] = number;
    return ~number;
  }

  private grow(): void {
    const { low, high, numbers } = this;
    const slots = numbers.length * 2;
    this.low = new Uint32Array(slots);
    this.high = new Uint32Array(slots);
    this.numbers = new Int32Array(slots).fill(EMPTY);
    const mask = slots - 1;
    for (let at = 0; at < numbers.length; at++) {
      if (numbers[at] === EMPTY) continue;
      const [lowOf, highOf] = [low[at] as number, high[at] as number];
      let slot = (lowOf ^ Math.imul(highOf, 0x9e3779b1)) & mask;
      while (this.numbers[slot] !== EMPTY) slot = (slot + 1) & mask;
      this.low[slot] = lowOf;
      this.high[slot] = highOf;
      this.numbers[slot] = numbers[at] as number;
    }
  }
}

/** A column of numbers that grows. */
export class Column {
  private values: Int32Array = new Int32Array(SLOTS_MIN);
  /** How many there are. */
  size = 0;

  push(value: number): void {
    if (this.size === this.values.length) {
      const larger = new Int32Array(this.values.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.size++] = value;
  }

  at(position: number): number {
    return this.values[position] as number;
  }

  set(position: number, value: number): void {
    this.values[position] = value;
  }
}
