/**
 * `holdfast/chaos`: a fault proxy for tests, for HTTP and for raw TCP.
 *
 *     const proxy = await startChaos({ target: "127.0.0.1:8080", loss: 0.05, cutEveryMs: 1000 });
 *     // Talk to proxy.address instead; then look at what it met.
 *     console.log(proxy.seed, proxy.counts);
 *     await proxy.close();
 */
export { COUNT_LABELS } from "./counts.ts";
export type { ChaosCounts, ChaosEvent, CountName } from "./counts.ts";
export { planRequest } from "./dice.ts";
export type { Fate, Plan } from "./dice.ts";
export { ChaosError } from "./errors.ts";
export type { ChaosErrorCode } from "./errors.ts";
export { FAULTS_DEFAULT } from "./faults.ts";
export type { CutBy, FaultOptions, Faults } from "./faults.ts";
export { startChaos } from "./proxy.ts";
export type { ChaosEvents, ChaosOptions, ChaosProxy } from "./proxy.ts";
export {
  formatAddress,
  parseAddress,
  parseDuration,
  parseInterval,
  parseProbability,
} from "./quantities.ts";
export type { Address } from "./quantities.ts";
