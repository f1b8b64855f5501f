// Dialogues of the request side when things go wrong: failures, damage, doubt, violations.

import { describe, expect, test } from "vitest";
import type { Body } from "../../src/core/body.ts";
import { encodeBody, writeVersions } from "../../src/core/body-writer.ts";
import type { Fate } from "../../src/core/fates.ts";
import type { RequestOptions } from "../../src/core/options.ts";
import {
  bytesOf,
  damaged,
  Dialogue,
  kindsOf,
  NONCE,
  SERVER_PARAMETERS,
  textOf,
  textsOf,
} from "./scripted-server.ts";

/** Fails all that is out, and lets the wait pass; how long that was. */
function failOnce(client: Dialogue): number {
  const atMs = client.nowMs;
  for (const exchange of client.side.exchanges.open.keys()) client.fail(exchange);
  const before = client.sent.length;
  client.tick();
  if (client.sent.length === before) client.until("retry");
  return client.nowMs - atMs;
}

describe("a failed request", () => {
  test("[RETRY-1] is followed by another at once, with everything that it carried", () => {
    const client = new Dialogue();
    client.send("a");
    client.tick();

    client.fail(1);

    const [again] = client.tick();
    expect(again?.exchange).toBe(2);
    expect(textsOf(again)).toEqual(["a"]);
    expect(again?.body.request).toMatchObject({ overThrough: 1 });
  });

  test("[RETRY-1] is followed later and later if it was not the first in a row", () => {
    const options = { reconnectDelayMinMs: 100, reconnectDelayMaxMs: 1_000 };
    const client = new Dialogue(options).open();
    const waits = Array.from({ length: 30 }, () => failOnce(client));

    expect(waits[0]).toBe(0);
    for (const [at, wait] of waits.entries()) {
      expect(wait).toBeLessThanOrEqual(at === 0 ? 0 : Math.min(1_000, 100 * 2 ** (at - 1)));
    }
    // With jitter: neither all the same nor all short.
    expect(new Set(waits).size).toBeGreaterThan(20);
    expect(Math.max(...waits)).toBeGreaterThan(700);
  });

  test("[RETRY-1] begins anew after an answer", () => {
    const client = new Dialogue().open();
    failOnce(client);
    failOnce(client);
    client.answer(client.last.exchange);
    client.tick();

    expect(failOnce(client)).toBe(0);
  });

  test("[SAY-9] after another lets one more leave, which tells that the path is back", () => {
    const client = new Dialogue().open();
    failOnce(client);
    expect(client.side.exchanges.countLive).toBe(1);

    failOnce(client);
    expect(client.side.exchanges.countLive).toBe(2);

    client.answer(client.last.exchange);
    expect(client.tick()).toEqual([]);
    expect(client.side.exchanges.countLive).toBe(1);
  });

  test("[RETRY-2] counts once together with those that were out at the same time", () => {
    const client = new Dialogue().open();
    for (const text of ["a", "b", "c"]) {
      client.send(text);
      client.tick();
    }
    for (const exchange of [2, 3, 4, 5]) client.fail(exchange);

    const requests = client.tick();

    expect(requests.flatMap(textsOf)).toEqual(["a", "b", "c"]);
  });

  test("that is over already, or was never begun, changes nothing", () => {
    const client = new Dialogue().open();
    client.fail(1);
    client.fail(77);

    expect(client.tick()).toEqual([]);
  });

  test("[RETRY-4] goes again in half of its size where it was too large for somebody", () => {
    const client = new Dialogue({ carriersMax: 1 }).open();
    client.send(...Array.from({ length: 14 }, () => new Uint8Array(1_000)));
    client.tick();
    const size = client.last.bytes.length;
    client.fail(3, { tooLarge: true });
    client.tick();
    const half = client.last.bytes.length;
    client.fail(client.last.exchange, { tooLarge: true });
    client.until("retry");

    expect(half).toBeLessThanOrEqual(size / 2);
    expect(client.last.bytes.length).toBeLessThanOrEqual(size / 4 + 400);
  });

  test("[RETRY-4] that was too large keeps later bodies small", () => {
    const client = new Dialogue({ carriersMax: 1 }).open();
    client.send(...Array.from({ length: 14 }, () => new Uint8Array(1_000)));
    client.tick();
    const size = client.last.bytes.length;
    client.fail(3, { tooLarge: true });
    for (let round = 0; round < 10; round++) {
      for (const { exchange, bytes } of client.tick()) {
        expect(bytes.length).toBeLessThanOrEqual(size / 2);
        client.answer(exchange, { answer: { parked: [2] }, ack: client.ack() });
      }
    }

    expect(client.side.isFlushed).toBe(true);
  });

  test("[END-7] in which nothing left this host leaves its messages never sent", () => {
    const client = new Dialogue({ carriersMax: 4 }).open();
    client.send("left", new Uint8Array(20_000));
    const [first, second] = client.tick();
    client.fail(first?.exchange ?? 0);
    client.fail(second?.exchange ?? 0);
    client.drain();
    client.send("stayed", new Uint8Array(30_000));
    for (const { exchange } of client.pass(1)) client.fail(exchange, { notSent: true });
    client.send("waits");
    client.side.abort(client.nowMs);
    client.drain();

    const brief = (each: Fate): string | number =>
      each.payload.length > 100 ? each.payload.length : textOf(each.payload);
    expect(client.ended?.unknown.map(brief)).toEqual(["left", 20_000]);
    expect(client.ended?.neverSent.map(brief)).toEqual(["stayed", 30_000, "waits"]);
  });

  test("[END-7] in which nothing left says nothing about other transmissions of a message", () => {
    const client = new Dialogue({ reconnectDelayMinMs: 0, reconnectDelayMaxMs: 0 }).open();
    client.send("a");
    client.tick();
    for (let again = 0; again < 300; again++) {
      for (const exchange of client.side.exchanges.open.keys()) {
        client.fail(exchange, { notSent: again !== 20 });
      }
      client.tick();
      const { neverSent } = client.side.sender.fates;
      // The request that is out now may have left too.
      expect(neverSent).toEqual([]);
    }
    client.side.abort(client.nowMs);
    client.drain();

    expect(client.ended?.unknown.map(({ payload }) => textOf(payload))).toEqual(["a"]);
  });

  test("[END-7] in which the last parts of a message left makes it one that may be delivered", () => {
    const client = new Dialogue({ carriersMax: 4, bodyBytesInitial: 20_000 });
    client.open({ channelWindows: [{ channel: 0, unitsMax: 1_000, bytesMax: 1_000_000 }] });
    client.send(new Uint8Array(60_000));
    const parts = client.tick().filter((sent) => kindsOf(sent).includes("part"));
    expect(parts.length).toBeGreaterThan(1);
    client.fail(parts[0]?.exchange ?? 0, { notSent: true });
    client.side.abort(client.nowMs);
    client.drain();

    expect(client.ended?.neverSent).toEqual([]);
    expect(client.ended?.unknown.map(({ payload }) => payload.length)).toEqual([60_000]);
  });

  test("that was too large without a bundle is a failure like others", () => {
    const client = new Dialogue().open();
    client.fail(2, { tooLarge: true });

    expect(client.tick()).toHaveLength(1);
  });

  test("[RETRY-5] ends the session after requestsUnansweredMax in a row", () => {
    const client = new Dialogue({ requestsUnansweredMax: 3 }).open();
    client.fail(2);
    client.tick();
    client.fail(3);
    client.until("retry");
    expect(client.side.requestsUnanswered).toBe(2);
    client.fail(client.last.exchange);

    expect(client.tick()).toEqual([]);
    expect(client.ended).toMatchObject({ reason: "unanswered", by: "network" });
  });

  test("[RETRY-5] counts once although it was overdue before it failed", () => {
    const client = new Dialogue({ requestsUnansweredMax: 2 }).open();
    client.send("a");
    client.tick();
    client.until("resend");
    client.fail(3);
    client.tick();

    expect(client.ended).toBeUndefined();
  });

  test("[RETRY-5] does not count on after an answer", () => {
    const client = new Dialogue({ requestsUnansweredMax: 2 }).open();
    for (let round = 0; round < 5; round++) {
      client.fail(client.last.exchange);
      client.tick();
      client.answer(client.last.exchange);
      client.tick();
    }

    expect(client.side.state).toBe("open");
  });
});

