/**
 * Writes the frames behind the prefix. spec/protocol.md sections 3.8 and 3.9. A value that the wire
 * does not allow is a bug of the caller: an assertion.
 */

import type { ChannelWindow, MessagesFrame, NumberedFrame, PartFrame, SkipFrame } from "./body.ts";
import type { ByteSink } from "./byte-sink.ts";
import { assert } from "./errors.ts";
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
import { DELIVERY_MODES } from "./frame-reader.ts";
import { BODY_MESSAGES_MAX, INTEGER_MAX, LABEL_BYTES_MAX } from "./limits.ts";
import { isUniform, pieceEnd } from "./message-pieces.ts";

/** Writes one numbered frame; `isLast` says that nothing follows it in the body. */
export function writeNumbered(sink: ByteSink, frame: NumberedFrame, isLast: boolean): void {
  assert(frame.seq >= 1, "seqs start at 1"); // [INT-4]
  switch (frame.kind) {
    case "messages":
      writeMessages(sink, frame, isLast);
      return;
    case "part":
      writePart(sink, frame);
      return;
    case "skip":
      writeSkip(sink, frame);
      return;
    case "channel-open":
      assert(frame.channel >= 1, "channel 0 is always open"); // [FACT-1]
      assert(frame.label.length <= LABEL_BYTES_MAX, "label too long"); // [FACT-3]
      sink.byte(FRAME_CHANNEL_OPEN);
      sink.integer(frame.seq);
      sink.integer(frame.channel);
      sink.integer(DELIVERY_MODES.indexOf(frame.mode)); // [FACT-2]
      writeField(sink, frame.label);
      return;
    case "channel-finish":
      assert(frame.indexEnd >= 1, "indexes start at 1"); // [FACT-4]
      sink.byte(FRAME_CHANNEL_FINISH);
      sink.integer(frame.seq);
      sink.integer(frame.channel);
      sink.integer(frame.indexEnd);
      return;
    case "channel-reset":
      assert(frame.channel >= 1, "channel 0 cannot be reset"); // [FACT-1]
      sink.byte(FRAME_CHANNEL_RESET);
      sink.integer(frame.seq);
      sink.integer(frame.channel);
      sink.integer(frame.code);
      return;
    case "finish":
      sink.byte(FRAME_FINISH);
      sink.integer(frame.seq);
      sink.integer(frame.code);
  }
}

/** The windows of channels, and the limits at which channels stand still. */
export function writeChannelWindows(
  sink: ByteSink,
  raised: readonly ChannelWindow[],
  blocked: readonly ChannelWindow[],
): void {
  for (const window of raised) writeChannelWindow(sink, FRAME_CHANNEL_WINDOW, window);
  for (const window of blocked) writeChannelWindow(sink, FRAME_CHANNEL_BLOCKED, window);
}

function writeChannelWindow(sink: ByteSink, type: number, window: ChannelWindow): void {
  sink.byte(type);
  sink.integer(window.channel);
  sink.integer(window.unitsMax);
  sink.integer(window.bytesMax);
}

function writeMessages(sink: ByteSink, frame: MessagesFrame, isLast: boolean): void {
  const { channel, seq, keys, payloads } = frame;
  const lag = frameLag(frame);
  const count = payloads.length;
  assert(count >= 1 && count <= BODY_MESSAGES_MAX, "count of messages"); // [RUN-5]
  assert(seq <= INTEGER_MAX - (count - 1), "the run ends beyond the last seq"); // [RUN-2]
  if (keys !== undefined) {
    writeKeyed(sink, frame, keys);
    return;
  }
  for (let start = 0; start < count;) {
    const end = pieceEnd(payloads, start);
    if (isLast && channel === 0 && start === count - 1) {
      writeMessageLast(sink, seq + start, lag, payloads[start] as Uint8Array);
    } else if (isUniform(payloads, start, end)) {
      writeRunHead(sink, FRAME_MESSAGES, channel, seq + start, lag);
      sink.integer(end - start);
      sink.integer((payloads[start] as Uint8Array).length);
      for (let k = start; k < end; k += 1) sink.bytes(payloads[k] as Uint8Array);
    } else {
      writeRunHead(sink, FRAME_MESSAGES_VARIED, channel, seq + start, lag);
      sink.integer(end - start);
      for (let k = start; k < end; k += 1) sink.integer((payloads[k] as Uint8Array).length);
      // In one piece, as they lie in the sender's chunk [RUN-6].
      for (let k = start; k < end; k += 1) sink.bytes(payloads[k] as Uint8Array);
    }
    start = end;
  }
}

function writeKeyed(sink: ByteSink, frame: MessagesFrame, keys: readonly number[]): void {
  const { channel, seq, payloads } = frame;
  assert(keys.length === payloads.length, "one key a message");
  writeRunHead(sink, FRAME_MESSAGES_KEYED, channel, seq, frameLag(frame));
  sink.integer(payloads.length);
  for (const [k, payload] of payloads.entries()) {
    sink.integer(keys[k] as number);
    sink.integer(payload.length);
  }
  for (const payload of payloads) sink.bytes(payload);
}

/** Without channel, count and length: for the one small message that most bodies carry [RUN-4]. */
function writeMessageLast(sink: ByteSink, seq: number, lag: number, payload: Uint8Array): void {
  sink.byte(FRAME_MESSAGE_LAST);
  sink.integer(seq);
  sink.integer(lag);
  sink.bytes(payload);
}

function writePart(sink: ByteSink, part: PartFrame): void {
  const { channel, seq, key, offset, totalBytes, payload } = part;
  assert(payload.length >= 1, "a part without bytes"); // [PART-1]
  assert(payload.length <= totalBytes - offset, "a part beyond its message"); // [PART-2]
  writeRunHead(
    sink,
    key === undefined ? FRAME_PART : FRAME_PART_KEYED,
    channel,
    seq,
    frameLag(part),
  );
  if (key !== undefined) sink.integer(key);
  sink.integer(offset);
  sink.integer(totalBytes);
  writeField(sink, payload);
}

function writeSkip(sink: ByteSink, skip: SkipFrame): void {
  const { channel, seq, count, bytes, sharedIndex } = skip;
  assert(count >= 1, "a skip of nothing"); // [SKIP-1]
  assert(seq <= INTEGER_MAX - (count - 1), "the skip ends beyond the last seq"); // [RUN-2]
  writeRunHead(sink, sharedIndex ? FRAME_SKIP_PARTS : FRAME_SKIP, channel, seq, frameLag(skip));
  sink.integer(count);
  sink.integer(bytes);
}

function writeRunHead(
  sink: ByteSink,
  type: number,
  channel: number,
  seq: number,
  lag: number,
): void {
  sink.byte(type);
  sink.integer(channel);
  sink.integer(seq);
  sink.integer(lag);
}

/** How far the channel's numbers stay behind the session's [RUN-1]. */
function frameLag(frame: { readonly seq: number; readonly index: number }): number {
  assert(frame.index >= 1 && frame.index <= frame.seq, "index out of range");
  return frame.seq - frame.index;
}

function writeField(sink: ByteSink, bytes: Uint8Array): void {
  sink.integer(bytes.length);
  sink.bytes(bytes);
}
