// The configurations that are explored to their end. Clocks are freed from arithmetic: all waits
// have bounds that coincide, so that two states that differ in an estimate only are the same.

import type { Command, PairOptions } from "../../src/sim/index.ts";

const DAY_MS = 86_400_000;
const WAITS = {
  rtoInitialMs: 900,
  rtoMinMs: 900,
  rtoMaxMs: 900,
  holdTimeMs: 2_000,
  bodyBytesInitial: 4_096,
  silenceLimitMs: DAY_MS,
  closeTimeoutMs: DAY_MS,
};
const ONE_CHANNEL = {
  parkedMax: 1,
  channelsMax: 0,
  windowMessages: 256,
  channelUnits: 256,
  windowBytes: 16_384,
  channelBytes: 16_384,
};
const RETRIES = { carriersMax: 1, reconnectDelayMinMs: 100, reconnectDelayMaxMs: 100 };
const SEND: Command = { kind: "send", bytes: 8 };
const CLOSE: Command = { kind: "close" };

/** What may go wrong, and how often. */
export interface Budgets {
  readonly losses: number;
  readonly duplicates: number;
  /** Timers that fire before what is on its way arrives. */
  readonly hurries: number;
}

function options(script: readonly Command[], budgets: Budgets, special: object): PairOptions {
  const both = { ...WAITS, ...ONE_CHANNEL, ...special };
  return {
    client: { ...both, ...RETRIES },
    // Less than the initial grant; no script sends more than is allowed.
    server: { ...both, earlyMessages: false },
    clientScript: script,
    serverScript: script,
    clockStepMs: 500,
    timersExcluded: ["silence", "close", "tombstone"],
    ...budgets,
  };
}

function sends(count: number): Command[] {
  return Array.from({ length: count }, () => SEND);
}

/** Each side sends so many messages. */
export function messagesEachWay(count: number, budgets: Budgets): PairOptions {
  return options(sends(count), budgets, {});
}

/**
 * The same with windows of so many messages and consumption by the application: whoever forgets to
 * say or to ask for credit stands still for ever.
 */
export function tinyWindows(count: number, windowMessages: number, budgets: Budgets): PairOptions {
  const tiny = { windowMessages, channelUnits: windowMessages, consume: "explicit" };
  const made = options(sends(count), budgets, tiny);
  return { ...made, client: { ...made.client, earlyMessages: false } };
}

/** Each side sends one message and closes. */
export function bothClose(budgets: Budgets): PairOptions {
  return options([SEND, CLOSE], budgets, {});
}
