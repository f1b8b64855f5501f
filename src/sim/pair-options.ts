/** What a pair is made of, what its applications do, and what may go wrong. */
import type { EndpointOptions, RequestOptions, TimerName } from "../core/index.ts";
import type { Command } from "./applications.ts";
import type { PipeKind } from "./pipes.ts";
import {
  checkOptions,
  FLAG,
  integer,
  invalid,
  LIST,
  MS,
  nested,
  OBJECT,
  optional,
  POSITIVE,
  type Rule,
  type Rules,
} from "./option-checks.ts";

/** Cores, applications and faults of a pair. */
export interface PairOptions {
  /** Options of the client's core. */
  readonly client?: Partial<RequestOptions>;
  /** Options of the server's core. */
  readonly server?: Partial<EndpointOptions>;
  /** What the client's application does, in this order, at any time. */
  readonly clientScript?: readonly Command[];
  /** The same at the server. */
  readonly serverScript?: readonly Command[];
  /** How many bodies may be lost. */
  readonly losses?: number;
  /** How many requests may arrive twice. */
  readonly duplicates?: number;
  /**
   * How many timers may fire while something is still on its way, as if the network were slower
   * than the timer; default: any number. Timers that are due already and those that fire while
   * nothing moves are free.
   */
  readonly hurries?: number;
  /** How often the client may be saved and resumed, as by the reload of a page. */
  readonly reloads?: number;
  /** How often the client's host may say that the network is back. */
  readonly wakes?: number;
  /** Pipes that the client may open, one after the other, each at any time. Default: none. */
  readonly pipes?: readonly PipeKind[];
  /** How many pipes may break, of which both sides are told, either, or neither. */
  readonly pipeBreaks?: number;
  /**
   * Timers that `steps` does not offer. Where everything may happen, `silence` and `close` may end
   * a session before it has begun, and `tombstone` may forget one whose opening is still on its
   * way: who looks for what is delivered leaves these three out.
   */
  readonly timersExcluded?: readonly string[];
  /** Timers that have nothing to do with the network: they fire early as often as they like. */
  readonly timersFree?: readonly string[];
  /** False: a tick may end later than the step that began it, so bodies and commands may join. */
  readonly eagerTicks?: boolean;
  /**
   * Milliseconds of which clocks show multiples only: a timer fires at the first that is not before
   * its time. Default 1. With a coarse clock there are few different times, so that all of them can
   * be tried.
   */
  readonly clockStepMs?: number;
  /** What each side's clock shows at the beginning; default: the client 0, the server 1,000,000. */
  readonly clocksStartMs?: { readonly client?: number; readonly server?: number };
}

const CLOCK_RULES: Rules<NonNullable<PairOptions["clocksStartMs"]>> = {
  client: optional(MS),
  server: optional(MS),
};

/** Another name would leave out nothing, without a word. */
const TIMERS: Readonly<Record<TimerName, true>> = {
  transmit: true,
  "ack-delay": true,
  resend: true,
  probe: true,
  expire: true,
  silence: true,
  close: true,
  exchange: true,
  retry: true,
  pipe: true,
  wake: true,
  hold: true,
  delay: true,
  verdict: true,
  tombstone: true,
  none: true,
};

const TIMER_LIST: Rule = (value, name) => {
  LIST(value, name);
  for (const each of value as readonly unknown[]) {
    if (typeof each === "string" && Object.hasOwn(TIMERS, each)) continue;
    throw invalid(each, `a timer of ${name}`, Object.keys(TIMERS).join(", "));
  }
};

const PIPE_KINDS: readonly unknown[] = ["duplex", "stream"] satisfies PipeKind[];

const PIPE_LIST: Rule = (value, name) => {
  LIST(value, name);
  if ((value as readonly unknown[]).every((each) => PIPE_KINDS.includes(each))) return;
  throw invalid(value, name, "a list of duplex and stream");
};

const RULES: Rules<PairOptions> = {
  // The cores look at what is in these.
  client: optional(OBJECT),
  server: optional(OBJECT),
  clientScript: optional(LIST),
  serverScript: optional(LIST),
  losses: optional(integer(0)),
  duplicates: optional(integer(0)),
  hurries: optional(integer(0)),
  reloads: optional(integer(0)),
  wakes: optional(integer(0)),
  pipes: optional(PIPE_LIST),
  pipeBreaks: optional(integer(0)),
  timersExcluded: optional(TIMER_LIST),
  timersFree: optional(TIMER_LIST),
  eagerTicks: optional(FLAG),
  clockStepMs: optional(POSITIVE),
  clocksStartMs: optional(nested(CLOCK_RULES)),
};

/**
 * @internal `name` is where the options stand.
 * @throws UsageError `option_invalid`, `option_unknown`, naming the option.
 */
export function checkPairOptions(options: PairOptions, name = ""): void {
  checkOptions(options, RULES, name);
}
