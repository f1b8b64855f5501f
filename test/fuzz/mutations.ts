// The ways in which bodies are changed. Those of a shape know frames and fields and leave a body
// that is sealed; those of bytes come last and know nothing. Each takes all its chance from the
// generator that it is given.

import {
  FRAME_MESSAGES,
  FRAME_MESSAGES_VARIED,
  FRAME_OPEN,
  FRAME_OPENED,
} from "../../src/core/frame-types.ts";
import { INTEGER_MAX } from "../../src/core/limits.ts";
import { readVarint, varintBytes, writeVarint } from "../../src/core/varint.ts";
import type { Base } from "./corpus.ts";
import type { Random } from "./random.ts";
import { type Frame, reseal, type Shape, type Token } from "./shape.ts";

type ShapeMutation = (shape: Shape, random: Random, corpus: readonly Base[]) => void;
type BytesMutation = (bytes: Uint8Array, random: Random) => Uint8Array;

/** Values at which a form of integers, a limit of the wire or a size of numbers ends. */
const EDGES: readonly number[] = [
  0,
  1,
  2,
  3,
  4,
  15,
  16,
  17,
  47,
  48,
  49,
  63,
  64,
  65,
  66,
  127,
  128,
  129,
  255,
  256,
  257,
  258,
  300,
  1_023,
  1_024,
  16_383,
  16_384,
  16_385,
  32_768,
  65_535,
  65_536,
  262_144,
  3_600_000,
  3_600_001,
  2 ** 30 - 1,
  2 ** 30,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 52,
  INTEGER_MAX - 1,
  INTEGER_MAX,
];

/** Integers that are above 2^53 - 1. */
const TOO_LARGE: readonly Uint8Array[] = [
  Uint8Array.of(0xc0, 0x20, 0, 0, 0, 0, 0, 0),
  Uint8Array.of(0xe0, 0, 0, 0, 0, 0, 0, 0),
  new Uint8Array(8).fill(0xff),
];

/** Largest that a body grows by copies of its frames: above the limit that its reader is given. */
const GROWN_BYTES_MAX = 100_000;
/** Messages of the longest run that is written in another form. */
const RUN_MAX = 1_000;
/** Largest payload that a mutation makes. */
const STRETCHED_BYTES_MAX = 300;

/** By name. */
export const SHAPE_MUTATIONS: ReadonlyMap<string, ShapeMutation> = new Map([
  ["drop a frame", dropFrame],
  ["repeat a frame", repeatFrame],
  ["swap two frames", swapFrames],
  ["move a frame", moveFrame],
  ["splice in a frame of another body", spliceFrame],
  ["go on as another body", spliceTail],
  ["grow by copies of a frame", growFrames],
  ["change a type", changeType],
  ["state each length of a run", varyRun],
  ["add a parameter that nobody knows", addParameter],
  ["set an integer to an edge", edgeInteger],
  ["set an integer beside what it was", nearInteger],
  ["set an integer to another of the body", copyInteger],
  ["swap two integers", swapIntegers],
  ["write an integer in a longer form", lengthenInteger],
  ["write an integer above the largest", enlargeInteger],
  ["drop a field", dropField],
  ["repeat a field", repeatField],
  ["cut a frame short", cutFrame],
  ["resize bytes with their length", resizeBytes],
  ["resize bytes alone", stretchBytes],
  ["change a byte of a field", changeField],
  ["take the address of another body", spliceAddress],
  ["change a field of the address", changeAddress],
  ["change the head", changeHead],
  ["state a wrong length", changeLength],
  ["state a wrong checksum", changeSum],
]);

/** By name. */
export const BYTES_MUTATIONS: ReadonlyMap<string, BytesMutation> = new Map([
  ["cut the body short", cut],
  ["cut the body short and seal it", (bytes, random) => reseal(cut(bytes, random))],
  ["append bytes", append],
  ["append bytes and seal it", (bytes, random) => reseal(append(bytes, random))],
  ["change bytes", changeBytes],
  ["change bytes and seal it", (bytes, random) => reseal(changeBytes(bytes, random))],
  ["flip a bit", flipBit],
  ["flip a bit and seal it", (bytes, random) => reseal(flipBit(bytes, random))],
  ["leave out bytes and seal it", leaveOut],
]);

