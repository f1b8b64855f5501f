// The request side at the edges of its rules: evidence, pauses, saved states, carriers.

import { describe, expect, test } from "vitest";
import { Endpoint } from "../../src/core/endpoint.ts";
import { LITERAL_DEFAULTS, SAVE_PAUSE_MS } from "../../src/core/limits.ts";
import { LiteralRequestSide } from "../../src/core/literal-request-side.ts";
import { RequestSide } from "../../src/core/request-side.ts";
import { Dialogue, kindsOf, NONCE, SERVER_PARAMETERS, textsOf } from "./scripted-server.ts";

function resumed(client: Dialogue, nowMs: number, seed = 1): Dialogue {
  const side = RequestSide.resume(nowMs, client.side.save(client.nowMs), seed);
  return new Dialogue({}, nowMs, side);
}

test("[SAY-8] a probe waits anew each time that messages stand still", () => {
  const window = (seqMax: number) => ({ window: { seqMax, bytesMax: 1_000_000 } });
  const client = new Dialogue({ earlyMessages: false }).open(window(1));
  client.send("a", "b");
  client.tick();
  expect(client.timeout.timer).toBe("probe");
  client.answer(2, { ...window(2), ack: client.ack() });
  client.tick();
  client.answer(client.last.exchange, { ...window(2), ack: client.ack() });
  client.pass(20_000);
  client.send("c");

  expect(client.tick()).toEqual([]);
  const next = [client.timeout.timer, client.timeout.atMs > client.nowMs + 500];
  expect(next).toEqual(["probe", true]);
});

describe("evidence", () => {
  test("[RTO-1] is measured from when the request left, whatever the clock shows", () => {
    const client = new Dialogue({}, 5_000);
    client.tick();
    client.pass(100);

    client.answer(1, { opened: SERVER_PARAMETERS });

    expect(client.side.roundTrip.smoothedMs).toBe(100);
  });

  test("[RTO-2] about a body gives its rate, without the time for which another was held", () => {
    const client = new Dialogue({}, 1_000).open();
    client.send(new Uint8Array(8_000));
    const [sent] = client.tick();
    const bytes = sent?.bytes.length ?? 0;
    client.pass(50);

    client.answer(2, { answer: { heldMs: 40, parked: [3] } });

    expect(client.side.roundTrip.rate).toBeCloseTo(0.75 * 64 + (0.25 * bytes) / 50, 5);
  });

  test("[EXCH-4] is the answer itself, though it does not name its own exchange", () => {
    const client = new Dialogue().open();
    client.send(new Uint8Array(8_000));
    const [sent] = client.tick();
    client.pass(50);

    client.answer(sent?.exchange ?? 0, { answer: { answered: [], parked: [2], heldMs: 10 } });

    const bytes = sent?.bytes.length ?? 0;
    expect(client.side.roundTrip.rate).toBeCloseTo(0.75 * 64 + (0.25 * bytes) / 40, 5);
  });

  test("[EXCH-4] is not an answer to another request: what that carries is still on its way", () => {
    const client = new Dialogue().open();
    client.send("a");
    client.tick();

    client.answer(2);

    expect(client.tick().flatMap(textsOf)).toEqual([]);
    expect(client.side.sender.flights.size).toBe(1);
  });

  test("[SAY-3] of how many are wanted is what a later exchange said, copies aside", () => {
    const client = new Dialogue().open();
    client.answer(2, { answer: { parkedWanted: 3 } });
    client.answer(2, { answer: { parkedWanted: 1 } });
    client.answer(1, { answer: { parkedWanted: 2 } });

    expect(client.tick()).toHaveLength(3);
  });

  test("[END-5] that the session is unknown is about this session alone", () => {
    const client = new Dialogue().open();
    const other = NONCE.map((byte, at) => (at === 0 ? byte : byte + 100));

    client.answerBytes(2, client.encodeBare({ unknown: other }));

    expect(client.side.isDoubted).toBe(false);
    client.tick();
    client.answerBytes(client.last.exchange, client.encodeBare({ unknown: NONCE }));
    expect(client.side.isDoubted).toBe(true);
  });
});

describe("a failure", () => {
  test("[END-7] of a request that did not leave this host leaves its messages never sent", () => {
    for (const notSent of [true, false]) {
      const client = new Dialogue().open();
      client.send("a");
      const [sent] = client.tick();
      expect(textsOf(sent)).toEqual(["a"]);

      client.fail(sent?.exchange ?? 0, { notSent });
      client.side.abort(0);
      client.drain();

      const { neverSent, unknown } = client.ended ?? { neverSent: [], unknown: [] };
      expect([neverSent.length, unknown.length]).toEqual(notSent ? [1, 0] : [0, 1]);
    }
  });
});

