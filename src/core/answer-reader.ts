/** What the client asks of bytes before it takes them for the server's word to it. spec 5.2. */
import type { Body } from "./body.ts";
import { type Head, readBody, readHead, readVersions } from "./body-reader.ts";
import { ProtocolError } from "./errors.ts";
import { checkParameters } from "./half.ts";

/**
 * Reads the answer to an exchange.
 *
 * @throws ProtocolError
 */
export function readAnswer(
  bytes: Uint8Array,
  exchange: number,
  sessionId: Uint8Array,
  bodyBytesMax: number,
): Body {
  const head = readHead(bytes, bodyBytesMax);
  // A reflected request verifies, so its direction is looked at [SUM-2].
  if (head.direction !== 1 || head.address !== undefined) throw new ProtocolError("misdelivered");
  const body = readChecked(bytes, head, sessionId);
  if (body.unknown !== undefined && !isSame(body.unknown, sessionId.subarray(0, 16))) {
    throw new ProtocolError("misdelivered");
  }
  const { answer } = body;
  // [EXCH-3]: an answer that names another exchange came to the wrong place.
  if (answer !== undefined && answer.exchange !== exchange) throw new ProtocolError("misdelivered");
  // [EXCH-3]: only what ends or refuses may come without ANSWER.
  const isLast = body.ended ?? body.refused ?? body.unknown ?? body.superseded;
  if (answer === undefined && isLast === undefined && body.unreadable !== true) {
    throw new ProtocolError("prefix_missing");
  }
  return body;
}

/**
 * Reads a body that came on a pipe, or on a stream with a name.
 *
 * @throws ProtocolError
 */
export function readPiped(
  bytes: Uint8Array,
  name: Uint8Array | undefined,
  sessionId: Uint8Array,
  bodyBytesMax: number,
): Body {
  const head = readHead(bytes, bodyBytesMax);
  const said = head.address?.sessionId;
  // [PIPE-13]: on a stream with a name each body says it, and no other body says any.
  const isOurs = name === undefined ? said === undefined : said !== undefined && isSame(said, name);
  if (head.direction !== 1 || !isOurs) throw new ProtocolError("misdelivered");
  return readChecked(bytes, head, name ?? sessionId);
}

function readChecked(bytes: Uint8Array, head: Head, seed: Uint8Array): Body {
  if (head.checksum === "none") throw new ProtocolError("checksum_missing");
  const body = readBody(bytes, head, seed);
  if (body.opened !== undefined) checkParameters(body.opened);
  return body;
}

/** Whether a body of a version unknown here says that the server does not speak ours [VER-3]. */
export function refusesVersion(bytes: Uint8Array): boolean {
  try {
    return !readVersions(bytes).includes(1);
  } catch {
    return false;
  }
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}
