// What a client with a session can say against the rules, and what it is told. Every one of these
// is readable, so that its session ends, unless it is harmless.

import type { NumberedFrame } from "../../src/core/body.ts";
import { bytesOf, CLIENT_PARAMETERS, type Script } from "../core/scripted-client.ts";

export interface Lie {
  readonly name: string;
  /** The requests after the opening; the last one's answer counts. */
  readonly scripts: readonly Script[];
  /** In place of the next number, for the last request. */
  readonly exchange?: number;
  readonly says: string;
}

const TOP = Number.MAX_SAFE_INTEGER;
/** "payload" in MessagePack. */
const payload = bytesOf("\xa7payload");

const end = (code: string): string => `200 ended 4096 ${code}`;
const FINE = "200 answer";

const channel = (id: number, seq: number): NumberedFrame => {
  return { kind: "channel-open", seq, channel: id, mode: "ordered", label: bytesOf("flood") };
};
const message = (channelId: number, seq: number, index: number): NumberedFrame => {
  return { kind: "messages", channel: channelId, seq, index, payloads: [payload] };
};
const part = (seq: number, offset: number, totalBytes: number): NumberedFrame => {
  return { kind: "part", channel: 0, seq, index: 1, offset, totalBytes, payload };
};
const numbered = (...frames: NumberedFrame[]): Script => ({ numbered: frames });

type Row = readonly [name: string, says: string, ...scripts: Script[]];

const rows: readonly Row[] = [
  ["acknowledges what was never sent", end("ack_unsent"), { ack: 1_000_000 }],
  ["acknowledges the largest number", end("ack_unsent"), { ack: TOP }],
  ["opens its window without end", FINE, { window: { seqMax: TOP, bytesMax: TOP } }],
  ["closes its window again", FINE, { window: { seqMax: 1, bytesMax: 1 } }],
  ["sends beyond the window", end("window_exceeded"), numbered(message(0, 10_000_000, 1))],
  ["sends the largest number", end("window_exceeded"), numbered(message(0, TOP - 1, 1))],
  ["sends on a channel that there is not", end("channel_unknown"), numbered(message(2, 1, 1))],
  ["opens a channel of the server's", end("channel_invalid"), numbered(channel(1, 1))],
  [
    "opens more channels than allowed",
    end("channel_limit"),
    numbered(...Array.from({ length: 300 }, (_, at) => channel(2 * at + 2, at + 1))),
  ],
  ["opens a channel of the largest number", FINE, numbered(channel(TOP - 1, 1))],
  [
    "opens a channel twice",
    end("channel_invalid"),
    numbered(channel(2, 1)),
    numbered(channel(2, 2)),
  ],
  [
    "resets a channel that there is not",
    end("channel_unknown"),
    numbered({ kind: "channel-reset", seq: 1, channel: 2, code: 1 }),
  ],
  [
    "finishes a channel before its messages",
    end("finish_invalid"),
    numbered(message(0, 1, 1), message(0, 2, 2)),
    numbered({ kind: "channel-finish", seq: 3, channel: 0, indexEnd: 1 }),
  ],
  [
    "gives one index to two messages",
    end("index_conflict"),
    numbered(message(0, 1, 1)),
    numbered(message(0, 2, 1)),
  ],
  ["declares a message of 9 PB", end("message_too_large"), numbered(part(1, 0, TOP))],
  ["declares a message of 1 TB", end("message_too_large"), numbered(part(1, 0, 2 ** 40))],
  [
    "declares two sizes of one message",
    end("part_invalid"),
    numbered(part(1, 0, 20_000)),
    numbered(part(2, 8, 30_000)),
  ],
  [
    "sends parts that overlap",
    end("part_invalid"),
    numbered(part(1, 0, 20_000)),
    numbered(part(2, 3, 20_000)),
  ],
  [
    "goes on after it has finished",
    end("finish_invalid"),
    numbered({ kind: "finish", seq: 1, code: 0 }),
    numbered(message(0, 2, 1)),
  ],
  ["says nothing about its exchange", end("prefix_missing"), { bare: true }],
  [
    "states a body of no size",
    end("parameter_invalid"),
    { open: { ...CLIENT_PARAMETERS, bodyBytesMax: 0 } },
  ],
  ["takes over with the largest incarnation", FINE, { incarnation: TOP, succeeds: [1] }],
  ["comes back as it was before", `200 superseded ${TOP}`, { incarnation: TOP, succeeds: [1] }, {}],
  [
    "sends what msgpack has not",
    end("payload_undecodable"),
    numbered(bytes(0xdb, 255, 255, 255, 255)),
    {},
  ],
  [
    "sends an array of 4 billion",
    end("payload_undecodable"),
    numbered(bytes(0xdd, 255, 255, 255, 255)),
    {},
  ],
  [
    "sends an object of 4 billion",
    end("payload_undecodable"),
    numbered(bytes(0xdf, 255, 255, 255, 255)),
    {},
  ],
  ["sends arrays in arrays, 16,000 deep", end("payload_undecodable"), numbered(deep(16_000)), {}],
  ["sends arrays in arrays, 2,000 deep", end("payload_undecodable"), numbered(deep(2_000)), {}],
  [
    "sends a value that contains itself",
    end("payload_undecodable"),
    numbered(bytes(0xd6, 0x69, 0, 0, 0, 1, 0x91, 0xd6, 0x70, 0, 0, 0, 1)),
    {},
  ],
  ["sends an empty payload", end("payload_undecodable"), numbered(bytes()), {}],
  [
    "ends the session and goes on",
    "200 ended 7 enough",
    { ended: { code: 7, reason: bytesOf("enough") } },
    numbered(message(0, 1, 1)),
  ],
];

function bytes(...values: number[]): NumberedFrame {
  return { kind: "messages", channel: 0, seq: 1, index: 1, payloads: [Uint8Array.from(values)] };
}

function deep(levels: number): NumberedFrame {
  const payloads = [new Uint8Array(levels).fill(0x91)];
  return { kind: "messages", channel: 0, seq: 1, index: 1, payloads };
}

export const LIES: readonly Lie[] = [
  ...rows.map(([name, says, ...scripts]) => ({ name, says, scripts })),
  {
    name: "jumps 300 exchanges ahead",
    scripts: [{ overThrough: 0 }],
    exchange: 300,
    says: end("exchange_invalid"),
  },
  {
    name: "uses the largest exchange",
    scripts: [{ overThrough: 0 }],
    exchange: TOP,
    says: end("exchange_invalid"),
  },
  { name: "is done with all but the largest exchange", scripts: [{}], exchange: TOP, says: FINE },
];
