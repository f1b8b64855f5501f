/** What a simulation of cores is about, and how a run draws it. */
import {
  ENDPOINT_DEFAULTS,
  type EndpointOptions,
  LITERAL_DEFAULTS,
  type LiteralOptions,
  type RequestOptions,
  type SessionOptions,
} from "../core/index.ts";
import { NO_HTTP_FAULTS, type HttpFaults } from "./network/http-faults.ts";
import { type LineOptions, PERFECT_LINE } from "./network/line.ts";
import type { NetworkOptions } from "./network/network.ts";
import { NO_PARTITIONS, type PartitionOptions } from "./network/partitions.ts";
import type { PairOptions } from "./pair-options.ts";
import type { PipeActions } from "./pipe-driver.ts";
import type { Play } from "./play.ts";
import { PRESETS, type PresetName } from "./presets.ts";

/** What may happen to the two hosts: how often, of a thousand actions. */
export interface HostEvents {
  /** The server's process dies, with all that it knows, and another one begins. */
  readonly serverCrashPermille: number;
  /** The client's process dies without having saved anything, and another session begins. */
  readonly clientCrashPermille: number;
  /** The client is saved and resumed, as by the reload of a page. */
  readonly reloadPermille: number;
  /** The client's host says that the network may be back. */
  readonly wakePermille: number;
  /** One side sleeps: nothing runs there. */
  readonly sleepPermille: number;
  /** The clock of one side leaps forward. It never goes back: cores are given monotonic clocks. */
  readonly leapPermille: number;
  /** How long a sleep or a leap may be. */
  readonly leapMaxMs: number;
}

/** What applications do besides sending: how often, of a thousand actions. */
export interface ChannelActions {
  /** They open one. */
  readonly openPermille: number;
  /** They finish the channel that they would have sent on. */
  readonly finishPermille: number;
  /** They reset it. */
  readonly resetPermille: number;
}

/** What the server's host does. */
export interface ServerHost {
  /**
   * Of a thousand connections that go before their answer came, of how many it is told. Others go
   * unseen, as where a proxy stands in between.
   */
  readonly goneToldPermille: number;
  /** How late it may be told. */
  readonly goneToldMs: number;
  /**
   * Where the server's `authenticate` is true: of a thousand openings that are not refused, how many
   * are told to come later.
   */
  readonly putOffPermille: number;
  /** How much later, at most. Below the time for which an ended session is remembered. */
  readonly putOffMs: number;
  /** There too: of a thousand openings, how many are refused. */
  readonly turnAwayPermille: number;
  /** How long half of the verdicts take, at most; 0: none takes any time. */
  readonly verdictMs: number;
  /** How often, of a thousand actions, it drains, until its process is replaced. */
  readonly drainPermille: number;
  /** How long it drains, at most. */
  readonly drainMs: number;
  /** How much longer the longest pause is that it asks for than the shortest, at most. */
  readonly drainPauseMs: number;
}

/** What a simulation is about. */
export interface SimulationOptions {
  /** The two cores. */
  readonly pair: PairOptions;
  /** What is between them, until it is healed. */
  readonly network: NetworkOptions;
  /** What happens to their hosts, until all is healed. */
  readonly events: HostEvents;
  /** What the server's host does. */
  readonly host: ServerHost;
  /** What hosts do about pipes. Left out: there are none. */
  readonly pipes?: PipeActions;
  /** How often the applications do something before all is healed. */
  readonly actions: number;
  /** One action in five is followed by a pause of up to so long. */
  readonly pauseMaxMs: number;
  /** How large messages may be. */
  readonly messageBytesMax: number;
  /** What they do with channels. */
  readonly channels: ChannelActions;
  /** How often, of a thousand actions, they close in the middle of it all. */
  readonly closePermille: number;
  /** Whether limits are so short that sessions end by them: promise 3 is checked, and not 6. */
  readonly mayEnd: boolean;
  /** Who closes at the end. */
  readonly closing: "nobody" | "client" | "server" | "both";
}

/** Hosts to which nothing happens. */
export const NO_HOST_EVENTS: HostEvents = {
  serverCrashPermille: 0,
  clientCrashPermille: 0,
  reloadPermille: 0,
  wakePermille: 0,
  sleepPermille: 0,
  leapPermille: 0,
  leapMaxMs: 0,
};