// --- frames -------------------------------------------------------------------------------------

function dropFrame({ frames }: Shape, random: Random): void {
  frames.splice(random.below(frames.length), 1);
}

function repeatFrame({ frames }: Shape, random: Random): void {
  const at = random.below(frames.length);
  const frame = frames[at];
  if (frame !== undefined) frames.splice(at, 0, frame);
}

function swapFrames({ frames }: Shape, random: Random): void {
  const left = random.below(frames.length);
  const right = random.below(frames.length);
  const [first, second] = [frames[left], frames[right]];
  if (first === undefined || second === undefined) return;
  frames[left] = second;
  frames[right] = first;
}

function moveFrame({ frames }: Shape, random: Random): void {
  const [frame] = frames.splice(random.below(frames.length), 1);
  if (frame !== undefined) frames.splice(random.below(frames.length + 1), 0, frame);
}

function spliceFrame({ frames }: Shape, random: Random, corpus: readonly Base[]): void {
  const other = random.pick(corpus).shape.frames;
  const frame = other[random.below(other.length)];
  if (frame === undefined) return;
  // Where its type belongs, mostly: the prefix is in rising order.
  const type = typeOf(frame);
  let at = frames.findIndex((each) => typeOf(each) > type);
  if (at < 0) at = frames.length;
  if (random.oneIn(4)) at = random.below(frames.length + 1);
  frames.splice(at, 0, frame);
}

function spliceTail(shape: Shape, random: Random, corpus: readonly Base[]): void {
  const other = random.pick(corpus).shape.frames;
  const kept = random.below(shape.frames.length + 1);
  shape.frames.splice(kept, Infinity, ...other.slice(random.below(other.length + 1)));
}

function growFrames({ frames }: Shape, random: Random): void {
  const at = random.below(frames.length);
  const frame = frames[at];
  if (frame === undefined) return;
  const bytes = frame.reduce((sum, token) => sum + token.bytes.length, 0);
  const most = Math.min(2 ** random.below(random.oneIn(64) ? 16 : 7), GROWN_BYTES_MAX / bytes);
  for (let count = 0; count < most; count++) frames.push(frame);
}

function typeOf(frame: Frame): number {
  return frame[0]?.bytes[0] ?? 0;
}

// --- fields -------------------------------------------------------------------------------------

/** Changes the list of a frame's fields; the frame that was there is left as it was. */
function editFrame(shape: Shape, random: Random, edit: (fields: Token[]) => void): void {
  const at = random.below(shape.frames.length);
  const frame = shape.frames[at];
  if (frame === undefined) return;
  const fields = frame.slice();
  edit(fields);
  shape.frames[at] = fields;
}

/** Puts other bytes in the place of one integer. */
function editInteger(
  shape: Shape,
  random: Random,
  edit: (value: number, fields: readonly Token[]) => Uint8Array,
): void {
  editFrame(shape, random, (fields) => {
    const at = pickAt(fields, "integer", random);
    const token = fields[at];
    if (token !== undefined) fields[at] = { ...token, bytes: edit(valueOf(token), fields) };
  });
}

/** One of the fields of a kind; -1 where there is none. */
function pickAt(fields: readonly Token[], kind: Token["kind"], random: Random): number {
  let count = 0;
  for (const field of fields) if (field.kind === kind) count++;
  let left = random.below(count);
  return fields.findIndex((field) => field.kind === kind && left-- === 0);
}

function changeType(shape: Shape, random: Random): void {
  editFrame(shape, random, (fields) => {
    const byte = random.oneIn(8) ? random.below(256) : random.below(0x3a);
    fields[0] = { kind: "type", bytes: Uint8Array.of(byte) };
  });
}

