/**
 * What is played: scenarios with their parameters, and the figures of each that are shown. A figure
 * is known by the name of its play and its own.
 */
import type { Contestant } from "./contestant.ts";
import type { Processors } from "./run.ts";
import type { Figures, Parameters } from "./scenario.ts";

export interface Figure {
  /** With its unit, as it stands in the tables. */
  readonly name: string;
  readonly digits: number;
  readonly better: "more" | "less";
  /** Undefined where this contestant has none. */
  read(figures: Figures): number | undefined;
}

export interface Play {
  readonly name: string;
  /** Of `scenarios/index.ts`. */
  readonly scenario: string;
  readonly parameters: Parameters;
  /** A run that takes longer has failed. */
  readonly timeoutMs: number;
  /** Default `any`. */
  readonly processors?: Processors;
  /** Contestants that play at the same time; default 1. For what leaves the processors alone. */
  readonly atOnce?: number;
  readonly figures: readonly Figure[];
  /** Not for peers: it asks for more than they have, or shows nothing of how we compare. */
  readonly isOursOnly?: boolean;
}

function figure(
  name: string,
  key: string,
  better: Figure["better"] = "less",
  digits: number = 0,
): Figure {
  return { name, digits, better, read: (figures) => figures[key] };
}

/** Some figures put together; undefined where one is missing. */
function together(
  name: string,
  keys: readonly string[],
  join: (values: number[]) => number,
  digits: number = 0,
  better: Figure["better"] = "less",
): Figure {
  const read = (figures: Figures): number | undefined => {
    const values = keys.map((key) => figures[key]);
    return values.every((value) => value !== undefined) ? join(values) : undefined;
  };
  return { name, digits, better, read };
}

const greatest = (values: number[]): number => Math.max(...values);
const sum = (values: number[]): number => values.reduce((all, value) => all + value, 0);

export const RATE = "thousand messages per second";
export const WIRE = "bytes on the wire per message";
export const P50_US = "p50, us";
export const P99_US = "p99, us";
export const P50_MS = "p50, ms";
export const P99_MS = "p99, ms";
/** A message with its echo, where there is one. */
export const CPU_US = "processor of both processes, us per message";
export const CPU = "processor of both processes, ms per second";
export const WIRE_UP = "bytes on the wire per message up";
export const WIRE_DOWN = "bytes on the wire per message down";

export const MEMORY = "memory of the server, KB per connection";
export const CPU_PERCENT = "processor of the server, %";
export const CONNECTIONS = "connections";
export const LOST = "lost";
export const DOUBLED = "doubled";
export const REORDERED = "out of order";
export const GAP = "largest gap, ms";
export const WAITING = "memory of the receiver while they wait, MB";
export const RELEASED = "time by that of messages taken at once";

function echo(name: string, processors: Processors): Play {
  return {
    name,
    scenario: "echo",
    parameters: {},
    timeoutMs: 60_000,
    processors,
    figures: [
      figure(P50_US, "p50Us"),
      figure(P99_US, "p99Us"),
      together(CPU_US, ["serverUsPerEcho", "clientUsPerEcho"], sum),
    ],
  };
}

function throughput(messageBytes: number, way: "up" | "down"): Play {
  return {
    name: throughputName(messageBytes, way),
    scenario: "throughput",
    parameters: { messageBytes, isDown: way === "down" ? 1 : 0 },
    timeoutMs: 60_000,
    figures: [
      together(RATE, ["messagesPerSecond"], ([each]) => (each ?? 0) / 1_000, 1, "more"),
      figure(WIRE, "wireBytesPerMessage", "less", 1),
      together(CPU_US, ["senderUsPerMessage", "receiverUsPerMessage"], sum, 2),
    ],
  };
}

export function throughputName(messageBytes: number, way: "up" | "down"): string {
  return `${messageBytes === 1_024 ? "1 KiB" : `${messageBytes} B`} ${way}`;
}

export const ECHO = "echo, a processor for each side";
export const ECHO_TOGETHER = "echo, one processor for both sides";
export const PACED = "paced";

export const IDLE = "2,000 idle connections, requests held 25 s";
export const IDLE_LONG = "2,000 idle connections, requests held 120 s";
export const IDLE_MANY = "15,000 idle connections, requests held 25 s";

/** They take a hundredth of a processor each, but for a few seconds in which they are made. */
const IDLE_AT_ONCE = 4;

