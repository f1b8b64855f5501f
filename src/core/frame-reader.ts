/**
 * Reads the frames behind the prefix: messages, parts and skips, what happens to channels, and their
 * windows. spec/protocol.md sections 3.8 and 3.9.
 *
 * Payloads and labels are views of the body's bytes: whoever keeps one keeps the whole body's
 * memory, and whoever reuses the bytes changes it.
 */

import type {
  ChannelWindow,
  DeliveryMode,
  MessagesFrame,
  NumberedFrame,
  PartFrame,
  SkipFrame,
} from "./body.ts";
import type { Cursor } from "./cursor.ts";
import { assert, ProtocolError } from "./errors.ts";
import {
  FRAME_CHANNEL_BLOCKED,
  FRAME_CHANNEL_FINISH,
  FRAME_CHANNEL_OPEN,
  FRAME_CHANNEL_RESET,
  FRAME_CHANNEL_WINDOW,
  FRAME_FINISH,
  FRAME_MESSAGE_LAST,
  FRAME_MESSAGES,
  FRAME_MESSAGES_KEYED,
  FRAME_MESSAGES_VARIED,
  FRAME_PART,
  FRAME_PART_KEYED,
  FRAME_SKIP,
  FRAME_SKIP_PARTS,
} from "./frame-types.ts";
import { BODY_FRAMES_MAX, BODY_MESSAGES_MAX, INTEGER_MAX, LABEL_BYTES_MAX } from "./limits.ts";
import { isPrefixType } from "./prefix-reader.ts";

/** The delivery modes in the order of their numbers on the wire. */
export const DELIVERY_MODES: readonly DeliveryMode[] = ["ordered", "unordered", "latest"];

/** Where the frames of one body go. */
export interface FrameSink {
  readonly channelWindows: ChannelWindow[];
  readonly channelsBlocked: ChannelWindow[];
  readonly numbered: NumberedFrame[];
}

/** Reads frames up to the end of the body. */
export function readFrames(cursor: Cursor, sink: FrameSink): void {
  let messagesLeft = BODY_MESSAGES_MAX;
  let framesLeft = BODY_FRAMES_MAX;
  while (cursor.position < cursor.end) {
    if (framesLeft === 0) throw new ProtocolError("count_invalid"); // [FRAME-6]
    framesLeft -= 1;
    const type = cursor.byte();
    if (type === FRAME_CHANNEL_WINDOW) {
      sink.channelWindows.push(readChannelWindow(cursor));
    } else if (type === FRAME_CHANNEL_BLOCKED) {
      sink.channelsBlocked.push(readChannelWindow(cursor));
    } else {
      const frame = readNumbered(cursor, type, messagesLeft);
      if (frame.kind === "messages") messagesLeft -= frame.payloads.length;
      if (frame.kind === "skip") messagesLeft -= frame.count;
      sink.numbered.push(frame);
    }
  }
  assert(messagesLeft >= 0 && cursor.position === cursor.end, "frames end with the body");
}

function readNumbered(cursor: Cursor, type: number, messagesLeft: number): NumberedFrame {
  switch (type) {
    case FRAME_MESSAGES:
      return readMessages(cursor, messagesLeft);
    case FRAME_MESSAGES_VARIED:
      return readMessagesVaried(cursor, messagesLeft);
    case FRAME_MESSAGES_KEYED:
      return readMessagesKeyed(cursor, messagesLeft);
    case FRAME_MESSAGE_LAST:
      return readMessageLast(cursor, messagesLeft);
    case FRAME_PART:
    case FRAME_PART_KEYED:
      return readPart(cursor, type === FRAME_PART_KEYED);
    case FRAME_SKIP:
    case FRAME_SKIP_PARTS:
      return readSkip(cursor, type === FRAME_SKIP_PARTS, messagesLeft);
    default:
      return readFact(cursor, type);
  }
}

/** Facts: frames that are numbered like messages and say what becomes of channel or session. */
function readFact(cursor: Cursor, type: number): NumberedFrame {
  switch (type) {
    case FRAME_CHANNEL_OPEN: {
      const seq = readSeq(cursor);
      const channel = cursor.number(1, INTEGER_MAX); // [FACT-1]
      const mode = DELIVERY_MODES[cursor.integer()];
      if (mode === undefined) throw new ProtocolError("mode_invalid"); // [FACT-2]
      const label = cursor.field(0, LABEL_BYTES_MAX); // [FACT-3]
      return { kind: "channel-open", seq, channel, mode, label };
    }
    case FRAME_CHANNEL_FINISH: {
      const seq = readSeq(cursor);
      const channel = cursor.integer();
      const indexEnd = cursor.number(1, INTEGER_MAX); // [FACT-4]
      return { kind: "channel-finish", seq, channel, indexEnd };
    }
    case FRAME_CHANNEL_RESET: {
      const seq = readSeq(cursor);
      const channel = cursor.number(1, INTEGER_MAX); // [FACT-1]
      const code = cursor.integer();
      return { kind: "channel-reset", seq, channel, code };
    }
    case FRAME_FINISH: {
      const seq = readSeq(cursor);
      const code = cursor.integer();
      return { kind: "finish", seq, code };
    }
    default:
      // A prefix frame behind another frame is known and out of place [FRAME-2].
      throw new ProtocolError(isPrefixType(type) ? "frame_order" : "frame_unknown"); // [FRAME-1]
  }
}

