// Skips against the windows, on the receiving half alone.

import { describe, expect, test } from "vitest";
import { SESSION_DEFAULTS } from "../../src/core/limits.ts";
import { Receiver } from "../../src/core/receiver.ts";
import { codeOf } from "./bodies.ts";

const options = {
  ...SESSION_DEFAULTS,
  channelsMax: 1,
  channelUnits: 1,
  windowMessages: 3,
  hold: "consumed",
  consume: "explicit",
} as const;

describe("a channel whose window is used up", () => {
  const receiver = new Receiver(options, 0);
  const channel = receiver.channels.get(0);
  const unitsMax = channel?.unitsMax ?? 0;
  const payload = new Uint8Array(1_024);
  receiver.receive(
    0,
    Array.from({ length: unitsMax }, (_, k) => {
      const place = { channel: 0, seq: k + 1, index: k + 1 };
      return { kind: "messages", ...place, payloads: [payload] };
    }),
  );
  const skip = {
    kind: "skip",
    channel: 0,
    seq: unitsMax + 1,
    index: unitsMax + 1,
    count: 1,
  } as const;

  test("[WIN-3] takes the skip of what never had a seq", () => {
    expect(() => receiver.check([{ ...skip, sharedIndex: true, bytes: 0 }])).not.toThrow();
  });

  test("[WIN-1] refuses the skip of a unit that it did not allow", () => {
    expect(codeOf(() => receiver.check([{ ...skip, sharedIndex: false, bytes: 0 }]))).toBe(
      "window_exceeded",
    );
    expect(codeOf(() => receiver.check([{ ...skip, sharedIndex: true, bytes: 1 }]))).toBe(
      "window_exceeded",
    );
  });
});
