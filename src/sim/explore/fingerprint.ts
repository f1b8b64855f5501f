/**
 * When two states of a pair count as the same: both sides, what is on its way between them, what
 * the applications have done and seen, and what may still go wrong.
 */
import type { ParkSide, RequestSide } from "../../core/index.ts";
import { type SideName, SIDES } from "../applications.ts";
import { CONNECTIONS_OF_ONE_LIFE, type Item } from "../http.ts";
import type { Pair } from "../pair.ts";
import type { PipeItem, SimulatedPipe } from "../pipes.ts";
import type { Cores } from "../cores.ts";
import { readAny } from "./bodies.ts";
import {
  type Fingerprint,
  Mixer,
  mixPrint,
  type Print,
  rankAmong,
  Recorder,
  union,
} from "./print.ts";
import { type Surroundings, Walk } from "./walk.ts";

/** What two states that count as the same agree in: 16 hexadecimal digits. */
export function fingerprint(pair: Pair): string {
  const { low, high } = printPair(pair, printSide(pair, "client"), printSide(pair, "server"));
  return hexadecimal(high) + hexadecimal(low);
}

/** What the fingerprint of each side is made of, for whoever wonders why two differ. */
export function describe(pair: Pair): string {
  const lines = SIDES.map((side) => {
    const texts: string[] = [];
    printSide(pair, side, texts);
    return `${side}: ${texts.join(" ")}`;
  });
  const { items, waiting, held } = pair.http;
  const carried = items.map(({ kind, exchange }) => `${kind} ${exchange}`);
  lines.push(`on the way: ${carried.join(", ")}`);
  lines.push(`waiting: ${[...waiting].join(" ")}; held: ${[...held.values()].join(" ")}`);
  return lines.join("\n");
}

function hexadecimal(word: number): string {
  return word.toString(16).padStart(8, "0");
}

/** The print of one side's core and clock. */
export function printSide(cores: Cores, side: SideName, texts?: string[], name = 0): Print {
  const recorder = new Recorder(texts);
  const half = cores.half(side);
  recorder.base = baseOf(half);
  recorder.name(name);
  const around: Surroundings = {
    pair: cores.options,
    nowMs: cores.clocks[side],
    settings: settingsOf(side === "client" ? cores.client : cores.server),
    half,
  };
  const walk = new Walk(recorder, around);
  walk.value(side === "client" ? cores.client : cores.server);
  // A session that has ended is no longer the endpoint's.
  recorder.text(half?.state ?? "none");
  // Which of the timers that are not explored comes first depends on times that are left out.
  const { timer } = cores.wakeAt[side];
  recorder.text(cores.options.timersExcluded?.includes(timer) === true ? "none" : timer);
  return recorder.print;
}

/** Where the connections of the life begin that a half belongs to, or last knew. */
function baseOf(half: RequestSide | ParkSide | undefined): number {
  if (half === undefined) return 0;
  const { incarnation } = half as unknown as { readonly incarnation: number };
  return (incarnation - 1) * CONNECTIONS_OF_ONE_LIFE;
}

function settingsOf(core: object): Surroundings["settings"] {
  return (core as { readonly options: Surroundings["settings"] }).options;
}

/** The fingerprint of the whole, of which the sides' are known. */
export function printPair(pair: Pair, client: Print, server: Print): Fingerprint {
  const { http, done } = pair;
  const live = union([
    client.live,
    server.live,
    http.items.map(({ exchange }) => exchange),
    [...http.held.values()],
    // Of a client that has ended these are the only ones.
    [...http.waiting],
    ...saidOnPipes(pair),
  ]);
  const mixer = new Mixer();
  mixPrint(mixer, client, live);
  mixPrint(mixer, server, live);
  mixer.word(done.client);
  mixer.word(done.server);
  mixer.number(pair.lossesLeft);
  mixer.number(pair.duplicatesLeft);
  mixer.number(pair.hurriesLeft);
  mixer.number(pair.reloadsLeft);
  mixer.number(pair.wakesLeft);
  mixer.number(pair.breaksLeft);
  for (const exchange of live) mixer.word(http.waiting.has(exchange) ? 1 : 2);
  mixHeld(mixer, http.held, live);
  mixItems(mixer, pair, live);
  mixPipes(mixer, pair, live);
  mixSeen(mixer, pair);
  return mixer.result;
}

/** In no order: handles are names. */
function mixHeld(mixer: Mixer, held: ReadonlyMap<number, number>, live: readonly number[]): void {
  let low = 0;
  let high = 0;
  for (const exchange of held.values()) {
    const each = new Mixer();
    each.word(rankAmong(exchange, live));
    const { result } = each;
    low = (low + result.low) >>> 0;
    high = (high + result.high) >>> 0;
  }
  mixer.word(held.size);
  mixer.word(low);
  mixer.word(high);
}