describe("what a request side waits for", () => {
  test("is now where something may leave, not the past in which it might have", () => {
    const client = new Dialogue().open();
    client.nowMs = 50;
    client.send("a");

    expect(client.timeout).toEqual({ kind: "timeout", atMs: 50, timer: "transmit" });
  });

  test("[RETRY-5] is its end once too many requests brought no answer", () => {
    const client = new Dialogue({ requestsUnansweredMax: 2 }).open();
    client.fail(2);
    client.tick();
    client.fail(3);

    expect(client.timeout).toEqual({ kind: "timeout", atMs: 0, timer: "transmit" });
    client.tick();
    expect(client.ended).toMatchObject({ reason: "unanswered" });
  });

  test("[ACK-2] is no moment to acknowledge in when no carrier is free", () => {
    const client = new Dialogue({ carriersMax: 2 }).open();
    for (const text of ["a", "b"]) {
      client.send(text);
      client.tick();
    }
    client.answer(2, { numbered: client.messages("x") });

    expect(client.pass(100)).toEqual([]);
    expect(client.side.receiver.ackOwedSinceMs).toBe(0);
  });
});

describe("a pause", () => {
  test("[RETRY-3] wakes nobody at its end who has nothing to do then", () => {
    const client = new Dialogue().open();
    client.send("a");
    client.tick();

    client.answer(2, { pauseMs: 1_000, answer: { parked: [3] }, ack: client.ack() });
    client.tick();

    expect(client.timeout.timer).not.toBe("retry");
    expect(client.timeout.atMs).toBeGreaterThan(1_000);
  });

  test("[RETRY-3] ends with a request where one is wanted", () => {
    const client = new Dialogue().open();
    client.answer(2, { pauseMs: 1_000 });
    expect(client.tick()).toEqual([]);

    expect(client.timeout).toEqual({ kind: "timeout", atMs: 1_000, timer: "retry" });
    expect(client.pass(1_000)).toHaveLength(1);
  });
});

describe("a saved state", () => {
  test("[INC-4] is of the same life until it has spoken", () => {
    const client = new Dialogue().open();
    client.side.save(0);
    const incarnation = client.side["incarnation"];
    client.side.save(0);

    expect(client.side["incarnation"]).toBe(incarnation);
    const silent = resumed(client, 10);
    const later = resumed(silent, 20);
    const [first] = later.tick();
    // Of the lives in between none has said anything.
    expect(first?.body.succeeds).toEqual([1]);
  });

  test("counts failures of its new life from its first request on", () => {
    const client = new Dialogue({}, 0).open();
    client.side.save(0);
    const [first] = client.pass(SAVE_PAUSE_MS);
    client.fail(first?.exchange ?? 0);
    const [second] = client.tick();
    expect(second?.atMs).toBe(first?.atMs);

    client.fail(second?.exchange ?? 0);

    expect(client.tick()).toEqual([]);
    expect(client.pass(1_000).length).toBeGreaterThan(0);
  });

  test("goes on with its own clocks: an end that was waited for, a wake, what is owed", () => {
    const client = new Dialogue({ closeTimeoutMs: 5_000 }).open();
    const open = resumed(client, 100_000);
    open.pass(6_000);
    expect(open.side.state).toBe("open");
    expect(open.aborted).toEqual([]);
    open.side.handleWake(open.nowMs);
    open.drain();
    expect(open.timeout).toMatchObject({ atMs: open.nowMs, timer: "wake" });

    client.send("a");
    client.side.close(0);
    const closing = resumed(client, 200_000);
    closing.tick();
    closing.until("close");
    expect(closing.nowMs).toBe(205_000);
  });

  test("owes what it owed, from now on, and nothing else", () => {
    const client = new Dialogue().open();
    expect(resumed(client, 500).side.receiver.ackOwedSinceMs).toBe(Infinity);
    expect(resumed(client, 500).side["probeAtMs"]).toBe(Infinity);
    const owing = new Dialogue().open();
    owing.answer(2, { numbered: owing.messages("a") });

    const later = resumed(owing, 500);

    expect(later.side.receiver.ackOwedSinceMs).toBe(500);
    const blocked = new Dialogue({ earlyMessages: false });
    blocked.open({ window: { seqMax: 0, bytesMax: 0 } });
    blocked.send("a");
    blocked.tick();
    blocked.side.handleTimeout(0);
    blocked.drain();
    expect(resumed(blocked, 700).side["probeAtMs"]).toBe(700);
  });

  test("draws other waits from another seed", () => {
    const saved = new Dialogue().open().side.save(0);
    const drawn = [1, 2, 3].map((seed) => RequestSide.resume(0, saved, seed)["random"]);

    expect(new Set(drawn).size).toBe(3);
  });
});

