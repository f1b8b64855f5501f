/**
 * The outcomes of exchanges over HTTP [HTTP-6], equal for both carriers. Reasons are stable:
 *
 * - `http_<status>`: somebody answered with another status than 200. Redirects are not followed; a
 *   browser hides their status, which makes them `http_0`. The body of such an answer is read like
 *   any other, so that its connection can be used again, and dropped.
 * - `answer_foreign`: status 200, and a media type that is not that of our bodies, or none: the page
 *   of somebody in between, as networks show one until their conditions are accepted, or what an
 *   application says to any address that it does not know. It is no damage, of which a session bears
 *   little, and it may stay for long.
 * - `answer_too_large`: more than `answerBytesMax`. `answer_cut`: the head of an answer came, and
 *   then the connection ended or the framing was wrong.
 * - `credentials_failed`: there were no headers to send. `aborted`: the session gave the exchange up.
 * - `network_error`: no answer, and no more is known: always so in browsers. In Node also those in
 *   node-reasons.ts.
 *
 * What certainly has not left this host is said beside the reason (`isNotSent`): in Node, as long as
 * there was no connection to write to; in browsers, as long as `fetch` was not called.
 */
import type { Outcome } from "../session/carrier.ts";

const OURS = /^\s*application\/octet-stream\s*(;|$)/i;

/** Why the head of a response makes it no answer, if so. */
export function refusalIn(
  status: number,
  mediaType: string | null | undefined,
): string | undefined {
  if (status !== 200) return `http_${status}`;
  return OURS.test(mediaType ?? "") ? undefined : "answer_foreign";
}

/**
 * How an exchange failed.
 *
 * @param isNotSent - certainly nothing of it has left this host. Not to be guessed from the reason.
 */
export function failure(reason: string, isNotSent: boolean): Outcome {
  return { kind: "failure", reason, isTooLarge: reason === "http_413", isNotSent };
}

/**
 * One array of `size` bytes from the pieces of a body. Always a copy: what the application keeps of
 * it does not keep a larger buffer of the host's.
 */
export function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.byteLength;
  }
  return bytes;
}
