// Dialogues of the request side: when requests leave, and what answers are taken for.

import { STATE_FORMAT } from "../../src/core/snapshot.ts";
import { describe, expect, test } from "vitest";
import { PART_BYTES_MIN, SAVE_PAUSE_MS } from "../../src/core/limits.ts";
import { RequestSide } from "../../src/core/request-side.ts";
import {
  bytesOf,
  Dialogue,
  kindsOf,
  lastSeq,
  NONCE,
  SERVER_PARAMETERS,
  textOf,
  textsOf,
} from "./scripted-server.ts";

const KIB = 1024;

describe("opening", () => {
  test("begins with one request that carries the opening and whatever was sent early", () => {
    const client = new Dialogue();
    client.send("a", "b");

    const [first, ...others] = client.tick();

    expect(others).toEqual([]);
    expect(first?.body.request?.exchange).toBe(1);
    expect(first?.body.open?.silenceLimitMs).toBe(60_000);
    expect(first?.incarnation).toBe(1);
    expect(textsOf(first)).toEqual(["a", "b"]);
  });

  test("[OPEN-2] goes along with every request until the first answer", () => {
    const client = new Dialogue();
    client.tick();
    client.send("a");
    const [second] = client.tick();
    expect(second?.body.open).toBeDefined();

    client.answer(1, { opened: SERVER_PARAMETERS, ack: client.ack() });
    const [third] = client.tick();

    expect(third?.body.open).toBeUndefined();
    expect(client.side.state).toBe("open");
    expect(client.told).toEqual([{ kind: "opened" }]);
    expect(client.side.peer).toEqual(SERVER_PARAMETERS);
  });

  test("without early messages sends them once the server has answered", () => {
    const client = new Dialogue({ earlyMessages: false });
    client.send("a");
    expect(textsOf(client.tick()[0])).toEqual([]);

    client.answer(1, { opened: SERVER_PARAMETERS, window: { seqMax: 9, bytesMax: 9_000 } });

    expect(textsOf(client.tick()[0])).toEqual(["a"]);
  });

  test("takes limits of the server that do not fit together as a violation", () => {
    const client = new Dialogue();
    client.tick();

    client.answer(1, { opened: { ...SERVER_PARAMETERS, channelUnits: 0 } });

    expect(client.ended).toMatchObject({ reason: "protocol", detail: "parameter_invalid" });
  });

  test("sends no bodies larger than the server reads", () => {
    const client = new Dialogue({ bodyBytesInitial: 400 * KIB });
    client.open({
      opened: { ...SERVER_PARAMETERS, bodyBytesMax: 32 * KIB },
      channelWindows: [{ channel: 0, unitsMax: 1_000, bytesMax: 1_000_000 }],
    });

    client.send(...Array.from({ length: 64 }, () => new Uint8Array(1_000)));

    const sizes = client.tick().map((sent) => sent.bytes.length);
    expect(sizes.length).toBeGreaterThan(1);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(32 * KIB);
  });
});

describe("parking", () => {
  test("[SAY-2] sends at once while fewer requests are out than the server wants parked", () => {
    const client = new Dialogue().open();
    client.answer(2, { answer: { parkedWanted: 3 } });

    expect(client.tick().map((sent) => sent.exchange)).toEqual([3, 4, 5]);
  });

  test("[SAY-6] moves nothing while one request is parked and there is nothing to say", () => {
    const client = new Dialogue().open();

    expect(client.pass(24_000)).toEqual([]);
    expect(client.timeout).toMatchObject({ timer: "exchange", atMs: 25_000 + 1_000 + 1 });
  });

  test("[SAY-3] believes the wish of the highest exchange only", () => {
    const client = new Dialogue({ parkedMax: 4 }).open();
    client.send("a");
    client.tick();
    client.answer(3, { answer: { parkedWanted: 2 } });
    client.answer(2, { answer: { parkedWanted: 4 } });

    expect(client.side.parkedWanted).toBe(2);
  });

  test.each([
    [9, 2],
    [0, 1],
  ])("[SAY-3] takes a wish for %i as one for %i", (said, taken) => {
    const client = new Dialogue({ parkedMax: 2 }).open();

    client.answer(2, { answer: { parkedWanted: said } });

    expect(client.side.parkedWanted).toBe(taken);
    expect(client.tick()).toHaveLength(taken);
  });
});

