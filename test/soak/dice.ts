/** Decisions from a seed. What they meet is another matter: real sockets keep their own time. */
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

export class Dice {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
  }

  /** From 0 to 1, without 1. */
  fraction(): number {
    return uniformFloat64(this.#generator);
  }

  hits(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** Both bounds included. */
  integer(least: number, most: number): number {
    return uniformInt(this.#generator, least, most);
  }

  oneOf<Item>(items: readonly Item[]): Item {
    return items[this.integer(0, items.length - 1)] as Item;
  }

  shuffled<Item>(items: readonly Item[]): Item[] {
    const places = items.map((item) => ({ item, at: this.fraction() }));
    return places.toSorted((one, other) => one.at - other.at).map(({ item }) => item);
  }

  /** For another generator. */
  seed(): number {
    return this.integer(0, 0x7fff_ffff);
  }
}
