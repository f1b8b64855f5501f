/**
 * What this package wants to reach beside its peers. A target is met by the median of the quotients
 * of the rounds, never by times; bytes and losses alone are held to numbers.
 */
import { spread } from "../statistics.ts";
import type { Contestant } from "./contestant.ts";
import {
  CONNECTIONS,
  CPU,
  CPU_PERCENT,
  CUTS,
  cutsName,
  DOUBLED,
  ECHO,
  GAP,
  IDLE,
  IDLE_LONG,
  IDLE_MANY,
  LOST,
  MEMORY,
  P50_MS,
  P50_US,
  P99_US,
  PACED,
  type Play,
  RATE,
  RELEASED,
  REORDERED,
  slowName,
  throughputName,
  WAITING,
  WIRE,
  WIRE_DOWN,
  WIRE_UP,
} from "./plays.ts";
import { known, ratios, type Results } from "./results.ts";

/** Whose figures a target is measured by: the best of them in each round. */
export interface Peers {
  readonly name: string;
  includes(contestant: Contestant): boolean;
}

export interface Target {
  readonly play: string;
  readonly contestant: string;
  readonly figure: string;
  /** Undefined: the figure itself is held to the bound. */
  readonly to?: Peers;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Each round must meet it, not the median. */
  readonly inEveryRound?: boolean;
}

export interface Verdict {
  readonly target: Target;
  /** Undefined: it was not played, or a run has failed. */
  readonly measured?: number;
  readonly state: "met" | "MISSED" | "FAILED" | "not measured";
}

/** One of them. */
export function the(name: string): Peers {
  return { name, includes: (contestant) => contestant.name === name };
}

const PEERS: Peers = {
  name: "best HTTP or WebSocket peer",
  includes: ({ kind }) => kind === "http" || kind === "websocket",
};
const CEILING = the("raw TCP, coalesced");

const POLL = "holdfast poll";
const STREAM = "holdfast stream";
const WEBSOCKET = "holdfast websocket";
const TCP = "holdfast tcp";
const LINKS = [POLL, STREAM, WEBSOCKET, TCP];

const WAYS = ["up", "down"] as const;

function smallMessages(): Target[] {
  return WAYS.flatMap((way) => {
    const rate = { play: throughputName(64, way), figure: RATE };
    return [
      ...[POLL, STREAM].flatMap((contestant) => [
        { ...rate, contestant, to: PEERS, atLeast: 2 },
        { ...rate, contestant, to: CEILING, atLeast: 1 / 4 },
      ]),
      ...[WEBSOCKET, TCP].map((contestant) => ({ ...rate, contestant, to: the(POLL), atLeast: 1 })),
      ...LINKS.map((contestant) => ({ ...rate, contestant, figure: WIRE, atMost: 67 })),
    ];
  });
}

function largeMessages(): Target[] {
  return WAYS.flatMap((way) => {
    const rate = { play: throughputName(1_024, way), figure: RATE };
    return LINKS.flatMap((contestant) => [
      { ...rate, contestant, to: PEERS, atLeast: 1.2 },
      { ...rate, contestant, to: CEILING, atLeast: 1 / 2 },
    ]);
  });
}

/** Each link beside what a program would do by hand on the same carrier. */
const ECHOES = [
  { contestant: POLL, to: the("plain POST"), atMost: 1.2 },
  { contestant: STREAM, to: the("SSE + POST"), atMost: 1.1 },
  { contestant: WEBSOCKET, to: the("ws"), atMost: 1.3 },
  { contestant: TCP, to: the("raw TCP"), atMost: 1.3 },
];

function echo(): Target[] {
  return ECHOES.flatMap(({ contestant, to, atMost }) => [
    { play: ECHO, contestant, figure: P50_US, to, atMost },
    { play: ECHO, contestant, figure: P99_US, to, atMost: 1.5 },
  ]);
}

