/**
 * What `npm run bench:check` holds: quotients of ours by a peer in the same round.
 *
 * An echo on one processor for both sides is what repeats best. By the medians of three rounds it
 * took, by TCP, 1.4 to 1.8 times as long as without a session, by WebSocket 1.5 to 2.4, and with
 * twice the work done on purpose (test/bench/slowed.ts) 4.0 and 4.2; single rounds went up to 2.3
 * and 3.4. By requests it took 3.6 and 5.1 times as long as by bare TCP, and slowed more than 40.
 * Processor time per message at full rate lay between 2.9 and 5.5 and, slowed, between 7.6 and 14;
 * the greater ones on a busy machine. Rates are what other programs disturb most, so their bounds
 * find no more than a stall.
 */
import { CPU_US, ECHO_TOGETHER, P50_US, type Play, plays, RATE, throughputName } from "./plays.ts";
import { type Target, the } from "./targets.ts";

/** Shorter than for the tables. */
const SHORT = { batchMs: 100, batches: 5, warmUpMs: 0, timedMs: 1_000 };

export const shortPlays: readonly Play[] = plays.map((play) => ({
  ...play,
  parameters: { ...play.parameters, ...SHORT },
  timeoutMs: 20_000,
}));

interface Line {
  readonly play: string;
  readonly contestant: string;
  readonly to: string;
  /** The greatest quotient of processor times per message. */
  readonly processor?: number;
  /** The least quotient of rates. */
  readonly rate?: number;
  /** The greatest quotient of times of an echo. */
  readonly p50?: number;
}

const UP = throughputName(64, "up");
const DOWN = throughputName(64, "down");

const CEILING = "raw TCP, coalesced";

const lines: readonly Line[] = [
  { play: UP, contestant: "holdfast poll", to: CEILING, processor: 7, rate: 0.07 },
  { play: UP, contestant: "holdfast websocket", to: CEILING, processor: 6.5, rate: 0.06 },
  { play: DOWN, contestant: "holdfast stream", to: CEILING, processor: 7.5, rate: 0.06 },
  { play: ECHO_TOGETHER, contestant: "holdfast poll", to: "raw TCP", p50: 7 },
  { play: ECHO_TOGETHER, contestant: "holdfast stream", to: "raw TCP", p50: 9 },
  { play: ECHO_TOGETHER, contestant: "holdfast websocket", to: "ws", p50: 3 },
  { play: ECHO_TOGETHER, contestant: "holdfast tcp", to: "raw TCP", p50: 2.8 },
];

export const bounds: readonly Target[] = lines.flatMap(
  ({ play, contestant, to, processor, rate, p50 }) => {
    const line = { play, contestant, to: the(to) };
    return [
      ...(processor === undefined ? [] : [{ ...line, figure: CPU_US, atMost: processor }]),
      ...(rate === undefined ? [] : [{ ...line, figure: RATE, atLeast: rate }]),
      ...(p50 === undefined ? [] : [{ ...line, figure: P50_US, atMost: p50 }]),
    ];
  },
);
