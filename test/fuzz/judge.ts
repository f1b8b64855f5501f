// What must be true of the reader for every input: a body or a ProtocolError, nothing else; no more
// memory than a small multiple of the input; the input unchanged; and what is accepted can be
// written, comes back the same, and is never longer than it was.

import type { Body, NumberedFrame } from "../../src/core/body.ts";
import { readBody, readHead, readVersions, type Head } from "../../src/core/body-reader.ts";
import { encodeBody, writeVersions } from "../../src/core/body-writer.ts";
import { ProtocolError } from "../../src/core/errors.ts";
import { joinRuns } from "../core/bodies.ts";
import { toHex } from "../vectors/hex.ts";
import { excessBytes, leastAllocatedBytes } from "./allocation.ts";
import { SESSION_ID } from "./shape.ts";

/** A promise of the reader is broken. */
export class Finding extends Error {
  override readonly name = "Finding";
}

/** The readers under fire; others in their place show that the judge can fail. */
export interface Readers {
  readHead(bytes: Uint8Array, bodyBytesMax: number): Head;
  readBody(bytes: Uint8Array, head: Head, sessionId: Uint8Array): Body;
  readVersions(bytes: Uint8Array): number[];
}

export const READERS: Readers = { readHead, readBody, readVersions };

/** The limit that the reader is given; mutations grow bodies beyond it. */
export const FUZZED_BYTES_MAX = 65_536;

/** Inputs up to this size are also read from within a larger buffer. */
const PLACED_BYTES_MAX = 512;
const PLACED_AT = 13;
/** What stands around an input: the longest integers, beyond what is allowed. */
const surroundings: Uint8Array = new Uint8Array(PLACED_AT + PLACED_BYTES_MAX + 64);

/** What came of one input. */
export interface Outcome {
  /** "body" where it was accepted, else the error's code. */
  readonly result: string;
  /** Whether a body was, written again, the same bytes. */
  readonly isSame: boolean;
  /** Heap and buffers that reading it took. */
  readonly allocatedBytes: number;
}

/** Reads a body. @throws Finding */
export function judgeBody(bytes: Uint8Array, readers: Readers = READERS): Outcome {
  const before = bytes.slice();
  let head: Head | undefined;
  let body: Body | undefined;
  let thrown: unknown;
  const read = (): void => {
    try {
      head = readers.readHead(bytes, FUZZED_BYTES_MAX);
      body = readers.readBody(bytes, head, head.address?.sessionId ?? SESSION_ID);
    } catch (error) {
      thrown = error;
    }
  };
  const allocated = leastAllocatedBytes(bytes.length, read);
  const result = resultOf(thrown);
  demandFrugal(bytes, allocated);
  if (!isSameBytes(bytes, before)) throw new Finding("the reader has changed its input");
  if (bytes.length <= PLACED_BYTES_MAX) demandAlone(bytes, result, body, readers);
  if (result !== undefined) return { result, isSame: false, allocatedBytes: allocated };
  if (head === undefined || body === undefined) throw new Finding("neither a body nor an error");
  const isSame = demandWritable(bytes, head, body, readers);
  return { result: "body", isSame, allocatedBytes: allocated };
}

/** Reads a VERSION body, of which there is one form only. @throws Finding */
export function judgeVersions(bytes: Uint8Array, readers: Readers = READERS): Outcome {
  let versions: number[] | undefined;
  let thrown: unknown;
  const read = (): void => {
    try {
      versions = readers.readVersions(bytes);
    } catch (error) {
      thrown = error;
    }
  };
  const allocated = leastAllocatedBytes(bytes.length, read);
  const result = resultOf(thrown);
  demandFrugal(bytes, allocated);
  if (result !== undefined) return { result, isSame: false, allocatedBytes: allocated };
  if (versions === undefined) throw new Finding("neither versions nor an error");
  if (!isSameBytes(writeVersions(versions), bytes)) {
    throw new Finding("a VERSION body has another form");
  }
  return { result: "body", isSame: true, allocatedBytes: allocated };
}

/** The code of what was thrown; undefined where nothing was. */
function resultOf(thrown: unknown): string | undefined {
  if (thrown === undefined) return undefined;
  if (thrown instanceof ProtocolError) return thrown.code;
  throw new Finding(`not a ProtocolError: ${describe(thrown)}`);
}

export function describe(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}

function demandFrugal(bytes: Uint8Array, allocated: number): void {
  const excess = excessBytes(bytes.length, allocated);
  if (excess === 0) return;
  throw new Finding(`allocates ${allocated} bytes for ${bytes.length}, ${excess} too many`);
}

/** What stands in the same buffer around the input makes no difference. */
function demandAlone(
  bytes: Uint8Array,
  expected: string | undefined,
  expectedBody: Body | undefined,
  readers: Readers,
): void {
  surroundings.fill(0xff);
  surroundings.set(bytes, PLACED_AT);
  const placed = surroundings.subarray(PLACED_AT, PLACED_AT + bytes.length);
  let body: Body | undefined;
  let result: string | undefined;
  try {
    const head = readers.readHead(placed, FUZZED_BYTES_MAX);
    body = readers.readBody(placed, head, head.address?.sessionId ?? SESSION_ID);
  } catch (error) {
    result = resultOf(error);
  }
  if (result !== expected || !isEqualValue(body, expectedBody)) {
    throw new Finding(`comes out otherwise within a larger buffer: ${result ?? "body"}`);
  }
}

/** Returns whether the bytes are those that the writer writes. */
function demandWritable(bytes: Uint8Array, head: Head, body: Body, readers: Readers): boolean {
  const { direction, checksum, address } = head;
  const sessionId = address?.sessionId ?? SESSION_ID;
  const options = { direction, checksum, sessionId, address };
  let written: Uint8Array;
  try {
    written = encodeBody(body, options);
  } catch (error) {
    throw new Finding(`a body that was read cannot be written: ${describe(error)}`);
  }
  if (isSameBytes(written, bytes)) return true;
  // Not the writer's choice of frames, or parameters that nobody knows: then shorter, and the same
  // from then on.
  if (written.length > bytes.length) {
    throw new Finding(`longer when it is written again: ${toHex(written)}`);
  }
  const again = readers.readHead(written, written.length);
  const back = readers.readBody(written, again, sessionId);
  if (!isSameBytes(encodeBody(back, options), written)) {
    throw new Finding(`changes when it is written twice: ${toHex(written)}`);
  }
  if (!isEqual(again.address, address) || !isEqual(joinRuns(back), joinRuns(body))) {
    throw new Finding(`says something else when it is written again: ${toHex(written)}`);
  }
  return false;
}

export function isSameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && Buffer.compare(left, right) === 0;
}

type Value = Body | NumberedFrame | Head["address"];

/** Whether two plain values say the same. Fields of `undefined` are no fields. */
function isEqual(left: Value, right: Value): boolean {
  return isEqualValue(left, right);
}

function isEqualValue(left: unknown, right: unknown): boolean {
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) {
    return left === right;
  }
  if (left instanceof Uint8Array && right instanceof Uint8Array) return isSameBytes(left, right);
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((each, at) => isEqualValue(each, right[at]));
  }
  const ours = left as Readonly<Record<string, unknown>>;
  const theirs = right as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(ours)) if (!isEqualValue(ours[name], theirs[name])) return false;
  for (const name of Object.keys(theirs))
    if (!(name in ours) && theirs[name] !== undefined) return false;
  return true;
}
