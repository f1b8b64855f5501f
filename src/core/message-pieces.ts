/**
 * How the writer cuts a run of messages into frames. spec/protocol.md section 3.9.
 *
 * A piece is either one stretch of at least EQUAL_LENGTHS_MIN payloads of equal length, or what lies
 * between two such stretches. A piece of two payloads or more whose lengths are all equal, and not
 * 0, has its length coded once; any other piece has one length a payload. Cutting a piece again
 * gives the piece: so what a reader makes of the frames is written as the same frames.
 */

import { assert } from "./errors.ts";
import { EQUAL_LENGTHS_MIN } from "./limits.ts";

/** Where the piece that begins at `start` ends. */
export function pieceEnd(lengths: readonly number[], start: number): number {
  assert(start < lengths.length, "no payload left to cut");
  let position = start;
  while (position < lengths.length) {
    const end = stretchEnd(lengths, position);
    const long = end - position >= EQUAL_LENGTHS_MIN && (lengths[position] as number) > 0;
    if (long) return position === start ? end : position;
    position = end;
  }
  return position;
}

/** Whether the length of the payloads in `[start, end)`, a piece, is coded once. */
export function isUniform(lengths: readonly number[], start: number, end: number): boolean {
  assert(start < end && end <= lengths.length, "piece out of bounds");
  if (end - start < 2 || lengths[start] === 0) return false;
  return stretchEnd(lengths, start) >= end;
}

/** Where the payloads stop being as long as the one at `start`. */
function stretchEnd(lengths: readonly number[], start: number): number {
  const length = lengths[start];
  let end = start + 1;
  while (end < lengths.length && lengths[end] === length) end += 1;
  return end;
}
