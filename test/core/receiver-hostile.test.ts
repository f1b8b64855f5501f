/** What a peer may send against the rules, or at their edge: refused without a trace, and bounded. */
import { describe, expect, test } from "vitest";
import type { SkipFrame } from "../../src/core/body.ts";
import { RANGES_MAX } from "../../src/core/limits.ts";
import {
  hear,
  keyed,
  messages,
  opening,
  part,
  receiverOf,
  refusalOf,
  skip,
  takeTexts,
} from "./numbered-frames.ts";

const finish = (seq: number) => ({ kind: "finish", seq, code: 0 }) as const;
const channelFinish = (seq: number, channel: number, indexEnd: number) =>
  ({ kind: "channel-finish", seq, channel, indexEnd }) as const;
const reset = (seq: number, channel: number) =>
  ({ kind: "channel-reset", seq, channel, code: 1 }) as const;

const SMALL = { channelsMax: 1, channelUnits: 2, windowMessages: 8, windowBytes: 65_536 };

describe("a body is refused and changes nothing", () => {
  test("[WIN-1] beyond the session's window by seq", () => {
    const receiver = receiverOf(SMALL);

    expect(refusalOf(receiver, messages(9, ["a"], { index: 1 }))).toBe("window_exceeded");
    expect(refusalOf(receiver, part(9, 1, 0, 1_024, 2_048))).toBe("window_exceeded");
    expect(refusalOf(receiver, skip(8 + 256, 1))).toBe("none");
    expect(refusalOf(receiver, skip(8 + 257, 1))).toBe("window_exceeded");
    expect(refusalOf(receiver, finish(8 + 257))).toBe("window_exceeded");
  });

  test("[WIN-3] by more skips than could have been sent, though all are of one seq", () => {
    const receiver = receiverOf(SMALL);
    const copies = (count: number): SkipFrame[] =>
      Array.from({ length: count }, () => skip(1, 1, { sharedIndex: true }));

    expect(refusalOf(receiver, ...copies(8 + 256))).toBe("none");
    expect(refusalOf(receiver, ...copies(8 + 257))).toBe("window_exceeded");
  });

  test("[WIN-1] beyond the session's window by bytes", () => {
    const receiver = receiverOf(SMALL);
    const payloads = [new Uint8Array(65_537)];

    expect(refusalOf(receiver, { ...messages(1, []), payloads })).toBe("window_exceeded");
    expect(refusalOf(receiver, skip(1, 1, { bytes: 65_537 }))).toBe("window_exceeded");
  });

  test("[WIN-1] beyond a channel's window by units or bytes", () => {
    const receiver = receiverOf(SMALL);
    const open = opening(1, 2, "ordered");
    const large = [new Uint8Array(16_385)];
    const three = messages(2, ["a", "b", "c"], { channel: 2, index: 1 });

    expect(refusalOf(receiver, open, three)).toBe("window_exceeded");
    expect(refusalOf(receiver, open, { ...three, payloads: large })).toBe("window_exceeded");
    hear(receiver, open);
    expect(refusalOf(receiver, three)).toBe("window_exceeded");
    expect(refusalOf(receiver, { ...three, payloads: large })).toBe("window_exceeded");
  });

  test("[CHAN-5] but not by a reset behind the end of its channel", () => {
    const receiver = receiverOf({ channelsMax: 1 });
    hear(receiver, opening(1, 2, "ordered"));
    hear(receiver, channelFinish(2, 2, 1));

    expect(refusalOf(receiver, channelFinish(3, 2, 1))).toBe("finish_invalid");
    expect(refusalOf(receiver, reset(3, 2))).toBe("none");
    hear(receiver, reset(3, 2));
    const told = ["channel-opened", "channel-finished", "channel-reset"];
    expect(takeTexts(receiver)).toEqual(told);
  });

  test("[CHAN-1] [CHAN-4] with channels that cannot be", () => {
    const receiver = receiverOf({ channelsMax: 2 });
    hear(receiver, opening(1, 2, "ordered"));

    expect(refusalOf(receiver, opening(2, 3, "ordered"))).toBe("channel_invalid");
    expect(refusalOf(receiver, opening(2, 2, "ordered"))).toBe("channel_invalid");
    const twice = [opening(2, 4, "ordered"), opening(3, 4, "ordered")];
    expect(refusalOf(receiver, ...twice)).toBe("channel_invalid");
    const two = [opening(2, 4, "ordered"), opening(3, 6, "ordered")];
    expect(refusalOf(receiver, ...two)).toBe("channel_limit");
    for (const channel of [1, 4]) {
      expect(refusalOf(receiver, skip(2, 1, { channel }))).toBe("channel_unknown");
    }
  });

  test("[CHAN-1] whose openings leave more gaps than their seqs could", () => {
    const receiver = receiverOf({ channelsMax: 1 });
    let seq = 0;
    for (let count = 0; count < 2 * RANGES_MAX; count++) {
      const channel = 2 + 4 * count;
      hear(receiver, opening(++seq, channel, "ordered"), reset(++seq, channel));
      receiver.removeChannel(channel);
    }

    expect(refusalOf(receiver, opening(++seq, 20_002, "ordered"))).toBe("channel_invalid");
    expect(refusalOf(receiver, opening(seq, 4, "ordered"))).toBe("none");
  });

  test("[MODE-3] with keys where there are none, or without where there are", () => {
    const receiver = receiverOf();
    const open = opening(1, 2, "latest");

    expect(refusalOf(receiver, messages(1, ["a"], { keys: [1] }))).toBe("mode_invalid");
    expect(refusalOf(receiver, open, messages(2, ["a"], { channel: 2 }))).toBe("mode_invalid");
    expect(refusalOf(receiver, part(1, 1, 0, 1_024, 2_048, { key: 1 }))).toBe("mode_invalid");
  });

  test("[MODE-4] with one index at two seqs", () => {
    const receiver = receiverOf();
    hear(receiver, opening(1, 2, "unordered"), messages(2, ["a"], { channel: 2, index: 4 }));
    hear(receiver, messages(3, ["c"], { index: 2 }));
    hear(receiver, part(4, 1, 0, 1_024, 2_048), part(5, 3, 0, 1_024, 2_048));

    for (const index of [1, 2, 3]) {
      expect(refusalOf(receiver, messages(9, ["x"], { index }))).toBe("index_conflict");
    }
    expect(refusalOf(receiver, messages(9, ["x"], { channel: 2, index: 4 }))).toBe(
      "index_conflict",
    );
    expect(refusalOf(receiver, skip(9, 2))).toBe("index_conflict");
    // Copies of what was received are none, beside something new either.
    expect(refusalOf(receiver, messages(5, ["p", "x"], { index: 1 }))).toBe("index_conflict");
    expect(refusalOf(receiver, messages(3, ["c"], { index: 2 }))).toBe("none");
  });

  test("[PART-6] [PART-7] with parts that cannot be", () => {
    const receiver = receiverOf({ messageBytesMax: 16_384, assemblyBytesMax: 16_384 });
    hear(receiver, part(1, 1, 0, 1_024, 4_000));

    expect(refusalOf(receiver, part(2, 2, 0, 1_024, 16_385))).toBe("message_too_large");
    expect(refusalOf(receiver, part(2, 1, 1_024, 1_023, 4_000))).toBe("part_invalid");
    expect(refusalOf(receiver, part(2, 1, 1_024, 1_024, 4_001))).toBe("part_invalid");
    expect(refusalOf(receiver, part(2, 1, 1_023, 1_024, 4_000))).toBe("part_invalid");
    const payloads = [new Uint8Array(16_385)];
    expect(refusalOf(receiver, { ...messages(2, []), payloads })).toBe("message_too_large");
  });

  test("[PART-4] with parts of one message under two keys", () => {
    const receiver = receiverOf();
    const keyedPart = (seq: number, offset: number, key: number) =>
      part(seq, 1, offset, 1_024, 2_048, { channel: 2, key });
    hear(receiver, opening(1, 2, "latest"), keyedPart(2, 0, 7));

    expect(refusalOf(receiver, keyedPart(3, 1_024, 8))).toBe("part_invalid");
    expect(refusalOf(receiver, keyedPart(3, 1_024, 7))).toBe("none");
  });

  test("[CHAN-5] behind the end of a channel, or with an end below what came", () => {
    const receiver = receiverOf();
    hear(receiver, messages(2, ["b"]), part(3, 4, 0, 1_024, 2_048));

    for (const indexEnd of [1, 2, 4]) {
      expect(refusalOf(receiver, channelFinish(4, 0, indexEnd))).toBe("finish_invalid");
    }
    hear(receiver, channelFinish(5, 0, 5));
    expect(refusalOf(receiver, channelFinish(6, 0, 6))).toBe("finish_invalid");
    expect(refusalOf(receiver, messages(6, ["e"], { index: 5 }))).toBe("finish_invalid");
    expect(refusalOf(receiver, part(6, 5, 0, 1_024, 2_048))).toBe("finish_invalid");
  });

  test("[FIN-1] behind the end of the session", () => {
    const receiver = receiverOf();
    hear(receiver, messages(2, ["b"]));

    expect(refusalOf(receiver, finish(1))).toBe("finish_invalid");
    expect(refusalOf(receiver, finish(3), messages(4, ["d"]))).toBe("finish_invalid");
    hear(receiver, finish(3));
    expect(refusalOf(receiver, messages(4, ["d"]))).toBe("finish_invalid");
    expect(refusalOf(receiver, finish(3), messages(1, ["a"]))).toBe("none");
  });
});

