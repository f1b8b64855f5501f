/**
 * Fingerprints, made while walking through a state: numbers are mixed into a hash as they come, and
 * no text is made of them. What is said about exchanges is kept aside, as it depends on which
 * others still matter: it is mixed in once these are known.
 */

/** Bits of two words in which two states that count as the same agree. */
export interface Fingerprint {
  /** 32 of them. */
  readonly low: number;
  /** And 32 more. */
  readonly high: number;
}

const LOW_SEED = 0x2545f491;
const HIGH_SEED = 0x6c078965;
const LOW_FACTOR = 0x9e3779b1;
const HIGH_FACTOR = 0x85ebca77;
/** What is said of exchanges: the kind, how many numbers follow, and these. */
const RANK = 1;
const THROUGH = 2;
const MEMBERS = 3;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** Mixes numbers into two words. XXH32's multipliers; each word is spread at the end. */
export class Mixer {
  low: number = LOW_SEED;
  high: number = HIGH_SEED;

  /** A word of 32 bits. */
  word(word: number): void {
    const low = Math.imul(this.low ^ word, LOW_FACTOR);
    this.low = (low << 13) | (low >>> 19);
    const high = Math.imul(this.high + word, HIGH_FACTOR);
    this.high = high ^ (high >>> 15);
  }

  /** Any number. */
  number(value: number): void {
    double[0] = value;
    this.word(words[0] as number);
    this.word(words[1] as number);
  }

  /** The words, spread so that every bit depends on every other. */
  get result(): Fingerprint {
    const low = spread(this.low ^ Math.imul(this.high, HIGH_FACTOR));
    const high = spread(this.high ^ Math.imul(this.low, LOW_FACTOR) ^ low);
    return { low, high };
  }
}

/** MurmurHash3's finaliser (Austin Appleby, public domain). */
function spread(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** A part of a state: its hash, and what it says of exchanges. */
export interface Print {
  readonly fixed: Fingerprint;
  /** Sentences about exchanges one after the other: kind, count, numbers. */
  readonly said: readonly number[];
  /** Connections to which something may still happen for what this part knows; ascending. */
  readonly live: readonly number[];
  /** Equal only where names are the same too. */
  readonly exact: Fingerprint;
}

/** Takes the print of a part of a state. */
export class Recorder {
  private readonly mixer: Mixer = new Mixer();
  private readonly names: Mixer = new Mixer();
  private readonly said: number[] = [];
  private readonly live: Set<number> = new Set();
  /** What was said, for people; undefined: nobody wants to read it. */
  readonly texts: string[] | undefined;
  /** Added to exchange numbers: each life of the client numbers from 1. */
  base = 0;

  constructor(texts?: string[]) {
    this.texts = texts;
  }

  number(value: number): void {
    this.mixer.number(value);
    this.texts?.push(String(value));
  }

  text(value: string): void {
    this.mixer.word(value.length);
    for (let at = 0; at < value.length; at++) this.mixer.word(value.charCodeAt(at));
    this.texts?.push(value);
  }

  /** A number that is a name. */
  name(value: number): void {
    this.names.number(value);
  }

  /** The exchange matters, and where it stands among others is all that matters of its number. */
  rank(exchange: number): void {
    this.say(RANK, [exchange]);
  }

  /** All exchanges up to this one are meant. */
  through(exchange: number): void {
    this.say(THROUGH, [exchange]);
  }

  /** Exchanges in ranges are meant. */
  members(ranges: readonly number[]): void {
    this.say(MEMBERS, ranges);
  }

  /** Something may still happen to the exchange. */
  keep(exchange: number): void {
    this.live.add(this.base + exchange);
  }

  get print(): Print {
    const { said, mixer, names } = this;
    const fixed = mixer.result;
    names.word(fixed.low);
    names.word(fixed.high);
    for (const number of said) names.number(number);
    const live = [...this.live].toSorted((left, right) => left - right);
    return { fixed, said, live, exact: names.result };
  }

  private say(kind: number, numbers: readonly number[]): void {
    this.said.push(kind, numbers.length);
    for (const number of numbers) this.said.push(this.base + number);
    // Where it stands among all else.
    this.mixer.word(kind);
    this.texts?.push(`${"?=<e"[kind]}${numbers.join(",")}`);
  }
}

/**
 * Mixes in what a part says, now that it is known which exchanges matter. `base` is added to the
 * exchanges of a body: each life of the client numbers from 1.
 */
export function mixPrint(mixer: Mixer, print: Print, live: readonly number[], base = 0): void {
  mixer.word(print.fixed.low);
  mixer.word(print.fixed.high);
  const { said } = print;
  for (let at = 0; at < said.length;) {
    const kind = said[at] as number;
    const end = at + 2 + (said[at + 1] as number);
    if (kind === MEMBERS) {
      mixer.word(membersAmong(said, at + 2, end, live, base));
    } else {
      const rank = rankAmong(base + (said[at + 2] as number), live);
      // Which ones lie up to it, whether or not it is one of them.
      mixer.word(kind === THROUGH ? (rank + 1) >> 1 : rank);
    }
    at = end;
  }
}

/** Twice how many lie below, and one more when it is among them. */
export function rankAmong(number: number, live: readonly number[]): number {
  let below = 0;
  while (below < live.length && (live[below] as number) < number) below++;
  return below * 2 + (live[below] === number ? 1 : 0);
}

/** A bit for each that is in the ranges; the number of live exchanges is far below 32. */
function membersAmong(
  said: readonly number[],
  from: number,
  end: number,
  live: readonly number[],
  base: number,
): number {
  if (live.length > 31) throw new Error("more exchanges matter than there are bits");
  let bits = 1;
  for (const connection of live) {
    const number = connection - base;
    let isIn = 0;
    for (let at = from; at < end && isIn === 0; at += 2) {
      if (number >= (said[at] as number) && number <= (said[at + 1] as number)) isIn = 1;
    }
    bits = (bits << 1) | isIn;
  }
  return bits;
}

/** The numbers of several ascending lists, each once and ascending. */
export function union(lists: readonly (readonly number[])[]): number[] {
  const all: number[] = [];
  for (const list of lists) {
    for (const number of list) {
      let at = all.length;
      while (at > 0 && (all[at - 1] as number) > number) at--;
      if (at === 0 || all[at - 1] !== number) all.splice(at, 0, number);
    }
  }
  return all;
}