/** A server's host that is told of nothing, and lets everybody in. */
export const PLAIN_SERVER_HOST: ServerHost = {
  goneToldPermille: 0,
  goneToldMs: 0,
  putOffPermille: 0,
  putOffMs: 0,
  turnAwayPermille: 0,
  verdictMs: 0,
  drainPermille: 0,
  drainMs: 0,
  drainPauseMs: 0,
};

const DAY_MS = 86_400_000;
/** Half a minute before 31 and 32 bits are used up, and the time of day of the year 2023. */
const CLOCKS_START_MS: readonly number[] = [2 ** 31 - 30_000, 2 ** 32 - 30_000, 1.7e12];
/** Runs on a network with a name. The others have faults that hardly ever meet, and find more. */
const PRESET_PERMILLE = 300;
const PRESET_NAMES: readonly (PresetName | undefined)[] = [
  undefined,
  "wifi",
  "lossyWifi",
  "mobile4g",
  "satellite",
  "trainTunnel",
  "hostileProxy",
];

/**
 * Draws the traits of a run and writes them down. The first possibility of each is the plain one,
 * and about half of what may go wrong is switched off altogether: with everything at once, much
 * would never get far enough to go wrong.
 */
export function drawOptions(play: Play): SimulationOptions {
  const options = drawTraits(play, true);
  for (const [name, value] of Object.entries(options)) play.expand(name, value);
  return options;
}

/** @internal */
export function drawTraits(play: Play, mayBeLiteral: boolean): SimulationOptions {
  const mayEnd = play.happens("short limits", "limits are short", 200);
  const pair = drawPair(play, mayEnd, mayBeLiteral);
  return {
    pair,
    network: drawNetwork(play, pair.client?.literal !== undefined),
    events: drawEvents(play),
    host: drawServerHost(play, mayEnd),
    actions: oneOf(play, [12, 5, 30, 80], "actions"),
    pauseMaxMs: oneOf(play, [5_000, 60_000], "longest pause"),
    messageBytesMax: oneOf(play, [100, 4_000, 60_000], "largest message"),
    channels: drawChannels(play),
    closePermille: mayEnd ? oneOf(play, [0, 80], "sessions are closed at any time") : 0,
    mayEnd,
    closing: oneOf(play, ["nobody", "client", "server", "both"] as const, "who closes"),
  };
}

/** @internal */
export function oneOf<Value>(play: Play, values: readonly Value[], label: string): Value {
  return values[play.pick(values.length, label)] as Value;
}

// --- cores --------------------------------------------------------------------------------------

function drawPair(play: Play, mayEnd: boolean, mayBeLiteral: boolean): PairOptions {
  const shared = {
    ...drawLimits(play, mayEnd),
    parkedMax: oneOf(play, [4, 1, 2], "most parked"),
    literal: mayBeLiteral ? drawLiteral(play) : undefined,
  };
  const side = play.pick(3, "windows are narrow") === 0 ? drawGenerous : drawNarrow;
  return {
    client: {
      ...side(play, "client"),
      ...shared,
      carriersMax: oneOf(play, [8, 1, 2], "carriers"),
    },
    server: {
      ...side(play, "server"),
      ...shared,
      // It must be below the limit of silence.
      holdTimeMs: mayEnd ? 500 : oneOf(play, [25_000, 500], "hold time"),
      authenticate: oneOf(play, [false, true], "openings are judged"),
      verdictTimeoutMs: mayEnd ? ENDPOINT_DEFAULTS.verdictTimeoutMs : DAY_MS,
    },
    clocksStartMs: {
      client: oneOf(play, [0, ...CLOCKS_START_MS], "client: clock begins at"),
      server: oneOf(play, [1_000_000, ...CLOCKS_START_MS], "server: clock begins at"),
    },
  };
}

/** What is done often in one run is not done in another (swarm testing, Groce et al. 2012). */
function drawChannels(play: Play): ChannelActions {
  if (play.pick(3, "channels are used") === 0) {
    return { openPermille: 0, finishPermille: 0, resetPermille: 0 };
  }
  return {
    openPermille: oneOf(play, [150, 300], "channels are opened"),
    finishPermille: oneOf(play, [150, 0, 400], "channels are finished"),
    resetPermille: oneOf(play, [80, 0, 300], "channels are reset"),
  };
}

