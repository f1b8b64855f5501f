// Streams of Node's, read by events.

import { once } from "node:events";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { readPieces } from "../../src/http/readable-pieces.ts";

const [ONE, TWO, THREE] = [1, 2, 3].map((byte) => Uint8Array.of(byte)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

test("hands on the pieces in order, and resolves at the end", async () => {
  const stream = new PassThrough();
  const pieces: number[] = [];
  const read = readPieces(stream, (piece) => void pieces.push(...piece));
  for (const piece of [ONE, TWO, THREE]) stream.write(piece);
  stream.end();
  await read;
  expect(pieces).toEqual([1, 2, 3]);
});

test("rejects with what `take` throws, and calls it no more", async () => {
  const stream = new PassThrough();
  const pieces: number[] = [];
  const read = readPieces(stream, (piece) => {
    pieces.push(...piece);
    if (pieces.length === 2) throw new Error("malformed");
  });
  for (const piece of [ONE, TWO, THREE]) stream.write(piece);
  await expect(read).rejects.toThrow("malformed");
  stream.end();
  stream.resume();
  await once(stream, "end");
  expect(pieces).toEqual([1, 2]);
});

test.each([
  ["is cut while it is read", false],
  ["was cut before", true],
])("rejects where the stream %s", async (_name, isBefore) => {
  const stream = new PassThrough();
  const cut = async (): Promise<void> => {
    stream.destroy();
    await once(stream, "close");
  };
  if (isBefore) await cut();
  const read = readPieces(stream, () => {});
  if (!isBefore) void cut();
  await expect(read).rejects.toThrow("Premature close");
});
