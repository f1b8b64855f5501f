// What a park side and its endpoint do at their edges: late copies, connections that go, sessions
// that end in unusual ways, and what they keep of whom.

import { describe, expect, test } from "vitest";
import { readHead } from "../../src/core/body-reader.ts";
import { encodeBody } from "../../src/core/body-writer.ts";
import { Endpoint } from "../../src/core/endpoint.ts";
import { END_CODES } from "../../src/core/half.ts";
import { INITIAL_GRANT, LITERAL_DEFAULTS } from "../../src/core/limits.ts";
import { Pauses } from "../../src/core/pauses.ts";
import {
  Bench,
  bytesOf,
  CLIENT_PARAMETERS,
  messages,
  reseal,
  type Script,
  ScriptedClient,
  textOf,
  textsIn,
} from "./scripted-client.ts";

type Options = ConstructorParameters<typeof Bench>[0];

function openSession(options: Options = {}): ScriptedClient {
  const client = new ScriptedClient(new Bench(options));
  client.open();
  client.bench.take();
  return client;
}

function say(client: ScriptedClient, ...texts: string[]): void {
  client.bench.command(client.session, (side) => {
    for (const text of texts) side.send(client.bench.nowMs, bytesOf(text));
  });
}

/** A body whose checksum is right and whose first frame is none that there is. */
function malformed(client: ScriptedClient, exchange: number, script: Script = {}): Uint8Array {
  const bytes = client.encode(exchange, script);
  bytes[readHead(bytes, bytes.length).framesStart] = 0x3f;
  return reseal(bytes);
}

describe("a request", () => {
  test("[PARK-14] may be far above the last one where all between are over", () => {
    const client = openSession();

    client.request(400, { overThrough: 399 });

    expect(client.side.state).toBe("open");
    expect(client.side.parked.map(({ exchange }) => exchange)).toEqual([400]);
  });

  test("that goes takes nothing else with it", () => {
    const client = openSession();
    client.side.parkedWanted = 3;
    const third = client.request(3, { overThrough: 1 });
    client.request(4, { overThrough: 1 });

    client.bench.gone(client.session, third);
    client.bench.gone(client.session, 999);

    expect(client.side.parked.map(({ exchange }) => exchange)).toEqual([2, 4]);
    expect(client.bench.take()).toEqual([]);
  });

  test("that goes leaves the answer of another one that is on its way out", () => {
    const client = openSession();
    const copy = client.encode(1, {});
    const late = client.bench.hand(copy, client.origin, client.sessionId);

    client.bench.gone(client.session, 2);

    expect(client.bench.take().map(({ handle }) => handle)).toEqual([late]);
  });

  test("without the prefix of its link ends the session, which says why", () => {
    const client = openSession();

    client.request(3, { bare: true });

    const [answer] = client.bench.take();
    expect(textOf(answer?.body.ended?.reason ?? new Uint8Array())).toBe("prefix_missing");
    expect(client.bench.ended).toMatchObject({ reason: "protocol", by: "local" });
  });

  test("belongs to its connection afterwards: what is kept of it is a copy", () => {
    const bench = new Bench();
    const client = new ScriptedClient(bench);
    const bytes = client.encode(1, { open: true });
    bench.deliver(bytes, client.origin, client.sessionId);
    bytes.fill(0);
    bench.take();

    client.request(2, { overThrough: 1, lastAnswered: 1 });
    say(client, "a");

    expect(bench.take().flatMap(({ body }) => textsIn(body))).toEqual(["a"]);
  });
});

describe("evidence", () => {
  test("about an answer is kept until the client says which answer came last", () => {
    const client = openSession();
    say(client, "a");
    client.bench.advance(30);
    client.request(3, { overThrough: 1, lastAnswered: 1 });
    expect(client.side.roundTrip.smoothedMs).toBe(0);

    client.bench.advance(10);
    client.request(4, { overThrough: 2, lastAnswered: 2, ack: 1 });

    expect(client.side.roundTrip.smoothedMs).toBe(40);
  });

  test("is forgotten with the exchanges that it is about", () => {
    const client = openSession();
    const times = client.side["answerTimes"] as Map<number, number>;
    for (let exchange = 3; exchange < 60; exchange++) {
      client.request(exchange, { overThrough: exchange - 1 });
      say(client, "a");
      expect(times.size).toBeLessThanOrEqual(2);
    }
  });
});