describe("carriers", () => {
  test("let a message leave in the same tick beside the parked request", () => {
    const client = new Dialogue().open();
    client.send("a");

    expect(client.tick().map(textsOf)).toEqual([["a"]]);
  });

  test("[SAY-7] make one body of many sends in one tick", () => {
    const client = new Dialogue().open();
    for (let k = 0; k < 50; k++) client.send(`m${k}`);

    expect(client.tick().map((sent) => textsOf(sent).length)).toEqual([50]);
  });

  test("[SAY-4] are at most carriersMax; the others' messages wait for a slot", () => {
    const client = new Dialogue({ carriersMax: 2 }).open();
    const left: number[] = [];
    for (const text of ["a", "b", "c", "d"]) {
      client.send(text);
      left.push(client.tick().length);
    }

    expect(left).toEqual([1, 1, 0, 0]);
  });

  test("[EXCH-4] free their slot when any answer says that they arrived", () => {
    const client = new Dialogue({ carriersMax: 1 }).open();
    client.send("a");
    client.tick();
    client.send("b");
    expect(client.tick()).toEqual([]);

    // Exchange 2 is answered, and names 3 as parked.
    client.answer(2, { answer: { parked: [3] }, ack: client.ack() });

    const [request] = client.tick();
    expect(textsOf(request)).toEqual(["b"]);
    expect(request?.exchange).toBe(4);
  });

  test("[EXCH-4] free their slot by evidence although nothing was acknowledged", () => {
    const client = new Dialogue({ carriersMax: 1 }).open();
    client.send("a");
    client.tick();
    client.answer(2, { answer: { answered: [2, 3] } });

    // What arrived and was not received is due again [SEND-3].
    expect(textsOf(client.tick()[0])).toEqual(["a"]);
  });

  test("[EXCH-2] state which exchanges are over, the holes between them too", () => {
    const client = new Dialogue({ parkedMax: 4 }).open();
    client.answer(2, { answer: { parkedWanted: 3 } });
    client.tick();
    client.answer(4, { answer: { parkedWanted: 3 } });

    const [request] = client.tick();

    expect(request?.body.request).toMatchObject({ overThrough: 2, over: [4, 4] });
  });

  test("[EXCH-2] with one exchange over before the first, state it as a range", () => {
    const client = new Dialogue();
    client.tick();
    client.send("a");
    client.tick();
    client.answer(2, { opened: SERVER_PARAMETERS });
    client.send("b");

    expect(client.tick()[0]?.body.request).toMatchObject({ overThrough: 0, over: [2, 2] });
  });
});

