/**
 * Reasons of endings between text and bytes. The wire takes UTF-8; this side writes its ASCII part
 * and a question mark for the rest, as the core has no encoder of the platform's.
 */
import { REASON_BYTES_MAX } from "./limits.ts";

/** At most `REASON_BYTES_MAX` bytes. */
export function reasonBytes(text: string): Uint8Array {
  return Uint8Array.from(text.slice(0, REASON_BYTES_MAX), (letter) => {
    const code = letter.charCodeAt(0);
    return code < 0x80 ? code : 0x3f;
  });
}

/** A reason as it was written by `reasonBytes`; other bytes one by one. */
export function reasonText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
