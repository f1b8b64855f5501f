/** The default codec: MessagePack by msgpackr. */
import { Packr } from "msgpackr";
import type { Codec } from "./codec.ts";
import { checkNesting } from "./nesting.ts";

/**
 * Any value of MessagePack, and what msgpackr adds to it: Date, Set, undefined, bigint, Error, RegExp
 * and typed arrays. A Map arrives as an object, and an instance of a class as a plain one. What is
 * decoded is the application's to keep: nothing in it is a view of the body that brought it. Values
 * are nested at most `NESTING_MAX` levels deep; what a message contains twice arrives twice.
 *
 * Every message is complete in itself: records that refer to earlier messages would not survive
 * a channel that gives messages up, nor a saved session.
 */
export function msgpack(): Codec {
  const packr = new Packr({
    useRecords: false,
    moreTypes: true,
    copyBuffers: true,
    // References within a message: a peer could make values that contain themselves.
    structuredClone: false,
  });
  return {
    encode(value) {
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
