// A body as a list of frames, and a frame as a list of its types, integers and bytes: what the
// mutations change. The cuts are those that the reader itself makes, by watching it read; so
// they cannot fall behind the format.

import { describeAddress } from "../../src/core/address.ts";
import type { Direction } from "../../src/core/body.ts";
import { bodyChecksum } from "../../src/core/checksum.ts";
import { protocolCode } from "../../src/core/errors.ts";
import { SESSION_ID_BYTES_MAX } from "../../src/core/limits.ts";
import { type FrameSink, readFrames } from "../../src/core/numbered-frames.ts";
import { type BodyDraft, readPrefix } from "../../src/core/prefix-frames.ts";
import { varintBytes, writeVarint } from "../../src/core/varint.ts";
import { Wire } from "../../src/core/wire.ts";

export interface Token {
  readonly kind: "type" | "integer" | "bytes";
  readonly bytes: Uint8Array;
}

/** The type of a frame, and its fields. */
export type Frame = readonly Token[];

/** A body that may still be changed; its lists are its own, its frames are shared. */
export interface Shape {
  /** The first byte. */
  head: number;
  /** The fields of the address; empty where there is none. */
  address: Token[];
  frames: Frame[];
  /** In the place of the minimal and right length field. */
  length: Uint8Array | undefined;
  /** By what the stated checksum differs from the right one. */
  sumChange: number;
}

/** The session of a body without an address, as of all vectors. */
export const SESSION_ID: Uint8Array = Uint8Array.from({ length: 16 }, (_, k) => 0xa0 + k);

const CHECKSUM_BITS = 3;
const ADDRESSED_BIT = 4;
const DIRECTION_BIT = 8;

/** Cuts a body; from the first byte on that cannot be read the rest is one piece. */
export function parseShape(bytes: Uint8Array): Shape {
  const head = bytes[0] ?? 0x10;
  const isSummed = (head & CHECKSUM_BITS) === 1;
  const start = lengthEnd(bytes) + (isSummed ? 4 : 0);
  const shape: Shape = { head, address: [], frames: [], length: undefined, sumChange: 0 };
  if (start > bytes.length) return shape;
  const reader = Wire.reader(bytes, start, bytes.length);
  const seen = watch(reader);
  let rest = start;
  try {
    if ((head & ADDRESSED_BIT) !== 0) {
      describeAddress(reader);
      shape.address = seen.splice(0).map(({ token }) => token);
      rest = reader.position;
    }
    const draft: BodyDraft & FrameSink = { channelWindows: [], channelsBlocked: [], numbered: [] };
    readPrefix(reader, (head & DIRECTION_BIT) === 0 ? 0 : (1 satisfies Direction), draft);
    readFrames(reader, draft);
  } catch (error) {
    protocolCode(error);
  }
  let frame: Token[] = [];
  const begin = (byte: number): void => {
    frame = [{ kind: "type", bytes: Uint8Array.of(byte) }];
    shape.frames.push(frame);
  };
  for (const { from, token } of seen) {
    // The prefix's types are looked at without being read: they are what lies in between.
    for (; rest < from; rest++) begin(bytes[rest] as number);
    if (token.kind === "type") begin(token.bytes[0] as number);
    else frame.push(token);
    rest = from + token.bytes.length;
  }
  if (rest < bytes.length) shape.frames.push([{ kind: "bytes", bytes: bytes.slice(rest) }]);
  return shape;
}

/** A copy whose lists may be changed. */
export function copyShape(shape: Shape): Shape {
  return { ...shape, address: shape.address.slice(), frames: shape.frames.slice() };
}

/** The bytes of a body: sealed, as far as the shape does not say otherwise. */
export function writeShape(shape: Shape): Uint8Array {
  const { head, frames } = shape;
  const isSummed = (head & CHECKSUM_BITS) === 1;
  let size = isSummed ? 4 : 0;
  for (const { bytes } of shape.address) size += bytes.length;
  for (const frame of frames) for (const { bytes } of frame) size += bytes.length;
  const lengthBytes = shape.length?.length ?? varintBytes(size);
  const out = new Uint8Array(1 + lengthBytes + size);
  out[0] = head;
  if (shape.length === undefined) writeVarint(out, 1, size);
  else out.set(shape.length, 1);
  let at = 1 + lengthBytes + (isSummed ? 4 : 0);
  for (const { bytes } of shape.address) {
    out.set(bytes, at);
    at += bytes.length;
  }
  for (const frame of frames) {
    for (const { bytes } of frame) {
      out.set(bytes, at);
      at += bytes.length;
    }
  }
  if (isSummed) sum(out, 1 + lengthBytes, shape.sumChange);
  return out;
}

/** The same bytes with their length and checksum made right, where there is room for them. */
export function reseal(bytes: Uint8Array, sessionId: Uint8Array = SESSION_ID): Uint8Array {
  if (bytes.length < 2) return bytes;
  const rest = bytes.subarray(Math.min(bytes.length, lengthEnd(bytes)));
  const out = new Uint8Array(1 + varintBytes(rest.length) + rest.length);
  out[0] = bytes[0] as number;
  const start = writeVarint(out, 1, rest.length);
  out.set(rest, start);
  if (((out[0] as number) & CHECKSUM_BITS) === 1 && rest.length >= 4) sum(out, start, 0, sessionId);
  return out;
}

/** Offset behind the length field, as its first byte says. */
function lengthEnd(bytes: Uint8Array): number {
  return 1 + (1 << ((bytes[1] ?? 0) >> 6));
}

/** Writes the checksum in front of what it covers. */
function sum(bytes: Uint8Array, at: number, change: number, sessionId = SESSION_ID): void {
  const head = bytes[0] as number;
  let id = sessionId;
  if ((head & ADDRESSED_BIT) !== 0) {
    const idBytes = bytes[at + 4] ?? 0;
    // Such an address is refused before its checksum is asked for.
    if (idBytes > SESSION_ID_BYTES_MAX) return;
    id = bytes.subarray(at + 5, at + 5 + idBytes);
  }
  const right = bodyChecksum(id, head, bytes, at + 4, bytes.length) ^ change;
  for (let k = 0; k < 4; k++) bytes[at + k] = right >>> (8 * k);
}

interface Seen {
  readonly from: number;
  readonly token: Token;
}

/** What a reader is going to read, piece by piece. */
function watch(reader: Wire): Seen[] {
  const seen: Seen[] = [];
  const note = (kind: Token["kind"], from: number): void => {
    seen.push({ from, token: { kind, bytes: reader.bytes.slice(from, reader.position) } });
  };
  const { type, integer, view } = Wire.prototype;
  reader.type = (...given) => {
    const from = reader.position;
    const value = type.apply(reader, given);
    note("type", from);
    return value;
  };
  reader.integer = (...given) => {
    const from = reader.position;
    const value = integer.apply(reader, given);
    note("integer", from);
    return value;
  };
  reader.view = (...given) => {
    const from = reader.position;
    const value = view.apply(reader, given);
    if (reader.position > from) note("bytes", from);
    return value;
  };
  return seen;
}