describe("something to say", () => {
  test("[SAY-1] an acknowledgement waits for company, and no longer than ackDelayMs", () => {
    const client = new Dialogue().open();
    client.send("a");
    client.tick();
    client.answer(2, {
      answer: { parked: [3] },
      ack: client.ack(),
      numbered: client.messages("x"),
    });
    expect(client.delivered()).toEqual(["x"]);
    expect(client.tick()).toEqual([]);
    expect(client.timeout).toMatchObject({ timer: "ack-delay", atMs: client.nowMs + 25 });

    const [request] = client.pass(25);

    expect(request?.body.ack).toMatchObject({ receivedThrough: 1, heldThrough: 1 });
    expect(request?.body.numbered).toEqual([]);
  });

  test("[SAY-1] an acknowledgement that became due during a pause leaves when that is over", () => {
    const client = new Dialogue().open();
    client.send("a");
    client.tick();
    client.answer(2, {
      answer: { parked: [3] },
      ack: client.ack(),
      numbered: client.messages("x"),
      pauseMs: 10,
    });
    expect(client.tick()).toEqual([]);

    const [request] = client.pass(25);

    expect(request?.body.ack).toMatchObject({ receivedThrough: 1 });
  });

  test("[SAY-5] a body that only acknowledges provokes nothing", () => {
    const client = new Dialogue().open();
    client.send("a");
    client.tick();
    client.answer(2, { answer: { parked: [3] }, ack: client.ack() });

    expect(client.pass(20_000)).toEqual([]);
  });

  test("a reply to what was delivered rides on the next request", () => {
    const client = new Dialogue().open();
    client.answer(2, { numbered: client.messages("question") });
    client.send("answer");

    const requests = client.tick();

    expect(requests.map(textsOf)).toEqual([["answer"]]);
    expect(requests[0]?.body.ack).toMatchObject({ receivedThrough: 1 });
  });

  test("[SAY-8] a blocked sender says so after its timeout, and then less and less often", () => {
    const client = new Dialogue();
    client.send(...Array.from({ length: 70 }, (_, k) => `m${k}`));
    client.open();
    expect(client.side.sender.isFlushed).toBe(false);
    const full = new Dialogue();
    full.send(...Array.from({ length: 70 }, (_, k) => `m${k}`));
    full.open({ window: { seqMax: 64, bytesMax: 65_536 } });

    const probes = full.pass(20_000).filter((sent) => sent.body.blocked !== undefined);

    expect(probes[0]?.body.blocked).toEqual({ seqMax: 64, bytesMax: 65_536 });
    const gaps = probes.slice(1).map((sent, at) => sent.atMs - (probes[at]?.atMs ?? 0));
    expect(gaps.length).toBeGreaterThan(2);
    expect(gaps).toEqual(gaps.toSorted((left, right) => left - right));
  });

  test("a sender that is stopped by its first message asks to be woken for its probe", () => {
    const client = new Dialogue();
    client.send(...Array.from({ length: 64 }, (_, k) => `m${k}`));
    client.open({ window: { seqMax: 64, bytesMax: 65_536 } });
    client.send("one too many");
    expect(client.tick()).toEqual([]);

    expect(client.timeout).toMatchObject({ timer: "probe" });
    const [probe] = client.until("probe");
    expect(probe?.body.blocked).toEqual({ seqMax: 64, bytesMax: 65_536 });
  });

  test("a raised window ends the probing", () => {
    const client = new Dialogue();
    client.send(...Array.from({ length: 65 }, (_, k) => `m${k}`));
    client.open({ window: { seqMax: 64, bytesMax: 65_536 } });
    const [probe] = client.until("probe");
    const exchange = probe?.exchange ?? 0;
    client.answer(exchange, { answer: { parked: [2] }, window: { seqMax: 99, bytesMax: 99_999 } });

    expect(textsOf(client.tick()[0])).toEqual(["m64"]);
    client.answer(client.last.exchange, { answer: { parked: [2] }, ack: client.ack() });
    client.tick();
    expect(client.timeout.timer).toBe("exchange");
  });
});

