/** Real sessions in the simulated world: for tests of programs that are written against them. */
export { WorldError, type WorldErrorCode } from "./errors.ts";
export { type HazardMark, type Hazards, NO_HAZARDS } from "./hazards.ts";
export type {
  ProcessScope,
  Program,
  SimulatedConnectOptions,
  SimulatedProcess,
} from "./process.ts";
export { SessionWorld, type WorldOptions } from "./world.ts";
