/**
 * The rate of the checksum, as it is in a process that has hashed short and odd things before.
 *
 * As one function, the same code ran at a third of its rate or in full depending on what it had
 * hashed before it was optimised; in two functions it does not. This is the guard against that
 * coming back, so it hashes mixed lengths first and must run before everything else.
 */
import { xxh32 } from "../src/core/checksum.ts";
import { type Spread, spread } from "./statistics.ts";

export interface ChecksumRate {
  /** Gigabytes (1e9) a second; one value for each offset. */
  readonly rate: Spread;
  /** Keeps the work from being optimised away. */
  readonly sum: number;
}

const BYTES = 262_144;
const OFFSETS = [1, 3, 5, 7, 9, 11, 13, 15];
const MIXED = 4_000;
const REPETITIONS = 40;

export function measureChecksum(): ChecksumRate {
  const bytes = new Uint8Array(BYTES + 16).map((_, at) => Math.imul(at, 0x9e37_79b1) >>> 24);
  let sum = 0;
  for (let call = 0; call < MIXED; call++) {
    const start = call % 13;
    sum ^= xxh32(bytes, start, start + ((call * 37) % 700), call);
  }
  const rates = OFFSETS.map((offset) => {
    const times: number[] = [];
    for (let repetition = 0; repetition < REPETITIONS; repetition++) {
      const startedMs = performance.now();
      sum ^= xxh32(bytes, offset, offset + BYTES, repetition);
      times.push(performance.now() - startedMs);
    }
    return BYTES / 1e6 / spread(times).median;
  });
  return { rate: spread(rates), sum };
}
