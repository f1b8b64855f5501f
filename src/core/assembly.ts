/**
 * Putting a large message together from its parts. Nothing is allocated from a declared size:
 * parts are kept as they come, with the body that brought them where they are most of it, and
 * joined when the last is there. spec 4.7.
 */
import type { PartFrame } from "./body.ts";
import { assert } from "./errors.ts";
import { Ranges } from "./ranges.ts";
import { NO_KEY } from "./send-ring.ts";

/** A large message under assembly. Its declared size is reserved, not allocated [PART-4]. */
export interface Assembly {
  readonly key: number;
  readonly totalBytes: number;
  /** Parts by their offset. */
  readonly parts: Map<number, Uint8Array>;
  /** Which bytes have arrived, counted from 1. */
  readonly covered: Ranges;
  receivedBytes: number;
  /** Seqs of the parts. */
  readonly seqs: Ranges;
}

/** An assembly for the message of which this is a part, still empty. */
export function beginAssembly(part: PartFrame): Assembly {
  return {
    key: part.key ?? NO_KEY,
    totalBytes: part.totalBytes,
    parts: new Map(),
    covered: new Ranges(),
    receivedBytes: 0,
    seqs: new Ranges(),
  };
}

/** Whether a part fits the others: same message, no byte twice. */
export function agrees(assembly: Assembly, part: PartFrame): boolean {
  if (assembly.totalBytes !== part.totalBytes) return false;
  if (assembly.key !== (part.key ?? NO_KEY)) return false;
  return !assembly.covered.overlaps(part.offset + 1, part.offset + part.payload.length);
}

/** Whether all bytes have arrived. */
export function isWhole(assembly: Assembly): boolean {
  return assembly.receivedBytes === assembly.totalBytes;
}

/** Adds a part that agrees; true when the message is whole. */
export function addPart(assembly: Assembly, part: PartFrame): boolean {
  const bytes = part.payload.length;
  assert(bytes > 0 && part.offset + bytes <= assembly.totalBytes, "part_outside_message");
  assembly.parts.set(part.offset, part.payload);
  assembly.covered.add(part.offset + 1, part.offset + bytes);
  assembly.receivedBytes += bytes;
  assembly.seqs.add(part.seq, part.seq);
  return isWhole(assembly);
}

/** Copies the parts that one body has brought, unless they are at least half of it. */
export function ownParts(assembly: Assembly, brought: readonly PartFrame[]): void {
  // Others had come before.
  const kept = brought.filter(({ offset, payload }) => assembly.parts.get(offset) === payload);
  const bytes = kept.reduce((sum, { payload }) => sum + payload.length, 0);
  for (const { offset, payload } of kept) {
    if (bytes * 2 < payload.buffer.byteLength) assembly.parts.set(offset, payload.slice());
  }
}

/** The message of an assembly that is whole. */
export function joinParts(assembly: Assembly): Uint8Array {
  assert(isWhole(assembly), "join_of_incomplete_message");
  const whole = new Uint8Array(assembly.totalBytes);
  for (const [offset, part] of assembly.parts) whole.set(part, offset);
  return whole;
}
