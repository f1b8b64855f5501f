// What a bundle makes of the frames that are put into it: which messages share a frame, which
// openings go along, which seqs are carried, and that the room it counts is enough.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChannelOpenFrame, MessagesFrame, NumberedFrame } from "../../src/core/body.ts";
import { encodeBody } from "../../src/core/body-writer.ts";
import {
  Bundle,
  FACT_OVERHEAD,
  MESSAGE_OVERHEAD,
  PART_OVERHEAD,
  SKIP_OVERHEAD,
} from "../../src/core/bundle.ts";
import { INTEGER_MAX } from "../../src/core/limits.ts";
import { NO_KEY } from "../../src/core/send-ring.ts";

const NONE = (): undefined => undefined;
const SESSION_ID = new Uint8Array(16);
/** A type and four integers; and what a key adds. */
const RUN_BYTES = 33;
const KEY_BYTES = 8;

function bundleOf(room = 1_000, openingOf: (id: number) => ChannelOpenFrame | undefined = NONE) {
  return new Bundle(1, room, 100, openingOf);
}

function opening(channel: number, seq: number, labelBytes = 3): ChannelOpenFrame {
  const label = new Uint8Array(labelBytes);
  return { kind: "channel-open", seq, channel, mode: "ordered", label };
}

/** What the frames take in a body. */
function written(frames: readonly NumberedFrame[]): number {
  const size = (numbered: NumberedFrame[]): number =>
    encodeBody(
      { channelWindows: [], channelsBlocked: [], numbered },
      { direction: 1, checksum: "none", sessionId: SESSION_ID },
    ).length;
  // A frame at a time: the length of a body in front of it is an integer of its own.
  return frames.reduce((sum, frame) => sum + size([frame]) - size([]), 0);
}

describe("messages in a bundle", () => {
  const text = [Uint8Array.of(1), 0, 1] as const;

  test("[RUN-1] share a frame while seq, channel and index go on, and no longer", () => {
    for (const [seq, channel, index, frames] of [
      [6, 2, 9, 1],
      [7, 2, 9, 2],
      [6, 4, 9, 2],
      [6, 2, 10, 2],
    ] as const) {
      const bundle = bundleOf();
      bundle.addMessage(5, 2, 8, NO_KEY, ...text);

      bundle.addMessage(seq, channel, index, NO_KEY, ...text);

      expect([seq, channel, index, bundle.all.length]).toEqual([seq, channel, index, frames]);
    }
  });

  test("join no frame in front of which another one stands", () => {
    const bundle = bundleOf();
    bundle.addMessage(5, 2, 8, NO_KEY, ...text);
    bundle.addFrame({ kind: "finish", seq: 6, code: 0 }, FACT_OVERHEAD);
    bundle.addMessage(6, 2, 9, NO_KEY, ...text);

    expect(bundle.all.map(({ kind }) => kind)).toEqual(["messages", "finish", "messages"]);
  });

  test("keep their keys, and have none where the channel has none", () => {
    const bundle = bundleOf();
    bundle.addMessage(5, 2, 8, 7, ...text);
    bundle.addMessage(6, 2, 9, 0, ...text);
    bundle.addMessage(9, 4, 1, NO_KEY, ...text);

    const frames = bundle.all.map((frame) => frame as MessagesFrame);
    expect(frames.map(({ seq, keys, payloads }) => [seq, keys, payloads])).toEqual([
      [5, [7, 0], [text[0], text[0]]],
      [9, undefined, [text[0]]],
    ]);
    expect(Object.hasOwn(bundle.all[1] ?? {}, "keys")).toBe(false);
  });

  test("fit to the last byte of an upper bound, and the first one always fits", () => {
    const needed = RUN_BYTES + MESSAGE_OVERHEAD + KEY_BYTES;
    const bundle = bundleOf(10 + RUN_BYTES + MESSAGE_OVERHEAD + needed + 20);
    expect(bundle.fitsMessage(1_000_000, 0)).toBe(true);

    bundle.addMessage(1, 0, 1, NO_KEY, new Uint8Array(10), 0, 10);

    expect(bundle.room).toBe(needed + 20);
    expect(bundle.fitsMessage(20, 0)).toBe(true);
    expect(bundle.fitsMessage(21, 0)).toBe(false);
    bundle.addMessage(2, 0, 2, NO_KEY, new Uint8Array(10), 0, 10);
    // The frame is there: only the message itself counts.
    expect(bundle.room).toBe(needed + 20 - 10 - MESSAGE_OVERHEAD);
    bundle.addMessage(3, 0, 3, 1, new Uint8Array(0), 0, 0);
    expect(bundle.room).toBe(needed + 20 - 10 - 2 * MESSAGE_OVERHEAD - KEY_BYTES);
  });
});

