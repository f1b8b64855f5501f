/**
 * The options of a session and of a server, and the check that a set of options can work. Their
 * defaults, with units and reasons, stand with all other bounds in limits.ts. spec 9.
 */
import { UsageError } from "./errors.ts";
import {
  BODY_MESSAGES_MAX,
  LITERAL_DEFAULTS,
  PARK_RANGES,
  PARKED_MAX,
  REQUEST_RANGES,
  SESSION_RANGES,
} from "./limits.ts";

/** When a received message counts as held, so that its sender may release it. */
export type HoldPolicy =
  /** Once it is in this side's memory. */
  | "received"
  /** Once `poll()` has handed it out; in a session it then waits for the application. */
  | "delivered"
  /**
   * Once the application is done with it, after writing it to a store for one. To the core it says
   * so by `consume()`, to a session by asking for the next one.
   */
  | "consumed";

/** What both halves of a session can be told. All fields have defaults. */
export interface SessionOptions {
  /** Unconsumed messages and parts that the peer may have with us. */
  readonly windowMessages: number;
  /** Unconsumed payload bytes that the peer may have with us. */
  readonly windowBytes: number;
  /**
   * Channels that the peer may have open at once beside channel 0; each direction reserves for them
   * out of both windows. With early messages a server allows 8 or more [OPEN-6].
   */
  readonly channelsMax: number;
  /** Units reserved for each channel out of `windowMessages`. */
  readonly channelUnits: number;
  /** Bytes reserved for each channel out of `windowBytes`. */
  readonly channelBytes: number;
  /** Largest message accepted from the peer. */
  readonly messageBytesMax: number;
  /** Declared bytes of all large messages under assembly or assembled and not yet consumed. */
  readonly assemblyBytesMax: number;
  /** Largest body that this side reads; told to the peer. */
  readonly bodyBytesMax: number;
  /** First size of the bodies that this side sends; grows with success, halves with failure. */
  readonly bodyBytesInitial: number;
  /** `send` refuses to hold more payload bytes than this. */
  readonly sendBufferBytesMax: number;
  /** `send` refuses to hold more messages than this. */
  readonly sendBufferMessagesMax: number;
  /** `send` returns false from this many bytes on; at half of it there is room again. */
  readonly highWaterBytes: number;
  /**
   * When a received message counts as held, so that its sender lets go of it. Default "received".
   */
  readonly hold: HoldPolicy;
  /**
   * "automatic": delivered is consumed; "explicit": the application calls `consume()`. Default
   * "automatic".
   */
  readonly consume: "automatic" | "explicit";
  /** An acknowledgement that nothing carries is sent on its own after this delay. */
  readonly ackDelayMs: number;
  /** The retransmission timeout before a round trip was measured. */
  readonly rtoInitialMs: number;
  /** Least retransmission timeout. */
  readonly rtoMinMs: number;
  /** Most that it is doubled to. */
  readonly rtoMaxMs: number;
  /** A session ends after this long without a body of the peer that could be applied [END-9]. */
  readonly silenceLimitMs: number;
  /** How long a request is held when there is nothing to say. */
  readonly holdTimeMs: number;
  /** Most requests that are kept parked while the server has much to say. */
  readonly parkedMax: number;
  /** A graceful close becomes an end with fates after this long. */
  readonly closeTimeoutMs: number;
  /** A session ends after so many unreadable bodies in a row. */
  readonly unreadableMax: number;
  /** Most bytes that wait for evidence on a pipe; the rest waits here. */
  readonly pipeBytesMax: number;
  /** A pipe is dead when nothing on it was acknowledged for so long beyond the timeout. */
  readonly pipeStallMs: number;
  /** On a pipe on which nothing is said a dummy leaves after so long; see `pipeDummies`. */
  readonly pipeSilenceMs: number;
  /**
   * When dummies leave, bodies that say nothing and that the other side ignores, for whoever cuts
   * silent connections: after `pipeSilenceMs` in which nothing left, each `pipeSilenceMs` whatever
   * else leaves, or never, which is for clients only. A client that hears by a stream sends requests
   * instead. Default: "silence" at a server, "none" at a client.
   */
  readonly pipeDummies: "silence" | "interval" | "none";
  /** The founding document's procedure instead of the modern rules; spec 8. Default: undefined. */
  readonly literal: LiteralOptions | undefined;
}

