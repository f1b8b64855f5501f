/** Exhaustive exploration of a pair of cores. */
export * from "./explorer.ts";
export { describe, fingerprint } from "./fingerprint.ts";
export type { Fingerprint } from "./print.ts";
export { type Broken, type Found, type Level, Search, type Space } from "./search.ts";
