/** Every bound of the fault proxy, with its unit and its reason. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Client connections at once; more are closed at once. A test bed, not a public server. */
export const CONNECTIONS_MAX = 8_192;

/** Unanswered requests on one connection (pipelining); browsers and Node send one at a time. */
export const REQUESTS_PIPELINED_MAX = 64;

/** Connections to the target at once; further requests wait for one. */
export const TARGET_CONNECTIONS_MAX = 8_192;

/**
 * Idle connections to the target are closed after this long: well before a Node server would close
 * them (5 s), so that no request meets a connection that is just being closed, which would be a
 * fault that nobody asked for.
 */
export const TARGET_IDLE_MS = 2_000;

/** Largest request body that is kept in order to be sent again; larger ones are sent only once. */
export const RECORDED_BYTES_MAX: number = 4 * MIB;

/** All that is kept for replays, so that two minutes of traffic cannot fill the memory. */
export const RECORDINGS_BYTES_MAX: number = 64 * MIB;

/** Requests kept for replays: each holds a timer and its headers. */
export const RECORDINGS_MAX = 16_384;

/** An answer that nobody waits for is read for so long at most; longer than any hold time. */
export const DISCARDED_ANSWER_MS = 120_000;

/** Most bytes of one response that are collected; what is longer flows on from there. */
export const BUFFERED_BYTES_MAX: number = 8 * MIB;

/** Bytes under way in one direction of one delayed connection; beyond that the sender waits. */
export const DELAYED_BYTES_MAX: number = MIB;

/** Most bytes of a lost response that reach the client before the reset. */
export const LOST_AFTER_BYTES_MAX: number = 4 * KIB;

/** Longest time that an option may name: what a timer of the host can wait, 24.8 days. */
export const DURATION_MS_MAX = 2_147_483_647;

/** Largest seed: 32 bits, easy to copy from a log. */
export const SEED_MAX = 0xffff_ffff;

/** Headers of a request must have come after so long, so that dead clients hold no memory. */
export const HEADERS_TIMEOUT_MS = 60_000;
