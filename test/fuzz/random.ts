// Chance from a seed: the same numbers on every machine. Each input has a generator of its own, so
// that it can be made again without those before it.

import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

/** Those of seeds that are near each other are alike at first. */
const ROUNDS_SKIPPED = 12;

export class Random {
  private readonly generator: ReturnType<typeof xoroshiro128plusFromState>;

  constructor(seed: number, stream: number) {
    // Never all zeros, from which nothing else would follow.
    const state = [-1, Math.floor(stream / 0x1_0000_0000) | 0, stream | 0, seed | 0];
    this.generator = xoroshiro128plusFromState(state);
    for (let round = 0; round < ROUNDS_SKIPPED; round++) this.generator.next();
  }

  /** 32 bits. */
  next(): number {
    return this.generator.next() >>> 0;
  }

  /** A number from 0 to `count - 1`; 0 where there is nothing to choose from. */
  below(count: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * count);
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<Value>(values: readonly Value[]): Value {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new Error("nothing to pick from");
    return value;
  }
}
