// Every truncation and a change of every byte of every committed vector, as it is and with length
// and checksum made right again; which values a byte takes is said at `sweep`, and how many bytes
// take only a part of them is counted. No chance: the same inputs each time.

import type { Counterexample } from "./campaign.ts";
import type { Target } from "./cases.ts";
import { committedVectors, type Vector } from "./corpus.ts";
import { describe, isSameBytes, judgeBody, judgeVersions, type Readers, READERS } from "./judge.ts";
import { reseal } from "./shape.ts";

/** Which values a byte is changed to. */
export type Values = "all" | "some";

export interface Sweep {
  readonly vectors: number;
  readonly bytes: number;
  /** Of these, the vectors above `SMALL_BYTES`, whose bytes take fewer values. */
  readonly large: { readonly vectors: number; readonly bytes: number };
  readonly inputs: number;
  /** How often each came out: "body", or a code. */
  readonly results: ReadonlyMap<string, number>;
  /** With it the sweep ends. */
  readonly counterexample: Counterexample | undefined;
}

export interface SweepOptions {
  readonly readers?: Readers;
  /** Told before each input. */
  readonly onInput?: (target: Target, bytes: Uint8Array, inputs: number) => void;
}

/** Where the forms of integers, the types of frames and the heads of bodies change. */
const EDGES: readonly number[] = [
  0, 1, 2, 0x10, 0x1f, 0x20, 0x25, 0x26, 0x30, 0x37, 0x38, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff,
];
const BITS: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128];
const ALL: readonly number[] = Array.from({ length: 256 }, (_, value) => value);
/** Above it a vector is nearly all payload, which is never looked at. */
export const SMALL_BYTES = 300;
/** How many values a byte takes there where all are wanted: the edges, and a flip of each bit. */
export const LARGE_VALUES_MAX: number = EDGES.length + BITS.length;

/**
 * Judges them all. A byte takes, of a vector up to `SMALL_BYTES`, all 255 other values ("all"), or
 * the flips of each bit and the edges ("some"); of a larger one the flips and the edges ("all"), or
 * the flip of one bit ("some").
 */
export function sweep(values: Values, options: SweepOptions = {}): Sweep {
  const { readers = READERS, onInput } = options;
  const results = new Map<string, number>();
  let inputs = 0;
  let counterexample: Counterexample | undefined;
  const vectors = committedVectors();
  const traceLimit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    for (const [at, vector] of vectors.entries()) {
      forEachChange(vector, values, (bytes) => {
        if (counterexample !== undefined) return;
        const { reader: target, name } = vector;
        onInput?.(target, bytes, inputs);
        inputs++;
        const kept = bytes.slice();
        try {
          const { result } = (target === "body" ? judgeBody : judgeVersions)(bytes, readers);
          results.set(result, (results.get(result) ?? 0) + 1);
        } catch (error) {
          const what = describe(error);
          counterexample = { what, caseNumber: at, target, story: [name], bodies: [kept] };
        }
      });
    }
  } finally {
    Error.stackTraceLimit = traceLimit;
  }
  const large = vectors.filter(({ bytes }) => bytes.length > SMALL_BYTES);
  return {
    vectors: vectors.length,
    bytes: bytesOf(vectors),
    large: { vectors: large.length, bytes: bytesOf(large) },
    inputs,
    results,
    counterexample,
  };
}

function bytesOf(vectors: readonly Vector[]): number {
  return vectors.reduce((total, { bytes }) => total + bytes.length, 0);
}

function forEachChange(
  vector: Vector,
  values: Values,
  judgeOne: (bytes: Uint8Array) => void,
): void {
  const { bytes: original, reader } = vector;
  const judge = (bytes: Uint8Array): void => {
    judgeOne(bytes);
    const sealed = reader === "body" ? reseal(bytes) : bytes;
    if (!isSameBytes(sealed, bytes)) judgeOne(sealed);
  };
  for (let end = 0; end <= original.length; end++) {
    judge(original.slice(0, end));
  }
  const bytes = original.slice();
  for (let at = 0; at < bytes.length; at++) {
    const before = original[at] as number;
    for (const value of valuesFor(before, at, values, original.length)) {
      if (value === before) continue;
      bytes[at] = value;
      judge(bytes);
    }
    bytes[at] = before;
  }
}

function valuesFor(
  before: number,
  at: number,
  values: Values,
  vectorBytes: number,
): ReadonlySet<number> | readonly number[] {
  const isSmall = vectorBytes <= SMALL_BYTES;
  if (isSmall && values === "all") return ALL;
  if (!isSmall && values === "some") return [before ^ (BITS[at % 8] as number)];
  return new Set([...EDGES, ...BITS.map((bit) => before ^ bit)]);
}
