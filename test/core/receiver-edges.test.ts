// A receiver at the edges of its rules: what just passes and what just does not, what it keeps of
// bodies, and what comes in an order that no honest sender has.

import { describe, expect, test } from "vitest";
import type { NumberedFrame } from "../../src/core/body.ts";
import { ordinal } from "../../src/core/channel-receiver.ts";
import { INDEX_RANGES_MAX, KEYS_MAX } from "../../src/core/limits.ts";
import type { Receiver } from "../../src/core/receiver.ts";
import {
  hear,
  keyed,
  messages,
  opening,
  part,
  receiverOf,
  refusalOf,
  skip,
  takeAll,
  takeTexts,
} from "./numbered-frames.ts";

/** One channel beside channel 0, four units and 16 KiB each, and as much for the peer's own. */
const TIGHT = { channelsMax: 1, channelUnits: 4, windowMessages: 12, windowBytes: 3 * 16_384 };
const BYTES_MAX = 16 * 1_048_576;

function large(seq: number, bytes: number, more: { channel?: number; index?: number } = {}) {
  return { ...messages(seq, [""], more), payloads: [new Uint8Array(bytes)] };
}

const finish = (seq: number, channel: number, indexEnd: number): NumberedFrame => ({
  kind: "channel-finish",
  seq,
  channel,
  indexEnd,
});

const reset = (seq: number, channel: number): NumberedFrame => ({
  kind: "channel-reset",
  seq,
  channel,
  code: 1,
});

describe("what is counted against a window", () => {
  test("[WIN-1] is what is new, however much of the frame has come before", () => {
    const receiver = receiverOf(TIGHT);
    hear(receiver, messages(1, ["a", "b", "c"]));

    expect(refusalOf(receiver, messages(1, ["a", "b", "c", "d"]))).toBe("none");
    expect(refusalOf(receiver, messages(3, ["c", "d"]))).toBe("none");
    expect(refusalOf(receiver, messages(3, ["c", "d", "e"]))).toBe("window_exceeded");
    expect(refusalOf(receiver, messages(1, ["a", "b", "c", "d", "e"]))).toBe("window_exceeded");
  });

  test("[WIN-1] is the sum over the frames of a body, in units and in bytes", () => {
    const units = receiverOf(TIGHT);
    const apart = messages(8, ["d", "e"], { index: 4 });
    expect(refusalOf(units, messages(1, ["a", "b"]), apart)).toBe("none");
    expect(refusalOf(units, messages(1, ["a", "b", "c"]), apart)).toBe("window_exceeded");

    const bytes = receiverOf({ ...TIGHT, channelUnits: 4 });
    const half = large(2, 8_192);
    expect(refusalOf(bytes, large(1, 8_192), half)).toBe("none");
    expect(refusalOf(bytes, large(1, 16_384), half)).toBe("window_exceeded");
  });

  test("[WIN-3] of skips are all seqs that are new, behind those that are not as well", () => {
    const receiver = receiverOf(TIGHT);
    hear(receiver, messages(1, ["a"]));

    expect(refusalOf(receiver, skip(1, 1, { count: 4, bytes: 1 }))).toBe("none");
    expect(refusalOf(receiver, skip(1, 1, { count: 5, bytes: 1 }))).toBe("window_exceeded");
  });

  test.each<[string, (bytes: number) => NumberedFrame[]]>([
    ["messages", (bytes) => [0, 1, 2].map((at) => large(4 + at, bytes / 3, { channel: 2 }))],
    [
      "parts",
      (bytes) =>
        [0, 1, 2].map((at) => part(4 + at, 4 + at, 0, bytes / 3, bytes / 3, { channel: 2 })),
    ],
    ["skips", (bytes) => [skip(4, 4, { channel: 2, count: 3, bytes: bytes / 3 })]],
  ])("[CHAN-4] of late %s on a channel that is gone is the session's bytes", (_, late) => {
    for (const how of ["removed", "reset"] as const) {
      const receiver = receiverOf(TIGHT);
      hear(receiver, opening(1, 2, "ordered"));
      hear(receiver, how === "reset" ? reset(2, 2) : finish(2, 2, 1));
      takeAll(receiver);
      if (how === "removed") receiver.removeChannel(2);

      expect([how, refusalOf(receiver, ...late(3 * 16_384))]).toEqual([how, "none"]);
      const more = refusalOf(receiver, ...late(3 * 16_384), skip(3, 3, { channel: 2, bytes: 1 }));
      expect([how, more]).toEqual([how, "window_exceeded"]);
    }
  });

  test("[PART-7] may be a message of the largest size", () => {
    const receiver = receiverOf({ messageBytesMax: 16_384, assemblyBytesMax: 16_384 });

    expect(refusalOf(receiver, large(1, 16_384))).toBe("none");
    const beyond = receiverOf({ messageBytesMax: 16_384, assemblyBytesMax: 16_384 });
    expect(refusalOf(beyond, large(1, 16_385))).toBe("message_too_large");
  });
});

