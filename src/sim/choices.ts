/**
 * Where chance enters a simulation, and the only place where it does: whoever has to decide asks
 * `pick`. So a run is repeated by its seed, cut down by its steps, and explored by trying them all.
 */

import { invalid } from "./option-checks.ts";

/** Decides: the only source of chance. */
export interface Choices {
  /**
   * One of `count` possibilities, 0 to `count - 1`; 0 is the harmless one.
   *
   * @param label what is decided, with what it is about: "answer 3 is lost".
   * @param permille how often, of a thousand times, it is to be another than 0. It is for those who
   *   roll dice; left out, all possibilities are equally likely.
   */
  pick(count: number, label: string, permille?: number): number;
}

/** One decision that was taken. */
export interface Picked {
  /** What was decided. */
  readonly label: string;
  /** How many possibilities there were. */
  readonly count: number;
  /** Which one it was. */
  readonly value: number;
}

/** Nothing ever goes wrong. */
export const HARMLESS: Choices = { pick: () => 0 };

const PERMILLE = 1_000;

/** Decides by a seed: mulberry32 (Tommy Ettinger, public domain), good enough for faults. */
export function seeded(seed: number): Choices {
  let state = seed >>> 0;
  function below(count: number): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count);
  }
  return {
    pick(count: number, _label: string, permille?: number): number {
      if (permille === undefined) return below(count);
      if (count < 2 || below(PERMILLE) >= permille) return 0;
      return 1 + below(count - 1);
    },
  };
}

/**
 * Decides as was decided before. Beyond the tape's end, or where the tape asks for more than there
 * is, the choice is harmless: so a tape can be shortened and still be played.
 */
export function fromTape(tape: readonly number[]): Choices {
  let position = 0;
  return {
    pick(count: number): number {
      const value = tape[position++] ?? 0;
      return value < count ? value : 0;
    },
  };
}

/** Writes down what another decides. */
export class RecordedChoices implements Choices {
  /** What was decided so far. */
  readonly picked: Picked[] = [];
  private readonly inner: Choices;

  /** `inner` decides; this writes down what. */
  constructor(inner: Choices) {
    this.inner = inner;
  }

  /** What `fromTape` plays. */
  get tape(): number[] {
    return this.picked.map((each) => each.value);
  }

  /** @throws UsageError `option_invalid` when the other's answer is none of those there are. */
  pick(count: number, label: string, permille?: number): number {
    const value = this.inner.pick(count, label, permille);
    if (!Number.isSafeInteger(value) || value < 0 || value >= count) {
      const range = `an integer from 0 to ${count - 1}`;
      throw invalid(value, `the answer to ${JSON.stringify(label)}`, range);
    }
    this.picked.push({ label, count, value });
    return value;
  }
}