/** A run of equal lengths in the form of other runs: what no writer here would write. */
function varyRun({ frames }: Shape, random: Random): void {
  const places = placesOf(frames, FRAME_MESSAGES);
  const at = places[random.below(places.length)] ?? -1;
  const [, channel, seq, lag, count, length, ...payloads] = frames[at] ?? [];
  if (!channel || !seq || !lag || !count || !length || payloads.length > RUN_MAX) return;
  const type: Token = { kind: "type", bytes: Uint8Array.of(FRAME_MESSAGES_VARIED) };
  const lengths = payloads.map(() => length);
  frames[at] = [type, channel, seq, lag, count, ...lengths, ...payloads];
}

/** With the count that goes with it; it stands at the end, as its number is the highest. */
function addParameter({ frames }: Shape, random: Random): void {
  const places = [...placesOf(frames, FRAME_OPEN), ...placesOf(frames, FRAME_OPENED)];
  const at = places[random.below(places.length)] ?? -1;
  const [type, count, ...parameters] = frames[at] ?? [];
  if (!type || !count) return;
  const more: Token = { kind: "integer", bytes: integer(valueOf(count) + 1) };
  const id: Token = { kind: "integer", bytes: integer(9 + random.below(1_000)) };
  const value: Token = { kind: "integer", bytes: integer(random.pick(EDGES)) };
  frames[at] = [type, more, ...parameters, id, value];
}

function placesOf(frames: readonly Frame[], type: number): number[] {
  return frames.flatMap((frame, at) => (typeOf(frame) === type ? [at] : []));
}

function edgeInteger(shape: Shape, random: Random): void {
  editInteger(shape, random, () => integer(random.pick(EDGES)));
}

function nearInteger(shape: Shape, random: Random): void {
  editInteger(shape, random, (value) => integer(value + random.pick([-2, -1, 1, 2, 64, -64])));
}

function copyInteger(shape: Shape, random: Random): void {
  const other = shape.frames[random.below(shape.frames.length)] ?? [];
  const from = other[pickAt(other, "integer", random)];
  if (from !== undefined) editInteger(shape, random, () => from.bytes);
}

function swapIntegers(shape: Shape, random: Random): void {
  editFrame(shape, random, (fields) => {
    const left = pickAt(fields, "integer", random);
    const right = pickAt(fields, "integer", random);
    const [first, second] = [fields[left], fields[right]];
    if (first === undefined || second === undefined) return;
    fields[left] = second;
    fields[right] = first;
  });
}

function lengthenInteger(shape: Shape, random: Random): void {
  editInteger(shape, random, (value) => {
    const longer = [2, 4, 8].filter((size) => size > varintBytes(value));
    if (longer.length === 0) return integer(value);
    const size = random.pick(longer);
    const bytes = fixed(value).slice(8 - size);
    bytes[0] = (bytes[0] as number) | (Math.log2(size) << 6);
    return bytes;
  });
}

function enlargeInteger(shape: Shape, random: Random): void {
  editInteger(shape, random, () => random.pick(TOO_LARGE));
}

function dropField(shape: Shape, random: Random): void {
  editFrame(shape, random, (fields) => fields.splice(random.below(fields.length), 1));
}

function repeatField(shape: Shape, random: Random): void {
  editFrame(shape, random, (fields) => {
    const at = random.below(fields.length);
    const token = fields[at];
    if (token !== undefined) fields.splice(at, 0, token);
  });
}

function cutFrame(shape: Shape, random: Random): void {
  editFrame(shape, random, (fields) => fields.splice(1 + random.below(fields.length)));
}

/** Bytes of another length, and the integer in front of them that states it. */
function resizeBytes(shape: Shape, random: Random): void {
  editFrame(shape, random, (fields) => {
    const at = pickAt(fields, "bytes", random);
    const token = fields[at];
    if (token === undefined) return;
    const bytes = resized(token.bytes, random);
    fields[at] = { kind: "bytes", bytes };
    const before = fields[at - 1];
    if (before?.kind !== "integer" || valueOf(before) !== token.bytes.length) return;
    fields[at - 1] = { kind: "integer", bytes: integer(bytes.length) };
  });
}