describe("the end of a channel", () => {
  test("[CHAN-5] lets come what lies in front of it, and nothing behind", () => {
    const receiver = receiverOf();
    hear(receiver, opening(1, 2, "ordered"), finish(9, 2, 3));

    const both = messages(4, ["a", "b"], { channel: 2, index: 1 });
    expect(refusalOf(receiver, both)).toBe("none");
    expect(refusalOf(receiver, part(4, 2, 0, 8, 8, { channel: 2 }))).toBe("none");
    expect(refusalOf(receiver, part(4, 3, 0, 8, 8, { channel: 2 }))).toBe("finish_invalid");
    const three = messages(4, ["a", "b", "c"], { channel: 2, index: 1 });
    expect(refusalOf(receiver, three)).toBe("finish_invalid");
  });

  test("[CHAN-5] lies above all that came, delivered, waiting, or in parts", () => {
    const delivered = receiverOf();
    hear(delivered, opening(1, 2, "ordered"), messages(2, ["a", "b"], { channel: 2, index: 1 }));
    expect(refusalOf(delivered, finish(4, 2, 2))).toBe("finish_invalid");
    expect(refusalOf(delivered, finish(4, 2, 3))).toBe("none");

    for (const ahead of [
      messages(5, ["e"], { channel: 2, index: 5 }),
      part(5, 5, 0, 1_024, 2_048, { channel: 2 }),
    ]) {
      for (const mode of ["ordered", "unordered"] as const) {
        const receiver = receiverOf();
        hear(receiver, opening(1, 2, mode), ahead);
        expect([ahead.kind, mode, refusalOf(receiver, finish(6, 2, 5))]).toEqual([
          ahead.kind,
          mode,
          "finish_invalid",
        ]);
        expect([ahead.kind, mode, refusalOf(receiver, finish(6, 2, 6))]).toEqual([
          ahead.kind,
          mode,
          "none",
        ]);
      }
    }
  });

  test("[CHAN-1] counts the channel as open until both halves have ended", () => {
    const receiver = receiverOf(TIGHT);
    hear(receiver, opening(1, 2, "ordered"), finish(2, 2, 1));
    takeAll(receiver);
    expect(refusalOf(receiver, opening(3, 4, "ordered"))).toBe("channel_limit");

    const channel = receiver.channels.get(2);
    if (channel !== undefined) channel.isOwnHalfEnded = true;

    expect(refusalOf(receiver, opening(3, 4, "ordered"))).toBe("none");
  });

  test("is told once, whatever comes late of what was given up", () => {
    for (const mode of ["ordered", "unordered"] as const) {
      const receiver = receiverOf();
      hear(receiver, opening(1, 2, mode), skip(2, 1, { channel: 2, sharedIndex: true }));
      hear(receiver, finish(4, 2, 2));
      expect(takeTexts(receiver)).toEqual(["channel-opened", "channel-finished"]);

      hear(receiver, part(3, 1, 0, 1_024, 2_048, { channel: 2 }));

      expect(takeTexts(receiver)).toEqual([]);
    }
  });

  test("is told once", () => {
    const receiver = receiverOf();
    hear(receiver, opening(1, 2, "unordered"), finish(2, 2, 1), {
      kind: "finish",
      seq: 3,
      code: 5,
    });
    expect(takeTexts(receiver)).toEqual(["channel-opened", "channel-finished", "peer-finished"]);

    hear(receiver, finish(2, 2, 1), skip(1, 1, { channel: 2 }));
    hear(receiver, { kind: "finish", seq: 3, code: 5 });

    expect(takeTexts(receiver)).toEqual([]);
  });
});

