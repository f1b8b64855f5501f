// The small classes and functions that stand on nothing else, at their bounds.

import { describe, expect, test } from "vitest";
import { readVersions } from "../../src/core/body-reader.ts";
import { encodeBody } from "../../src/core/body-writer.ts";
import { bodyChecksum } from "../../src/core/checksum.ts";
import { Deque } from "../../src/core/deque.ts";
import { FRAME_PIPE } from "../../src/core/frame-types.ts";
import { isPrefixType } from "../../src/core/prefix-frames.ts";
import { InvariantError } from "../../src/core/errors.ts";
import { Exchanges } from "../../src/core/exchanges.ts";
import { CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, PAUSE_MS_MAX } from "../../src/core/limits.ts";
import { Pauses } from "../../src/core/pauses.ts";
import { PayloadQueue, PayloadStore, viewOf } from "../../src/core/payload-queue.ts";
import { reasonBytes, reasonText } from "../../src/core/reason.ts";
import { RoundTrip } from "../../src/core/rtt.ts";
import { restoreSnapshot, takeSnapshot } from "../../src/core/snapshot.ts";
import { TimerQueue, type Wakeable } from "../../src/core/timer-queue.ts";
import { Wire } from "../../src/core/wire.ts";
import { codeOf } from "./bodies.ts";
import { xxh32 as xxh32ByHand } from "../vectors/decoder.mjs";
import { rising } from "../vectors/frame-cases.ts";

describe("pauses", () => {
  test("lie between their bounds, which are both met", () => {
    const pauses = new Pauses(3, 5, 7);
    const met = new Set(Array.from({ length: 200 }, () => pauses.next()));

    expect([...met].toSorted()).toEqual([3, 4, 5]);
  });

  test("are spread evenly", () => {
    const pauses = new Pauses(1_000, 1_999, 7);
    const all = Array.from({ length: 1_000 }, () => pauses.next());
    const mean = all.reduce((sum, each) => sum + each, 0) / all.length;

    expect(mean).toBeGreaterThan(1_450);
    expect(mean).toBeLessThan(1_550);
    expect(new Set(all).size).toBeGreaterThan(500);
  });

  test("are refused by name without a length or in the wrong order", () => {
    expect(() => new Pauses(0, 5, 1)).toThrow(/pauseMinMs/);
    expect(() => new Pauses(6, 5, 1)).toThrow(/pauseMaxMs/);
    expect(() => new Pauses(1, PAUSE_MS_MAX + 1, 1)).toThrow(/pauseMaxMs/);
    expect(new Pauses(5, 5, 1).next()).toBe(5);
  });
});

describe("a round trip", () => {
  test("of no time is none: the next one counts as the first", () => {
    const trip = new RoundTrip(1_000, 200, 60_000);
    trip.sample(0);
    expect([trip.timeoutMs, trip.smoothedMs, trip.variationMs]).toEqual([1_000, 0, 0]);

    trip.sample(100);
    expect([trip.timeoutMs, trip.smoothedMs, trip.variationMs]).toEqual([300, 100, 50]);
  });

  test("gives a rate from bodies of 4 KiB on", () => {
    const trip = new RoundTrip(1_000, 200, 60_000);

    trip.sampleRate(4_096, 4);

    expect(trip.rate).toBe(0.75 * 64 + 0.25 * 1_024);
  });
});

describe("a reason", () => {
  test("takes all of ASCII, and nothing beyond", () => {
    expect(reasonText(reasonBytes("\u0000 \u007f\u0080\u00ff"))).toBe("\u0000 \u007f??");
  });
});

