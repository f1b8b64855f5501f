// One body or more for each type of frame, both bounds of its numbers among them: what
// spec/vectors/frames.json is made from.

import type { Address, Body, ChecksumKind, Direction, NumberedFrame } from "../../src/core/body.ts";

export interface FrameCase {
  readonly name: string;
  /** The frame that the case is about, as spec/protocol.md names it. */
  readonly frame: string;
  readonly direction: Direction;
  readonly checksum: ChecksumKind;
  readonly sessionId: Uint8Array;
  readonly address?: Address;
  readonly body: Body;
}

const top = Number.MAX_SAFE_INTEGER;
export const nonce: Uint8Array = rising(16, 0xa0);
const parameters = {
  channelsMax: 0,
  channelUnits: 63,
  channelBytes: 64,
  messageBytesMax: 16_383,
  bodyBytesMax: 16_384,
  silenceLimitMs: 2 ** 30 - 1,
  holdTimeMs: top,
  parkedMax: 64,
};

/** `length` bytes that rise from `first`. */
export function rising(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, k) => first + k);
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** A body with nothing but the given fields. */
export function bodyOf(fields: Partial<Body>): Body {
  return { channelWindows: [], channelsBlocked: [], numbered: [], ...fields };
}

function plain(
  frame: string,
  name: string,
  direction: Direction,
  fields: Partial<Body>,
): FrameCase {
  return { name, frame, direction, checksum: "none", sessionId: nonce, body: bodyOf(fields) };
}

function numbered(frame: string, name: string, ...frames: NumberedFrame[]): FrameCase {
  return plain(frame, name, 0, { numbered: frames });
}

const flatRanges = Array.from({ length: 256 }, (_, k) => [3 + 3 * k, 4 + 3 * k]).flat();
const sixteen = Array.from({ length: 16 }, (_, k) => 1 + k * 2 ** 24);
const parkedMany = Array.from({ length: 64 }, (_, k) => 2 + 2 * k);

const bodies: FrameCase[] = [
  plain("Body", "a keep-alive of the request side", 0, {}),
  plain("Body", "a keep-alive of the park side", 1, {}),
  {
    ...plain("Body", "a keep-alive with a checksum", 1, {}),
    checksum: "xxh32",
  },
  {
    ...plain("Body", "an address with the least of everything", 0, {}),
    checksum: "xxh32",
    address: { sessionId: nonce, proof: rising(0), incarnation: 1, link: 0 },
  },
  {
    ...plain("Body", "an address with the most of everything", 1, {}),
    checksum: "xxh32",
    sessionId: rising(48),
    address: { sessionId: rising(48), proof: rising(64), incarnation: top, link: top },
  },
  {
    ...plain("Body", "an address without a checksum", 0, {}),
    address: { sessionId: nonce, proof: rising(63), incarnation: 64, link: 1 },
  },
  {
    ...plain("Body", "a request as it looks on the poll link", 0, {
      request: { exchange: 5, overThrough: 3, over: [], lastAnswered: 3, sinceMs: 12 },
      ack: { receivedThrough: 9, heldThrough: 9, ranges: [] },
      window: { seqMax: 1033, bytesMax: 1_048_576 },
      numbered: [{ kind: "messages", channel: 0, seq: 7, index: 7, payloads: [text("hello")] }],
    }),
    checksum: "xxh32",
    address: { sessionId: nonce, proof: rising(32), incarnation: 1, link: 0 },
  },
];

const exchanges: FrameCase[] = [
  plain("REQUEST", "the first request", 0, {
    request: { exchange: 1, overThrough: 0, over: [], lastAnswered: 0, sinceMs: 0 },
  }),
  plain("REQUEST", "the last request, with ranges up to its bounds", 0, {
    request: {
      exchange: top,
      overThrough: 1,
      over: [3, 3, 5, top - 1],
      lastAnswered: top - 1,
      sinceMs: top,
    },
  }),
  plain("ANSWER", "the first answer", 1, {
    answer: { exchange: 1, heldMs: 0, parkedWanted: 0, answered: [1, 1], parked: [] },
  }),
  plain("ANSWER", "numbers up to their bounds", 1, {
    answer: {
      exchange: top,
      heldMs: top,
      parkedWanted: 64,
      answered: [2, 4, 6, 6, top, top],
      parked: [1, 65, top],
    },
  }),
  plain("ANSWER", "as many ranges and parked requests as there may be", 1, {
    answer: {
      exchange: 771,
      heldMs: 64,
      parkedWanted: 1,
      answered: flatRanges,
      parked: parkedMany,
    },
  }),
];

