/**
 * The first body on a stream that the server names, which stands there before any session does: an
 * address with the name, and nothing else. spec 11.
 */
import type { Address } from "./body.ts";
import { readBody, readHead } from "./body-reader.ts";
import { type BodyOptions, encodeBody } from "./body-writer.ts";
import { ProtocolError } from "./errors.ts";
import { BODY_BYTES_MAX_DEFAULT, TICKET_BYTES } from "./limits.ts";

const NO_PROOF = new Uint8Array(0);

/** How each body on a stream with a name is written: so that the body names it [PIPE-13]. */
export function namedOptions(
  name: Uint8Array,
  { incarnation, link }: Pick<Address, "incarnation" | "link">,
): BodyOptions {
  const address = { sessionId: name, proof: NO_PROOF, incarnation, link };
  return { direction: 1, checksum: "xxh32", sessionId: name, address };
}

/** The first body on it. */
export function writeStreamName(name: Uint8Array): Uint8Array {
  const none = { channelWindows: [], channelsBlocked: [], numbered: [] };
  return encodeBody(none, namedOptions(name, { incarnation: 1, link: 0 }));
}

/**
 * The name in the first body of a stream that was asked for without a ticket: for `takeStream`.
 *
 * @throws ProtocolError for whatever else it is.
 */
export function readStreamName(bytes: Uint8Array): Uint8Array {
  const head = readHead(bytes, BODY_BYTES_MAX_DEFAULT);
  const name = head.address?.sessionId;
  if (head.direction !== 1 || name?.length !== TICKET_BYTES) {
    throw new ProtocolError("misdelivered");
  }
  if (head.checksum === "none") throw new ProtocolError("checksum_missing");
  readBody(bytes, head, name);
  return name.slice();
}