function stretchBytes(shape: Shape, random: Random): void {
  editFrame(shape, random, (fields) => {
    const at = pickAt(fields, "bytes", random);
    const token = fields[at];
    if (token !== undefined) fields[at] = { kind: "bytes", bytes: resized(token.bytes, random) };
  });
}

function changeField(shape: Shape, random: Random): void {
  editFrame(shape, random, (fields) => {
    const at = random.below(fields.length);
    const token = fields[at];
    if (token !== undefined) fields[at] = { ...token, bytes: changeBytes(token.bytes, random) };
  });
}

function resized(bytes: Uint8Array, random: Random): Uint8Array {
  const sizes = [0, 1, bytes.length - 1, bytes.length + 1, random.below(STRETCHED_BYTES_MAX)];
  const size = Math.max(0, random.pick(sizes));
  const out = new Uint8Array(size);
  out.set(bytes.subarray(0, size));
  return out;
}

// --- head, address and seal ---------------------------------------------------------------------

function spliceAddress(shape: Shape, random: Random, corpus: readonly Base[]): void {
  const { address } = random.pick(corpus).shape;
  shape.address = address.slice();
  shape.head = address.length === 0 ? shape.head & ~4 : shape.head | 4;
}

function changeAddress(shape: Shape, random: Random): void {
  const { address } = shape;
  const at = random.below(address.length);
  const token = address[at];
  if (token === undefined) return;
  if (token.kind === "bytes") address[at] = { ...token, bytes: resized(token.bytes, random) };
  else if (random.oneIn(4)) address[at] = { ...token, bytes: random.pick(TOO_LARGE) };
  else address[at] = { ...token, bytes: integer(random.pick(EDGES)) };
}

function changeHead(shape: Shape, random: Random): void {
  shape.head = random.oneIn(4) ? random.below(256) : shape.head ^ (1 << random.below(8));
}

function changeLength(shape: Shape, random: Random): void {
  const value = random.oneIn(2) ? random.pick(EDGES) : random.below(200);
  shape.length = random.oneIn(8) ? random.pick(TOO_LARGE) : integer(value);
}

function changeSum(shape: Shape, random: Random): void {
  shape.sumChange = 1 << random.below(32);
}

// --- bytes --------------------------------------------------------------------------------------

function cut(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.slice(0, random.below(bytes.length));
}

function append(bytes: Uint8Array, random: Random): Uint8Array {
  const out = new Uint8Array(bytes.length + 1 + random.below(random.oneIn(8) ? 64 : 4));
  out.set(bytes);
  for (let at = bytes.length; at < out.length; at++) out[at] = random.below(256);
  return out;
}

function changeBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const out = bytes.slice();
  if (out.length === 0) return out;
  for (let count = 1 + random.below(3); count > 0; count--) {
    const edges = [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff];
    out[random.below(out.length)] = random.oneIn(2) ? random.pick(edges) : random.below(256);
  }
  return out;
}

function flipBit(bytes: Uint8Array, random: Random): Uint8Array {
  const out = bytes.slice();
  const at = random.below(out.length);
  if (at < out.length) out[at] = (out[at] as number) ^ (1 << random.below(8));
  return out;
}

function leaveOut(bytes: Uint8Array, random: Random): Uint8Array {
  const start = random.below(bytes.length);
  const end = Math.min(bytes.length, start + 1 + random.below(8));
  const out = new Uint8Array(bytes.length - (end - start));
  out.set(bytes.subarray(0, start));
  out.set(bytes.subarray(end), start);
  return reseal(out);
}

// --- integers -----------------------------------------------------------------------------------

/** In the shortest form; what is no integer of the wire is brought into its bounds. */
function integer(value: number): Uint8Array {
  const within = Math.max(0, Math.min(INTEGER_MAX, value));
  const bytes = new Uint8Array(varintBytes(within));
  writeVarint(bytes, 0, within);
  return bytes;
}

/** What a field says; 0 where a mutation has made it unreadable. */
function valueOf({ bytes }: Token): number {
  return Math.max(0, readVarint(bytes, 0, bytes.length));
}

/** Eight bytes, big endian, without a form. */
function fixed(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
