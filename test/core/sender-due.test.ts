// What a sender sends once more, as far as a body has room for it, and what it says became of
// messages when the session ends.

import { describe, expect, test } from "vitest";
import {
  FACT_OVERHEAD,
  MESSAGE_OVERHEAD,
  PART_OVERHEAD,
  SKIP_OVERHEAD,
} from "../../src/core/bundle.ts";
import { FACT_ALLOWANCE } from "../../src/core/limits.ts";
import type { Fate } from "../../src/core/fates.ts";
import { brief, SenderBench } from "./senders.ts";

/** What a frame of one message of one byte takes. */
const SMALL = 33 + MESSAGE_OVERHEAD + 1;

describe("what is due again", () => {
  test("goes in one body as far as it fits, whatever was received in between", () => {
    const bench = new SenderBench();
    for (const text of ["a", "b", "c"]) bench.accept(bench.main, text);
    bench.fill();
    bench.ack(0, [2, 2]);

    expect(bench.again()).toEqual(["messages 0 seq 1 index 1: a", "messages 0 seq 3 index 3: c"]);
    expect(bench.sender.unitsResent).toBe(2);
  });

  test("stops at what does not fit, which goes in the next body", () => {
    const bench = new SenderBench();
    for (const what of ["a", "b", 5_000]) bench.accept(bench.main, what);
    bench.fill();
    bench.ack(0, [2, 2]);
    bench.sender.resolve(1);

    expect(brief(bench.fill(1_000))).toEqual(["messages 0 seq 1 index 1: a"]);
    expect(brief(bench.fill())).toEqual(["messages 0 seq 3 index 3: 5000"]);
  });

  test("goes in no larger number of units than the body takes", () => {
    const bench = new SenderBench();
    for (const text of ["a", "b", "c"]) bench.accept(bench.main, text);
    bench.fill();
    bench.sender.resolve(1);

    expect(brief(bench.fill(10_000, 2))).toEqual(["messages 0 seq 1 index 1: a b"]);
    expect(brief(bench.fill(10_000, 0))).toEqual([]);
    expect(brief(bench.fill())).toEqual(["messages 0 seq 3 index 3: c"]);
  });

  test("in parts goes where the part has room to its last byte", () => {
    const make = (): SenderBench => {
      const bench = new SenderBench();
      bench.accept(bench.main, "a");
      bench.accept(bench.main, 17_000);
      bench.fill();
      bench.ack(0, [3, 3]);
      bench.sender.resolve(1);
      return bench;
    };
    const enough = SMALL + PART_OVERHEAD + 16_384;

    expect(brief(make().fill(enough - 1))).toEqual(["messages 0 seq 1 index 1: a"]);
    expect(brief(make().fill(enough))).toHaveLength(2);
    const late = make();
    late.fill(enough - 1);
    expect(brief(late.fill())).toEqual(["part 0 seq 2 index 2: 0-16384 of 17000"]);
  });

  test("about a channel goes where the fact and its label have room", () => {
    const make = (): SenderBench => {
      const bench = new SenderBench();
      bench.accept(bench.main, "a");
      bench.fill();
      bench.sender.open(bench.channel("ordered"), new Uint8Array(200));
      bench.fill();
      bench.sender.resolve(1);
      bench.sender.resolve(2);
      return bench;
    };
    const bytes = FACT_OVERHEAD + 200;
    // The rule that it goes along with what needs it asks for its room once more.
    const enough = SMALL + 2 * bytes;

    expect(brief(make().fill(enough - 1))).toEqual(["messages 0 seq 1 index 1: a"]);
    const bench = make();
    expect(brief(bench.fill(enough))).toHaveLength(2);
    // What did not fit is still due, and goes with the next one.
    const late = make();
    late.fill(enough - 1);
    expect(brief(late.fill())).toEqual(["channel-open 2 seq 2"]);
  });

  test("about the end of a channel takes no room for a label", () => {
    const bench = new SenderBench();
    const channel = bench.channel("ordered");
    bench.accept(bench.main, "a");
    bench.fill();
    bench.sender.finishChannel(channel);
    bench.fill();
    bench.sender.resolve(1);
    bench.sender.resolve(2);

    expect(brief(bench.fill(SMALL + FACT_OVERHEAD))).toHaveLength(2);
  });

  test("in the place of what was given up goes where a skip has room", () => {
    const make = (): SenderBench => {
      const bench = new SenderBench();
      const latest = bench.channel("latest");
      bench.accept(bench.main, "a");
      bench.accept(latest, "b", 1);
      bench.fill();
      bench.accept(latest, "c", 1);
      bench.sender.resolve(1);
      return bench;
    };

    expect(brief(make().fill(SMALL + SKIP_OVERHEAD - 1))).toEqual(["messages 0 seq 1 index 1: a"]);
    const late = make();
    late.fill(SMALL + SKIP_OVERHEAD - 1);
    expect(brief(late.fill())).toEqual(["skip 2 seq 2 index 1: 1", "messages 2 seq 3 index 2: c"]);
    expect(brief(make().fill(SMALL + SKIP_OVERHEAD))).toEqual([
      "messages 0 seq 1 index 1: a",
      "skip 2 seq 2 index 1: 1",
    ]);
  });
});

