/**
 * The promises of the design, looked for in the state of a pair: in any state, and at rest. They
 * read what no application sees, and so know of a broken promise before anybody suffers from it.
 * (Promise 1, what is delivered, is checked by the pair itself at each delivery.)
 */
import { FACT_ALLOWANCE, INITIAL_GRANT, RANGES_MAX } from "../core/index.ts";
import type { ParkSide } from "../core/index.ts";
import { UNIT_MESSAGE, UNIT_PART } from "../core/send-ring.ts";
import { BrokenPromise, type SideName, SIDES } from "./applications.ts";
import type { Cores } from "./cores.ts";
import { checkLimits } from "./invariants/limits.ts";
import { type Half, openClient, openReceiver, openServer } from "./invariants/open.ts";
import { checkTimers } from "./invariants/timers.ts";
import type { Pair } from "./pair.ts";

export type { Half };

/** Throws a `BrokenPromise` when the state breaks one: on a side by itself, or on both together. */
export function checkState(pair: Pair): void {
  for (const side of SIDES) checkSide(pair, side);
  checkTogether(pair);
}

/** Throws when one side by itself breaks a promise, whatever the other is. */
export function checkSide(cores: Cores, side: SideName): void {
  checkBooks(cores, side);
  checkLimits(cores, side);
  checkTimers(cores, side);
}

function checkBooks(cores: Cores, side: SideName): void {
  const half = cores.half(side);
  if (half === undefined) return;
  checkHalf(half, side);
  if (half === cores.client) checkExchanges(cores);
  else checkParked(half as ParkSide);
}

/** Throws when the sides break a promise together, each of which keeps its own. */
export function checkTogether(pair: Pair): void {
  const { client, session } = pair;
  if (session === undefined) return;
  const server = session.side;
  checkHeld(pair, server);
  if (client.state === "ended" || server.state === "ended") return;
  checkDirection(client, server, "client");
  checkDirection(server, client, "server");
}

/** Throws when a half's own books do not balance, whatever its peer says. */
export function checkHalf(half: Half, side: SideName): void {
  checkSending(half, side);
  if (half.state !== "ended") checkCredit(half, side);
}

/** Throws when a pair that is at rest has not come to rest in every respect. */
export function checkRest(pair: Pair): void {
  const { client, session } = pair;
  if (session === undefined || client.state === "ended") return;
  const server = session.side;
  if (server.parked.length > server.parkedWanted) {
    throw new BrokenPromise("6: at rest, and more is parked than is wanted");
  }
  checkCreditReturned(client, "client");
  checkCreditReturned(server, "server");
}

// --- sending ------------------------------------------------------------------------------------

/** The send buffer holds what was accepted and not released, and nothing is forgotten. */
function checkSending(half: Half, side: SideName): void {
  const { sender } = half;
  const { ring } = sender;
  let bytes = 0;
  for (let seq = ring.base; seq < ring.next; seq++) {
    const kind = ring.kind(seq);
    if (kind === UNIT_MESSAGE || kind === UNIT_PART) bytes += ring.bytes(seq);
    if (half.state === "ended" || ring.isReceived(seq)) continue;
    // [SEND-3]: what is neither received, nor under way, nor due would never arrive.
    if (!sender.due.has(seq) && !sender.flights.has(ring.transmission(seq))) {
      throw new BrokenPromise(`6: the ${side} has forgotten to send ${seq} again`);
    }
  }
  let unsentCount = 0;
  let unsentBytes = 0;
  for (const { unsent, partOffset } of sender.channels.values()) {
    unsentCount += unsent.size;
    for (let at = unsent.head; at < unsent.tail; at++) unsentBytes += unsent.bytes(at);
    unsentBytes -= partOffset;
  }
  if (sender.unsentCount !== unsentCount || sender.unsentBytes !== unsentBytes) {
    throw new BrokenPromise(`2: the ${side} has miscounted what is unsent`);
  }
  if (sender.bufferedBytes !== bytes + unsentBytes) {
    throw new BrokenPromise(`2: the ${side}'s buffer is not what was accepted minus released`);
  }
  if (
    sender.bytesNumbered > sender.bytesMax ||
    ring.next - 1 > sender.seqMax + FACT_ALLOWANCE + 1
  ) {
    throw new BrokenPromise(`5: the ${side} has sent beyond its window`);
  }
}

/** What one side believes of the other is true. */
function checkDirection(from: Half, to: Half, side: SideName): void {
  const { sender } = from;
  const { receiver } = to;
  if (sender.ring.base - 1 > receiver.heldThrough) {
    throw new BrokenPromise(
      `2: the ${side} has released ${sender.ring.base - 1} before it is held`,
    );
  }
  const believed = sender.peerReceived.flat;
  for (let at = 0; at < believed.length; at += 2) {
    const first = believed[at] as number;
    const last = believed[at + 1] as number;
    if (receiver.received.endOf(first) < last) {
      throw new BrokenPromise(`2: the ${side} believes received what is not`);
    }
  }
  if (receiver.received.highest >= sender.ring.next) {
    throw new BrokenPromise(`1: what the ${side} never sent was received`);
  }
  if (receiver.received.count > RANGES_MAX) throw new BrokenPromise("5: too many ranges");
  const seqGranted = Math.max(receiver.seqMax, INITIAL_GRANT.messages);
  const bytesGranted = Math.max(receiver.bytesMax, INITIAL_GRANT.bytes);
  if (sender.seqMax > seqGranted || sender.bytesMax > bytesGranted) {
    throw new BrokenPromise(`5: the ${side} has more window than was granted`);
  }
  checkSeen(from, to, side);
}

