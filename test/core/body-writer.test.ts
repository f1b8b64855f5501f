import { describe, expect, test } from "vitest";
import type { Body, MessagesFrame, NumberedFrame } from "../../src/core/body.ts";
import { readBody, readHead } from "../../src/core/body-reader.ts";
import {
  bodyBytes,
  type BodyOptions,
  encodeBody,
  writeVersions,
} from "../../src/core/body-writer.ts";
import { InvariantError } from "../../src/core/errors.ts";
import { writeNumbered } from "../../src/core/numbered-frames.ts";
import { StoredRun } from "../../src/core/stored-run.ts";
import { varintBytes } from "../../src/core/varint.ts";
import { Wire } from "../../src/core/wire.ts";
import { bodyOf, nonce, rising } from "../vectors/frame-cases.ts";
import { toHex } from "../vectors/hex.ts";

const top = Number.MAX_SAFE_INTEGER;
const asks: BodyOptions = { direction: 0, checksum: "none", sessionId: nonce };
const answers: BodyOptions = { direction: 1, checksum: "none", sessionId: nonce };

/** Most bytes of a run's head with its count; spec 3.10. */
const RUN_HEAD_BYTES_MAX = 29;

/** The size of a frame with something behind it. */
function numberedBytes(frame: NumberedFrame): number {
  const writer = Wire.writer(0);
  writeNumbered(writer, frame, false);
  return writer.position;
}

function runOf(lengths: readonly number[], fields: Partial<MessagesFrame> = {}): MessagesFrame {
  const payloads = lengths.map((length, k) => new Uint8Array(length).fill(k));
  return { kind: "messages", channel: 1, seq: 1, index: 1, payloads, ...fields };
}

function repeated(length: number, count: number): number[] {
  return Array.from({ length: count }, () => length);
}

/** How many payloads each frame on the wire has. */
function cuts(lengths: readonly number[], fields: Partial<MessagesFrame> = {}): number[] {
  const bytes = encodeBody(bodyOf({ numbered: [runOf(lengths, fields)] }), asks);
  const body = readBody(bytes, readHead(bytes, bytes.length), nonce);
  return body.numbered.map((frame) => (frame.kind === "messages" ? frame.payloads.length : 0));
}

describe("a run of messages", () => {
  test.each([
    [[5], [1]],
    [[5, 5], [2]],
    [[0, 0], [2]],
    [[5, 6, 7], [3]],
    [repeated(5, 63), [63]],
    [[1, ...repeated(5, 63)], [64]],
    [
      [1, ...repeated(5, 64)],
      [1, 64],
    ],
    [
      [...repeated(5, 64), 1],
      [64, 1],
    ],
    [
      [...repeated(5, 64), 1, 1, ...repeated(5, 64)],
      [64, 2, 64],
    ],
    [
      [...repeated(5, 64), ...repeated(6, 64)],
      [64, 64],
    ],
    [repeated(0, 200), [200]],
    [[1, ...repeated(0, 200), 1], [202]],
  ])("of the lengths %j is cut into %j", (lengths, expected) => {
    expect(cuts(lengths)).toEqual(expected);
  });

  test("is whole where what stands between payloads takes more room than was made", () => {
    const lengths = Array.from({ length: 15_000 }, (_, at) => 1 + (at % 2));
    const run = StoredRun.of(runOf(lengths));
    const bytes = encodeBody(bodyOf({ numbered: [run] }), asks);
    const body = readBody(bytes, readHead(bytes, bytes.length), nonce);
    expect(bytes.length).toBeGreaterThan(run.payloadBytes + 10_000);
    expect(body.numbered).toMatchObject([{ payloads: runOf(lengths).payloads }]);
  });

  test("with keys is never cut", () => {
    expect(cuts(repeated(5, 64), { keys: repeated(0, 64), channel: 2 })).toEqual([64]);
  });

  test("[RUN-4] ends in the short form on channel 0 only", () => {
    const last = (channel: number): string =>
      toHex(encodeBody(bodyOf({ numbered: [runOf([1], { channel })] }), asks));

    expect(last(0)).toBe("100437010000");
    expect(last(1)).toBe("100731010100010100");
  });

  test("that was joined is written as it was before", () => {
    const whole = runOf([...repeated(5, 64), 1], { channel: 0 });
    const halves = [
      runOf(repeated(5, 64), { channel: 0 }),
      runOf([1], { channel: 0, seq: 65, index: 65, payloads: whole.payloads.slice(64) }),
    ];

    expect(encodeBody(bodyOf({ numbered: [whole] }), asks)).toEqual(
      encodeBody(bodyOf({ numbered: halves }), asks),
    );
  });
});

