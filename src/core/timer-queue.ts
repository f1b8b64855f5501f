/**
 * Which of many sessions wants to be woken first: a binary heap with one entry a session, moved
 * in place when its time changes. One timer of the platform serves them all. O(log sessions).
 *
 * Invariant: no entry is earlier than its parent at `(position - 1) >> 1`, and `timerPosition` of
 * each entry is its place in the heap.
 */
import { assert } from "./errors.ts";

/** What can be woken. Both fields belong to the queue. */
export interface Wakeable {
  /** When it wants to be woken; Infinity for never. */
  wakeAtMs: number;
  /** Its place in the heap, -1 outside. */
  timerPosition: number;
}

export class TimerQueue<Item extends Wakeable> {
  private readonly heap: Item[] = [];

  /** The earliest time in the queue; Infinity when it is empty. */
  get nextAtMs(): number {
    return this.heap[0]?.wakeAtMs ?? Infinity;
  }

  get size(): number {
    return this.heap.length;
  }

  /** Sets when an item is to be woken; Infinity takes it out. */
  set(item: Item, atMs: number): void {
    item.wakeAtMs = atMs;
    if (item.timerPosition < 0) {
      if (atMs === Infinity) return;
      item.timerPosition = this.heap.length;
      this.heap.push(item);
      this.rise(item);
    } else if (atMs === Infinity) {
      this.takeOut(item);
    } else {
      this.rise(item);
      this.sink(item);
    }
  }

  /** Takes out the earliest item if its time has come. */
  takeDue(nowMs: number): Item | undefined {
    const first = this.heap[0];
    if (first === undefined || first.wakeAtMs > nowMs) return undefined;
    this.takeOut(first);
    return first;
  }

  private takeOut(item: Item): void {
    const position = item.timerPosition;
    assert(this.heap[position] === item, "timer_position_wrong");
    item.timerPosition = -1;
    const last = this.heap.pop() as Item;
    if (last === item) return;
    this.place(last, position);
    this.rise(last);
    this.sink(last);
  }

  private rise(item: Item): void {
    for (;;) {
      const position = item.timerPosition;
      const parent = this.heap[(position - 1) >> 1];
      // The first one has no parent: there is nothing in front of it.
      if (parent === undefined || parent.wakeAtMs <= item.wakeAtMs) return;
      this.place(parent, position);
      this.place(item, (position - 1) >> 1);
    }
  }

  private sink(item: Item): void {
    for (;;) {
      const position = item.timerPosition;
      const left = this.heap[2 * position + 1];
      const right = this.heap[2 * position + 2];
      const child =
        right !== undefined && left !== undefined && right.wakeAtMs < left.wakeAtMs ? right : left;
      if (child === undefined || child.wakeAtMs >= item.wakeAtMs) return;
      this.place(item, child.timerPosition);
      this.place(child, position);
    }
  }

  private place(item: Item, position: number): void {
    this.heap[position] = item;
    item.timerPosition = position;
  }
}
