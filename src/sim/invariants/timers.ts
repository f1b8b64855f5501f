/**
 * Each timer is armed if and only if it has a reason, and the reasons are said here once more, from
 * the state alone: what the core arms too early makes it busy, and what it does not arm is never
 * done. When a tick has ended nothing may be left that should have left with it: that is the rule
 * of parking, on both sides.
 */
import {
  FACT_ALLOWANCE,
  PART_BYTES_MIN,
  UNANSWERED_DOUBTED,
  UNIT_BYTES_MAX,
  WINDOW_NEWS_BYTES,
} from "../../core/limits.ts";
import { type ParkSide, RequestSide } from "../../core/index.ts";
import { BrokenPromise, type SideName } from "../applications.ts";
import type { Cores } from "../cores.ts";
import { type Half, openClient, openEndpoint, openHalf, openReceiver, openServer } from "./open.ts";

/** Timers with the reason that each has or lacks; undefined: it may be armed or not. */
type Reasons = Readonly<Record<string, boolean | undefined>>;

/** Compares what is armed with what has a reason. */
export function checkTimers(cores: Cores, side: SideName): void {
  const half = cores.half(side);
  if (half === undefined || half.state === "ended" || isLiteral(half)) return;
  const reasons = half === cores.client ? ofClient(cores.client) : ofServer(half as ParkSide);
  const armed = armedTimers(half);
  for (const [timer, isReason] of Object.entries(reasons)) {
    const isArmed = armed.has(timer);
    if (isReason === undefined || isArmed === isReason) continue;
    const which = isArmed ? "armed without a reason" : "not armed, and there is a reason";
    throw new BrokenPromise(`6: the ${side}'s timer "${timer}" is ${which}`);
  }
  for (const timer of armed.keys()) {
    if (!Object.hasOwn(reasons, timer)) throw new BrokenPromise(`6: nobody knows timer "${timer}"`);
  }
  checkWake(cores, side, armed);
  if (cores.options.eagerTicks === false) return;
  const { nowMs } = openHalf(half);
  const isLeft = (armed.get("transmit") ?? Infinity) <= nowMs;
  if (isLeft || isUnsaidOnPipe(half, nowMs)) {
    throw new BrokenPromise(`6: the ${side}'s tick has ended, and something is left to be said`);
  }
}

/** The driver is asked to come back at the first of all times, and not before. */
function checkWake(cores: Cores, side: SideName, armed: ReadonlyMap<string, number>): void {
  let firstMs = Math.min(Infinity, ...armed.values());
  if (side === "server") {
    firstMs = Math.min(firstMs, cores.session?.verdictAtMs ?? Infinity);
    const { tombstones } = openEndpoint(cores.server);
    for (const { forgetAtMs } of tombstones.values()) firstMs = Math.min(firstMs, forgetAtMs);
  }
  const { atMs } = cores.wakeAt[side];
  // Another session's time is none of ours.
  if (atMs === firstMs || (atMs < firstMs && side === "server" && !cores.isAlone)) return;
  throw new BrokenPromise(
    `6: the ${side} wants to be woken at ${atMs}, and ${firstMs} comes first`,
  );
}

/** When each timer fires that is armed. */
function armedTimers(half: Half): Map<string, number> {
  const armed = new Map<string, number>();
  const consider = (name: string, atMs: number): void => {
    if (atMs === Infinity) return;
    armed.set(name, Math.min(atMs, armed.get(name) ?? Infinity));
  };
  const open = openHalf(half);
  consider("silence", open.silenceAtMs);
  consider("close", open.closeAtMs);
  consider("expire", half.sender.nextExpiryMs);
  if (open.probeAtMs === Infinity && half.sender.isBlocked) consider("probe", open.nowMs);
  open.considerTimers(consider);
  return armed;
}

function isLiteral(half: Half): boolean {
  return openHalf(half).settings.literal !== undefined;
}

// --- reasons ------------------------------------------------------------------------------------

function ofBoth(half: Half): Reasons {
  return { silence: true, close: half.state === "closing", expire: mayExpire(half) };
}

function ofClient(client: RequestSide): Reasons {
  const { nowMs, wakeAtMs, retry, pausedUntilMs, savedUntilMs, offer, options } =
    openClient(client);
  const { requestsUnansweredMax } = options;
  const gateMs = Math.max(retry.notBeforeMs, pausedUntilMs, savedUntilMs);
  const isGivenUp = requestsUnansweredMax > 0 && client.requestsUnanswered >= requestsUnansweredMax;
  const places = placesOf(client);
  const { canLeave } = places;
  const canCarry = canLeave && places.canCarry;
  const wants = canLeave && wantsToSend(client, places, Math.max(nowMs, gateMs));
  const isPiped = client.pipes.size > 0;
  const canSay = canCarry || speakingPipe(client) !== undefined;
  return {
    ...ofBoth(client),
    // What pipes are told now and then, and requests say of pipes, has times of its own.
    transmit: isPiped ? undefined : isGivenUp || (gateMs <= nowMs && wants),
    retry: isPiped ? undefined : gateMs > nowMs && wants,
    wake: wakeAtMs !== Infinity,
    exchange: places.live > 0,
    resend: isOnExchange(client),
    "ack-delay": canSay && client.receiver.ackOwedSinceMs !== Infinity,
    probe: isProbing(client, canSay),
    // [PIPE-10]: a stream that nobody can ask for yet is waited for without end.
    pipe: [...client.pipes.keys()].some((link) => link !== offer.due?.link),
  };
}