describe("sizes", () => {
  test("of a run's head are largest for the largest numbers", () => {
    const count = 2 ** 14;
    const run = runOf(repeated(0, count), { channel: top, seq: top - count + 1, index: 1 });

    // The length of an empty message takes a byte.
    expect(numberedBytes(run)).toBe(RUN_HEAD_BYTES_MAX + count);
  });

  test("of the worst cut stay below those of the run in one frame", () => {
    const lengths = Array.from({ length: 8 }, () => [1, ...repeated(2, 64)]).flat();
    const run = runOf(lengths, { channel: top, seq: top - lengths.length, index: 1 });
    const uncut = RUN_HEAD_BYTES_MAX + lengths.reduce((sum, n) => sum + varintBytes(n) + n, 0);

    expect(cuts(lengths, run).length).toBe(16);
    expect(numberedBytes(run)).toBeLessThan(uncut);
  });

  // The example of spec 3.10.
  test("of a thousand messages of 64 bytes are 9 bytes more than their payloads", () => {
    const fields = { channel: 0, seq: 5000, index: 5000 };

    expect(numberedBytes(runOf(repeated(64, 1000), fields))).toBe(64_000 + 9);
    expect(numberedBytes(runOf([63, ...repeated(64, 2), 65], fields))).toBe(256 + 6 + 7);
    const one = bodyOf({ numbered: [runOf([64], fields)] });
    expect(bodyBytes(one, asks) - bodyBytes(bodyOf({}), asks)).toBe(64 + 4 + 1);
  });
});

describe("a written body", () => {
  test("is as long as was counted, and its own: the next one does not change it", () => {
    const options: BodyOptions = { ...asks, checksum: "xxh32" };
    const body = bodyOf({ numbered: [runOf([7])] });
    const first = encodeBody(body, options);
    const kept = first.slice();

    encodeBody(bodyOf({ numbered: [runOf([9, 8])] }), options);

    expect(first).toEqual(kept);
    expect(first.length).toBe(bodyBytes(body, options));
    expect(first.buffer.byteLength).toBe(first.length);
  });

  test("may be larger than any before", () => {
    for (const bytes of [100, 5_000, 70_000, 3_000_000, 10]) {
      const body = bodyOf({ numbered: [runOf([bytes, 1])] });
      const written = encodeBody(body, asks);
      expect(written.length).toBe(bodyBytes(body, asks));
      const read = readBody(written, readHead(written, written.length), nonce);
      const [frame] = read.numbered as MessagesFrame[];
      // As buffers: to compare millions of numbers one by one takes seconds.
      const payloads = frame?.payloads.map((payload) => Buffer.from(payload));
      expect(payloads?.map((payload) => payload.length)).toEqual([bytes, 1]);
      expect(payloads?.[0]?.equals(new Uint8Array(bytes))).toBe(true);
      expect(payloads?.[1]?.[0]).toBe(1);
    }
  });
});

