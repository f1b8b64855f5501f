// Dialogues with an endpoint: whom it lets in, what it tells those it does not know, and what it
// keeps of whom. The states of single sessions are in park-side-table.ts.

import { describe, expect, test } from "vitest";
import { readVersions } from "../../src/core/body-reader.ts";
import { Endpoint } from "../../src/core/endpoint.ts";
import { UsageError } from "../../src/core/errors.ts";
import { END_CODES } from "../../src/core/half.ts";
import { encodeBody } from "../../src/core/body-writer.ts";
import { TimerQueue, type Wakeable } from "../../src/core/timer-queue.ts";
import { fingerprint } from "./park-side-table.ts";
import {
  Bench,
  bytesOf,
  messages,
  nonceOf,
  type Script,
  ScriptedClient,
  textOf,
} from "./scripted-client.ts";

/** The maps whose sizes an endpoint bounds, beside its sessions. */
function sizesOf(endpoint: Endpoint): { tombstones: number; addresses: number; pending: number } {
  const inner = endpoint as unknown as {
    tombstones: Map<string, unknown>;
    perAddress: Map<string, number>;
    pending: number;
  };
  const { tombstones, perAddress, pending } = inner;
  return { tombstones: tombstones.size, addresses: perAddress.size, pending };
}

describe("requests of strangers", () => {
  test("[END-4] hear one and the same, whether the session never was, is another's or is forgotten", () => {
    const bench = new Bench({ tombstoneMs: 1_000 });
    const owner = new ScriptedClient(bench, 1);
    owner.open();
    const wrong = { secret: new Uint8Array(16).fill(9) };
    const other = { origin: { address: "192.0.2.9", principal: "eve" } };
    bench.take();

    owner.request(3, { ...wrong, open: true });
    owner.request(3, other);
    bench.command(owner.session, (side) => side.abort(bench.nowMs));
    bench.take().splice(2);
    owner.request(3, wrong);
    owner.request(3, other);
    bench.advance(1_000);
    owner.request(3);
    const never = new ScriptedClient(bench, 1);
    never.request(1);

    const answers = bench.take();
    expect(answers).toHaveLength(4);
    for (const { bytes } of answers) {
      expect(bytes).toEqual(answers[0]?.bytes);
      expect(bytes.length).toBeGreaterThan(17);
    }
  });

  test("[END-4] a longer identifier than the nonce opens nothing", () => {
    const bench = new Bench();
    const client = new ScriptedClient(bench);
    const sessionId = Uint8Array.of(...nonceOf(1), 7);
    bench.deliver(client.encode(1, { open: true, sessionId }), client.origin, sessionId);

    expect(bench.take()[0]?.body.unknown).toEqual(nonceOf(1));
    expect(bench.endpoint.sessions.size).toBe(0);
  });

  test("an opening without the prefix of its link never becomes a session", () => {
    const bench = new Bench();
    new ScriptedClient(bench).request(1, { open: true, bare: true });

    expect(bench.take()[0]?.body.unknown).toBeDefined();
    expect(bench.endpoint.sessions.size).toBe(0);
  });
});

