// Frames at the edges of what may be written and read.

import { describe, expect, test } from "vitest";
import type { NumberedFrame } from "../../src/core/body.ts";
import { readBody, readHead } from "../../src/core/body-reader.ts";
import { encodeBody } from "../../src/core/body-writer.ts";
import { InvariantError } from "../../src/core/errors.ts";
import { END_CODES } from "../../src/core/half.ts";
import { BODY_BYTES_FLOOR, INTEGER_MAX, ROOM_BYTES_MIN } from "../../src/core/limits.ts";
import { Bench, reseal, ScriptedClient, textOf } from "./scripted-client.ts";

const sessionId = new Uint8Array(16);

function written(...numbered: NumberedFrame[]): Uint8Array {
  const body = { channelWindows: [], channelsBlocked: [], numbered };
  return encodeBody(body, { direction: 1, checksum: "none", sessionId });
}

function readAgain(...numbered: NumberedFrame[]): readonly NumberedFrame[] {
  const bytes = written(...numbered);
  return readBody(bytes, readHead(bytes, 1e6), sessionId).numbered;
}

const of = (bytes: number, count: number): Uint8Array[] =>
  Array.from({ length: count }, () => new Uint8Array(bytes));

describe("a run of messages", () => {
  const run = { kind: "messages", channel: 0, index: 1 } as const;

  test("[RUN-3] is of one message at least, each with its key", () => {
    expect(() => written({ ...run, seq: 1, payloads: [] })).toThrow(/count_invalid/);
    const one = { ...run, seq: 1, payloads: of(1, 1) };
    expect(() => written({ ...one, keys: [1, 2] })).toThrow(/count_invalid/);
    expect(() => written({ ...one, keys: [] })).toThrow(/count_invalid/);
  });

  test("[RUN-4] keeps its key, though it is the last of a body and on channel 0", () => {
    const frame: NumberedFrame = { ...run, seq: 1, keys: [7], payloads: of(3, 1) };

    expect(readAgain(frame)).toEqual([frame]);
  });

  test("[RUN-2] ends at the largest seq in whatever frame of several it is written", () => {
    // Two stretches of equal lengths: each has a frame of its own.
    const payloads = [...of(1, 64), ...of(2, 64), ...of(3, 4)];
    const last: NumberedFrame = { ...run, seq: INTEGER_MAX - 131, payloads };
    expect(readAgain(last).length).toBeGreaterThan(2);

    expect(() => written({ ...last, seq: INTEGER_MAX - 130 })).toThrow(InvariantError);
  });
});

test("[PAR-1] parameters rise: one that comes twice is refused", () => {
  const bench = new Bench();
  const client = new ScriptedClient(bench);
  const hex = Buffer.from(client.encode(1, { open: true })).toString("hex");
  // One parameter more, three bytes longer: the first one again.
  const [, length = ""] = /^..(4...)/.exec(hex) ?? [];
  const longer = (Number.parseInt(length, 16) + 3).toString(16);
  const doubled = hex.replace(length, longer).replace("08080140ff", "08090140ff0140ff");
  bench.deliver(
    reseal(Uint8Array.from(Buffer.from(doubled, "hex"))),
    client.origin,
    client.sessionId,
  );

  const [answer] = bench.take();
  expect(doubled.length).toBe(hex.length + 6);
  expect(textOf(answer?.body.ended?.reason ?? sessionId)).toBe("parameter_invalid");
});

describe("a part", () => {
  test("has a key where it was written with one, and none where it was not", () => {
    const part = { kind: "part", channel: 2, seq: 1, index: 1, offset: 0, totalBytes: 9 } as const;
    const payload = new Uint8Array(9);
    const [without] = readAgain({ ...part, payload });
    const [withKey] = readAgain({ ...part, key: 7, payload });

    expect(Object.hasOwn(without ?? {}, "key")).toBe(false);
    expect(without).toStrictEqual({ ...part, payload });
    expect(withKey).toStrictEqual({ ...part, key: 7, payload });
  });
});

describe("parameters", () => {
  test("[PAR-1] are stated once each", () => {
    const client = new ScriptedClient(new Bench());
    const bytes = client.encode(1, { open: true });
    // Eight of them; the first is channelsMax, 255, the second is channelUnits, 256.
    const stated = [8, 1, 0x40, 255, 2, 0x41, 0];
    const at = bytes.findIndex((_, start) => stated.every((each, k) => bytes[start + k] === each));
    expect(at).toBeGreaterThan(0);
    bytes[at + 4] = 1;

    client.bench.deliver(reseal(bytes), client.origin, client.sessionId);

    const [answer] = client.bench.take();
    expect(answer?.body.ended?.code).toBe(END_CODES.protocol);
    expect(textOf(answer?.body.ended?.reason ?? sessionId)).toBe("parameter_invalid");
  });
});

describe("the smallest body", () => {
  test("has room for a part of the smallest size twice over", () => {
    expect(BODY_BYTES_FLOOR).toBe(2 * ROOM_BYTES_MIN);
    expect(ROOM_BYTES_MIN).toBe(2_048);
  });
});
