/** The simulation: a faulty HTTP, a pair of cores on it, checks of the promises, an explorer. */
export type { ActorMark } from "./actors.ts";
export * from "./applications.ts";
export * from "./choices.ts";
export * from "./connected-cores.ts";
export * from "./cores.ts";
export * from "./explore/index.ts";
export * from "./fork.ts";
export * from "./http.ts";
export * from "./invariants.ts";
export * from "./mortal-pair.ts";
export * from "./network/index.ts";
export type { PairOptions } from "./pair-options.ts";
export * from "./pair.ts";
export * from "./payloads.ts";
export type { PipeActions, PipeMark } from "./pipe-driver.ts";
export * from "./pipe-options.ts";
export * from "./pipes.ts";
export * from "./play.ts";
export {
  type CheckOptions,
  checkScenario,
  type CheckSummary,
  exploreScenario,
  type ExploreScenarioOptions,
  type ExploreScenarioSummary,
  type PlayedBy,
  playScenario,
  type RunOptions,
} from "./scenario/check.ts";
export { type Charted, type ChartLimits, drawChart } from "./scenario/chart.ts";
export {
  describePlay,
  type FailureOptions,
  type ReplayFacts,
  ScenarioFailure,
} from "./scenario/failure.ts";
export type { ShrinkLimits } from "./scenario/shrink.ts";
export {
  checkSteps,
  formatSteps,
  type LabelledStep,
  labelledStepsOf,
  parseSteps,
  SteppedChoices,
} from "./scenario/steps.ts";
export * from "./presets.ts";
export type { ServerHostMark } from "./server-hosting.ts";
export {
  type ChannelActions,
  drawOptions,
  type HostEvents,
  NO_HOST_EVENTS,
  PLAIN_SERVER_HOST,
  type ServerHost,
  type SimulationOptions,
} from "./simulation-options.ts";
export * from "./simulation.ts";
export * from "./steps.ts";
