/**
 * The frames behind the prefix: messages, parts and skips, what happens to channels, and their
 * windows. spec/protocol.md sections 3.8 and 3.9.
 *
 * Payloads and labels are views of the body's bytes: whoever keeps one keeps the whole body's
 * memory, and whoever reuses the bytes changes it.
 */
import type {
  ChannelFinishFrame,
  ChannelOpenFrame,
  ChannelResetFrame,
  ChannelWindow,
  DeliveryMode,
  FinishFrame,
  MessagesFrame,
  NumberedFrame,
  PartFrame,
  SkipFrame,
} from "./body.ts";
import { ProtocolError } from "./errors.ts";
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
import { INTEGER_MAX, LABEL_BYTES_MAX } from "./limits.ts";
import { isUniform, pieceEnd } from "./message-pieces.ts";
import { isPrefixType } from "./prefix-frames.ts";
import { StoredRun } from "./stored-run.ts";
import type { Wire } from "./wire.ts";

/** The delivery modes in the order of their numbers on the wire. */
export const DELIVERY_MODES: readonly DeliveryMode[] = ["ordered", "unordered", "latest"];

/** Where a message or part stands in its channel and in the session. */
type Place = Pick<MessagesFrame, "channel" | "seq" | "index">;

/** Where the frames of one body go. */
export interface FrameSink {
  readonly channelWindows: ChannelWindow[];
  readonly channelsBlocked: ChannelWindow[];
  readonly numbered: NumberedFrame[];
}

/** Reads frames up to the end of the body. */
export function readFrames(reader: Wire, sink: FrameSink): void {
  while (reader.left > 0) {
    reader.countFrame();
    const type = reader.type();
    if (type === FRAME_CHANNEL_WINDOW) sink.channelWindows.push(channelWindow(reader));
    else if (type === FRAME_CHANNEL_BLOCKED) sink.channelsBlocked.push(channelWindow(reader));
    else sink.numbered.push(readNumbered(reader, type));
  }
}

/** The windows of channels, and the limits at which channels stand still. */
export function writeChannelWindows(
  writer: Wire,
  type: typeof FRAME_CHANNEL_WINDOW | typeof FRAME_CHANNEL_BLOCKED,
  windows: readonly ChannelWindow[],
): void {
  for (const window of windows) {
    begin(writer, type);
    channelWindow(writer, window);
  }
}

function readNumbered(reader: Wire, type: number): NumberedFrame {
  switch (type) {
    case FRAME_MESSAGES:
    case FRAME_MESSAGES_VARIED:
    case FRAME_MESSAGES_KEYED:
    case FRAME_MESSAGE_LAST:
      return readMessages(reader, type);
    case FRAME_PART:
    case FRAME_PART_KEYED:
      return part(reader, type === FRAME_PART_KEYED);
    case FRAME_SKIP:
    case FRAME_SKIP_PARTS:
      return skip(reader, type === FRAME_SKIP_PARTS);
    case FRAME_CHANNEL_OPEN:
      return channelOpen(reader);
    case FRAME_CHANNEL_FINISH:
      return channelFinish(reader);
    case FRAME_CHANNEL_RESET:
      return channelReset(reader);
    case FRAME_FINISH:
      return finish(reader);
    default:
      // A prefix frame behind another frame is known and out of place [FRAME-2].
      reader.demand(!isPrefixType(type), "frame_order");
      throw new ProtocolError("frame_unknown"); // [FRAME-1]
  }
}

