/**
 * What the network and the application of one side know of its send buffer: what was written, and
 * what the other side said that it holds. From that it follows what the buffer must keep, without a
 * look at the core's own counters.
 */
import type { NumberedFrame, ParkSide, RequestSide } from "../../core/index.ts";
import { UNIT_MESSAGE, UNIT_PART } from "../../core/send-ring.ts";
import { BrokenPromise, type Command, type SideName } from "../applications.ts";
import type { CoreEvent, Reaction } from "../cores.ts";
import { hasBody, isWithBody, readAny } from "./bodies.ts";

/** Payload bytes of a seq that was seen on the line. */
interface Seen {
  readonly channel: number;
  readonly bytes: number;
}

/** The books of one side; they are replaced, never changed. */
export interface Ledger {
  /** Bytes that the application wrote, by channel. */
  readonly written: ReadonlyMap<number, number>;
  /** Bytes of them that the other side said that it holds. */
  readonly held: ReadonlyMap<number, number>;
  /** What each seq brought, from seq 1 on. */
  readonly seen: readonly (Seen | undefined)[];
  /** Up to which seq the other side said that it holds everything. */
  readonly heldThrough: number;
  /** Channels of which messages may be given up. */
  readonly mayGiveUp: ReadonlySet<number>;
}

/** Nothing was written yet. */
export const EMPTY_LEDGER: Ledger = {
  written: new Map(),
  held: new Map(),
  seen: [],
  heldThrough: 0,
  mayGiveUp: new Set(),
};

/** The books of a side that has begun already: what its buffer keeps is taken as it is. */
export function openBooks({ sender }: RequestSide | ParkSide): Ledger {
  const { ring, channels } = sender;
  const seen: Seen[] = [];
  for (let seq = ring.base; seq < ring.next; seq++) {
    seen[seq - 1] = { channel: ring.channel(seq), bytes: ring.bytes(seq) };
  }
  const mayGiveUp = new Set<number>();
  for (const { id, givesUp, state } of channels.values()) {
    if (givesUp || state === "reset") mayGiveUp.add(id);
  }
  const written = keptBy(sender);
  return { written, held: new Map(), seen, heldThrough: ring.base - 1, mayGiveUp };
}

/** Enters what a side was told, and what it sent. */
export function keepBooks(
  before: Ledger,
  sessionId: Uint8Array,
  event: CoreEvent,
  { outputs, result }: Reaction,
): Ledger {
  let ledger = before;
  if (event.kind === "command") ledger = enterCommand(ledger, event.command, result);
  // First what was sent: what it brings may be what is held.
  for (const output of outputs) {
    if (!hasBody(output)) continue;
    ledger = enterSent(ledger, readAny(output.body, sessionId).body?.numbered ?? []);
  }
  if (isWithBody(event)) {
    const { body } = readAny(event.body, sessionId);
    ledger = enterHeld(ledger, body?.ack?.heldThrough ?? 0);
    const resets = body?.numbered.filter(({ kind }) => kind === "channel-reset") ?? [];
    for (const reset of resets) ledger = enterGivingUp(ledger, channelOf(reset));
  }
  return ledger;
}

function enterCommand(ledger: Ledger, command: Command, result: boolean | number): Ledger {
  if (command.kind === "reset") return enterGivingUp(ledger, command.channel);
  if (command.kind === "open") {
    const mayGiveUp = command.mode === "latest" || (command.ttlMs ?? Infinity) !== Infinity;
    return mayGiveUp ? enterGivingUp(ledger, result as number) : ledger;
  }
  if (command.kind !== "send") return ledger;
  const { channel = 0, bytes } = command;
  const written = new Map(ledger.written);
  written.set(channel, (written.get(channel) ?? 0) + bytes);
  return { ...ledger, written };
}

/** From now on messages of the channel may be given up. */
function enterGivingUp(ledger: Ledger, channel: number): Ledger {
  if (ledger.mayGiveUp.has(channel)) return ledger;
  return { ...ledger, mayGiveUp: new Set([...ledger.mayGiveUp, channel]) };
}

function enterSent(ledger: Ledger, frames: readonly NumberedFrame[]): Ledger {
  let seen: (Seen | undefined)[] | undefined;
  for (const frame of frames) {
    const payloads = frame.kind === "messages" ? frame.payloads : [payloadOf(frame)];
    for (const [at, payload] of payloads.entries()) {
      const place = frame.seq + at - 1;
      if ((seen ?? ledger.seen)[place] !== undefined) continue;
      seen ??= ledger.seen.slice();
      seen[place] = { channel: channelOf(frame), bytes: payload.length };
    }
  }
  return seen === undefined ? ledger : { ...ledger, seen };
}

const NOTHING = new Uint8Array(0);

function payloadOf(frame: NumberedFrame): Uint8Array {
  return frame.kind === "part" ? frame.payload : NOTHING;
}

function channelOf(frame: NumberedFrame): number {
  return frame.kind === "finish" ? 0 : frame.channel;
}

function enterHeld(ledger: Ledger, heldThrough: number): Ledger {
  if (heldThrough <= ledger.heldThrough) return ledger;
  const held = new Map(ledger.held);
  for (let seq = ledger.heldThrough + 1; seq <= heldThrough; seq++) {
    const seen = ledger.seen[seq - 1];
    if (seen === undefined) throw new BrokenPromise(`2: ${seq} is held, and it never left`);
    held.set(seen.channel, (held.get(seen.channel) ?? 0) + seen.bytes);
  }
  return { ...ledger, held, heldThrough };
}

/** [SEND-1]: the buffer keeps what was written and is not acknowledged as held. */
export function checkBuffer(half: RequestSide | ParkSide, ledger: Ledger, side: SideName): void {
  if (half.state === "ended") return;
  const kept = keptBy(half.sender);
  for (const [channel, written] of ledger.written) {
    const expected = written - (ledger.held.get(channel) ?? 0);
    const bytes = kept.get(channel) ?? 0;
    const isRight = ledger.mayGiveUp.has(channel) ? bytes <= expected : bytes === expected;
    if (isRight) continue;
    throw new BrokenPromise(
      `2: the ${side}'s buffer of channel ${channel} has ${bytes} bytes, and ${expected} of what ` +
        "was written are not acknowledged",
    );
  }
}

/** Payload bytes in the buffer, by channel. */
function keptBy({ ring, channels }: RequestSide["sender"]): Map<number, number> {
  const kept = new Map<number, number>();
  for (const [id, { unsentBytes }] of channels) kept.set(id, unsentBytes);
  for (let seq = ring.base; seq < ring.next; seq++) {
    const kind = ring.kind(seq);
    if (kind !== UNIT_MESSAGE && kind !== UNIT_PART) continue;
    kept.set(ring.channel(seq), (kept.get(ring.channel(seq)) ?? 0) + ring.bytes(seq));
  }
  return kept;
}