describe("what is new", () => {
  test("[CHAN-3] takes the opening of its channel along until that is acknowledged", () => {
    const bench = new SenderBench();
    const channel = bench.channel("ordered");
    bench.sender.open(channel, new Uint8Array(0));
    bench.accept(channel, "a");
    expect(brief(bench.fill())).toEqual(["channel-open 2 seq 1", "messages 2 seq 2 index 1: a"]);
    bench.accept(channel, "b");
    expect(brief(bench.fill())).toEqual(["channel-open 2 seq 1", "messages 2 seq 3 index 2: b"]);

    bench.ack(1);
    bench.accept(channel, "c");

    expect(brief(bench.fill())).toEqual(["messages 2 seq 4 index 3: c"]);
  });

  test("about channels goes where facts and their labels have room", () => {
    const make = (): SenderBench => {
      const bench = new SenderBench();
      for (let count = 0; count < 2; count++) {
        bench.sender.open(bench.channel("ordered"), new Uint8Array(100));
      }
      return bench;
    };

    expect(make().fill(2 * (FACT_OVERHEAD + 100))).toHaveLength(2);
    const bench = make();
    expect(bench.fill(2 * (FACT_OVERHEAD + 100) - 1)).toHaveLength(1);
    expect(bench.fill()).toHaveLength(1);
  });

  test("[WIN-1] goes to the last byte of a window, the session's or the channel's, and no further", () => {
    const session = new SenderBench(10, 5);
    session.accept(session.main, "12345");
    expect(brief(session.fill())).toHaveLength(1);
    session.accept(session.main, "6");
    expect([session.fill(), session.sender.isBlocked]).toEqual([[], true]);

    const bench = new SenderBench();
    const channel = bench.channel("ordered", Infinity, 10, 5);
    bench.accept(channel, "12345");
    expect(brief(bench.fill())).toHaveLength(1);
    bench.accept(channel, "6");
    expect([bench.fill(), bench.sender.isBlocked]).toEqual([[], true]);

    expect(bench.sender.handleChannelWindow({ channel: 2, unitsMax: 10, bytesMax: 5 })).toBe(false);
    expect(bench.sender.handleChannelWindow({ channel: 2, unitsMax: 9, bytesMax: 6 })).toBe(true);
    expect(brief(bench.fill())).toHaveLength(1);
    const { seqMax, bytesMax } = bench.sender;
    expect(bench.sender.handleWindow({ seqMax, bytesMax })).toBe(false);
    expect(bench.sender.handleWindow({ seqMax: 0, bytesMax: bytesMax + 1 })).toBe(true);
    expect(bench.sender.handleWindow({ seqMax: seqMax + 1, bytesMax: 0 })).toBe(true);
  });

  test("[WIN-1] in parts goes as far as credit and the body reach, and a part is never tiny", () => {
    const bench = new SenderBench(10, 3_000);
    bench.accept(bench.main, 20_000);
    const [first] = bench.fill();
    expect(first?.kind === "part" && first.payload.length).toBe(3_000);
    bench.sender.handleWindow({ seqMax: 10, bytesMax: 4_023 });
    expect(bench.fill()).toEqual([]);
    bench.sender.handleWindow({ seqMax: 10, bytesMax: 4_024 });
    const [second] = bench.fill();
    expect(second?.kind === "part" && second.payload.length).toBe(1_024);

    const narrow = new SenderBench();
    const channel = narrow.channel("ordered", Infinity, 10, 2_000);
    narrow.accept(channel, 20_000);
    const [part] = narrow.fill();
    expect(part?.kind === "part" && part.payload.length).toBe(2_000);
    const small = new SenderBench();
    small.accept(small.main, 20_000);
    const [fitting] = small.fill(5_000 + PART_OVERHEAD);
    expect(fitting?.kind === "part" && fitting.payload.length).toBe(5_000);
    const two = new SenderBench();
    two.accept(two.main, 40_000);
    const room = 30_000 + 2 * PART_OVERHEAD;
    const lengths = two.fill(room).map((each) => each.kind === "part" && each.payload.length);
    expect(lengths).toEqual([16_384, 30_000 - 16_384]);
  });

  test("of a channel waits for its opening to leave first", () => {
    const bench = new SenderBench(0);
    const channel = bench.channel("ordered");
    bench.sender.open(channel, new Uint8Array(0));
    bench.accept(channel, "a");
    expect([bench.sender.canSendUnit, bench.sender.isBlocked]).toEqual([false, true]);
    expect(brief(bench.fill())).toEqual(["channel-open 2 seq 1"]);
    bench.sender.handleWindow({ seqMax: 10, bytesMax: 1e9 });

    expect(brief(bench.fill())).toEqual(["channel-open 2 seq 1", "messages 2 seq 2 index 1: a"]);
  });

  test("about the end of the session is the last thing, and has a number to wait for", () => {
    const bench = new SenderBench();
    bench.accept(bench.main, "a");
    bench.sender.finish(7);
    expect(bench.sender.finishSeq).toBe(0);

    const frames = bench.fill();

    expect(frames.at(-1)).toEqual({ kind: "finish", seq: 2, code: 7 });
    expect(bench.sender.finishSeq).toBe(2);
    expect([bench.sender.hasFactsOf(0), bench.sender.isBlocked]).toEqual([false, false]);
  });

  test("[WIN-5] about channels says where it stands still, when facts alone do", () => {
    const bench = new SenderBench(0);
    for (let count = 0; count < FACT_ALLOWANCE + 1; count++) {
      bench.sender.open(bench.channel("ordered"), new Uint8Array(0));
    }
    bench.fill();

    expect(bench.sender.facts.size).toBe(1);
    expect(bench.sender.statement.blocked).toEqual({ seqMax: 0, bytesMax: 1e9 });
  });

  test("about a channel is no block while it may leave", () => {
    const bench = new SenderBench(10);
    const channel = bench.channel("ordered");
    bench.sender.open(channel, new Uint8Array(0));

    expect(bench.sender.isBlocked).toBe(false);
    expect(bench.sender.statement).toEqual({ channelsBlocked: [] });
    expect([bench.sender.hasFactsOf(2), bench.sender.hasFactsOf(0)]).toEqual([true, false]);
  });

  test("takes turns of 16 KiB among channels", () => {
    const bench = new SenderBench();
    const other = bench.channel("ordered");
    for (let count = 0; count < 6; count++) bench.accept(bench.main, 8_000);
    for (let count = 0; count < 2; count++) bench.accept(other, "b");

    expect(brief(bench.fill())).toEqual([
      "messages 0 seq 1 index 1: 8000 8000 8000",
      "messages 2 seq 4 index 1: b b",
      "messages 0 seq 6 index 4: 8000 8000 8000",
    ]);
  });

  test("ends its turn to the byte, heads of messages included", () => {
    const bench = new SenderBench();
    const other = bench.channel("ordered");
    for (let count = 0; count < 5; count++) bench.accept(bench.main, 4_096 - MESSAGE_OVERHEAD);
    bench.accept(other, "b");

    expect(brief(bench.fill())).toEqual([
      "messages 0 seq 1 index 1: 4092 4092 4092 4092",
      "messages 2 seq 5 index 1: b",
      "messages 0 seq 6 index 5: 4092",
    ]);
  });

  test("goes on with a turn that the end of a body has interrupted", () => {
    const bench = new SenderBench();
    const other = bench.channel("ordered");
    for (const text of ["a", "b", "c"]) bench.accept(bench.main, text);
    bench.accept(other, "x");
    bench.fill(10_000, 2);

    expect(brief(bench.fill())).toEqual([
      "messages 0 seq 3 index 3: c",
      "messages 2 seq 4 index 1: x",
    ]);
  });

  test("[CHAN-3] of a channel never leaves in front of its opening", () => {
    const bench = new SenderBench();
    bench.sender.open(bench.channel("ordered"), new Uint8Array(200));
    const channel = bench.channel("ordered");
    bench.sender.open(channel, new Uint8Array(200));
    bench.accept(channel, "a");

    expect(brief(bench.fill(FACT_OVERHEAD + 300))).toEqual(["channel-open 2 seq 1"]);
    expect(brief(bench.fill())).toEqual(["channel-open 4 seq 2", "messages 4 seq 3 index 1: a"]);
  });

  test("[CHAN-3] takes the opening along though something behind it was received", () => {
    const bench = new SenderBench();
    const channel = bench.channel("ordered");
    bench.sender.open(channel, new Uint8Array(0));
    bench.accept(channel, "a");
    bench.fill();
    bench.ack(0, [2, 2]);
    bench.accept(channel, "b");

    expect(brief(bench.fill())).toEqual(["channel-open 2 seq 1", "messages 2 seq 3 index 2: b"]);
  });

  test("that was stopped by a window is no more once it is dropped", () => {
    const bench = new SenderBench();
    const channel = bench.channel("ordered", Infinity, 0);
    bench.accept(channel, "a");
    expect(bench.sender.statement.channelsBlocked).toHaveLength(1);

    bench.sender.reset(channel, undefined);

    expect(bench.sender.statement.channelsBlocked).toEqual([]);
    expect(bench.sender.isBlocked).toBe(false);
  });

  test("leaves no bytes behind once it is held", () => {
    const bench = new SenderBench();
    for (let count = 0; count < 3; count++) bench.accept(bench.main, 1_000);
    bench.fill();
    bench.ack(2);
    expect(bench.sender["store"].source.length).toBeGreaterThan(0);

    bench.ack(3);

    expect([bench.sender["store"].source.length, bench.sender.bufferedBytes]).toEqual([0, 0]);
  });

  test("is not more than the body has room for", () => {
    const bench = new SenderBench();
    for (let count = 0; count < 3; count++) bench.accept(bench.main, 8_000);

    expect(brief(bench.fill(17_000))).toEqual(["messages 0 seq 1 index 1: 8000 8000"]);
    expect(bench.sender.flights.get(1)?.isFull).toBe(true);
    expect(brief(bench.fill())).toEqual(["messages 0 seq 3 index 3: 8000"]);
    expect(bench.sender.flights.get(2)?.isFull).toBe(false);
  });

  test("may be as large as a unit and still go whole", () => {
    const bench = new SenderBench();
    bench.accept(bench.main, 16_384);
    bench.accept(bench.main, 16_385);

    const kinds = bench.fill().map(({ kind }) => kind);

    expect(kinds).toEqual(["messages", "part", "part"]);
    expect([bench.sender.messagesSent, bench.sender.unsentCount]).toEqual([2, 0]);
    expect([bench.main.units, bench.main.bytes, bench.main.nextIndex]).toEqual([3, 32_769, 3]);
    expect(bench.sender.bytesNumbered).toBe(32_769);
  });

  test("takes no unit of a body in which there is none left", () => {
    const bench = new SenderBench();
    bench.accept(bench.main, "a");
    bench.accept(bench.main, 40_000);

    expect(brief(bench.fill(100_000, 2))).toHaveLength(2);
    expect(brief(bench.fill(100_000, 1))).toHaveLength(1);
    expect(brief(bench.fill(100_000, 1))).toEqual(["part 0 seq 4 index 2: 32768-40000 of 40000"]);
  });
});

