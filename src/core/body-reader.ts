/**
 * From bytes to a body: strict, bounded, without copies. spec/protocol.md sections 3.2 to 3.4.
 *
 * Two steps, because the checksum needs the identifier of the session, and a server learns from the
 * body itself which session that is. `readHead` looks at the first bytes only. `readBody` verifies
 * the checksum and returns everything or throws a ProtocolError; nothing is ever half read [ERR-1].
 *
 * Neither step says whether the body is meant for its reader. The caller compares the direction
 * (an intermediary that echoes a request back makes a body of the wrong one), demands a checksum
 * where the link does not guard integrity itself [SUM-4], and demands an address where the link
 * does not imply one [ADDR-3].
 */

import type { Address, Body, ChecksumKind, Direction } from "./body.ts";
import { bodyChecksum, xxh32 } from "./checksum.ts";
import { describeAddress } from "./address.ts";
import { assert, demand, ProtocolError } from "./errors.ts";
import { CHECKSUM_BYTES, VERSIONS_MAX, WIRE_VERSION } from "./limits.ts";
import { type FrameSink, readFrames } from "./numbered-frames.ts";
import { type BodyDraft, readPrefix } from "./prefix-frames.ts";
import { readVarint, VARINT_CUT, varintBytes } from "./varint.ts";
import { Wire } from "./wire.ts";

/** What the first bytes of a body say. Nothing of it is verified until `readBody` returns. */
export interface Head {
  /** The version of the wire; only this one is read on. */
  readonly version: number;
  /** Who made it. */
  readonly direction: Direction;
  /** Whether there is a checksum. */
  readonly checksum: ChecksumKind;
  /** Which session it belongs to; undefined where the link says so. */
  readonly address: Address | undefined;
  /** Offset of the first byte that the checksum covers: behind the checksum field. */
  readonly coveredStart: number;
  /** Offset of the first frame. */
  readonly framesStart: number;
  /** Offset behind the body. */
  readonly end: number;
}

/** Bits of the first byte below the version. */
const DIRECTION_BIT = 0x08;
const ADDRESSED_BIT = 0x04;
const CHECKSUM_BITS = 0x03;

/**
 * Reads the first bytes of the body that fills `bytes`, which may be `bodyBytesMax` long.
 *
 * @throws ProtocolError `truncated`, `length_mismatch`, `version_unknown`, `head_reserved`,
 *   `body_too_large`, `address_invalid`. As the checksum is not verified yet, each of them may
 *   come from damage, or from an intermediary's own page, and is no evidence about the peer
 *   [ERR-2].
 */
export function readHead(bytes: Uint8Array, bodyBytesMax: number): Head {
  assert(bodyBytesMax > 0 && Number.isSafeInteger(bodyBytesMax), "bodyBytesMax out of range");
  const first = bytes[0];
  demand(first !== undefined, "truncated"); // [BODY-2]
  const version = first >> 4;
  // Before anything else, as other versions may differ in everything else [BODY-1].
  demand(version === WIRE_VERSION, "version_unknown");
  const checksumBits = first & CHECKSUM_BITS;
  demand(checksumBits <= 1, "head_reserved"); // [BODY-4]
  demand(bytes.length <= bodyBytesMax, "body_too_large"); // [SIZE-1]

  const coveredStart = readLength(bytes) + checksumBits * CHECKSUM_BYTES;
  demand(coveredStart <= bytes.length, "truncated"); // [BODY-2]

  const reader = Wire.reader(bytes, coveredStart, bytes.length);
  const address = (first & ADDRESSED_BIT) === 0 ? undefined : readAddress(reader);
  return {
    version,
    direction: (first & DIRECTION_BIT) === 0 ? 0 : 1,
    checksum: checksumBits === 0 ? "none" : "xxh32",
    address,
    coveredStart,
    framesStart: reader.position,
    end: bytes.length,
  };
}

