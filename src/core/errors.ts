/**
 * Three kinds of error, after h11's split into local and remote: our bug (`InvariantError`), the
 * peer's or the network's doing (`ProtocolError`), and misuse by the application (`UsageError`).
 * Messages of assertions are short constants, so that a failed one costs nothing until it fails.
 */

/** Everything that can be wrong with what a peer sent. Stable; spec/protocol.md section 10. */
export type ProtocolErrorCode =
  // Unreadable: damage that a resend may cure.
  | "truncated"
  | "length_mismatch"
  | "checksum_mismatch"
  | "misdelivered"
  // Version and head.
  | "version_unknown"
  | "head_reserved"
  | "checksum_missing"
  | "address_missing"
  | "address_invalid"
  // Malformed: readable, and against the rules of the wire.
  | "integer_not_minimal"
  | "integer_too_large"
  | "frame_unknown"
  | "frame_order"
  | "frame_direction"
  | "range_invalid"
  | "count_invalid"
  | "length_invalid"
  | "parameter_invalid"
  | "mode_invalid"
  | "body_too_large"
  | "messages_too_many"
  // Against the state of the session.
  | "ack_unsent"
  | "window_exceeded"
  | "channel_unknown"
  | "channel_invalid"
  | "channel_limit"
  | "index_conflict"
  | "part_invalid"
  | "message_too_large"
  | "finish_invalid"
  | "exchange_invalid"
  | "prefix_missing";

/** The peer, or the network on its behalf, sent something that is not allowed. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  /** What is wrong with it. Stable. */
  readonly code: ProtocolErrorCode;

  /** @internal Made by the library. */
  constructor(code: ProtocolErrorCode) {
    super(code);
    this.code = code;
  }
}

/** What a peer must keep to. */
export function demand(condition: boolean, code: ProtocolErrorCode): asserts condition {
  if (!condition) throw new ProtocolError(code);
}

/** The code of a `ProtocolError`; whatever else was thrown is a bug and goes on. */
export function protocolCode(error: unknown): ProtocolErrorCode {
  if (error instanceof ProtocolError) return error.code;
  throw error;
}

/**
 * Codes that do not show a peer that breaks the rules: damage on the way, a body that was meant for
 * somebody else, or an intermediary's own page. They are all that can be found before a checksum
 * agreed, and nothing found before that is evidence about the peer (spec 10 [ERR-2]).
 */
export function isDamage(code: ProtocolErrorCode): boolean {
  switch (code) {
    case "truncated":
    case "length_mismatch":
    case "checksum_mismatch":
    case "misdelivered":
    case "version_unknown":
    case "head_reserved":
    case "checksum_missing":
    case "address_missing":
    case "address_invalid":
    case "body_too_large":
      return true;
    default:
      return false;
  }
}

/** What can be wrong with a use of the library. Stable. */
export type UsageErrorCode =
  /** The session is closing or has ended. */
  | "session_closed"
  /** This side has finished the channel, or either side has abandoned it. */
  | "channel_closed"
  /** There is no such channel, and there was none. */
  | "channel_unknown"
  /** A time that is no number. */
  | "clock_invalid"
  /** More channels than one of the two sides allows. */
  | "channel_limit"
  /** Larger than the other side takes; before it has answered: than this side would. */
  | "message_too_large"
  /** `sendBufferBytesMax` or `sendBufferMessagesMax` is reached. */
  | "buffer_full"
  /** A label of more than `LABEL_BYTES_MAX` bytes. */
  | "label_too_long"
  /** A key on a channel that is not `latest`, or one that is no integer from 0 to 2^53 - 1. */
  | "key_invalid"
  /** An option, or another argument, that cannot work; the message names it. */
  | "option_invalid"
  /** An option, or an event, that does not exist. */
  | "option_unknown"
  /** A payload that is not bytes. */
  | "payload_invalid"
  /** More messages consumed than were delivered. */
  | "consume_too_many"
  /** Not in this state: a saved one that is not readable here, or what comes too late. */
  | "state_invalid";

/** The application used the library wrongly, or asked for more than a stated limit. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** What is wrong with the use. Stable; `message` has the details. */
  readonly code: UsageErrorCode;

  /** @internal Made by the library. */
  constructor(code: UsageErrorCode, detail = "") {
    super(detail === "" ? code : `${code}: ${detail}`);
    this.code = code;
  }
}

/**
 * A time that is no number would compare as false with every deadline, and stop the session.
 *
 * @throws UsageError `clock_invalid`.
 */
export function checkClock(nowMs: number): void {
  if (!Number.isFinite(nowMs)) throw new UsageError("clock_invalid", String(nowMs));
}

/** A fact that must hold did not: a bug in this library. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** Stays on in production: the cost is a comparison. `message` is a short constant. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
