/**
 * Options of the sessions of a soak. All times are shorter than the library's defaults, so that in
 * a minute a session may live, fall silent and end many times; their order of size is the same.
 */

export const SESSION_OPTIONS = {
  holdTimeMs: 1_000,
  // Several large messages; far less than what is offered while a taker is slow.
  windowBytes: 4_000_000,
  // What a killed process may have held is bounded by these, and the check holds it to them.
  windowMessages: 5_000,
  channelUnits: 64,
  // Four of the largest messages.
  assemblyBytesMax: 6_000_000,
  messageBytesMax: 1_600_000,
  channelsMax: 32,
  highWaterBytes: 500_000,
  rtoInitialMs: 500,
  closeTimeoutMs: 30_000,
} as const;

export const CLIENT_OPTIONS = {
  ...SESSION_OPTIONS,
  silenceLimitMs: 5_000,
  reconnectDelayMaxMs: 500,
  lostConfirmMs: 1_000,
} as const;

export const SERVER_OPTIONS = {
  ...SESSION_OPTIONS,
  silenceLimitMs: 6_000,
  // Longer than any request of the fault proxies is on its way.
  tombstoneMs: 20_000,
} as const;

/** A message of so many bytes surely goes whole, with what says where it belongs: not in parts. */
export const WHOLE_BYTES_MAX = 16_000;

/** By which a client names its session at its opening, for the server's log. */
export const SESSION_HEADER = "x-soak-session";
