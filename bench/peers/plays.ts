/**
 * What is played: scenarios with their parameters, and the figures of each that are shown. A figure
 * is known by the name of its play and its own.
 */
import type { Contestant } from "./contestant.ts";
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
  readonly figures: readonly Figure[];
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

const sum = (values: number[]): number => values.reduce((all, value) => all + value, 0);

export const RATE = "thousand messages per second";
export const WIRE = "bytes on the wire per message";
export const P50_US = "p50, us";
export const P99_US = "p99, us";
export const P50_MS = "p50, ms";
export const P99_MS = "p99, ms";
export const CPU = "processor of both processes, ms per second";
export const WIRE_UP = "bytes on the wire per message up";
export const WIRE_DOWN = "bytes on the wire per message down";

function throughput(messageBytes: number, way: "up" | "down"): Play {
  return {
    name: throughputName(messageBytes, way),
    scenario: "throughput",
    parameters: { messageBytes, isDown: way === "down" ? 1 : 0 },
    timeoutMs: 60_000,
    figures: [
      together(RATE, ["messagesPerSecond"], ([each]) => (each ?? 0) / 1_000, 1, "more"),
      figure(WIRE, "wireBytesPerMessage", "less", 1),
      figure("processor of the sender, us per message", "senderUsPerMessage", "less", 2),
      figure("processor of the receiver, us per message", "receiverUsPerMessage", "less", 2),
    ],
  };
}

export function throughputName(messageBytes: number, way: "up" | "down"): string {
  return `${messageBytes === 1_024 ? "1 KiB" : `${messageBytes} B`} ${way}`;
}

export const ECHO = "echo";
export const PACED = "paced";

export const plays: readonly Play[] = [
  throughput(64, "up"),
  throughput(64, "down"),
  throughput(1_024, "up"),
  throughput(1_024, "down"),
  {
    name: ECHO,
    scenario: "echo",
    parameters: {},
    timeoutMs: 60_000,
    figures: [figure(P50_US, "p50Us"), figure(P99_US, "p99Us")],
  },
  {
    name: PACED,
    scenario: "paced",
    parameters: {},
    timeoutMs: 60_000,
    figures: [
      figure(P50_MS, "p50Ms", "less", 2),
      figure(P99_MS, "p99Ms", "less", 2),
      together(CPU, ["serverCpuMs", "clientCpuMs"], sum, 1),
      figure(WIRE_UP, "wireBytesUp", "less", 1),
      figure(WIRE_DOWN, "wireBytesDown", "less", 1),
      together(WIRE, ["wireBytesUp", "wireBytesDown"], (each) => sum(each) / each.length, 1),
    ],
  },
];

/** Some contestants carry messages of one length only. */
export function takesPart({ messageBytes }: Contestant, { parameters }: Play): boolean {
  return messageBytes === undefined || messageBytes === (parameters["messageBytes"] ?? 64);
}
