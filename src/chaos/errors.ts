/** What the fault proxy throws: misuse by its caller, and a socket that cannot be had. */

/** What can be wrong. Stable. */
export type ChaosErrorCode =
  /** An option that cannot work, or that does not go with another. */
  | "option_invalid"
  /** A duration that is not a number with a unit: `500ms`, `1.5s`, `2m`, `1h`. */
  | "duration_invalid"
  /** An interval that is neither a duration nor a rate such as `2/s`. */
  | "interval_invalid"
  /** A probability that is neither `5%` nor a number from 0 to 1. */
  | "probability_invalid"
  /** An address that is neither a port nor `host:port`. */
  | "address_invalid"
  /** Another program listens there. */
  | "port_taken"
  /** The system does not let us listen there. */
  | "listen_failed";

/** `code` is stable; `message` is for people. */
export class ChaosError extends Error {
  override readonly name = "ChaosError";
  /** What is wrong. Stable. */
  readonly code: ChaosErrorCode;

  /** @internal Made by the library. */
  constructor(code: ChaosErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