describe("timeouts", () => {
  test("[EXCH-6] resend the oldest bundle only, in a further request", () => {
    const client = new Dialogue().open();
    client.send("a");
    client.tick();
    client.pass(10);
    client.send("b");
    client.tick();

    const [request, ...others] = client.until("resend");

    expect(textsOf(request)).toEqual(["a"]);
    expect(others).toEqual([]);
    expect(request?.exchange).toBe(5);
    expect(client.aborted).toEqual([]);
  });

  test("[EXCH-6] halve the bodies, and stretch the timeout", () => {
    const client = new Dialogue({ carriersMax: 1 }).open();
    client.send(...Array.from({ length: 12 }, () => new Uint8Array(1_000)));
    const [first] = client.tick();
    const timeoutMs = client.side.roundTrip.timeoutMs;

    const [second] = client.until("resend");

    expect(first?.bytes.length).toBeGreaterThan(12_000);
    expect(second?.bytes.length).toBeLessThanOrEqual((first?.bytes.length ?? 0) / 2);
    expect(second?.bytes.length).toBeGreaterThan(3_000);
    expect(client.side.roundTrip.timeoutMs).toBe(timeoutMs * 2);
  });

  test("[EXCH-6] never make the bodies larger, small as they may be", () => {
    const client = new Dialogue({ bodyBytesInitial: 3 * KIB, carriersMax: 1 }).open();
    client.send(...Array.from({ length: 12 }, () => new Uint8Array(500)));
    client.tick();

    const [again] = client.until("resend");

    expect(again?.bytes.length).toBeLessThanOrEqual(3 * KIB);
  });

  test("bodies grow again with evidence that they arrive", () => {
    const client = new Dialogue().open();
    const sizes: number[] = [];
    client.send(...Array.from({ length: 400 }, () => new Uint8Array(1_000)));
    for (let round = 0; round < 6; round++) {
      const sent = client.tick();
      sizes.push(Math.max(...sent.map((each) => each.bytes.length)));
      for (const { exchange } of sent) {
        client.answer(exchange, {
          answer: { parked: [2] },
          ack: client.ack(),
          channelWindows: [{ channel: 0, unitsMax: 100_000, bytesMax: 10_000_000 }],
        });
      }
    }

    expect(sizes[0]).toBeLessThanOrEqual(16 * KIB);
    expect(Math.max(...sizes)).toBeGreaterThan(60 * KIB);
  });

  test("[EXCH-5] [RTO-4] an overdue request leaves the count, and another is parked", () => {
    const client = new Dialogue().open();

    const [request] = client.until("exchange");

    expect(client.nowMs).toBe(26_001);
    expect(request?.exchange).toBe(3);
    expect(request?.body.request?.overThrough).toBe(1);
    expect(client.aborted).toEqual([]);
  });

  test("[EXCH-5] [RTO-4] each overdue request doubles the wait for those that are out", () => {
    const client = new Dialogue({ silenceLimitMs: 86_400_000 }).open({
      opened: { ...SERVER_PARAMETERS, silenceLimitMs: 86_400_000 },
    });
    const overdueAtMs = [1, 2, 3].map(() => {
      client.until("exchange");
      return client.nowMs;
    });

    expect(overdueAtMs).toEqual([26_001, 26_001 + 27_001, 26_001 + 27_001 + 29_001]);
  });

  test("[EXCH-5] requests that left together are not overdue together", () => {
    const client = new Dialogue({ silenceLimitMs: 86_400_000 }).open({
      answer: { parkedWanted: 3 },
      opened: { ...SERVER_PARAMETERS, silenceLimitMs: 86_400_000 },
    });
    client.until("exchange");
    expect(client.side.exchanges.oldestOverdue?.number).toBe(2);
    expect(client.side.exchanges.open.size).toBe(4);
    const firstAtMs = client.nowMs;

    client.until("exchange");

    expect(client.nowMs).toBe(firstAtMs + 1_000);
  });

  test("[EXCH-5] an overdue request that turns out to be parked counts again", () => {
    const client = new Dialogue().open();
    client.send("a");
    client.tick();
    client.until("resend");
    expect(client.side.exchanges.open.get(3)?.isOverdue).toBe(true);

    client.answer(4, { answer: { parked: [2, 3] }, ack: client.ack() });

    expect(client.side.exchanges.open.get(3)).toMatchObject({ isOverdue: false, isCarrier: false });
    expect(client.tick()).toEqual([]);
  });

  test("[EXCH-5] an exchange whose answer left and did not arrive is overdue after RTO", () => {
    const client = new Dialogue().open();
    client.send("a");
    client.tick();
    client.answer(3, { answer: { answered: [2, 3] }, ack: client.ack() });
    const [park] = client.tick();
    expect(park).toBeUndefined();
    expect(client.timeout).toMatchObject({ timer: "exchange", atMs: 1_000 });

    expect(client.pass(1_000).map((sent) => sent.exchange)).toEqual([4]);
  });

  test("[EXCH-5] the oldest overdue request is aborted when no slot is free", () => {
    const client = new Dialogue({ carriersMax: 1, silenceLimitMs: 86_400_000 }).open({
      opened: { ...SERVER_PARAMETERS, silenceLimitMs: 86_400_000 },
    });
    client.send("a");
    client.tick();
    expect(client.aborted).toEqual([]);

    const [request] = client.until("resend");

    expect(client.aborted).toEqual([3]);
    expect(request?.body.request).toMatchObject({ exchange: 4, overThrough: 1, over: [3, 3] });
    expect(textsOf(request)).toEqual(["a"]);
  });

  test("[EXCH-7] a request that hangs while hundreds of later ones end is aborted", () => {
    const client = new Dialogue().open();
    for (let round = 0; client.aborted.length === 0; round++) {
      client.send("a");
      client.tick();
      client.answer(client.last.exchange, { answer: { parked: [2] }, ack: client.ack() });
      if (round > 20_000) throw new Error("never aborted");
    }

    expect(client.aborted).toEqual([2]);
    expect(client.side.exchanges.over.flat[0]).toBe(1);
  });

  test("[RTO-1] the round trip is measured without the time for which the server held", () => {
    const client = new Dialogue().open();
    client.pass(20_080);

    client.answer(2, { answer: { heldMs: 20_000 } });

    // 7/8 of the 0 ms of the opening and 1/8 of 80 ms: RFC 6298.
    expect(client.side.roundTrip.smoothedMs).toBe(80);
  });

  test("[RTO-2] the rate of the path is measured without that time too", () => {
    const client = new Dialogue().open();
    client.send(new Uint8Array(8_000));
    client.tick();
    client.pass(150);
    const [bytes, rate] = [client.last.bytes.length, client.side.roundTrip.rate];

    client.answer(3, { answer: { heldMs: 50, parked: [2] }, ack: client.ack() });

    expect(client.side.roundTrip.rate).toBeCloseTo(rate * 0.75 + (bytes / 100) * 0.25);
  });

  test("[RTO-3] a request states when the answer came that came last", () => {
    const client = new Dialogue().open();
    client.send("a");
    client.tick();
    client.pass(5);
    client.answer(3, { answer: { parked: [2] }, ack: client.ack() });
    client.pass(7);
    client.answer(2);
    client.nowMs += 4;

    const [request] = client.tick();

    expect(request?.body.request).toMatchObject({ lastAnswered: 2, sinceMs: 4 });
  });

  test("[RTO-3] a copy of an answer does not count as the last one", () => {
    const client = new Dialogue().open();
    client.send("a");
    client.tick();
    client.answer(3, { answer: { parked: [2] }, ack: client.ack() });
    client.nowMs += 50;
    client.answer(1);
    client.send("b");

    expect(client.tick()[0]?.body.request).toMatchObject({ lastAnswered: 3, sinceMs: 50 });
  });

  test("a clock that runs backwards is taken as one that stands still", () => {
    const client = new Dialogue({}, 1_000).open();
    client.nowMs = 400;
    client.send("a");
    client.side.handleTimeout(400);
    client.drain();

    expect(client.last.body.request).toMatchObject({ exchange: 3, sinceMs: 0 });
    expect(client.side.exchanges.open.get(3)?.sentAtMs).toBe(1_000);
  });
});