describe("the end of the session", () => {
  test("[FIN-1] waits for what lies in front of it, and bounds what skips may name", () => {
    const receiver = receiverOf();
    hear(receiver, messages(1, ["a"]), { kind: "finish", seq: 4, code: 0 });
    expect([receiver.hasEverything, receiver.isFinished]).toEqual([false, false]);
    expect(takeTexts(receiver)).toEqual(["1:a"]);
    expect(refusalOf(receiver, skip(2, 2, { count: 3 }))).toBe("none");
    expect(refusalOf(receiver, skip(2, 2, { count: 4 }))).toBe("finish_invalid");

    hear(receiver, messages(2, ["b", "c"]));

    expect([receiver.hasEverything, receiver.isFinished]).toEqual([true, true]);
    expect(takeTexts(receiver)).toEqual(["2:b", "3:c", "peer-finished"]);
  });
});

describe("an index that comes twice", () => {
  test("[MODE-4] under another number is refused, with nothing waiting too", () => {
    const receiver = receiverOf();
    hear(receiver, messages(1, ["a", "b"]));

    expect(refusalOf(receiver, messages(3, ["x"], { index: 1 }))).toBe("index_conflict");
    expect(refusalOf(receiver, messages(3, ["x"], { index: 2 }))).toBe("index_conflict");
    expect(refusalOf(receiver, messages(3, ["x"], { index: 3 }))).toBe("none");
  });

  test("[MODE-4] once in parts and once whole is refused", () => {
    const receiver = receiverOf();
    hear(receiver, part(1, 1, 0, 1_024, 2_048));

    expect(refusalOf(receiver, messages(2, ["x"], { index: 1 }))).toBe("index_conflict");
  });
});

describe("a run of messages", () => {
  test("that is next in every respect is delivered as one, as it came", () => {
    const receiver = receiverOf();
    const frame = messages(1, ["a", "b", "c"]);

    hear(receiver, frame);

    const events = takeAll(receiver);
    expect(events).toHaveLength(1);
    const [event] = events;
    expect(event?.kind === "deliver" && event.payloads).toBe(frame.payloads);
  });

  test("whose index is next is delivered with what waited for it, whatever its number is", () => {
    const receiver = receiverOf();
    hear(receiver, messages(2, ["b"]));

    hear(receiver, messages(3, ["a"], { index: 1 }));

    expect(takeTexts(receiver)).toEqual(["1:a", "2:b"]);
  });

  test("whose index is next lets parts go on that waited for it", () => {
    const receiver = receiverOf();
    hear(receiver, part(2, 2, 0, 9_000, 9_000));
    expect(takeTexts(receiver)).toEqual([]);

    hear(receiver, messages(3, ["a"], { index: 1 }));

    expect(takeTexts(receiver)).toEqual(["1:a", "2:9000"]);
  });
});

