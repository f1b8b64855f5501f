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
  /** Ranges of further exchanges that are over, above `overThrough + 1`. */
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
  /**
   * Ranges of exchanges that arrived and are answered (this one among them), above the client's
   * mark.
   */
  readonly answered: readonly number[];
  /** Exchanges that arrived and stay parked, ascending: single numbers. */
  readonly parked: readonly number[];
}

/** A ticket of the client's: who shows it gets the pipe that it stands for. */
export interface Offer {
  /** The number of the link, above those of all links of this life before it. */
  readonly link: number;
  /** Random bytes, `TICKET_BYTES` of them, that stand in the URL of the pipe. */
  readonly ticket: Uint8Array;
}

/** By which link the client hears from now on. */
export interface Hearing {
  /** The link's number; 0 for the poll link. */
  readonly link: number;
  /** Requests from this exchange on name the link too. */
  readonly fromExchange: number;
}

/** What the server holds of a pipe. */
export interface PipeState {
  /** The link's number; 0: the server does not hold the one that was named. */
  readonly link: number;
  /** Bodies that have left on it, this one among them where it comes on the pipe. */
  readonly bodies: number;
  /** Milliseconds since the first of them left. */
  readonly ageMs: number;
  /** No longer does the server let the pipe be silent. */
  readonly silenceMs: number;
  /** The server wants it replaced by another one. */
  readonly isEnding: boolean;
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
  /** Highest seq that the peer may use; facts may go `FACT_ALLOWANCE` beyond. */
  readonly seqMax: number;
  /** Payload bytes that the peer may have sent since the session began. */
  readonly bytesMax: number;
}

/** A channel's own window: units are messages and parts counted from the channel's beginning. */
export interface ChannelWindow {
  /** The channel's number; 0 is there from the beginning. */
  readonly channel: number;
  /** Messages and parts that the peer may have sent on the channel since it was opened. */
  readonly unitsMax: number;
  /** Payload bytes that the peer may have sent on the channel since it was opened. */
  readonly bytesMax: number;
}

/** Who has the state of the session; spec 7.2. */
export interface Owner {
  /** For fencing: higher with each owner of the session. Reserved: 0. */
  readonly epoch: number;
  /** Tells that the state was lost: drawn anew with each session that a server begins [OWN-1]. */
  readonly generation: number;
  /** Who the owner is: at most `HINT_BYTES_MAX` bytes. Reserved: empty. */
  readonly hint: Uint8Array;
}

