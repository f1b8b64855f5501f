/**
 * Defaults of the options that are the session layer's own, in milliseconds, with their reasons.
 */

/** Shorter than a person takes for an outage, longer than the retry that mends a cut connection. */
export const CLIENT_LOST_AFTER_MS = 1_000;

/** As long as a client waits between two tries at most (`reconnectDelayMaxMs`). */
export const SERVER_LOST_AFTER_MS = 5_000;

/** Beyond `holdTimeMs`: a healthy client's parked request comes back within that. */
export const REAUTHENTICATE_MARGIN_MS = 5_000;

/**
 * A body from this size on is answered before others are read that have come meanwhile: else both
 * sides would take turns at working, each with all that is under way.
 */
export const LARGE_BODY_BYTES = 131_072;