describe("silence", () => {
  test.each([
    [30_000, 90_000, 30_000],
    [60_000, 40_000, 40_000],
  ])("[END-3] of %i ms here and %i ms there ends the session after %i ms", (own, peer, atMs) => {
    const client = new Dialogue({ silenceLimitMs: own });
    client.open({ opened: { ...SERVER_PARAMETERS, silenceLimitMs: peer } });
    client.send("a");

    client.until("silence");

    expect(client.nowMs).toBe(atMs);
    expect(client.ended).toMatchObject({ reason: "silence", by: "network", neverSent: [] });
    expect(client.ended?.unknown.map((fate) => fate.payload)).toEqual([bytesOf("a")]);
    expect(client.timeout).toEqual({ kind: "timeout", atMs: Infinity, timer: "none" });
  });

  test("[EXCH-8] is broken by the late answer of an exchange that was given up", () => {
    const client = new Dialogue().open();
    client.pass(25_000);
    client.fail(2);
    client.tick();
    client.nowMs = 50_000;
    client.answer(2, { numbered: client.messages("late") });

    expect(client.delivered()).toEqual(["late"]);
    client.until("silence");
    expect(client.nowMs).toBe(110_000);
  });
});

describe("a pause that the server asks for", () => {
  test("[RETRY-3] keeps every request back until it is over", () => {
    const client = new Dialogue().open();
    client.answer(2, { pauseMs: 400 });
    client.send("a");
    expect(client.tick()).toEqual([]);
    expect(client.timeout).toMatchObject({ timer: "retry", atMs: client.nowMs + 400 });

    expect(client.pass(400).map(textsOf)).toEqual([["a"]]);
  });
});