/** Of a session that must not end, or of one that may at any time. */
function drawLimits(play: Play, mayEnd: boolean): Partial<SessionOptions> {
  if (!mayEnd) {
    return { silenceLimitMs: DAY_MS, closeTimeoutMs: DAY_MS, unreadableMax: 1_000_000 };
  }
  return {
    holdTimeMs: 500,
    silenceLimitMs: oneOf(play, [30_000, 4_000, 90_000], "limit of silence"),
    closeTimeoutMs: oneOf(play, [55_000, 3_000], "close timeout"),
    unreadableMax: oneOf(play, [8, 2], "most unreadable bodies"),
  };
}

function drawLiteral(play: Play): LiteralOptions | undefined {
  if (play.pick(2, "the literal procedure", 150) === 0) return undefined;
  return {
    ...LITERAL_DEFAULTS,
    bundleMessages: oneOf(play, [10, 1, 3], "bundle"),
    requestsHeld: oneOf(play, [1, 2, 3], "requests held"),
    sendDelayMs: oneOf(play, [0, 50, "auto"], "send delay"),
    answerDelayMs: oneOf(play, [undefined, 0, 100], "answer delay"),
  };
}

/** Windows that never close, and messages before the first answer. */
function drawGenerous(play: Play, side: string): Partial<SessionOptions> & Partial<RequestOptions> {
  return {
    hold: oneOf(play, ["received", "delivered"] as const, `${side}: when held`),
    earlyMessages: true,
  };
}

/** What only one side needs to agree with itself about. */
function drawNarrow(
  play: Play,
  side: string,
): Partial<SessionOptions> & Pick<RequestOptions & EndpointOptions, "earlyMessages"> {
  const channelsMax = oneOf(play, [8, 2, 0], `${side}: channels`);
  const channelUnits = oneOf(play, [16, 1, 3], `${side}: channel units`);
  const reserves = 2 * channelsMax + 1;
  const isExplicit = play.pick(3, `${side}: consumes by itself`) === 1;
  const unitsToLend = oneOf(play, [200, 0, 3], `${side}: units to lend`);
  const bytesToLend = oneOf(play, [200_000, 0, 5_000], `${side}: bytes to lend`);
  return {
    earlyMessages: false,
    channelsMax,
    channelUnits,
    channelBytes: 16_384,
    windowMessages: reserves * channelUnits + unitsToLend,
    windowBytes: reserves * 16_384 + bytesToLend,
    messageBytesMax: 131_072,
    assemblyBytesMax: oneOf(play, [1_000_000, 131_072], `${side}: assembly`),
    consume: isExplicit ? "explicit" : "automatic",
    hold: isExplicit
      ? oneOf(play, ["received", "delivered", "consumed"] as const, `${side}: when held`)
      : oneOf(play, ["received", "delivered"] as const, `${side}: when held`),
    bodyBytesInitial: oneOf(play, [16_384, 1_024, 200_000], `${side}: first body`),
    ackDelayMs: oneOf(play, [25, 0, 500], `${side}: acknowledgement delay`),
  };
}

// --- the network --------------------------------------------------------------------------------

/**
 * A network with a name, or one of faults that hardly ever meet. The literal procedure gets no
 * narrow line: it sends again after a second, whatever the line can carry, and gives up what is
 * still coming; where a bundle takes longer, it never ends.
 */
function drawNetwork(play: Play, isLiteral: boolean): NetworkOptions {
  const preset = PRESET_NAMES[play.pick(PRESET_NAMES.length, "network", PRESET_PERMILLE)];
  if (preset !== undefined) {
    play.mark(`network ${preset}`);
    return PRESETS[preset];
  }
  const harsh = oneOf(play, [20, 2, 100, 250], "how harsh");
  return {
    up: drawLine(play, "up", harsh, isLiteral),
    down: drawLine(play, "down", harsh, isLiteral),
    http: drawHttp(play, harsh),
    partitions: drawPartitions(play),
  };
}

/** Half of the faults are switched off altogether. */
function rate(play: Play, harsh: number, label: string): number {
  return play.pick(2, label) === 1 ? harsh : 0;
}