describe("requests that cannot be read [ERR-3]", () => {
  function answerTo(bytes: Uint8Array): { bench: Bench; bytes: Uint8Array; unreadable: boolean } {
    const bench = new Bench();
    bench.deliver(bytes, { address: "", principal: "" }, nonceOf(1));
    const [answer] = bench.take();
    const unreadable = answer?.body.unreadable === true;
    return { bench, bytes: answer?.bytes as Uint8Array, unreadable };
  }
  const request = (script: Script = {}): Uint8Array =>
    new ScriptedClient(new Bench()).encode(1, { open: true, ...script });

  test("damage is answered in the name that the body claims", () => {
    const bytes = request();
    bytes[40] = (bytes[40] as number) ^ 0x10;

    expect(answerTo(bytes).unreadable).toBe(true);
  });

  test("a short secret and a body above the limit count as damage", () => {
    expect(answerTo(request({ secret: new Uint8Array(15) })).unreadable).toBe(true);
    const large = request({
      numbered: [
        { kind: "messages", channel: 0, seq: 1, index: 1, payloads: [new Uint8Array(600_000)] },
      ],
    });
    expect(answerTo(large).unreadable).toBe(true);
  });

  test("another version is answered with the versions spoken", () => {
    const bytes = request();
    bytes[0] = ((bytes[0] as number) & 0x0f) | 0x20;

    expect(readVersions(answerTo(bytes).bytes)).toEqual([1]);
  });

  test("what names nobody is answered with nothing", () => {
    expect(answerTo(new Uint8Array(0)).bytes).toEqual(new Uint8Array(0));
    expect(answerTo(Uint8Array.of(0x15, 1, 2, 3)).bytes).toEqual(new Uint8Array(0));
    const none = { channelWindows: [], channelsBlocked: [], numbered: [] };
    const sessionId = nonceOf(1);
    const unaddressed = encodeBody(none, { direction: 0, checksum: "xxh32", sessionId });
    expect(answerTo(unaddressed).bytes).toEqual(new Uint8Array(0));
  });

  test("an answer that came back as a request is not believed", () => {
    const none = { channelWindows: [], channelsBlocked: [], numbered: [] };
    const sessionId = nonceOf(1);
    const address = { sessionId, proof: new Uint8Array(16), incarnation: 1, link: 0 };
    const echo = encodeBody(none, { direction: 1, checksum: "xxh32", sessionId, address });
    expect(answerTo(echo).bytes).toEqual(new Uint8Array(0));
  });

  test("[SUM-4] a body without a checksum is not believed", () => {
    const none = { channelWindows: [], channelsBlocked: [], numbered: [] };
    const sessionId = nonceOf(1);
    const address = { sessionId, proof: new Uint8Array(16), incarnation: 1, link: 0 };
    const bare = encodeBody(none, { direction: 0, checksum: "none", sessionId, address });
    expect(answerTo(bare).unreadable).toBe(true);
  });
});

