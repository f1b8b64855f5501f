/** The simulation: a faulty HTTP, a pair of cores on it, checks of the promises, an explorer. */
export * from "./applications.ts";
export * from "./choices.ts";
export * from "./cores.ts";
export * from "./explorer.ts";
export * from "./fingerprint.ts";
export * from "./fork.ts";
export * from "./http.ts";
export * from "./invariants.ts";
export * from "./network/index.ts";
export * from "./pair-options.ts";
export * from "./pair.ts";
export * from "./payloads.ts";
export * from "./play.ts";
export * from "./presets.ts";
export * from "./simulation.ts";
export * from "./steps.ts";
