/**
 * Reads the frames of the prefix: those that say something about exchanges, acknowledgements,
 * windows and the life of the session. They come first, in rising order of type, each at most once.
 * spec/protocol.md sections 3.5 to 3.7.
 */

import type {
  Ack,
  AnswerPrefix,
  Body,
  Direction,
  Ending,
  Owner,
  Parameters,
  RequestPrefix,
  Window,
} from "./body.ts";
import { PARAMETER_IDS } from "./body.ts";
import type { Cursor } from "./cursor.ts";
import { assert, ProtocolError } from "./errors.ts";
import {
  FRAME_ACK,
  FRAME_ACK_ALL,
  FRAME_ANSWER,
  FRAME_BLOCKED,
  FRAME_ENDED,
  FRAME_OPEN,
  FRAME_OPENED,
  FRAME_OWNER,
  FRAME_PAUSE,
  FRAME_PREFIX_END,
  FRAME_REFUSED,
  FRAME_REQUEST,
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
  RANGES_MAX,
  REASON_BYTES_MAX,
} from "./limits.ts";

/** A body while it is read: its own arrays, its fields still to be set. */
export type BodyDraft = { -readonly [Name in keyof Body]: Body[Name] };

/** Bit n stands for type n: the frames that come from one side only [FRAME-4]. */
const REQUEST_SIDE_ONLY = (1 << FRAME_REQUEST) | (1 << FRAME_OPEN);
const PARK_SIDE_ONLY =
  (1 << FRAME_ANSWER) |
  (1 << FRAME_OPENED) |
  (1 << FRAME_REFUSED) |
  (1 << FRAME_UNKNOWN) |
  (1 << FRAME_SUPERSEDED) |
  (1 << FRAME_PAUSE);

/** Whether version 1 has a prefix frame of this type. */
export function isPrefixType(type: number): boolean {
  return type >= FRAME_REQUEST && type <= FRAME_PAUSE;
}

/** Reads prefix frames up to the end of the body or the first frame of another kind. */
export function readPrefix(cursor: Cursor, direction: Direction, draft: BodyDraft): void {
  const forbidden = direction === 0 ? PARK_SIDE_ONLY : REQUEST_SIDE_ONLY;
  let previous = 0;
  while (cursor.position < cursor.end) {
    const type = cursor.bytes[cursor.position] as number;
    if (type >= FRAME_PREFIX_END) return;
    if (!isPrefixType(type)) throw new ProtocolError("frame_unknown"); // [FRAME-1]
    if (type <= previous) throw new ProtocolError("frame_order"); // [FRAME-2]
    // Two forms of one statement: only one of them may be there [RCV-2].
    if (type === FRAME_ACK && previous === FRAME_ACK_ALL) throw new ProtocolError("frame_order");
    if ((forbidden & (1 << type)) !== 0) throw new ProtocolError("frame_direction"); // [FRAME-4]
    cursor.position += 1;
    readPrefixFrame(cursor, type, draft);
    previous = type;
  }
}

function readPrefixFrame(cursor: Cursor, type: number, draft: BodyDraft): void {
  switch (type) {
    case FRAME_REQUEST:
      draft.request = readRequest(cursor);
      return;
    case FRAME_ANSWER:
      draft.answer = readAnswer(cursor);
      return;
    case FRAME_ACK_ALL:
      draft.ack = readAckAll(cursor);
      return;
    case FRAME_ACK:
      draft.ack = readAck(cursor);
      return;
    case FRAME_WINDOW:
      draft.window = readWindow(cursor);
      return;
    case FRAME_BLOCKED:
      draft.blocked = readWindow(cursor);
      return;
    case FRAME_OWNER:
      draft.owner = readOwner(cursor);
      return;
    case FRAME_OPEN:
      draft.open = readParameters(cursor);
      return;
    case FRAME_OPENED:
      draft.opened = readParameters(cursor);
      return;
    case FRAME_REFUSED:
      draft.refused = readEnding(cursor);
      return;
    case FRAME_UNKNOWN:
      draft.unknown = readNonce(cursor);
      return;
    case FRAME_UNREADABLE:
      draft.unreadable = true;
      return;
    case FRAME_ENDED:
      draft.ended = readEnding(cursor);
      return;
    case FRAME_SUPERSEDED:
      draft.superseded = cursor.number(1, INTEGER_MAX); // [LIFE-4]
      return;
    default:
      assert(type === FRAME_PAUSE, "prefix frame without a reader");
      draft.pauseMs = cursor.number(0, PAUSE_MS_MAX); // [LIFE-5]
  }
}