/** Configuration of the literal procedure. */
export interface LiteralOptions {
  /** A bundle's worth, and the most messages that a body carries. */
  readonly bundleMessages: number;
  /** Requests that the server holds before a further one makes it answer the oldest. */
  readonly requestsHeld: number;
  /** Client: after so long without an answer everything unacknowledged is sent again. */
  readonly resendTimeoutMs: number;
  /** Wait before the next request; `auto` reckons it from bandwidth and backlog. */
  readonly sendDelayMs: number | "auto";
  /** Whether streams may be used, by which the server then speaks; false: requests alone. */
  readonly streaming: boolean;
  /** Server: less than a bundle is answered after so long; undefined: only on the rules' events. */
  readonly answerDelayMs: number | undefined;
}

/** What only the client half can be told. */
export interface RequestOptions extends SessionOptions {
  /** Requests that carry messages, beside the parked ones. */
  readonly carriersMax: number;
  /** First wait between failed requests, doubled by each; the first retry is immediate. */
  readonly reconnectDelayMinMs: number;
  /** Longest wait between failed requests. */
  readonly reconnectDelayMaxMs: number;
  /** "Unknown session" is believed after being repeated for so long. */
  readonly lostConfirmMs: number;
  /** The session ends after so many requests in a row without an answer; 0: no such limit. */
  readonly requestsUnansweredMax: number;
  /**
   * While messages come by a stream an acknowledgement that nothing carries leaves at most once in
   * so long, and sooner where many bytes wait for it.
   */
  readonly streamAckMs: number;
  /** False: no message leaves before the server has answered the opening. Default true. */
  readonly earlyMessages: boolean;
  /** What requests are for, beside pipes. Default "parked". */
  readonly requests: RequestUse;
}

/** What a client's requests are for [SAY-13] [PIPE-11] [PIPE-12]. */
export type RequestUse =
  /** The server holds them, unless the client hears by a pipe. */
  | "parked"
  /**
   * The same, but only while it is this client's turn, where connections are few; at other times
   * they are answered at once, and what comes down waits [SAY-13].
   */
  | "turns"
  /** They are answered at once: what comes down needs a pipe, for which the core asks. */
  | "prompt"
  /** None ever leaves: everything needs a pipe that goes both ways, for which the core asks. */
  | "none";

/** What only the server half can be told. */
export interface ParkOptions extends SessionOptions {
  /** Requests of one session that are held at most, whatever the client does. */
  readonly requestsHeldMax: number;
  /** The second body of a stream follows the first after so long, to show that it is not held back. */
  readonly pipeProofMs: number;
  /** A client is asked to replace a pipe that is so old; it does so without a gap. */
  readonly pipeAgeMaxMs: number;
  /** The same for one that has brought down so many bytes. */
  readonly pipeBytesSentMax: number;
  /** After so long without being caught with nothing parked, one parked request less is wanted. */
  readonly parkedQuietMs: number;
}

/** What a server can be told: of each session, and of all together. */
export interface EndpointOptions extends ParkOptions {
  /** Sessions at once, those that wait for a verdict included. */
  readonly sessionsMax: number;
  /** Openings that wait for a verdict at once. */
  readonly pendingMax: number;
  /** Sessions of one peer address, as the adapter names it. */
  readonly sessionsPerAddressMax: number;
  /** How long an ended session is remembered. */
  readonly tombstoneMs: number;
  /** Most ended sessions that are remembered; beyond, the oldest are forgotten. */
  readonly tombstonesMax: number;
  /** An opening without a verdict is refused after so long. */
  readonly verdictTimeoutMs: number;
  /** Streams that were named for who asked and that no session has taken yet; 0: none is named. */
  readonly streamsNamedMax: number;
  /** A stream that no session takes is ended after so long. */
  readonly streamNamedMs: number;
  /** False: openings are accepted without asking. Default false. */
  readonly authenticate: boolean;
  /**
   * False: clients have it false too, and limits may be lower than the initial grant [OPEN-6].
   * Default true.
   */
  readonly earlyMessages: boolean;
  /**
   * Where the pauses of `drain` and the generations of sessions begin, 1 to 2^32 - 1: a random
   * number for each process, as by its generation a client knows a session that was begun anew.
   * Default 1, for tests: two processes that have it draw the same.
   */
  readonly seed: number;
}

/**
 * Bytes that may wait to leave in what carries one pipe: twice what may wait there of messages. The
 * other half is for acknowledgements and dummies, which nothing else counts [PIPE-8].
 */
export function unsentBytesMaxOf({
  pipeBytesMax,
  bodyBytesMax,
}: Pick<SessionOptions, "pipeBytesMax" | "bodyBytesMax">): number {
  return 2 * (pipeBytesMax + bodyBytesMax);
}

/** @throws UsageError `option_invalid`, naming the option. */
export function within(value: unknown, least: number, most: number, name: string): void {
  const isInteger = typeof value === "number" && Number.isSafeInteger(value);
  refuseUnless(isInteger && value >= least && value <= most, value, name, () => {
    return `an integer from ${least} to ${most}`;
  });
}

