// Dialogues with a park side: which requests it holds, which it answers when, what it takes as
// evidence about its answers. The client is a script (scripted-client.ts).

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Body } from "../../src/core/body.ts";
import { UsageError } from "../../src/core/errors.ts";
import { END_CODES } from "../../src/core/half.ts";
import { ParkSide } from "../../src/core/park-side.ts";
import { PARK_DEFAULTS } from "../../src/core/limits.ts";
import {
  type Answer,
  Bench,
  bytesOf,
  CLIENT_PARAMETERS,
  messages,
  type Script,
  ScriptedClient,
  textsIn,
} from "./scripted-client.ts";

/** A session with exchange 2 parked; see `ScriptedClient.open`. */
function openSession(options: ConstructorParameters<typeof Bench>[0] = {}): ScriptedClient {
  const client = new ScriptedClient(new Bench(options));
  client.open();
  return client;
}

function say(client: ScriptedClient, ...texts: string[]): void {
  client.bench.command(client.session, (side) => {
    for (const text of texts) side.send(client.bench.nowMs, bytesOf(text));
  });
}

function exchangesIn(answers: readonly Answer[]): (number | undefined)[] {
  return answers.map(({ body }) => body.answer?.exchange);
}

function parkedAt(client: ScriptedClient): number[] {
  return client.side.parked.map(({ exchange }) => exchange);
}

function only(answers: readonly Answer[]): Body {
  expect(answers).toHaveLength(1);
  return (answers[0] as Answer).body;
}

