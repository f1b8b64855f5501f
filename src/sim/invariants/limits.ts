/**
 * Every limit holds: each bound that has a name in the core and shows in the state of a side, or in
 * a body that it sends, is looked at here, by its name (promise 5).
 */
import {
  BODY_FRAMES_MAX,
  BODY_MESSAGES_MAX,
  CHANNEL_WINDOWS_STATED_MAX,
  CHANNELS_BLOCKED_STATED_MAX,
  EXCHANGE_SPAN_MAX,
  FACT_ALLOWANCE,
  INDEX_RANGES_MAX,
  INITIAL_GRANT,
  KEYS_MAX,
  LABEL_BYTES_MAX,
  PARKED_MAX,
  PART_BYTES_MIN,
  PAUSE_MS_MAX,
  PREDECESSORS_MAX,
  RANGES_MAX,
  REASON_BYTES_MAX,
  ROOM_BYTES_MIN,
  SAVE_PAUSE_MS,
  UNIT_BYTES_MAX,
  WAKE_INTERVAL_MS,
} from "../../core/limits.ts";
import type { Body, Endpoint, NumberedFrame, ParkSide, RequestSide } from "../../core/index.ts";
import { BrokenPromise, type SideName } from "../applications.ts";
import type { Cores } from "../cores.ts";
import { type Half, openClient, openEndpoint, openHalf, openReceiver, openServer } from "./open.ts";

/** Whether each limit holds, by its name; limits that bound the same thing have names in common. */
type Holds<Subject> = Readonly<Record<string, (subject: Subject) => boolean>>;

/** Limits of either half of a session that lives. */
export const HALF_LIMITS: Holds<Half> = {
  RANGES_MAX: ({ receiver }) =>
    receiver.received.count <= RANGES_MAX && receiver.held.count <= RANGES_MAX,
  FACT_ALLOWANCE: ({ sender }) => sender.ring.next - 1 <= sender.seqMax + FACT_ALLOWANCE + 1,
  // Before anything was heard.
  INITIAL_GRANT: ({ stats, sender }) =>
    stats.bodiesReceived > 0 ||
    (sender.seqMax <= INITIAL_GRANT.messages && sender.bytesMax <= INITIAL_GRANT.bytes),
  windowMessages: (half) => {
    const { windows, options } = openReceiver(half);
    const { highest } = half.receiver.received;
    const isOutstanding = highest - windows.seqsConsumed <= options.windowMessages + FACT_ALLOWANCE;
    return isOutstanding && half.receiver.seqMax - windows.seqsConsumed <= options.windowMessages;
  },
  windowBytes: (half) => {
    const { windows, options } = openReceiver(half);
    return half.receiver.bytesReceived - windows.bytesConsumed <= options.windowBytes;
  },
  channelUnits: ({ receiver }) =>
    [...receiver.channels.values()].every((each) => each.isReset || each.units <= each.unitsMax),
  channelBytes: ({ receiver }) =>
    [...receiver.channels.values()].every((each) => each.isReset || each.bytes <= each.bytesMax),
  channelsMax: (half) => {
    const { channelsMax } = openReceiver(half).options;
    const { ownChannels, settings } = openHalf(half);
    return half.receiver.peerOpenCount <= channelsMax && ownChannels <= settings.channelsMax;
  },
  assemblyBytesMax: (half) =>
    half.receiver.parts.bytes <= openReceiver(half).options.assemblyBytesMax,
  INDEX_RANGES_MAX: ({ receiver }) =>
    [...receiver.channels.values()].every(({ settled }) => settled.count <= INDEX_RANGES_MAX),
  KEYS_MAX: ({ receiver }) =>
    [...receiver.channels.values()].every(({ latestByKey }) => latestByKey.size <= KEYS_MAX),
  sendBufferBytesMax: (half) => half.bufferedBytes <= openHalf(half).settings.sendBufferBytesMax,
  // Facts and parts are counted when a message is refused, and are not refused themselves.
  sendBufferMessagesMax: (half) =>
    half.sender.unsentCount <= openHalf(half).settings.sendBufferMessagesMax,
  highWaterBytes: (half) => {
    const { isAboveHighWater, settings } = openHalf(half);
    return !isAboveHighWater || half.bufferedBytes * 2 > settings.highWaterBytes;
  },
  bodyBytesMax: (half) => {
    const { bodyBytesLimit, bodyBytesCeiling, settings } = openHalf(half);
    return bodyBytesLimit <= bodyBytesCeiling && bodyBytesCeiling <= settings.bodyBytesMax;
  },
  unreadableMax: (half) => {
    const { unreadableInRow, settings } = openHalf(half);
    return unreadableInRow < settings.unreadableMax;
  },
  rtoMaxMs: (half) => {
    const { settings, probeAtMs, nowMs } = openHalf(half);
    const { timeoutMs } = half.roundTrip;
    const isProbing = probeAtMs !== Infinity;
    const isWithin = timeoutMs >= settings.rtoMinMs && timeoutMs <= settings.rtoMaxMs;
    return isWithin && (!isProbing || probeAtMs <= nowMs + settings.rtoMaxMs);
  },
  closeTimeoutMs: (half) => {
    const { closeAtMs, nowMs, settings } = openHalf(half);
    // Added as the core adds: a difference may be off by the last bit of a time.
    return closeAtMs === Infinity || closeAtMs <= nowMs + settings.closeTimeoutMs;
  },
  // Beyond it one body of one unit, which was let go while there was room.
  pipeBytesMax: (half) => {
    const mostBytes = openHalf(half).settings.pipeBytesMax + UNIT_BYTES_MAX + ROOM_BYTES_MIN;
    return [...half.pipes.values()].every(({ waitingBytes }) => waitingBytes <= mostBytes);
  },
  PAUSE_MS_MAX: (half) => openHalf(half).pausedUntilMs <= openHalf(half).nowMs + PAUSE_MS_MAX,
};