describe("waiting for something to say", () => {
  test("without a request ends with the silence limit alone, whatever is owed", () => {
    const client = openSession();
    const numbered = [messages(1, "a")];
    const handle = client.request(3, { overThrough: 2, lastAnswered: 2, numbered });
    client.bench.gone(client.session, handle);
    client.bench.take();

    const out = client.side.poll();

    expect(out).toMatchObject({ kind: "timeout", timer: "silence" });
  });

  test("[LITS-2] begins with the first message that waits, not with an earlier one", () => {
    const literal = { ...LITERAL_DEFAULTS, answerDelayMs: 40 };
    const client = openSession({ literal });
    say(client, "a");
    client.bench.advance(40);
    expect(client.bench.take()).toHaveLength(1);
    client.request(3, { overThrough: 2, ack: 1 });
    client.bench.advance(1_000);

    say(client, "b");

    expect(client.bench.take()).toEqual([]);
    client.bench.advance(39);
    expect(client.bench.take()).toEqual([]);
    client.bench.advance(1);
    expect(client.bench.take()).toHaveLength(1);
  });

  test("in the literal procedure never asks for fewer requests", () => {
    const literal = { ...LITERAL_DEFAULTS, requestsHeld: 2 };
    const client = openSession({ literal, parkedQuietMs: 100 });
    client.bench.advance(1_000);

    client.request(3, { overThrough: 1 });
    client.request(4, { overThrough: 1 });

    expect(client.bench.take().map(({ body }) => body.answer?.parkedWanted)).toEqual([2]);
    expect(client.side.parkedWanted).toBe(2);
  });

  test("[PARK-17] ends when the server drains, with an answer that carries what there is", () => {
    const client = openSession();
    client.bench.command(client.session, (side) => {
      side.drain(client.bench.nowMs, new Pauses(10, 10, 1));
      side.send(client.bench.nowMs, bytesOf("a"));
    });

    const answers = client.bench.take();

    expect(answers.map(({ body }) => [textsIn(body), body.pauseMs])).toEqual([[["a"], 10]]);
  });
});

describe("an end", () => {
  test("is told with who ended what and how", () => {
    const told = (client: ScriptedClient): unknown[] => {
      const { ended } = client.bench;
      return [ended?.reason, ended?.by, ended?.code, ended?.detail];
    };
    const pending = (): ScriptedClient => {
      const client = new ScriptedClient(new Bench({ authenticate: true }));
      client.request(1, { open: true });
      return client;
    };

    const refused = pending();
    refused.bench.verdict(false, 77);
    expect(told(refused)).toEqual(["refused", "local", 77, ""]);
    expect(refused.bench.take()[0]?.body.refused).toEqual({ code: 77, reason: new Uint8Array() });

    const postponed = pending();
    postponed.bench.decide({ accepted: "later", pauseMs: 5 });
    expect(told(postponed)).toEqual(["refused", "local", 0, ""]);

    const silent = openSession();
    silent.bench.advance(100_000);
    expect(told(silent)).toEqual(["silence", "network", END_CODES.silence, ""]);
    silent.bench.take();
    silent.request(3, { overThrough: 2 });
    expect(silent.bench.take()[0]?.body.ended).toEqual({
      code: END_CODES.silence,
      reason: new Uint8Array(),
    });
  });

  test("of all sessions at once has no reason of its own", () => {
    const client = openSession();
    client.bench.endpoint.abortAll(client.bench.nowMs);
    client.bench.tick();

    expect(client.bench.take()[0]?.body.ended).toEqual({ code: 1, reason: new Uint8Array() });
  });

  test("begins with being told that the session is open", () => {
    expect(openSession().bench.heard.map(({ kind }) => kind)).toEqual(["opened"]);
  });
});