describe("openings", () => {
  test("[OPEN-3] copies join with the same secret and principal, and wait for one verdict", () => {
    const bench = new Bench({ authenticate: true });
    const client = new ScriptedClient(bench);
    client.request(1, { open: true, numbered: [messages(1, "a")] });
    client.request(2, { open: true, numbered: [messages(2, "b")] });
    const before = fingerprint(client.session);
    client.request(3, { open: true, secret: new Uint8Array(16).fill(0xaa) });
    client.request(3, { open: true, origin: { address: "192.0.2.1", principal: "eve" } });
    client.request(3, { open: true, secret: new Uint8Array(17).fill(1) });

    expect(fingerprint(client.session) === before).toBe(true);
    expect(bench.take().map(({ body }) => body.unknown !== undefined)).toEqual([true, true, true]);
    expect(bench.asked).toHaveLength(1);
    expect(bench.delivered()).toEqual([]);

    bench.verdict(true);

    expect(bench.delivered()).toEqual(["a", "b"]);
    expect(bench.take()[0]?.body.opened).toBeDefined();
  });

  test("[OPEN-3] the verdict says whose the session is, and its tombstone keeps that", () => {
    const bench = new Bench({ authenticate: true });
    const client = new ScriptedClient(bench);
    client.origin = { address: "192.0.2.1", principal: undefined };
    const isUnknown = (exchange: number, principal: string | undefined): boolean => {
      client.request(exchange, { open: true, origin: { address: "192.0.2.1", principal } });
      return bench.take().some(({ body }) => body.unknown !== undefined);
    };
    client.request(1, { open: true });
    bench.decide({ accepted: true, principal: "alice" });
    const { session } = client;
    bench.take();

    expect(session.origin).toEqual({ address: "192.0.2.1", principal: "alice" });
    expect(isUnknown(2, "eve")).toBe(true);
    expect(isUnknown(2, "alice")).toBe(false);
    // Not authenticated: the secret alone speaks.
    expect(isUnknown(3, undefined)).toBe(false);

    bench.command(session, (side) => side.abort(bench.nowMs));
    bench.take();

    expect(isUnknown(4, "eve")).toBe(true);
    expect(isUnknown(4, "alice")).toBe(false);
    expect(isUnknown(4, undefined)).toBe(false);
    client.request(5, { secret: new Uint8Array(16).fill(0xaa) });
    expect(bench.take()[0]?.body.unknown).toBeDefined();
  });

  test("[OPEN-3] before the verdict, and where none is asked, an unauthenticated opener is anybody", () => {
    const bench = new Bench();
    const client = new ScriptedClient(bench);
    client.origin = { address: "192.0.2.1", principal: undefined };
    client.open();
    client.request(3, { overThrough: 1, origin: { address: "192.0.2.1", principal: "alice" } });

    expect(client.session.origin.principal).toBeUndefined();
    expect(bench.take().filter(({ body }) => body.unknown !== undefined)).toEqual([]);
  });

  test("a refusal says the application's reason", () => {
    const bench = new Bench({ authenticate: true });
    new ScriptedClient(bench).request(1, { open: true });
    bench.decide({ accepted: false, code: 7, reason: "no such user" });

    const refused = bench.take()[0]?.body.refused;
    expect(refused?.code).toBe(7);
    expect(textOf(refused?.reason ?? new Uint8Array(0))).toBe("no such user");
  });

  test("[OPEN-5] refused copies and later requests hear the same verdict from the tombstone", () => {
    const bench = new Bench({ authenticate: true });
    const client = new ScriptedClient(bench);
    client.request(1, { open: true });
    client.request(2, { open: true });
    bench.verdict(false, 44);
    client.request(1, { open: true });
    client.request(3, { open: true });

    const answers = bench.take();
    expect(answers.map(({ body }) => body.refused?.code)).toEqual([44, 44, 44, 44]);
    expect(bench.asked).toEqual([]);
  });

  test("a refusal without a code has one", () => {
    const bench = new Bench({ authenticate: true });
    new ScriptedClient(bench).request(1, { open: true });
    bench.verdict(false);

    expect(bench.take()[0]?.body.refused?.code).toBe(1);
  });

  test("a request is recognised by its head, without a change", () => {
    const bench = new Bench();
    const client = new ScriptedClient(bench);
    const opening = client.encode(1, { open: true });
    expect(bench.endpoint.recognise(opening)).toBeUndefined();
    client.request(1, { open: true });
    const [answer] = bench.take();
    client.request(2, { overThrough: 1 });
    const { session } = client;
    const before = fingerprint(session);
    const request = client.encode(3, { overThrough: 1, numbered: [messages(1, "a")] });
    const damagedBehindHead = request.slice();
    damagedBehindHead[request.length - 1] = (request.at(-1) as number) ^ 1;

    expect(bench.endpoint.recognise(request)).toBe(session);
    expect(bench.endpoint.recognise(damagedBehindHead)).toBe(session);
    expect(fingerprint(session) === before).toBe(true);

    const wrongSecret = client.encode(3, { secret: new Uint8Array(16).fill(0xaa) });
    const stranger = new ScriptedClient(bench, 2).encode(1, { open: true });
    const none = { channelWindows: [], channelsBlocked: [], numbered: [] };
    const { sessionId } = client;
    const unaddressed = encodeBody(none, { direction: 0, checksum: "xxh32", sessionId });
    const reflected = answer?.bytes ?? request;
    const rubbish = [
      new Uint8Array(0),
      bytesOf("<html>"),
      request.slice(0, 9),
      unaddressed,
      reflected,
    ];
    for (const bytes of [wrongSecret, stranger, ...rubbish]) {
      expect(bench.endpoint.recognise(bytes)).toBeUndefined();
    }

    session.side.abort(bench.nowMs);
    expect(bench.endpoint.recognise(request)).toBeUndefined();
  });

  test("a session says when its client was last heard, and whether it can be reached", () => {
    const bench = new Bench();
    const client = new ScriptedClient(bench);
    client.open();
    const heardMs = bench.nowMs;
    bench.advance(20_000);

    expect(client.side.lastHeardMs).toBe(heardMs);
    expect(client.side.isReachable).toBe(true);
    bench.command(client.session, (side) => side.send(bench.nowMs, bytesOf("a")));
    expect(client.side.isReachable).toBe(false);
    expect(client.side.unacknowledged).toBe(1);
    client.request(3, { overThrough: 2, ack: 1 });
    expect(client.side.lastHeardMs).toBe(bench.nowMs);
    expect(client.side.unacknowledged).toBe(0);
  });

  test("an application that aborts without saying so to the endpoint is found out by a request", () => {
    const bench = new Bench();
    const client = new ScriptedClient(bench);
    client.open();
    const { session } = client;
    session.side.abort(bench.nowMs, 12);
    client.request(3, { overThrough: 1 });
    bench.endpoint.touch(session);
    bench.endpoint.touch(session);
    bench.tick();

    expect(bench.take().map(({ body }) => body.ended?.code)).toContain(12);
    expect(bench.endpoint.sessions.size).toBe(0);
  });
});

