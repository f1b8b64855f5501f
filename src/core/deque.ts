/**
 * A queue on a ring of slots that doubles when full: append and take are amortised O(1), and a
 * place once given out stays valid until it is taken. Most queues of a session are empty most of the
 * time: then the smallest ring goes back to where the next one that needs any finds it.
 *
 * Invariant: `tail - head` values are stored, at `position & (slots.length - 1)` for each position
 * from `head` up to `tail`.
 */
import { assert } from "./errors.ts";

const SLOTS_MIN = 8;

/** What queues without a ring share; none of it is ever used. */
const NO_SLOTS: undefined[] = [];

/** Rings of the smallest size that nobody uses, with nothing in them. */
const spareRings: undefined[][] = [];

/** So many are kept, which is more than are used at once unless many sessions are at work. */
const SPARE_RINGS_MAX = 64;

export class Deque<Value> {
  /** Position of the first value; rises by one with each `shift`. */
  head = 0;
  /** Position after the last value; rises by one with each `push`. */
  tail = 0;
  private slots: (Value | undefined)[] = NO_SLOTS;

  get size(): number {
    return this.tail - this.head;
  }

  /** Appends a value and returns its position. */
  push(value: Value): number {
    if (this.tail - this.head === this.slots.length) this.grow();
    this.slots[this.tail & (this.slots.length - 1)] = value;
    return this.tail++;
  }

  /** Takes the first value, or returns undefined when there is none. */
  shift(): Value | undefined {
    if (this.head === this.tail) return undefined;
    const slot = this.head & (this.slots.length - 1);
    const value = this.slots[slot];
    this.slots[slot] = undefined;
    this.head++;
    if (this.head === this.tail && this.slots.length === SLOTS_MIN) this.letGo();
    return value;
  }

  /** The value at a position, `head` for the first; undefined outside the queue. */
  at(position: number): Value | undefined {
    if (position < this.head || position >= this.tail) return undefined;
    return this.slots[position & (this.slots.length - 1)];
  }

  /** The first value, or undefined. */
  first(): Value | undefined {
    return this.at(this.head);
  }

  /** Replaces the value at a position that is in the queue. */
  replace(position: number, value: Value): void {
    assert(position >= this.head && position < this.tail, "deque_replace_outside");
    this.slots[position & (this.slots.length - 1)] = value;
  }

  /** Drops everything; positions go on. */
  clear(): void {
    this.head = this.tail;
    this.slots = NO_SLOTS;
  }

  private letGo(): void {
    if (spareRings.length < SPARE_RINGS_MAX) spareRings.push(this.slots as undefined[]);
    this.slots = NO_SLOTS;
  }

  private grow(): void {
    const old = this.slots;
    if (old.length === 0) {
      this.slots = spareRings.pop() ?? new Array<undefined>(SLOTS_MIN).fill(undefined);
      return;
    }
    const larger = new Array<Value | undefined>(old.length * 2).fill(undefined);
    for (let position = this.head; position < this.tail; position++) {
      larger[position & (larger.length - 1)] = old[position & (old.length - 1)];
    }
    this.slots = larger;
  }
}