describe("frames of one body that contradict each other", () => {
  test("[MODE-4] with one index at two seqs bring the first, and all credit comes back", () => {
    const receiver = receiverOf();

    hear(receiver, messages(2, ["b"]), messages(3, ["xyz"], { index: 2 }));
    hear(receiver, messages(1, ["a"]));

    expect(takeTexts(receiver)).toEqual(["1:a", "2:b"]);
    expect(receiver.window).toEqual({ seqMax: 3 + 262_144, bytesMax: 5 + 16 * 1_048_576 });
  });

  test("[PART-3] with parts that overlap bring the first, and all credit comes back", () => {
    const receiver = receiverOf();

    hear(receiver, part(1, 1, 0, 1_024, 2_048), part(2, 1, 0, 1_024, 2_048));
    hear(receiver, part(3, 1, 1_024, 1_024, 2_048));

    expect(takeTexts(receiver)).toEqual(["1:2048"]);
    expect(receiver.window).toEqual({ seqMax: 3 + 262_144, bytesMax: 3_072 + 16 * 1_048_576 });
    expect(receiver.parts.bytes).toBe(0);
  });
});

describe("without room", () => {
  test("[ACK-4] a unit is left, and taken when holes have closed", () => {
    const receiver = receiverOf();
    for (let at = 1; at <= RANGES_MAX; at++) hear(receiver, messages(2 * at, ["x"]));
    const next = 2 * RANGES_MAX + 2;

    hear(receiver, messages(next, ["x"]));

    expect(receiver.refused).toBe(1);
    expect(receiver.received.has(next)).toBe(false);
    hear(receiver, messages(1, ["x", "x", "x"]), messages(next, ["x"]));
    expect(receiver.received.has(next)).toBe(true);
    expect(receiver.ack.ranges.length).toBe(2 * RANGES_MAX - 2);
  });

  test("[ACK-4] a channel's units are left with its opening", () => {
    const receiver = receiverOf();
    const seq = 2 * RANGES_MAX + 2;
    for (let at = 2; at <= RANGES_MAX; at++) hear(receiver, messages(2 * at, ["x"]));
    hear(receiver, messages(seq + 3, ["x"]));
    const body = [
      opening(seq, 2, "ordered"),
      messages(seq + 2, ["kept"], { channel: 2, index: 1 }),
      channelFinish(seq + 4, 2, 2),
    ];

    hear(receiver, ...body);

    expect(receiver.refused).toBe(3);
    expect(receiver.received.has(seq + 2)).toBe(false);
    hear(receiver, messages(1, ["a", "b", "c", "d", "e", "f", "g"]));
    hear(receiver, ...body);
    expect(takeTexts(receiver)).toContain("1:kept");
    expect(takeTexts(receiver)).toEqual([]);
  });

  test("skips ahead of a missing index are left at the window's size", () => {
    const receiver = receiverOf(SMALL);
    for (let seq = 2; seq <= 10; seq++) hear(receiver, skip(seq, seq));

    expect(receiver.channels.get(0)?.waiting.size).toBe(8);
    expect(receiver.refused).toBe(1);
    hear(receiver, messages(1, ["a"]), skip(10, 10));
    expect(receiver.channels.get(0)?.nextIndex).toBe(11);
  });

  test("[MODE-2] a unit that would leave one gap too many between indexes is left", () => {
    const receiver = receiverOf();
    hear(receiver, opening(1, 2, "unordered"));
    const gaps = 2 * RANGES_MAX;
    for (let at = 0; at < gaps; at++) {
      hear(receiver, skip(2 + at, 2 + 2 * at, { channel: 2 }));
    }

    hear(receiver, messages(2 + gaps, ["x"], { channel: 2, index: 5 * gaps }));
    hear(receiver, part(3 + gaps, 4 * gaps, 0, 1_024, 2_048, { channel: 2 }));

    expect(receiver.refused).toBe(2);
    hear(receiver, messages(2 + gaps, ["x"], { channel: 2, index: 3 }));
    expect(takeTexts(receiver)).toEqual(["channel-opened", "3:x"]);
  });

  test("[LATEST-2] keys are swept when older ones can be forgotten, or units are left", () => {
    const receiver = receiverOf();
    hear(receiver, opening(1, 2, "latest"));
    const count = 65_536;
    for (let at = 0; at < count; at += 64) {
      const keys = Array.from({ length: 64 }, (_, more) => at + more);
      const payloads = keys.map(() => new Uint8Array(0));
      const seq = 3 + at;
      hear(receiver, { kind: "messages", channel: 2, seq, index: seq - 1, keys, payloads });
      while (receiver.takeEvent() !== undefined);
    }
    const channel = receiver.channels.get(2);

    hear(receiver, keyed(3 + count, 2 + count, 1e6, "new key"));
    hear(receiver, keyed(4 + count, 3 + count, 7, "old key"));

    expect(receiver.refused).toBe(1);
    expect(takeTexts(receiver)).toEqual([`${3 + count}:old key`]);
    hear(receiver, keyed(2, 1, 0, "first"));
    expect(takeTexts(receiver)).toEqual([]);
    hear(receiver, keyed(3 + count, 2 + count, 1e6, "new key"));
    expect(takeTexts(receiver)).toEqual([`${2 + count}:new key`]);
    expect(channel?.latestByKey.size).toBe(0);
  });
});

