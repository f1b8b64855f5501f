// What a sender remembers of messages that may be given up, and what becomes of them.

import { describe, expect, test } from "vitest";
import { brief, SenderBench } from "./senders.ts";

describe("a channel that gives nothing up", () => {
  test("remembers no deadlines, no keys, and nothing of what was sent", () => {
    const bench = new SenderBench();
    const { main } = bench;
    for (const text of ["a", "b"]) bench.accept(main, text);
    bench.accept(main, 20_000);
    expect([main.unsentKeys.size, main.unsentDeadlines.size, main.unsentByKey.size]).toEqual([
      0, 0, 0,
    ]);

    bench.fill();

    expect([main.sent.size, main.sentByKey.size]).toEqual([0, 0]);
    expect(bench.sender.nextExpiryMs).toBe(Infinity);
  });

  test("remembers no keys beside deadlines, and no deadlines beside keys", () => {
    const bench = new SenderBench();
    const timed = bench.channel("ordered", 10);
    const latest = bench.channel("latest");
    bench.accept(timed, "a");
    bench.accept(latest, "b", 1);
    expect([timed.unsentKeys.size, timed.unsentDeadlines.size]).toEqual([0, 1]);
    expect([latest.unsentKeys.size, latest.unsentDeadlines.size]).toEqual([1, 0]);
    expect(bench.sender.nextExpiryMs).toBe(10);

    bench.fill();

    expect([timed.sent.size, timed.sentByKey.size, timed.unsentDeadlines.size]).toEqual([1, 0, 0]);
    expect([latest.sent.size, latest.sentByKey.size, latest.unsentByKey.size]).toEqual([1, 1, 0]);
    expect([timed.givesUp, latest.givesUp, bench.main.givesUp]).toEqual([true, true, false]);
  });
});

describe("a latest channel", () => {
  test("[LATEST-1] gives up what it sent of a key when a newer one is there, and of no other", () => {
    const bench = new SenderBench();
    const latest = bench.channel("latest");
    bench.accept(latest, "a", 1);
    bench.accept(latest, "b", 2);
    bench.fill();

    bench.accept(latest, "A", 1);

    expect(bench.again()).toEqual(["skip 2 seq 1 index 1: 1", "messages 2 seq 2 index 2: b A"]);
  });

  test("[LATEST-1] replaces what waits, whatever its size, in its place", () => {
    const bench = new SenderBench(1_000, 1e9, 1_000);
    const latest = bench.channel("latest");
    bench.accept(latest, "aaaa", 1);
    bench.accept(latest, "b", 2);
    expect(bench.sender.unsentBytes).toBe(5);

    bench.accept(latest, "AA", 1);

    expect([bench.sender.unsentBytes, bench.sender.unsentCount]).toEqual([3, 2]);
    expect(latest.unsentBytes).toBe(3);
    expect(bench.sender.givenUp.get(2)).toEqual({ neverSent: 1, sent: 0 });
    expect(brief(bench.fill())).toEqual(["messages 2 seq 1 index 1: AA b"]);
    expect([bench.sender.unsentBytes, latest.unsentBytes]).toEqual([0, 0]);
  });

  test("forgets what the peer has received, and only that", () => {
    const bench = new SenderBench();
    const latest = bench.channel("latest");
    for (let count = 1; count <= 20; count++) {
      bench.accept(latest, "a", count % 3);
      bench.fill();
      expect([count, latest.sent.size]).toEqual([count, 1]);
      bench.ack(count);
    }

    bench.accept(latest, "b", 9);
    bench.fill();

    expect([latest.sent.size, [...latest.sentByKey.keys()]]).toEqual([1, [9]]);
  });

  test("does not forget a newer message of a key together with an older one", () => {
    const bench = new SenderBench();
    const latest = bench.channel("latest");
    bench.accept(latest, "a", 1);
    bench.fill();
    bench.ack(1);
    bench.accept(latest, "b", 1);
    bench.fill();

    bench.accept(latest, "c", 1);

    expect(bench.again()).toEqual(["skip 2 seq 2 index 2: 1", "messages 2 seq 3 index 3: c"]);
  });

  test("[LATEST-1] replaces what waits behind one of which parts have left, and leaves that alone", () => {
    const bench = new SenderBench();
    const latest = bench.channel("latest");
    bench.accept(latest, 20_000, 1);
    bench.accept(latest, "b", 2);
    expect(brief(bench.fill(17_000))).toEqual(["part 2 seq 1 index 1: 0-16384 of 20000"]);

    bench.accept(latest, "B", 2);

    expect(bench.sender.givenUp.get(2)).toEqual({ neverSent: 1, sent: 0 });
    expect(brief(bench.fill())).toEqual([
      "part 2 seq 2 index 1: 16384-20000 of 20000",
      "messages 2 seq 3 index 2: B",
    ]);
  });

  test("[LATEST-1] gives up one of which parts have left, and sends the newer one whole", () => {
    const bench = new SenderBench();
    const latest = bench.channel("latest");
    bench.accept(latest, 40_000, 1);
    expect(brief(bench.fill(17_000))).toHaveLength(1);

    bench.accept(latest, "new", 1);

    expect(bench.sender.givenUp.get(2)).toEqual({ neverSent: 0, sent: 1 });
    expect([bench.sender.unsentBytes, bench.sender.unsentCount]).toEqual([3, 1]);
    expect(bench.again()).toEqual([
      "skip 2 seq 1 index 1 part: 16384",
      "skip 2 seq 2 index 1 part: 0",
      "messages 2 seq 3 index 2: new",
    ]);
  });

  test("keeps the deadline of the newer message where it takes the place of an older one", () => {
    const bench = new SenderBench();
    const latest = bench.channel("latest", 10);
    bench.accept(latest, "a", 1);
    bench.nowMs = 5;
    bench.accept(latest, "A", 1);

    bench.sender.expire(10);
    expect(bench.sender.unsentCount).toBe(1);
    expect(bench.sender.nextExpiryMs).toBe(15);
    bench.sender.expire(15);

    expect(bench.sender.unsentCount).toBe(0);
    expect(bench.sender.nextExpiryMs).toBe(Infinity);
  });
});

