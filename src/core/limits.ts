/**
 * Every bound by its name: those of the wire, those of sessions, and the defaults of options, each
 * with its value, unit and reason. spec/protocol.md sections 3 (wire) and 9 (limits).
 */
import type {
  EndpointOptions,
  LiteralOptions,
  ParkOptions,
  RequestOptions,
  SessionOptions,
} from "./options.ts";

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

/** Generations are drawn from 1 to this: the largest integer that takes four bytes on the wire. */
export const GENERATION_MAX = 0x3fff_ffff;

/** Most bytes of an owner hint: a host name's label is at most 63 bytes. */
export const HINT_BYTES_MAX = 64;

/** Most bytes of a reason: a sentence for a log, not a document. */
export const REASON_BYTES_MAX = 128;

/** Most bytes of a channel's label: a path or a UUID with a prefix. */
export const LABEL_BYTES_MAX = 256;

/** Most parameters in OPEN and OPENED: the eight of this version, and room for later ones. */
export const PARAMETERS_MAX = 64;

/** Longest pause that a server may ask for, in milliseconds: one hour. */
export const PAUSE_MS_MAX = 3_600_000;

/**
 * Least time between bodies in which nobody has anything to say on a pipe, in milliseconds, however
 * little silence the other side bears: one that states none must not make this side busy.
 */
export const PIPE_DUMMY_MS_MIN = 100;

/**
 * Payload bytes that came by a stream after which an acknowledgement does not wait for others: a
 * quarter of the default `pipeBytesMax`, so that the server need not stop.
 */
export const STREAM_ACK_BYTES = 262_144;

/**
 * Most bytes of the first body on a pipe that goes both ways: a server reads it before it knows
 * whose it is. The messages of the initial grant may be twice as long as that, and then wait.
 */
export const PIPE_FIRST_BYTES_MAX = 65_536;

/** The link that a client names that waits for no answer and hears by no pipe: it never opens it. */
export const UNHELD_LINK = 1;

/** Bytes of a stream's ticket: 128 random bits, as it stands for the session's secret. */
export const TICKET_BYTES = 16;

/**
 * Most lives that a later one names as those that it succeeds: the last that the server is known to
 * have had, and the newest since. More than 15 lives in a row without an answer to any of them is a
 * client that is reloaded without end.
 */
export const PREDECESSORS_MAX = 16;

/**
 * Fewest equal lengths in a row at which the writer cuts a run of messages in order to code their
 * length once (spec 3.9). A cut costs at most two frame heads of 29 bytes, and 63 lengths saved are
 * at least 63 bytes: so a cut run is never larger than an uncut one, and planners need not know.
 */
export const EQUAL_LENGTHS_MIN = 64;

// Sessions. The first five are part of the protocol, as both sides rely on them; the others only
// bound this implementation.

/**
 * What every server grants before it has answered: messages may ride on the opening. A server whose
 * options grant less needs clients with `earlyMessages: false`; spec 7 [OPEN-6].
 */
export const INITIAL_GRANT: Readonly<Record<"messages" | "bytes" | "channels", number>> = {
  messages: 64,
  bytes: 65_536,
  channels: 8,
};

/**
 * Most payload bytes of one unit: larger messages travel in parts of this size. It fits the least
 * `channelBytes`, and is small enough for others to be heard between two parts.
 */
export const UNIT_BYTES_MAX = 16_384;

/** Fewest bytes of a part that does not end its message: bounds the parts of a message. */
export const PART_BYTES_MIN = 1_024;

/** Seqs beyond the window that facts may use, so that a full window cannot stop a close. */
export const FACT_ALLOWANCE = 256;

/** Keys of one `latest` channel that are remembered while an index below them is missing. */
export const KEYS_MAX = 65_536;

/** Gaps between the indexes of one channel: holes in the seqs, and messages in parts. */
export const INDEX_RANGES_MAX: number = 2 * RANGES_MAX;

/** Windows of channels stated in one body; the others follow in the next. */
export const CHANNEL_WINDOWS_STATED_MAX = 256;

/** Limits of channels complained about in one body. */
export const CHANNELS_BLOCKED_STATED_MAX = 32;

/** A channel's turn ends after so many bytes, so that no other waits long for its own. */
export const TURN_BYTES: number = UNIT_BYTES_MAX;

/** Bytes kept free in a body for what is stated after the bundle was filled. */
export const STATEMENT_BYTES = 1_024;

/** A bundle is given at least so much room: one part of the smallest size with its head. */
export const ROOM_BYTES_MIN = 2_048;

/** Into fewer bytes no last request is put: one unit of the largest size must fit, with its head. */
export const FLUSH_BYTES_MIN: number = UNIT_BYTES_MAX + ROOM_BYTES_MIN;

/** Bodies are not halved below this; one unit alone may still make a larger one. */
export const BODY_BYTES_FLOOR: number = 2 * ROOM_BYTES_MIN;

/**
 * Small payloads up to this size are copied at `send`; above, a copy costs more than an object: at
 * 1 KiB a sixth of all that sender and receiver do.
 */
