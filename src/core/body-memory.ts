/**
 * Memory of large bodies, used again. A fresh array of half a megabyte costs a fault for each of its
 * pages, by which a message of 1 KiB took a quarter longer. So an adapter that knows that a body has
 * left gives it back, and a later one is written there. Who gives nothing back loses nothing but this.
 */

/** Memory comes in multiples of it, as hardly two bodies are equally long. */
const STEP_BYTES = 16_384;

/** Smaller bodies are not worth it. */
const BYTES_MIN = 65_536;

/** What is kept at most: bodies of the default size (512 KiB) that a process has on its way. */
const KEPT_MAX = 8;
const BYTES_MAX = 1_048_576;

const kept: Uint8Array[] = [];

/** Those that were given back: each once, as its memory is another's then. */
const given: WeakSet<Uint8Array> = new WeakSet();

/** For a body of at most so many bytes; what stands in it is left of another one. */
export function memoryFor(bytes: number): Uint8Array {
  const memory = kept.pop();
  // Not much larger, as who does not read has it for long; what does not fit is let go.
  if (memory && memory.length >= bytes && memory.length <= 2 * bytes) return memory;
  return new Uint8Array(bytes + STEP_BYTES - (bytes % STEP_BYTES));
}

/**
 * What an adapter calls when a body that a core has made was carried, and nobody reads it any more:
 * with nothing, or with an error, and then it is not used again. Undefined for bodies that are not
 * worth it. Repeated: without effect.
 */
export function whenCarried(body: Uint8Array): ((error?: Error | null) => void) | undefined {
  // Memory of its own, as every body of a core has.
  const { byteLength } = body.buffer;
  if (byteLength < BYTES_MIN || byteLength > BYTES_MAX || given.has(body)) return undefined;
  return (error) => {
    if (error || given.has(body)) return;
    given.add(body);
    if (kept.length < KEPT_MAX) kept.push(new Uint8Array(body.buffer));
  };
}
