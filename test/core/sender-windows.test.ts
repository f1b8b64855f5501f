import { countSendable, resendAll } from "../../src/core/literal.ts";
import { describe, expect, test } from "vitest";
import { CHANNELS_BLOCKED_STATED_MAX } from "../../src/core/limits.ts";
import { brief, SenderBench } from "./senders.ts";

describe("a sender within its windows", () => {
  test("[ACK-3] refuses what was never sent, and more held than received", () => {
    const bench = new SenderBench();
    bench.accept(bench.main, "a");
    bench.fill();

    expect(() => bench.ack(2)).toThrow("ack_unsent");
    expect(() => bench.ack(0, [2, 2])).toThrow("ack_unsent");
    expect(() => bench.ack(0, [1, 1], 1)).toThrow("held_beyond_received");
    bench.ack(1);
    bench.ack(0);
    expect(bench.sender.isFlushed).toBe(true);
    expect(bench.sender.resolve(99)).toBeUndefined();
  });

  test("[WIN-5] says where it stands still, at the session or at channels", () => {
    const bench = new SenderBench(1, 1e9, 1);
    for (const text of ["a", "b"]) bench.accept(bench.main, text);
    bench.fill();

    expect(bench.sender.statement).toEqual({
      channelsBlocked: [{ channel: 0, unitsMax: 1, bytesMax: 1e9 }],
    });
    const other = bench.channel("ordered");
    bench.accept(other, "c");
    expect(bench.sender.isBlocked).toBe(true);
    expect(bench.sender.statement.blocked).toEqual({ seqMax: 1, bytesMax: 1e9 });
    expect(bench.sender.handleWindow({ seqMax: 2, bytesMax: 0 })).toBe(true);
    expect(brief(bench.fill())).toEqual(["messages 2 seq 2 index 1: c"]);
    expect(bench.sender.handleChannelWindow({ channel: 8, unitsMax: 9, bytesMax: 9 })).toBe(false);
  });

  test("[WIN-5] names no more channels that stand still than a prefix may", () => {
    const bench = new SenderBench();
    for (let count = 0; count <= CHANNELS_BLOCKED_STATED_MAX; count++) {
      bench.accept(bench.channel("ordered", Infinity, 0), "a");
    }

    const { blocked, channelsBlocked } = bench.sender.statement;

    expect(blocked).toBeUndefined();
    expect(channelsBlocked?.length).toBe(CHANNELS_BLOCKED_STATED_MAX);
    expect(bench.fill()).toEqual([]);
  });

  test("counts what is due, facts and messages together as what could leave", () => {
    const bench = new SenderBench(10);
    for (const text of ["a", "b", "c"]) bench.accept(bench.main, text);
    bench.fill();
    bench.sender.resolve(bench.last);
    bench.sender.open(bench.channel("ordered"), new Uint8Array(0));
    for (let count = 0; count < 9; count++) bench.accept(bench.main, "d");

    expect(countSendable(bench.sender, 2)).toBe(2);
    // Of nine messages the window lets seven leave.
    expect(countSendable(bench.sender, 100)).toBe(3 + 1 + 7);
  });

  test("[WIN-3] sends facts a little beyond it", () => {
    const bench = new SenderBench(0);
    for (let count = 0; count < 257; count++) {
      bench.sender.open(bench.channel("ordered"), new Uint8Array(0));
    }

    expect(countSendable(bench.sender, 1_000)).toBe(257);
    expect(bench.fill().length).toBe(256);
    expect(bench.sender.isBlocked).toBe(true);
    expect(countSendable(bench.sender, 1_000)).toBe(0);
    expect(bench.sender.hasFactsOf(514)).toBe(true);
    expect(bench.sender.hasFactsOf(2)).toBe(false);
    resendAll(bench.sender);
    expect(countSendable(bench.sender, 1_000)).toBe(256);
    expect(countSendable(bench.sender, 10)).toBe(10);
  });

  test("gives a message of 100 MiB and small ones their turns in the same body", () => {
    const bench = new SenderBench(1e6, 1e9, 1e6);
    const other = bench.channel("ordered");
    bench.accept(other, 100 * 1_048_576);
    for (const text of ["a", "b"]) bench.accept(bench.main, text);

    expect(brief(bench.fill(40_000))).toEqual([
      "part 2 seq 1 index 1: 0-16384 of 104857600",
      "messages 0 seq 2 index 1: a b",
      "part 2 seq 4 index 1: 16384-32768 of 104857600",
      expect.stringMatching(/^part 2 seq 5 index 1: 32768-/u),
    ]);
    bench.accept(bench.main, "c");
    expect(brief(bench.fill(20_000))).toContain("messages 0 seq 7 index 3: c");
  });

  test("[END-7] splits what is left into never sent and unknown", () => {
    const bench = new SenderBench();
    const other = bench.channel("ordered");
    bench.accept(bench.main, "a");
    bench.accept(bench.main, 20_000);
    bench.accept(other, 40_000);
    bench.accept(other, "never");
    bench.fill(40_000, 4);
    bench.accept(bench.main, "b");

    const { neverSent, unknown } = bench.sender.fates;

    expect(neverSent.map(({ channel, payload }) => [channel, payload.length])).toEqual([
      [0, 1],
      [2, 5],
    ]);
    expect(unknown.map(({ channel, index }) => [channel, index]).toSorted()).toEqual([
      [0, 1],
      [0, 2],
      [2, 1],
    ]);
    // Though all parts that left are held, the message as a whole is not.
    bench.ack(4);
    expect(bench.sender.fates.unknown.map(({ channel }) => channel)).toContain(2);
  });

  test("forgets a channel with which both sides are done", () => {
    const bench = new SenderBench();
    const channel = bench.channel("ordered");
    bench.accept(channel, "a");
    bench.sender.finishChannel(channel);
    bench.fill();
    bench.fill();
    expect(() => bench.sender.removeChannel(2)).toThrow("channel_removed_too_early");

    bench.ack(2);
    bench.sender.removeChannel(2);

    expect(bench.sender.channels.has(2)).toBe(false);
  });
});