describe("a store of small payloads", () => {
  function stored(store: PayloadStore, bytes: number): { buffer: ArrayBufferLike; at: number } {
    store.store(new Uint8Array(bytes));
    return { buffer: store.source.buffer, at: store.offset };
  }

  test("puts them one behind the other until a chunk is full to its last byte", () => {
    const store = new PayloadStore();
    const first = stored(store, 512);
    const second = stored(store, CHUNK_BYTES_MIN - 512);
    const third = stored(store, 1);

    expect([first.at, second.at, third.at]).toEqual([0, 512, 0]);
    expect(second.buffer).toBe(first.buffer);
    expect(third.buffer).not.toBe(first.buffer);
  });

  test("doubles its chunks up to the largest", () => {
    const store = new PayloadStore();
    const sizes = new Set<number>();
    for (let bytes = 0; bytes < 10 * CHUNK_BYTES_MAX; bytes += 512) {
      sizes.add(stored(store, 512).buffer.byteLength);
    }

    const doubled = Array.from({ length: 7 }, (_, at) => CHUNK_BYTES_MIN * 2 ** at);
    expect([...sizes]).toEqual(doubled);
    expect(doubled.at(-1)).toBe(CHUNK_BYTES_MAX);
  });

  test("fills its smallest chunk anew once nothing is kept, and lets go of a larger one", () => {
    const store = new PayloadStore();
    const { buffer } = stored(store, 100);
    store.reset();
    expect([store.source.length, store.offset]).toEqual([0, 0]);
    expect(stored(store, 50)).toEqual({ buffer, at: 0 });
    expect(store.source.buffer).toBe(buffer);

    for (let count = 0; count < 5; count++) stored(store, 500);
    expect(store.source.buffer.byteLength).toBeGreaterThan(CHUNK_BYTES_MIN);
    store.reset();

    expect(stored(store, 50).buffer.byteLength).toBe(CHUNK_BYTES_MIN);
    expect(stored(store, 50).at).toBe(50);
  });

  test("gives views of a part, and the whole itself", () => {
    const source = Uint8Array.of(1, 2, 3, 4);

    expect(viewOf(source, 0, 4)).toBe(source);
    expect([...viewOf(source, 0, 3)]).toEqual([1, 2, 3]);
    expect([...viewOf(source, 1, 3)]).toEqual([2, 3, 4]);
    expect([...viewOf(source.subarray(1), 1, 2)]).toEqual([3, 4]);
  });
});

describe("a ring of payloads", () => {
  test("counts what is in it, wherever it stands", () => {
    const queue = new PayloadQueue();
    const source = rising(30);
    for (let at = 0; at < 30; at++) {
      queue.push(source, at, 1);
      if (at % 3 === 0) queue.shift();
    }

    expect([queue.size, queue.head, queue.tail]).toEqual([20, 10, 30]);
    const views = Array.from({ length: 20 }, (_, at) => queue.view(10 + at)[0]);
    expect(views).toEqual(Array.from({ length: 20 }, (_, at) => source[10 + at]));
  });
});

describe("a deque", () => {
  /** Positions 5 to 11, in a ring of sixteen. */
  function grown(): Deque<number> {
    const deque = new Deque<number>();
    for (let value = 0; value < 12; value++) deque.push(value);
    for (let value = 0; value < 5; value++) expect(deque.shift()).toBe(value);
    return deque;
  }

  test("has nothing in front of its head or behind its tail, in whatever slot that is", () => {
    const deque = grown();

    expect([deque.size, deque.head, deque.tail]).toEqual([7, 5, 12]);
    for (const outside of [-11, 4, 12, 13, 21, 27]) expect(deque.at(outside)).toBeUndefined();
    expect([deque.at(5), deque.at(11), deque.first()]).toEqual([5, 11, 5]);
    deque.clear();
    for (let at = 0; at < 30; at++) expect(deque.at(at)).toBeUndefined();
    expect([deque.size, deque.shift(), deque.first()]).toEqual([0, undefined, undefined]);
    expect(deque.push(7)).toBe(12);
    expect(deque.at(12)).toBe(7);
  });

  test("has nothing at its tail when every slot is taken", () => {
    const deque = new Deque<number>();
    for (let value = 0; value < 8; value++) deque.push(value);

    expect([deque.at(8), deque.at(7), deque.size]).toEqual([undefined, 7, 8]);
  });

  test("replaces at a position of its own", () => {
    const deque = grown();
    deque.replace(11, 100);
    deque.replace(5, 50);

    expect(Array.from({ length: 7 }, (_, at) => deque.at(5 + at))).toEqual([
      50, 6, 7, 8, 9, 10, 100,
    ]);
  });

  test("keeps nothing alive that was taken or dropped", () => {
    const deque = new Deque<string>();
    for (let count = 0; count < 10; count++) deque.push("gone");
    for (let count = 0; count < 5; count++) deque.shift();
    expect(JSON.stringify(deque).split("gone")).toHaveLength(6);

    deque.clear();

    expect(JSON.stringify(deque)).not.toContain("gone");
  });
});

describe("the ledger of exchanges", () => {
  test("gives a copy of what is over, which does not change afterwards", () => {
    const exchanges = new Exchanges();
    for (let count = 0; count < 5; count++) exchanges.begin(0, 1, false, 0);
    exchanges.end(3);
    const stated = exchanges.overRanges;

    exchanges.end(5);

    expect(stated).toEqual([3, 3]);
    expect(exchanges.overRanges).toEqual([3, 3, 5, 5]);
  });
});