/** Writes one numbered frame; `isLast` says that nothing follows it in the body. */
export function writeNumbered(writer: Wire, frame: NumberedFrame, isLast: boolean): void {
  switch (frame.kind) {
    case "messages":
      writeMessages(writer, frame, isLast);
      return;
    case "part":
      begin(writer, frame.key === undefined ? FRAME_PART : FRAME_PART_KEYED);
      part(writer, frame.key !== undefined, frame);
      return;
    case "skip":
      begin(writer, frame.sharedIndex ? FRAME_SKIP_PARTS : FRAME_SKIP);
      skip(writer, frame.sharedIndex, frame);
      return;
    case "channel-open":
      begin(writer, FRAME_CHANNEL_OPEN);
      channelOpen(writer, frame);
      return;
    case "channel-finish":
      begin(writer, FRAME_CHANNEL_FINISH);
      channelFinish(writer, frame);
      return;
    case "channel-reset":
      begin(writer, FRAME_CHANNEL_RESET);
      channelReset(writer, frame);
      return;
    case "finish":
      begin(writer, FRAME_FINISH);
      finish(writer, frame);
  }
}

function begin(writer: Wire, type: number): void {
  writer.countFrame();
  writer.type(type);
}

// Facts: frames that are numbered like messages and say what becomes of channel or session.

function channelOpen(wire: Wire, given?: ChannelOpenFrame): ChannelOpenFrame {
  const seq = wire.integer(given?.seq, 1); // [INT-4]
  const channel = wire.integer(given?.channel, 1); // [FACT-1]
  const modes = DELIVERY_MODES.length - 1;
  const number = given && DELIVERY_MODES.indexOf(given.mode);
  const mode = DELIVERY_MODES[wire.integer(number, 0, modes, "mode_invalid")] as DeliveryMode;
  const label = wire.field(given?.label, 0, LABEL_BYTES_MAX); // [FACT-2] [FACT-3]
  return { kind: "channel-open", seq, channel, mode, label };
}

function channelFinish(wire: Wire, given?: ChannelFinishFrame): ChannelFinishFrame {
  const seq = wire.integer(given?.seq, 1);
  const channel = wire.integer(given?.channel);
  const indexEnd = wire.integer(given?.indexEnd, 1); // [FACT-4]
  return { kind: "channel-finish", seq, channel, indexEnd };
}

function channelReset(wire: Wire, given?: ChannelResetFrame): ChannelResetFrame {
  const seq = wire.integer(given?.seq, 1);
  const channel = wire.integer(given?.channel, 1); // [FACT-1]
  const code = wire.integer(given?.code);
  return { kind: "channel-reset", seq, channel, code };
}

function finish(wire: Wire, given?: FinishFrame): FinishFrame {
  const seq = wire.integer(given?.seq, 1);
  const code = wire.integer(given?.code);
  return { kind: "finish", seq, code };
}

function channelWindow(wire: Wire, given?: ChannelWindow): ChannelWindow {
  const channel = wire.integer(given?.channel);
  const unitsMax = wire.integer(given?.unitsMax);
  const bytesMax = wire.integer(given?.bytesMax);
  return { channel, unitsMax, bytesMax };
}

/** Every message takes a seq, so an index is at most its seq: the lag is never negative [RUN-1]. */
function place(wire: Wire, given: Place | undefined, hasChannel: boolean): Place {
  const channel = hasChannel ? wire.integer(given?.channel) : 0;
  const seq = wire.integer(given?.seq, 1); // [INT-4]
  const index = seq - wire.integer(given && seq - given.index, 0, seq - 1);
  return { channel, seq, index };
}

/** Refused before anything is made for the messages [RUN-5]. */
function runLength(wire: Wire, given: number | undefined, min: number, seq: number): number {
  const count = wire.count(given, min, INTEGER_MAX);
  wire.countMessages(count);
  // The last seq of a run is a number like any other [RUN-2].
  wire.demand(count - 1 <= INTEGER_MAX - seq, "range_invalid");
  return count;
}

function part(wire: Wire, isKeyed: boolean, given?: PartFrame): PartFrame {
  const { channel, seq, index } = place(wire, given, true);
  const key = isKeyed ? wire.integer(given?.key) : undefined;
  const offset = wire.integer(given?.offset);
  const totalBytes = wire.integer(given?.totalBytes);
  // The difference is exact where a sum above 2^53 would not be.
  const payload = wire.field(given?.payload, 1, totalBytes - offset); // [PART-1] [PART-2]
  if (key === undefined) return { kind: "part", channel, seq, index, offset, totalBytes, payload };
  return { kind: "part", channel, seq, index, key, offset, totalBytes, payload };
}

