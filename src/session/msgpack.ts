/** The default codec: MessagePack by msgpackr. */
import { Packr } from "msgpackr";
import type { Codec } from "./codec.ts";
import { checkNesting } from "./nesting.ts";

/**
 * Any value of MessagePack, and what msgpackr adds to it: Date, Set, undefined, bigint, Error, RegExp
 * and typed arrays. What is decoded is the application's to keep: nothing in it is a view of the
 * body that brought it. Values are nested at most `NESTING_MAX` levels deep; what a message contains
 * twice arrives twice.
 *
 * These change on the way, without a word: a Map arrives as an object with its keys as text, an
 * instance of a class as a plain object (of a Promise or a WeakMap: an empty one), a URL as text, a
 * function within a message as undefined, a hole of an array as undefined, -0 as 0, half of a
 * surrogate pair as U+FFFD, a key `__proto__` as `__proto_`, an Error with the receiver's stack. And
 * where msgpackr has no native addon, in browsers for one, a text or key of more than 64 bytes loses
 * a byte order mark (U+FEFF) at its head: copies of a text that must stay equal want `json`.
 * `send` throws for symbols, for objects of more than 65,535 keys, for a message that is itself a
 * function or a promise, and for an object with keys `constructor` and `toJSON` of its own where the
 * second is no function: a peer can send that, and to find it would take a look at every object that
 * comes, so who passes on what strangers send expects it.
 *
 * Every message is complete in itself; with `records` a message refers to those before it.
 */
export function msgpack(): Codec {
  const packr = new Packr(MSGPACK_OPTIONS);
  return {
    encode(value) {
      checkMessage(value);
      const bytes = packr.pack(value);
      checkNesting(value, bytes.length);
      return bytes;
    },
    decode(bytes) {
      const value: unknown = packr.unpack(bytes);
      checkNesting(value, bytes.length);
      return value;
    },
  };
}

/** What all codecs by msgpackr are told. */
export const MSGPACK_OPTIONS = {
  useRecords: false,
  moreTypes: true,
  copyBuffers: true,
  // References within a message: a peer could make values that contain themselves.
  structuredClone: false,
} as const;

/** @throws TypeError for what is most often a call or an `await` that was forgotten. */
export function checkMessage(value: unknown): void {
  if (typeof value === "function" || value instanceof Promise) {
    throw new TypeError("a message cannot be a function or a promise");
  }
}