/** [PIPE-7]: what is on a pipe has no timer of its own. */
function isOnExchange({ sender }: Half): boolean {
  return [...sender.flights.keys()].some((transmission) => transmission > 0);
}

/** The pipe on which a side says what there is to say [PIPE-3] [PIPE-4]. */
function speakingPipe(half: Half): OpenPipe | undefined {
  const pipes = [...half.pipes.values()] as readonly OpenPipe[];
  const joined = pipes.find(({ link }) => link === half.joined);
  if (half instanceof RequestSide) return joined?.isDuplex === true ? joined : undefined;
  const { isAdmitted, hearingFrom } = openServer(half);
  if (!isAdmitted) return undefined;
  return joined ?? (hearingFrom === 0 ? pipes.at(-1) : undefined);
}

/** [PIPE-8]: there is something to say, and room for it. */
function isUnsaidOnPipe(half: Half, nowMs: number): boolean {
  const pipe = speakingPipe(half);
  if (pipe === undefined || half.state === "opening" || half.state === "ended") return false;
  const isFull = pipe.waitingBytes >= openHalf(half).settings.pipeBytesMax;
  return !isFull && hasSomethingToSay(half, nowMs);
}

function ofServer(server: ParkSide): Reasons {
  const { nowMs, leftOver } = openServer(server);
  const isSpeaking = server.state !== "opening";
  const isParked = isSpeaking && server.parked.length > 0;
  const isLate = leftOver.length > 0 || isDone(server) || isUnlooked(server);
  const isDue = isLate || wantsToAnswer(server, nowMs) || isCaught(server, nowMs);
  const hasPipe = isSpeaking && server.pipes.size > 0;
  const canSay = isParked || (isSpeaking && speakingPipe(server) !== undefined);
  return {
    ...ofBoth(server),
    // [PIPE-10]: on each pipe it says something before the time is over that it has named.
    transmit: isDue || hasPipe,
    resend: isSpeaking && isOnExchange(server),
    hold: isParked,
    "ack-delay": canSay && server.receiver.ackOwedSinceMs !== Infinity,
    probe: isProbing(server, canSay),
    pipe: isSpeaking && [...server.pipes.values()].some(({ waitingBytes }) => waitingBytes > 0),
  };
}

/** Messages of a channel with a time to live that the peer may still lack. */
function mayExpire({ sender }: Half): boolean {
  for (const channel of sender.channels.values()) {
    if (channel.ttlMs === Infinity) continue;
    if (channel.unsent.size > 0) return true;
    for (let at = channel.sent.head; at < channel.sent.tail; at++) {
      const sent = channel.sent.at(at);
      if (sent !== undefined && sent.seqLast > sender.peerReceived.through) return true;
    }
  }
  return false;
}

/** A probe is for who stands still; the wait for it begins when that is seen. */
function isProbing(half: Half, canCarry: boolean): boolean {
  if (!isStopped(half)) return false;
  return canCarry || openHalf(half).probeAtMs === Infinity;
}

// --- the client ---------------------------------------------------------------------------------

/** Room for requests. */
interface Places {
  /** Requests that are out and not overdue. */
  readonly live: number;
  /** One more may leave. */
  readonly canLeave: boolean;
  /** One more may carry messages. */
  readonly canCarry: boolean;
}

function placesOf(client: RequestSide): Places {
  const { open } = client.exchanges;
  const { carriersMax } = openClient(client).options;
  const slots = client.parkedWanted + carriersMax;
  let live = 0;
  let carriers = 0;
  for (const { isCarrier, isOverdue } of open.values()) {
    if (isOverdue) continue;
    live++;
    if (isCarrier) carriers++;
  }
  const canLeave = open.size < slots || live < open.size;
  return { live, canLeave, canCarry: carriers < carriersMax && live < slots };
}

/** [SAY-2] [SAY-4] [SAY-9] */
function wantsToSend(client: RequestSide, { live, canCarry }: Places, nowMs: number): boolean {
  const isDoubted = client.requestsUnanswered >= UNANSWERED_DOUBTED;
  // [PIPE-4]: where the client hears by a pipe nothing is parked.
  const wanted = client.joined === 0 ? client.parkedWanted : 0;
  if (live < wanted + (isDoubted ? 1 : 0)) return true;
  return canCarry && hasSomethingToSay(client, nowMs);
}

// --- the server ---------------------------------------------------------------------------------