describe("large messages", () => {
  test("pass in bodies of bounded size while small ones on another channel go on", () => {
    const client = new Dialogue({ bodyBytesMax: 512 * KIB }).open();
    const channel = client.side.openChannel(0, bytesOf("chat"));
    const large = new Uint8Array(100 * KIB * KIB);
    client.side.send(0, large);
    let [bodies, bytes, units, lastSmall, longestWait] = [0, 0, 0, 0, 0];
    let [smallSent, smallSeen] = [0, 0];
    for (let round = 0; !client.side.isFlushed; round++) {
      if (bytes < large.length) {
        client.side.send(client.nowMs, bytesOf(`s${smallSent++}`), channel);
      }
      for (const sent of client.tick()) {
        bodies++;
        expect(sent.bytes.length).toBeLessThanOrEqual(512 * KIB);
        for (const frame of sent.body.numbered) {
          if (frame.kind === "part") {
            bytes += frame.payload.length;
            units++;
            expect(frame.payload.length).toBeGreaterThanOrEqual(PART_BYTES_MIN);
          }
          if (frame.kind === "messages") {
            smallSeen += frame.payloads.length;
            longestWait = Math.max(longestWait, round - lastSmall);
            lastSmall = round;
          }
        }
        client.nowMs += 1;
        client.answer(sent.exchange, {
          answer: { parked: sent.exchange === 2 ? [] : [2] },
          ack: client.ack(sent),
          window: { seqMax: units + smallSeen + 5_000, bytesMax: bytes + 16 * KIB * KIB },
          channelWindows: [
            { channel: 0, unitsMax: units + 4_000, bytesMax: bytes + 8 * KIB * KIB },
            { channel, unitsMax: smallSeen + 256, bytesMax: smallSeen * 8 + 16 * KIB },
          ],
        });
      }
      client.sent.length = 0;
    }

    expect(bytes).toBe(large.length);
    expect(bodies).toBeGreaterThan(200);
    expect(smallSeen).toBe(smallSent);
    expect(smallSeen).toBeGreaterThan(20);
    expect(longestWait).toBeLessThanOrEqual(1);
  }, 60_000);
});