describe("a queue of timers", () => {
  function item(): Wakeable {
    return { wakeAtMs: Infinity, timerPosition: -1 };
  }

  test("gives out many items by their times, as they are set, moved and taken out", () => {
    const queue = new TimerQueue<Wakeable>();
    const items = Array.from({ length: 15 }, item);
    // Each order of times comes from another start and another step.
    for (let start = 0; start < 15; start++) {
      for (const step of [1, 2, 4, 7, 8, 11, 13, 14]) {
        items.forEach((each, at) => queue.set(each, (start + at * step) % 15));
        items.slice(0, 5).forEach((each, at) => queue.set(each, (at * 7 + start) % 20));
        queue.set(items[start] as Wakeable, Infinity);
        expect(queue.size).toBe(14);
        let lastMs = -1;
        for (let count = 0; count < 14; count++) {
          const { nextAtMs } = queue;
          expect(queue.takeDue(nextAtMs - 1)).toBeUndefined();
          const next = queue.takeDue(nextAtMs);
          expect([next?.wakeAtMs, next?.timerPosition]).toEqual([nextAtMs, -1]);
          expect(nextAtMs).toBeGreaterThanOrEqual(lastMs);
          lastMs = nextAtMs;
        }
        expect([queue.size, queue.nextAtMs]).toEqual([0, Infinity]);
      }
    }
  });
});

describe("a writer's scratch", () => {
  function written(bytes: number): Uint8Array {
    const writer = Wire.writer(0);
    writer.field(new Uint8Array(bytes), 0, bytes);
    return writer.bytes;
  }

  test("is used again, and let go where it was large", () => {
    const kept = written(900_000);
    expect(Wire.writer(0).bytes).toBe(kept);

    written(1_100_000);

    expect(Wire.writer(0).bytes.length).toBe(1_024);
  });

  test("grows to the next power of two where something does not fit, and not before", () => {
    written(2_000_000);
    const writer = Wire.writer(0);
    writer.view(new Uint8Array(1_024), 1_024);
    expect(writer.bytes.length).toBe(1_024);

    writer.view(Uint8Array.of(7), 1);

    expect(writer.bytes.length).toBe(2_048);
    expect(writer.bytes[1_024]).toBe(7);
  });
});

describe("a list of versions", () => {
  test("[VER-2] names no more than there are numbers for, however short it is", () => {
    expect(codeOf(() => readVersions(Uint8Array.of(0, 16)))).toBe("count_invalid");
    expect(codeOf(() => readVersions(Uint8Array.of(0, 15)))).toBe("truncated");
  });
});

describe("frames of the prefix", () => {
  test("[FRAME-2] have the types from 1 to that of PIPE", () => {
    const types = Array.from({ length: 0x40 }, (_, type) => type).filter(isPrefixType);

    expect(types).toEqual(Array.from({ length: FRAME_PIPE }, (_, at) => at + 1));
  });

  test("[FRAME-4] are written by the side that they come from alone", () => {
    const none = { channelWindows: [], channelsBlocked: [], numbered: [] };
    const written = (direction: 0 | 1) => () =>
      encodeBody({ ...none, pauseMs: 1 }, { direction, checksum: "none", sessionId: rising(16) });

    expect(written(1)().length).toBeGreaterThan(0);
    expect(written(0)).toThrow("frame_direction");
  });
});

describe("a body with an address", () => {
  test("is not written for another session, be its identifier longer or shorter", () => {
    const none = { channelWindows: [], channelsBlocked: [], numbered: [] };
    const written = (size: number): Uint8Array => {
      const address = { sessionId: rising(20), proof: rising(16), incarnation: 1, link: 0 };
      const sessionId = rising(size);
      return encodeBody(none, { direction: 0, checksum: "xxh32", sessionId, address });
    };

    expect(written(20).length).toBeGreaterThan(20);
    expect(() => written(19)).toThrow(InvariantError);
    expect(() => written(21)).toThrow(InvariantError);
  });
});

describe("a field that a snapshot gives back", () => {
  test("is like any other", () => {
    const again = restoreSnapshot(takeSnapshot({ a: 1 }, []), []) as object;

    expect(Object.getOwnPropertyDescriptor(again, "a")).toEqual({
      value: 1,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  });
});

describe("the checksum of a body", () => {
  test("[SUM-1] takes an identifier of any size into its seed", () => {
    const covered = rising(40);
    for (const size of [1, 14, 15, 16, 47]) {
      const seed = xxh32ByHand([...rising(size), 0x19], 0);
      const expected = Number(xxh32ByHand([...covered], seed));

      expect([size, bodyChecksum(rising(size), 0x19, covered, 0, 40)]).toEqual([size, expected]);
    }
  });
});
