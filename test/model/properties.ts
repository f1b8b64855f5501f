/**
 * What is asked of the model: searches of it as it should be, in which nothing may be found, and of
 * variants with one planted bug each, in which exactly the promise that the bug breaks must be.
 */
import type { Search } from "./spin.ts";
import type { TraceSize } from "./replay.ts";

/** A search, and what must come of it. */
export interface Property extends Search {
  readonly name: string;
  /** What must be found wrong: an assertion, or `cycle`; undefined: nothing, in all states. */
  readonly violated?: string;
  /** Also searched where a minute must do. */
  readonly isQuick?: boolean;
}

const ONE_EACH = ["N=6"];
const FROM_CLIENT = ["N=6", "NC=1", "NS=0"];
const FROM_SERVER = ["N=6", "NC=0", "NS=1"];
const WATCH = ["WATCH"];
const DELIVERS = ["HEAL", "HEAL_DELIVERS"];
const PARKS = ["HEAL", "HEAL_PARKS"];

/** All assertions at once in several sizes, and what must come about. */
export const PROPERTIES: readonly Property[] = [
  {
    name: "safety: a message from the client, held when consumed",
    macros: [...FROM_CLIENT, "EXPLICIT"],
    order: "depth",
    isQuick: true,
  },
  {
    name: "safety: a message from the server, held when consumed",
    macros: [...FROM_SERVER, "EXPLICIT"],
    order: "depth",
    isQuick: true,
  },
  { name: "safety: a message each way", macros: ONE_EACH, order: "depth" },
  {
    name: "safety: two messages from the client, two carriers, 4 faults",
    macros: ["N=7", "NC=2", "NS=0", "CARRIERS=2", "FAULTS_MAX=4"],
    order: "depth",
  },
  {
    name: "safety: two messages from the server, 5 faults",
    macros: ["N=7", "NC=0", "NS=2", "FAULTS_MAX=5"],
    order: "depth",
  },
  {
    name: "safety: a message from the server, up to two parked, 4 faults",
    macros: ["N=7", "NC=0", "NS=1", "WANTED_MAX=2", "FAULTS_MAX=4"],
    order: "depth",
  },
  {
    name: "safety: two messages each way, held when consumed, 2 faults",
    macros: ["N=7", "NC=2", "NS=2", "EXPLICIT", "FAULTS_MAX=2"],
    order: "depth",
  },
  {
    name: "a parked request is always answered",
    macros: [...FROM_CLIENT, ...WATCH],
    order: "cycles",
    isFair: true,
    isQuick: true,
  },
  {
    name: "a parked request is always answered, a message each way",
    macros: [...ONE_EACH, ...WATCH],
    order: "cycles",
    isFair: true,
  },
  {
    name: "a message accepted is eventually delivered and held",
    macros: [...FROM_CLIENT, "EXPLICIT", ...DELIVERS],
    order: "cycles",
    isQuick: true,
  },
  {
    name: "a message accepted is eventually delivered and held, one each way",
    macros: [...ONE_EACH, ...DELIVERS],
    order: "cycles",
  },
  {
    name: "again and again a request is parked that the client counts on",
    macros: [...FROM_SERVER, ...PARKS],
    order: "cycles",
    isQuick: true,
  },
  {
    name: "again and again a request is parked, a message each way",
    macros: [...ONE_EACH, ...PARKS],
    order: "cycles",
  },
];

function planted(name: string, bug: string, macros: readonly string[], violated: string): Property {
  const all = [...macros, `BREAK_${bug}`];
  return {
    name: `planted: ${name}`,
    macros: all,
    order: "breadth",
    violated,
    isShort: true,
    isQuick: true,
  };
}

function stuck(name: string, bug: string, macros: readonly string[], isFair: boolean): Property {
  const all = [...macros, `BREAK_${bug}`];
  return {
    name: `planted: ${name}`,
    macros: all,
    order: "cycles",
    isFair,
    violated: "cycle",
    isShort: true,
    isQuick: true,
  };
}

/** One bug for each promise. */
export const PLANTED: readonly Property[] = [
  planted(
    "messages are handed on as they come",
    "ORDER",
    ["N=7", "NC=2", "NS=0", "CARRIERS=2"],
    "delivered_is_a_prefix_once",
  ),
  planted("copies are handed on again", "ONCE", FROM_CLIENT, "delivered_is_a_prefix_once"),
  planted(
    "what is received is released",
    "RELEASE",
    [...FROM_CLIENT, "EXPLICIT"],
    "released_only_when_held",
  ),
  planted(
    "what is delivered is stated as held",
    "HELD",
    [...FROM_CLIENT, "EXPLICIT"],
    "acknowledged_is_held",
  ),
  planted("one seq too many is acknowledged", "ACK", FROM_CLIENT, "acknowledged_was_sent"),
  planted("no excess is answered", "EXCESS", FROM_CLIENT, "no_more_parked_than_wanted"),
  planted("an answered number parks again", "TWICE", FROM_SERVER, "answered_with_messages_once"),
  planted(
    "all that is unacknowledged rides on each body",
    "RESEND",
    ONE_EACH,
    "resent_only_after_evidence",
  ),
  planted("what was overdue is not due", "FORGET", FROM_CLIENT, "nothing_is_forgotten"),
  planted("the newest is answered", "NEWEST", FROM_CLIENT, "oldest_is_answered_first"),
  stuck("no hold time", "HOLD", [...FROM_CLIENT, ...WATCH], true),
  stuck("nothing becomes overdue", "OVERDUE", [...FROM_CLIENT, ...DELIVERS], false),
  stuck("no request leaves only to be parked", "PARK", [...FROM_SERVER, ...PARKS], false),
];

/** Sizes in which the model is simulated for the core to follow. */
export const TRACE_SIZES: readonly TraceSize[] = [
  { clientMessages: 4, serverMessages: 4, wantedMax: 1, carriersMax: 1 },
  { clientMessages: 4, serverMessages: 4, wantedMax: 2, carriersMax: 2 },
  { clientMessages: 6, serverMessages: 2, wantedMax: 1, carriersMax: 3 },
];

/** The macros of a simulation of that size. */
export function macrosOf(size: TraceSize): string[] {
  return [
    "N=8",
    "EXPLICIT",
    "FAULTS_MAX=20",
    `NC=${size.clientMessages}`,
    `NS=${size.serverMessages}`,
    `WANTED_MAX=${size.wantedMax}`,
    `CARRIERS=${size.carriersMax}`,
  ];
}
