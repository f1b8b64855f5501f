// What is explored to its end, by name. Clocks show steps of half a second, so that there are few
// different times and all of them can be tried: acknowledgements wait for one step, retries for one,
// what is overdue for two, parked requests for four.

import type { Command, PairOptions, PipeKind } from "../../src/sim/index.ts";

/** Everything that can become of a pair with these options is tried. */
export interface Configuration {
  readonly name: string;
  /** What it is about. */
  readonly about: string;
  readonly options: PairOptions;
  /** Small enough for every run of the tests. */
  readonly isQuick: boolean;
  /** What must have been met, or it proves nothing. */
  readonly marks: readonly string[];
}

const DAY_MS = 86_400_000;
const CLOCK_STEP_MS = 500;
/** Bounds that coincide: two states that differ in an estimate only have one future. */
const WAITS = {
  rtoInitialMs: 900,
  rtoMinMs: 900,
  rtoMaxMs: 900,
  holdTimeMs: 4 * CLOCK_STEP_MS,
  silenceLimitMs: DAY_MS,
  closeTimeoutMs: DAY_MS,
  bodyBytesInitial: 4_096,
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
/** More than one body carries of it while bodies are small: it travels in parts. */
const SEND_LARGE: Command = { kind: "send", bytes: 17_000 };

/** What may go wrong, and how often. Nothing goes wrong that is not named. */
type Budgets = Pick<
  PairOptions,
  "losses" | "duplicates" | "hurries" | "reloads" | "wakes" | "pipeBreaks"
>;

interface Setting {
  readonly client: readonly Command[];
  readonly server: readonly Command[];
  /** Options of both cores. */
  readonly both?: object;
  /** Options of one of them. */
  readonly clientOnly?: object;
  readonly serverOnly?: object;
}

function pairOf({ client, server, both, clientOnly, serverOnly }: Setting): PairOptions {
  const shared = { ...WAITS, ...ONE_CHANNEL, ...both };
  return {
    client: { ...shared, ...RETRIES, ...clientOnly },
    // Less than the initial grant; no script sends more than is allowed.
    server: { ...shared, earlyMessages: false, ...serverOnly },
    clientScript: client,
    serverScript: server,
    timersExcluded: ["silence", "close", "tombstone"],
    clockStepMs: CLOCK_STEP_MS,
    hurries: 0,
  };
}

function sends(count: number): Command[] {
  return Array.from({ length: count }, () => SEND);
}

/** Each side sends so many messages. */
export function messagesEachWay(count: number, budgets: Budgets = {}): PairOptions {
  return { ...pairOf({ client: sends(count), server: sends(count) }), ...budgets };
}

/**
 * The same with windows of so many messages and consumption by the application: whoever forgets to
 * say or to ask for credit stands still for ever.
 */
export function tinyWindows(
  count: number,
  windowMessages: number,
  budgets: Budgets = {},
): PairOptions {
  const both = { windowMessages, channelUnits: windowMessages, consume: "explicit" };
  const clientOnly = { earlyMessages: false };
  return {
    ...pairOf({ client: sends(count), server: sends(count), both, clientOnly }),
    ...budgets,
  };
}

/** Each side sends one message and closes. */
export function bothClose(budgets: Budgets = {}): PairOptions {
  return { ...pairOf({ client: [SEND, CLOSE], server: [SEND, CLOSE] }), ...budgets };
}

/** Two requests may stay parked, and two carry messages beside them. */
export function parking(count: number, budgets: Budgets = {}): PairOptions {
  const both = { parkedMax: 2 };
  const clientOnly = { carriersMax: 2 };
  const serverOnly = { parkedQuietMs: 2 * CLOCK_STEP_MS };
  const client = sends(count);
  return { ...pairOf({ client, server: sends(count), both, clientOnly, serverOnly }), ...budgets };
}

/**
 * A message that needs several parts, before and behind a small one, with room for the assembly of
 * one message and consumption by the application.
 */
export function parts(client: number, server: number, budgets: Budgets = {}): PairOptions {
  const both = {
    messageBytesMax: 17_000,
    assemblyBytesMax: 17_000,
    bodyBytesMax: 32_768,
    consume: "explicit",
  };
  const clientOnly = { earlyMessages: false };
  const script = (count: number): Command[] =>
    count === 0 ? [] : [...Array.from({ length: count }, () => SEND_LARGE), SEND];
  const setting = { client: script(client), server: script(server), both, clientOnly };
  return { ...pairOf(setting), ...budgets };
}

/** Messages of a channel of the client's that live for so many steps of the sender's clock. */
export function givingUp(count: number, ttlSteps: number, budgets: Budgets = {}): PairOptions {
  const open: Command = { kind: "open", mode: "ordered", ttlMs: ttlSteps * CLOCK_STEP_MS };
  const both = { channelsMax: 1, windowMessages: 768, windowBytes: 49_152 };
  const sendThere: Command = { kind: "send", bytes: 8, channel: 2 };
  const script: Command[] = [open, ...Array.from({ length: count }, () => sendThere)];
  const pair = pairOf({ client: script, server: [], both });
  return { ...pair, timersFree: ["expire"], ...budgets };
}

/** Messages of a `latest` channel of the client's: each of one key takes the place of the last. */
export function superseding(count: number, budgets: Budgets = {}): PairOptions {
  const open: Command = { kind: "open", mode: "latest" };
  const both = { channelsMax: 1, windowMessages: 768, windowBytes: 49_152 };
  const sendThere: Command = { kind: "send", bytes: 8, channel: 2, key: 1 };
  const script: Command[] = [open, ...Array.from({ length: count }, () => sendThere)];
  return { ...pairOf({ client: script, server: [], both }), ...budgets };
}

/** A channel of the client's with so many messages that is reset while they are on their way. */
export function resetting(count: number, budgets: Budgets = {}): PairOptions {
  const both = { channelsMax: 1, windowMessages: 768, windowBytes: 49_152 };
  const open: Command = { kind: "open", mode: "ordered" };
  const sendThere: Command = { kind: "send", bytes: 8, channel: 2 };
  const reset: Command = { kind: "reset", channel: 2 };
  const client = [open, ...Array.from({ length: count }, () => sendThere), reset];
  return { ...pairOf({ client, server: [], both }), ...budgets };
}

/** Messages that ride on the opening, whose requests are doubled and late. */
export function opening(count: number, close: boolean, budgets: Budgets = {}): PairOptions {
  const end: Command[] = close ? [CLOSE] : [];
  const both = {
    channelsMax: 8,
    channelUnits: 64,
    windowMessages: 17 * 64,
    windowBytes: 17 * 16_384,
  };
  const serverOnly = { earlyMessages: true };
  const client = [...sends(count), ...end];
  return { ...pairOf({ client, server: [SEND], both, serverOnly }), ...budgets };
}

/** A client that is saved and resumed while what it sent is still on its way. */
export function resuming(count: number, budgets: Budgets = {}): PairOptions {
  return { ...messagesEachWay(count), reloads: 1, ...budgets };
}

/**
 * So many messages each way, on requests and on pipes that open at any time. Dummies and words that
 * somebody is there come as often as requests are renewed.
 */
export function piped(
  count: number,
  pipes: readonly PipeKind[],
  budgets: Budgets = {},
): PairOptions {
  const both = { pipeStallMs: 2 * CLOCK_STEP_MS, pipeSilenceMs: 4 * CLOCK_STEP_MS };
  const serverOnly = { pipeProofMs: CLOCK_STEP_MS };
  const clientOnly = { streamAckMs: 0 };
  const setting = { client: sends(count), server: sends(count), both, clientOnly, serverOnly };
  return { ...pairOf(setting), pipes, ...budgets };
}

/** Whoever aborts tells the other side, and what was not acknowledged has its fate. */
export function aborting(budgets: Budgets = {}): PairOptions {
  // Where the last word is lost nobody hears of the end but by silence.
  const both = { silenceLimitMs: 12 * CLOCK_STEP_MS };
  const pair = pairOf({ client: [SEND, { kind: "abort" }], server: [SEND, CLOSE], both });
  return { ...pair, timersExcluded: ["close", "tombstone"], ...budgets };
}

const PIPED = ["step: open-pipe", "step: break-pipe", "pipe-joined", "client's pipe gone: closed"];
const LOSSY = ["step: lose", "step: fail", "resent"];
const CLOSING = ["finish sent", "end told", "client ended: closed", "server ended: closed"];

function named(
  name: string,
  about: string,
  options: PairOptions,
  marks: readonly string[],
  isQuick = false,
): Configuration {
  return { name, about, options, isQuick, marks };
}

const QUICK = true;

/** All of them, the quick ones first; the largest one last. */
export const CONFIGURATIONS: readonly Configuration[] = [
  named(
    "one-loss",
    "two messages each way, and one body is lost",
    messagesEachWay(2, { losses: 1 }),
    [...LOSSY, "hole acknowledged", "overdue", "timer resend", "timer exchange"],
    QUICK,
  ),
  named(
    "open-ticks",
    "two messages each way, and ticks that end at any time",
    { ...messagesEachWay(2), eagerTicks: false },
    ["timer transmit"],
    QUICK,
  ),
  named(
    "early-timer",
    "two messages each way, and a timer that fires before what is on its way arrives",
    messagesEachWay(2, { hurries: 1 }),
    ["resent", "copy dropped", "overdue"],
    QUICK,
  ),
  named(
    "timers-at-will",
    "one message each way, and timers that fire whenever they like",
    messagesEachWay(1, { hurries: Infinity }),
    ["resent", "copy dropped", "overdue", "abort", "path in doubt"],
    QUICK,
  ),
  named(
    "loss-and-copy",
    "one message each way, a body that is lost and a request that comes twice",
    messagesEachWay(1, { losses: 1, duplicates: 1 }),
    [...LOSSY, "step: duplicate", "copy dropped", "request answered already"],
    QUICK,
  ),
  named(
    "windows",
    "two messages each way through windows of one, consumed by the application",
    tinyWindows(2, 1),
    ["window closed", "channel's window said to be closed", "step: consume"],
    QUICK,
  ),
  named(
    "parking",
    "two messages each way, two requests parked and two carriers",
    parking(2),
    ["two parked", "two parked wanted", "two carriers", "request overtaken"],
    QUICK,
  ),
  named(
    "parts",
    "a message in parts from the client, room for the assembly of one, and one doubling",
    parts(1, 0, { duplicates: 1 }),
    ["part sent", "parts under assembly"],
    QUICK,
  ),
  named(
    "giving-up",
    "a message that expires at any time, sent or not, and one loss",
    givingUp(1, 1, { losses: 1 }),
    ["given up unsent", "given up sent", "skip sent", "timer expire"],
    QUICK,
  ),
  named(
    "resetting",
    "two messages of a channel that is reset, and one loss",
    resetting(2, { losses: 1 }),
    ["channel-reset sent", "channel-reset", "step: lose", "hole"],
    QUICK,
  ),
  named(
    "superseding",
    "two messages of which the newer makes the older needless, and one loss",
    superseding(2, { losses: 1 }),
    ["given up unsent", "skip sent", "step: lose"],
    QUICK,
  ),
  named(
    "opening",
    "a message that rides on the opening, of whose requests two copies come, and late",
    opening(1, false, { duplicates: 2 }),
    ["step: duplicate", "copy dropped", "request answered already"],
    QUICK,
  ),
  named(
    "tombstone",
    "a session that is opened and closed while copies of its requests are on their way",
    opening(1, true, { duplicates: 1 }),
    ["step: duplicate", "request after the end", ...CLOSING],
    QUICK,
  ),
  named(
    "closing",
    "both sides send a message and close, and one body is lost",
    bothClose({ losses: 1 }),
    [...LOSSY, ...CLOSING],
    QUICK,
  ),
  named(
    "aborting",
    "the client aborts, the server closes, and one body is lost",
    aborting({ losses: 1 }),
    ["end asked for", "client ended: aborted", "server ended: peer-ended"],
    QUICK,
  ),
  named(
    "resuming",
    "a client is saved and resumed while what it sent is on its way",
    resuming(1),
    ["step: reload", "life before named", "request of a life before", "superseded said"],
    QUICK,
  ),
  named(
    "waking",
    "one message each way, a host that says that the network is back, and one loss",
    messagesEachWay(1, { losses: 1, wakes: 1 }),
    [...LOSSY, "step: wake"],
    QUICK,
  ),
  named(
    "pipe",
    "one message each way, and a pipe that opens and breaks, of which any side is told, or none",
    piped(1, ["duplex"], { pipeBreaks: 1 }),
    [...PIPED, "link said", "client's pipe gone: silent", "client's pipe gone: stalled"],
    QUICK,
  ),
  named(
    "stream",
    "one message each way, and a stream that is asked for, held back or proved",
    piped(1, ["stream"]),
    ["pipe-offered", "pipe-joined", "client's pipe gone: buffered", "pipe told beside it"],
    QUICK,
  ),
  named(
    "stream-breaks",
    "the same with a stream that breaks, of which any side is told, or none",
    piped(1, ["stream"], { pipeBreaks: 1 }),
    [...PIPED, "pipe-offered", "client's pipe gone: unknown", "client's pipe gone: silent"],
  ),
  named(
    "two-pipes",
    "a stream and a pipe that goes both ways, each of which opens at any time: moves up",
    piped(1, ["stream", "duplex"]),
    ["pipe-offered", "pipe-joined", "link said", "client's pipe gone: replaced"],
  ),
  named(
    "pipe-loss",
    "a pipe that opens and breaks, of which any side is told, or none, and one loss",
    piped(1, ["duplex"], { pipeBreaks: 1, losses: 1 }),
    [...PIPED, ...LOSSY, "link said", "pipe told beside it", "client's pipe gone: unknown"],
  ),
  named(
    "pipe-resuming",
    "a client is saved and resumed while a pipe opens and breaks, and one loss",
    piped(1, ["duplex"], { reloads: 1, pipeBreaks: 1, losses: 1 }),
    [...PIPED, ...LOSSY, "link said", "step: reload", "life before named", "superseded said"],
  ),
  named(
    "open-ticks-loss",
    "one message each way, ticks that end at any time, and one loss",
    { ...messagesEachWay(1, { losses: 1 }), eagerTicks: false },
    [...LOSSY, "timer transmit"],
  ),
  named(
    "messages-at-will",
    "two messages each way, and timers that fire whenever they like",
    messagesEachWay(2, { hurries: Infinity }),
    ["resent", "copy dropped", "overdue", "abort", "path in doubt"],
  ),
  named(
    "parking-loss",
    "two messages each way, two requests parked and two carriers, and one loss",
    parking(2, { losses: 1 }),
    [...LOSSY, "two parked", "two parked wanted", "two carriers", "hole"],
  ),
  named(
    "windows-loss",
    "two messages each way through windows of one, and one loss",
    tinyWindows(2, 1, { losses: 1 }),
    [...LOSSY, "window closed", "channel's window said to be closed", "timer probe"],
  ),
  named("windows-of-two", "three messages each way through windows of two", tinyWindows(3, 2), [
    "window closed",
    "channel's window said to be closed",
    "step: consume",
  ]),
  named(
    "parts-loss",
    "a message in parts and a small one behind it, and one loss",
    parts(1, 0, { losses: 1 }),
    [...LOSSY, "part sent", "hole", "parts under assembly"],
  ),
  named(
    "parts-both",
    "two messages in parts one after the other, and room for one assembly",
    parts(2, 0),
    ["part sent", "part waits for room", "parts under assembly"],
  ),
  named(
    "resetting-lossy",
    "the same with two losses, as the news of the reset may be lost too",
    resetting(2, { losses: 2 }),
    ["channel-reset sent", "channel-reset", "hole"],
  ),
  named(
    "giving-up-two",
    "two messages that expire at any time, one loss and a copy",
    givingUp(2, 1, { losses: 1, duplicates: 1 }),
    [...LOSSY, "given up unsent", "given up sent", "skip sent", "hole"],
  ),
  named(
    "opening-two",
    "two messages that ride on the opening, a loss and two copies",
    opening(2, false, { duplicates: 2, losses: 1 }),
    [...LOSSY, "step: duplicate", "copy dropped"],
  ),
  named(
    "closing-twice-lost",
    "both sides send a message and close, two losses and a copy",
    bothClose({ losses: 2, duplicates: 1 }),
    [...LOSSY, ...CLOSING, "request after the end"],
  ),
  named(
    "resuming-loss",
    "a client is saved and resumed twice while what it sent is on its way, and one loss",
    resuming(1, { losses: 1, reloads: 2 }),
    [...LOSSY, "step: reload", "life before named", "superseded said"],
  ),
  named(
    "two-losses",
    "two messages each way, two losses and a copy",
    messagesEachWay(2, { losses: 2, duplicates: 1 }),
    [...LOSSY, "step: duplicate", "copy dropped", "hole acknowledged", "path in doubt"],
  ),
  named(
    "large",
    "two messages each way, two losses and two copies",
    messagesEachWay(2, { losses: 2, duplicates: 2 }),
    [...LOSSY, "step: duplicate", "copy dropped", "hole acknowledged", "path in doubt"],
  ),
];

/** The configuration with this name. */
export function configurationNamed(name: string): Configuration {
  const found = CONFIGURATIONS.find((each) => each.name === name);
  if (found !== undefined) return found;
  const names = CONFIGURATIONS.map((each) => each.name).join(", ");
  throw new Error(`no configuration is called ${name}; there are ${names}`);
}