describe("what became of messages", () => {
  const told = (fates: readonly Fate[]): string[] =>
    fates.map(({ channel, index, payload }) => `${channel} ${index} ${payload.length}`);
  const ofBoth = ({ sender }: SenderBench): string[][] => [
    told(sender.fates.neverSent),
    told(sender.fates.unknown),
  ];

  /** Takes the last transmission back: it did not leave this host. */
  function takeBack(bench: SenderBench, transmission = bench.last): void {
    const flight = bench.sender.resolve(transmission);
    if (flight !== undefined) bench.sender.noteNotSent(flight);
  }

  test("[END-7] is known of what never left this host, with the index that it got", () => {
    const bench = new SenderBench();
    bench.accept(bench.main, "a");
    bench.accept(bench.main, "bb");
    bench.fill(1_000, 1);
    takeBack(bench);

    expect(ofBoth(bench)).toEqual([["0 1 1", "0 0 2"], []]);
    bench.fill();
    expect(ofBoth(bench)).toEqual([[], ["0 1 1", "0 2 2"]]);
  });

  test("[END-7] is not known of what left once, though not the last time", () => {
    const bench = new SenderBench();
    bench.accept(bench.main, "a");
    bench.fill();
    bench.sender.resolve(bench.last);
    bench.fill();
    takeBack(bench);

    expect(ofBoth(bench)).toEqual([[], ["0 1 1"]]);
  });

  test("[END-7] is not known of what another life may send, and of no more", () => {
    const bench = new SenderBench();
    bench.accept(bench.main, "a");
    bench.fill();
    takeBack(bench);
    bench.accept(bench.main, "waits");
    bench.sender.noteShared();
    expect(ofBoth(bench)).toEqual([[], ["0 1 1", "0 0 5"]]);

    bench.accept(bench.main, "new");
    expect(ofBoth(bench)).toEqual([["0 0 3"], ["0 1 1", "0 0 5"]]);
    bench.sender.noteSole();

    expect(ofBoth(bench)).toEqual([["0 1 1", "0 0 5", "0 0 3"], []]);
  });

  test("[END-7] is known of what was numbered after the state was saved and did not leave", () => {
    const bench = new SenderBench();
    bench.accept(bench.main, "a");
    bench.fill();
    bench.sender.noteShared();
    bench.accept(bench.main, "bb");
    bench.fill();
    takeBack(bench);

    expect(ofBoth(bench)).toEqual([["0 2 2"], ["0 1 1"]]);
  });

  test("[END-7] of a message in parts is known if none of them left", () => {
    const bench = new SenderBench();
    bench.accept(bench.main, 40_000);
    bench.fill(17_000);
    bench.fill();
    takeBack(bench, 1);
    expect(ofBoth(bench)).toEqual([[], ["0 1 40000"]]);
    takeBack(bench, 2);

    expect(ofBoth(bench)).toEqual([["0 1 40000"], []]);
  });

  test("[END-7] of a message in parts is not known once the first of them are held", () => {
    const bench = new SenderBench();
    bench.accept(bench.main, 40_000);
    bench.fill(17_000);
    bench.ack(1);
    bench.fill();
    takeBack(bench);

    expect(ofBoth(bench)).toEqual([[], ["0 1 40000"]]);
  });

  test("[END-7] of a message of which parts wait is told once, by its index", () => {
    const bench = new SenderBench();
    bench.accept(bench.main, 40_000);
    bench.accept(bench.main, "b");
    bench.fill(17_000);
    expect(ofBoth(bench)).toEqual([["0 0 1"], ["0 1 40000"]]);
    takeBack(bench);
    expect(ofBoth(bench)).toEqual([["0 1 40000", "0 0 1"], []]);
    bench.fill(17_000);

    bench.ack(1);

    expect(ofBoth(bench)).toEqual([["0 0 1"], ["0 1 40000"]]);
  });
});
