/**
 * The message of a replay, the same in both directions: a transaction of the trace with its place
 * in it. The place lets the ledgers count without trusting the library's own numbers.
 */
import type { Patch } from "./document.ts";

export interface Change {
  readonly place: number;
  readonly patches: readonly Patch[];
}

/** What arrives was decoded from bytes, and is looked at before it is believed. */
export function isChange(value: unknown): value is Change {
  if (typeof value !== "object" || value === null) return false;
  const { place, patches } = value as Partial<Record<keyof Change, unknown>>;
  return Number.isSafeInteger(place) && Array.isArray(patches) && patches.every(isPatch);
}

export function isPatch(value: unknown): value is Patch {
  return (
    Array.isArray(value) &&
    value.length === 3 &&
    typeof value[0] === "number" &&
    typeof value[1] === "number" &&
    typeof value[2] === "string"
  );
}