/** Nothing that is over can be newer than the request that says so [REQ-1] [REQ-2]. */
function readRequest(cursor: Cursor): RequestPrefix {
  const exchange = cursor.number(1, INTEGER_MAX);
  const overThrough = cursor.number(0, exchange - 1);
  const lastAnswered = cursor.number(0, exchange - 1);
  const sinceMs = cursor.integer();
  const over = readRanges(cursor, overThrough, exchange - 1);
  return { exchange, overThrough, over, lastAnswered, sinceMs };
}

function readAnswer(cursor: Cursor): AnswerPrefix {
  const exchange = cursor.number(1, INTEGER_MAX);
  const heldMs = cursor.integer();
  const parkedWanted = cursor.count(0, PARKED_MAX); // [ANS-1]
  // The mark lies one below 0, so that exchange 1 can be the first of a range [RNG-2].
  const answered = readRanges(cursor, -1, INTEGER_MAX);
  const parkedCount = cursor.count(0, PARKED_MAX); // [ANS-2]
  const parked: number[] = [];
  let last = 0;
  for (let k = 0; k < parkedCount; k += 1) {
    last += cursor.number(1, INTEGER_MAX - last); // [ANS-3]
    parked.push(last);
  }
  return { exchange, heldMs, parkedWanted, answered, parked };
}

/**
 * Ascending ranges above `mark + 1`, none beyond `limit`. A gap of 0 already leaves one number out,
 * so that two neighbours, or a range and the mark, can never touch [RNG-1].
 */
function readRanges(cursor: Cursor, mark: number, limit: number): readonly number[] {
  const rangeCount = cursor.count(0, RANGES_MAX); // [RNG-3]
  const ranges: number[] = [];
  let last = mark;
  for (let k = 0; k < rangeCount; k += 1) {
    // Sums of two safe integers: inexact above 2^53, but never so that they fall below the limit.
    const first = last + 2 + cursor.integer();
    last = first + cursor.integer();
    if (last > limit) throw new ProtocolError("range_invalid"); // [RNG-4]
    ranges.push(first, last);
  }
  return ranges;
}

function readAckAll(cursor: Cursor): Ack {
  const receivedThrough = cursor.integer();
  return { receivedThrough, heldThrough: receivedThrough, ranges: [] };
}

function readAck(cursor: Cursor): Ack {
  const receivedThrough = cursor.integer();
  const heldThrough = receivedThrough - cursor.number(0, receivedThrough); // [RCV-1]
  const ranges = readRanges(cursor, receivedThrough, INTEGER_MAX);
  // What the short form can say must use the short form [RCV-3].
  if (heldThrough === receivedThrough && ranges.length === 0) {
    throw new ProtocolError("count_invalid");
  }
  return { receivedThrough, heldThrough, ranges };
}

function readWindow(cursor: Cursor): Window {
  const seqMax = cursor.integer();
  const bytesMax = cursor.integer();
  return { seqMax, bytesMax };
}

function readOwner(cursor: Cursor): Owner {
  const epoch = cursor.integer();
  const generation = cursor.integer();
  const hint = cursor.field(0, HINT_BYTES_MAX); // [LIFE-1]
  return { epoch, generation, hint };
}

function readEnding(cursor: Cursor): Ending {
  const code = cursor.integer();
  const reason = cursor.field(0, REASON_BYTES_MAX); // [LIFE-2]
  return { code, reason };
}

function readNonce(cursor: Cursor): Uint8Array {
  const cut = cursor.end - cursor.position < NONCE_BYTES;
  if (cut) throw new ProtocolError("length_invalid"); // [FRAME-5]
  return cursor.view(NONCE_BYTES);
}

/** Each known parameter exactly once; unknown ones are passed over [PAR-3]. */
function readParameters(cursor: Cursor): Parameters {
  const count = cursor.count(0, PARAMETERS_MAX); // [PAR-4]
  const values = new Map<number, number>();
  let previous = -1;
  for (let k = 0; k < count; k += 1) {
    const id = cursor.integer();
    if (id <= previous) throw new ProtocolError("parameter_invalid"); // [PAR-1]
    values.set(id, cursor.integer());
    previous = id;
  }
  return {
    channelsMax: parameter(values, PARAMETER_IDS.channelsMax),
    channelUnits: parameter(values, PARAMETER_IDS.channelUnits),
    channelBytes: parameter(values, PARAMETER_IDS.channelBytes),
    messageBytesMax: parameter(values, PARAMETER_IDS.messageBytesMax),
    bodyBytesMax: parameter(values, PARAMETER_IDS.bodyBytesMax),
    silenceLimitMs: parameter(values, PARAMETER_IDS.silenceLimitMs),
    holdTimeMs: parameter(values, PARAMETER_IDS.holdTimeMs),
  };
}

function parameter(values: ReadonlyMap<number, number>, id: number): number {
  const value = values.get(id);
  if (value === undefined) throw new ProtocolError("parameter_invalid"); // [PAR-2]
  return value;
}