export const COPIED_BYTES_MAX = 512;

/**
 * Chunks for copied payloads begin small, for sessions that say little, and double as they fill.
 */
export const CHUNK_BYTES_MIN = 1_024;
/** Largest chunk for copied payloads. */
export const CHUNK_BYTES_MAX = 65_536;

/** Bytes a millisecond assumed before anything was measured: 64 kB/s, a slow mobile line. */
export const RATE_INITIAL = 64;

/** Bodies below this say more about the round trip than about the rate. */
export const RATE_BYTES_MIN = 4_096;

/**
 * Wakes take effect at most once in this time, in milliseconds: each sends requests anew, and hosts
 * report a changing network, a page that is shown and a clock that jumped all at once.
 */
export const WAKE_INTERVAL_MS = 1_000;

/**
 * A client whose state was saved says nothing for so long, in milliseconds: a page that is going
 * away is not to speak after its state was taken, or the session would stay with it.
 */
export const SAVE_PAUSE_MS = 1_000;

/**
 * The incarnation rises by 1 to 2^24: two lives from one state get one number in 17 million cases.
 */
export const INCARNATION_STEP_MAX: number = 2 ** 24;

/**
 * Requests in a row without an answer from which on the path counts as down: the retry failed too.
 */
export const UNANSWERED_DOUBTED = 2;

/** Doublings of a timeout or a probe's wait at most, before its largest value caps it. */
export const BACK_OFF_MAX = 10;

/**
 * A window that was raised by more is worth saying at once [WIN-4]: what gives it back acknowledges
 * as well, and a sender keeps four times as much (`highWaterBytes`) before its application waits.
 */
export const WINDOW_NEWS_BYTES = 262_144;

/** A window that was raised by less than such a part need not be stated [WIN-8]. */
export const WINDOW_NEWS_PARTS = 32;

// Options: their values where nothing else is said, and their bounds, which may be other options.
// What they mean stands beside their names in options.ts.

const KIB = 1024;
const MIB = 1024 * KIB;
const DAY_MS = 86_400_000;
const SESSIONS_MAX = 16_777_216;

/** A bound of an option: a number, or the name of another option. */
export type Bound<Options> = number | keyof Options;

/** Of each option that is a number: its default, and the least and the most that it may be. */
export type OptionRanges<Options, Others = unknown> = {
  readonly [Name in keyof Options as Options[Name] extends number ? Name : never]: readonly [
    normal: number,
    least: Bound<Options & Others>,
    most: Bound<Options & Others>,
  ];
};

/** Defaults: those of others, those of a table of ranges, and what is no number or not the same. */
function defaults<Options extends object>(base: object, ranges: object, more: object): Options {
  const rows = Object.entries(ranges) as [string, readonly [number]][];
  const normal = Object.fromEntries(rows.map(([name, [value]]) => [name, value]));
  return { ...base, ...normal, ...more } as Options;
}

/** Default, least and most of the options of both sides. */
export const SESSION_RANGES: OptionRanges<SessionOptions> = {
  // The reserves of as many on each side are half of the window; the rest is lent to busy ones.
  channelsMax: [255, 0, 1_000_000],
  channelUnits: [256, 1, 1_000_000_000],
  // One unit of the largest size must always fit.
  channelBytes: [16 * KIB, UNIT_BYTES_MAX, 2 ** 40],
  // Room for windowBytes full of 64-byte messages, so that bytes bind before counts.
  windowMessages: [262_144, "channelUnits", 1_000_000_000],
  // A 1 Gbit/s path with a round trip of 128 ms.
  windowBytes: [16 * MIB, "channelBytes", 2 ** 40],
  messageBytesMax: [128 * MIB, UNIT_BYTES_MAX, 2 ** 32],
  // Two of the largest messages.
  assemblyBytesMax: [256 * MIB, "messageBytesMax", 2 ** 40],
  // Below the smallest upload limit of common proxies (nginx: 1 MB) with room to spare.
  bodyBytesMax: [512 * KIB, 2 * UNIT_BYTES_MAX, 2 ** 30],
  // About the initial congestion window of TCP (RFC 6928: 10 segments).
  bodyBytesInitial: [16 * KIB, 1, "bodyBytesMax"],
  sendBufferBytesMax: [256 * MIB, 1, 2 ** 40],
  // Four million: a column of each is a few hundred megabytes, reached by empty messages only.
  sendBufferMessagesMax: [4_194_304, 1, 2 ** 30],
  highWaterBytes: [MIB, 1, "sendBufferBytesMax"],
  // The delayed acknowledgement of QUIC (RFC 9000 section 18.2: 25 ms).
  ackDelayMs: [25, 0, 10_000],
  // Below RFC 6298's second, as TCP stacks have it: the peer states its own delays.
  rtoMinMs: [200, 1, 60_000],
  // RFC 6298 section 2.1.
  rtoInitialMs: [1_000, "rtoMinMs", 60_000],
  rtoMaxMs: [60_000, "rtoInitialMs", 3_600_000],
  // Below the 30 s after which the most impatient common proxies cut a silent request.
  holdTimeMs: [25_000, 0, DAY_MS],
  // Two hold times and a retry; a server uses a larger one (PARK_DEFAULTS).
  silenceLimitMs: [60_000, "holdTimeMs", DAY_MS],
  parkedMax: [4, 1, PARKED_MAX],
  // Two silently lost answers cost a hold time each.
  closeTimeoutMs: [55_000, 1, DAY_MS],
  unreadableMax: [8, 1, 1_000_000],
  // A 100 Mbit/s path with a round trip of 80 ms; what the system buffers beyond that is late.
  pipeBytesMax: [MIB, 1, 2 ** 40],
  // Phones stand still for seconds, and then deliver everything.
  pipeStallMs: [5_000, 1, DAY_MS],
  // Proxies cut what is silent for 30 s, the impatient ones sooner.
  pipeSilenceMs: [15_000, 1, DAY_MS],
};

