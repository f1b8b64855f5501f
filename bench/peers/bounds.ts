/**
 * What `npm run bench:check` holds: quotients of ours by a peer in the same round.
 *
 * Processor time per message is what finds a slowdown, as other programs on the machine add least to
 * it. Its bounds lie between what was measured on a busy machine, 2.6 to 5.0, and what the same gave
 * with twice the work planted, 10.3 to 12.4. Rates were 0.12 to 0.42, so their bounds find no more
 * than a stall. An echo is not compiled yet when so short a run ends: by poll it took 5 to 10 times
 * as long as by ws when it was, and 50 to 70 times when it was not. Its bounds find that something
 * waits.
 */
import { CPU_US, ECHO, P50_US, type Play, plays, RATE, throughputName } from "./plays.ts";
import { type Target, the } from "./targets.ts";

/** Shorter than for the tables. */
const SHORT = { batchMs: 100, batches: 5, warmUpMs: 2_000, timedMs: 1_000 };

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
  { play: UP, contestant: "holdfast poll", to: CEILING, processor: 7.5, rate: 0.07 },
  { play: UP, contestant: "holdfast websocket", to: CEILING, processor: 7.5, rate: 0.06 },
  { play: DOWN, contestant: "holdfast stream", to: CEILING, processor: 7.5, rate: 0.06 },
  { play: ECHO, contestant: "holdfast poll", to: "ws", p50: 200 },
  { play: ECHO, contestant: "holdfast tcp", to: "raw TCP", p50: 80 },
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
