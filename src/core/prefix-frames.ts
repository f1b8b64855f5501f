/**
 * The frames of the prefix: those that say something about exchanges, acknowledgements, windows
 * and the life of the session. They come first, in rising order of type, each at most once.
 * spec/protocol.md sections 3.5 to 3.7.
 */
import type {
  Ack,
  AnswerPrefix,
  Body,
  Direction,
  Ending,
  Hearing,
  Offer,
  Owner,
  Parameters,
  PipeState,
  RequestPrefix,
  Window,
} from "./body.ts";
import { PARAMETER_NAMES } from "./body.ts";
import {
  FRAME_ACK,
  FRAME_ACK_ALL,
  FRAME_ANSWER,
  FRAME_BLOCKED,
  FRAME_ENDED,
  FRAME_LINK,
  FRAME_OFFER,
  FRAME_OPEN,
  FRAME_OPENED,
  FRAME_OWNER,
  FRAME_PAUSE,
  FRAME_PIPE,
  FRAME_PREFIX_END,
  FRAME_REFUSED,
  FRAME_REQUEST,
  FRAME_SUCCEEDS,
  FRAME_SUPERSEDED,
  FRAME_UNKNOWN,
  FRAME_UNREADABLE,
  FRAME_WINDOW,
} from "./frame-types.ts";
import {
  HINT_BYTES_MAX,
  INTEGER_MAX,
  NONCE_BYTES,
  PARAMETERS_MAX,
  PARKED_MAX,
  PAUSE_MS_MAX,
  PREDECESSORS_MAX,
  RANGES_MAX,
  REASON_BYTES_MAX,
  TICKET_BYTES,
} from "./limits.ts";
import type { Wire } from "./wire.ts";

/** A body while it is read: its own arrays, its fields still to be set. */
export type BodyDraft = { -readonly [Name in keyof Body]: Body[Name] };

type PrefixName = Exclude<keyof Body, "channelWindows" | "channelsBlocked" | "numbered">;

interface PrefixFrame<Of extends PrefixName = PrefixName> {
  readonly name: Of;
  /** The side that it comes from; undefined for both [FRAME-4]. */
  readonly from: Direction | undefined;
  /** Writes what is given, or reads. */
  describe(wire: Wire, given: Body[Of] | undefined): NonNullable<Body[Of]>;
}

/** The frames in the order of their types, from 1. */
const PREFIX_FRAMES: readonly PrefixFrame[] = [
  frame("request", 0, request),
  frame("answer", 1, answer),
  frame("ack", undefined, ackAll),
  frame("ack", undefined, ack),
  frame("window", undefined, window),
  frame("blocked", undefined, window),
  frame("owner", undefined, owner),
  frame("open", 0, parameters),
  frame("opened", 1, parameters),
  frame("refused", 1, ending),
  frame("unknown", 1, nonce),
  frame("unreadable", undefined, () => true),
  frame("ended", undefined, ending),
  frame("superseded", 1, (wire, given) => wire.integer(given, 1)), // [LIFE-4]
  frame("pauseMs", 1, (wire, given) => wire.integer(given, 0, PAUSE_MS_MAX)), // [LIFE-5]
  frame("succeeds", 0, (wire, given) => rising(wire, given, 1, PREDECESSORS_MAX)), // [LIFE-6]
  frame("offer", 0, offer),
  frame("hearing", 0, hearing),
  frame("pipe", 1, pipe),
];

function frame<Of extends PrefixName>(
  name: Of,
  from: Direction | undefined,
  describe: PrefixFrame<Of>["describe"],
): PrefixFrame {
  return { name, from, describe };
}

/** Whether version 1 has a prefix frame of this type. */
export function isPrefixType(type: number): boolean {
  return PREFIX_FRAMES[type - 1] !== undefined;
}

/** Reads prefix frames up to the end of the body or the first frame of another kind. */
export function readPrefix(reader: Wire, direction: Direction, draft: BodyDraft): void {
  let previous = 0;
  while (reader.left > 0) {
    const type = reader.bytes[reader.position] as number;
    if (type >= FRAME_PREFIX_END) return;
    const known = PREFIX_FRAMES[type - 1];
    reader.demand(known !== undefined, "frame_unknown"); // [FRAME-1]
    reader.demand(type > previous, "frame_order"); // [FRAME-2]
    // Two forms of one statement: only one of them may be there [RCV-2].
    reader.demand(type !== FRAME_ACK || previous !== FRAME_ACK_ALL, "frame_order");
    reader.demand((known.from ?? direction) === direction, "frame_direction");
    reader.position += 1;
    set(draft, known.name, known.describe(reader, undefined));
    previous = type;
  }
}