const acknowledgements: FrameCase[] = [
  plain("ACK_ALL", "nothing received", 0, {
    ack: { receivedThrough: 0, heldThrough: 0, ranges: [] },
  }),
  plain("ACK_ALL", "everything received and held", 1, {
    ack: { receivedThrough: top, heldThrough: top, ranges: [] },
  }),
  plain("ACK", "received and not yet held", 0, {
    ack: { receivedThrough: 64, heldThrough: 0, ranges: [] },
  }),
  plain("ACK", "holes at the closest and at the widest", 1, {
    ack: { receivedThrough: 0, heldThrough: 0, ranges: [2, 2, 4, 67, 132, top] },
  }),
  plain("ACK", "a hole below the last number", 1, {
    ack: { receivedThrough: top - 2, heldThrough: 1, ranges: [top, top] },
  }),
];

const windows: FrameCase[] = [
  plain("WINDOW", "least", 0, { window: { seqMax: 0, bytesMax: 0 } }),
  plain("WINDOW", "most", 1, { window: { seqMax: top, bytesMax: top } }),
  plain("BLOCKED", "least", 1, { blocked: { seqMax: 0, bytesMax: 63 } }),
  plain("BLOCKED", "most", 0, { blocked: { seqMax: 16_383, bytesMax: top } }),
  plain("OWNER", "least", 1, { owner: { epoch: 0, generation: 0, hint: rising(0) } }),
  plain("OWNER", "most", 0, { owner: { epoch: top, generation: top, hint: rising(64) } }),
];

const lives: FrameCase[] = [
  plain("OPEN", "a value of each size", 0, { open: parameters }),
  plain("OPENED", "a value of each size", 1, { opened: parameters }),
  plain("REFUSED", "least", 1, { refused: { code: 0, reason: rising(0) } }),
  plain("REFUSED", "most", 1, { refused: { code: top, reason: rising(128) } }),
  plain("UNKNOWN", "a nonce", 1, { unknown: nonce }),
  plain("UNREADABLE", "from the park side", 1, { unreadable: true }),
  plain("UNREADABLE", "from the request side", 0, { unreadable: true }),
  plain("ENDED", "least", 0, { ended: { code: 0, reason: rising(0) } }),
  plain("ENDED", "most, beside what was received", 1, {
    ack: { receivedThrough: 3, heldThrough: 3, ranges: [] },
    ended: { code: top, reason: rising(128) },
  }),
  plain("SUPERSEDED", "least", 1, { superseded: 1 }),
  plain("SUPERSEDED", "most", 1, { superseded: top }),
  plain("PAUSE", "least", 1, { pauseMs: 0 }),
  plain("PAUSE", "most", 1, { pauseMs: 3_600_000 }),
  plain("SUCCEEDS", "least", 0, { succeeds: [1] }),
  plain("SUCCEEDS", "most", 0, { succeeds: sixteen }),
];

const pipes: FrameCase[] = [
  plain("OFFER", "least", 0, { offer: { link: 1, ticket: rising(16) } }),
  plain("OFFER", "most", 0, { offer: { link: top, ticket: rising(16, 0xf0) } }),
  plain("LINK", "least", 0, { hearing: { link: 1, fromExchange: 1 } }),
  plain("LINK", "most", 0, { hearing: { link: top, fromExchange: top } }),
  plain("PIPE", "least: the server holds none", 1, {
    pipe: { link: 0, bodies: 0, ageMs: 0, silenceMs: 0, isEnding: false },
  }),
  plain("PIPE", "most", 1, {
    pipe: { link: top, bodies: top, ageMs: top, silenceMs: top, isEnding: true },
  }),
  {
    ...plain("PIPE", "a greeting", 1, {
      ack: { receivedThrough: 0, heldThrough: 0, ranges: [] },
      window: { seqMax: 262_144, bytesMax: 16_777_216 },
      owner: { epoch: 0, generation: 270_370, hint: rising(0) },
      pipe: { link: 1, bodies: 1, ageMs: 0, silenceMs: 15_000, isEnding: false },
    }),
    checksum: "xxh32",
  },
];

const channels: FrameCase[] = [
  numbered("CHANNEL_OPEN", "least", {
    kind: "channel-open",
    seq: 1,
    channel: 1,
    mode: "ordered",
    label: rising(0),
  }),
  numbered("CHANNEL_OPEN", "unordered, with a label", {
    kind: "channel-open",
    seq: 64,
    channel: 2,
    mode: "unordered",
    label: text("cursors"),
  }),
  numbered("CHANNEL_OPEN", "most", {
    kind: "channel-open",
    seq: top,
    channel: top,
    mode: "latest",
    label: rising(256),
  }),
  numbered("CHANNEL_FINISH", "least", { kind: "channel-finish", seq: 1, channel: 0, indexEnd: 1 }),
  numbered("CHANNEL_FINISH", "most", {
    kind: "channel-finish",
    seq: top,
    channel: top,
    indexEnd: top,
  }),
  numbered("CHANNEL_RESET", "least", { kind: "channel-reset", seq: 1, channel: 1, code: 0 }),
  numbered("CHANNEL_RESET", "most", { kind: "channel-reset", seq: top, channel: top, code: top }),
  numbered("FINISH", "least", { kind: "finish", seq: 1, code: 0 }),
  numbered("FINISH", "most", { kind: "finish", seq: top, code: top }),
  plain("CHANNEL_WINDOW", "least and most", 0, {
    channelWindows: [
      { channel: 0, unitsMax: 0, bytesMax: 0 },
      { channel: top, unitsMax: top, bytesMax: top },
    ],
  }),
  plain("CHANNEL_BLOCKED", "least and most", 1, {
    channelsBlocked: [
      { channel: 0, unitsMax: 0, bytesMax: 0 },
      { channel: top, unitsMax: top, bytesMax: top },
    ],
  }),
];