function drawLine(play: Play, name: string, harsh: number, isLiteral: boolean): LineOptions {
  const loss = rate(play, harsh, `${name}: loses`);
  const isBursty = loss > 0 && play.pick(2, `${name}: loses in bursts`) === 1;
  const isNarrow = !isLiteral && play.pick(2, `${name}: is narrow`, 250) === 1;
  return {
    ...PERFECT_LINE,
    latencyMs: oneOf(play, [1, 10, 100, 300], `${name}: latency`),
    jitterMs: oneOf(play, [0, 10, 100], `${name}: jitter`),
    jitterCorrelation: oneOf(play, [0, 0.5, 0.9], `${name}: correlation`),
    loss: isBursty
      ? { enterPermille: loss, leavePermille: 250, lossGoodPermille: 0, lossBadPermille: 900 }
      : loss,
    duplicatePermille: rate(play, harsh, `${name}: doubles`),
    reorderPermille: rate(play, harsh, `${name}: reorders`),
    reorderMs: oneOf(play, [200, 5_000], `${name}: late by`),
    truncatePermille: rate(play, harsh, `${name}: cuts short`),
    flipPermille: rate(play, harsh, `${name}: flips bits`),
    bytesPerSecond: isNarrow ? oneOf(play, [100_000, 10_000], `${name}: rate`) : Infinity,
    queueBytesMax: isNarrow ? oneOf(play, [64_000, 20_000], `${name}: queue`) : Infinity,
  };
}

function drawHttp(play: Play, harsh: number): HttpFaults {
  const mayRestart = play.pick(2, "the middle restarts") === 1;
  return {
    ...NO_HTTP_FAULTS,
    responseLostPermille: rate(play, harsh, "answers are lost on errors"),
    requestFailsPermille: rate(play, harsh, "requests fail"),
    clientAbortPermille: rate(play, harsh, "hosts cut requests"),
    gatewayPermille: rate(play, harsh, "the middle answers"),
    pagePermille: rate(play, harsh, "the middle answers with pages"),
    replayPermille: rate(play, harsh, "the middle sends again"),
    replayMs: oneOf(play, [100, 5_000], "sent again within"),
    bufferPermille: rate(play, harsh, "answers are held back"),
    bufferMs: oneOf(play, [500, 10_000], "held back for"),
    errorMs: oneOf(play, [0, 500, 5_000], "errors are late by"),
    parkedIdleMs: oneOf(play, [Infinity, 300, 5_000], "idle timer"),
    requestBytesMax: oneOf(play, [Infinity, 20_000], "largest request"),
    restartCheckMs: mayRestart ? 1_000 : 0,
    restartPermille: mayRestart ? harsh : 0,
  };
}

function drawPartitions(play: Play): PartitionOptions {
  if (play.pick(2, "the network is cut") === 0) return NO_PARTITIONS;
  return {
    checkMs: 1_000,
    permille: oneOf(play, [50, 300], "cuts"),
    lengthMinMs: 50,
    lengthMaxMs: oneOf(play, [1_000, 20_000], "cut for"),
    cuts: oneOf(play, [["both"], ["up", "down"], ["both", "up", "down"]] as const, "which way"),
  };
}

// --- hosts --------------------------------------------------------------------------------------

function drawEvents(play: Play): HostEvents {
  const often = oneOf(play, [20, 60], "how often something happens to hosts");
  return {
    serverCrashPermille: play.pick(2, "servers crash", 200) * often,
    clientCrashPermille: play.pick(2, "clients crash", 200) * often,
    reloadPermille: play.pick(2, "clients reload", 250) * often,
    wakePermille: play.pick(2, "clients wake", 330) * 200,
    sleepPermille: play.pick(2, "hosts sleep", 200) * often,
    leapPermille: play.pick(2, "clocks leap", 200) * often,
    leapMaxMs: oneOf(play, [10_000, 7_200_000], "longest leap"),
  };
}

function drawServerHost(play: Play, mayEnd: boolean): ServerHost {
  return {
    ...PLAIN_SERVER_HOST,
    goneToldPermille: oneOf(play, [0, 1_000, 500], "the server sees connections go"),
    goneToldMs: oneOf(play, [0, 200, 5_000], "it sees them go within"),
    putOffPermille: oneOf(play, [0, 600], "openings are put off"),
    putOffMs: oneOf(play, [1_000, 20_000], "put off for"),
    turnAwayPermille: mayEnd ? oneOf(play, [0, 300], "openings are refused") : 0,
    verdictMs: oneOf(play, [0, 300, 8_000], "verdicts take"),
    drainPermille: mayEnd ? oneOf(play, [0, 60], "the server is replaced") : 0,
    drainMs: oneOf(play, [2_000, 20_000], "it drains for"),
    drainPauseMs: oneOf(play, [500, 10_000], "pauses differ by"),
  };
}