describe("limits", () => {
  /** Sends that many openings, each of another client, and returns what the endpoint keeps. */
  function flood(options: ConstructorParameters<typeof Bench>[0], openings: number): Bench {
    const bench = new Bench(options);
    const template = new ScriptedClient(bench);
    for (let number = 1; number <= openings; number++) {
      const sessionId = nonceOf(number);
      const bytes = template.encode(1, { open: true, sessionId });
      bench.deliver(bytes, { address: `host ${number % 5_000}`, principal: "" }, sessionId);
      if (bench.answers.length > 1_000) bench.take();
    }
    return bench;
  }

  test("sessionsMax holds however many openings come, and those beyond are refused", () => {
    const bench = flood({ sessionsMax: 100 }, 2_000);

    expect(bench.endpoint.sessions.size).toBe(100);
    expect(bench.take().at(-1)?.body.refused?.code).toBe(END_CODES.limit);
    expect(sizesOf(bench.endpoint).addresses).toBe(100);
  });

  test("pendingMax holds before authentication", () => {
    const bench = flood({ pendingMax: 50, authenticate: true }, 1_000);

    expect([bench.endpoint.sessions.size, bench.asked.length]).toEqual([50, 50]);
    bench.verdict(true);
    bench.verdict(false);
    expect(sizesOf(bench.endpoint).pending).toBe(48);
    bench.advance(10_000);
    expect(sizesOf(bench.endpoint)).toEqual({ tombstones: 49, addresses: 1, pending: 0 });
  });

  test("sessionsPerAddressMax holds for each address by itself, and room comes back", () => {
    const bench = new Bench({ sessionsPerAddressMax: 2 });
    const clients = [1, 2, 3, 4].map((number) => new ScriptedClient(bench, number));
    (clients[3] as ScriptedClient).origin = { address: "198.51.100.1", principal: "" };
    for (const client of clients) client.request(1, { open: true });
    expect(bench.take().map(({ body }) => body.refused?.code)).toEqual([
      undefined,
      undefined,
      END_CODES.limit,
      undefined,
    ]);

    const [first, , third] = clients as [ScriptedClient, ScriptedClient, ScriptedClient];
    bench.command(first.session, (side) => side.abort(bench.nowMs));
    bench.take();
    third.request(1, { open: true });

    expect(bench.take()[0]?.body.opened).toBeDefined();
  });

  test("tombstones are bounded in number, the oldest goes first", () => {
    const bench = new Bench({ tombstonesMax: 2 });
    const clients = [1, 2, 3].map((number) => new ScriptedClient(bench, number));
    for (const client of clients) {
      client.open();
      bench.command(client.session, (side) => side.abort(bench.nowMs));
    }
    bench.take();
    for (const client of clients) client.request(3);

    expect(bench.take().map(({ body }) => body.unknown !== undefined)).toEqual([
      true,
      false,
      false,
    ]);
    expect(sizesOf(bench.endpoint).tombstones).toBe(2);
  });

  test("ten thousand openings leave no more than the limits allow", () => {
    const options = { sessionsMax: 1_000, pendingMax: 100, tombstonesMax: 500, authenticate: true };
    const bench = flood(options, 10_000);

    expect(bench.endpoint.sessions.size).toBe(100);
    bench.advance(20_000);
    expect(bench.endpoint.sessions.size).toBe(0);
    expect(sizesOf(bench.endpoint)).toEqual({ tombstones: 100, addresses: 0, pending: 0 });
    bench.advance(300_000);
    expect(sizesOf(bench.endpoint).tombstones).toBe(0);
    expect([bench.wakeAtMs, bench.timer]).toEqual([Infinity, "none"]);
  });

  test("options that cannot work are refused", () => {
    expect(() => new Endpoint(0, { requestsHeldMax: 4 })).toThrow(UsageError);
    for (const name of ["sessionsMax", "pendingMax", "sessionsPerAddressMax", "tombstonesMax"]) {
      expect(() => new Endpoint(0, { [name]: Number.NaN })).toThrow(name);
    }
    const misspelt = { sessionMax: 5 } as object;
    expect(() => new Endpoint(0, misspelt)).toThrow("option_unknown: sessionMax");
    expect(() => new Endpoint(0, { toString: 5 } as object)).toThrow("option_unknown: toString");
    // [OPEN-6]
    for (const less of [
      { channelsMax: 7 },
      { channelUnits: 63 },
      { channelsMax: 0, channelUnits: 1, windowMessages: 63 },
      { channelsMax: 0, windowBytes: 65_535 },
    ]) {
      expect(() => new Endpoint(0, less)).toThrow("or earlyMessages false");
      expect(() => new Endpoint(0, { ...less, earlyMessages: false })).not.toThrow();
    }
    expect(() => new Endpoint(0, { tombstoneMs: -1 })).toThrow("tombstoneMs");
    expect(() => new Endpoint(0, { verdictTimeoutMs: 0 })).toThrow("verdictTimeoutMs");
    const literal = {
      bundleMessages: 10,
      requestsHeld: 24,
      resendTimeoutMs: 1_000,
      sendDelayMs: 0,
      streaming: false,
      answerDelayMs: undefined,
    };
    expect(() => new Endpoint(0, { literal })).toThrow(UsageError);
    expect(() => new Endpoint(0, { literal, requestsHeldMax: 25 })).not.toThrow();
  });
});

