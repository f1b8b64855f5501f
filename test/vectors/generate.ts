// Makes spec/vectors/*.json from the cases beside this file. Run by itself it writes the files, for
// oxfmt to format; the tests compare them with what it would write.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Address, Body } from "../../src/core/body.ts";
import { readBody, readHead, readVersions } from "../../src/core/body-reader.ts";
import { encodeBody, writeVersions } from "../../src/core/body-writer.ts";
import { type FrameCase, frameCases } from "./frame-cases.ts";
import { fromHex, toHex } from "./hex.ts";
import { bodyBytesMax, malformedCases, sessionId } from "./malformed-cases.ts";
import { storyNonce } from "./stage.ts";
import { stories, type Story } from "./stories.ts";

export const vectorsDirectory: URL = new URL("../../spec/vectors/", import.meta.url);

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

/** A long payload in the fields of a story: its beginning and its length. */
export function shorten<Fields extends object>(fields: Fields): Fields {
  const text = JSON.stringify(fields, (_key, field: unknown) =>
    typeof field === "string" && field.length > 256
      ? `${field.slice(0, 16)}... (${field.length / 2} bytes)`
      : field,
  );
  return JSON.parse(text) as Fields;
}

/** What a body of a story says, as frames.json states it. */
function storyFields(hex: string): object {
  const bytes = fromHex(hex);
  if (bytes[0] === 0) return { versions: readVersions(bytes) };
  const head = readHead(bytes, bytes.length);
  const { direction, checksum, address } = head;
  const body = toFields(readBody(bytes, head, address?.sessionId ?? storyNonce));
  return {
    direction,
    checksum,
    ...(address === undefined ? {} : { address: toFields(address) }),
    body,
  };
}

function storyVector({ name, rules, shows, steps }: Story): object {
  return {
    name,
    rules: rules.match(/[A-Z]+-\d+/g) ?? [],
    shows,
    sessionId: toHex(storyNonce),
    steps: steps
      .map((step) => shorten("sends" in step ? { ...step, ...storyFields(step.bytes) } : step))
      .map((step, k) =>
        "bytes" in step ? { ...step, bytes: (steps[k] as typeof step).bytes } : step,
      ),
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
    ["stories.json", stories.map(storyVector)],
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
