import { describe, expect, test } from "vitest";
import {
  hear,
  keyed,
  messages,
  opening,
  receiverOf,
  refusalOf,
  skip,
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

describe("an unordered channel", () => {
  test("[CHAN-5] has ended when every index before its end has come or was given up", () => {
    const receiver = receiverOf();
    const end = { kind: "channel-finish", seq: 5, channel: 2, indexEnd: 3 } as const;
    hear(receiver, opening(1, 2, "unordered"), messages(2, ["b"], { channel: 2, index: 2 }));
    expect(refusalOf(receiver, { ...end, indexEnd: 2 })).toBe("finish_invalid");

    hear(receiver, end);
    expect(takeTexts(receiver)).toEqual(["channel-opened", "2:b"]);
    // The message at 2 came first, so that only 1 is given up.
    hear(receiver, skip(3, 2, { channel: 2, sharedIndex: true }));
    expect(takeTexts(receiver)).toEqual([]);
    hear(receiver, skip(4, 1, { channel: 2 }));

    expect(takeTexts(receiver)).toEqual(["channel-finished"]);
  });

  test("[CHAN-5] has ended, too, when all came in the order of their sending", () => {
    const receiver = receiverOf();
    hear(receiver, opening(1, 2, "unordered"), messages(2, ["a", "b"], { channel: 2, index: 1 }));
    hear(receiver, { kind: "channel-finish", seq: 4, channel: 2, indexEnd: 3 });

    expect(takeTexts(receiver)).toEqual(["channel-opened", "1:a", "2:b", "channel-finished"]);
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
