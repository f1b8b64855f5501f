// Rules of section 4 of the protocol, each on the half that it binds.

import { describe, expect, test } from "vitest";
import type { NumberedFrame, PartFrame } from "../../src/core/body.ts";
import { ChannelSender } from "../../src/core/channel-sender.ts";
import { checkParameters } from "../../src/core/half.ts";
import type { SessionOptions } from "../../src/core/options.ts";
import { SESSION_DEFAULTS } from "../../src/core/limits.ts";
import { Receiver } from "../../src/core/receiver.ts";
import { NO_KEY } from "../../src/core/send-ring.ts";
import { Sender } from "../../src/core/sender.ts";
import { codeOf } from "./bodies.ts";

const byte = Uint8Array.of(1);

function receiver(options: Partial<SessionOptions> = {}): Receiver {
  return new Receiver({ ...SESSION_DEFAULTS, ...options }, 0);
}

function message(seq: number, index = seq, channel = 0): NumberedFrame {
  return { kind: "messages", channel, seq, index, payloads: [byte] };
}

function part(seq: number, index: number, totalBytes: number, offset = 0): PartFrame {
  const payload = new Uint8Array(1_024);
  return { kind: "part", channel: 0, seq, index, offset, totalBytes, payload };
}

/** What the application was handed, as indexes. */
function delivered(from: Receiver): number[] {
  const indexes: number[] = [];
  for (let event = from.takeEvent(); event !== undefined; event = from.takeEvent()) {
    if (event.kind === "deliver") indexes.push(event.index);
  }
  return indexes;
}

/** A sender with an ordered channel 0 and everything granted. */
function sender(ttlMs = Infinity): { sender: Sender; channel: ChannelSender } {
  const granted = 1_000_000;
  const made = new Sender({ seqMax: granted, bytesMax: granted });
  const channel = new ChannelSender(0, "ordered", ttlMs, granted, granted);
  made.addChannel(channel);
  return { sender: made, channel };
}

describe("a receiver", () => {
  test("[ACK-4] leaves what would need a 257th range, and takes it when it comes again", () => {
    const half = receiver();
    // Holes at every second seq: 256 ranges.
    for (let seq = 2; seq <= 512; seq += 2) half.receive(0, [message(seq)]);
    half.receive(0, [message(514)]);

    expect(half.ack.ranges.length).toBe(512);
    expect(half.received.has(514)).toBe(false);

    half.receive(0, [message(1), message(3)]);
    half.receive(0, [message(514)]);

    expect(half.received.has(514)).toBe(true);
    expect(delivered(half)).toEqual([1, 2, 3, 4]);
  });

  test("[HELD-1] says held when its policy does, and not before", () => {
    const policies = { received: 1, delivered: 0, consumed: 0 } as const;
    for (const [hold, atFirst] of Object.entries(policies)) {
      const half = receiver({ hold: hold as SessionOptions["hold"], consume: "explicit" });
      half.receive(0, [message(1)]);
      expect([hold, half.ack.receivedThrough, half.ack.heldThrough]).toEqual([hold, 1, atFirst]);

      half.takeEvent();
      expect([hold, half.ack.heldThrough]).toEqual([hold, hold === "consumed" ? 0 : 1]);

      const channel = half.channels.get(0);
      expect(channel !== undefined && half.consume(channel, 1)).toBe(true);
      expect([hold, half.ack.heldThrough]).toEqual([hold, 1]);
    }
  });

  test("[MODE-2] delivers on an unordered channel as it comes, each index once", () => {
    const half = receiver();
    const label = new Uint8Array();
    half.receive(0, [{ kind: "channel-open", seq: 1, channel: 2, mode: "unordered", label }]);
    for (const seq of [4, 2, 4, 3]) half.receive(0, [message(seq, seq - 1, 2)]);

    expect(delivered(half)).toEqual([3, 1, 2]);
  });

  test("[MODE-4] refuses another seq for an index that was delivered, or waits", () => {
    const half = receiver();
    half.receive(0, [message(1), message(3)]);

    expect(codeOf(() => half.check([message(4, 1)]))).toBe("index_conflict");
    expect(codeOf(() => half.check([message(4, 3)]))).toBe("index_conflict");
    expect(() => half.check([message(3)])).not.toThrow();
  });

  test("[PART-5] reserves for the next message of an ordered channel only", () => {
    const half = receiver({ assemblyBytesMax: 4_096, messageBytesMax: 4_096 });
    half.receive(0, [part(2, 2, 2_048), part(3, 2, 2_048, 1_024)]);
    expect(half.parts.bytes).toBe(0);

    half.receive(0, [part(1, 1, 1_024)]);

    expect(delivered(half)).toEqual([1, 2]);
    expect(half.parts.bytes).toBe(0);
  });

  test("[PART-7] refuses a message beyond its limit with the first part", () => {
    const half = receiver({ messageBytesMax: 2_048 });

    expect(codeOf(() => half.check([part(1, 1, 2_049)]))).toBe("message_too_large");
    expect(() => half.check([part(1, 1, 2_048)])).not.toThrow();
  });
});

describe("a sender", () => {
  test("[ACK-5] takes nothing back for an older acknowledgement", () => {
    const { sender: half, channel } = sender();
    for (let count = 0; count < 3; count += 1) half.accept(0, channel, byte, NO_KEY);
    half.fill(0, 1, 16_384, 100);
    half.handleAck({ receivedThrough: 2, heldThrough: 1, ranges: [] });
    half.handleAck({ receivedThrough: 0, heldThrough: 0, ranges: [3, 3] });
    half.resolve(1);

    expect(half.ring.base).toBe(2);
    expect(half.due.isEmpty).toBe(true);
  });

  test("[WIN-2] passes over a window lower than one that it knows", () => {
    const { sender: half } = sender();

    expect(half.handleWindow({ seqMax: 5, bytesMax: 5 })).toBe(false);
    expect(half.seqMax).toBe(1_000_000);
    expect(half.handleChannelWindow({ channel: 0, unitsMax: 5, bytesMax: 5 })).toBe(false);
    expect(half.channels.get(0)?.unitsMax).toBe(1_000_000);
  });

  test("[SKIP-3] skips the parts that left, and the rest with one skip without bytes", () => {
    const { sender: half, channel } = sender(100);
    half.accept(0, channel, new Uint8Array(20_000), NO_KEY);
    half.fill(0, 1, 8_192, 100);
    half.expire(100);
    half.resolve(1);
    const frames = half.fill(100, 2, 8_192, 100);

    const common = { kind: "skip", channel: 0, index: 1, count: 1, sharedIndex: true };
    expect(frames).toEqual([
      { ...common, seq: 1, bytes: expect.any(Number) as number },
      { ...common, seq: 2, bytes: 0 },
    ]);
    expect(half.givenUp.get(0)).toEqual({ neverSent: 0, sent: 1 });
  });
});

test("[OPEN-4] a peer whose limits are below the least is refused", () => {
  const least = {
    channelsMax: 0,
    channelUnits: 1,
    channelBytes: 16_384,
    messageBytesMax: 16_384,
    bodyBytesMax: 32_768,
    silenceLimitMs: 1,
    holdTimeMs: 0,
    parkedMax: 1,
  };
  expect(() => checkParameters(least)).not.toThrow();
  for (const name of Object.keys(least) as (keyof typeof least)[]) {
    if (least[name] === 0) continue;
    const less = { ...least, [name]: least[name] - 1 };
    expect([name, codeOf(() => checkParameters(less))]).toEqual([name, "parameter_invalid"]);
  }
});
