/**
 * `holdfast/chaos`: a fault proxy for tests, for HTTP and for raw TCP.
 *
 *     const proxy = await startChaos({ target: "127.0.0.1:8080", loss: 0.05, cutEveryMs: 1000 });
 *     // Talk to proxy.address instead; then look at what it met.
 *     console.log(proxy.seed, proxy.counts);
 *     await proxy.close();
 *
 * HTTP mode speaks plain HTTP/1.1 to its target and knows requests and responses; trailers and
 * informational responses are not passed on. TCP mode (`tcp: true`) passes anything, TLS included,
 * and has the faults that need no requests. `set` changes faults while it runs, `on("counted")`
 * tells of each thing as it happens, and `planRequest(seed, n, faults)` says what the n-th request
 * will meet. Bounds: limits.ts.
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
