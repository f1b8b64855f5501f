// A client with pipes against a server that says what the test says: silent, refused, left, in the
// way of each other. spec 11.

import { describe, expect, test } from "vitest";
import { encodeBody } from "../../src/core/body-writer.ts";
import { LiteralRequestSide } from "../../src/core/literal-request-side.ts";
import { LITERAL_DEFAULTS, PIPE_DUMMY_MS_MIN } from "../../src/core/limits.ts";
import { RequestSide } from "../../src/core/request-side.ts";
import {
  damaged,
  Dialogue,
  goneOf,
  joined,
  NONCE,
  pipeState,
  SECRET,
  SERVER_PARAMETERS,
  textsOf,
} from "./scripted-server.ts";

test("[PIPE-2] an offer goes again at once where the request that carried it has failed", () => {
  const client = new Dialogue().open();
  client.offerPipe();
  const [offer] = client.tick();
  expect(offer?.body.offer?.link).toBe(1);
  client.fail(offer?.exchange ?? 0);
  client.tick();
  expect(client.last.body.offer).toEqual(offer?.body.offer);
  expect(client.last.exchange).toBeGreaterThan(offer?.exchange ?? 0);
});

test("[PIPE-2] an offer goes again a timeout later where its answer was lost, and then no more", () => {
  const client = new Dialogue().open();
  const link = client.offerPipe();
  const [offer] = client.tick();
  client.until("exchange");
  const again = client.last;
  expect(again.body.offer).toEqual(offer?.body.offer);
  expect(again.atMs - (offer?.atMs ?? 0)).toBeLessThan(2_000);
  expect(client.side.requestsUnanswered).toBeGreaterThan(0);
  client.answer(again.exchange);
  expect(client.told).toContainEqual({ kind: "pipe-offered", link });
  client.answer(2);
  client.tick();
  expect(client.last.exchange).toBeGreaterThan(again.exchange);
  expect(client.last.body.offer).toBeUndefined();
});

test("[END-8] a client that ends says so on its pipe, and by a request as well", () => {
  const client = joined();
  client.side.abort(client.nowMs, 7, "bye");
  const [request] = client.tick();
  expect(request?.body.ended?.code).toBe(7);
  expect(client.piped.at(-2)?.body?.ended?.code).toBe(7);
  expect(client.piped.at(-1)).toEqual({ link: 1 });
});

test("[END-8] the last word, as the first body of a life on a pipe, says whose it is", () => {
  const client = new Dialogue({ requests: "none" });
  client.tick();
  client.openPipe();
  client.tick();
  const owner = { epoch: 0, generation: 7, hint: new Uint8Array(0) };
  client.pipe(1, { opened: SERVER_PARAMETERS, owner, ...pipeState(1) });
  client.tick();
  const side = RequestSide.resume(client.nowMs, client.side.save(client.nowMs), 5);
  const heir = new Dialogue({}, client.nowMs, side);
  heir.openPipe();
  side.abort(heir.nowMs);
  heir.drain();
  const [first] = heir.piped;
  expect(first?.body).toMatchObject({ owner: { generation: 7 }, succeeds: [1] });
  expect(first?.body?.ended).toBeDefined();
});

test("[EXCH-7] the last word does not name more exchanges than a server allows", () => {
  const client = new Dialogue().open();
  for (let exchange = 0; exchange < 257;) {
    client.send("x");
    exchange = client.tick()[0]?.exchange ?? Infinity;
    client.answer(exchange, { ack: client.ack(), answer: { parked: [2] } });
  }
  client.side.abort(client.nowMs);
  client.drain();
  const { exchange = 0, overThrough = 0 } = client.last.body.request ?? {};
  expect(exchange - overThrough).toBeLessThanOrEqual(256);
});

test("[EXCH-6] requests that are answered at once become smaller where they do not come through", () => {
  const client = new Dialogue({ carriersMax: 1, requests: "prompt" }).open();
  client.send(...Array.from({ length: 30 }, () => "x".repeat(1_000)));
  const carriers = client.pass(20_000).filter(({ body }) => body.numbered.length > 0);
  const sizes = carriers.map(({ bytes }) => bytes.length);
  expect(Math.min(...sizes)).toBeLessThan((sizes[0] ?? 0) / 2);
});

