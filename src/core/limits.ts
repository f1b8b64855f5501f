/**
 * Every bound of the protocol as a named constant: unit, value and the reason for the value.
 * spec/protocol.md sections 3 (wire) and 9 (limits).
 */

// Wire. These bound what one body may say; both sides compile them in, so that a reader refuses
// more and a writer never produces it. They are part of version 1 and change only with it.

/** The version of the wire that this library speaks; the high half of a body's first byte. */
export const WIRE_VERSION = 1;

/** Versions a VERSION body can list: a version is a number of four bits other than 0. */
export const VERSIONS_MAX = 15;

/** Largest integer on the wire, 2^53 - 1: the largest that a double holds exactly [INT-2]. */
export const INTEGER_MAX: number = Number.MAX_SAFE_INTEGER;

/** Most bytes of an integer on the wire: the longest of the four forms of RFC 9000 section 16. */
export const INTEGER_BYTES_MAX = 8;

/**
 * Most bytes of one whole body where the caller states no other limit: 512 KiB. Proxies refuse
 * uploads above 1 MB by default (nginx, 413), and a body on one HTTP exchange should not delay the
 * acknowledgements behind it by more than a fraction of a second on a slow line.
 */
export const BODY_BYTES_MAX_DEFAULT = 524_288;

/** Bytes of the checksum field: one XXH32. */
export const CHECKSUM_BYTES = 4;

/**
 * Most messages in one body. An empty message takes one byte, so the byte limit alone would let a
 * body of 512 KiB make half a million objects; at 32 bytes a message this limit coincides with it.
 */
export const BODY_MESSAGES_MAX = 16_384;

/**
 * Most frames in one body beside the prefix. A frame takes four bytes or more, and becomes an
 * object; twice the messages leaves room for as many facts and skips.
 */
export const BODY_FRAMES_MAX = 32_768;

/** Bytes of the client's nonce, the beginning of every session identifier: 128 bits. */
export const NONCE_BYTES = 16;

/** Fewest bytes of a session identifier: the client's nonce alone. */
export const SESSION_ID_BYTES_MIN: number = NONCE_BYTES;

/** Most bytes of a session identifier: the nonce and 32 bytes (256 bits) added by the server. */
export const SESSION_ID_BYTES_MAX = 48;

/** Most bytes of the proof in an address: an HMAC-SHA-512 or an Ed25519 signature. */
export const PROOF_BYTES_MAX = 64;

/**
 * Most ranges in one list. Each stands for a hole; a path that loses every second bundle makes one
 * range a bundle, and 256 of them cost at most 4 KiB.
 */
export const RANGES_MAX = 256;

/** Most requests that one session may have parked, wish for, or list: browsers allow about 6. */
export const PARKED_MAX = 64;

/**
 * Exchanges from the oldest that is not over to the newest: at most so many numbers. A client opens
 * at most 64 at once; the rest is room for one that hangs while the others go on. It also bounds
 * the ranges of exchanges that a prefix lists to half of `RANGES_MAX`.
 */
export const EXCHANGE_SPAN_MAX = 256;

/** Most bytes of an owner hint: a host name's label is at most 63 bytes. */
export const HINT_BYTES_MAX = 64;

/** Most bytes of a reason: a sentence for a log, not a document. */
export const REASON_BYTES_MAX = 128;

/** Most bytes of a channel's label: a path or a UUID with a prefix. */
export const LABEL_BYTES_MAX = 256;

/** Most parameters in OPEN and OPENED: the seven of this version, and room for later ones. */
export const PARAMETERS_MAX = 64;

/** Longest pause that a server may ask for, in milliseconds: one hour. */
export const PAUSE_MS_MAX = 3_600_000;

/**
 * Fewest equal lengths in a row at which the writer cuts a run of messages in order to code their
 * length once (spec 3.9). A cut costs at most two frame heads of 29 bytes, and 63 lengths saved are
 * at least 63 bytes: so a cut run is never larger than an uncut one, and planners need not know.
 */
export const EQUAL_LENGTHS_MIN = 64;
