import { describe, expect, test } from "vitest";
import {
  hear,
  messages,
  opening,
  part,
  receiverOf,
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
});
