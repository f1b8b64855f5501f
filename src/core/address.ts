/** The address of a body, read or written. spec/protocol.md section 3.4. */
import type { Address } from "./body.ts";
import { PROOF_BYTES_MAX, SESSION_ID_BYTES_MAX, SESSION_ID_BYTES_MIN } from "./limits.ts";
import type { Wire } from "./wire.ts";

export function describeAddress(wire: Wire, given?: Address): Address {
  const sessionId = wire.field(given?.sessionId, SESSION_ID_BYTES_MIN, SESSION_ID_BYTES_MAX);
  const proof = wire.field(given?.proof, 0, PROOF_BYTES_MAX); // [ADDR-1]
  const incarnation = wire.integer(given?.incarnation, 1); // [INT-4]
  const link = wire.integer(given?.link);
  return { sessionId, proof, incarnation, link };
}
