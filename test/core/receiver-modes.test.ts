import { describe, expect, test } from "vitest";
import {
  hear,
  keyed,
  messages,
  opening,
  receiverOf,
  takeAll,
  takeTexts,
} from "./numbered-frames.ts";

describe("a latest channel", () => {
  test("[LATEST-2] does not deliver an older message that arrives behind a newer one", () => {
    const receiver = receiverOf();
    hear(receiver, opening(1, 2, "latest"));

    hear(receiver, keyed(3, 2, 5, "newer"));
    hear(receiver, keyed(2, 1, 5, "older"));

    expect(takeTexts(receiver)).toEqual(["channel-opened", "2:newer"]);
    expect(receiver.received.through).toBe(3);
  });
});

describe("with hold consumed", () => {
  test("what is handed over after its channel was reset counts as held", () => {
    const receiver = receiverOf({ hold: "consumed", consume: "explicit" });
    hear(receiver, opening(1, 2, "ordered"), messages(2, ["a"], { channel: 2, index: 1 }));

    hear(receiver, { kind: "channel-reset", seq: 3, channel: 2, code: 1 });
    takeAll(receiver);

    expect(receiver.heldThrough).toBe(3);
  });
});