/** Limits of clients alone. */
export const CLIENT_LIMITS: Holds<RequestSide> = {
  parkedMax: (client) => {
    const { parkedMax, literal } = openClient(client).options;
    // The literal procedure has a number of its own.
    const isWithin = literal !== undefined || client.parkedWanted <= parkedMax;
    return client.parkedWanted >= 1 && isWithin;
  },
  // A request that leaves in order to be parked may carry as well.
  carriersMax: (client) => {
    const { carriersMax, parkedMax, literal } = openClient(client).options;
    const wantedMax = literal?.requestsHeld ?? parkedMax;
    return client.exchanges.open.size <= wantedMax + carriersMax;
  },
  EXCHANGE_SPAN_MAX: ({ exchanges }) => {
    const oldest = Math.min(exchanges.next, ...exchanges.open.keys());
    return exchanges.next - oldest <= EXCHANGE_SPAN_MAX;
  },
  PREDECESSORS_MAX: (client) => openClient(client).predecessors.length <= PREDECESSORS_MAX,
  reconnectDelayMaxMs: (client) => {
    const { retry, nowMs, options } = openClient(client);
    return retry.notBeforeMs <= nowMs + options.reconnectDelayMaxMs;
  },
  SAVE_PAUSE_MS: (client) => {
    const { savedUntilMs, nowMs } = openClient(client);
    return savedUntilMs <= nowMs + SAVE_PAUSE_MS;
  },
  WAKE_INTERVAL_MS: (client) => {
    const { wakeAtMs, nowMs } = openClient(client);
    return wakeAtMs === Infinity || wakeAtMs <= nowMs + WAKE_INTERVAL_MS;
  },
  requestsUnansweredMax: (client) => {
    const { requestsUnansweredMax } = openClient(client).options;
    return requestsUnansweredMax === 0 || client.requestsUnanswered < requestsUnansweredMax;
  },
};

/** Limits of the server's half of a session. */
export const SERVER_LIMITS: Holds<ParkSide> = {
  requestsHeldMax: (server) => server.parked.length <= openServer(server).options.requestsHeldMax,
  PARKED_MAX: (server) => server.parked.length <= PARKED_MAX,
  parkedMax: (server) => {
    const { options } = openServer(server);
    const parkedMax = Math.min(options.parkedMax, server.peer?.parkedMax ?? 1);
    // The literal procedure says by itself how many it holds.
    const isLiteral = options.literal !== undefined;
    return server.parkedWanted >= 1 && (isLiteral || server.parkedWanted <= parkedMax);
  },
  EXCHANGE_SPAN_MAX: (server) => {
    const { overThrough, over, answerTimes } = openServer(server);
    const newest = Math.max(overThrough, ...server.parked.map(({ exchange }) => exchange));
    const span = Math.max(newest, server.answered.highest, over.highest) - overThrough;
    return span <= EXCHANGE_SPAN_MAX && answerTimes.size <= EXCHANGE_SPAN_MAX;
  },
};