/** Named numbers that each side states when the session opens; see PARAMETER_NAMES. */
export interface Parameters {
  /** Channels that the other side may have open at once beside channel 0. */
  readonly channelsMax: number;
  /** Messages and parts that are the first window of a channel. */
  readonly channelUnits: number;
  /** Bytes that are the first window of a channel. */
  readonly channelBytes: number;
  /** Largest message that this side takes. */
  readonly messageBytesMax: number;
  /** Largest body that this side reads. */
  readonly bodyBytesMax: number;
  /** This side ends the session after so long without a body that it could apply. */
  readonly silenceLimitMs: number;
  /** How long a request is held when there is nothing to say. */
  readonly holdTimeMs: number;
  /** Most requests that this side wants parked, or keeps parked. */
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

/**
 * How the messages of a channel are delivered.
 *
 * - `ordered`: all of them, in the order in which they were sent.
 * - `unordered`: each as soon as it is there.
 * - `latest`: in order, and of each key only the newest: an older one that has not left is
 *   replaced, and one that comes late is dropped.
 */
export type DeliveryMode = "ordered" | "unordered" | "latest";

/** A consecutive run of whole messages: seq and index rise by one from message to message. */
export interface MessagesFrame {
  /** For telling frames apart. */
  readonly kind: "messages";
  /** The channel's number. */
  readonly channel: number;
  /** The seq of the first message. */
  readonly seq: number;
  /** The index of the first message. */
  readonly index: number;
  /** Present on `latest` channels only, one key a message. */
  readonly keys?: readonly number[];
  /** The messages themselves. */
  readonly payloads: readonly Uint8Array[];
}

/** A piece of one large message. */
export interface PartFrame {
  /** For telling frames apart. */
  readonly kind: "part";
  /** The channel's number. */
  readonly channel: number;
  /** Its seq. */
  readonly seq: number;
  /** The index of the message. */
  readonly index: number;
  /** Present on `latest` channels only. */
  readonly key?: number;
  /** Where in the message the part begins. */
  readonly offset: number;
  /** How long the whole message is. */
  readonly totalBytes: number;
  /** The bytes of the part. */
  readonly payload: Uint8Array;
}

/** Numbers whose messages were given up after they were sent, or one index given up half sent. */
export interface SkipFrame {
  /** For telling frames apart. */
  readonly kind: "skip";
  /** The channel's number. */
  readonly channel: number;
  /** The first seq that is given up. */
  readonly seq: number;
  /** The first index that is given up. */
  readonly index: number;
  /** How many seqs are given up. */
  readonly count: number;
  /** True when all seqs belong to the one message at `index` (parts). */
  readonly sharedIndex: boolean;
  /** Payload bytes that each of the skipped seqs was counted with in the windows. */
  readonly bytes: number;
}

/** A channel opens; both sides may send on it. */
export interface ChannelOpenFrame {
  /** For telling frames apart. */
  readonly kind: "channel-open";
  /** Its seq. */
  readonly seq: number;
  /** The channel's number. */
  readonly channel: number;
  /** How its messages are delivered. */
  readonly mode: DeliveryMode;
  /** What the opener calls it: at most `LABEL_BYTES_MAX` bytes. */
  readonly label: Uint8Array;
}

/** The sender's half of the channel ends before `indexEnd`. */
export interface ChannelFinishFrame {
  /** For telling frames apart. */
  readonly kind: "channel-finish";
  /** Its seq. */
  readonly seq: number;
  /** The channel's number. */
  readonly channel: number;
  /** The index that the next message would have had. */
  readonly indexEnd: number;
}

/** The channel is abandoned in both directions; also how an opening is refused. */
export interface ChannelResetFrame {
  /** For telling frames apart. */
  readonly kind: "channel-reset";
  /** Its seq. */
  readonly seq: number;
  /** The channel's number. */
  readonly channel: number;
  /** What the side that abandoned it gave as its reason: 0 to 0xfff, or one of `END_CODES`. */
  readonly code: number;
}

/** The sender will send nothing more on this session. */
export interface FinishFrame {
  /** For telling frames apart. */
  readonly kind: "finish";
  /** Its seq. */
  readonly seq: number;
  /** One of `END_CODES`, or the application's own: 1 to 0xfff. */
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
  /** One of `END_CODES`, or the application's own: 1 to 0xfff. */
  readonly code: number;
  /** UTF-8, at most `REASON_BYTES_MAX` bytes; for a log. */
  readonly reason: Uint8Array;
}

/** The content of one body. Absent fields are absent frames. */
export interface Body {
  /** First in a request of the poll link. */
  readonly request?: RequestPrefix | undefined;
  /** First in an answer of the poll link. */
  readonly answer?: AnswerPrefix | undefined;
  /** What the sender has received; missing only where it knows nothing. */
  readonly ack?: Ack;
  /** How far the receiver of this body may send. */
  readonly window?: Window | undefined;
  /** The limits at which the sender stands still. */
  readonly blocked?: Window | undefined;
  /** Who answers, where sessions outlive their server. */
  readonly owner?: Owner | undefined;
  /** The client opens the session: its parameters. */
  readonly open?: Parameters | undefined;
  /** The server has opened it: its parameters. */
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
  /** A stream may be asked for; on a pipe: the next pipe both ways may be begun. */
  readonly offer?: Offer | undefined;
  /** By which link the client hears. */
  readonly hearing?: Hearing | undefined;
  /** What the server holds of a pipe. */
  readonly pipe?: PipeState | undefined;
  /** Windows of channels, stated when they were raised. */
  readonly channelWindows: readonly ChannelWindow[];
  /** The limits of channels at which the sender stands still. */
  readonly channelsBlocked: readonly ChannelWindow[];
  /** Messages and facts, in the order of their seqs. */
  readonly numbered: readonly NumberedFrame[];
}
