/**
 * How fast the trace is sent. Faults come by the second and by the exchange, so a trace that is sent
 * at once meets few of them. Unless a rate is given, the trace is spread over the time in which the
 * run becomes hard enough, reckoned again and again from what it has met so far.
 */
import { HARD_ENOUGH, HARDNESS_NAMES, type Hardness } from "./hardness.ts";

/** Most messages a second: three processes on two cores keep up with it in both directions. */
export const RATE_MAX = 2_500;
/** The trace is spread over so much at first; most runs need more than half of it. */
const SPREAD_INITIAL_MS = 40_000;
/** What a run has met before this says little about how it goes on. */
const SETTLING_MS = 4_000;
/** The longest spreading; a run that is too easy even then is said to be. */
export const SPREAD_MS_MAX = 180_000;
/** Aims a little beyond what is wanted: counts at the end of a run come more slowly. */
const MARGIN = 1.15;

export interface PaceOptions {
  /** Messages of the trace. */
  readonly total: number;
  /** Messages a second; undefined: as the run needs. */
  readonly rate: number | undefined;
  /** Kinds of hardness that this run can meet: faults that are switched off are not waited for. */
  readonly wanted: ReadonlySet<keyof Hardness>;
}

/** Messages a second from now on. Pure. */
export function pace(
  { total, rate, wanted }: PaceOptions,
  elapsedMs: number,
  sent: number,
  met: Hardness,
): number {
  if (rate !== undefined) return rate;
  const spreadMs = Math.min(spread(wanted, elapsedMs, met), SPREAD_MS_MAX);
  if (spreadMs <= elapsedMs) return RATE_MAX;
  return Math.min(((total - sent) / (spreadMs - elapsedMs)) * 1_000, RATE_MAX);
}

/** How long the run must be to meet what is wanted, if it goes on as it does. */
function spread(wanted: ReadonlySet<keyof Hardness>, elapsedMs: number, met: Hardness): number {
  if (wanted.size === 0) return 0;
  if (elapsedMs < SETTLING_MS) return SPREAD_INITIAL_MS;
  let spreadMs = 0;
  for (const [kind] of HARDNESS_NAMES) {
    if (!wanted.has(kind)) continue;
    spreadMs = Math.max(spreadMs, (elapsedMs * HARD_ENOUGH[kind] * MARGIN) / met[kind]);
  }
  return spreadMs;
}