/**
 * Reads the body whose head was read from the same bytes, and verifies its checksum for
 * `sessionId`: the identifier in the address where there is one [SUM-3].
 *
 * Payloads, labels and reasons in the result are views of `bytes`, which must not change while they
 * are used. Per message the cost is that view. A body without frames is a body [FRAME-3].
 *
 * What is declared and not there costs nothing: a body takes at most 160 bytes of memory for each
 * of its own in V8, and 4 KiB beside, also where it is refused; messages of one byte are dearest.
 * (`npm run fuzz` holds each input to that, and tells the dearest.) What is accepted can be
 * written: as the same bytes where `encodeBody` wrote them, else as no more of them that say the
 * same.
 *
 * @throws ProtocolError `checksum_mismatch` for damage and for bodies of other sessions; every
 *   other code says that the sender broke a rule of the wire.
 */
export function readBody(bytes: Uint8Array, head: Head, sessionId: Uint8Array): Body {
  assert(head.end === bytes.length, "head and bytes do not belong together");
  assert(head.framesStart <= head.end, "frames beyond the end");
  if (head.checksum === "xxh32") {
    const stated = readChecksum(bytes, head.coveredStart - CHECKSUM_BYTES);
    const actual = bodyChecksum(sessionId, bytes[0] as number, bytes, head.coveredStart, head.end);
    demand(stated === actual, "checksum_mismatch"); // [SUM-1] [SUM-2]
  }
  const draft: BodyDraft & FrameSink = { channelWindows: [], channelsBlocked: [], numbered: [] };
  const reader = Wire.reader(bytes, head.framesStart, head.end);
  readPrefix(reader, head.direction, draft);
  readFrames(reader, draft);
  return draft;
}

/**
 * The versions that a VERSION body lists, rising: what a server answers to a version that it does
 * not know. Its form is the same in all versions [VER-1], and nothing else says that a peer
 * speaks other versions [VER-3].
 *
 * @throws ProtocolError `version_unknown` if it is another body, `truncated`, `length_mismatch`,
 *   `count_invalid`, `checksum_mismatch`.
 */
export function readVersions(bytes: Uint8Array): number[] {
  const [first, count] = bytes;
  demand(first === undefined || first === 0, "version_unknown"); // [VER-1]
  demand(count !== undefined, "truncated");
  demand(count >= 1 && count <= VERSIONS_MAX, "count_invalid"); // [VER-2]
  const end = 2 + count;
  demand(bytes.length >= end + CHECKSUM_BYTES, "truncated");
  demand(bytes.length <= end + CHECKSUM_BYTES, "length_mismatch");
  demand(readChecksum(bytes, end) === xxh32(bytes, 0, end, 0), "checksum_mismatch");
  const versions = [...bytes.subarray(2, end)];
  let previous = 0;
  for (const version of versions) {
    demand(version > previous && version <= VERSIONS_MAX, "count_invalid"); // [VER-2]
    previous = version;
  }
  return versions;
}

/**
 * Compares the stated length with what is there and returns the offset behind the field. Its faults
 * look like damage, whatever they are, as nothing is verified yet [BODY-3].
 */
function readLength(bytes: Uint8Array): number {
  const length = readVarint(bytes, 1, bytes.length);
  demand(length !== VARINT_CUT, "truncated"); // [BODY-2]
  demand(length >= 0, "length_mismatch"); // [BODY-3]
  const lengthEnd = 1 + varintBytes(length);
  const surplus = bytes.length - lengthEnd - length;
  demand(surplus >= 0, "truncated"); // [BODY-2]
  demand(surplus === 0, "length_mismatch"); // [BODY-2]
  return lengthEnd;
}

function readChecksum(bytes: Uint8Array, position: number): number {
  const low = (bytes[position] as number) | ((bytes[position + 1] as number) << 8);
  const high = (bytes[position + 2] as number) | ((bytes[position + 3] as number) << 8);
  return (low | (high << 16)) >>> 0;
}

/** Any fault within the address is one and the same: who is meant cannot be told [ADDR-2]. */
function readAddress(reader: Wire): Address {
  try {
    return describeAddress(reader);
  } catch (error) {
    assert(error instanceof ProtocolError, "reading an address failed otherwise");
    throw new ProtocolError("address_invalid");
  }
}