/** Defaults of the options of both sides. */
export const SESSION_DEFAULTS: SessionOptions = /* @__PURE__ */ defaults({}, SESSION_RANGES, {
  hold: "received",
  consume: "automatic",
  pipeDummies: "silence",
  literal: undefined,
});

/** Default, least and most of the options of clients alone. */
export const REQUEST_RANGES: OptionRanges<Omit<RequestOptions, keyof SessionOptions>> = {
  // In Node and on HTTP/2; a browser on HTTP/1.1 has six connections in all and uses 1.
  carriersMax: [8, 1, PARKED_MAX],
  reconnectDelayMinMs: [100, 0, DAY_MS],
  reconnectDelayMaxMs: [5_000, "reconnectDelayMinMs", DAY_MS],
  lostConfirmMs: [3_000, 0, DAY_MS],
  requestsUnansweredMax: [0, 0, 1_000_000],
  // Four requests a second, and late enough for the tens of messages that a game sends in it.
  streamAckMs: [250, 0, 10_000],
};

/** Defaults of all options of a client. */
export const REQUEST_DEFAULTS: RequestOptions = /* @__PURE__ */ defaults(
  SESSION_DEFAULTS,
  REQUEST_RANGES,
  {
    earlyMessages: true,
    pipeDummies: "none",
    requests: "parked",
  },
);

/** Default, least and most of the options of the server's half of a session. */
export const PARK_RANGES: OptionRanges<Omit<ParkOptions, keyof SessionOptions>, SessionOptions> = {
  // parkedMax and carriersMax of one client, and as many again for overtaking.
  requestsHeldMax: [24, "parkedMax", PARKED_MAX],
  parkedQuietMs: [2_000, 0, DAY_MS],
  // More than bodies that left together come apart by.
  pipeProofMs: [100, 1, 60_000],
  // Some hosts end every connection after an hour; half of that costs a request or two.
  pipeAgeMaxMs: [1_800_000, 1, DAY_MS],
  // What nginx spools of one answer at most.
  pipeBytesSentMax: [1024 * MIB, 1, 2 ** 50],
};

/** Defaults of all options of the server's half of a session. */
export const PARK_DEFAULTS: ParkOptions = /* @__PURE__ */ defaults(SESSION_DEFAULTS, PARK_RANGES, {
  // Longer than the client's, so that the client never waits for a session that is gone.
  silenceLimitMs: 90_000,
});

/** The founding document's numbers: bundles of ten, one parked request, one second. */
export const LITERAL_DEFAULTS: LiteralOptions = {
  bundleMessages: 10,
  requestsHeld: 1,
  resendTimeoutMs: 1_000,
  sendDelayMs: 0,
  streaming: false,
  answerDelayMs: undefined,
};

/** Default, least and most of the options of a server alone. */
export const ENDPOINT_RANGES: OptionRanges<Omit<EndpointOptions, keyof ParkOptions>> = {
  // 15,000 idle sessions are a target on a small machine; as many again for bursts.
  sessionsMax: [32_768, 0, SESSIONS_MAX],
  pendingMax: [1_024, 0, SESSIONS_MAX],
  // A household or an office behind one address.
  sessionsPerAddressMax: [256, 0, SESSIONS_MAX],
  // Twice the longest time for which proxies are known to hold a request.
  tombstoneMs: [300_000, 0, DAY_MS],
  tombstonesMax: [65_536, 1, SESSIONS_MAX],
  verdictTimeoutMs: [10_000, 1, DAY_MS],
  // Four times the requests that listeners take of one address, which cannot have all of them.
  streamsNamedMax: [4_096, 0, SESSIONS_MAX],
  // A request with its retries on a slow line.
  streamNamedMs: [10_000, 1, DAY_MS],
  // A core draws no lots: adapters do, so that two servers that drain ask for other pauses.
  seed: [1, 1, 0xffff_ffff],
};

/** Defaults of all options of a server. */
export const ENDPOINT_DEFAULTS: EndpointOptions = /* @__PURE__ */ defaults(
  PARK_DEFAULTS,
  ENDPOINT_RANGES,
  {
    authenticate: false,
    earlyMessages: true,
  },
);