/** Writes every prefix frame of `content`, each at most once and rising [FRAME-2]. */
export function writePrefix(writer: Wire, content: Body, direction: Direction): void {
  const write = (type: number, given: Body[PrefixName]): void => {
    if (given === undefined) return;
    const { from, describe } = PREFIX_FRAMES[type - 1] as PrefixFrame;
    writer.demand((from ?? direction) === direction, "frame_direction");
    writer.type(type);
    describe(writer, given);
  };
  const { ack: stated } = content;
  write(FRAME_REQUEST, content.request);
  write(FRAME_ANSWER, content.answer);
  // The short form where it can say it [RCV-3].
  write(stated !== undefined && isAll(stated) ? FRAME_ACK_ALL : FRAME_ACK, stated);
  write(FRAME_WINDOW, content.window);
  write(FRAME_BLOCKED, content.blocked);
  write(FRAME_OWNER, content.owner);
  write(FRAME_OPEN, content.open);
  write(FRAME_OPENED, content.opened);
  write(FRAME_REFUSED, content.refused);
  write(FRAME_UNKNOWN, content.unknown);
  write(FRAME_UNREADABLE, content.unreadable);
  write(FRAME_ENDED, content.ended);
  write(FRAME_SUPERSEDED, content.superseded);
  write(FRAME_PAUSE, content.pauseMs);
  write(FRAME_SUCCEEDS, content.succeeds);
  write(FRAME_OFFER, content.offer);
  write(FRAME_LINK, content.hearing);
  write(FRAME_PIPE, content.pipe);
}

function set<Of extends PrefixName>(draft: BodyDraft, name: Of, value: BodyDraft[Of]): void {
  draft[name] = value;
}

/** Nothing that is over can be newer than the request that says so [REQ-1] [REQ-2]. */
function request(wire: Wire, given: RequestPrefix | undefined): RequestPrefix {
  const exchange = wire.integer(given?.exchange, 1);
  const overThrough = wire.integer(given?.overThrough, 0, exchange - 1);
  const lastAnswered = wire.integer(given?.lastAnswered, 0, exchange - 1);
  const sinceMs = wire.integer(given?.sinceMs);
  const over = ranges(wire, given?.over, overThrough, exchange - 1);
  return { exchange, overThrough, over, lastAnswered, sinceMs };
}

function answer(wire: Wire, given: AnswerPrefix | undefined): AnswerPrefix {
  const exchange = wire.integer(given?.exchange, 1);
  const heldMs = wire.integer(given?.heldMs);
  const parkedWanted = wire.count(given?.parkedWanted, 0, PARKED_MAX); // [ANS-1]
  // The mark lies one below 0, so that exchange 1 can be the first of a range [RNG-2].
  const answered = ranges(wire, given?.answered, -1, INTEGER_MAX);
  const parked = rising(wire, given?.parked, 0, PARKED_MAX); // [ANS-2] [ANS-3]
  return { exchange, heldMs, parkedWanted, answered, parked };
}

/** Numbers from 1 on, each said by its step from the one before. */
function rising(
  wire: Wire,
  given: readonly number[] | undefined,
  least: number,
  most: number,
): number[] {
  const count = wire.count(given?.length, least, most);
  const numbers: number[] = [];
  let last = 0;
  for (let at = 0; at < count; at++) {
    last += wire.integer(given && (given[at] as number) - last, 1, INTEGER_MAX - last);
    numbers.push(last);
  }
  return numbers;
}

/**
 * Ascending ranges above `mark + 1`, none beyond `limit`. A gap of 0 already leaves one number out,
 * so that two neighbours, or a range and the mark, can never touch [RNG-1].
 */