describe("an unreadable body", () => {
  test("[RETRY-6] of either side is taken as a failure of its exchange", () => {
    const client = new Dialogue({ carriersMax: 1 }).open();
    client.send("a");
    client.tick();
    client.answer(3, { unreadable: true });
    expect(client.tick().map(textsOf)).toEqual([["a"]]);

    client.answerBytes(4, damaged(client.encode(4)));

    expect(client.until("retry").map(textsOf)).toEqual([["a"]]);
    expect(client.side.stats.bodiesUnreadable).toBe(2);
  });

  test("[RETRY-6] ends the session when it comes unreadableMax times in a row", () => {
    const client = new Dialogue({ unreadableMax: 3 }).open();
    for (let round = 0; round < 3; round++) {
      client.answerBytes(client.last.exchange, bytesOf("<html>Please log in</html>"));
      if (round < 2) client.pass(300);
    }

    expect(client.ended).toMatchObject({ reason: "unreadable", by: "network" });
  });

  test("[RETRY-6] counts once for all requests that were out together", () => {
    const client = new Dialogue({ unreadableMax: 2 }).open();
    for (const text of ["a", "b", "c"]) {
      client.send(text);
      client.tick();
    }
    for (const exchange of [2, 3, 4, 5]) client.answerBytes(exchange, bytesOf("<html>"));

    expect(client.ended).toBeUndefined();
    expect(client.tick().flatMap(textsOf)).toEqual(["a", "b", "c"]);
  });

  test("[RETRY-6] counts from the beginning after a readable one", () => {
    const client = new Dialogue({ unreadableMax: 2 }).open();
    for (let round = 0; round < 6; round++) {
      client.answerBytes(client.last.exchange, damaged(client.encode(client.last.exchange)));
      client.pass(300);
      client.answer(client.last.exchange);
      client.tick();
    }

    expect(client.side.state).toBe("open");
  });

  test("[EXCH-8] of an exchange that is over changes nothing", () => {
    const client = new Dialogue({ unreadableMax: 1 }).open();
    client.answerBytes(1, bytesOf("<html>"));
    client.answer(1, { unreadable: true });

    expect(client.tick()).toEqual([]);
    expect(client.side.state).toBe("open");
  });

  const cases: [string, (client: Dialogue) => Uint8Array][] = [
    ["[EXCH-3] names another exchange", (client) => client.encode(1)],
    ["comes from a request side", () => requestBody()],
    ["has an address", () => answerBody({ address: true })],
    ["has no checksum", () => answerBody({ checksum: false })],
    ["does not know somebody else's nonce", (c) => c.encodeBare({ unknown: new Uint8Array(16) })],
    ["is larger than this side reads", () => new Uint8Array(600_000).fill(0x14)],
  ];
  test.each(cases)("is one that %s", (_, bytesFor) => {
    const client = new Dialogue().open();

    client.answerBytes(2, bytesFor(client));

    expect(client.side.stats.bodiesUnreadable).toBe(1);
    expect(client.side.state).toBe("open");
    expect(client.tick()).toHaveLength(1);
  });
});

function requestBody(): Uint8Array {
  const none = { channelWindows: [], channelsBlocked: [], numbered: [] };
  return encodeBody(none, { direction: 0, checksum: "xxh32", sessionId: NONCE });
}

function answerBody(how: { address?: boolean; checksum?: boolean }): Uint8Array {
  const content: Body = { channelWindows: [], channelsBlocked: [], numbered: [] };
  const address = { sessionId: NONCE, proof: NONCE, incarnation: 1, link: 0 };
  return encodeBody(content, {
    direction: 1,
    checksum: how.checksum === false ? "none" : "xxh32",
    sessionId: NONCE,
    ...(how.address === true ? { address } : {}),
  });
}

