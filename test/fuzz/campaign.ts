// Case after case from one seed, until one shows something or all are done; then what was met. A
// run that has not met an error of the list has not looked everywhere, and fails.

import { readFileSync } from "node:fs";
import { ProtocolError } from "../../src/core/errors.ts";
import { toHex } from "../vectors/hex.ts";
import { HEAP_BYTES_BASE } from "./allocation.ts";
import { type Case, caseOf, Corpora, type Target, TARGETS, tryBodies } from "./cases.ts";
import { describe, type Readers, READERS } from "./judge.ts";
import { shrink } from "./shrink.ts";

export interface Campaign {
  readonly seed: number;
  /** How many bodies at least. */
  readonly inputs: number;
  /** Told before each case, so that what hangs can be named. */
  readonly onCase?: (target: Target, bodies: readonly Uint8Array[], inputs: number) => void;
  readonly readers?: Readers;
}

/** What was found. */
export interface Counterexample {
  readonly what: string;
  readonly caseNumber: number;
  readonly target: Target;
  /** Of each body: where it begins, and what was changed. */
  readonly story: readonly string[];
  readonly bodies: readonly Uint8Array[];
}

export interface Report {
  readonly seed: number;
  readonly cases: number;
  /** Bodies by target. */
  readonly inputs: ReadonlyMap<Target, number>;
  /** How often each came out of the readers: "body", or a code. */
  readonly results: ReadonlyMap<string, number>;
  /** Of the bodies accepted: those which the writer writes in the same bytes. */
  readonly sameCount: number;
  /** Codes of all errors made, in the live sides too. */
  readonly codesMet: ReadonlySet<string>;
  readonly codesMissing: readonly string[];
  /** The dearest body for its size, beyond the constant. */
  readonly deepest: { readonly allocatedBytes: number; readonly inputBytes: number };
  /** The largest body. */
  readonly largestBytes: number;
  readonly counterexample: Counterexample | undefined;
}

/** Every code that a peer's bytes can bring about. */
export function allCodes(): string[] {
  const source = readFileSync(new URL("../../src/core/errors.ts", import.meta.url), "utf8");
  const union = /type ProtocolErrorCode =([^;]*);/.exec(source)?.[1] ?? "";
  const codes = Array.from(union.matchAll(/"([a-z_]+)"/g), ([, code]) => code as string);
  if (codes.length < 20) throw new Error("the codes are no longer where they were");
  return codes;
}

/** Runs one. What is found is made small; the result of a seed is always the same. */
export function run({ seed, inputs, onCase, readers = READERS }: Campaign): Report {
  const corpora = new Corpora();
  const counts = new Map<Target, number>(TARGETS.map((target) => [target, 0]));
  const results = new Map<string, number>();
  const codesMet = new Set<string>();
  let sameCount = 0;
  let largestBytes = 0;
  let deepest = { allocatedBytes: 0, inputBytes: 0 };
  let depth = 0;
  let done = 0;
  let number = 0;
  let counterexample: Counterexample | undefined;
  const stop = watchErrors(codesMet);
  const traceLimit = Error.stackTraceLimit;
  // Most errors are expected, and to write down where each was thrown takes most of the time.
  Error.stackTraceLimit = 0;
  try {
    for (; done < inputs && counterexample === undefined; number++) {
      const tried = caseOf(seed, number, corpora);
      const { target } = tried;
      const bodies = corpora.bodiesOf(tried);
      onCase?.(target, bodies, done);
      done += bodies.length;
      counts.set(target, (counts.get(target) as number) + bodies.length);
      try {
        for (const [at, outcome] of tryBodies(target, bodies, readers).entries()) {
          const { result, isSame, allocatedBytes } = outcome;
          results.set(result, (results.get(result) ?? 0) + 1);
          if (isSame) sameCount++;
          const inputBytes = (bodies[at] as Uint8Array).length;
          largestBytes = Math.max(largestBytes, inputBytes);
          const multiple = (allocatedBytes - HEAP_BYTES_BASE) / Math.max(1, inputBytes);
          if (multiple <= depth) continue;
          depth = multiple;
          deepest = { allocatedBytes, inputBytes };
        }
      } catch (error) {
        counterexample = tell(shrink(tried, corpora, readers), number, corpora, readers, error);
      }
    }
  } finally {
    Error.stackTraceLimit = traceLimit;
    stop();
  }
  const codesMissing = allCodes().filter((code) => !codesMet.has(code));
  return {
    seed,
    cases: number,
    inputs: counts,
    results,
    sameCount,
    codesMet,
    codesMissing,
    deepest,
    largestBytes,
    counterexample,
  };
}

/** A body without bytes, where others are their hexadecimal digits: a gap is no body. */
export const EMPTY_BODY = "empty";

/** The command that repeats what was found. */
export function replayCommand(target: Target, bodies: readonly Uint8Array[]): string {
  const list = bodies.map((body) => (body.length === 0 ? EMPTY_BODY : toHex(body)));
  return `npm run fuzz -- --replay ${target}:${list.join(",")}`;
}

function tell(
  small: Case,
  caseNumber: number,
  corpora: Corpora,
  readers: Readers,
  first: unknown,
): Counterexample {
  const { target, inputs } = small;
  const story = inputs.map(({ base, changes }) => {
    const begins = corpora.basesOf(target)[base]?.name ?? "";
    return [begins, ...changes.map(({ name }) => name)].join("; ");
  });
  let what = describe(first);
  try {
    tryBodies(target, corpora.bodiesOf(small), readers);
  } catch (error) {
    what = describe(error);
  }
  // Not those that were tried: a bug may have changed them.
  return { what, caseNumber, target, story, bodies: corpora.bodiesOf(small) };
}

/** Notes the code of every ProtocolError that is made, also where it is handled inside. */
function watchErrors(codes: Set<string>): () => void {
  function Watched(this: unknown, code: string): object {
    codes.add(code);
    return Reflect.construct(Error, [code], ProtocolError) as object;
  }
  Watched.prototype = Error.prototype;
  // `super(code)` calls whatever is the parent at that time.
  Object.setPrototypeOf(ProtocolError, Watched);
  return () => Object.setPrototypeOf(ProtocolError, Error);
}
