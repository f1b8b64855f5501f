/** The default codec: MessagePack by msgpackr. */
import { Packr } from "msgpackr";
import type { Codec } from "./codec.ts";

/**
 * Any value of MessagePack, and what msgpackr adds to it (Date, Map, Set, undefined, bigint).
 * Every message is complete in itself: records that refer to earlier messages would not survive
 * a channel that gives messages up, nor a saved session.
 */
export function msgpack(): Codec {
  const packr = new Packr({ useRecords: false, moreTypes: true });
  return {
    encode: (value) => packr.pack(value),
    decode: (bytes) => packr.unpack(bytes),
  };
}
