/**
 * Random numbers from a seed: xorshift32 (Marsaglia 2003, "Xorshift RNGs", section 4). For
 * jitter only; nothing that must not be guessed comes from here.
 */

/** The number after `state`; both are 1 to 2^32 - 1. */
export function jitter(state: number): number {
  let next = state | 0;
  next ^= next << 13;
  next ^= next >>> 17;
  next ^= next << 5;
  return next >>> 0;
}

/** A state from bytes of any length. */
export function seedFrom(bytes: Uint8Array): number {
  let seed = 0x9e3779b9;
  for (const byte of bytes) seed = Math.imul(seed ^ byte, 0x01000193);
  return (seed | 1) >>> 0;
}
