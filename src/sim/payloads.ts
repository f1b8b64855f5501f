/**
 * Messages that say which ones they are: the receiver of one can make it again and compare, so a
 * simulation need not keep what was sent.
 */

/** Payloads from this size on carry their number. */
export const NUMBERED_BYTES_MIN = 4;

/** The message with this number of a stream; `salt` tells streams apart. */
export function makePayload(salt: number, number: number, bytes: number): Uint8Array {
  const payload = new Uint8Array(bytes);
  let state = (Math.imul(salt + 1, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) >>> 0;
  for (let at = 0; at < bytes; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    payload[at] = state >>> 24;
  }
  if (bytes >= NUMBERED_BYTES_MIN) {
    new DataView(payload.buffer).setUint32(0, number);
  }
  return payload;
}

/** The number that a payload carries; undefined when it is too small for one. */
export function numberOf(payload: Uint8Array): number | undefined {
  if (payload.length < NUMBERED_BYTES_MIN) return undefined;
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0);
}

/** Whether two payloads have the same bytes. */
export function isSamePayload(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false;
  return true;
}
