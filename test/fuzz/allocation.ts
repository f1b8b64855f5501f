// What an act allocates, to the byte: the young generation is filled by moving one pointer, and V8
// says where it stands. A collection in between makes the figure too small, never too large; what
// V8 makes for itself (code, feedback) is made once, so what seems dear is measured again.

import { getHeapStatistics } from "node:v8";

/** What a reader may allocate for each byte of a body, beside a constant; see spec/testing.md. */
export const HEAP_BYTES_PER_BYTE = 160;
export const HEAP_BYTES_BASE = 4_096;

const TRIES = 8;

/** Heap, and buffers outside of it, that an act takes. */
export function allocatedBytes(act: () => void): number {
  const before = getHeapStatistics();
  act();
  const after = getHeapStatistics();
  const heapBytes = after.used_heap_size - before.used_heap_size;
  return heapBytes + after.external_memory - before.external_memory;
}

/** The least that an act takes for an input; only what seems dear is tried more than once. */
export function leastAllocatedBytes(inputBytes: number, act: () => void): number {
  const dear = (HEAP_BYTES_BASE + HEAP_BYTES_PER_BYTE * inputBytes) / 2;
  let least = Infinity;
  for (let tries = 0; least > dear && tries < TRIES; tries++) {
    const bytes = allocatedBytes(act);
    // Less than nothing: there was a collection.
    if (bytes >= 0) least = Math.min(least, bytes);
  }
  return least === Infinity ? 0 : least;
}

/** By how much it is too much for an input of that size; 0 where it is not. */
export function excessBytes(inputBytes: number, allocated: number): number {
  return Math.max(0, allocated - HEAP_BYTES_BASE - HEAP_BYTES_PER_BYTE * inputBytes);
}