function skip(wire: Wire, sharedIndex: boolean, given?: SkipFrame): SkipFrame {
  const { channel, seq, index } = place(wire, given, true);
  // Each skipped seq costs the receiver as much as a message [RUN-5].
  const count = runLength(wire, given?.count, 1, seq); // [SKIP-1]
  const bytes = wire.integer(given?.bytes);
  return { kind: "skip", channel, seq, index, count, sharedIndex, bytes };
}

// Messages, each way on its own: a frame that is read is one run, a run that is written may become
// several frames.

function readMessages(reader: Wire, type: number): MessagesFrame {
  const isLast = type === FRAME_MESSAGE_LAST;
  // One message of channel 0 whose payload is the rest of the body [RUN-4].
  if (isLast) reader.countMessages(1);
  const { channel, seq, index } = place(reader, undefined, !isLast);
  const keys: number[] = [];
  /** One for all, or one a message. */
  let equal = isLast ? reader.left : 0;
  const lengths: number[] = [];
  const isEqual = isLast || type === FRAME_MESSAGES;
  const count = isLast ? 1 : runLength(reader, undefined, isEqual ? 2 : 1, seq); // [RUN-3]
  if (count === 1 && type === FRAME_MESSAGES_VARIED) {
    // An array of this length: one that grows would have room for seventeen.
    const payloads = [reader.field(undefined, 0, INTEGER_MAX)];
    return { kind: "messages", channel, seq, index, payloads };
  }
  // At least 1 byte each: so the count is bounded by the bytes that are there.
  if (type === FRAME_MESSAGES) equal = reader.extent(undefined, 1);
  let bytes = count * equal;
  for (let at = isEqual ? count : 0; at < count; at++) {
    if (type === FRAME_MESSAGES_KEYED) keys.push(reader.integer());
    const length = reader.extent(undefined, 0);
    lengths.push(length);
    // Each length is at most the body's: so the sum is exact.
    bytes += length;
  }
  // All payloads must be there before one is looked at [RUN-6].
  reader.demand(bytes <= reader.left, "length_invalid");
  const payloads: Uint8Array[] = [];
  for (let at = 0; at < count; at++) {
    payloads.push(reader.view(undefined, isEqual ? equal : (lengths[at] as number)));
  }
  if (type !== FRAME_MESSAGES_KEYED) return { kind: "messages", channel, seq, index, payloads };
  return { kind: "messages", channel, seq, index, keys, payloads };
}

function writeMessages(writer: Wire, frame: MessagesFrame, isLast: boolean): void {
  const run = StoredRun.of(frame);
  const { channel, seq, index, keys, lengths, copier: copy } = run;
  const { length } = lengths;
  writer.demand(length > 0 && (keys ?? lengths).length === length, "count_invalid");
  for (let start = 0; start < length;) {
    const end = keys === undefined ? pieceEnd(lengths, start) : length;
    const isUnframed = isLast && channel === 0 && keys === undefined && start === length - 1;
    const isEqual = keys === undefined && isUniform(lengths, start, end);
    if (isUnframed) begin(writer, FRAME_MESSAGE_LAST);
    else if (isEqual) begin(writer, FRAME_MESSAGES);
    else begin(writer, keys === undefined ? FRAME_MESSAGES_VARIED : FRAME_MESSAGES_KEYED);
    place(writer, { channel, seq: seq + start, index: index + start }, !isUnframed);
    if (isUnframed) {
      writer.countMessages(1);
    } else {
      runLength(writer, end - start, 1, seq + start);
      for (let at = start; at < (isEqual ? start + 1 : end); at++) {
        if (keys !== undefined) writer.integer(keys[at]);
        writer.integer(lengths[at]);
      }
    }
    // In one piece, as they lie in the sender's chunk [RUN-6].
    let bytes = 0;
    for (let at = start; at < end; at++) bytes += lengths[at] as number;
    copy(writer, bytes);
    start = end;
  }
}