test("[PIPE-10] a stream that is offered before a pause is not held against the link", () => {
  const client = new Dialogue().open();
  const link = client.offerPipe();
  client.answer(2, { pauseMs: 20_000 });
  client.pass(15_000);
  expect(goneOf(client)).toBeUndefined();
  const [offer] = client.pass(5_000);
  expect(offer?.body.offer?.link).toBe(link);
});

test("[PIPE-12] pipes that die young are opened more and more seldom", () => {
  const client = new Dialogue({ requests: "none" });
  const isAsked = (count: number): boolean =>
    client.told.filter(({ kind }) => kind === "pipe-wanted").length >= count;
  let pipes = 0;
  while (client.nowMs < 60_000) {
    if (!isAsked(pipes + 1)) {
      client.pass(10);
      continue;
    }
    const link = client.openPipe();
    client.tick();
    const opened = pipes++ === 0 ? { opened: SERVER_PARAMETERS } : {};
    client.pipe(link, { ...opened, ...pipeState(link) });
    client.pass(20);
    client.side.handlePipeClosed(client.nowMs, link);
    client.drain();
  }
  expect(pipes).toBeGreaterThan(5);
  expect(pipes).toBeLessThan(50);
});

test("[PIPE-12] pipes that are cut four times a second are opened at once, whatever failed before", () => {
  const client = new Dialogue({ requests: "none" });
  const asked = (): number => client.told.filter(({ kind }) => kind === "pipe-wanted").length;
  const waitsMs: number[] = [];
  for (let pipes = 0; pipes < 20; pipes++) {
    const fromMs = client.nowMs;
    while (asked() <= pipes) client.pass(10);
    waitsMs.push(client.nowMs - fromMs);
    const link = client.openPipe();
    client.tick();
    const opened = pipes === 0 ? { opened: SERVER_PARAMETERS } : {};
    client.pipe(link, { ...opened, ...pipeState(link) });
    client.pass(pipes < 8 ? 20 : 170);
    client.side.handlePipeClosed(client.nowMs, link);
    client.drain();
  }
  expect(Math.max(...waitsMs.slice(1, 9))).toBeGreaterThan(100);
  expect(Math.max(...waitsMs.slice(9))).toBeLessThanOrEqual(10);
});

test("[PIPE-8] twice what may wait for evidence may wait to leave", () => {
  const { side } = joined({ pipeBytesMax: 10_000, bodyBytesMax: 40_000 });
  expect(side.unsentBytesMax).toBe(100_000);
});

/** A client that hears by a stream, and has been told that the server knows. */
function streaming(options = {}): Dialogue {
  const client = new Dialogue(options).open();
  client.offerPipe();
  client.tick();
  client.pipe(1, pipeState(1));
  client.nowMs += 100;
  client.pipe(1, pipeState(1, { bodies: 2, ageMs: 100 }));
  const [telling] = client.tick();
  for (const { exchange } of client.sent.slice(1)) {
    const isTold = exchange === telling?.exchange;
    client.answer(exchange, isTold ? pipeState(1, { bodies: 2 }) : {});
  }
  expect(client.tick()).toEqual([]);
  expect([client.side.joined, client.side.exchanges.open.size]).toEqual([1, 0]);
  return client;
}

