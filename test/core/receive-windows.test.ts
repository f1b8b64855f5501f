// When a raised window is worth a body of its own, to the unit and to the byte.

import { describe, expect, test } from "vitest";
import type { NumberedFrame } from "../../src/core/body.ts";
import { hear, messages, opening, receiverOf, takeAll } from "./numbered-frames.ts";

/** One channel beside channel 0, four units and 16 KiB each, and as much for the peer's own. */
const TIGHT = { channelsMax: 1, channelUnits: 4, windowMessages: 12, windowBytes: 3 * 16_384 };

function large(seq: number, bytes: number, more: { channel?: number; index?: number } = {}) {
  return { ...messages(seq, [""], more), payloads: [new Uint8Array(bytes)] };
}

const reset = (seq: number, channel: number): NumberedFrame => ({
  kind: "channel-reset",
  seq,
  channel,
  code: 1,
});

describe("a raised window", () => {
  test("[WIN-4] of the session is worth saying when more than half of it came back", () => {
    const units = receiverOf({
      ...TIGHT,
      channelsMax: 5,
      channelUnits: 1,
      windowMessages: 12,
      windowBytes: 11 * 16_384,
    });
    units.state();
    for (let seq = 1; seq <= 5; seq++) hear(units, opening(seq, 2 * seq, "ordered"));
    takeAll(units);
    hear(units, reset(6, 2));
    expect(units.isWindowWorthSaying).toBe(false);
    hear(units, reset(7, 4));
    expect(units.isWindowWorthSaying).toBe(true);

    const bytes = receiverOf(TIGHT);
    hear(bytes, opening(1, 2, "ordered"), reset(2, 2));
    takeAll(bytes);
    bytes.state();
    hear(bytes, large(3, 12_288, { channel: 2 }), large(4, 12_288, { channel: 2 }));
    expect(bytes.isWindowWorthSaying).toBe(false);
    hear(bytes, large(5, 1, { channel: 2 }));
    expect(bytes.isWindowWorthSaying).toBe(true);
  });

  test("[WIN-4] of a channel is worth saying when the peer gains more than it has left", () => {
    const options = { channelsMax: 0, channelUnits: 8, windowMessages: 8, windowBytes: 16_384 };
    const units = receiverOf(options);
    units.state();
    hear(units, messages(1, ["a", "b", "c", "d"]));
    takeAll(units);
    expect([...units.windows.raised]).toEqual([]);
    hear(units, messages(5, ["e"]));
    takeAll(units);
    expect([...units.windows.raised]).toEqual([0]);

    const bytes = receiverOf(options);
    bytes.state();
    hear(bytes, large(1, 8_192));
    takeAll(bytes);
    expect([...bytes.windows.raised]).toEqual([]);
    hear(bytes, large(2, 1));
    takeAll(bytes);
    expect([...bytes.windows.raised]).toEqual([0]);
  });

  test("[WIN-5] of the session answers a peer that stands still below it, in units or in bytes", () => {
    const receiver = receiverOf();
    receiver.state();
    const { seqMax, bytesMax } = receiver.window;
    for (const [units, bytes, isWorth] of [
      [seqMax, bytesMax, false],
      [seqMax - 1, bytesMax, true],
      [seqMax, bytesMax - 1, true],
    ] as const) {
      receiver.handleBlocked({ seqMax: units, bytesMax: bytes }, []);

      expect([units, bytes, receiver.isWindowWorthSaying]).toEqual([units, bytes, isWorth]);
    }
  });

  test("[WIN-5] of a channel answers a peer that stands still below it, in units or in bytes", () => {
    const options = { channelsMax: 0, channelUnits: 9, windowMessages: 9, windowBytes: 16_384 };
    for (const [unitsMax, bytesMax, raised] of [
      [9, 16_384, []],
      [8, 16_384, [0]],
      [9, 16_383, [0]],
    ] as const) {
      const receiver = receiverOf(options);
      receiver.state();

      receiver.handleBlocked(undefined, [{ channel: 0, unitsMax, bytesMax }]);

      expect([unitsMax, bytesMax, [...receiver.windows.raised]]).toEqual([
        unitsMax,
        bytesMax,
        raised,
      ]);
    }
  });
});
