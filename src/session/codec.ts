/**
 * Codecs turn the application's values into payload bytes and back. A codec belongs to one
 * direction of one channel of one session, is made with it and used in the order of the messages.
 */
import { refuse } from "./checks.ts";

/** One direction of one channel. Both functions may throw; an encoder's error reaches `send`. */
export interface Codec {
  /** The bytes of a value. They are copied up to 512 bytes and kept as they are above. */
  encode(value: unknown): Uint8Array;
  /** `bytes` are a view of a larger body: what keeps them keeps that. */
  decode(bytes: Uint8Array): unknown;
}

/** Makes the codec of one direction of a channel. */
export type CodecFactory = () => Codec;

/** @throws UsageError `option_invalid` for a codec instead of what makes one, or a name. */
export function checkCodec(codec: unknown): void {
  if (typeof codec === "function") return;
  refuse("codec", codec, "a function that makes one: json, not json()");
}