function oneOf(value: unknown, allowed: readonly unknown[], name: string): void {
  refuseUnless(allowed.includes(value), value, name, () => allowed.join(" or "));
}

/** @throws UsageError `option_invalid`, saying what the option is and in what range it must be. */
export function refuseUnless(
  isFit: boolean,
  value: unknown,
  name: string,
  range: () => string,
): void {
  if (isFit) return;
  throw new UsageError("option_invalid", `${name} is ${String(value)} and must be ${range()}`);
}

/** Checks options that are numbers; a bound may be another option, checked before. */
export function checkRanges(given: object, ranges: object): void {
  const options = given as Readonly<Record<string, number>>;
  const valueOf = (bound: number | string): number => {
    return typeof bound === "number" ? bound : (options[bound] as number);
  };
  type Row = readonly [name: string, range: readonly [number, number | string, number | string]];
  for (const [name, [, least, most]] of Object.entries(ranges) as Row[]) {
    within(options[name], valueOf(least), valueOf(most), name);
  }
}

/**
 * A misspelt option would be as good as none, without a word.
 * @throws UsageError `option_unknown`, naming the option.
 */
export function checkNames(given: object, defaults: object): void {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(defaults, name)) throw new UsageError("option_unknown", name);
  }
}

/**
 * Checks options against each other and against the bounds of the wire.
 * @throws UsageError `option_invalid`, naming the option.
 */
export function checkSessionOptions(options: SessionOptions): void {
  checkRanges(options, SESSION_RANGES);
  const { channelsMax, channelUnits, channelBytes, windowMessages, windowBytes } = options;
  const { hold, consume } = options;
  const channels = channelsMax * 2 + 1;
  within(windowMessages, channels * channelUnits, 2 ** 40, "windowMessages");
  within(windowBytes, channels * channelBytes, 2 ** 40, "windowBytes");
  const heldMs = options.holdTimeMs + options.rtoMinMs;
  within(options.silenceLimitMs, heldMs, 2 ** 40, "silenceLimitMs");
  oneOf(hold, ["received", "delivered", "consumed"], "hold");
  oneOf(consume, ["automatic", "explicit"], "consume");
  oneOf(options.pipeDummies, ["silence", "interval", "none"], "pipeDummies");
  if (hold === "consumed" && consume === "automatic") {
    throw new UsageError("option_invalid", "hold is consumed and needs consume: explicit");
  }
}

/** @throws UsageError `option_invalid`, `option_unknown`, naming the option. */
export function checkLiteralOptions(literal: LiteralOptions): void {
  const day = 86_400_000;
  checkNames(literal, LITERAL_DEFAULTS);
  const { bundleMessages, requestsHeld, resendTimeoutMs, sendDelayMs, answerDelayMs } = literal;
  within(bundleMessages, 1, BODY_MESSAGES_MAX, "literal.bundleMessages");
  within(requestsHeld, 1, PARKED_MAX, "literal.requestsHeld");
  within(resendTimeoutMs, 1, day, "literal.resendTimeoutMs");
  if (sendDelayMs !== "auto") within(sendDelayMs, 0, day, "literal.sendDelayMs");
  oneOf(literal.streaming, [true, false], "literal.streaming");
  if (answerDelayMs !== undefined) within(answerDelayMs, 0, day, "literal.answerDelayMs");
}

/** @throws UsageError `option_invalid`, naming the option. */
export function checkRequestOptions(options: RequestOptions): void {
  checkSessionOptions(options);
  checkRanges(options, REQUEST_RANGES);
  within(options.parkedMax + options.carriersMax, 2, PARKED_MAX, "carriersMax");
  oneOf(options.earlyMessages, [true, false], "earlyMessages");
  oneOf(options.requests, REQUEST_USES, "requests");
}

export const REQUEST_USES: readonly RequestUse[] = ["parked", "turns", "prompt", "none"];

/** @throws UsageError `option_invalid`, naming the option. */
export function checkParkOptions(options: ParkOptions): void {
  checkSessionOptions(options);
  checkRanges(options, PARK_RANGES);
  // A client takes a pipe for dead that is silent for longer than was promised [PIPE-10].
  oneOf(options.pipeDummies, ["silence", "interval"], "pipeDummies");
  if (options.literal !== undefined) checkLiteralOptions(options.literal);
  const held = Math.max(options.parkedMax, options.literal?.requestsHeld ?? 0);
  within(options.requestsHeldMax, held + 1, PARKED_MAX, "requestsHeldMax");
}