test("a clock that is no number is refused before anything changes", () => {
  const bench = new Bench({ authenticate: true });
  const client = new ScriptedClient(bench);
  client.request(1, { open: true });
  const { session } = client;
  const { endpoint } = bench;
  const before = fingerprint(session);
  for (const nowMs of [Number.NaN, Infinity, -Infinity, undefined as unknown as number]) {
    const bytes = client.encode(2, { open: true });
    const acts = [
      () => new Endpoint(nowMs),
      () => endpoint.handleRequest(nowMs, 1, bytes, client.origin),
      () => endpoint.handleVerdict(nowMs, session, { accepted: true, principal: "" }),
      () => endpoint.handleTimeout(nowMs),
      () => endpoint.drain(nowMs, 1, 1),
      () => endpoint.abortAll(nowMs),
      () => session.side.send(nowMs, bytesOf("a")),
    ];
    for (const act of acts) expect(act).toThrow("clock_invalid");
  }

  expect(fingerprint(session) === before).toBe(true);
});

describe("several sessions", () => {
  test("each is woken in its own time", () => {
    const bench = new Bench();
    const early = new ScriptedClient(bench, 1);
    const late = new ScriptedClient(bench, 2);
    early.open();
    bench.advance(5_000);
    late.open();
    bench.take();

    bench.advance(20_000);
    expect(bench.take().map(({ body }) => body.answer?.heldMs)).toEqual([25_000]);
    bench.advance(5_000);
    expect(bench.take().map(({ body }) => body.answer?.heldMs)).toEqual([25_000]);
  });

  test("a session opened again after its tombstone is another one", () => {
    const bench = new Bench({ tombstoneMs: 100 });
    const client = new ScriptedClient(bench);
    client.open();
    const first = client.session;
    bench.command(first, (side) => side.abort(bench.nowMs));
    bench.advance(100);
    client.open();
    bench.gone(first, 2);

    expect(client.session).not.toBe(first);
    expect(client.side.parked).toHaveLength(1);
    expect(textOf(bytesOf("x"))).toBe("x");
  });
});

describe("the queue of timers", () => {
  test("gives out items by their times, whatever is set, moved and taken out", () => {
    const queue = new TimerQueue<Wakeable>();
    const items = Array.from({ length: 64 }, () => ({ wakeAtMs: Infinity, timerPosition: -1 }));
    let seed = 1;
    const next = (bound: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % bound;
    };
    for (let step = 0; step < 5_000; step++) {
      const item = items[next(64)] as Wakeable;
      queue.set(item, next(8) === 0 ? Infinity : next(1_000));
      const times = items.filter((each) => each.timerPosition >= 0).map((each) => each.wakeAtMs);
      expect([queue.size, queue.nextAtMs]).toEqual([times.length, Math.min(Infinity, ...times)]);
      if (next(10) === 0) {
        const due = queue.takeDue(next(1_000));
        if (due !== undefined)
          expect([due.timerPosition, due.wakeAtMs]).toEqual([
            -1,
            times.toSorted((a, b) => a - b)[0],
          ]);
      }
    }
    let last = 0;
    for (let due = queue.takeDue(1_000); due !== undefined; due = queue.takeDue(1_000)) {
      expect(due.wakeAtMs).toBeGreaterThanOrEqual(last);
      last = due.wakeAtMs;
    }
    expect(queue.size).toBe(0);
  });
});
