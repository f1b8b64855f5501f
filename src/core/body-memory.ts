/**
 * Memory of large bodies, used again. A fresh array of half a megabyte costs a fault for each of its
 * pages, by which a message of 1 KiB took a quarter longer. So an adapter that knows that a body has
 * left gives it back, and a later one is written there. Who gives nothing back loses nothing but this.
 */

/** Smaller bodies are not worth it. */
const BYTES_MIN = 65_536;

/** Memory comes in multiples of it, as hardly two bodies are equally long. */
const STEP_BYTES = 65_536;

/** What is kept at most: bodies of the default size (512 KiB) that a process has on its way. */
const KEPT_MAX = 8;
const KEPT_BYTES_MAX = 1_048_576;

const kept: Uint8Array[] = [];

/** In which memory a body lies that was not given back. */
const memories: WeakMap<Uint8Array, Uint8Array> = new WeakMap();

/** For a body of at most so many bytes; what stands in it is left of another one. */
export function memoryFor(bytes: number): Uint8Array {
  if (bytes < BYTES_MIN) return new Uint8Array(bytes);
  // Not much larger: who does not read his bodies must not make others keep memory.
  const at = kept.findIndex(({ length }) => length >= bytes && length <= 2 * bytes);
  const [memory] = at < 0 ? [] : kept.splice(at, 1);
  return memory ?? new Uint8Array(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
}

/** The body that was written there. */
export function bodyIn(memory: Uint8Array, start: number, end: number): Uint8Array {
  const body = memory.subarray(start, end);
  if (memory.length >= BYTES_MIN) memories.set(body, memory);
  return body;
}

/**
 * What an adapter calls when a body that a core has made was carried, and nobody reads it any more:
 * with nothing, or with an error, and then it is not used again. Undefined for bodies that are not
 * worth it. Repeated: without effect.
 */
export function whenCarried(body: Uint8Array): ((error?: Error | null) => void) | undefined {
  const memory = memories.get(body);
  if (memory === undefined) return undefined;
  return (error) => {
    if (error || !memories.delete(body)) return;
    if (memory.length <= KEPT_BYTES_MAX && kept.length < KEPT_MAX) kept.push(memory);
  };
}