describe("saving and resuming", () => {
  /** A client with one message unacknowledged, one unsent, and one of three messages received. */
  function busy(): Dialogue {
    const client = new Dialogue({ carriersMax: 1 }).open();
    client.send("sent");
    client.tick();
    client.send("unsent");
    client.tick();
    const [frame] = client.messages("one", "two", "three");
    if (frame?.kind !== "messages") throw new Error("no messages");
    const first = { ...frame, payloads: frame.payloads.slice(0, 1) };
    client.answer(2, { answer: { parked: [3] }, numbered: [first] });
    return client;
  }

  function resumed(client: Dialogue, nowMs: number): Dialogue {
    const saved = structuredClone(client.side.save(client.nowMs));
    const side = Object.getPrototypeOf(client.side).constructor.resume(nowMs, saved, 7);
    return new Dialogue({}, nowMs, side);
  }

  test("raises the incarnation, starts exchanges again and sends what was not acknowledged", () => {
    const client = busy();
    client.tick();

    const later = resumed(client, 5_000);
    const requests = later.tick();

    expect(requests[0]?.incarnation).toBe(1 + 1 + 7);
    expect(requests[0]?.body.succeeds).toEqual([1]);
    expect(requests[0]?.body.request).toMatchObject({ exchange: 1, overThrough: 0, sinceMs: 0 });
    expect(requests.flatMap(textsOf)).toEqual(["sent", "unsent"]);
    expect(requests[0]?.body.numbered.map(lastSeq).at(-1)).toBe(2);
  });

  test("keeps what was received: copies are dropped, the rest goes on", () => {
    const client = busy();
    const later = resumed(client, 5_000);
    const [request] = later.tick();
    expect(request?.body.ack).toMatchObject({ receivedThrough: 1 });

    later.answer(1, { numbered: later.messages("one", "two", "three") });

    expect(later.delivered()).toEqual(["two", "three"]);
  });

  test("survives in the middle of a large message, of a close and of a blocked channel", () => {
    const client = new Dialogue({ carriersMax: 1 }).open();
    client.send(new Uint8Array(300_000).fill(9));
    client.side.finishChannel(client.nowMs, 0);
    client.side.close(client.nowMs);
    client.tick();
    client.until("resend");
    client.side.handleAnswer(client.nowMs, 2, client.encode(2, { numbered: client.messages("x") }));
    client.drain();

    const later = resumed(client, client.nowMs + 100);

    expect(later.side.state).toBe("closing");
    later.tick();
    expect(kindsOf(later.sent[0])).toContain("part");
    expect(later.until("close").at(-1)?.body.ended).toBeDefined();
  });

  test("probes at once where it stood still, and acknowledges what was owed", () => {
    const client = new Dialogue();
    client.send(...Array.from({ length: 70 }, (_, k) => `m${k}`));
    client.open({ window: { seqMax: 64, bytesMax: 65_536 }, numbered: client.messages("x") });
    const later = resumed(client, 100);

    const [request] = later.tick();

    expect(request?.body.blocked ?? request?.body.channelsBlocked[0]).toBeDefined();
    expect(request?.body.ack).toMatchObject({ receivedThrough: 1 });
    expect(later.delivered()).toEqual([]);
  });

  test("goes on with failures and doubts forgotten", () => {
    const client = new Dialogue({ requestsUnansweredMax: 3, unreadableMax: 2 }).open();
    client.fail(2);
    client.tick();
    client.fail(3);
    client.drain();

    const later = resumed(client, 50);
    later.tick();
    later.fail(1);
    later.tick();

    expect(later.ended).toBeUndefined();
  });

  test("keeps numbers of exchanges apart from those before", () => {
    const client = new Dialogue().open();
    for (const text of ["a", "b", "c"]) {
      client.send(text);
      client.tick();
    }
    // An answer that ends an exchange and says nothing about it.
    client.answerBytes(3, client.encodeBare({ superseded: 1 }));
    client.tick();
    const later = resumed(client, 10);

    for (const text of ["d", "e", "f", "g"]) {
      later.send(text);
      later.tick();
    }

    expect(later.sent.flatMap(textsOf).toSorted()).toEqual(["a", "b", "c", "d", "e", "f", "g"]);
  });

  test("[INC-4] leaves the saver silent for a second, or until its host wakes it", () => {
    for (const isWoken of [false, true]) {
      const client = busy();
      client.tick();
      const old = client.last.exchange;
      client.side.save(client.nowMs);
      client.send("later");
      client.drain();
      if (isWoken) client.side.handleWake(client.nowMs);
      const sent = isWoken ? client.tick() : client.pass(SAVE_PAUSE_MS);

      expect(sent[0]?.incarnation).toBeGreaterThan(1);
      expect(sent[0]?.body.succeeds).toEqual([1]);
      expect(sent.flatMap(textsOf)).toEqual(["sent", "unsent", "later"]);
      expect(client.aborted).toContain(old);
      // What is said to the life before is for nobody.
      client.answer(old, { ended: { code: 5, reason: new Uint8Array(0) } });
      expect(client.side.state).toBe("open");
    }
  });

  test("[INC-1] names the last life that was answered and all that spoke since, 16 at most", () => {
    const client = new Dialogue().open();
    const lives = [1];
    for (let life = 0; life < 20; life++) {
      client.side.save(client.nowMs);
      // Once more, before anything left: the same life goes on.
      client.side.save(client.nowMs);
      const [first] = client.pass(SAVE_PAUSE_MS);
      const newest = lives.length > 16 ? [1, ...lives.slice(-15)] : lives;
      expect(first?.body.succeeds).toEqual(newest);
      lives.push(first?.incarnation ?? 0);
    }

    client.answer(client.last.exchange, { ack: client.ack() });
    expect(client.tick()[0]?.body.succeeds).toBeUndefined();
  });

  test("[INC-1] says whose place it takes until OPENED has come, whatever comes before", () => {
    const client = new Dialogue();
    client.tick();
    const later = resumed(client, 10);
    later.tick();
    later.answer(1, { pauseMs: 10 });
    expect(later.pass(10)[0]?.body.succeeds).toEqual([1]);
    later.answer(2, { opened: SERVER_PARAMETERS });

    expect(later.tick()[0]?.body.succeeds).toBeUndefined();
  });

  test("[END-7] knows of no message that it was never sent while another life may have it", () => {
    const client = new Dialogue({ carriersMax: 1 }).open();
    const queued = (side: RequestSide): string[][] => {
      const { neverSent, unknown } = side.sender.fates;
      return [neverSent, unknown].map((fates) => fates.map(({ payload }) => textOf(payload)));
    };
    client.send("queued");
    const later = resumed(client, client.nowMs);
    client.send("own");
    later.send("its own");
    expect(queued(client.side)).toEqual([["own"], ["queued"]]);
    expect(queued(later.side)).toEqual([["its own"], ["queued"]]);

    // Once it is answered it is known that nobody else was heard.
    later.side.openChannel(later.nowMs, new Uint8Array(0));
    later.tick();
    later.send("more");
    later.answer(1);
    expect(queued(later.side)).toEqual([["more"], ["queued", "its own"]]);
    expect(later.side.isDoubted).toBe(false);
    later.tick();
    later.answer(2, { unknown: NONCE });
    expect(later.side.isDoubted).toBe(true);
  });

  test("is not possible before `poll()` was drained, nor of another's state", () => {
    const client = new Dialogue();
    client.side.handleTimeout(0);
    expect(() => client.side.save(0)).toThrow("state_invalid: poll is not drained");

    const foreign = { format: STATE_FORMAT, root: 5, nodes: [] } as const;
    expect(() => RequestSide.resume(0, foreign, 1)).toThrow("state_invalid");
    const older = { ...new Dialogue().side.save(0), format: "0" };
    expect(() => RequestSide.resume(0, older, 1)).toThrow("state_invalid: another version's");
  });

  test("draws its waits from a seed that is never none", () => {
    const client = new Dialogue().open();
    const seed = client.side["random"];
    const other = RequestSide.resume(client.nowMs, client.side.save(client.nowMs), seed);

    expect(other["random"]).not.toBe(0);
  });
});