/**
 * Under a later policy than "received", held is only what the application was handed, or is done
 * with.
 */
function checkSeen(from: Half, to: Half, side: SideName): void {
  const { hold } = openReceiver(to).options;
  if (hold === "received") return;
  const { base } = from.sender.ring;
  const demandKept = (seqs: readonly number[]): void => {
    if (seqs.length > 0 && (seqs[0] as number) < base) {
      throw new BrokenPromise(`2: the ${side} has released what the application has not seen`);
    }
  };
  const { events, channels } = to.receiver;
  for (let at = events.head; at < events.tail; at++) {
    const event = events.at(at);
    if (event?.kind === "deliver") demandKept(event.seqs);
  }
  for (const { waiting, assemblies, stalled, unconsumedSeqs } of channels.values()) {
    for (const { seqs } of waiting.values()) demandKept(seqs);
    for (const { seqs } of assemblies.values()) demandKept(seqs.flat);
    for (const parts of stalled.values()) for (const { seq } of parts) demandKept([seq]);
    if (hold !== "consumed") continue;
    for (let at = unconsumedSeqs.head; at < unconsumedSeqs.tail; at++) {
      demandKept(unconsumedSeqs.at(at) ?? []);
    }
  }
}

// --- credit -------------------------------------------------------------------------------------

/** Credit is neither made nor lost by lending it to channels. */
function checkCredit(half: Half, side: SideName): void {
  const { receiver } = half;
  const { options, windows } = openReceiver(half);
  let units = windows.unitsToLend;
  let bytes = windows.bytesToLend;
  for (const channel of receiver.channels.values()) {
    units += channel.unitsLent;
    bytes += channel.bytesLent;
    if (channel.units > channel.unitsMax && !channel.isReset) {
      throw new BrokenPromise(`5: channel ${channel.id} brought the ${side} more than it may`);
    }
  }
  const reserves = 2 * options.channelsMax + 1;
  const unitsFree = options.windowMessages - reserves * options.channelUnits;
  const bytesFree = options.windowBytes - reserves * options.channelBytes;
  if (units !== unitsFree || bytes !== bytesFree) {
    throw new BrokenPromise(`6: the ${side} has lost or made credit to lend`);
  }
  if (receiver.parts.bytes < 0) throw new BrokenPromise(`5: the ${side}'s assembly is negative`);
}

/** With everything consumed all credit is back. */
function checkCreditReturned(half: Half, side: SideName): void {
  const { receiver } = half;
  const { seqsConsumed, bytesConsumed } = openReceiver(half).windows;
  if (bytesConsumed !== receiver.bytesReceived) {
    throw new BrokenPromise(`6: at rest, and the ${side} owes credit in bytes`);
  }
  if (seqsConsumed !== receiver.received.through) {
    throw new BrokenPromise(`6: at rest, and the ${side} owes credit in numbers`);
  }
  if (receiver.parts.bytes !== 0) {
    throw new BrokenPromise(`6: at rest, and the ${side} keeps room for assembly`);
  }
  for (const channel of receiver.channels.values()) {
    if (channel.isReset) continue;
    if (channel.units === channel.unitsConsumed && channel.bytes === channel.bytesConsumed)
      continue;
    throw new BrokenPromise(`6: at rest, and the ${side} owes channel ${channel.id} credit`);
  }
}

// --- exchanges and parking ----------------------------------------------------------------------

/** Every exchange is open or over, and no more are open than there ever were slots. */
function checkExchanges({ client }: Cores): void {
  const { exchanges, state } = client;
  const { flat } = exchanges.over;
  let count = exchanges.open.size;
  for (let at = 0; at < flat.length; at += 2) {
    count += (flat[at + 1] as number) - (flat[at] as number) + 1;
  }
  const isBoth = [...exchanges.open.keys()].some((number) => exchanges.over.has(number));
  if (isBoth || count !== exchanges.next - 1) {
    throw new BrokenPromise("4: an exchange is neither open nor over, or both");
  }
  if (state === "ended") return;
  // Those that left when more were wanted parked are still out when fewer are.
  const { parkedMax, carriersMax, literal } = openClient(client).options;
  // The literal procedure has a number of its own.
  const wantedMax = literal?.requestsHeld ?? parkedMax;
  if (exchanges.countLive > wantedMax + carriersMax) {
    throw new BrokenPromise("5: more requests are out than there are slots");
  }
}

/** What is parked is parked once, in order, and nothing of it was answered. */
function checkParked(server: ParkSide): void {
  let before = 0;
  for (const { exchange } of server.parked) {
    if (exchange <= before) throw new BrokenPromise("4: parked requests are out of order");
    if (server.answered.has(exchange)) throw new BrokenPromise("4: an answered request is parked");
    before = exchange;
  }
}

/** What is parked can still be answered, and what can be is not kept waiting without end. */
function checkHeld(pair: Pair, server: ParkSide): void {
  const { held } = pair.http;
  if (server.parked.some(({ handle }) => !held.has(handle))) {
    throw new BrokenPromise("4: a handle is parked that is gone");
  }
  if (pair.options.eagerTicks === false || !pair.isAlone) return;
  if (server.state === "ended") {
    if (held.size > 0) throw new BrokenPromise("4: ended, and requests wait without end");
  } else if (held.size !== server.parked.length + openServer(server).leftOver.length) {
    throw new BrokenPromise("4: a request is neither parked nor answered");
  }
}