/** What is on its way, in no order: it does not tell when it left. */
function mixItems(mixer: Mixer, pair: Pair, live: readonly number[]): void {
  const { items } = pair.http;
  const { sessionId } = pair.client as unknown as { readonly sessionId: Uint8Array };
  let low = 0;
  let high = 0;
  for (const item of items) {
    const each = printItem(pair, item, sessionId, live);
    low = (low + each.low) >>> 0;
    high = (high + each.high) >>> 0;
  }
  mixer.word(items.length);
  mixer.word(low);
  mixer.word(high);
}

const ITEM_KINDS: Readonly<Record<Item["kind"], number>> = { request: 1, answer: 2, failure: 3 };

function printItem(
  pair: Pair,
  item: Item,
  sessionId: Uint8Array,
  live: readonly number[],
): Fingerprint {
  const mixer = new Mixer();
  mixer.word(ITEM_KINDS[item.kind]);
  mixer.word(rankAmong(item.exchange, live));
  mixer.word(item.status);
  if (item.kind === "failure") return mixer.result;
  const { body, print } = readAny(item.body, sessionId);
  const exchange = body?.request?.exchange ?? body?.answer?.exchange;
  mixPrint(mixer, print, live, exchange === undefined ? 0 : item.exchange - exchange);
  if (body?.pipe !== undefined) mixer.number(missedBy(pair, body.pipe.link, body.pipe.bodies));
  return mixer.result;
}

/**
 * Of so many bodies of a pipe, how many its client has not got. Where that is more than what is on
 * its way some are lost, and it makes no difference how many.
 */
function missedBy({ client, http }: Pair, link: number, bodies: number): number {
  const coming = http.pipes.find("client", link)?.down.length ?? 0;
  const missed = bodies - (client.pipes.get(link)?.bodiesReceived ?? 0);
  return Math.max(0, Math.min(missed, coming + 1));
}

/** Exchanges that are spoken of on pipes. */
function saidOnPipes(pair: Pair): number[][] {
  const { sessionId } = pair.client as unknown as { readonly sessionId: Uint8Array };
  const said: number[][] = [];
  for (const { up } of pair.http.pipes.all.values()) {
    for (const { body } of up) {
      const { live } = readAny(body, sessionId).print;
      said.push(live.map((exchange) => pair.connectionBase + exchange));
    }
  }
  return said;
}

const PIPE_ITEM_KINDS: Readonly<Record<PipeItem["kind"], number>> = { body: 1, ask: 2, end: 3 };
const SERVER_ENDS: Readonly<Record<SimulatedPipe["server"], number>> = {
  new: 1,
  open: 2,
  closed: 3,
};

/** Pipes by number, which their order is; what is on each in its order. */
function mixPipes(mixer: Mixer, pair: Pair, live: readonly number[]): void {
  const { pipes } = pair.http;
  const { sessionId } = pair.client as unknown as { readonly sessionId: Uint8Array };
  mixer.word(pipes.count);
  for (const { number, link, kind, isClientOpen, server, isDeaf, up, down } of pipes.all.values()) {
    mixer.word(number);
    mixer.word(link);
    mixer.word(kind === "duplex" ? 1 : 2);
    mixer.word(isClientOpen ? SERVER_ENDS[server] : -SERVER_ENDS[server]);
    mixer.word((isDeaf.up ? 1 : 0) + (isDeaf.down ? 2 : 0));
    for (const [way, items] of [up, down].entries()) {
      mixer.word(items.length);
      for (const item of items) {
        mixer.word(way + 2 * PIPE_ITEM_KINDS[item.kind]);
        if (item.kind !== "body") continue;
        mixPrint(mixer, readAny(item.body, sessionId).print, live, pair.connectionBase);
      }
    }
  }
  // What the server's count says beside what the client has got.
  for (const { link, bodiesSent } of pair.session?.side.pipes.values() ?? []) {
    mixer.number(missedBy(pair, link, bodiesSent));
  }
}

/** What the applications sent and saw: prints of objects that are replaced when they change. */
const seen = new WeakMap<object, Fingerprint>();
const AROUND_APPLICATIONS: Surroundings = {
  pair: {},
  nowMs: 0,
  settings: { ackDelayMs: 0, silenceLimitMs: 0, holdTimeMs: 0 },
  half: undefined,
};

function mixSeen(mixer: Mixer, { logs, streams, reactor }: Pair): void {
  for (const each of [logs, streams]) {
    let print = seen.get(each);
    if (print === undefined) {
      const recorder = new Recorder();
      new Walk(recorder, AROUND_APPLICATIONS).value(each);
      print = recorder.print.fixed;
      // Without a reactor they are written to in place.
      if (reactor !== undefined) seen.set(each, print);
    }
    mixer.word(print.low);
    mixer.word(print.high);
  }
}