function idle(name: string, sessions: number, holdTimeMs: number): Play {
  const kilobytes = ([bytes]: number[]): number => (bytes ?? 0) / 1_000;
  return {
    name,
    scenario: "idle",
    parameters: { sessions, holdTimeMs },
    timeoutMs: holdTimeMs + 120_000,
    atOnce: IDLE_AT_ONCE,
    figures: [
      together(MEMORY, ["residentBytes"], kilobytes, 1),
      together("a hold time later", ["residentBytesAfter"], kilobytes, 1),
      together("heap, KB per connection", ["heapBytes"], kilobytes, 1),
      figure(CPU_PERCENT, "cpuPercent", "less", 1),
      figure(CONNECTIONS, "connections", "more"),
    ],
  };
}

/** How often connections are cut, and how long a byte is under way. */
export const CUTS = [
  { cutEveryMs: 1_000, delayMs: 0 },
  { cutEveryMs: 250, delayMs: 0 },
  { cutEveryMs: 1_000, delayMs: 25 },
  { cutEveryMs: 250, delayMs: 25 },
] as const;

export function cutsName({ cutEveryMs, delayMs }: (typeof CUTS)[number]): string {
  const often = cutEveryMs === 1_000 ? "each second" : `each ${cutEveryMs} ms`;
  return `cuts ${often}, ${delayMs === 0 ? "no delay" : `${delayMs} ms each way`}`;
}

function cuts(parameters: (typeof CUTS)[number]): Play {
  return {
    name: cutsName(parameters),
    scenario: "cuts",
    parameters,
    timeoutMs: 60_000,
    figures: [
      together(LOST, ["lostUp", "lostDown"], sum),
      together(DOUBLED, ["doubledUp", "doubledDown"], sum),
      together(REORDERED, ["reorderedUp", "reorderedDown"], sum),
      together(GAP, ["gapMsUp", "gapMsDown"], greatest),
      together("gap of a cut, ms", ["cutGapMsUp", "cutGapMsDown"], greatest),
    ],
  };
}

export function slowName(way: "up" | "down"): string {
  return `a million messages for a slow receiver, ${way}`;
}

function slowReceiver(way: "up" | "down"): Play {
  const megabytes = ([bytes]: number[]): number => (bytes ?? 0) / 1e6;
  return {
    name: slowName(way),
    scenario: "slowReceiver",
    parameters: { isDown: way === "down" ? 1 : 0 },
    timeoutMs: 180_000,
    figures: [
      figure("taken at once, us per message", "atOnceUs", "less", 2),
      figure("released, us per message", "releasedUs", "less", 2),
      figure(RELEASED, "releasedToAtOnce", "less", 2),
      together(WAITING, ["receiverMostBytes"], megabytes, 1),
      together("of the sender, MB", ["senderBytes"], megabytes, 1),
    ],
    isOursOnly: true,
  };
}

export const plays: readonly Play[] = [
  throughput(64, "up"),
  throughput(64, "down"),
  throughput(1_024, "up"),
  throughput(1_024, "down"),
  echo(ECHO, "apart"),
  echo(ECHO_TOGETHER, "together"),
  {
    name: PACED,
    scenario: "paced",
    parameters: {},
    timeoutMs: 60_000,
    processors: "apart",
    figures: [
      figure(P50_MS, "p50Ms", "less", 2),
      figure(P99_MS, "p99Ms", "less", 2),
      together(CPU, ["serverCpuMs", "clientCpuMs"], sum, 1),
      figure(WIRE_UP, "wireBytesUp", "less", 1),
      figure(WIRE_DOWN, "wireBytesDown", "less", 1),
      together(WIRE, ["wireBytesUp", "wireBytesDown"], (each) => sum(each) / each.length, 1),
    ],
  },
  idle(IDLE, 2_000, 25_000),
  { ...idle(IDLE_LONG, 2_000, 120_000), isOursOnly: true },
  { ...idle(IDLE_MANY, 15_000, 25_000), isOursOnly: true, atOnce: 1 },
  ...CUTS.map(cuts),
  slowReceiver("up"),
  slowReceiver("down"),
];

/** Contestants for messages of one length play only where that is said. */
export function takesPart({ kind, messageBytes }: Contestant, play: Play): boolean {
  const { parameters, isOursOnly = false } = play;
  if (isOursOnly && kind !== "holdfast") return false;
  return messageBytes === undefined || messageBytes === parameters["messageBytes"];
}
