/**
 * From a body to bytes: exact sizes, one pass, into the caller's buffer or a new one of the exact
 * size. spec/protocol.md sections 3.2 to 3.4 and 3.10.
 */

import type { Address, Body, ChecksumKind, Direction, NumberedFrame } from "./body.ts";
import { type ByteSink, ByteCounter, ByteWriter } from "./byte-sink.ts";
import { bodyChecksum } from "./checksum.ts";
import { assert } from "./errors.ts";
import { writeChannelWindows, writeNumbered } from "./frame-writer.ts";
import {
  BODY_FRAMES_MAX,
  BODY_MESSAGES_MAX,
  CHECKSUM_BYTES,
  PROOF_BYTES_MAX,
  SESSION_ID_BYTES_MAX,
  SESSION_ID_BYTES_MIN,
  VERSIONS_MAX,
  WIRE_VERSION,
} from "./limits.ts";
import { writePrefix } from "./prefix-writer.ts";
import { varintBytes } from "./varint.ts";

/** What a body needs beside its content. */
export interface BodyOptions {
  readonly direction: Direction;
  readonly checksum: ChecksumKind;
  /** 16 to 48 bytes; seeds the checksum. */
  readonly sessionId: Uint8Array;
  /** Where the link does not imply the session; names the same `sessionId` [SUM-3]. */
  readonly address?: Address | undefined;
}

/** Exact size of the whole body in bytes. */
export function bodyBytes(content: Body, options: BodyOptions): number {
  const length = bodyLength(content, options);
  return 1 + varintBytes(length) + length;
}

/** The whole body in a new array of the exact size. */
export function encodeBody(content: Body, options: BodyOptions): Uint8Array {
  const length = bodyLength(content, options);
  const into = new Uint8Array(1 + varintBytes(length) + length);
  writeSized(into, 0, length, content, options);
  return into;
}

/** Writes the whole body at `offset` and returns the offset behind it. */
export function writeBody(
  into: Uint8Array,
  offset: number,
  content: Body,
  options: BodyOptions,
): number {
  return writeSized(into, offset, bodyLength(content, options), content, options);
}

/** A VERSION body, for an unknown version; `versions` rise, each 1 to 15 [VER-1] [VER-2]. */
export function writeVersions(versions: readonly number[]): Uint8Array {
  assert(versions.length >= 1 && versions.length <= VERSIONS_MAX, "count of versions");
  let previous = 0;
  for (const version of versions) {
    assert(version > previous && version <= VERSIONS_MAX, "versions rise");
    previous = version;
  }
  return Uint8Array.of(0, versions.length, ...versions);
}

/** What the length field says: all bytes behind it [BODY-2]. */
function bodyLength(content: Body, options: BodyOptions): number {
  const counter = new ByteCounter();
  if (options.checksum === "xxh32") counter.size += CHECKSUM_BYTES;
  writeCovered(counter, content, options);
  return counter.size;
}

function writeSized(
  into: Uint8Array,
  offset: number,
  length: number,
  content: Body,
  options: BodyOptions,
): number {
  const { checksum, direction, sessionId, address } = options;
  const end = offset + 1 + varintBytes(length) + length;
  const writer = new ByteWriter(into, offset, end);
  const checksumBits = checksum === "xxh32" ? 1 : 0;
  const addressedBit = address === undefined ? 0 : 1;
  const head = (WIRE_VERSION << 4) | (direction << 3) | (addressedBit << 2) | checksumBits;
  writer.byte(head);
  writer.integer(length);
  const checksumAt = writer.position;
  if (checksum === "xxh32") writer.position += CHECKSUM_BYTES;
  const coveredStart = writer.position;
  writeCovered(writer, content, options);
  assert(writer.position === end, "the body is as long as counted");
  if (checksum === "xxh32") {
    const sum = bodyChecksum(sessionId, head, into, coveredStart, end); // [SUM-1]
    for (let k = 0; k < CHECKSUM_BYTES; k += 1) into[checksumAt + k] = sum >>> (8 * k);
  }
  return end;
}

/** Everything behind the checksum field. */
function writeCovered(sink: ByteSink, content: Body, options: BodyOptions): void {
  assertSessionId(options.sessionId);
  if (options.address !== undefined) {
    assert(sameBytes(options.address.sessionId, options.sessionId), "address of another session");
    writeAddress(sink, options.address);
  }
  const { channelWindows, channelsBlocked, numbered } = content;
  writePrefix(sink, content, options.direction);
  writeChannelWindows(sink, channelWindows, channelsBlocked);
  let messages = 0;
  for (let k = 0; k < numbered.length; k += 1) {
    const frame = numbered[k] as NumberedFrame;
    if (frame.kind === "messages") messages += frame.payloads.length;
    if (frame.kind === "skip") messages += frame.count;
    writeNumbered(sink, frame, k === numbered.length - 1);
  }
  assert(messages <= BODY_MESSAGES_MAX, "too many messages"); // [RUN-5]
  // However the runs are cut, there are no more pieces than messages.
  const frames = channelWindows.length + channelsBlocked.length + numbered.length;
  assert(frames + messages <= BODY_FRAMES_MAX, "too many frames"); // [FRAME-6]
}

function writeAddress(sink: ByteSink, address: Address): void {
  assert(address.proof.length <= PROOF_BYTES_MAX, "proof too long"); // [ADDR-1]
  assert(address.incarnation >= 1, "incarnations start at 1"); // [INT-4] [ADDR-1]
  sink.integer(address.sessionId.length);
  sink.bytes(address.sessionId);
  sink.integer(address.proof.length);
  sink.bytes(address.proof);
  sink.integer(address.incarnation);
  sink.integer(address.link);
}

function assertSessionId(sessionId: Uint8Array): void {
  assert(sessionId.length >= SESSION_ID_BYTES_MIN, "session identifier too short"); // [ADDR-1]
  assert(sessionId.length <= SESSION_ID_BYTES_MAX, "session identifier too long"); // [ADDR-1]
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let k = 0; k < left.length; k += 1) if (left[k] !== right[k]) return false;
  return true;
}
