/** The codec that is none: messages are bytes. */
import type { Codec } from "./codec.ts";

/**
 * Sends bytes as they are, and hands them out as views of the body that brought them: copy what is
 * kept for long. Bytes given to `send` must not be changed until they are acknowledged.
 */
export function raw(): Codec {
  return {
    // Anything else is refused by `send` (`payload_invalid`).
    encode: (value) => value as Uint8Array,
    decode: (bytes) => bytes,
  };
}
