/**
 * Memory of large bodies, used again. A fresh array of half a megabyte costs a fault for each of its
 * pages, so an adapter that knows that a body has left gives its memory back, and a later one is
 * written there. Where no adapter ever does, as in a browser, nothing is kept, nor looked for.
 */

/** Memory comes in multiples of it, as hardly two bodies are equally long. */
const STEP_BYTES = 16_384;

/** Less is not worth it. */
const BYTES_MIN = 65_536;

/** More is a body of somebody's own settings: twice the default size. */
const BYTES_MAX = 1_048_576;

/** As many as a process has on its way. */
const KEPT_MAX = 8;

/** The last one given back is the last, as it may still be in the processor's caches. */
const kept: ArrayBuffer[] = [];

/** Memory that was made here and is some body's now: no other is ever used again. */
const lent: WeakSet<ArrayBufferLike> = new WeakSet();

/** Bodies that were given back: what they lie in may be another's since. */
const givenBack: WeakSet<Uint8Array> = new WeakSet();

let lend: ((bytes: number) => Uint8Array | undefined) | undefined;

/** For a body of at most so many bytes; what stands in it is left of another one. */
export function memoryFor(bytes: number): Uint8Array {
  return lend?.(bytes) ?? new Uint8Array(bytes);
}

function lendKept(bytes: number): Uint8Array | undefined {
  if (bytes > BYTES_MAX || 2 * bytes < BYTES_MIN) return undefined;
  // Not much larger, as who does not read has it for long.
  const fits = ({ byteLength }: ArrayBuffer): boolean =>
    byteLength >= bytes && byteLength <= 2 * bytes;
  const at = kept.findLastIndex(fits);
  const size = Math.max(BYTES_MIN, bytes + STEP_BYTES - (bytes % STEP_BYTES));
  const memory = at < 0 ? new ArrayBuffer(size) : (kept.splice(at, 1)[0] as ArrayBuffer);
  lent.add(memory);
  return new Uint8Array(memory);
}

/**
 * What an adapter calls once nobody reads a body any more: when the system has its bytes, or never.
 * An error says that they were not carried, and then they are left alone. Undefined for a body whose
 * memory is not used again. Called again: without effect.
 */
export function whenCarried(body: Uint8Array): ((error?: Error | null) => void) | undefined {
  // From now on bodies are made so that they can be given back.
  lend = lendKept;
  const { buffer } = body;
  if (!lent.has(buffer) || givenBack.has(body)) return undefined;
  return (error) => {
    if (error || givenBack.has(body) || !lent.delete(buffer)) return;
    givenBack.add(body);
    if (kept.length === KEPT_MAX) kept.shift();
    kept.push(buffer as ArrayBuffer);
  };
}
