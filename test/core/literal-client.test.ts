// The founding document's client, branch by branch; spec 8.1.

import { describe, expect, test } from "vitest";
import type { LiteralOptions, RequestOptions } from "../../src/core/options.ts";
import { LITERAL_DEFAULTS } from "../../src/core/limits.ts";
import { LiteralRequestSide } from "../../src/core/literal-request-side.ts";
import { RequestSide } from "../../src/core/request-side.ts";
import { damaged, Dialogue, kindsOf, textsOf } from "./scripted-server.ts";

function literal(
  changes: Partial<LiteralOptions> = {},
  options: Partial<RequestOptions> = {},
): Dialogue {
  return new Dialogue({ ...options, literal: { ...LITERAL_DEFAULTS, ...changes } });
}

function texts(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, at) => `m${from + at}`);
}

describe("the literal client", () => {
  test("[LIT-1] begins with one request, whatever there is to send", () => {
    const client = literal();
    client.send("a");

    expect(client.tick().map(textsOf)).toEqual([["a"]]);
    expect(client.side.exchanges.countLive).toBe(1);
  });

  test("[LIT-2] sends a request as soon as a bundle of ten has come together", () => {
    const client = literal().open();
    client.send(...texts(9));
    expect(client.tick()).toEqual([]);

    client.send("m9");

    expect(client.tick().map(textsOf)).toEqual([texts(10)]);
  });

  test("[LIT-2] carries ten messages a request at most, and several requests in one tick", () => {
    const client = literal().open();
    client.send(...texts(25));

    expect(client.tick().map(textsOf)).toEqual([texts(10), texts(10, 10)]);
  });

  test("[LIT-1] sends the next request at once when an answer arrives, even with nothing to say", () => {
    const client = literal().open();
    client.send("a");
    client.answer(2);

    const [next, ...others] = client.tick();

    expect(textsOf(next)).toEqual(["a"]);
    expect(others).toEqual([]);
    client.answer(3, { ack: client.ack() });
    expect(client.tick().map(kindsOf)).toEqual([[]]);
  });

  test("[LIT-1] waits before that for as long as sendDelayMs says", () => {
    const client = literal({ sendDelayMs: 40 }).open();
    client.until("delay");
    client.answer(2);
    expect(client.tick()).toEqual([]);
    expect(client.timeout).toMatchObject({ timer: "delay", atMs: client.nowMs + 40 });
    client.send("a");

    expect(client.pass(40).map(textsOf)).toEqual([["a"]]);
  });

  test("[LIT-2] a bundle that fills up during the delay does not wait for its end", () => {
    const client = literal({ sendDelayMs: 40 }).open();
    client.until("delay");
    client.answer(2);
    client.send(...texts(10));

    expect(client.tick().map(textsOf)).toEqual([texts(10)]);
  });

  test("[LIT-1] waits for nothing while no slot is free", () => {
    const client = literal({ sendDelayMs: 40 }, { carriersMax: 1 }).open();
    client.until("delay");
    client.answer(2);
    client.send(...texts(20));

    expect(client.tick().map(textsOf)).toEqual([texts(10), texts(10, 10)]);
    expect(client.timeout.timer).toBe("resend");
  });

  test.each([
    // Nothing waits, a full bundle waits: no delay. One message of 1,920 B: 9 more at 64 B/ms.
    ["nothing", [], 0],
    ["a bundle's worth", Array.from({ length: 10 }, () => new Uint8Array(100)), 0],
    ["one message", [new Uint8Array(1_920)], 270],
    ["one large message", [new Uint8Array(16_000)], 1_000],
  ])("[AUTO-1] with `auto` reckons the delay from rate and backlog: %s", (_, backlog, waitMs) => {
    const client = literal({ sendDelayMs: "auto" }).open();
    client.send(...backlog);

    client.answer(2);

    expect(client.tick()).toHaveLength(waitMs === 0 ? 1 : 0);
    if (waitMs > 0) {
      expect(client.timeout).toMatchObject({ timer: "delay", atMs: waitMs });
      expect(client.pass(waitMs)).toHaveLength(1);
    }
  });

  test("[LIT-3] after a second sends everything unacknowledged again, up to a bundle", () => {
    const client = literal().open();
    client.send(...texts(10));
    client.tick();
    client.send("m10", "m11");
    client.tick();

    expect(client.pass(999)).toEqual([]);
    const requests = client.pass(1);

    // What is left makes no bundle and waits for the next answer or second.
    expect(requests.map(textsOf)).toEqual([texts(10)]);
    expect(client.pass(1_000).map(textsOf)).toEqual([texts(10)]);
  });

  test("[LIT-3] after a second sends what makes no bundle and was never sent", () => {
    const client = literal().open();
    client.send("a");
    expect(client.pass(999)).toEqual([]);

    expect(client.pass(1).map(textsOf)).toEqual([["a"]]);
  });

  test("[LIT-3] has no timer while one request is out and everything is held", () => {
    const client = literal().open();

    expect(client.pass(20_000)).toEqual([]);
    expect(client.timeout.timer).toBe("exchange");
  });

  test("[LIT-3] after a second sends a request when none is out, even with nothing to say", () => {
    const client = literal().open();
    client.fail(2);
    expect(client.tick()).toEqual([]);

    expect(client.pass(1_000)).toHaveLength(1);
  });

  test("[LIT-3] goes on after several failures in a row", () => {
    const client = literal().open();
    client.send("a");
    for (let round = 0; round < 5; round++) {
      client.fail(client.last.exchange);
      expect(client.pass(4_000).flatMap(textsOf)).toContain("a");
    }
  });

  test("[LIT-4] gives up requests beyond those that the server holds, and never runs out", () => {
    const client = literal({}, { carriersMax: 1, silenceLimitMs: 60_000 }).open();
    client.send("a");

    const requests = client.pass(20_000);

    expect(requests.map((sent) => sent.atMs)).toEqual(
      Array.from({ length: 20 }, (_, at) => (at + 1) * 1_000),
    );
    expect(requests.every((sent) => textsOf(sent)[0] === "a")).toBe(true);
    expect(client.aborted.length).toBeGreaterThan(15);
  });

  test("[LIT-4] goes on when a burst used all slots and all of it was lost", () => {
    const client = literal().open();
    client.send(...texts(200));
    expect(client.tick()).toHaveLength(8);

    expect(client.pass(1_000).length).toBeGreaterThan(0);
    expect(client.side.exchanges.countLive).toBeLessThanOrEqual(9);
  });

  test("[LIT-4] lets a server hold more than one request", () => {
    const client = literal({ requestsHeld: 3 }).open();
    client.send(...texts(30));
    client.tick();
    client.send("late");
    client.tick();
    expect(client.side.exchanges.countLive).toBe(4);
    client.pass(1_000);

    const overdue = [...client.side.exchanges.open.values()].filter((each) => each.isOverdue);
    expect(overdue.map((each) => each.number)).toEqual([2]);
  });

  test("does not adapt to what the server wishes", () => {
    const client = literal().open();
    client.answer(2, { answer: { parkedWanted: 4 } });

    expect(client.tick()).toHaveLength(1);
    expect(client.side.parkedWanted).toBe(1);
  });

  test("[RETRY-5] fails after a number of unanswered requests", () => {
    const client = literal({}, { requestsUnansweredMax: 3 }).open();
    client.send("a");
    const requests = client.pass(10_000);

    expect(client.ended).toMatchObject({ reason: "unanswered", by: "network" });
    expect(requests).toHaveLength(3);
  });

  test("[END-3] fails after a time", () => {
    const client = literal({}, { silenceLimitMs: 30_000 }).open();
    client.send("a");
    client.pass(30_000);

    expect(client.ended).toMatchObject({ reason: "silence", by: "network" });
  });

  test("ends with a termination message of its own", () => {
    const client = literal().open();
    client.side.abort(0, 5, "bye");
    client.drain();

    expect(client.last.body.ended).toMatchObject({ code: 5 });
    expect(client.ended).toMatchObject({ reason: "aborted", by: "local", code: 5 });
  });

  test("ends with a termination message of the server's", () => {
    const client = literal().open();
    client.answer(2, { ended: { code: 9, reason: new Uint8Array() } });

    expect(client.ended).toMatchObject({ reason: "peer-ended", by: "peer", code: 9 });
    expect(client.tick()).toEqual([]);
  });

  test.each([
    ["the server received nothing", (client: Dialogue) => client.encode(2, { unreadable: true })],
    ["the answer was damaged", (client: Dialogue) => damaged(client.encode(2))],
  ])("[RETRY-6] sends again within a second when %s", (_, bytesFor) => {
    const client = literal();
    client.open();
    client.send("a");
    client.answerBytes(2, bytesFor(client));

    expect(client.tick()).toEqual([]);
    expect(client.pass(1_000).map(textsOf)).toEqual([["a"]]);
  });

  test("[RETRY-3] keeps to a pause that the server asks for", () => {
    const client = literal().open();
    client.answer(2, { pauseMs: 5_000 });
    expect(client.pass(4_999)).toEqual([]);

    expect(client.pass(1)).toHaveLength(1);
  });

  test("is a class of its own, and so is its saved state", () => {
    const credentials = { nonce: new Uint8Array(16), secret: new Uint8Array(16) };
    const literally = new LiteralRequestSide(0, credentials);
    literally.send(0, new Uint8Array(1));
    const others = new RequestSide(0, credentials);

    expect(() => new RequestSide(0, credentials, { literal: LITERAL_DEFAULTS })).toThrow(
      "option_invalid: literal belongs to LiteralRequestSide",
    );
    expect(LiteralRequestSide.resume(0, literally.save(0), 1)).toBeInstanceOf(LiteralRequestSide);
    expect(() => RequestSide.resume(0, literally.save(0), 1)).toThrow("state_invalid");
    expect(() => LiteralRequestSide.resume(0, others.save(0), 1)).toThrow("state_invalid");
  });

  test("closes like others", () => {
    const client = literal().open();
    client.side.close(0);
    client.pass(1_000);
    expect(kindsOf(client.last)).toEqual(["finish"]);
    client.answer(client.last.exchange, { ack: client.ack(), numbered: client.finish() });
    client.tick();

    client.answer(client.last.exchange, { ended: { code: 0, reason: new Uint8Array() } });

    expect(client.ended).toMatchObject({ reason: "closed" });
  });
});
