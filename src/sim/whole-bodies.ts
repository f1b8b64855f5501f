/** Reading of what lines carry, where it may be damaged on purpose. */
import { type Address, type Body, ProtocolError, readBody, readHead } from "../core/index.ts";

/** Undefined: it is damaged, or another session's. Requests alone have an address. */
export function readWhole(
  bytes: Uint8Array,
  sessionId: Uint8Array,
): { readonly body: Body; readonly address: Address | undefined } | undefined {
  try {
    const head = readHead(bytes, Math.max(1, bytes.length));
    return { body: readBody(bytes, head, sessionId), address: head.address };
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