describe("messages that expire", () => {
  test("[SKIP-4] go one by one when their time has come, sent or not", () => {
    const bench = new SenderBench();
    const timed = bench.channel("ordered", 10);
    bench.accept(timed, "a");
    bench.nowMs = 5;
    bench.accept(timed, "b");
    bench.fill();
    bench.nowMs = 8;
    bench.accept(timed, "c");
    expect(bench.sender.nextExpiryMs).toBe(10);

    bench.sender.expire(10);
    expect(bench.sender.givenUp.get(2)).toEqual({ neverSent: 0, sent: 1 });
    expect(bench.sender.nextExpiryMs).toBe(15);
    expect(bench.again()).toEqual(["skip 2 seq 1 index 1: 1", "messages 2 seq 2 index 2: b c"]);
    bench.sender.expire(17);
    expect(bench.sender.givenUp.get(2)).toEqual({ neverSent: 0, sent: 2 });
    bench.sender.expire(18);

    expect(bench.sender.givenUp.get(2)).toEqual({ neverSent: 0, sent: 3 });
    expect(bench.sender.nextExpiryMs).toBe(Infinity);
  });

  test("are not given up once the peer has received them", () => {
    const bench = new SenderBench();
    const timed = bench.channel("ordered", 10);
    bench.accept(timed, "a");
    bench.fill();
    bench.ack(1);

    bench.sender.expire(10);

    expect(bench.sender.givenUp.size).toBe(0);
    expect(bench.sender.isFlushed).toBe(true);
  });

  test("are given up with all their parts, and counted once", () => {
    const bench = new SenderBench();
    const timed = bench.channel("ordered", 10);
    bench.accept(timed, 40_000);
    bench.fill(17_000);
    bench.fill();

    bench.sender.expire(10);

    expect(bench.sender.givenUp.get(2)).toEqual({ neverSent: 0, sent: 1 });
    bench.sender.resolve(1);
    expect(bench.again()).toEqual([
      "skip 2 seq 1 index 1 part: 16384",
      "skip 2 seq 2 index 1 part: 16384",
      "skip 2 seq 3 index 1 part: 7232",
    ]);
  });

  test("of which the first parts are held already are given up in the rest", () => {
    const bench = new SenderBench();
    const timed = bench.channel("ordered", 10);
    bench.accept(timed, 40_000);
    bench.fill(17_000);
    bench.ack(1);
    expect(bench.sender.nextExpiryMs).toBe(10);
    bench.fill();

    bench.sender.expire(10);

    expect(bench.sender.givenUp.get(2)).toEqual({ neverSent: 0, sent: 1 });
    expect(bench.again()).toEqual([
      "skip 2 seq 2 index 1 part: 16384",
      "skip 2 seq 3 index 1 part: 7232",
    ]);
  });

  test("[SKIP-3] are ended by one skip when all parts that left have been received", () => {
    const bench = new SenderBench();
    const channel = bench.channel("ordered", 10);
    bench.accept(channel, 20_000);
    bench.fill(17_000);
    bench.ack(1);
    // Whoever asks when something expires next forgets what has been received.
    expect(bench.sender.nextExpiryMs).toBe(10);
    expect(channel.lastSent).toBeUndefined();
    bench.nowMs = 10;

    bench.sender.expire(bench.nowMs);

    expect(brief(bench.fill())).toEqual(["skip 2 seq 2 index 1 part: 0"]);
  });

  test("[SKIP-3] of which only some parts have left are ended by one more skip", () => {
    const bench = new SenderBench();
    const timed = bench.channel("ordered", 10);
    bench.accept(timed, 40_000);
    bench.fill(17_000);
    bench.ack(1);
    bench.accept(timed, "b");

    bench.sender.expire(10);

    expect(bench.sender.givenUp.get(2)).toEqual({ neverSent: 1, sent: 1 });
    expect([bench.sender.unsentBytes, timed.unsentBytes, bench.sender.unsentCount]).toEqual([
      0, 0, 0,
    ]);
    expect(brief(bench.fill())).toEqual(["skip 2 seq 2 index 1 part: 0"]);
    expect(timed.nextIndex).toBe(2);
  });

  test("leave the parts of the message behind them alone", () => {
    const bench = new SenderBench();
    const timed = bench.channel("ordered", 10);
    bench.accept(timed, 17_000);
    bench.nowMs = 5;
    bench.accept(timed, 17_000);
    bench.fill();

    bench.sender.expire(10);

    expect(bench.sender.givenUp.get(2)).toEqual({ neverSent: 0, sent: 1 });
    expect(bench.again().map((frame) => frame.split(" ")[0])).toEqual([
      "skip",
      "skip",
      "part",
      "part",
    ]);
  });

  test("leave the units of other channels among them alone", () => {
    const bench = new SenderBench();
    const timed = bench.channel("ordered", 10);
    bench.accept(timed, 40_000);
    bench.accept(bench.main, "between");
    bench.fill();

    bench.sender.expire(10);

    expect(bench.again()).toEqual([
      "skip 2 seq 1 index 1 part: 16384",
      "messages 0 seq 2 index 1: between",
      "skip 2 seq 3 index 1 part: 16384",
      "skip 2 seq 4 index 1 part: 7232",
    ]);
  });

  test("are looked for on no channel that has none left", () => {
    const bench = new SenderBench();
    const { expiring } = bench.sender["givingUp"];
    const timed = bench.channel("ordered", 10);
    bench.accept(timed, "a");
    bench.accept(bench.main, "b");
    expect([...expiring]).toEqual([timed]);
    bench.fill();
    bench.ack(2);

    expect(bench.sender.nextExpiryMs).toBe(Infinity);
    expect(expiring.size).toBe(0);
  });

  test("that were all of a channel that is finishing let its end leave", () => {
    const bench = new SenderBench();
    const timed = bench.channel("ordered", 10, 0);
    bench.accept(timed, "a");
    bench.sender.finishChannel(timed);
    expect(bench.fill()).toEqual([]);

    bench.sender.expire(10);

    expect(brief(bench.fill())).toEqual(["channel-finish 2 seq 1: 1"]);
    expect(timed.state).toBe("finished");
  });
});

describe("a reset", () => {
  test("forgets what might have been given up", () => {
    const bench = new SenderBench();
    const latest = bench.channel("latest", 10);
    bench.accept(latest, "a", 1);
    bench.fill();
    bench.accept(latest, "b", 2);

    bench.sender.reset(latest, 1);

    expect([latest.sent.size, latest.sentByKey.size, latest.unsentByKey.size]).toEqual([0, 0, 0]);
    expect([latest.unsentKeys.size, latest.unsentDeadlines.size]).toEqual([0, 0]);
    expect(bench.sender.nextExpiryMs).toBe(Infinity);
    expect([bench.sender.unsentBytes, latest.unsentBytes]).toEqual([0, 0]);
  });

  test("counts a message of which parts have left with what was sent", () => {
    const bench = new SenderBench();
    const channel = bench.channel("ordered");
    bench.accept(channel, 40_000);
    bench.fill(17_000);
    bench.accept(channel, "b");
    bench.accept(channel, "c");

    bench.sender.reset(channel, undefined);

    expect(bench.sender.givenUp.get(2)).toEqual({ neverSent: 2, sent: 1 });
    expect([channel.partOffset, bench.sender.bufferedBytes]).toEqual([0, 0]);
  });
});