describe("a server that does not know the session", () => {
  const unknown = { unknown: NONCE };

  test("[END-5] is believed only when it says so again after lostConfirmMs", () => {
    const client = new Dialogue({ lostConfirmMs: 1_000 }).open();
    client.answer(2, unknown);
    expect(client.tick()).toHaveLength(1);
    client.nowMs += 999;
    client.answer(3, unknown);
    expect(client.ended).toBeUndefined();
    client.until("retry");
    client.answer(client.last.exchange, unknown);

    expect(client.ended).toMatchObject({ reason: "lost", by: "peer" });
  });

  test("[END-5] is not believed when it knew the session in between", () => {
    const client = new Dialogue({ lostConfirmMs: 1_000 }).open();
    client.answer(2, unknown);
    client.tick();
    client.answer(3);
    client.tick();
    client.nowMs += 5_000;

    client.answer(4, unknown);

    expect(client.ended).toBeUndefined();
  });

  test("[END-5] is no news in the answer to an exchange that is over", () => {
    const client = new Dialogue({ lostConfirmMs: 0 }).open();
    client.answer(1, unknown);

    expect(client.side.state).toBe("open");
  });

  test("[END-5] has forgotten it as it should after both sides had finished", () => {
    const client = new Dialogue().open();
    client.side.close(client.nowMs);
    client.tick();
    client.answer(2, { answer: { parked: [3] }, ack: client.ack(), numbered: client.finish() });
    client.tick();

    client.answer(3, unknown);

    expect(client.ended).toMatchObject({ reason: "closed", neverSent: [], unknown: [] });
  });
});

describe("a server that breaks the protocol", () => {
  test("[END-8] is told so in a last request, and the session ends", () => {
    const client = new Dialogue().open();
    client.send("a");
    client.tick();
    const ack = { receivedThrough: 9, heldThrough: 9, ranges: [] };

    client.answer(2, { ack, numbered: client.messages("never delivered") });

    expect(client.last.exchange).toBe(4);
    const { code, reason } = client.last.body.ended ?? {};
    expect(code).toBe(0x1000);
    expect(reason).toEqual(bytesOf("ack_unsent"));
    expect(client.delivered()).toEqual([]);
    expect(client.ended).toMatchObject({ reason: "protocol", by: "local", detail: "ack_unsent" });
    expect(client.ended?.unknown).toHaveLength(1);
  });

  test("[END-8] is one whose answer has no answer's prefix", () => {
    const client = new Dialogue().open();

    client.answerBytes(2, client.encodeBare({}));

    expect(client.ended).toMatchObject({ reason: "protocol", detail: "prefix_missing" });
  });

  test("[END-8] is told while the session opens, with the opening", () => {
    const client = new Dialogue();
    client.tick();
    client.answerBytes(1, client.encodeBare({}));

    expect(client.last.body.open).toBeDefined();
    expect(client.last.body.ended?.code).toBe(0x1000);
  });
});

describe("a server of another version", () => {
  test("[VER-3] ends the session while it opens", () => {
    const client = new Dialogue();
    client.tick();
    client.answerBytes(1, writeVersions([2, 3]));

    expect(client.ended).toMatchObject({ reason: "version", by: "peer" });
  });

  test.each([
    ["that lists this version too", writeVersions([1, 2])],
    ["that cannot be read", Uint8Array.of(0, 3, 2)],
  ])("[VER-3] is damage in a body %s", (_, bytes) => {
    const client = new Dialogue();
    client.tick();
    client.answerBytes(1, bytes);

    expect(client.side.state).toBe("opening");
    expect(client.side.stats.bodiesUnreadable).toBe(1);
  });

  test("[VER-3] is damage once the session was open", () => {
    const client = new Dialogue().open();
    client.answerBytes(2, writeVersions([2]));

    expect(client.side.state).toBe("open");
  });
});

describe("options that cannot work", () => {
  const cases: Partial<RequestOptions>[] = [
    { carriersMax: 0 },
    { parkedMax: 60, carriersMax: 8 },
    { reconnectDelayMinMs: 10, reconnectDelayMaxMs: 9 },
    { lostConfirmMs: -1 },
    { requestsUnansweredMax: 0.5 },
    { silenceLimitMs: 1 },
  ];
  test.each(cases)("are refused: %o", (options) => {
    expect(() => new Dialogue(options)).toThrow("option_invalid");
  });
});