describe("what the wire does not allow is the caller's bug", () => {
  const request = { exchange: 3, overThrough: 0, over: [], lastAnswered: 0, sinceMs: 0 };
  const answer = { exchange: 1, heldMs: 0, parkedWanted: 0, answered: [], parked: [] };
  const ack = { receivedThrough: 0, heldThrough: 0, ranges: [] };
  const ending = { code: 0, reason: rising(0) };
  const open = {
    channelsMax: 0,
    channelUnits: 0,
    channelBytes: 0,
    messageBytesMax: 0,
    bodyBytesMax: 0,
    silenceLimitMs: 0,
    holdTimeMs: 0,
    parkedMax: 0,
  };
  const many = (count: number): number[] => Array.from({ length: count }, (_, k) => 2 + 2 * k);

  test.each<[string, Partial<Body>]>([
    ["[REQ-1] over through itself", { request: { ...request, overThrough: 3 } }],
    ["[REQ-1] itself over", { request: { ...request, over: [2, 3] } }],
    ["[REQ-2] itself answered", { request: { ...request, lastAnswered: 3 } }],
    ["[INT-4] exchange 0", { request: { ...request, exchange: 0 } }],
    ["[INT-2] too large a number", { request: { ...request, sinceMs: top + 1 } }],
    ["a negative number", { request: { ...request, sinceMs: -1 } }],
    ["[RNG-1] a range that touches the mark", { ack: { ...ack, ranges: [1, 1] } }],
    ["[RNG-1] ranges that touch", { ack: { ...ack, ranges: [2, 3, 4, 5] } }],
    ["[RNG-1] ranges that fall", { ack: { ...ack, ranges: [5, 6, 2, 3] } }],
    ["a range that ends before it begins", { ack: { ...ack, ranges: [3, 2] } }],
    ["half a range", { ack: { ...ack, ranges: [3] } }],
    ["[RNG-3] too many ranges", { ack: { ...ack, ranges: many(514) } }],
    ["[RNG-4] a range beyond its limit", { ack: { ...ack, ranges: [2, top + 1] } }],
    ["[RCV-1] held beyond received", { ack: { ...ack, heldThrough: 1 } }],
    ["[LIFE-1] too long a hint", { owner: { epoch: 0, generation: 0, hint: rising(65) } }],
    ["[LIFE-2] too long a reason", { ended: { code: 0, reason: rising(129) } }],
    ["[FRAME-4] an answer", { answer }],
    ["[FRAME-4] opened", { opened: open }],
    ["[FRAME-4] refused", { refused: ending }],
    ["[FRAME-4] unknown", { unknown: nonce }],
    ["[FRAME-4] superseded", { superseded: 1 }],
    ["[FRAME-4] a pause", { pauseMs: 1 }],
    ["[LIFE-6] that it succeeds nobody", { succeeds: [] }],
    ["[LIFE-6] that it succeeds 17 lives", { succeeds: many(17) }],
    ["[LIFE-6] that it succeeds one life twice", { succeeds: [3, 3] }],
  ])("in a request: %s", (_name, fields) => {
    expect(() => bodyBytes(bodyOf(fields), asks)).toThrow(InvariantError);
    expect(() => encodeBody(bodyOf(fields), asks)).toThrow(InvariantError);
  });

  test.each<[string, Partial<Body>]>([
    ["[INT-4] exchange 0", { answer: { ...answer, exchange: 0 } }],
    ["[ANS-1] too many wanted", { answer: { ...answer, parkedWanted: 65 } }],
    ["[ANS-2] too many parked", { answer: { ...answer, parked: many(65) } }],
    ["[ANS-3] parked twice", { answer: { ...answer, parked: [2, 2] } }],
    ["[ANS-3] exchange 0 parked", { answer: { ...answer, parked: [0] } }],
    ["[RNG-2] exchange 0 answered", { answer: { ...answer, answered: [0, 0] } }],
    ["[LIFE-3] a short nonce", { unknown: rising(15) }],
    ["[LIFE-4] incarnation 0", { superseded: 0 }],
    ["[LIFE-5] too long a pause", { pauseMs: 3_600_001 }],
    ["[FRAME-4] a request", { request }],
    ["[FRAME-4] that it succeeds a life", { succeeds: [1] }],
    ["[FRAME-4] an open", { open }],
  ])("in an answer: %s", (_name, fields) => {
    expect(() => bodyBytes(bodyOf(fields), answers)).toThrow(InvariantError);
  });

  const part = { kind: "part" as const, channel: 0, seq: 1, index: 1, offset: 0, totalBytes: 2 };
  const skip = {
    kind: "skip" as const,
    channel: 0,
    seq: 1,
    index: 1,
    bytes: 0,
    sharedIndex: false,
  };
  const opening = {
    kind: "channel-open" as const,
    seq: 1,
    channel: 1,
    mode: "ordered" as const,
    label: rising(0),
  };

  test.each<[string, NumberedFrame]>([
    ["[INT-4] seq 0", { kind: "finish", seq: 0, code: 0 }],
    ["[INT-4] index 0", runOf([1], { index: 0 })],
    ["[RUN-1] an index above its seq", runOf([1], { index: 2 })],
    ["[RUN-2] a run beyond the last seq", runOf([1, 1], { seq: top })],
    ["an empty run", runOf([])],
    ["[RUN-5] too many messages", runOf(repeated(0, 16_385))],
    ["too few keys", runOf([1, 2], { keys: [1] })],
    ["[PART-1] an empty part", { ...part, payload: rising(0) }],
    ["[PART-2] a part beyond its message", { ...part, payload: rising(3) }],
    ["[SKIP-1] a skip of nothing", { ...skip, count: 0 }],
    ["[RUN-2] a skip beyond the last seq", { ...skip, count: 2, seq: top }],
    ["[FACT-1] channel 0 opened", { ...opening, channel: 0 }],
    ["[FACT-2] another mode", { ...opening, mode: "newest" as "latest" }],
    ["[FACT-3] too long a label", { ...opening, label: new Uint8Array(257) }],
    ["[FACT-1] channel 0 reset", { kind: "channel-reset", seq: 1, channel: 0, code: 0 }],
    ["[FACT-4] index end 0", { kind: "channel-finish", seq: 1, channel: 0, indexEnd: 0 }],
  ])("in a frame: %s", (_name, frame) => {
    expect(() => numberedBytes(frame)).toThrow(InvariantError);
    expect(() => encodeBody(bodyOf({ numbered: [frame] }), asks)).toThrow(InvariantError);
  });

  test("[RUN-5] too many messages in several runs", () => {
    const numbered = [runOf(repeated(0, 16_384)), runOf([0], { seq: 16_385, index: 1 })];

    expect(() => bodyBytes(bodyOf({ numbered }), asks)).toThrow(InvariantError);
  });

  test("[FRAME-6] too many frames", () => {
    const window = { channel: 0, unitsMax: 0, bytesMax: 0 };
    const channelWindows = Array.from({ length: 32_769 }, () => window);

    expect(() => bodyBytes(bodyOf({ channelWindows }), asks)).toThrow(InvariantError);
    expect(bodyBytes(bodyOf({ channelWindows: channelWindows.slice(1) }), asks)).toBe(131_077);
  });

  test.each<[string, Partial<BodyOptions>]>([
    ["[ADDR-1] a short identifier", { sessionId: rising(15) }],
    ["[ADDR-1] a long identifier", { sessionId: rising(49) }],
    [
      "[SUM-3] the address of another session",
      { address: { sessionId: rising(16), proof: rising(0), incarnation: 1, link: 0 } },
    ],
    [
      "[SUM-3] the address of a longer session",
      { address: { sessionId: rising(17), proof: rising(0), incarnation: 1, link: 0 } },
    ],
    [
      "[ADDR-1] too long a proof",
      { address: { sessionId: nonce, proof: rising(65), incarnation: 1, link: 0 } },
    ],
    [
      "[ADDR-1] incarnation 0",
      { address: { sessionId: nonce, proof: rising(0), incarnation: 0, link: 0 } },
    ],
  ])("in the options: %s", (_name, options) => {
    expect(() => encodeBody(bodyOf({}), { ...asks, ...options })).toThrow(InvariantError);
  });

  test.each([[[]], [[0]], [[16]], [[1, 1]], [[2, 1]], [Array.from({ length: 16 }, () => 1)]])(
    "[VER-2] in a list of versions: %j",
    (versions) => {
      expect(() => writeVersions(versions)).toThrow(InvariantError);
    },
  );

  test("in a reader: bytes that are not there", () => {
    const reader = Wire.reader(rising(4), 1, 3);

    expect(() => reader.view(undefined, 3)).toThrow(InvariantError);
    expect(() => Wire.reader(rising(4), 3, 5)).toThrow(InvariantError);
    expect(reader.type() + reader.type()).toBe(3);
    expect(() => reader.type()).toThrow(InvariantError);
  });

  test("in a writer: bytes of another length than stated", () => {
    expect(() => Wire.writer(0).view(rising(4), 3)).toThrow(InvariantError);
  });
});