describe("a client", () => {
  test("[PIPE-1] takes a pipe for gone that is refused, and joins it never", () => {
    const client = new Dialogue().open();
    client.openPipe();
    client.tick();
    client.pipe(1, pipeState(0));
    expect(client.told).not.toContainEqual({ kind: "pipe-joined", link: 1 });
    expect(goneOf(client)).toMatchObject({ why: "unknown", wasJoined: false });
    expect(client.piped.at(-1)).toEqual({ link: 1 });
  });

  test("[PIPE-3] hears nothing of a pipe that greets before it has opened", () => {
    const client = new Dialogue();
    client.openPipe();
    client.tick();
    client.pipe(1, pipeState(1));
    expect([client.side.state, client.side.joined]).toEqual(["opening", 0]);
    client.pipe(1, { opened: SERVER_PARAMETERS, ...pipeState(1, { bodies: 2 }) });
    expect([client.side.state, client.side.joined]).toEqual(["open", 1]);
  });

  test("refuses parameters that nobody may state, on a pipe too", () => {
    const client = new Dialogue();
    client.openPipe();
    client.tick();
    client.pipe(1, { opened: { ...SERVER_PARAMETERS, channelUnits: 0 } });
    const ended = { reason: "protocol", by: "local", detail: "parameter_invalid" };
    expect(client.ended).toMatchObject(ended);
    const other = joined();
    other.pipe(1, { superseded: 9 });
    expect(other.ended).toMatchObject({ reason: "superseded", by: "peer" });
  });

  test("[PIPE-7] gives up a pipe on which LINK is not answered", () => {
    const client = new Dialogue().open();
    client.openPipe();
    client.tick();
    client.pipe(1, pipeState(1));
    client.tick();
    client.answer(2);
    client.tick();
    // Other bodies come, and say nothing about what went up.
    for (let passed = 0; passed < 5_000; passed += 500) {
      client.pass(500);
      client.pipe(1, {});
    }
    expect(client.side.joined).toBe(1);
    client.pass(1_000);
    expect(goneOf(client)).toMatchObject({ why: "stalled", wasJoined: true });
    expect(client.side.exchanges.countLive).toBe(1);
  });

  test("[PIPE-10] asks by LINK once in a hold time, and waits for the answer", () => {
    const client = joined();
    const before = client.piped.length;
    client.pass(12_000);
    client.pipe(1, {});
    client.pass(12_999);
    expect(client.piped).toHaveLength(before);
    client.pass(1);
    expect(client.piped.at(-1)?.body?.hearing).toEqual({ link: 1, fromExchange: 3 });
    client.pipe(1, pipeState(1));
    client.pass(14_000);
    expect(client.side.joined).toBe(1);
  });

  test("[PIPE-10] [RETRY-7] asks at once whether its pipe has survived when the network is back", () => {
    const client = joined();
    client.side.handleWake(client.nowMs);
    client.tick();
    expect(client.piped.at(-1)?.body?.hearing).toMatchObject({ link: 1 });
    expect(client.sent).toHaveLength(2);
    client.pass(7_000);
    expect(goneOf(client)).toMatchObject({ why: "stalled" });

    const other = streaming();
    other.side.handleWake(other.nowMs);
    const requests = other.tick();
    expect(requests).toHaveLength(1);
    other.answer(requests[0]?.exchange ?? 0, pipeState(0));
    expect(goneOf(other)).toMatchObject({ why: "unknown" });
  });

  test("[PIPE-10] is not made busy by a server that holds nothing for any time", () => {
    const opened = { ...SERVER_PARAMETERS, holdTimeMs: 0 };
    const client = new Dialogue();
    client.openPipe();
    client.tick();
    client.pipe(1, { opened, ...pipeState(1) });
    client.tick();
    const before = client.piped.length;
    for (let passed = 0; passed < 1_000; passed += 100) {
      client.pass(100);
      client.pipe(1, pipeState(1));
    }
    expect(client.piped.length - before).toBe(1_000 / PIPE_DUMMY_MS_MIN);
  });

  test("[PIPE-4] takes no answer about an older link for news of the one it has joined", () => {
    const client = streaming();
    client.send("a");
    const [older] = client.tick();
    client.openPipe();
    client.tick();
    client.pipe(2, pipeState(2));
    client.tick();
    client.answer(older?.exchange ?? 0, { ...pipeState(1, { bodies: 9 }), ack: client.ack() });
    expect(client.side.joined).toBe(2);
    client.pipe(2, pipeState(2));
    expect(client.side.pipes.size).toBe(2);
  });

  test("[PIPE-4] has a request out that names its stream until an answer does", () => {
    const client = new Dialogue().open();
    client.offerPipe();
    client.tick();
    client.pipe(1, pipeState(1));
    client.nowMs += 100;
    client.pipe(1, pipeState(1, { bodies: 2, ageMs: 100 }));
    const [first, ...others] = client.tick();
    expect(others).toEqual([]);
    client.fail(first?.exchange ?? 0);
    const [second, ...more] = client.tick();
    expect(more).toEqual([]);
    expect(second?.exchange).toBeGreaterThan(first?.exchange ?? 0);
    expect(client.tick()).toEqual([]);
    client.answer(second?.exchange ?? 0, pipeState(1, { bodies: 2 }));
    expect(client.tick()).toEqual([]);
  });

  test("[PIPE-4] waits for bodies that were counted as long as others come", () => {
    const client = streaming();
    for (let bodies = 4; bodies < 60; bodies++) {
      client.send("m");
      const [request] = client.tick();
      client.nowMs += 50;
      client.answer(request?.exchange ?? 0, { ...pipeState(1, { bodies }), ack: client.ack() });
      client.pipe(1, {});
      client.tick();
    }
    expect(client.side.joined).toBe(1);
    client.pass(1_000);
    expect(goneOf(client)).toMatchObject({ why: "swallowed", wasJoined: true });
  });

  test("[PIPE-4] that hears by requests takes no news of a pipe from their answers", () => {
    const client = new Dialogue().open();
    client.answer(2, pipeState(7));
    client.openPipe();
    client.tick();
    client.answer(3, pipeState(0));
    expect(client.told.filter(({ kind }) => kind.startsWith("pipe"))).toEqual([]);
    expect([...client.side.pipes.keys()]).toEqual([1]);
  });

  test("[PIPE-5] that hears of the age of a stream in its first body alone waits for the second", () => {
    const client = new Dialogue().open();
    client.offerPipe();
    client.tick();
    client.pipe(1, pipeState(1, { ageMs: 100 }));
    expect(client.side.joined).toBe(0);
    client.nowMs += 24;
    client.pipe(1, pipeState(1, { ageMs: 100 }));
    expect(goneOf(client)).toMatchObject({ why: "buffered" });
    client.offerPipe();
    client.pipe(2, pipeState(2));
    client.nowMs += 25;
    client.pipe(2, pipeState(2, { bodies: 2, ageMs: 100 }));
    expect(client.side.joined).toBe(2);
  });

  test("[PIPE-6] takes an acknowledgement by a request for evidence about its pipe", () => {
    const client = joined();
    client.send("a");
    client.tick();
    client.send("b");
    client.tick();
    expect(client.side.sender.flights.size).toBe(2);
    const carried = client.piped.slice(-2).flatMap(({ body }) => body?.numbered ?? []);
    expect(carried).toHaveLength(2);
    client.offerPipe();
    const [request] = client.tick();
    const ack = { receivedThrough: 1, heldThrough: 1, ranges: [] };
    client.answer(request?.exchange ?? 0, { ack });
    expect([...client.side.sender.flights.keys()]).toEqual([-3]);
    client.pipe(1, { ack: { receivedThrough: 2, heldThrough: 2, ranges: [] } });
    expect(client.side.sender.flights.size).toBe(0);
    expect(client.side.pipes.get(1)?.waitingBytes).toBe(0);
    expect(client.side.isFlushed).toBe(true);
  });

  test("[PIPE-7] sends at once by requests what a damaged pipe had carried", () => {
    const client = joined();
    client.send("a", "b");
    client.tick();
    client.pipeBytes(1, damaged(client.encodeBare({})));
    const [request] = client.tick();
    expect(textsOf(request)).toEqual(["a", "b"]);
    expect(goneOf(client)).toMatchObject({ why: "unreadable" });
    expect(client.side.stats.bodiesUnreadable).toBe(1);
  });

  test("[SUM-2] [SUM-4] takes neither its own body back nor one without checksum", () => {
    const none = { channelWindows: [], channelsBlocked: [], numbered: [] };
    const sealed = { checksum: "xxh32", sessionId: NONCE } as const;
    const address = { sessionId: NONCE, proof: SECRET, incarnation: 1, link: 1 };
    const lies = [
      Uint8Array.of(0x18, 0),
      new Uint8Array(0),
      encodeBody(none, { direction: 0, ...sealed }),
      encodeBody(none, { direction: 1, ...sealed, address }),
    ];
    for (const bytes of lies) {
      const client = joined();
      client.pipeBytes(1, bytes);
      expect(goneOf(client)).toMatchObject({ why: "unreadable" });
      expect(client.side.state).toBe("open");
    }
  });

  test("[OWN-4] drops a pipe that another session answers, and goes on by requests", () => {
    const client = new Dialogue().open({
      owner: { epoch: 0, generation: 5, hint: NONCE.subarray(0, 0) },
    });
    client.openPipe();
    client.tick();
    client.pipe(1, {
      owner: { epoch: 0, generation: 6, hint: NONCE.subarray(0, 0) },
      ...pipeState(1),
    });
    expect(goneOf(client)).toMatchObject({ why: "unknown" });
    expect(client.side.state).toBe("open");
  });

  test("[END-5] believes a loss only after doubts that no pipe has ended", () => {
    const client = new Dialogue().open();
    client.answer(2, { unknown: NONCE });
    client.tick();
    expect(client.side.isDoubted).toBe(true);
    client.openPipe();
    client.tick();
    client.pipe(1, pipeState(1));
    expect(client.side.isDoubted).toBe(false);
    client.pass(3_500);
    client.pipe(1, pipeState(1));
    client.side.handlePipeClosed(client.nowMs, 1);
    client.pass(1_000);
    client.answer(client.last.exchange, { unknown: NONCE });
    expect(client.side.state).toBe("open");
  });

  test("[RETRY-5] is not unanswered while a socket brings something", () => {
    const client = new Dialogue({ requestsUnansweredMax: 3 }).open();
    client.openPipe();
    client.tick();
    for (let round = 0; round < 6; round++) {
      client.fail(client.oldestOpen);
      client.tick();
      client.pipe(1, {});
      client.pass(400);
    }
    expect(client.side.state).toBe("open");
  });

  test("[PIPE-9] is told once that a pipe grows old, on the pipe or by an answer", () => {
    const client = streaming();
    expect(client.told.filter(({ kind }) => kind === "pipe-ending")).toEqual([]);
    const ending = pipeState(1, { bodies: 2, isEnding: true });
    client.send("a");
    const [request] = client.tick();
    client.answer(request?.exchange ?? 0, { ...ending, ack: client.ack() });
    client.pipe(1, pipeState(1, { bodies: 3, isEnding: true }));
    expect(client.told.filter(({ kind }) => kind === "pipe-ending")).toHaveLength(1);
    expect(client.side.joined).toBe(1);
  });

  test("[PIPE-9] a newer pipe takes the place of one that was not joined, and of its offer", () => {
    const client = new Dialogue().open();
    client.offerPipe();
    client.openPipe();
    expect(goneOf(client)).toMatchObject({ link: 1, why: "replaced" });
    expect(client.tick()).toEqual([]);
    client.offerPipe(1);
    expect(client.tick()[0]?.body.offer).toMatchObject({ link: 3 });
  });

  test("[PIPE-2] is told when a request that carried its offer has come, once", () => {
    const client = new Dialogue().open();
    const link = client.offerPipe();
    const [request] = client.tick();
    const offered = (): unknown[] => client.told.filter(({ kind }) => kind === "pipe-offered");
    client.answer(2);
    expect(offered()).toEqual([]);
    client.tick();
    client.answer(client.last.exchange, { answer: { parked: [request?.exchange ?? 0] } });
    expect(offered()).toEqual([{ kind: "pipe-offered", link }]);
    client.tick();
    client.answer(request?.exchange ?? 0);
    client.answer(client.last.exchange);
    expect(offered()).toHaveLength(1);
  });

  test("[PIPE-2] goes on offering a stream when another pipe goes, and keeps its own ticket", () => {
    const client = joined();
    const ticket = NONCE.slice();
    const link = client.side.offerPipe(client.nowMs, ticket);
    ticket.fill(0);
    client.side.handlePipeClosed(client.nowMs, 1);
    client.drain();
    const [request] = client.tick();
    expect(request?.body.offer).toEqual({ link, ticket: NONCE });
    client.side.handlePipeClosed(client.nowMs, link);
    client.answer(request?.exchange ?? 0);
    expect(client.tick()[0]?.body.offer).toBeUndefined();
  });

  test("[EXCH-5] a request that names a pipe is overdue without a hold time", () => {
    const client = streaming();
    expect(client.timeout.atMs).toBeLessThan(25_000);
    for (const passed of [10_000, 10_000]) {
      client.pass(passed);
      client.pipe(1, {});
    }
    client.until("transmit");
    const { exchange, bytes, atMs } = client.last;
    expect(atMs).toBe(25_100);
    client.pipe(1, {});
    const waitMs = client.side.roundTrip.overdueAfterMs(bytes.length);
    client.until("exchange");
    expect(client.nowMs).toBe(atMs + waitMs);
    expect(client.side.exchanges.open.get(exchange)?.isOverdue).toBe(true);
  });

  test("[PIPE-10] waits for a greeting for `pipeStallMs` and a timeout", () => {
    const client = new Dialogue().open();
    client.nowMs = 100;
    client.openPipe();
    const { timeoutMs } = client.side.roundTrip;
    client.until("pipe");
    expect(client.nowMs).toBe(5_100 + timeoutMs);
    expect(goneOf(client)).toMatchObject({ why: "silent" });
  });

  test("[INC-1] still says whose place it takes where a pipe brings a pause alone", () => {
    const before = new Dialogue();
    before.tick();
    const client = new Dialogue({}, 0, RequestSide.resume(0, before.side.save(0), 5));
    client.openPipe();
    client.tick();
    client.pipe(1, { pauseMs: 100 });
    client.fail(client.oldestOpen);
    const [request] = client.pass(5_000);
    expect(request?.body.succeeds).toEqual([1]);
  });

  test("[RETRY-5] is unanswered though a stream brings something", () => {
    const client = new Dialogue({ requestsUnansweredMax: 2 }).open();
    client.offerPipe();
    client.tick();
    client.pipe(1, pipeState(1));
    for (let round = 0; round < 4 && client.side.state !== "ended"; round++) {
      client.fail(client.oldestOpen);
      client.pipe(1, {});
      client.pass(200);
    }
    expect(client.ended?.reason).toBe("unanswered");
  });

  test("joins nothing with a body that ends the session, and hears late answers out", () => {
    const client = new Dialogue().open();
    client.openPipe();
    client.tick();
    client.pipe(1, { ...pipeState(1), ended: { code: 3, reason: new Uint8Array(0) } });
    expect(client.told.map(({ kind }) => kind)).not.toContain("pipe-joined");
    const other = streaming();
    const { exchange } = other.last;
    other.answer(exchange, pipeState(0));
    expect(other.side.joined).toBe(1);
  });

  test("hears nothing of a pipe that it has left, or that never was", () => {
    const client = joined();
    client.side.handlePipeClosed(client.nowMs, 1);
    client.pipe(1, { numbered: client.messages("late") });
    client.pipe(9, { ended: { code: 1, reason: NONCE } });
    client.side.handlePipeClosed(client.nowMs, 9);
    expect(client.delivered()).toEqual([]);
    expect(client.side.state).toBe("open");
  });

  test("says its last word on the pipe that it has joined, and a request where that is a stream", () => {
    const client = joined();
    client.side.abort(client.nowMs, 7);
    client.drain();
    expect(client.piped.at(-2)?.body?.ended?.code).toBe(7);
    expect(client.piped.at(-1)).toEqual({ link: 1 });
    const other = streaming();
    other.side.abort(other.nowMs, 8);
    other.drain();
    expect(other.last.body.ended?.code).toBe(8);
  });

  test("refuses tickets of another length, and pipes for the literal procedure", () => {
    const client = new Dialogue();
    expect(() => client.side.offerPipe(0, new Uint8Array(15))).toThrow("ticket.length is 15");
    const literal = new LiteralRequestSide(
      0,
      { nonce: NONCE, secret: SECRET },
      { literal: LITERAL_DEFAULTS },
    );
    expect(() => literal.openPipe(0)).toThrow("state_invalid: literal");
    expect(() => literal.offerPipe(0, NONCE)).toThrow("state_invalid");
  });
});