describe("counts that lie make no work", () => {
  test("of skips", () => {
    const receiver = receiverOf();
    hear(receiver, skip(1, 1, { count: 60_000 }));
    const wide = Array.from({ length: 30_000 }, () => skip(1, 1, { count: 60_000 }));

    hear(receiver, ...wide);
    const fresh = wide.map((each) => ({ ...each, seq: 300_000, index: 300_000 }));

    expect(refusalOf(receiver, ...fresh)).toBe("window_exceeded");
    expect(receiver.duplicates).toBe(30_000);
  });

  test("of skips that say the same again and again", () => {
    const receiver = receiverOf(SMALL);
    const all = skip(1, 1, { count: 8 + 256, sharedIndex: true });

    expect(refusalOf(receiver, all)).toBe("none");
    expect(refusalOf(receiver, all, all)).toBe("window_exceeded");
  });

  test("of small messages in parts that arrive backwards", () => {
    const receiver = receiverOf();
    const count = 20_000;
    for (let index = count; index >= 1; index--) hear(receiver, part(index, index, 0, 1, 1));

    expect(takeTexts(receiver).length).toBe(count);
    expect(receiver.parts.bytes).toBe(0);
  });
});

describe("[CHAN-4] late units of a channel that is gone", () => {
  test("are taken, however many were in its window, and their credit returns", () => {
    const receiver = receiverOf({ hold: "delivered" });
    hear(receiver, opening(1, 2, "unordered"));
    const channel = receiver.channels.get(2);
    hear(receiver, reset(1_000, 2));
    expect(channel?.isDrained).toBe(true);
    receiver.removeChannel(2);

    const many = Array.from({ length: 600 }, () => "xy");
    hear(receiver, messages(2, many, { channel: 2, index: 1 }));
    hear(receiver, part(602, 601, 0, 2_000, 2_000, { channel: 2 }));
    hear(receiver, skip(603, 602, { channel: 2, count: 397, bytes: 9 }));

    expect(receiver.heldThrough).toBe(1_000);
    expect(receiver.seqMax).toBe(1_000 + 262_144);
    expect(receiver.bytesMax).toBe(1_200 + 2_000 + 397 * 9 + 16 * 1_048_576);
  });

  test("may be followed by its end, which says nothing any more", () => {
    const receiver = receiverOf();
    hear(receiver, opening(1, 2, "ordered"), reset(3, 2));
    receiver.removeChannel(2);
    takeTexts(receiver);

    hear(receiver, channelFinish(2, 2, 9));

    expect(receiver.received.through).toBe(3);
    expect(takeTexts(receiver)).toEqual([]);
  });
});