describe("parking", () => {
  test("[PARK-2] goes by the number of the exchange, not by arrival", () => {
    const client = openSession();
    client.request(4, { overThrough: 1 });
    expect(exchangesIn(client.bench.take())).toEqual([2]);

    client.request(3, { overThrough: 1 });

    expect(exchangesIn(client.bench.take())).toEqual([3]);
    expect(parkedAt(client)).toEqual([4]);
  });

  test("[PARK-1] answers the oldest when there is something to say, even if nothing stays parked", () => {
    const client = openSession();

    say(client, "a", "b");

    const { answer, numbered } = only(client.bench.take());
    expect(answer).toEqual({
      exchange: 2,
      heldMs: 0,
      parkedWanted: 1,
      answered: [2, 2],
      parked: [],
    });
    expect(numbered).toHaveLength(1);
    expect(parkedAt(client)).toEqual([]);
  });

  test("[PARK-3] hands a second copy's answer to the second copy, after the first hold time", () => {
    const client = openSession();
    client.bench.advance(20_000);
    const second = client.request(2, { overThrough: 1 });
    expect(only(client.bench.take()).numbered).toEqual([]);

    client.bench.advance(5_000);

    const [answer] = client.bench.take();
    expect([answer?.handle, answer?.body.answer?.heldMs]).toEqual([second, 25_000]);
  });

  test("[PARK-3] answers the first copy empty where the second one names a pipe", () => {
    const client = openSession();
    const finish = { kind: "finish", seq: 2, code: 0 } as const;
    const numbered = [messages(1, "last"), finish];

    const second = client.request(2, { overThrough: 1, link: 9, numbered });

    const answers = client.bench.take();
    expect(exchangesIn(answers)).toEqual([2, 2]);
    const [empty, told] = answers.map(({ body }) => body);
    expect([empty?.numbered, answers[1]?.handle, told?.pipe?.link]).toEqual([[], second, 0]);
    expect(told?.numbered).toHaveLength(1);
    expect(parkedAt(client)).toEqual([]);
  });

  test("[PARK-4] takes what a late copy carries although it never parks", () => {
    const client = openSession();
    client.bench.gone(client.session, 2);

    client.request(2, { overThrough: 1, numbered: [messages(1, "late")] });

    const body = only(client.bench.take());
    expect([body.answer?.exchange, body.numbered, body.ack?.receivedThrough]).toEqual([2, [], 1]);
    expect(client.bench.delivered()).toEqual(["late"]);
    expect(parkedAt(client)).toEqual([]);
  });

  test("[PARK-5] lets go of requests that the client declares over, one by one or up to a mark", () => {
    const client = openSession({ parkedMax: 4 });
    client.side.parkedWanted = 4;
    client.request(3, { overThrough: 1 });
    client.request(4, { overThrough: 1 });

    client.request(5, { overThrough: 1, over: [3, 3] });
    expect(exchangesIn(client.bench.take())).toEqual([3]);
    client.request(6, { overThrough: 4 });

    expect(exchangesIn(client.bench.take()).toSorted()).toEqual([2, 4]);
    expect(parkedAt(client)).toEqual([5, 6]);
  });

  test("[PARK-5] does not park a request that was given up before it came", () => {
    const client = openSession();
    client.request(5, { overThrough: 1, over: [3, 4] });
    client.bench.take();

    const handle = client.request(4, { overThrough: 1, numbered: [messages(1, "late")] });
    say(client, "x");

    const answers = client.bench.take();
    expect(answers.find((each) => each.handle === handle)?.body.numbered).toEqual([]);
    expect(client.bench.delivered()).toEqual(["late"]);
    expect(answers.flatMap(({ body }) => textsIn(body))).toEqual(["x"]);
    expect(exchangesIn(answers)).toEqual([4, 5]);
  });

  test("[PARK-8] holds no request longer than the hold time, although an older one came later", () => {
    const client = openSession();
    client.side.parkedWanted = 2;
    client.request(4, { overThrough: 2 });
    client.bench.take();
    client.bench.advance(20_000);
    client.request(3, { overThrough: 2 });
    expect(client.bench.take()).toEqual([]);

    client.bench.advance(5_000);

    expect(exchangesIn(client.bench.take())).toEqual([3, 4]);
  });

  test("[PARK-8] answers well within the client's limit of silence, however long it may hold", () => {
    const client = new ScriptedClient(new Bench({ holdTimeMs: 120_000, silenceLimitMs: 300_000 }));
    client.request(1, { open: { ...CLIENT_PARAMETERS, silenceLimitMs: 60_000 } });
    client.bench.take();
    client.request(2, { overThrough: 1, lastAnswered: 1 });
    client.bench.advance(29_999);
    expect(client.bench.take()).toEqual([]);

    client.bench.advance(1);

    expect(exchangesIn(client.bench.take())).toEqual([2]);
  });

  test("[PARK-9] holds requestsHeldMax requests and answers the oldest beyond empty, pending too", () => {
    const bench = new Bench({ authenticate: true, requestsHeldMax: 5 });
    const client = new ScriptedClient(bench);
    for (let exchange = 1; exchange <= 8; exchange++) client.request(exchange, { open: true });

    const answers = bench.take();
    expect(exchangesIn(answers)).toEqual([1, 2, 3]);
    for (const { body } of answers) {
      expect([body.ack, body.window, body.opened]).toEqual([undefined, undefined, undefined]);
    }
    expect(parkedAt(client)).toEqual([4, 5, 6, 7, 8]);
  });

  test("[PARK-14] takes exchanges up to 256 above the mark", () => {
    const client = openSession();
    client.request(257, { overThrough: 1 });
    expect(client.side.state).toBe("open");

    client.request(258, { overThrough: 1 });

    expect(client.bench.take().at(-1)?.body.ended?.code).toBe(END_CODES.protocol);
    expect(client.bench.ended?.detail).toBe("exchange_invalid");
  });

  test("[PARK-14] lists every second exchange of the whole span without breaking a bound", () => {
    const client = openSession();
    for (let exchange = 257; exchange > 2; exchange -= 2) {
      client.request(exchange, { overThrough: 1 });
    }
    expect(client.side.answered.flat.length).toBeGreaterThan(250);

    say(client, "x");

    expect(client.bench.take().at(-1)?.body.answer?.answered).toEqual(client.side.answered.flat);
  });

  test("[PARK-12] forgets a copy that goes before its empty answer leaves", () => {
    const client = openSession();
    const handle = client.bench.hand(
      client.encode(1, { overThrough: 0 }),
      client.origin,
      client.sessionId,
    );

    client.bench.gone(client.session, handle);

    expect(client.bench.take()).toEqual([]);
  });

  test("[PARK-12] answers each request exactly once or loses it, whatever comes", () => {
    const event = fc.oneof(
      fc.record({
        kind: fc.constant("request" as const),
        exchange: fc.integer({ min: 1, max: 12 }),
        over: fc.integer({ min: 0, max: 6 }),
        open: fc.boolean(),
        message: fc.integer({ min: 0, max: 6 }),
        incarnation: fc.integer({ min: 1, max: 3 }),
        succeeds: fc.subarray([1, 2, 3], { minLength: 1 }),
      }),
      fc.record({ kind: fc.constant("say" as const) }),
      fc.record({ kind: fc.constant("gone" as const), which: fc.nat(40) }),
      fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 30_000 }) }),
      fc.record({ kind: fc.constant("close" as const), abort: fc.boolean() }),
      fc.record({ kind: fc.constant("verdict" as const), accepted: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), fc.boolean(), (events, authenticate) => {
        const bench = new Bench({ authenticate });
        const client = new ScriptedClient(bench);
        client.request(1, { open: true });
        const { session } = client;
        for (const each of events) {
          const isOpen = session.side.state === "open";
          if (each.kind === "request") {
            const overThrough = Math.min(each.over, each.exchange - 1);
            client.request(each.exchange, {
              overThrough,
              open: each.open,
              incarnation: each.incarnation,
              succeeds: each.succeeds,
              numbered: each.message === 0 ? [] : [messages(each.message, "m")],
            });
          } else if (each.kind === "say" && isOpen) {
            bench.command(session, (side) => side.send(bench.nowMs, bytesOf("s")));
          } else if (each.kind === "gone") {
            if (bench.settled.get(each.which) === false) bench.gone(session, each.which);
          } else if (each.kind === "wait") {
            bench.advance(each.ms);
          } else if (each.kind === "close" && isOpen) {
            bench.command(session, (side) => {
              if (each.abort) side.abort(bench.nowMs);
              else side.close(bench.nowMs);
            });
          } else if (each.kind === "verdict" && bench.asked.length > 0) {
            bench.verdict(each.accepted);
          }
          const held = session.side.parked.map(({ handle }) => handle);
          const waiting = [...bench.settled].filter(([, isSettled]) => !isSettled);
          // Held handles are those without an answer; `settle` refuses a second answer.
          expect(waiting.map(([handle]) => handle).toSorted()).toEqual(held.toSorted());
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("how many are wanted", () => {
  test("[PARK-6] grows by one each time there is something to say and nothing parked, to parkedMax", () => {
    const client = openSession({ parkedMax: 3 });
    const wanted: number[] = [];
    for (let round = 0; round < 4; round++) {
      const highest = 3 + round;
      client.bench.gone(client.session, client.side.parked[0]?.handle ?? 0);
      say(client, "x");
      say(client, "y");
      wanted.push(client.side.parkedWanted);
      const ack = client.side.sender.ring.next - 1;
      client.request(highest, { overThrough: highest - 1, ack });
      client.request(highest, { overThrough: highest - 1 });
      for (const { handle } of client.side.parked.slice())
        client.bench.gone(client.session, handle);
    }
    expect(wanted).toEqual([2, 3, 3, 3]);
  });

  test("[PARK-7] shrinks by one with an answer after each quiet time, down to one", () => {
    const client = openSession();
    client.side.parkedWanted = 3;
    const wanted: (number | undefined)[] = [];
    for (let exchange = 3; exchange < 8; exchange++) {
      client.bench.advance(1_999);
      client.bench.advance(1);
      client.bench.take();
      say(client, "x");
      wanted.push(only(client.bench.take()).answer?.parkedWanted);
      const ack = client.side.sender.ring.next - 1;
      client.request(exchange, { overThrough: exchange - 1, ack });
    }
    expect(wanted).toEqual([2, 1, 1, 1, 1]);
  });
});

describe("evidence", () => {
  test("[PARK-10] sends again what was not received when the answer is over", () => {
    const client = openSession();
    say(client, "a", "b");
    client.bench.take();

    client.request(3, { overThrough: 2, ack: 1 });

    expect(textsIn(only(client.bench.take()))).toEqual(["b"]);
  });

  test("[PARK-10] sends nothing again because of an acknowledgement alone", () => {
    const client = openSession();
    say(client, "a", "b");
    client.bench.take();

    client.request(3, { overThrough: 1, ack: 1 });

    expect(client.bench.take()).toEqual([]);
  });

  test("[PARK-11] makes bodies smaller when an answer failed, and larger when it arrived", () => {
    const client = openSession();
    const limit = (): number =>
      (client.side as unknown as { bodyBytesLimit: number }).bodyBytesLimit;
    client.bench.command(client.session, (side) => {
      side.send(client.bench.nowMs, new Uint8Array(60_000));
    });
    expect(limit()).toBe(16_384);

    client.request(3, { overThrough: 2, ack: 0 });
    const afterFailure = limit();
    expect(afterFailure).toBeLessThan(10_000);
    client.request(4, { overThrough: 3, ack: client.side.sender.ring.next - 1 });

    expect(limit()).toBe(2 * afterFailure);
  });

  test("[PARK-15] resends on another parked request after the timeout, the oldest answer first", () => {
    const client = openSession();
    client.side.parkedWanted = 4;
    say(client, "a");
    client.request(3, { overThrough: 1 });
    say(client, "b");
    client.request(4, { overThrough: 1 });
    client.request(5, { overThrough: 1 });
    client.bench.take();

    client.bench.advance(1_100);
    expect(client.bench.take().map(({ body }) => textsIn(body))).toEqual([["a"]]);
    client.bench.advance(1_100);
    expect(client.bench.take()).toEqual([]);
    client.bench.advance(1_000);

    expect(client.bench.take().map(({ body }) => textsIn(body))).toEqual([["b"]]);
    expect(client.side.stats.unitsResent).toBe(2);
  });

  test("takes its round trip from lastAnswered and sinceMs", () => {
    const client = openSession();
    say(client, "a");
    client.bench.advance(300);

    client.request(3, { overThrough: 2, lastAnswered: 2, sinceMs: 180, ack: 1 });

    expect(client.side.stats.roundTripMs).toBe(120);
    client.request(4, { overThrough: 2, lastAnswered: 2, sinceMs: 0, ack: 1 });
    expect(client.side.stats.roundTripMs).toBe(120);
  });
});

describe("opening", () => {
  test("states OPENED in every answer with a bundle until a request comes without OPEN [PARK-13]", () => {
    const client = new ScriptedClient(new Bench());
    client.request(1, { open: true });
    client.request(2, { open: true });
    const before = client.bench.take();
    expect(before.map(({ body }) => body.opened !== undefined)).toEqual([true, true]);

    client.request(3, { overThrough: 2 });
    say(client, "x");

    expect(only(client.bench.take()).opened).toBeUndefined();
  });

  test("[PARK-13] answers at once a client whose first answer was lost", () => {
    const client = new ScriptedClient(new Bench());
    client.request(1, { open: true });
    client.bench.take();

    client.request(2, { open: true, over: [], overThrough: 1 });

    expect(only(client.bench.take()).opened).toBeDefined();
  });

  test("[PARK-13] states OPENED again to an incarnation that goes on from before it", () => {
    const client = openSession();

    client.request(1, { open: true, incarnation: 2, succeeds: [1] });

    expect(client.bench.take().at(-1)?.body.opened).toBeDefined();
  });

  test("[OPEN-5] delivers nothing that came before a verdict, however the session ends", () => {
    const endings: ((client: ScriptedClient) => void)[] = [
      (client) => client.bench.verdict(false),
      (client) => client.request(2, { ended: { code: 0, reason: bytesOf("") } }),
      (client) => client.request(2, { ack: 5 }),
      (client) => client.bench.advance(10_000),
      (client) => client.bench.command(client.session, (side) => side.abort(client.bench.nowMs)),
    ];
    for (const end of endings) {
      const client = new ScriptedClient(new Bench({ authenticate: true }));
      client.request(1, { open: true, numbered: [messages(1, "early")] });
      end(client);

      expect(client.bench.ended).toBeDefined();
      expect(client.bench.delivered()).toEqual([]);
      for (const { body } of client.bench.take()) expect(body.ack).toBeUndefined();
    }
  });

  test("[OPEN-6] ends a pending opening that sends more than the initial grant", () => {
    const client = new ScriptedClient(new Bench({ authenticate: true }));
    const part = (seq: number): NonNullable<Script["numbered"]> => [
      { kind: "messages", channel: 0, seq, index: seq, payloads: [new Uint8Array(16_384)] },
    ];
    for (let seq = 1; seq <= 4; seq++) client.request(seq, { open: true, numbered: part(seq) });
    expect(client.side.state).toBe("opening");

    client.request(5, { open: true, numbered: [messages(5, "x")] });

    expect(client.bench.ended?.detail).toBe("window_exceeded");
    expect(client.bench.take()).toHaveLength(5);
    expect(client.bench.delivered()).toEqual([]);
  });

  test("takes one verdict only", () => {
    const side = new ParkSide(0, new Uint8Array(16), 1, PARK_DEFAULTS, 1);
    side.accept(0);

    expect(() => side.accept(0)).toThrow(UsageError);
    expect(() => side.refuse(0, 1, "")).toThrow(UsageError);
  });

  test("refuses parameters below what every peer must grant, later ones too", () => {
    const client = openSession();

    client.request(3, { open: { ...CLIENT_PARAMETERS, channelBytes: 16_383 }, overThrough: 1 });

    expect(client.bench.ended?.detail).toBe("parameter_invalid");
  });
});

describe("incarnations", () => {
  test("[INC-3] a successor gets what its predecessor did not acknowledge, under new numbers", () => {
    const client = openSession();
    say(client, "a", "b");
    client.bench.take();

    client.request(1, { incarnation: 2, succeeds: [1], ack: 1 });

    const { answer, numbered } = only(client.bench.take());
    expect([answer?.exchange, answer?.answered]).toEqual([1, [1, 1]]);
    expect(numbered).toMatchObject([{ seq: 2, index: 2 }]);
  });

  test("[INC-2] a life that does not succeed the present one is told so, and stays unheard", () => {
    const client = openSession();
    client.request(1, { incarnation: 5, succeeds: [1] });
    client.bench.take();
    const numbered = [messages(1, "stale")];

    for (const [incarnation, succeeds] of [
      [1, undefined],
      [4, [1]],
      [6, [1]],
      [6, undefined],
      [9, [1, 4, 6]],
    ] as const) {
      client.request(3, { incarnation, numbered, ...(succeeds && { succeeds }) });
      expect(only(client.bench.take()).superseded).toBe(5);
    }

    expect(client.bench.delivered()).toEqual([]);
    expect(client.session.side.incarnation).toBe(5);
  });

  test("[INC-1] a successor says whose place it takes until it is answered, which changes nothing", () => {
    const client = openSession();
    for (const exchange of [1, 2, 3]) {
      client.request(exchange, { incarnation: 5, succeeds: [1, 3], overThrough: exchange - 1 });
    }

    expect(client.session.side.incarnation).toBe(5);
    expect(client.bench.take().map(({ body }) => body.superseded)).not.toContain(1);
  });
});

describe("ending", () => {
  const finish = (seq: number): NonNullable<Script["numbered"]> => [
    { kind: "finish", seq, code: 0 },
  ];

  test("[END-2] a close by the server is complete when the client has finished and holds all", () => {
    const client = openSession();
    say(client, "last");
    client.request(3, { overThrough: 2, ack: 1 });
    client.bench.command(client.session, (side) => side.close(client.bench.nowMs));
    expect(client.bench.take().at(-1)?.body.numbered).toMatchObject([{ kind: "finish", seq: 2 }]);

    client.request(4, { overThrough: 3, ack: 2, numbered: finish(1) });

    const body = only(client.bench.take());
    expect([body.ended?.code, body.ack?.receivedThrough]).toEqual([0, 1]);
    expect(client.bench.ended).toMatchObject({ reason: "closed", neverSent: [], unknown: [] });
  });

  test("[END-2] a close by the client is answered with the server's own end", () => {
    const client = openSession();
    client.request(3, { overThrough: 1, numbered: finish(1) });
    expect(client.bench.take()[0]?.body.numbered).toMatchObject([{ kind: "finish", seq: 1 }]);
    expect(client.bench.heard.map(({ kind }) => kind)).toContain("peer-finished");

    client.request(4, { overThrough: 2, ack: 1 });

    for (const { body } of client.bench.take()) expect(body.ended?.code).toBe(0);
    expect(client.bench.ended?.reason).toBe("closed");
  });

  test("[END-2] closes that cross, with every answer lost once, end the same way", () => {
    const client = openSession();
    client.bench.command(client.session, (side) => side.close(client.bench.nowMs));
    client.bench.take();
    client.request(3, { overThrough: 2, numbered: finish(1) });
    expect(client.bench.take()[0]?.body.numbered).toMatchObject([{ kind: "finish" }]);
    client.request(4, { overThrough: 3, numbered: finish(1) });
    expect(client.bench.take()[0]?.body.numbered).toMatchObject([{ kind: "finish" }]);
    client.request(5, { overThrough: 3, ack: 1, numbered: finish(1) });
    expect(only(client.bench.take()).ended?.code).toBe(0);

    client.request(6, { overThrough: 5, ack: 1 });

    const body = only(client.bench.take());
    expect([body.ended?.code, body.ack?.receivedThrough]).toEqual([0, 1]);
  });

  test("[END-2] a close waits until the application holds what it was sent", () => {
    const client = openSession({ hold: "consumed", consume: "explicit" });
    const numbered = [messages(1, "precious"), ...finish(2)];
    client.request(3, { overThrough: 1, numbered });
    client.request(4, { overThrough: 2, ack: 1 });
    expect(client.side.state).toBe("closing");
    client.bench.take();

    client.bench.command(client.session, (side) => side.consume(client.bench.nowMs, 0, 1));

    for (const { body } of client.bench.take()) {
      expect(body.ack).toEqual({ receivedThrough: 2, heldThrough: 2, ranges: [] });
      expect(body.ended?.code).toBe(0);
    }
    expect(client.bench.ended?.reason).toBe("closed");
  });

  test("[END-7] says what became of messages", () => {
    const client = openSession();
    say(client, "sent");
    client.bench.command(client.session, (side) => {
      side.send(client.bench.nowMs, bytesOf("waits"));
      side.abort(client.bench.nowMs, 4, "over");
    });

    const { ended } = client.bench;
    expect(ended).toMatchObject({ reason: "aborted", by: "local", code: 4, detail: "over" });
    expect(ended?.unknown).toEqual([{ channel: 0, index: 1, payload: bytesOf("sent") }]);
    expect(ended?.neverSent).toEqual([{ channel: 0, index: 0, payload: bytesOf("waits") }]);
  });

  test("[PARK-16] the last word says what was received", () => {
    const client = openSession();
    client.request(3, { overThrough: 2, numbered: [messages(1, "a", "b")] });
    client.bench.take();

    client.bench.command(client.session, (side) => side.abort(client.bench.nowMs));
    client.request(4, { overThrough: 3 });

    for (const { body } of client.bench.take()) expect(body.ack?.receivedThrough).toBe(2);
  });

  test("[PARK-16] keeps a copy of a client's reason, not its request", () => {
    const client = openSession();
    const bytes = client.encode(3, { ended: { code: 1, reason: bytesOf("why") } });
    client.bench.deliver(bytes, client.origin, client.sessionId);
    client.bench.take();
    bytes.fill(0);

    client.request(4);

    expect(only(client.bench.take()).ended?.reason).toEqual(bytesOf("why"));
  });

  test("a clock that runs backwards gives no negative times", () => {
    const client = openSession();
    client.bench.endpoint.handleTimeout(client.bench.nowMs - 500);
    client.bench.nowMs -= 500;
    client.request(3, { overThrough: 1 });
    client.bench.endpoint.handleTimeout(client.bench.nowMs);
    client.bench.tick();

    expect(client.bench.take()[0]?.body.answer?.heldMs).toBe(0);
  });
});

test("a body a thousand times is delivered once and does no harm", () => {
  const client = openSession();
  const bytes = client.encode(3, { overThrough: 1, numbered: [messages(1, "once")] });
  for (let copy = 0; copy < 1_000; copy++) {
    client.bench.deliver(bytes, client.origin, client.sessionId);
  }

  expect(client.bench.delivered()).toEqual(["once"]);
  expect(client.side.parked.length).toBeLessThanOrEqual(1);
  expect(client.side.state).toBe("open");
});
