// Makes spec/vectors/*.json from the cases beside this file. Run by itself it writes the files, for
// oxfmt to format; the tests compare them with what it would write.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Address, Body } from "../../src/core/body.ts";
import { encodeBody, writeVersions } from "../../src/core/body-writer.ts";
import { type FrameCase, frameCases } from "./frame-cases.ts";
import { bodyBytesMax, malformedCases, sessionId } from "./malformed-cases.ts";

export const vectorsDirectory: URL = new URL("../../spec/vectors/", import.meta.url);

export function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

/** A body or an address as the vectors state it: bytes as hex, empty lists of frames left out. */
export function toFields(value: Body | Address): object {
  const text = JSON.stringify(value, (_key, field: unknown) =>
    field instanceof Uint8Array ? toHex(field) : field,
  );
  const fields = JSON.parse(text) as Record<string, unknown>;
  for (const name of ["channelWindows", "channelsBlocked", "numbered"]) {
    if (Array.isArray(fields[name]) && fields[name].length === 0) delete fields[name];
  }
  return fields;
}

export function frameBytes(frameCase: FrameCase): Uint8Array {
  return encodeBody(frameCase.body, frameCase);
}

function frameVector(frameCase: FrameCase): object {
  const { name, frame, direction, checksum, address, body } = frameCase;
  return {
    name,
    frame,
    direction,
    checksum,
    sessionId: toHex(frameCase.sessionId),
    ...(address === undefined ? {} : { address: toFields(address) }),
    body: toFields(body),
    bytes: toHex(frameBytes(frameCase)),
  };
}

/** File names and what is in them. */
export function vectorFiles(): Map<string, readonly object[]> {
  const versions = [[1], [1, 2], [2, 15], Array.from({ length: 15 }, (_, k) => k + 1)];
  return new Map<string, readonly object[]>([
    ["frames.json", frameCases.map(frameVector)],
    [
      "malformed.json",
      malformedCases.map((malformed) => ({ ...malformed, bodyBytesMax, sessionId })),
    ],
    [
      "versions.json",
      versions.map((list) => ({ versions: list, bytes: toHex(writeVersions(list)) })),
    ],
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, vectors] of vectorFiles()) {
    writeFileSync(new URL(name, vectorsDirectory), JSON.stringify(vectors));
  }
}
