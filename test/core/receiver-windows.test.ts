import { describe, expect, test } from "vitest";
import {
  hear,
  messages,
  opening,
  part,
  receiverOf,
  refusalOf,
  skip,
  takeAll,
  takeTexts,
} from "./numbered-frames.ts";

const TIGHT = { channelsMax: 1, channelUnits: 4, windowMessages: 12, windowBytes: 3 * 16_384 };

describe("a receiver's windows", () => {
  test("[WIN-4] a peer that stands still at a channel's limit is told of any gain", () => {
    const receiver = receiverOf(TIGHT);
    receiver.state();
    hear(receiver, messages(1, ["a", "b"]));
    receiver.handleBlocked(undefined, [
      { channel: 0, unitsMax: 4, bytesMax: 16_384 },
      { channel: 8, unitsMax: 1, bytesMax: 1 },
    ]);
    expect(receiver.isWindowWorthSaying).toBe(false);

    takeAll(receiver);

    expect(receiver.isWindowWorthSaying).toBe(true);
    const stated = receiver.state().channelWindows;
    expect(stated).toEqual([{ channel: 0, unitsMax: 6, bytesMax: 16_386 }]);
    receiver.handleBlocked(undefined, [{ channel: 0, unitsMax: 4, bytesMax: 16_384 }]);
    expect(receiver.state().channelWindows).toEqual(stated);
  });

  test("[WIN-4] what a sender's application waits for is stated long before half of a wide window", () => {
    const receiver = receiverOf({ windowBytes: 2 ** 30 });
    receiver.state();
    const kibibyte = "x".repeat(1_024);
    hear(
      receiver,
      messages(
        1,
        Array.from({ length: 256 }, () => kibibyte),
      ),
    );
    takeAll(receiver);
    expect(receiver.isWindowWorthSaying).toBe(false);

    hear(receiver, messages(257, ["y"]));
    takeAll(receiver);

    expect(receiver.isWindowWorthSaying).toBe(true);
  });

  test("[WIN-8] the session's is stated at the opening, and after each thirty-second part of it", () => {
    const receiver = receiverOf({ channelsMax: 0, channelUnits: 64, windowMessages: 320 });
    expect(receiver.state(true).window).toEqual({ seqMax: 320, bytesMax: 16 * 1_048_576 });
    expect(receiver.state().window).toBeUndefined();

    const stated: boolean[] = [];
    for (let seq = 1; seq <= 21; seq++) {
      hear(receiver, messages(seq, ["a"]));
      takeAll(receiver);
      stated.push(receiver.state().window !== undefined);
    }

    expect(stated.flatMap((isStated, at) => (isStated ? [at + 1] : []))).toEqual([10, 20]);
    expect(receiver.state(true).window?.seqMax).toBe(341);
  });

  test("[WIN-4] a peer that stands still at the session's limit is told of any gain", () => {
    const receiver = receiverOf();
    receiver.state();
    hear(receiver, messages(1, ["a"]));
    takeAll(receiver);
    expect(receiver.isWindowWorthSaying).toBe(false);

    receiver.handleBlocked({ seqMax: 262_144, bytesMax: 1 }, []);

    expect(receiver.isWindowWorthSaying).toBe(true);
  });

  test("[HELD-1] what is consumed later than it was received is news", () => {
    const receiver = receiverOf({ hold: "consumed", consume: "explicit" });
    const channel = receiver.channels.get(0);
    hear(receiver, messages(1, ["a", "b"]));
    takeAll(receiver);
    receiver.state();
    receiver.noteHeld(5);
    expect(receiver.ackOwedSinceMs).toBe(Infinity);
    if (channel === undefined) throw new Error("channel 0 always exists");

    expect(receiver.consume(channel, 3)).toBe(false);
    expect(receiver.consume(channel, 1)).toBe(true);
    receiver.noteHeld(6);

    expect(receiver.ackOwedSinceMs).toBe(6);
    expect(receiver.heldThrough).toBe(1);
  });

  test("the peer's end waits for messages that wait for room", () => {
    const limits = { messageBytesMax: 20_000, assemblyBytesMax: 20_000 };
    const receiver = receiverOf({ ...limits, consume: "explicit" });
    hear(receiver, opening(1, 2, "unordered"), part(2, 1, 0, 20_000, 20_000));
    hear(receiver, part(3, 1, 0, 9_000, 9_000, { channel: 2 }));
    hear(receiver, { kind: "finish", seq: 4, code: 0 });

    expect(takeTexts(receiver)).toEqual(["channel-opened", "1:20000"]);
    expect(receiver.isFinished).toBe(false);
    const channel = receiver.channels.get(0);
    if (channel !== undefined) receiver.consume(channel, 1);
    expect(takeTexts(receiver)).toEqual(["1:9000", "peer-finished"]);
  });

  test("[WIN-4] a peer that stands still for bytes alone is told of any gain", () => {
    const receiver = receiverOf();
    receiver.state();
    hear(receiver, messages(1, ["a"]));
    takeAll(receiver);

    receiver.handleBlocked({ seqMax: 262_145, bytesMax: 16 * 1_048_576 + 1 }, []);
    expect(receiver.isWindowWorthSaying).toBe(false);
    receiver.handleBlocked({ seqMax: 262_145, bytesMax: 16 * 1_048_576 }, []);

    expect(receiver.isWindowWorthSaying).toBe(true);
  });

  test("[WIN-5] of more channels than fit a body the others are stated in the next one", () => {
    const receiver = receiverOf({ channelsMax: 257 });
    receiver.state();
    const ids = Array.from({ length: 257 }, (_, at) => 2 + 2 * at);
    hear(receiver, ...ids.map((id, at) => opening(at + 1, id, "ordered")));
    receiver.handleBlocked(
      undefined,
      ids.map((channel) => ({ channel, unitsMax: 0, bytesMax: 0 })),
    );

    const first = receiver.state().channelWindows;
    const second = receiver.state().channelWindows;

    expect(first.length).toBe(256);
    expect([...first, ...second].map((each) => each.channel)).toEqual(ids);
    expect(receiver.isWindowWorthSaying).toBe(false);
  });

  test("[WIN-6] a skip that names seqs which arrived counts for the others alone", () => {
    const receiver = receiverOf();
    hear(receiver, messages(2, ["b"]));

    hear(receiver, skip(1, 1, { count: 3, bytes: 10 }));

    expect(takeTexts(receiver)).toEqual(["2:b"]);
    expect(receiver.window).toEqual({ seqMax: 3 + 262_144, bytesMax: 21 + 16 * 1_048_576 });
  });

  test("[CHAN-7] what waited for its turn on a channel that is reset gives its credit back", () => {
    const receiver = receiverOf({ hold: "consumed", consume: "explicit" });
    hear(receiver, opening(1, 2, "ordered"));
    hear(receiver, messages(3, ["bb"], { channel: 2, index: 2 }), skip(4, 3, { channel: 2 }));
    expect(receiver.heldThrough).toBe(1);

    hear(receiver, { kind: "channel-reset", seq: 2, channel: 2, code: 1 });

    expect(receiver.heldThrough).toBe(4);
    expect(receiver.window).toEqual({ seqMax: 4 + 262_144, bytesMax: 2 + 16 * 1_048_576 });
    expect(takeTexts(receiver)).toEqual(["channel-opened", "channel-reset"]);
  });

  test("[WIN-6] what is handed over after its channel was forgotten gives its credit back", () => {
    const receiver = receiverOf({ hold: "delivered" });
    hear(receiver, opening(1, 2, "ordered"), messages(2, ["a"], { channel: 2, index: 1 }));
    hear(receiver, { kind: "channel-finish", seq: 3, channel: 2, indexEnd: 2 });
    receiver.removeChannel(2);

    expect(takeTexts(receiver)).toEqual(["channel-opened", "1:a", "channel-finished"]);

    expect(receiver.heldThrough).toBe(3);
    expect(receiver.window).toEqual({ seqMax: 3 + 262_144, bytesMax: 1 + 16 * 1_048_576 });
  });

  test("[CHAN-1] [WIN-7] a channel that has ended lets the next one open, consumed or not", () => {
    const receiver = receiverOf({ ...TIGHT, consume: "explicit" });
    let seq = 0;
    for (const id of [2, 4, 6]) {
      hear(receiver, opening(++seq, id, "ordered"));
      hear(receiver, messages(++seq, ["a", "b", "c"], { channel: id, index: 1 }));
      hear(receiver, { kind: "channel-finish", seq: (seq += 3), channel: id, indexEnd: 4 });
      takeAll(receiver);
      const channel = receiver.channels.get(id);
      if (channel !== undefined) channel.isOwnHalfEnded = true;
    }

    // Nine messages are not consumed, so three more may come, whatever the channels have.
    expect(refusalOf(receiver, messages(++seq, ["a", "b", "c"], { index: 1 }))).toBe("none");
    const four = messages(seq, ["a", "b", "c", "d"], { index: 1 });
    expect(refusalOf(receiver, four)).toBe("window_exceeded");
  });
});