describe("carriers", () => {
  test("[SAY-4] are no more than carriersMax, whatever there is to say", () => {
    const client = new Dialogue({ carriersMax: 2 }).open();
    for (const text of ["a", "b", "c"]) {
      client.send(text);
      client.tick();
    }

    expect(client.side.exchanges.countCarriers).toBe(2);
    expect(client.sent.slice(2).flatMap(textsOf)).toEqual(["a", "b"]);
    client.answer(3, { answer: { parked: [2] }, ack: client.ack(client.sent[2] as never) });
    expect(client.tick().flatMap(textsOf)).toEqual(["c"]);
  });

  test("[SAY-4] are no more than carriersMax, with room for others left too", () => {
    const client = new Dialogue({ carriersMax: 2 }).open();
    for (const text of ["a", "b"]) {
      client.send(text);
      client.tick();
    }
    client.answer(2);
    client.send("c");

    expect(client.tick()).toEqual([]);
    expect(client.side.exchanges.open.size).toBe(2);
  });

  test("[SAY-4] take no place that others still hold, when fewer are wanted than there were", () => {
    const client = new Dialogue({ carriersMax: 1 }).open();
    client.answer(2, { answer: { parkedWanted: 3 } });
    expect(client.tick()).toHaveLength(3);
    client.send("a");
    const [carrier] = client.tick();
    const parked = [3, 4, 5];
    client.answer(carrier?.exchange ?? 0, { answer: { parkedWanted: 1, parked } });
    const overdue = client.side.exchanges.open.get(3);
    if (overdue !== undefined) overdue.isOverdue = true;
    client.send("b");

    expect(client.tick().flatMap(textsOf)).toEqual([]);
    client.answer(4, { answer: { parkedWanted: 1, parked: [5] } });
    expect(client.tick().flatMap(textsOf)).toContain("b");
  });
});

describe("counters", () => {
  test("count bodies of every kind", () => {
    const client = new Dialogue().open();
    expect(client.side.stats.bodiesSent).toBe(2);

    client.side.abort(0);

    expect(client.side.stats.bodiesSent).toBe(3);
  });
});

describe("the literal procedure", () => {
  const literal = { ...LITERAL_DEFAULTS, bundleMessages: 4, sendDelayMs: "auto" } as const;

  test("[AUTO-1] waits for the rest of a bundle as long as the path would take for it", () => {
    const client = new Dialogue({ literal }).open();
    client.side.roundTrip.rate = 2;
    client.send(new Uint8Array(100), new Uint8Array(300));
    client.answer(client.last.exchange);
    client.drain();

    // Two more of 200 bytes each, at two bytes a millisecond.
    expect(client.timeout).toMatchObject({ timer: "delay", atMs: 200 });
  });

  test("[LIT-2] sends a bundle's worth at once, and resends when its time has come alone", () => {
    const client = new Dialogue({ literal: { ...literal, sendDelayMs: 50 } }).open();
    client.answer(client.last.exchange);
    client.drain();
    client.send("a", "b", "c");
    expect(client.tick()).toEqual([]);
    client.send("d");

    expect(client.tick().flatMap(textsOf)).toEqual(["a", "b", "c", "d"]);
    expect(client.pass(999).flatMap(textsOf)).toEqual([]);
    expect(client.pass(1).flatMap(textsOf)).toEqual(["a", "b", "c", "d"]);
    expect(kindsOf(client.last)).toEqual(["messages"]);
  });

  /** Request 2 is out; of two slots one is free. */
  const opened = (): Dialogue =>
    new Dialogue({ carriersMax: 1, literal: { ...literal, sendDelayMs: 0 } }).open();

  test("[LIT-2] sends the next bundle by itself, while the one before is on its way", () => {
    const client = new Dialogue({ literal: { ...literal, sendDelayMs: 0 } }).open();
    client.send("a", "b", "c", "d");
    expect(client.tick().flatMap(textsOf)).toEqual(["a", "b", "c", "d"]);
    client.send("e", "f", "g", "h");

    expect(client.tick().flatMap(textsOf)).toEqual(["e", "f", "g", "h"]);
    expect(client.side.requestsUnanswered).toBe(0);
  });

  test("[LIT-1] follows no copy of an answer while every slot is taken", () => {
    const client = opened();
    client.send("a", "b", "c", "d");
    expect(client.tick()).toHaveLength(1);
    client.answer(1);

    expect(client.tick()).toEqual([]);
    expect(client.timeout.timer).toBe("resend");
  });

  test("[INC-1] goes on from a saved state as another life, at once", () => {
    const client = opened();
    const side = LiteralRequestSide.resume(500, client.side.save(0), 1);
    const later = new Dialogue({}, 500, side);

    const [first] = later.tick();

    expect(first?.body.succeeds).toEqual([1]);
    expect([first?.exchange, first?.atMs]).toEqual([1, 500]);
  });

  test("[RETRY-7] asks at once when its host wakes it", () => {
    const client = opened();
    client.pass(100);
    client.side.handleWake(client.nowMs);
    client.drain();

    expect(client.tick()).toHaveLength(1);
  });

  test("is refused by the name of what is wrong with it", () => {
    const make = (wrong: object) => (): unknown =>
      new Dialogue({ literal: { ...LITERAL_DEFAULTS, ...wrong } });

    expect(make({ bundleMessages: 0 })).toThrow(/literal\.bundleMessages/);
    expect(make({ requestsHeld: 0 })).toThrow(/literal\.requestsHeld/);
    expect(make({ resendTimeoutMs: 0 })).toThrow(/literal\.resendTimeoutMs/);
    expect(() => new Endpoint(0, { literal: { ...LITERAL_DEFAULTS, bundleMessages: 0 } })).toThrow(
      /literal\.bundleMessages/,
    );
    expect(() => new Endpoint(0, { hold: "delivered" })).not.toThrow();
  });
});
