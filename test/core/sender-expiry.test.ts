import { describe, expect, test } from "vitest";
import { brief, SenderBench } from "./senders.ts";

describe("a message that expires while a body is filled", () => {
  test("leaves the other channels their turns", () => {
    const bench = new SenderBench();
    const latest = bench.channel("latest", 10);
    bench.accept(latest, "a", 1);
    bench.accept(latest, "b", 2);
    bench.nowMs = 5;
    // In its place, with a later deadline than what stands behind it.
    bench.accept(latest, "A", 1);
    bench.accept(bench.main, "other");

    bench.nowMs = 10;
    const frames = bench.fill();

    expect(brief(frames)).toEqual([
      "messages 2 seq 1 index 1: A",
      "messages 0 seq 2 index 1: other",
    ]);
    expect(bench.sender.givenUp.get(2)).toEqual({ neverSent: 2, sent: 0 });
  });
});

describe("the last unsent message, when it expires", () => {
  test("lets the end of the session leave", () => {
    const bench = new SenderBench();
    bench.accept(bench.channel("ordered", 10, 0), "a");
    bench.sender.finish(0);
    bench.sender.expire(9);
    expect(bench.sender.hasSomething).toBe(false);

    bench.sender.expire(10);

    expect(bench.sender.hasSomething).toBe(true);
    expect(bench.sender.isFlushed).toBe(false);
    expect(brief(bench.fill())).toEqual(["finish seq 1"]);
  });
});
