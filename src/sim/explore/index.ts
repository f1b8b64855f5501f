/** Exhaustive exploration of a pair of cores. */
export * from "./explorer.ts";
export { describe, fingerprint } from "./fingerprint.ts";
