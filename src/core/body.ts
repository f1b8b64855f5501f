/**
 * What a body says, as plain values: the shapes between the bytes (body-reader, body-writer) and
 * the rules (reliability, request side, park side). spec/protocol.md section 3.
 *
 * Ranges of numbers are flat ascending arrays `[first, last, first, last, ...]`, both ends
 * included, with at least one number missing between two neighbours.
 */

/** 0: from the request side; 1: from the park side. */
export type Direction = 0 | 1;

/** Whether a checksum guards the body. Links with their own integrity may waive it [SUM-4]. */
export type ChecksumKind = "none" | "xxh32";

/** Which session a body belongs to, and the proof that its sender may speak for it. */
export interface Address {
  /** The identifier: the client's 16-byte nonce, then up to 32 bytes added by the server. */
  readonly sessionId: Uint8Array;
  /** The secret itself (poll, stream), or a proof made from it; 0 to 64 bytes. */
  readonly proof: Uint8Array;
  /** Which life of the client speaks; from 1, and higher in every later life. */
  readonly incarnation: number;
  /** Which link of the session carries the body; 0 for the first. */
  readonly link: number;
}

/** First frame of every request of the poll link. */
export interface RequestPrefix {
  /** This exchange's number, from 1. */
  readonly exchange: number;
  /** Every exchange up to this one is over for the client: answered or given up. */
  readonly overThrough: number;
  /** Further exchanges that are over, above `overThrough + 1`. */
  readonly over: readonly number[];
  /** The exchange whose answer arrived last, 0 for none. */
  readonly lastAnswered: number;
  /** Milliseconds from that arrival to the sending of this request. */
  readonly sinceMs: number;
}

/** First frame of every answer of the poll link. */
export interface AnswerPrefix {
  /** The exchange that this body answers. */
  readonly exchange: number;
  /** Milliseconds for which the server held the request. */
  readonly heldMs: number;
  /** How many requests the server wants to find parked. */
  readonly parkedWanted: number;
  /** Exchanges that arrived and are answered (this one among them), above the client's mark. */
  readonly answered: readonly number[];
  /** Exchanges that arrived and stay parked, ascending. */
  readonly parked: readonly number[];
}

/** What the sender of the body has received. */
export interface Ack {
  /** Every seq up to this one was received; 0 for none. */
  readonly receivedThrough: number;
  /** Every seq up to this one is held and may be released by its sender. */
  readonly heldThrough: number;
  /** Ranges received above `receivedThrough + 1`. */
  readonly ranges: readonly number[];
}

/** Absolute limits up to which the peer may send. Only ever raised. */
export interface Window {
  readonly seqMax: number;
  readonly bytesMax: number;
}

/** A channel's own window: units are messages and parts counted from the channel's beginning. */
export interface ChannelWindow {
  readonly channel: number;
  readonly unitsMax: number;
  readonly bytesMax: number;
}

/** Room for durable sessions: fencing epoch, store generation and the owner that answers. */
export interface Owner {
  readonly epoch: number;
  readonly generation: number;
  readonly hint: Uint8Array;
}

/** Named numbers that each side states when the session opens; see PARAMETER_NAMES. */
export interface Parameters {
  readonly channelsMax: number;
  readonly channelUnits: number;
  readonly channelBytes: number;
  readonly messageBytesMax: number;
  readonly bodyBytesMax: number;
  readonly silenceLimitMs: number;
  readonly holdTimeMs: number;
  readonly parkedMax: number;
}

/** Parameters in the order of their identifiers on the wire, from 1. */
export const PARAMETER_NAMES: readonly (keyof Parameters)[] = [
  "channelsMax",
  "channelUnits",
  "channelBytes",
  "messageBytesMax",
  "bodyBytesMax",
  "silenceLimitMs",
  "holdTimeMs",
  "parkedMax",
];

export type DeliveryMode = "ordered" | "unordered" | "latest";

/** A consecutive run of whole messages: seq and index rise by one from message to message. */
export interface MessagesFrame {
  readonly kind: "messages";
  readonly channel: number;
  readonly seq: number;
  readonly index: number;
  /** Present on `latest` channels only, one key a message. */
  readonly keys?: readonly number[];
  readonly payloads: readonly Uint8Array[];
}

/** A piece of one large message. */
export interface PartFrame {
  readonly kind: "part";
  readonly channel: number;
  readonly seq: number;
  readonly index: number;
  /** Present on `latest` channels only. */
  readonly key?: number;
  readonly offset: number;
  readonly totalBytes: number;
  readonly payload: Uint8Array;
}

/** Numbers whose messages were given up after they were sent, or one index given up half sent. */
export interface SkipFrame {
  readonly kind: "skip";
  readonly channel: number;
  readonly seq: number;
  readonly index: number;
  readonly count: number;
  /** True when all seqs belong to the one message at `index` (parts). */
  readonly sharedIndex: boolean;
  /** Payload bytes that each of the skipped seqs was counted with in the windows. */
  readonly bytes: number;
}

export interface ChannelOpenFrame {
  readonly kind: "channel-open";
  readonly seq: number;
  readonly channel: number;
  readonly mode: DeliveryMode;
  readonly label: Uint8Array;
}

/** The sender's half of the channel ends before `indexEnd`. */
export interface ChannelFinishFrame {
  readonly kind: "channel-finish";
  readonly seq: number;
  readonly channel: number;
  readonly indexEnd: number;
}

/** The channel is abandoned in both directions; also how an opening is refused. */
export interface ChannelResetFrame {
  readonly kind: "channel-reset";
  readonly seq: number;
  readonly channel: number;
  readonly code: number;
}

/** The sender will send nothing more on this session. */
export interface FinishFrame {
  readonly kind: "finish";
  readonly seq: number;
  readonly code: number;
}

/** Facts and messages: everything that has a seq. */
export type NumberedFrame =
  | MessagesFrame
  | PartFrame
  | SkipFrame
  | ChannelOpenFrame
  | ChannelFinishFrame
  | ChannelResetFrame
  | FinishFrame;

/** Why and by whom a session or its opening ended, with what the peer may read about it. */
export interface Ending {
  readonly code: number;
  readonly reason: Uint8Array;
}

/** The content of one body. Absent fields are absent frames. */
export interface Body {
  readonly request?: RequestPrefix | undefined;
  readonly answer?: AnswerPrefix | undefined;
  readonly ack?: Ack;
  readonly window?: Window;
  /** The limits at which the sender stands still. */
  readonly blocked?: Window | undefined;
  readonly owner?: Owner;
  readonly open?: Parameters | undefined;
  readonly opened?: Parameters | undefined;
  /** The opening is refused. */
  readonly refused?: Ending;
  /** The session is not known here; echoes the client's nonce (16 bytes). */
  readonly unknown?: Uint8Array;
  /** "Received nothing": the other body could not be read. */
  readonly unreadable?: true;
  /** The session has ended; `ack` beside it says what was received. */
  readonly ended?: Ending;
  /** Another life of the client has the session; its incarnation. */
  readonly superseded?: number;
  /** Do not come back before so many milliseconds. */
  readonly pauseMs?: number | undefined;
  /** Lives whose successor the sender is, rising: it takes over from these and from no other. */
  readonly succeeds?: readonly number[] | undefined;
  readonly channelWindows: readonly ChannelWindow[];
  readonly channelsBlocked: readonly ChannelWindow[];
  readonly numbered: readonly NumberedFrame[];
}