describe("an endpoint", () => {
  const inner = (bench: Bench) =>
    bench.endpoint as unknown as {
      pending: number;
      perAddress: Map<string, number>;
      touched: { size: number };
    };

  function opening(bench: Bench, number: number): ScriptedClient {
    const client = new ScriptedClient(bench, number);
    client.request(1, { open: true });
    return client;
  }

  test("counts openings without a verdict, however they are decided", () => {
    const bench = new Bench({ authenticate: true, pendingMax: 1, verdictTimeoutMs: 1_000 });
    const decisions: ((client: ScriptedClient) => void)[] = [
      () => bench.verdict(true),
      () => bench.verdict(false),
      () => bench.decide({ accepted: "later", pauseMs: 1 }),
      () => bench.advance(1_000),
      (client) => bench.command(client.session, (side) => side.abort(bench.nowMs)),
    ];
    let number = 0;
    for (const decide of decisions) {
      bench.asked.length = 0;
      const client = opening(bench, ++number);
      expect([number, inner(bench).pending]).toEqual([number, 1]);
      bench.take();
      opening(bench, 100 + number);
      expect(bench.take().map(({ body }) => body.refused?.code)).toEqual([END_CODES.limit]);

      decide(client);

      expect([number, inner(bench).pending]).toEqual([number, 0]);
    }
  });

  test("lets as many sessions in as it may have, and counts those of an address while they live", () => {
    const bench = new Bench({ sessionsMax: 2 });
    const first = opening(bench, 1);
    opening(bench, 2);
    bench.take();
    opening(bench, 3);
    expect(bench.take()[0]?.body.refused?.code).toBe(END_CODES.limit);
    expect([...inner(bench).perAddress.values()]).toEqual([2]);

    bench.endpoint.abortAll(bench.nowMs);
    bench.tick();

    expect(inner(bench).perAddress.size).toBe(0);
    expect(bench.endpoint.sessions.size).toBe(0);
    expect(first.bench.timer).toBe("tombstone");
  });

  test("takes a late verdict for what it is, also of a session that ended unnoticed", () => {
    const bench = new Bench({ authenticate: true });
    const client = opening(bench, 1);
    client.side.abort(bench.nowMs);

    expect(() => bench.verdict(true)).not.toThrow();
    expect(bench.heard.map(({ kind }) => kind)).not.toContain("opened");
  });

  test("refuses a verdict with a pause that is none", () => {
    const bench = new Bench({ authenticate: true });
    opening(bench, 1);

    expect(() => bench.decide({ accepted: "later", pauseMs: -1 })).toThrow(/pauseMs/);
  });

  test("drains a session once, however often it was touched", () => {
    const client = openSession();
    const { endpoint } = client.bench;
    for (let count = 0; count < 3; count++) endpoint.touch(client.session);

    expect(inner(client.bench).touched.size).toBe(1);
    client.bench.tick();
    expect(inner(client.bench).touched.size).toBe(0);
  });

  test("waits for its sessions, its tombstones, or for nothing", () => {
    expect(new Bench().endpoint.poll()).toEqual({ kind: "timeout", atMs: Infinity, timer: "none" });
    const client = openSession();
    client.bench.tick();
    expect(client.bench.timer).toBe("transmit");

    client.bench.command(client.session, (side) => side.abort(client.bench.nowMs));

    expect(client.bench.timer).toBe("tombstone");
  });

  test("[ERR-3] ends no session for a malformed body of a life that it has outlived", () => {
    const client = openSession();
    const old = malformed(client, 9);
    client.incarnation = 2;
    client.request(1, { succeeds: [1] });
    client.bench.take();

    client.bench.deliver(old, client.origin, client.sessionId);

    expect(client.bench.take().map(({ body }) => body.ended?.code)).toEqual([END_CODES.protocol]);
    expect(client.side.state).toBe("open");
    client.bench.deliver(malformed(client, 9), client.origin, client.sessionId);
    expect(client.bench.ended?.reason).toBe("protocol");
  });

  test("[ERR-3] answers a malformed body of a session that ended unnoticed", () => {
    const client = openSession();
    const bytes = malformed(client, 9);
    client.side.abort(client.bench.nowMs, 7);

    client.bench.deliver(bytes, client.origin, client.sessionId);

    expect(client.bench.take().map(({ body }) => body.ended?.code)).toEqual([END_CODES.protocol]);
    expect(client.side.lastWord).toMatchObject({ ended: { code: 7 } });
  });

  test("recognises no request in an answer that came back", () => {
    const client = openSession();
    const { sessionId, secret: proof } = client;
    const address = { sessionId, proof, incarnation: 1, link: 0 };
    const none = { channelWindows: [], channelsBlocked: [], numbered: [] };
    const body = (direction: 0 | 1): Uint8Array =>
      encodeBody(none, { direction, checksum: "xxh32", sessionId, address });

    expect(client.bench.endpoint.recognise(body(0))).toBe(client.session);
    expect(client.bench.endpoint.recognise(body(1))).toBeUndefined();
  });

  test("[OPEN-6] takes options that allow exactly the initial grant, and no fewer", () => {
    const { messages: channelUnits, bytes: windowBytes, channels: channelsMax } = INITIAL_GRANT;
    const windowMessages = (2 * channelsMax + 1) * channelUnits;
    const least = { channelsMax, channelUnits, windowMessages, channelBytes: 16_384 };
    const options = { ...least, windowBytes: Math.max(windowBytes, 33 * 16_384) };

    expect(() => new Endpoint(0, options)).not.toThrow();
    const fewer = { ...options, channelUnits: channelUnits - 1 };
    expect(() => new Endpoint(0, fewer)).toThrow(/channelUnits.*or more, or earlyMessages false/);
  });
});

test("[OPEN-4] what a client states is learned once, from whichever opening comes first", () => {
  const client = new ScriptedClient(new Bench());
  client.request(1, { open: true });
  client.request(2, { open: { ...CLIENT_PARAMETERS, messageBytesMax: 20_000 } });

  expect(client.session.side.peer?.messageBytesMax).toBe(CLIENT_PARAMETERS.messageBytesMax);
});

test("a client that takes no larger bodies is sent none", () => {
  const client = new ScriptedClient(new Bench({ bodyBytesInitial: 262_144 }));
  client.request(1, { open: { ...CLIENT_PARAMETERS, bodyBytesMax: 32_768 } });
  client.bench.take();
  client.request(2, { overThrough: 1, lastAnswered: 1 });

  client.bench.command(client.session, (side) => {
    for (let count = 0; count < 50; count++) side.send(client.bench.nowMs, new Uint8Array(2_000));
  });

  const sizes = client.bench.take().map(({ bytes }) => bytes.length);
  expect(sizes).toHaveLength(1);
  expect(sizes[0]).toBeLessThanOrEqual(32_768);
});
