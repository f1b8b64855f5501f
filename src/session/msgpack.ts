/** The default codec: MessagePack by msgpackr. */
import { Packr } from "msgpackr";
import type { Codec } from "./codec.ts";

/**
 * Any value of MessagePack, and what msgpackr adds to it: Date, Set, undefined, bigint, Error, RegExp
 * and typed arrays. A Map arrives as an object, and an instance of a class as a plain one. What is
 * decoded is the application's to keep: nothing in it is a view of the body that brought it.
 *
 * Every message is complete in itself: records that refer to earlier messages would not survive
 * a channel that gives messages up, nor a saved session.
 */
export function msgpack(): Codec {
  const packr = new Packr({ useRecords: false, moreTypes: true, copyBuffers: true });
  return {
    encode: (value) => packr.pack(value),
    decode: (bytes) => packr.unpack(bytes),
  };
}
