import { describe, expect, test } from "vitest";
import { brief, SenderBench } from "./senders.ts";

describe("a reset of a channel", () => {
  test("[CHAN-7] lets what was sent go again as it was until the peer knows of the reset", () => {
    const bench = new SenderBench();
    const channel = bench.channel("ordered");
    bench.accept(channel, "a");
    bench.accept(channel, "b");
    bench.fill();
    bench.accept(channel, "c");

    bench.sender.reset(channel, 7);

    expect(bench.again()).toEqual(["messages 2 seq 1 index 1: a b", "channel-reset 2 seq 3"]);
    bench.ack(0, [3, 3]);
    expect(bench.again()).toEqual(["skip 2 seq 1 index 1: 1", "skip 2 seq 2 index 2: 1"]);
    expect(bench.sender.givenUp.get(2)).toEqual({ neverSent: 1, sent: 2 });
    expect(bench.sender.bufferedBytes).toBe(0);
    bench.ack(3);
    expect(bench.sender.isFlushed).toBe(true);
  });

  test("that the peer made first gives everything up at once", () => {
    const bench = new SenderBench();
    const channel = bench.channel("ordered");
    bench.accept(channel, "a");
    bench.accept(channel, 17_000);
    bench.fill();

    bench.sender.reset(channel, undefined);

    expect(bench.sender.givenUp.get(2)).toEqual({ neverSent: 0, sent: 2 });
    expect(bench.again()).toEqual([
      "skip 2 seq 1 index 1: 1",
      "skip 2 seq 2 index 2 part: 16384",
      "skip 2 seq 3 index 2 part: 616",
    ]);
  });

  test("behind the end of the session tells nothing and gives up nothing", () => {
    const bench = new SenderBench();
    const channel = bench.channel("ordered");
    bench.accept(channel, "a");
    bench.fill();
    bench.sender.finish(0);

    bench.sender.reset(channel, 7);

    expect(bench.again()).toEqual(["messages 2 seq 1 index 1: a", "finish seq 2"]);
    expect(bench.sender.givenUp.size).toBe(0);
  });

  test("that drops the last unsent message lets the end of the session leave", () => {
    const bench = new SenderBench();
    const channel = bench.channel("ordered", Infinity, 0);
    bench.accept(channel, "a");
    bench.sender.finish(0);
    expect(bench.sender.hasSomething).toBe(false);

    bench.sender.reset(channel, undefined);

    expect(bench.sender.hasSomething).toBe(true);
    expect(bench.sender.isFlushed).toBe(false);
    expect(brief(bench.fill())).toEqual(["finish seq 1"]);
  });
});

test("[SKIP-6] a sent message that a newer one supersedes is not counted as given up", () => {
  const bench = new SenderBench();
  const channel = bench.channel("latest");
  bench.accept(channel, "sent", 1);
  bench.fill();
  bench.accept(channel, "waits", 1);
  expect(bench.sender.givenUp.size).toBe(0);

  bench.accept(channel, "newest", 1);

  expect(bench.sender.givenUp.get(2)).toEqual({ neverSent: 1, sent: 0 });
});