function readChannelWindow(cursor: Cursor): ChannelWindow {
  const channel = cursor.integer();
  const unitsMax = cursor.integer();
  const bytesMax = cursor.integer();
  return { channel, unitsMax, bytesMax };
}

/** Payloads of one length, at least 1: so the count is bounded by the bytes that are there. */
function readMessages(cursor: Cursor, messagesLeft: number): MessagesFrame {
  const channel = cursor.integer();
  const seq = readSeq(cursor);
  const index = readIndex(cursor, seq);
  const count = readMessageCount(cursor, 2, seq, messagesLeft); // [RUN-3]
  const length = cursor.length(1, INTEGER_MAX); // [RUN-3]
  if (count * length > cursor.end - cursor.position) throw new ProtocolError("length_invalid");
  const payloads: Uint8Array[] = [];
  for (let k = 0; k < count; k += 1) payloads.push(cursor.view(length));
  return { kind: "messages", channel, seq, index, payloads };
}

function readMessagesVaried(cursor: Cursor, messagesLeft: number): MessagesFrame {
  const channel = cursor.integer();
  const seq = readSeq(cursor);
  const index = readIndex(cursor, seq);
  const count = readMessageCount(cursor, 1, seq, messagesLeft);
  const lengths: number[] = [];
  for (let k = 0; k < count; k += 1) lengths.push(cursor.length(0, INTEGER_MAX));
  return { kind: "messages", channel, seq, index, payloads: readPayloads(cursor, lengths) };
}

function readMessagesKeyed(cursor: Cursor, messagesLeft: number): MessagesFrame {
  const channel = cursor.integer();
  const seq = readSeq(cursor);
  const index = readIndex(cursor, seq);
  const count = readMessageCount(cursor, 1, seq, messagesLeft);
  const keys: number[] = [];
  const lengths: number[] = [];
  for (let k = 0; k < count; k += 1) {
    keys.push(cursor.integer());
    lengths.push(cursor.length(0, INTEGER_MAX));
  }
  return { kind: "messages", channel, seq, index, keys, payloads: readPayloads(cursor, lengths) };
}

/** The payloads of a run, back to back: all must be there before one is looked at [RUN-6]. */
function readPayloads(cursor: Cursor, lengths: readonly number[]): Uint8Array[] {
  let bytes = 0;
  // Each length is at most the body's: so the sum is exact.
  for (const length of lengths) bytes += length;
  if (bytes > cursor.end - cursor.position) throw new ProtocolError("length_invalid");
  const payloads: Uint8Array[] = [];
  for (const length of lengths) payloads.push(cursor.view(length));
  return payloads;
}

/** One message of channel 0 whose payload is the rest of the body [RUN-4]. */
function readMessageLast(cursor: Cursor, messagesLeft: number): MessagesFrame {
  if (messagesLeft === 0) throw new ProtocolError("messages_too_many"); // [RUN-5]
  const seq = readSeq(cursor);
  const index = readIndex(cursor, seq);
  const payload = cursor.view(cursor.end - cursor.position);
  return { kind: "messages", channel: 0, seq, index, payloads: [payload] };
}

function readPart(cursor: Cursor, keyed: boolean): PartFrame {
  const channel = cursor.integer();
  const seq = readSeq(cursor);
  const index = readIndex(cursor, seq);
  const key = keyed ? cursor.integer() : undefined;
  const offset = cursor.integer();
  const totalBytes = cursor.integer();
  const length = cursor.length(1, INTEGER_MAX); // [PART-1]
  // The difference is exact where a sum above 2^53 would not be.
  if (length > totalBytes - offset) throw new ProtocolError("length_invalid"); // [PART-2]
  const payload = cursor.view(length);
  const part = { kind: "part", channel, seq, index, offset, totalBytes, payload } as const;
  return key === undefined ? part : { ...part, key };
}

function readSkip(cursor: Cursor, sharedIndex: boolean, messagesLeft: number): SkipFrame {
  const channel = cursor.integer();
  const seq = readSeq(cursor);
  const index = readIndex(cursor, seq);
  // Each skipped seq costs the receiver as much as a message [RUN-5].
  const count = readMessageCount(cursor, 1, seq, messagesLeft); // [SKIP-1]
  const bytes = cursor.integer();
  return { kind: "skip", channel, seq, index, count, sharedIndex, bytes };
}

function readSeq(cursor: Cursor): number {
  return cursor.number(1, INTEGER_MAX); // [INT-4]
}

/** Every message takes a seq, so an index is at most its seq: the lag is never negative [RUN-1]. */
function readIndex(cursor: Cursor, seq: number): number {
  return seq - cursor.number(0, seq - 1);
}

/** Refused before anything is made for the messages [RUN-5]. */
function readMessageCount(cursor: Cursor, min: number, seq: number, messagesLeft: number): number {
  const count = cursor.count(min, INTEGER_MAX);
  if (count > messagesLeft) throw new ProtocolError("messages_too_many");
  checkRunEnd(seq, count);
  return count;
}

/** The last seq of a run is a number like any other [RUN-2]. */
function checkRunEnd(seq: number, count: number): void {
  if (count - 1 > INTEGER_MAX - seq) throw new ProtocolError("range_invalid");
}
