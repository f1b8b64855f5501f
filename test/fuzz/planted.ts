// Readers with a bug, to see that the judge finds it. The bugs are of kinds that readers of other
// formats have had: memory by what is declared, exceptions of the language, loops without an end,
// values that come back as others.

import { protocolCode } from "../../src/core/errors.ts";
import { type Readers, READERS } from "./judge.ts";

const { readHead, readBody } = READERS;

/** By name. */
export const PLANTED: ReadonlyMap<string, Readers> = new Map<string, Readers>([
  [
    // Room for all messages of a run before the first is looked at, within the limit of a body.
    "reserve",
    {
      ...READERS,
      readBody(bytes, head, sessionId) {
        const body = readBody(bytes, head, sessionId);
        for (const frame of body.numbered) if (frame.kind === "skip") reserve(frame.count);
        return body;
      },
    },
  ],
  [
    // The same outside of the heap.
    "buffer",
    {
      ...READERS,
      readBody(bytes, head, sessionId) {
        const body = readBody(bytes, head, sessionId);
        for (const frame of body.numbered) {
          if (frame.kind === "part") room = new Uint8Array(Math.min(frame.totalBytes, 2 ** 20));
        }
        return body;
      },
    },
  ],
  [
    "exception",
    {
      ...READERS,
      readBody(bytes, head, sessionId) {
        const body = readBody(bytes, head, sessionId);
        for (const frame of body.numbered) {
          if (frame.kind === "channel-open")
            new TextDecoder("utf-8", { fatal: true }).decode(frame.label);
        }
        return body;
      },
    },
  ],
  [
    "code",
    {
      ...READERS,
      readHead(bytes, bodyBytesMax) {
        try {
          return readHead(bytes, bodyBytesMax);
        } catch (error) {
          if (protocolCode(error) !== "address_invalid") throw error;
          throw new RangeError("offset is out of bounds");
        }
      },
    },
  ],
  [
    // A number above 2^32 loses its upper half.
    "halved",
    {
      ...READERS,
      readBody(bytes, head, sessionId) {
        const body = readBody(bytes, head, sessionId);
        const { window } = body;
        if (window === undefined) return body;
        return { ...body, window: { ...window, bytesMax: window.bytesMax & ~1 } };
      },
    },
  ],
  [
    // The body is looked for where its buffer begins.
    "offset",
    {
      ...READERS,
      readBody(bytes, head, sessionId) {
        const body = readBody(bytes, head, sessionId);
        const [first = 0] = new Uint8Array(bytes.buffer, 0, Math.min(1, bytes.length));
        return first === bytes[0] ? body : { ...body, unreadable: true };
      },
    },
  ],
  [
    "scribble",
    {
      ...READERS,
      readBody(bytes, head, sessionId) {
        const body = readBody(bytes, head, sessionId);
        if (body.unreadable === true) bytes.fill(0, head.framesStart);
        return body;
      },
    },
  ],
  [
    "hang",
    {
      ...READERS,
      readBody(bytes, head, sessionId) {
        while (bytes.length - head.framesStart === HANGS_AT && sessionId.length > 0);
        return readBody(bytes, head, sessionId);
      },
    },
  ],
]);

/** Undefined for the reader as it is. */
export function plantedReaders(name: string): Readers | undefined {
  if (name === "") return undefined;
  const readers = PLANTED.get(name);
  if (readers === undefined) throw new Error(`no such bug: ${name}`);
  return readers;
}

const HANGS_AT = 29;
/** Kept, so that it is not optimised away. */
export let room: Uint8Array | unknown[] = [];

function reserve(count: number): void {
  room = new Array<unknown>(count).fill(undefined);
}
