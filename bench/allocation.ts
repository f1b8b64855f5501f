/**
 * Bytes allocated and bytes kept per message, in a process of its own: started by core.bench.ts
 * with `--expose-gc` and a young generation so large that nothing is collected while it counts.
 * Prints one line of JSON.
 */
import { PerformanceObserver } from "node:perf_hooks";
import { makePayloads, Pair, type Way } from "./pair.ts";

/** What this process reports, by message. */
export interface Allocation {
  readonly way: Way;
  readonly bytes: number;
  /** On the heap: what the core and its user's loop make, payloads not counted. */
  readonly heap: number;
  /** Memory of array buffers outside the heap: bodies, and chunks for copied payloads. */
  readonly buffers: number;
  /** Heap and array buffers kept while messages are in flight, payloads included. */
  readonly kept: number;
  /** Collections while counting; anything but 0 makes `heap` too small. */
  readonly collections: number;
}

const gc = globalThis.gc as () => void;
if (typeof gc !== "function") throw new Error("needs --expose-gc");

let collections = 0;
const observer = new PerformanceObserver((list) => {
  collections += list.getEntries().length;
});
observer.observe({ entryTypes: ["gc"] });

const BATCH = 1_000;
/** So many bytes of payload in all: more, and buffers outside the heap cause a collection. */
const COUNTED_BYTES = 4_000_000;
const IN_FLIGHT = 100_000;

async function measure(way: Way, bytes: number): Promise<Allocation> {
  const pair = new Pair();
  for (let warm = 0; warm < 200; warm++) {
    pair.send(way, makePayloads(BATCH, bytes));
    pair.settle();
  }
  const length = Math.ceil(COUNTED_BYTES / bytes / BATCH);
  const batches = Array.from({ length }, () => makePayloads(BATCH, bytes));
  // Twice, as buffers of the first are given back in the background.
  gc();
  await settled();
  gc();
  await settled();
  collections = 0;
  const before = process.memoryUsage();
  for (const batch of batches) {
    pair.send(way, batch);
    pair.settle();
  }
  const after = process.memoryUsage();
  await settled();
  const counted = collections;
  pair.verify(way, bytes);
  const messages = BATCH * length;
  return {
    way,
    bytes,
    heap: (after.heapUsed - before.heapUsed) / messages,
    buffers: (after.arrayBuffers - before.arrayBuffers) / messages,
    kept: measureKept(way, bytes),
    collections: counted,
  };
}

/** Memory of one message that was sent and is not yet held: mostly the sender's. */
function measureKept(way: Way, bytes: number): number {
  const pair = new Pair({ lag: IN_FLIGHT });
  gc();
  const before = process.memoryUsage();
  for (let sent = 0; sent < IN_FLIGHT; sent += BATCH) {
    pair.send(way, makePayloads(BATCH, bytes));
    pair.settle();
  }
  gc();
  const after = process.memoryUsage();
  const grown = after.heapUsed - before.heapUsed + (after.arrayBuffers - before.arrayBuffers);
  pair.verify(way, bytes);
  return grown / IN_FLIGHT;
}

/** Entries of the observer come in a later turn of the event loop. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}

const results: Allocation[] = [];
for (const bytes of [64, 1_024]) {
  for (const way of ["up", "down"] as const) results.push(await measure(way, bytes));
}
observer.disconnect();
process.stdout.write(`${JSON.stringify(results)}\n`);
