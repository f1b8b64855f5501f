/**
 * What may happen next to a pair whose bodies wait until a step takes them. The order is the
 * explorer's promise of liveness: the first step harms nobody and helps.
 */
import { SIDES, type SideName } from "./applications.ts";
import type { Pair } from "./pair.ts";
import type { PipeKind, Way } from "./pipes.ts";

/** Something that may happen next. */
export type Step =
  | { readonly kind: "deliver"; readonly item: number; readonly label: string }
  | { readonly kind: "timer"; readonly side: SideName; readonly label: string }
  | { readonly kind: "command"; readonly side: SideName; readonly label: string }
  | {
      readonly kind: "consume";
      readonly side: SideName;
      readonly channel: number;
      readonly label: string;
    }
  | { readonly kind: "reload"; readonly requestsSurvive: boolean; readonly label: string }
  | { readonly kind: "wake"; readonly label: string }
  | { readonly kind: "lose"; readonly item: number; readonly label: string }
  | {
      readonly kind: "fail";
      readonly exchange: number;
      readonly item: number;
      readonly label: string;
    }
  | { readonly kind: "duplicate"; readonly item: number; readonly label: string }
  | {
      readonly kind: "deliver-pipe";
      readonly number: number;
      readonly way: Way;
      readonly label: string;
    }
  | { readonly kind: "open-pipe"; readonly pipe: PipeKind; readonly label: string }
  | {
      readonly kind: "break-pipe";
      readonly number: number;
      readonly told: readonly SideName[];
      readonly label: string;
    };

/**
 * All that may happen next: deliver what is on its way, fire what is due, let the applications act,
 * wait for the next timer, and then the faults.
 */
export function stepsOf(pair: Pair): Step[] {
  const steps: Step[] = [];
  const { items } = pair.http;
  for (const { id, kind, exchange } of items) {
    if (kind === "request") continue;
    steps.push({ kind: "deliver", item: id, label: `${kind} ${exchange} arrives` });
  }
  for (const { id, kind, exchange } of items) {
    if (kind !== "request") continue;
    steps.push({ kind: "deliver", item: id, label: `request ${exchange} arrives` });
  }
  offerPipeItems(pair, steps);
  const late: Step[] = [];
  for (const side of timersOf(pair)) {
    const label = `${side}'s timer "${pair.wakeAt[side].timer}" fires`;
    const isDue = pair.remainingMs(side) <= 0;
    (isDue ? steps : late).push({ kind: "timer", side, label });
  }
  for (const side of SIDES) {
    const command = pair.nextCommand(side);
    if (command !== undefined) {
      steps.push({ kind: "command", side, label: `${side}: ${command.kind}` });
    }
    const channel = pair.unconsumedChannel(side);
    if (channel !== undefined) {
      steps.push({ kind: "consume", side, channel, label: `${side} consumes a message` });
    }
  }
  steps.push(...late);
  offerHost(pair, steps);
  offerPipes(pair, steps);
  offerFaults(pair, steps);
  return steps;
}

/** The side whose core a step touches; undefined: neither. */
export function sideOf(pair: Pair, step: Step): SideName | undefined {
  switch (step.kind) {
    case "deliver": {
      const item = pair.http.items.find((each) => each.id === step.item);
      return item?.kind === "request" ? "server" : "client";
    }
    case "fail":
    case "reload":
    case "wake":
    case "open-pipe":
      return "client";
    case "deliver-pipe":
      return step.way === "up" ? "server" : "client";
    case "lose":
    case "duplicate":
    case "break-pipe":
      return undefined;
    default:
      return step.side;
  }
}

/** Sides whose timer may fire, the sooner one first. */
function timersOf(pair: Pair): SideName[] {
  const isClient = isTimerOffered(pair, "client");
  if (!isTimerOffered(pair, "server")) return isClient ? ["client"] : [];
  if (!isClient) return ["server"];
  const isServerSooner = pair.remainingMs("server") < pair.remainingMs("client");
  return isServerSooner ? ["server", "client"] : ["client", "server"];
}

function isTimerOffered(pair: Pair, side: SideName): boolean {
  const { atMs, timer } = pair.wakeAt[side];
  if (atMs === Infinity) return false;
  if (pair.hurriesLeft === 0 && pair.isHurried(side)) return false;
  return pair.options.timersExcluded?.includes(timer) !== true;
}

/** What the client's host may do. */
function offerHost(pair: Pair, steps: Step[]): void {
  if (pair.client.state === "ended") return;
  if (pair.wakesLeft > 0) steps.push({ kind: "wake", label: "client's host wakes it" });
  if (pair.reloadsLeft === 0) return;
  for (const requestsSurvive of [true, false]) {
    const what = requestsSurvive ? "still arrives" : "is gone";
    const label = `client is reloaded; what it sent ${what}`;
    steps.push({ kind: "reload", requestsSurvive, label });
  }
}

/** What comes next on each pipe. */
function offerPipeItems({ http }: Pair, steps: Step[]): void {
  for (const way of ["down", "up"] as const) {
    for (const { number, [way]: items } of http.pipes.all.values()) {
      const [first] = items;
      if (first === undefined) continue;
      const label = `${first.kind} ${way} on pipe ${number} arrives`;
      steps.push({ kind: "deliver-pipe", number, way, label });
    }
  }
}

const TOLD: readonly (readonly SideName[])[] = [["client", "server"], ["client"], ["server"], []];

/** Which pipes may be opened, and break. */
function offerPipes({ client, http, options, breaksLeft }: Pair, steps: Step[]): void {
  const pipe = options.pipes?.[http.pipes.count];
  if (pipe !== undefined && client.state === "open") {
    steps.push({ kind: "open-pipe", pipe, label: `client opens a pipe: ${pipe}` });
  }
  if (breaksLeft === 0) return;
  for (const { number, isDeaf } of http.pipes.all.values()) {
    if (isDeaf.up && isDeaf.down) continue;
    for (const told of TOLD) {
      const who = told.length === 0 ? "nobody" : told.join(" and ");
      const label = `pipe ${number} breaks; ${who} will be told`;
      steps.push({ kind: "break-pipe", number, told, label });
    }
  }
}

function offerFaults(pair: Pair, steps: Step[]): void {
  const { items, waiting } = pair.http;
  if (pair.duplicatesLeft > 0) {
    for (const { id, kind, exchange } of items) {
      if (kind !== "request") continue;
      steps.push({ kind: "duplicate", item: id, label: `request ${exchange} is doubled` });
    }
  }
  if (pair.lossesLeft === 0) return;
  for (const { id, kind, exchange } of items) {
    steps.push({ kind: "lose", item: id, label: `${kind} ${exchange} is lost unseen` });
    if (!waiting.has(exchange)) continue;
    const label = `${kind} ${exchange} is lost, and the client sees an error`;
    steps.push({ kind: "fail", exchange, item: id, label });
  }
  for (const exchange of waiting) {
    const label = `exchange ${exchange} fails at the client; its request lives on`;
    steps.push({ kind: "fail", exchange, item: 0, label });
  }
}