describe("what a receiver keeps", () => {
  const inner = (receiver: Receiver) =>
    receiver.windows as unknown as { unitsToLend: number; bytesToLend: number };

  test("of a body is a copy, and what it hands over at once is not", () => {
    const receiver = receiverOf();
    const ahead = messages(2, ["b"]);
    const piece = part(3, 3, 0, 1_024, 2_048);
    const label = { ...opening(4, 2, "ordered"), label: Uint8Array.of(7) };
    hear(receiver, ahead, piece, label);
    ahead.payloads[0]?.fill(0);
    piece.payload.fill(0);
    label.label.fill(0);
    const first = messages(1, ["a"]);

    hear(receiver, first, part(5, 3, 1_024, 1_024, 2_048));

    const events = takeAll(receiver);
    const payloads = events.flatMap((event) => (event.kind === "deliver" ? event.payloads : []));
    expect(payloads[0]).toBe(first.payloads[0]);
    expect(payloads[1]).toEqual(new TextEncoder().encode("b"));
    expect(new Set(payloads[2]?.subarray(0, 1_024))).toEqual(new Set([3]));
    const [opened] = events.filter((event) => event.kind === "channel-opened");
    expect(opened?.label).toEqual(Uint8Array.of(7));
  });

  test("of acknowledgements is not what it stated before", () => {
    const receiver = receiverOf();
    hear(receiver, messages(3, ["c"]));
    const { ack } = receiver;

    hear(receiver, messages(5, ["e"]));

    expect(ack).toEqual({ receivedThrough: 0, heldThrough: 0, ranges: [3, 3] });
  });

  test("of what is held is nothing where received is held", () => {
    const receiver = receiverOf();
    hear(receiver, messages(1, ["a"]), opening(2, 2, "ordered"));
    takeAll(receiver);

    expect(receiver.held.isEmpty).toBe(true);
    expect(receiver.heldThrough).toBe(2);
  });

  test("of newest indexes is nothing where keys do not count", () => {
    const receiver = receiverOf();
    hear(receiver, opening(1, 2, "unordered"), messages(3, ["b"], { channel: 2, index: 2 }));

    expect(receiver.channels.get(2)?.latestByKey.size).toBe(0);
  });

  test("of the newest index of a key goes once nothing older can come", () => {
    const receiver = receiverOf();
    hear(receiver, opening(1, 2, "latest"), keyed(3, 2, 5, "newer"));
    expect([...(receiver.channels.get(2)?.latestByKey ?? [])]).toEqual([[5, 2]]);

    hear(receiver, keyed(2, 1, 5, "older"));

    expect(receiver.channels.get(2)?.latestByKey.size).toBe(0);
  });

  test("of the channels that were opened is how manieth they were", () => {
    const receiver = receiverOf();
    hear(receiver, opening(1, 2, "ordered"), opening(2, 4, "ordered"));

    expect(receiver.opened.flat).toEqual([1, 2]);
    expect([1, 2, 3, 4].map(ordinal)).toEqual([1, 1, 2, 2]);
  });

  test("on loan for a channel comes back with the channel, however it ends", () => {
    const receiver = receiverOf({ channelsMax: 2 });
    takeAll(receiver);
    receiver.state();
    const { unitsToLend, bytesToLend } = inner(receiver);
    let seq = 0;
    for (let id = 2; id < 60; id += 2) {
      hear(receiver, opening(++seq, id, "ordered"));
      hear(receiver, messages(++seq, ["a"], { channel: id, index: 1 }));
      takeAll(receiver);
      if (id % 4 === 0) hear(receiver, reset(++seq, id));
      else hear(receiver, finish(++seq, id, 2));
      const late = messages(seq + 1, ["late"], { channel: id, index: 2 });
      if (id % 4 === 0) hear(receiver, { ...late, seq: ++seq });
      takeAll(receiver);
      receiver.removeChannel(id);
      receiver.state();
      expect([inner(receiver).unitsToLend, inner(receiver).bytesToLend]).toEqual([
        unitsToLend,
        bytesToLend,
      ]);
    }
  });
});

describe("duplicates", () => {
  test("of a skip are counted once a stretch, and change nothing", () => {
    const receiver = receiverOf();
    hear(receiver, skip(1, 1, { count: 5 }));
    const { window } = receiver;

    hear(receiver, skip(1, 1, { count: 5 }));

    expect(receiver.duplicates).toBe(1);
    expect(receiver.window).toEqual(window);
    hear(receiver, messages(6, ["f"]));
    expect(takeTexts(receiver)).toEqual(["6:f"]);
  });

  test("of parts in one body are held, and their credit comes back", () => {
    const receiver = receiverOf({ hold: "delivered" });

    hear(
      receiver,
      part(1, 1, 0, 1_024, 2_048),
      part(2, 1, 0, 1_024, 2_048),
      part(3, 1, 1_024, 1_024, 2_048),
    );

    const [event] = takeAll(receiver);
    const [payload] = event?.kind === "deliver" ? event.payloads : [];
    expect(payload?.length).toBe(2_048);
    // Each half is of one byte, the number of the part that brought it.
    expect([payload?.[0], payload?.[1_023], payload?.[1_024], payload?.[2_047]]).toEqual([
      1, 1, 3, 3,
    ]);
    expect(receiver.heldThrough).toBe(3);
    expect(receiver.window).toEqual({ seqMax: 3 + 262_144, bytesMax: 3 * 1_024 + BYTES_MAX });
  });
});

