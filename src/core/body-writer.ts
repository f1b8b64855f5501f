/**
 * From a body to bytes of the exact size. spec/protocol.md sections 3.2 to 3.4 and 3.10.
 */
import { describeAddress } from "./address.ts";
import type { Address, Body, ChecksumKind, Direction, NumberedFrame } from "./body.ts";
import { bodyChecksum, xxh32 } from "./checksum.ts";
import { assert } from "./errors.ts";
import { FRAME_CHANNEL_BLOCKED, FRAME_CHANNEL_WINDOW } from "./frame-types.ts";
import {
  CHECKSUM_BYTES,
  INTEGER_BYTES_MAX,
  SESSION_ID_BYTES_MAX,
  SESSION_ID_BYTES_MIN,
  VERSIONS_MAX,
  WIRE_VERSION,
} from "./limits.ts";
import { writeChannelWindows, writeNumbered } from "./numbered-frames.ts";
import { writePrefix } from "./prefix-frames.ts";
import { StoredRun } from "./stored-run.ts";
import { varintBytes, writeVarint } from "./varint.ts";
import { Wire } from "./wire.ts";

/** What a body needs beside its content. */
export interface BodyOptions {
  /** Who makes it. */
  readonly direction: Direction;
  /**
   * Whether the body gets a checksum; "none" only where the link guards integrity itself [SUM-4].
   */
  readonly checksum: ChecksumKind;
  /** 16 to 48 bytes; seeds the checksum. */
  readonly sessionId: Uint8Array;
  /** Where the link does not imply the session; names the same `sessionId` [SUM-3]. */
  readonly address?: Address | undefined;
}

/** The largest head: its first byte, the length, the checksum. */
const COVERED_START: number = 1 + INTEGER_BYTES_MAX + CHECKSUM_BYTES;

/** A body with payloads of so many bytes is written where it stays. */
const OWN_BYTES_MIN = 16_384;

/** Room beside the payloads: for the frames of some runs, and the lengths of as many messages. */
const OWN_BYTES_SPARE = 1_024;

/** The whole body in a new array. */
export function encodeBody(content: Body, options: BodyOptions): Uint8Array {
  return finishBody(beginBody(content, options), content, options);
}

/** Exact size of the whole body in bytes. */
export function bodyBytes(content: Body, options: BodyOptions): number {
  return encodeBody(content, options).length;
}

/**
 * Writes what stands in front of the bundle: the prefix and the windows of channels. Whoever fills
 * bodies up to a size looks in between at how much that is. Belongs to one body at a time.
 */
export function beginBody(content: Body, options: BodyOptions): Wire {
  const { sessionId, address, direction } = options;
  // The head, in front, is written last.
  const writer = Wire.writer(COVERED_START);
  assert(sessionId.length >= SESSION_ID_BYTES_MIN, "session identifier too short"); // [ADDR-1]
  assert(sessionId.length <= SESSION_ID_BYTES_MAX, "session identifier too long"); // [ADDR-1]
  if (address !== undefined) {
    assert(sameBytes(address.sessionId, sessionId), "address of another session");
    describeAddress(writer, address);
  }
  writePrefix(writer, content, direction);
  writeChannelWindows(writer, FRAME_CHANNEL_WINDOW, content.channelWindows);
  return writer;
}

/** Exact size of a body that would end here. */
export function bytesBegun(writer: Wire, options: BodyOptions): number {
  return writer.position - headStart(writer, options);
}

/** Writes the rest of what was begun; what stands in front of the bundle has not changed. */
export function finishBody(writer: Wire, content: Body, options: BodyOptions): Uint8Array {
  const { checksum, direction, sessionId, address } = options;
  const { channelsBlocked, numbered } = content;
  const payloadBytes = payloadBytesOf(numbered);
  if (payloadBytes >= OWN_BYTES_MIN) writer.moveToOwn(payloadBytes + OWN_BYTES_SPARE);
  writeChannelWindows(writer, FRAME_CHANNEL_BLOCKED, channelsBlocked);
  for (let at = 0; at < numbered.length; at++) {
    writeNumbered(writer, numbered[at] as NumberedFrame, at === numbered.length - 1);
  }
  const { bytes, position: end } = writer;
  const start = headStart(writer, options);
  const checksumBits = checksum === "xxh32" ? 1 : 0;
  const addressedBit = address === undefined ? 0 : 1;
  const head = (WIRE_VERSION << 4) | (direction << 3) | (addressedBit << 2) | checksumBits;
  bytes[start] = head;
  const length = end - COVERED_START + checksumBits * CHECKSUM_BYTES;
  const checksumAt = writeVarint(bytes, start + 1, length);
  if (checksumBits > 0) {
    const sum = bodyChecksum(sessionId, head, bytes, COVERED_START, end); // [SUM-1]
    writeChecksum(bytes, checksumAt, sum);
  }
  return writer.isOwn ? bytes.subarray(start, end) : bytes.slice(start, end);
}

/** About what payloads take that lie one behind the other; the writer makes room for any other. */
function payloadBytesOf(numbered: readonly NumberedFrame[]): number {
  let bytes = 0;
  for (const frame of numbered) {
    if (frame instanceof StoredRun) bytes += frame.payloadBytes;
    else if (frame.kind === "part") bytes += frame.payload.length;
  }
  return bytes;
}

/** A VERSION body, for an unknown version; `versions` rise, each 1 to 15 [VER-1] [VER-2]. */
export function writeVersions(versions: readonly number[]): Uint8Array {
  assert(versions.length >= 1 && versions.length <= VERSIONS_MAX, "count of versions");
  let previous = 0;
  for (const version of versions) {
    assert(version > previous && version <= VERSIONS_MAX, "versions rise");
    previous = version;
  }
  const end = 2 + versions.length;
  const bytes = new Uint8Array(end + CHECKSUM_BYTES);
  bytes.set([0, versions.length, ...versions]);
  writeChecksum(bytes, end, xxh32(bytes, 0, end, 0));
  return bytes;
}

function writeChecksum(bytes: Uint8Array, position: number, sum: number): void {
  for (let k = 0; k < CHECKSUM_BYTES; k += 1) bytes[position + k] = sum >>> (8 * k);
}

/** Where the head begins, so that it ends where the covered bytes begin. */
function headStart({ position }: Wire, options: BodyOptions): number {
  const checksumStart = COVERED_START - (options.checksum === "xxh32" ? CHECKSUM_BYTES : 0);
  // The length field says how many bytes lie behind it [BODY-2].
  return checksumStart - varintBytes(position - checksumStart) - 1;
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let k = 0; k < left.length; k += 1) if (left[k] !== right[k]) return false;
  return true;
}