describe("openings in a bundle", () => {
  const known = new Map([
    [2, opening(2, 1)],
    [4, opening(4, 2, 50)],
  ]);
  const openingOf = (id: number): ChannelOpenFrame | undefined => known.get(id);
  const text = [Uint8Array.of(1), 0, 1] as const;

  test("[CHAN-3] go along once each, in front, and take room", () => {
    const bundle = bundleOf(1_000, openingOf);
    expect(bundle.all).toBe(bundle.frames);
    expect(bundle.roomFor(4)).toBe(1_000 - FACT_OVERHEAD - 50);
    expect(bundle.roomFor(6)).toBe(1_000);

    bundle.addMessage(10, 4, 1, NO_KEY, ...text);
    bundle.addMessage(11, 2, 1, NO_KEY, ...text);
    bundle.addMessage(12, 4, 2, NO_KEY, ...text);

    expect(bundle.all.map(({ kind, seq }) => [kind, seq])).toEqual([
      ["channel-open", 2],
      ["channel-open", 1],
      ["messages", 10],
      ["messages", 11],
      ["messages", 12],
    ]);
    const messages = 3 * (RUN_BYTES + MESSAGE_OVERHEAD + 1);
    expect(bundle.room).toBe(1_000 - messages - 2 * FACT_OVERHEAD - 50 - 3);
    expect([bundle.roomFor(2), bundle.roomFor(4)]).toEqual([bundle.room, bundle.room]);
    // They are no news of this transmission.
    expect(bundle.runs).toEqual([10, 12]);
  });

  test("do not go along with themselves, nor behind themselves", () => {
    const bundle = bundleOf(1_000, openingOf);
    bundle.addFrame(opening(2, 1), 60);
    bundle.addMessage(11, 2, 1, NO_KEY, ...text);

    expect(bundle.all.map(({ seq }) => seq)).toEqual([1, 11]);
    expect(bundle.room).toBe(1_000 - 60 - RUN_BYTES - MESSAGE_OVERHEAD - 1);
  });

  test("of other channels go along behind another opening", () => {
    const bundle = bundleOf(1_000, openingOf);
    bundle.addFrame({ kind: "channel-reset", seq: 9, channel: 2, code: 0 }, FACT_OVERHEAD);

    expect(bundle.all.map(({ kind }) => kind)).toEqual(["channel-open", "channel-reset"]);
  });
});

describe("the seqs that a bundle carries", () => {
  test("are ranges in the order of carriage", () => {
    const bundle = bundleOf();
    for (const seq of [4, 5, 6, 9, 2, 3, 1]) {
      bundle.addFrame({ kind: "finish", seq, code: 0 }, FACT_OVERHEAD);
    }

    expect(bundle.runs).toEqual([4, 6, 9, 9, 2, 3, 1, 1]);
  });
});

describe("the room that a bundle counts", () => {
  const integer = fc.constantFrom(1, 63, 64, 16_383, 16_384, 2 ** 30, INTEGER_MAX - 100);
  const channel = integer.map((value) => value - 1);
  const bytes = fc.uint8Array({ maxLength: 70 });

  test("is enough for what is written, however large its numbers are", () => {
    const message = fc.tuple(integer, channel, integer, channel, bytes);
    const property = fc.property(fc.array(message, { minLength: 1 }), (list) => {
      const bundle = bundleOf(1e9);
      for (const [seq, id, index, key, payload] of list) {
        // Of a channel all messages have keys, or none has.
        const keyed = id % 2 === 0 ? key : NO_KEY;
        bundle.addMessage(seq, id, Math.min(index, seq), keyed, payload, 0, payload.length);
      }
      expect(written(bundle.all)).toBeLessThanOrEqual(1e9 - bundle.room);
    });
    fc.assert(property);
  });

  test("for single frames is their type and their largest integers", () => {
    const most = { channel: INTEGER_MAX - 1, seq: INTEGER_MAX, index: 1 };
    const payload = Uint8Array.of(1);
    const part = { offset: INTEGER_MAX - 1, totalBytes: INTEGER_MAX, key: INTEGER_MAX, payload };
    const skip = { count: 1, sharedIndex: true, bytes: INTEGER_MAX };
    const facts: NumberedFrame[] = [
      { kind: "finish", seq: INTEGER_MAX, code: INTEGER_MAX },
      { kind: "channel-finish", channel: most.channel, seq: most.seq, indexEnd: INTEGER_MAX },
      { kind: "channel-reset", channel: most.channel, seq: most.seq, code: INTEGER_MAX },
      { ...opening(most.channel, most.seq, 0) },
    ];

    for (const fact of facts) expect(written([fact])).toBeLessThanOrEqual(FACT_OVERHEAD);
    expect(written([{ kind: "part", ...most, ...part }])).toBeLessThanOrEqual(PART_OVERHEAD + 1);
    expect(written([{ kind: "skip", ...most, ...skip }])).toBeLessThanOrEqual(SKIP_OVERHEAD);
    // And no more than that: a body of small messages would be half empty.
    expect([FACT_OVERHEAD, PART_OVERHEAD, SKIP_OVERHEAD]).toEqual([33, 57, 41]);
  });
});
