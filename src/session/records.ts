/** The codec that sends each shape of object once. */
import { Packr } from "msgpackr";
import type { Codec, CodecUse } from "./codec.ts";
import { UsageError } from "../core/index.ts";
import { checkMessage, msgpack, MSGPACK_OPTIONS } from "./msgpack.ts";
import { checkNesting } from "./nesting.ts";

/**
 * As `msgpack`, but the keys of an object are sent with the first message that has an object of this
 * shape (the same keys in the same order), and a byte in their place from then on: for many small
 * objects of few shapes, as positions or changes are. Both sides must use it.
 *
 * A message then needs those before it. So
 *
 * - on channels that may give messages up (`unordered`, `latest`, a time-to-live) every message is
 *   complete in itself, as `msgpack` has it;
 * - the payloads of `neverSent` and `unknown` cannot be decoded: who sends again what did not arrive
 *   keeps it, or takes `msgpack`.
 *
 * A saved session has the shapes that its client was sent. 32 shapes are known at a time; a further
 * one takes the place of one that was used. A message is complete where the keys of an object in
 * it have more than 32,768 characters, each key counted with one more; the shapes after it are sent
 * anew.
 */
export function records({ isLossless }: CodecUse): Codec {
  const make = (): Packr => new Packr({ ...MSGPACK_OPTIONS, ...(isLossless ? SEQUENTIAL : {}) });
  let packr = make();
  let isBounded = false;
  const start = (begun: Packr): void => {
    packr = begun;
    isBounded = false;
  };
  return {
    encode(value) {
      checkMessage(value);
      try {
        const bytes = packr.pack(value);
        if (hasLargeShape(packr, bytes)) {
          // Shapes are defined anew from now on, beside those that the decoder still has.
          start(make());
          return msgpack().encode(value);
        }
        checkNesting(value, bytes.length);
        return bytes;
      } catch (error) {
        // It may have noted shapes as sent.
        start(make());
        throw error;
      }
    },
    decode(bytes) {
      if (!isBounded) boundShapes(packr);
      isBounded = true;
      const value: unknown = packr.unpack(bytes);
      if (hasLargeShape(packr, bytes)) throw new Error("too many keys to keep");
      checkNesting(value, bytes.length);
      return value;
    },
    forget() {
      start(make());
    },
    save: () => shapesOf(packr),
    restore(saved) {
      if (!isShapes(saved)) throw new UsageError("state_invalid", "shapes of records");
      start(new Packr({ ...MSGPACK_OPTIONS, ...SEQUENTIAL, structures: saved.map(copyOf) }));
    },
  };
}

/** So many shapes msgpackr's encoder gives numbers to. */
const SHAPES_MAX = 32;

/**
 * Of the size of one shape: a decoder's shapes lie in no window, and the peer decides how large they
 * are. Together they have 1,048,576 at most. Only each by itself is bounded, as an encoder that has
 * begun anew does not know which of the earlier ones its decoder still has.
 */
const SHAPE_SIZE_MAX = 32_768;

/** A shorter message has no keys that are worth counting. */
const COUNTED_BYTES_MIN = 4_096;

interface WithShapes {
  structures?: (Shape | undefined)[];
  restoreStructures?: null;
}

/** No shape gets another number than those of the encoder, though msgpackr has room for thousands. */
function boundShapes(packr: Packr): void {
  const { structures } = packr as WithShapes;
  // Complete messages have none.
  if (structures === undefined) return;
  for (let at = structures.length; at < SHAPES_MAX; at++) structures.push(undefined);
  (packr as WithShapes).restoreStructures = null;
  Object.seal(structures);
}

/** Shapes that were counted: another one in the same place is another array. */
const smallShapes: WeakSet<Shape> = new WeakSet();

/** Whether a shape is too large to be kept, when a message may have brought one. */
function hasLargeShape(packr: Packr, { length }: Uint8Array): boolean {
  const { structures = [] } = packr as WithShapes;
  return length >= COUNTED_BYTES_MIN && structures.some((shape) => shape && isLarge(shape));
}

/** Its size is the characters of its keys, and one for the place of each, as keys may be empty. */
function isLarge(shape: Shape): boolean {
  if (smallShapes.has(shape)) return false;
  // A peer can give bytes in the place of keys, and msgpackr keeps them.
  const isSmall = Array.isArray(shape) && shape.join().length < SHAPE_SIZE_MAX;
  if (isSmall) smallShapes.add(shape);
  return !isSmall;
}

/** Each shape once, in an order that both sides share. */
const SEQUENTIAL = { useRecords: true, sequential: true, mapsAsObjects: true } as const;

type Shape = readonly string[];

/** Of each shape its keys; undefined where none has a place. */
function shapesOf(packr: Packr): (Shape | undefined)[] {
  const { structures = [] } = packr as { structures?: (Shape | undefined)[] };
  return Array.from(structures, (shape) => shape && copyOf(shape));
}

/** A peer can give something else in the place of keys: objects of that shape have none then. */
function copyOf(shape: Shape | undefined): string[] {
  return Array.isArray(shape) ? [...shape] : [];
}

function isShapes(saved: unknown): saved is readonly (Shape | undefined)[] {
  const isShape = (each: unknown): boolean =>
    each === undefined || (Array.isArray(each) && each.every((key) => typeof key === "string"));
  return Array.isArray(saved) && saved.length <= SHAPES_MAX && saved.every(isShape);
}
