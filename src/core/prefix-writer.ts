/**
 * Writes the frames of the prefix, in rising order of type. spec/protocol.md sections 3.5 to 3.7.
 * A value that the wire does not allow is a bug of the caller: an assertion.
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
import type { ByteSink } from "./byte-sink.ts";
import { assert } from "./errors.ts";
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
  PARKED_MAX,
  PAUSE_MS_MAX,
  RANGES_MAX,
  REASON_BYTES_MAX,
} from "./limits.ts";

/** Names of the parameters in the order of the wire: rising identifiers [PAR-1]. */
const PARAMETER_NAMES: readonly (keyof Parameters)[] = (
  Object.keys(PARAMETER_IDS) as (keyof Parameters)[]
).toSorted((a, b) => PARAMETER_IDS[a] - PARAMETER_IDS[b]);

/** Writes every prefix frame of `content`, each at most once and rising [FRAME-2]. */
export function writePrefix(sink: ByteSink, content: Body, direction: Direction): void {
  assertDirection(content, direction);
  if (content.request !== undefined) writeRequest(sink, content.request);
  if (content.answer !== undefined) writeAnswer(sink, content.answer);
  if (content.ack !== undefined) writeAck(sink, content.ack);
  if (content.window !== undefined) writeWindow(sink, FRAME_WINDOW, content.window);
  if (content.blocked !== undefined) writeWindow(sink, FRAME_BLOCKED, content.blocked);
  if (content.owner !== undefined) writeOwner(sink, content.owner);
  if (content.open !== undefined) writeParameters(sink, FRAME_OPEN, content.open);
  if (content.opened !== undefined) writeParameters(sink, FRAME_OPENED, content.opened);
  if (content.refused !== undefined) writeEnding(sink, FRAME_REFUSED, content.refused);
  if (content.unknown !== undefined) writeUnknown(sink, content.unknown);
  if (content.unreadable !== undefined) sink.byte(FRAME_UNREADABLE);
  if (content.ended !== undefined) writeEnding(sink, FRAME_ENDED, content.ended);
  if (content.superseded !== undefined) writeSuperseded(sink, content.superseded);
  if (content.pauseMs !== undefined) writePause(sink, content.pauseMs);
}

/** Frames that come from one side only [FRAME-4]. */
function assertDirection(content: Body, direction: Direction): void {
  if (direction === 0) {
    const answers = content.answer ?? content.opened ?? content.refused ?? content.unknown;
    assert(answers === undefined, "a frame of the park side in a request");
    assert(content.superseded === undefined, "superseded comes from the park side");
    assert(content.pauseMs === undefined, "a pause comes from the park side");
  } else {
    assert(content.request === undefined, "a request from the park side");
    assert(content.open === undefined, "an open from the park side");
  }
}

function writeRequest(sink: ByteSink, request: RequestPrefix): void {
  const { exchange, overThrough, over, lastAnswered, sinceMs } = request;
  assert(overThrough < exchange, "an exchange is over before it began"); // [REQ-1]
  assert(lastAnswered < exchange, "an exchange is answered before it began"); // [REQ-2]
  sink.byte(FRAME_REQUEST);
  sink.integer(exchange);
  sink.integer(overThrough);
  sink.integer(lastAnswered);
  sink.integer(sinceMs);
  writeRanges(sink, overThrough, over, exchange - 1);
}

function writeAnswer(sink: ByteSink, answer: AnswerPrefix): void {
  const { exchange, heldMs, parkedWanted, answered, parked } = answer;
  assert(exchange >= 1, "exchanges start at 1"); // [INT-4]
  assert(parkedWanted <= PARKED_MAX && parked.length <= PARKED_MAX, "too many parked"); // [ANS-1]
  sink.byte(FRAME_ANSWER);
  sink.integer(exchange);
  sink.integer(heldMs);
  sink.integer(parkedWanted);
  writeRanges(sink, -1, answered, INTEGER_MAX);
  sink.integer(parked.length);
  let previous = 0;
  for (const number of parked) {
    assert(number > previous, "parked exchanges rise"); // [ANS-3]
    sink.integer(number - previous);
    previous = number;
  }
}

/** The short form where it can say it [RCV-3]. */
function writeAck(sink: ByteSink, ack: Ack): void {
  const { receivedThrough, heldThrough, ranges } = ack;
  assert(heldThrough <= receivedThrough, "held beyond received"); // [RCV-1]
  const lag = receivedThrough - heldThrough;
  if (lag === 0 && ranges.length === 0) {
    sink.byte(FRAME_ACK_ALL);
    sink.integer(receivedThrough);
    return;
  }
  sink.byte(FRAME_ACK);
  sink.integer(receivedThrough);
  sink.integer(lag);
  writeRanges(sink, receivedThrough, ranges, INTEGER_MAX);
}

function writeWindow(sink: ByteSink, type: number, window: Window): void {
  sink.byte(type);
  sink.integer(window.seqMax);
  sink.integer(window.bytesMax);
}

function writeOwner(sink: ByteSink, owner: Owner): void {
  assert(owner.hint.length <= HINT_BYTES_MAX, "hint too long"); // [LIFE-1]
  sink.byte(FRAME_OWNER);
  sink.integer(owner.epoch);
  sink.integer(owner.generation);
  sink.integer(owner.hint.length);
  sink.bytes(owner.hint);
}

function writeParameters(sink: ByteSink, type: number, parameters: Parameters): void {
  sink.byte(type);
  sink.integer(PARAMETER_NAMES.length);
  for (const name of PARAMETER_NAMES) {
    sink.integer(PARAMETER_IDS[name]);
    sink.integer(parameters[name]);
  }
}

function writeEnding(sink: ByteSink, type: number, ending: Ending): void {
  assert(ending.reason.length <= REASON_BYTES_MAX, "reason too long"); // [LIFE-2]
  sink.byte(type);
  sink.integer(ending.code);
  sink.integer(ending.reason.length);
  sink.bytes(ending.reason);
}

function writeUnknown(sink: ByteSink, nonce: Uint8Array): void {
  assert(nonce.length === NONCE_BYTES, "nonce of another size"); // [LIFE-3]
  sink.byte(FRAME_UNKNOWN);
  sink.bytes(nonce);
}

function writeSuperseded(sink: ByteSink, incarnation: number): void {
  assert(incarnation >= 1, "incarnations start at 1"); // [INT-4] [LIFE-4]
  sink.byte(FRAME_SUPERSEDED);
  sink.integer(incarnation);
}

function writePause(sink: ByteSink, pauseMs: number): void {
  assert(pauseMs <= PAUSE_MS_MAX, "pause too long"); // [LIFE-5]
  sink.byte(FRAME_PAUSE);
  sink.integer(pauseMs);
}

/** Ranges above a mark: how many, then the gap to the previous one and the length of each. */
function writeRanges(sink: ByteSink, mark: number, ranges: readonly number[], limit: number): void {
  assert(ranges.length % 2 === 0 && ranges.length <= 2 * RANGES_MAX, "count of ranges"); // [RNG-3]
  sink.integer(ranges.length / 2);
  let previous = mark;
  for (let k = 0; k < ranges.length; k += 2) {
    const first = ranges[k] as number;
    const last = ranges[k + 1] as number;
    assert(first >= previous + 2 && first <= last && last <= limit, "ranges rise"); // [RNG-1]
    sink.integer(first - previous - 2);
    sink.integer(last - first);
    previous = last;
  }
}