/** Limits of a server with all its sessions. */
export const ENDPOINT_LIMITS: Holds<Endpoint> = {
  sessionsMax: (server) => server.sessions.size <= openEndpoint(server).options.sessionsMax,
  pendingMax: (server) => {
    const { pending, options } = openEndpoint(server);
    return pending >= 0 && pending <= options.pendingMax;
  },
  sessionsPerAddressMax: (server) => {
    const { perAddress, options } = openEndpoint(server);
    return [...perAddress.values()].every((count) => count <= options.sessionsPerAddressMax);
  },
  tombstonesMax: (server) => {
    const { tombstones, options } = openEndpoint(server);
    return tombstones.size <= options.tombstonesMax;
  },
};

/** A body with its bytes and the most that its reader takes. */
export interface SentBody {
  readonly body: Body;
  readonly bytes: number;
  readonly bytesMax: number;
}

/** Limits of what is sent. */
export const BODY_LIMITS: Holds<SentBody> = {
  bodyBytesMax: ({ bytes, bytesMax }) => bytes <= bytesMax,
  BODY_MESSAGES_MAX: ({ body }) => sum(body.numbered, countOf) <= BODY_MESSAGES_MAX,
  BODY_FRAMES_MAX: ({ body }) => body.numbered.length <= BODY_FRAMES_MAX,
  RANGES_MAX: ({ body }) => (body.ack?.ranges.length ?? 0) / 2 <= RANGES_MAX,
  PARKED_MAX: ({ body }) => (body.answer?.parked.length ?? 0) <= PARKED_MAX,
  UNIT_BYTES_MAX: ({ body }) => body.numbered.every(isOfUnits),
  PART_BYTES_MIN: ({ body }) => body.numbered.every(isWorthAPart),
  CHANNEL_WINDOWS_STATED_MAX: ({ body }) =>
    body.channelWindows.length <= CHANNEL_WINDOWS_STATED_MAX,
  CHANNELS_BLOCKED_STATED_MAX: ({ body }) =>
    body.channelsBlocked.length <= CHANNELS_BLOCKED_STATED_MAX,
  LABEL_BYTES_MAX: ({ body }) =>
    body.numbered.every((each) => {
      return each.kind !== "channel-open" || each.label.length <= LABEL_BYTES_MAX;
    }),
  REASON_BYTES_MAX: ({ body }) =>
    (body.ended ?? body.refused)?.reason === undefined ||
    ((body.ended ?? body.refused)?.reason.length ?? 0) <= REASON_BYTES_MAX,
};

/** Throws when a side has more of something than its limit says. */
export function checkLimits(cores: Cores, side: SideName): void {
  const half = cores.half(side);
  if (side === "server") check(ENDPOINT_LIMITS, cores.server, side);
  if (half === undefined) return;
  if (half.state === "ended") {
    if (half.pipes.size === 0) return;
    throw new BrokenPromise(`5: the ${side}'s session has ended, and a pipe of it is open`);
  }
  check(HALF_LIMITS, half, side);
  if (half === cores.client) check(CLIENT_LIMITS, cores.client, side);
  else check(SERVER_LIMITS, half as ParkSide, side);
}

/** Throws when a body says more than it may. */
export function checkBodyLimits(sent: SentBody, side: SideName): void {
  check(BODY_LIMITS, sent, side);
}

function check<Subject>(limits: Holds<Subject>, subject: Subject, side: SideName): void {
  for (const name in limits) {
    if (limits[name]?.(subject) === true) continue;
    throw new BrokenPromise(`5: the ${side} does not keep to ${name}`);
  }
}

function sum(frames: readonly NumberedFrame[], of: (frame: NumberedFrame) => number): number {
  return frames.reduce((total, frame) => total + of(frame), 0);
}

function countOf(frame: NumberedFrame): number {
  return frame.kind === "messages" ? frame.payloads.length : 0;
}

function isOfUnits(frame: NumberedFrame): boolean {
  if (frame.kind === "part") return frame.payload.length <= UNIT_BYTES_MAX;
  return (
    frame.kind !== "messages" || frame.payloads.every(({ length }) => length <= UNIT_BYTES_MAX)
  );
}

function isWorthAPart(frame: NumberedFrame): boolean {
  if (frame.kind !== "part") return true;
  const isLast = frame.offset + frame.payload.length === frame.totalBytes;
  return isLast || frame.payload.length >= PART_BYTES_MIN;
}