/** [PARK-1]: the oldest is answered when too many are parked, or too long, or for a word. */
function wantsToAnswer(server: ParkSide, nowMs: number): boolean {
  const { pauses, isOpenedOwed, isOfferOwed, options } = openServer(server);
  const { parked, parkedWanted } = server;
  if (parked.length === 0 || server.state === "opening") return false;
  if (pauses !== undefined || parked.length > parkedWanted || isOpenedOwed) return true;
  if (server.joined !== 0 || isOfferOwed) return true;
  const silenceMs = server.peer?.silenceLimitMs ?? Infinity;
  const holdMs = Math.min(options.holdTimeMs, silenceMs / 2);
  const firstMs = Math.min(...parked.map(({ arrivedAtMs }) => arrivedAtMs));
  return nowMs >= firstMs + holdMs || hasSomethingToSay(server, nowMs);
}

/** Something to say and nothing parked, for the first time. */
function isCaught(server: ParkSide, nowMs: number): boolean {
  const { isStarved, isAdmitted, pauses } = openServer(server);
  if (server.parked.length > 0 || isStarved || !isAdmitted || pauses !== undefined) return false;
  if (speakingPipe(server) !== undefined) return false;
  return hasSomethingToSay(server, nowMs);
}

/** Both sides have finished, and this one holds everything and knows that the other does. */
function isDone(server: ParkSide): boolean {
  const { receiver, sender, state } = server;
  const hasAll = receiver.finishSeq !== 0 && receiver.heldThrough >= receiver.finishSeq;
  const isAssembled = receiver.parts.stalled.size === 0;
  return state === "closing" && hasAll && isAssembled && isEmpty(sender);
}

function isEmpty({ ring, unsentCount, facts }: Half["sender"]): boolean {
  return ring.base === ring.next && unsentCount === 0 && facts.size === 0;
}

/** What waits is noted when a tick ends. */
function isUnlooked(server: ParkSide): boolean {
  return openServer(server).messagesSinceMs === Infinity && hasNumbered(server);
}

// --- both ---------------------------------------------------------------------------------------

/** [SAY-1] */
function hasSomethingToSay(half: Half, nowMs: number): boolean {
  const { settings, probeAtMs } = openHalf(half);
  const { receiver } = half;
  const isOwed = nowMs >= receiver.ackOwedSinceMs + settings.ackDelayMs;
  return hasNumbered(half) || isOwed || nowMs >= probeAtMs || isRaised(half);
}

/** Something with a number would leave: again, a fact, or what windows let pass. */
function hasNumbered({ sender }: Half): boolean {
  if (sender.due.count > 0) return true;
  const { facts, ring, seqMax } = sender;
  if (facts.size > 0 && ring.next <= seqMax + FACT_ALLOWANCE) return true;
  const first = firstOf(sender);
  if (first === undefined || first.openPending || ring.next > seqMax) return false;
  return sender.bytesNumbered + needsOf(first) <= sender.bytesMax;
}

interface OpenPipe {
  readonly link: number;
  readonly isDuplex: boolean;
  readonly waitingBytes: number;
}

interface OpenSender {
  readonly turns: { readonly queue: { first(): ChannelSender | undefined } };
}

/** Whose turn it is: another one behind it may be smaller, and waits for its turn all the same. */
function firstOf(sender: Half["sender"]): ChannelSender | undefined {
  return (sender as unknown as OpenSender).turns.queue.first();
}

type ChannelSender = NonNullable<ReturnType<Half["sender"]["channels"]["get"]>>;

/** Bytes of credit without which the first message that waits does not begin. */
function needsOf({ unsent, partOffset }: ChannelSender): number {
  const bytes = unsent.bytes(unsent.head);
  if (partOffset === 0 && bytes <= UNIT_BYTES_MAX) return bytes;
  return Math.min(PART_BYTES_MIN, bytes - partOffset);
}

/** Messages wait for a window. */
function isStopped({ sender }: Half): boolean {
  const { facts, ring, seqMax, bytesMax, bytesNumbered } = sender;
  if (facts.size > 0 && ring.next > seqMax + FACT_ALLOWANCE) return true;
  for (const channel of sender.channels.values()) {
    if (channel.unsent.size === 0 || channel.isReady) continue;
    const needs = needsOf(channel);
    if (channel.units >= channel.unitsMax || channel.bytes + needs > channel.bytesMax) return true;
  }
  const first = firstOf(sender);
  if (first === undefined) return false;
  return first.openPending || ring.next > seqMax || bytesNumbered + needsOf(first) > bytesMax;
}

/** A window was raised by more than can wait [WIN-4]. */
function isRaised(half: Half): boolean {
  const { seqMax, bytesMax, windows } = half.receiver;
  const { options } = openReceiver(half);
  const { peerBlocked, seqStated, bytesStated } = openReceiver(half).windows;
  if (peerBlocked !== undefined) {
    if (seqMax > peerBlocked.seqMax || bytesMax > peerBlocked.bytesMax) return true;
  }
  if (windows.raised.size > 0) return true;
  const isHalfSeqs = (seqMax - seqStated) * 2 > options.windowMessages;
  const news = Math.min(options.windowBytes / 2, WINDOW_NEWS_BYTES);
  return isHalfSeqs || bytesMax - bytesStated > news;
}