function paced(): Target[] {
  return [
    { play: PACED, contestant: POLL, figure: P50_MS, to: the("SSE + POST"), atMost: 1 },
    { play: PACED, contestant: POLL, figure: CPU, to: the("SSE + POST"), atMost: 1 },
    { play: PACED, contestant: WEBSOCKET, figure: P50_MS, to: the("ws"), atMost: 1.3 },
    { play: PACED, contestant: WEBSOCKET, figure: CPU, to: the("ws"), atMost: 1 },
    { play: PACED, contestant: TCP, figure: WIRE_UP, atMost: 78 },
    { play: PACED, contestant: TCP, figure: WIRE_DOWN, atMost: 78 },
    { play: PACED, contestant: WEBSOCKET, figure: WIRE_UP, atMost: 82 },
    { play: PACED, contestant: WEBSOCKET, figure: WIRE_DOWN, atMost: 78 },
    { play: PACED, contestant: STREAM, figure: WIRE_UP, atMost: 330 },
    { play: PACED, contestant: STREAM, figure: WIRE_DOWN, atMost: 85 },
    // A request carries one way and its answer the other: both together, by messages of both.
    { play: PACED, contestant: POLL, figure: WIRE, atMost: 480 },
  ];
}

function idle(): Target[] {
  return [
    { play: IDLE, contestant: POLL, figure: MEMORY, atMost: 18 },
    { play: IDLE, contestant: STREAM, figure: MEMORY, atMost: 15 },
    { play: IDLE, contestant: WEBSOCKET, figure: MEMORY, atMost: 14 },
    ...LINKS.flatMap((contestant) => [
      { play: IDLE, contestant, figure: CPU_PERCENT, atMost: 4 },
      { play: IDLE_LONG, contestant, figure: CPU_PERCENT, atMost: 1 },
      { play: IDLE_MANY, contestant, figure: CONNECTIONS, atLeast: 15_000 },
    ]),
  ];
}

function cuts(): Target[] {
  return CUTS.map(cutsName).flatMap((play) =>
    LINKS.flatMap((contestant) => [
      ...[LOST, DOUBLED, REORDERED].map((figure) => ({
        play,
        contestant,
        figure,
        atMost: 0,
        inEveryRound: true,
      })),
      { play, contestant, figure: GAP, to: PEERS, atMost: 1.5 },
    ]),
  );
}

/**
 * A full window of messages of 64 bytes, each with what a receiver keeps of it: an array with its
 * buffer (some 200 bytes in Node) and its places in two queues.
 */
const WINDOW_MB = (262_144 * (64 + 320)) / 1e6;

function slowReceiver(): Target[] {
  return WAYS.map(slowName).flatMap((play) =>
    LINKS.flatMap((contestant) => [
      { play, contestant, figure: WAITING, atMost: Math.round(WINDOW_MB) },
      { play, contestant, figure: RELEASED, atMost: 1.1 },
    ]),
  );
}

export const targets: readonly Target[] = [
  ...smallMessages(),
  ...largeMessages(),
  ...echo(),
  ...paced(),
  ...idle(),
  ...cuts(),
  ...slowReceiver(),
];

/** Whether the results meet a target. */
export function judge(
  target: Target,
  results: Results,
  plays: readonly Play[],
  contestants: readonly Contestant[],
): Verdict {
  const play = plays.find(({ name }) => name === target.play);
  const ours = contestants.find(({ name }) => name === target.contestant);
  if (play === undefined || ours === undefined) return { target, state: "not measured" };
  const figure = play.figures.find(({ name }) => name === target.figure);
  if (figure === undefined) throw new Error(`${play.name} has no ${target.figure}`);
  if (results.hasFailed(play, ours)) return { target, state: "FAILED" };
  const { to } = target;
  const values = results.values(play, ours, figure);
  const peers = contestants.filter((contestant) => to?.includes(contestant) ?? false);
  const compared =
    to === undefined ? known(values) : ratios(values, results.best(play, peers, figure));
  if (compared.length === 0) return { target, state: "not measured" };
  const { low, median, high } = spread(compared);
  const worst = target.atMost === undefined ? low : high;
  const measured = target.inEveryRound === true ? worst : median;
  const { atLeast = -Infinity, atMost = Infinity } = target;
  const state = measured >= atLeast && measured <= atMost ? "met" : "MISSED";
  return { target, measured, state };
}

/** As cells of a table. */
export function verdictCells({ target, measured, state }: Verdict): string[] {
  const { play, contestant, figure, to, atLeast, atMost, inEveryRound = false } = target;
  return [
    `${play}: ${contestant}${to === undefined ? "" : ` / ${to.name}`}, ${figure}`,
    measured === undefined ? "-" : String(Number(measured.toPrecision(3))),
    `${atMost === undefined ? `>= ${atLeast}` : `<= ${atMost}`}${inEveryRound ? " each round" : ""}`,
    state,
  ];
}
