/** The codec that sends each shape of object once. */
import { Packr } from "msgpackr";
import type { Codec, CodecUse } from "./codec.ts";
import { UsageError } from "../core/index.ts";
import { checkMessage, MSGPACK_OPTIONS } from "./msgpack.ts";
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
 * one takes the place of one that was used.
 */
export function records({ isLossless }: CodecUse): Codec {
  const make = (): Packr => new Packr({ ...MSGPACK_OPTIONS, ...(isLossless ? SEQUENTIAL : {}) });
  let packr = make();
  return {
    encode(value) {
      checkMessage(value);
      try {
        const bytes = packr.pack(value);
        checkNesting(value, bytes.length);
        return bytes;
      } catch (error) {
        // It may have noted shapes as sent.
        packr = make();
        throw error;
      }
    },
    decode(bytes) {
      const value: unknown = packr.unpack(bytes);
      checkNesting(value, bytes.length);
      return value;
    },
    forget() {
      packr = make();
    },
    save: () => shapesOf(packr),
    restore(saved) {
      if (!isShapes(saved)) throw new UsageError("state_invalid", "shapes of records");
      packr = new Packr({ ...MSGPACK_OPTIONS, ...SEQUENTIAL, structures: saved.map(copyOf) });
    },
  };
}

/** Each shape once, in an order that both sides share. */
const SEQUENTIAL = { useRecords: true, sequential: true, mapsAsObjects: true } as const;

type Shape = readonly string[];

/** Of each shape its keys; undefined where none has a place. */
function shapesOf(packr: Packr): (Shape | undefined)[] {
  const { structures = [] } = packr as { structures?: (Shape | undefined)[] };
  return Array.from(structures, (shape) => shape && copyOf(shape));
}

function copyOf(shape: Shape | undefined): string[] {
  return shape === undefined ? [] : [...shape];
}

function isShapes(saved: unknown): saved is readonly (Shape | undefined)[] {
  const isShape = (each: unknown): boolean =>
    each === undefined || (Array.isArray(each) && each.every((key) => typeof key === "string"));
  return Array.isArray(saved) && saved.every(isShape);
}
