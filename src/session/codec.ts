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
  /** The message that was encoded last was refused: it does not reach the decoder. */
  forget?(): void;
  /** What a decoder knows of earlier messages, as plain data, for a session that is saved. */
  save?(): unknown;
  /** Goes on from that. @throws what it likes for anything else. */
  restore?(saved: unknown): void;
}

/** What a codec is for. */
export interface CodecUse {
  /** Each message that is encoded reaches the decoder, in order, for as long as the session lives. */
  readonly isLossless: boolean;
}

/** Makes the codec of one direction of a channel, when its first message is there. */
export type CodecFactory = (use: CodecUse) => Codec;

/** @throws UsageError `option_invalid` for a codec instead of what makes one, or a name. */
export function checkCodec(codec: unknown): void {
  if (typeof codec === "function") return;
  refuse("codec", codec, "a function that makes one: json, not json()");
}