const equal = Array.from({ length: 64 }, (_, k) => Uint8Array.of(k));

const messages: FrameCase[] = [
  numbered("MESSAGES", "two messages of one byte", {
    kind: "messages",
    channel: 0,
    seq: 1,
    index: 1,
    payloads: [text("a"), text("b")],
  }),
  numbered("MESSAGES", "up to the last seq", {
    kind: "messages",
    channel: top,
    seq: top - 1,
    index: 1,
    payloads: [rising(64), rising(64, 64)],
  }),
  numbered(
    "MESSAGES",
    "64 equal lengths, cut from their neighbours",
    { kind: "messages", channel: 1, seq: 100, index: 10, payloads: [text(""), text("xyz")] },
    { kind: "messages", channel: 1, seq: 102, index: 12, payloads: equal },
    { kind: "messages", channel: 1, seq: 166, index: 76, payloads: [text("end")] },
  ),
  numbered("MESSAGES_VARIED", "one empty message on another channel", {
    kind: "messages",
    channel: 2,
    seq: 1,
    index: 1,
    payloads: [rising(0)],
  }),
  numbered("MESSAGES_VARIED", "lengths of one and of two bytes", {
    kind: "messages",
    channel: 0,
    seq: 70,
    index: 6,
    payloads: [rising(63), rising(64), rising(0), rising(0)],
  }),
  numbered("MESSAGES_VARIED", "one message up to the bounds of its numbers", {
    kind: "messages",
    channel: top,
    seq: top,
    index: 1,
    payloads: [text("x")],
  }),
  numbered("MESSAGES_KEYED", "one message with key 0", {
    kind: "messages",
    channel: 2,
    seq: 1,
    index: 1,
    keys: [0],
    payloads: [rising(0)],
  }),
  numbered("MESSAGES_KEYED", "keys in any order, up to their bound", {
    kind: "messages",
    channel: 4,
    seq: 9,
    index: 8,
    keys: [top, 64, 64],
    payloads: [text("one"), text("two"), text("three")],
  }),
  numbered("MESSAGE_LAST", "empty", {
    kind: "messages",
    channel: 0,
    seq: 1,
    index: 1,
    payloads: [rising(0)],
  }),
  numbered(
    "MESSAGE_LAST",
    "behind a run, up to the last seq",
    { kind: "messages", channel: 0, seq: 5, index: 5, payloads: [text("a"), text("bc")] },
    { kind: "messages", channel: 0, seq: top, index: top - 64, payloads: [text("last")] },
  ),
];

const parts: FrameCase[] = [
  numbered("PART", "a whole message of one byte", {
    kind: "part",
    channel: 0,
    seq: 1,
    index: 1,
    offset: 0,
    totalBytes: 1,
    payload: text("x"),
  }),
  numbered("PART", "the end of the largest message", {
    kind: "part",
    channel: top,
    seq: top,
    index: 1,
    offset: top - 3,
    totalBytes: top,
    payload: text("end"),
  }),
  numbered("PART_KEYED", "the beginning of a message", {
    kind: "part",
    channel: 2,
    seq: 65,
    index: 2,
    key: 0,
    offset: 0,
    totalBytes: 100_000,
    payload: rising(70),
  }),
  numbered("PART_KEYED", "the middle of a message, with the largest key", {
    kind: "part",
    channel: 2,
    seq: 66,
    index: 2,
    key: top,
    offset: 70,
    totalBytes: 100_000,
    payload: rising(2),
  }),
  numbered("SKIP", "one message", {
    kind: "skip",
    channel: 0,
    seq: 1,
    index: 1,
    count: 1,
    sharedIndex: false,
    bytes: 0,
  }),
  numbered("SKIP", "as many seqs as there may be, up to the last one", {
    kind: "skip",
    channel: top,
    seq: top - 16_383,
    index: 1,
    count: 16_384,
    sharedIndex: false,
    bytes: top,
  }),
  numbered("SKIP_PARTS", "three parts of one message", {
    kind: "skip",
    channel: 2,
    seq: 65,
    index: 2,
    count: 3,
    sharedIndex: true,
    bytes: 100_000,
  }),
];

export const frameCases: readonly FrameCase[] = [
  ...bodies,
  ...exchanges,
  ...acknowledgements,
  ...windows,
  ...lives,
  ...pipes,
  ...channels,
  ...messages,
  ...parts,
];
