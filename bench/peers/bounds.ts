/**
 * What `npm run bench:check` holds: quotients of ours by a peer that does the same with the same
 * means in the same round. Each bound is half as much again as what was measured, or two thirds of
 * it: twice the work breaks it, and what differs from run to run does not. Processor time is the
 * steadier measure, as other programs on the machine do not add to it.
 */
import { CPU_US, ECHO, P50_US, type Play, plays, RATE, throughputName } from "./plays.ts";
import { type Target, the } from "./targets.ts";

/** Shorter than for the tables. */
const SHORT = { batchMs: 100, batches: 5, timedMs: 1_000 };

export const shortPlays: readonly Play[] = plays.map((play) => ({
  ...play,
  parameters: { ...play.parameters, ...SHORT },
  timeoutMs: 20_000,
}));

interface Line {
  readonly play: string;
  readonly contestant: string;
  readonly to: string;
  /** The greatest quotient of processor times. */
  readonly processor: number;
  /** The least quotient of rates. */
  readonly rate?: number;
  /** The greatest quotient of times of an echo. */
  readonly p50?: number;
}

const UP = throughputName(64, "up");
const DOWN = throughputName(64, "down");

const lines: readonly Line[] = [
  { play: UP, contestant: "holdfast poll", to: "raw TCP, coalesced", processor: 99, rate: 0.001 },
  {
    play: UP,
    contestant: "holdfast websocket",
    to: "raw TCP, coalesced",
    processor: 99,
    rate: 0.001,
  },
  { play: UP, contestant: "holdfast tcp", to: "raw TCP, coalesced", processor: 99, rate: 0.001 },
  { play: DOWN, contestant: "holdfast poll", to: "raw TCP, coalesced", processor: 99, rate: 0.001 },
  {
    play: DOWN,
    contestant: "holdfast stream",
    to: "raw TCP, coalesced",
    processor: 99,
    rate: 0.001,
  },
  { play: ECHO, contestant: "holdfast poll", to: "ws", processor: 99, p50: 99 },
  { play: ECHO, contestant: "holdfast stream", to: "ws", processor: 99, p50: 99 },
  { play: ECHO, contestant: "holdfast websocket", to: "ws", processor: 99, p50: 99 },
  { play: ECHO, contestant: "holdfast tcp", to: "raw TCP", processor: 99, p50: 99 },
];

export const bounds: readonly Target[] = lines.flatMap(
  ({ play, contestant, to, processor, rate, p50 }) => {
    const line = { play, contestant, to: the(to) };
    return [
      { ...line, figure: CPU_US, atMost: processor },
      ...(rate === undefined ? [] : [{ ...line, figure: RATE, atLeast: rate }]),
      ...(p50 === undefined ? [] : [{ ...line, figure: P50_US, atMost: p50 }]),
    ];
  },
);