describe("a skip", () => {
  test("[SKIP-2] leaves a message that came first and waits for its turn", () => {
    const receiver = receiverOf();
    hear(receiver, messages(3, ["c"]));

    hear(receiver, skip(4, 3, { sharedIndex: true }), messages(1, ["a", "b"]));

    expect(takeTexts(receiver)).toEqual(["1:a", "2:b", "3:c"]);
  });
});

describe("a latest channel", () => {
  test("[LATEST-2] drops what is older than the newest of its key, and of no other", () => {
    const receiver = receiverOf();
    hear(receiver, opening(1, 2, "latest"));

    hear(receiver, keyed(4, 3, 5, "five"));
    hear(receiver, keyed(2, 1, 6, "six"));
    hear(receiver, part(3, 2, 0, 30, 30, { channel: 2, key: 7 }));

    expect(takeTexts(receiver)).toEqual(["channel-opened", "3:five", "1:six", "2:30"]);
    const other = receiverOf();
    hear(other, opening(1, 2, "latest"), part(4, 3, 0, 30, 30, { channel: 2, key: 7 }));
    hear(other, part(3, 2, 0, 30, 30, { channel: 2, key: 7 }));
    expect(takeTexts(other)).toEqual(["channel-opened", "3:30"]);
    expect(other.parts.bytes).toBe(0);
  });

  test("[LATEST-2] holds what it drops, and gives its credit back", () => {
    const receiver = receiverOf({ hold: "delivered", consume: "explicit" });
    hear(receiver, opening(1, 2, "latest"));
    hear(receiver, keyed(3, 2, 5, "newer"));

    hear(receiver, keyed(2, 1, 5, "older"));

    expect(takeTexts(receiver)).toEqual(["channel-opened", "2:newer"]);
    expect(receiver.heldThrough).toBe(3);
    expect(receiver.window).toEqual({ seqMax: 2 + 262_144, bytesMax: 5 + BYTES_MAX });
  });
});

describe("without room", () => {
  test("[MODE-2] each message of a run is left by its own index", () => {
    const receiver = receiverOf();
    hear(receiver, opening(1, 2, "unordered"));
    const settled = receiver.channels.get(2)?.settled;
    for (let at = 1; at <= INDEX_RANGES_MAX; at++) settled?.add(10 * at, 10 * at);

    hear(receiver, messages(20, ["a", "b", "c"], { channel: 2, index: 12 }));

    expect([receiver.refused, takeTexts(receiver)]).toEqual([3, ["channel-opened"]]);
  });

  test("[LATEST-2] a part is left by its own key", () => {
    const receiver = receiverOf();
    hear(receiver, opening(1, 2, "latest"));
    const keys = receiver.channels.get(2)?.latestByKey;
    for (let key = 0; key < KEYS_MAX; key++) keys?.set(key, 9);

    hear(receiver, part(2, 1, 0, 30, 30, { channel: 2, key: KEYS_MAX }));

    expect([receiver.refused, takeTexts(receiver)]).toEqual([1, ["channel-opened"]]);
  });
});

describe("parts that wait for room", () => {
  test("[PART-5] are not overtaken by smaller ones that would fit", () => {
    const limits = { messageBytesMax: 20_000, assemblyBytesMax: 20_000 };
    const receiver = receiverOf({ ...limits, consume: "explicit" });
    hear(receiver, opening(1, 2, "unordered"), part(2, 1, 0, 8_000, 8_000));
    hear(receiver, part(3, 2, 0, 9_000, 9_000, { channel: 2 }));
    hear(receiver, part(4, 3, 0, 16_000, 16_000, { channel: 2 }));
    hear(receiver, part(5, 1, 0, 5_000, 5_000, { channel: 2 }));
    expect(takeTexts(receiver)).toEqual(["channel-opened", "1:8000", "2:9000"]);
    const [main, other] = [0, 2].map((id) => receiver.channels.get(id));
    if (main === undefined || other === undefined) throw new Error("both channels are open");

    receiver.consume(main, 1);
    expect(takeTexts(receiver)).toEqual([]);
    receiver.consume(other, 1);

    expect(takeTexts(receiver)).toEqual(["3:16000"]);
  });
});
