/** Parts of large messages that are given up, wait for room, or come late. */
import { describe, expect, test } from "vitest";
import {
  hear,
  messages,
  opening,
  part,
  receiverOf,
  refusalOf,
  skip,
  takeTexts,
} from "./numbered-frames.ts";

const BYTES_MAX = 16 * 1_048_576;
const TIGHT = { messageBytesMax: 20_000, assemblyBytesMax: 20_000 };

const reset = (seq: number, channel: number) =>
  ({ kind: "channel-reset", seq, channel, code: 1 }) as const;

describe("parts", () => {
  test("[SKIP-2] of a message that is given up free their room", () => {
    const receiver = receiverOf({ ...TIGHT, hold: "delivered" });
    hear(receiver, part(1, 1, 0, 1_024, 20_000), part(3, 2, 0, 9_000, 9_000));
    expect(receiver.parts.bytes).toBe(20_000);
    expect(takeTexts(receiver)).toEqual([]);

    hear(receiver, skip(2, 1, { sharedIndex: true, bytes: 18_976 }));

    expect(takeTexts(receiver)).toEqual(["2:9000"]);
    expect(receiver.parts.bytes).toBe(0);
    expect(receiver.heldThrough).toBe(3);
    expect(receiver.bytesMax).toBe(29_000 + BYTES_MAX);
  });

  test("[SKIP-2] that come behind a skip of their message are dropped", () => {
    const receiver = receiverOf();
    hear(receiver, skip(1, 1, { sharedIndex: true, bytes: 1_024 }));

    hear(receiver, part(2, 1, 1_024, 1_024, 2_048));

    expect(receiver.parts.bytes).toBe(0);
    expect(receiver.window).toEqual({ seqMax: 2 + 262_144, bytesMax: 2_048 + BYTES_MAX });
  });

  test("[PART-5] of the first message that waits go before those of smaller ones", () => {
    const receiver = receiverOf({ ...TIGHT, consume: "explicit" });
    hear(receiver, opening(1, 2, "unordered"), part(2, 1, 0, 8_000, 8_000));
    hear(receiver, part(3, 1, 0, 9_000, 9_000, { channel: 2 }));
    hear(receiver, part(4, 2, 0, 16_000, 16_000, { channel: 2 }));
    hear(receiver, part(5, 3, 0, 12_000, 12_000, { channel: 2 }));
    expect(takeTexts(receiver)).toEqual(["channel-opened", "1:8000", "1:9000"]);
    const [main, other] = [0, 2].map((id) => receiver.channels.get(id));
    if (main === undefined || other === undefined) throw new Error("both channels are open");

    receiver.consume(main, 1);
    expect(takeTexts(receiver)).toEqual([]);
    receiver.consume(other, 1);
    expect(takeTexts(receiver)).toEqual(["2:16000"]);
    receiver.consume(other, 1);

    expect(takeTexts(receiver)).toEqual(["3:12000"]);
  });

  test("[PART-5] that wait on an ordered channel go on when another gives its room back", () => {
    const receiver = receiverOf({ ...TIGHT, consume: "explicit" });
    hear(receiver, opening(1, 2, "unordered"), part(2, 1, 0, 15_000, 15_000, { channel: 2 }));
    hear(receiver, part(3, 1, 0, 9_000, 9_000), messages(4, ["b"], { index: 2 }));
    expect(takeTexts(receiver)).toEqual(["channel-opened", "1:15000"]);
    const other = receiver.channels.get(2);
    if (other === undefined) throw new Error("channel 2 is open");

    receiver.consume(other, 1);

    expect(takeTexts(receiver)).toEqual(["1:9000", "2:b"]);
  });

  test("[WIN-3] that never had a seq count in no channel's window", () => {
    const receiver = receiverOf();

    hear(receiver, skip(1, 1, { sharedIndex: true }));

    expect(receiver.channels.get(0)?.units).toBe(0);
    expect(receiver.window).toEqual({ seqMax: 1 + 262_144, bytesMax: BYTES_MAX });
  });

  test("[CHAN-7] of a channel that is reset free their room, and so do those that wait", () => {
    const receiver = receiverOf({ ...TIGHT, consume: "explicit", hold: "consumed" });
    hear(receiver, opening(1, 2, "unordered"), part(2, 1, 0, 1_024, 20_000, { channel: 2 }));
    hear(receiver, part(3, 2, 0, 1_024, 9_000, { channel: 2 }));
    hear(receiver, messages(4, ["a"], { channel: 2, index: 3 }));
    expect(takeTexts(receiver)).toEqual(["channel-opened", "3:a"]);

    hear(receiver, reset(5, 2));

    expect(receiver.parts.bytes).toBe(0);
    expect(receiver.heldThrough).toBe(5);
    expect(receiver.window).toEqual({ seqMax: 5 + 262_144, bytesMax: 2_049 + BYTES_MAX });
  });

  test("keep the body that brought them where they are half of it or more", () => {
    const receiver = receiverOf();
    const body = new Uint8Array(8_192);
    const other = new Uint8Array(8_192);
    const view = (of: Uint8Array, bytes: number) => ({ payload: of.subarray(0, bytes) });

    hear(receiver, { ...part(1, 1, 0, 4_096, 10_000), ...view(body, 4_096) });
    // The same part twice counts once.
    const small = { ...part(2, 1, 4_096, 2_048, 10_000), ...view(other, 2_048) };
    hear(receiver, small, { ...small, payload: other.subarray(2_048, 4_096) });

    const parts = receiver.channels.get(0)?.assemblies.get(1)?.parts;
    expect(parts?.get(0)?.buffer).toBe(body.buffer);
    expect(parts?.get(4_096)?.buffer.byteLength).toBe(2_048);
  });
});

describe("[CHAN-7] a channel that is reset twice", () => {
  test("gives its credit back once", () => {
    const receiver = receiverOf({ consume: "explicit" });
    hear(receiver, opening(1, 2, "ordered"), messages(2, ["a"], { channel: 2, index: 1 }));
    expect(takeTexts(receiver)).toEqual(["channel-opened", "1:a"]);
    const channel = receiver.channels.get(2);
    if (channel === undefined) throw new Error("channel 2 is open");

    receiver.reset(channel);
    receiver.reset(channel);

    expect(receiver.window).toEqual({ seqMax: 2 + 262_144, bytesMax: 1 + BYTES_MAX });
  });
});

describe("[CHAN-4] what comes on a channel that was reset", () => {
  test("is dropped whatever it says of indexes, and its credit comes back", () => {
    const receiver = receiverOf();
    hear(receiver, opening(1, 2, "unordered"), messages(2, ["a"], { channel: 2, index: 1 }));
    hear(receiver, reset(3, 2));
    expect(refusalOf(receiver, messages(4, ["b"], { channel: 2, index: 1 }))).toBe("none");

    hear(receiver, messages(4, ["b"], { channel: 2, index: 1 }));
    hear(receiver, skip(5, 1, { channel: 2, bytes: 3 }), reset(6, 2));

    expect(takeTexts(receiver)).toEqual(["channel-opened", "1:a", "channel-reset"]);
    expect(receiver.window).toEqual({ seqMax: 6 + 262_144, bytesMax: 5 + BYTES_MAX });
  });
});