function ranges(
  wire: Wire,
  given: readonly number[] | undefined,
  mark: number,
  limit: number,
): readonly number[] {
  const count = wire.count(given && given.length / 2, 0, RANGES_MAX); // [RNG-3]
  const flat: number[] = [];
  let last = mark;
  for (let at = 0; at < count * 2; at += 2) {
    const first = last + 2 + wire.integer(given && (given[at] as number) - last - 2);
    // Sums of two safe integers: inexact above 2^53, but never so that they fall below the limit.
    last = first + wire.integer(given && (given[at + 1] as number) - first);
    wire.demand(last <= limit, "range_invalid"); // [RNG-4]
    flat.push(first, last);
  }
  return flat;
}

/** Whether an acknowledgement can be said in the short form. */
function isAll(given: Ack): boolean {
  return given.heldThrough === given.receivedThrough && given.ranges.length === 0;
}

function ackAll(wire: Wire, given: Ack | undefined): Ack {
  const receivedThrough = wire.integer(given?.receivedThrough);
  return { receivedThrough, heldThrough: receivedThrough, ranges: [] };
}

function ack(wire: Wire, given: Ack | undefined): Ack {
  const receivedThrough = wire.integer(given?.receivedThrough);
  const lag = given && receivedThrough - given.heldThrough;
  const heldThrough = receivedThrough - wire.integer(lag, 0, receivedThrough); // [RCV-1]
  const flat = ranges(wire, given?.ranges, receivedThrough, INTEGER_MAX);
  const stated = { receivedThrough, heldThrough, ranges: flat };
  // What the short form can say must use the short form [RCV-3].
  wire.demand(!isAll(stated), "count_invalid");
  return stated;
}

function window(wire: Wire, given: Window | undefined): Window {
  const seqMax = wire.integer(given?.seqMax);
  const bytesMax = wire.integer(given?.bytesMax);
  return { seqMax, bytesMax };
}

function owner(wire: Wire, given: Owner | undefined): Owner {
  const epoch = wire.integer(given?.epoch);
  const generation = wire.integer(given?.generation);
  const hint = wire.field(given?.hint, 0, HINT_BYTES_MAX); // [LIFE-1]
  return { epoch, generation, hint };
}

function ending(wire: Wire, given: Ending | undefined): Ending {
  const code = wire.integer(given?.code);
  const reason = wire.field(given?.reason, 0, REASON_BYTES_MAX); // [LIFE-2]
  return { code, reason };
}

function nonce(wire: Wire, given: Uint8Array | undefined): Uint8Array {
  wire.demand(wire.left >= NONCE_BYTES, "length_invalid"); // [FRAME-5]
  return wire.view(given, NONCE_BYTES); // [LIFE-3]
}

function offer(wire: Wire, given: Offer | undefined): Offer {
  const link = wire.integer(given?.link, 1); // [LIFE-7]
  wire.demand(wire.left >= TICKET_BYTES, "length_invalid"); // [LIFE-7]
  return { link, ticket: wire.view(given?.ticket, TICKET_BYTES) };
}

function hearing(wire: Wire, given: Hearing | undefined): Hearing {
  const link = wire.integer(given?.link, 1); // [LIFE-7]
  const fromExchange = wire.integer(given?.fromExchange, 1);
  return { link, fromExchange };
}

function pipe(wire: Wire, given: PipeState | undefined): PipeState {
  const link = wire.integer(given?.link);
  const bodies = wire.integer(given?.bodies);
  const ageMs = wire.integer(given?.ageMs);
  const silenceMs = wire.integer(given?.silenceMs);
  const isEnding = wire.integer(given && Number(given.isEnding), 0, 1) === 1;
  return { link, bodies, ageMs, silenceMs, isEnding };
}

/** Each known parameter exactly once; unknown ones are passed over [PAR-3]. */
function parameters(wire: Wire, given: Parameters | undefined): Parameters {
  const count = wire.count(given && PARAMETER_NAMES.length, 0, PARAMETERS_MAX); // [PAR-4]
  const values: { -readonly [Each in keyof Parameters]?: number } = {};
  let next = 0;
  for (let at = 0; at < count; at++) {
    // [PAR-1]
    const id = wire.integer(given && at + 1, next, INTEGER_MAX, "parameter_invalid");
    const name = PARAMETER_NAMES[id - 1];
    const value = wire.integer(name && given?.[name]);
    if (name !== undefined) values[name] = value;
    next = id + 1;
  }
  for (const name of PARAMETER_NAMES) {
    wire.demand(values[name] !== undefined, "parameter_invalid"); // [PAR-2]
  }
  return values as Parameters;
}
