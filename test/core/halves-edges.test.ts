// The request side, and what both halves share, at the edges of their rules.

import { describe, expect, test } from "vitest";
import { readHead } from "../../src/core/body-reader.ts";
import { END_CODES } from "../../src/core/half.ts";
import { RequestSide } from "../../src/core/request-side.ts";
import { bytesOf, Dialogue, NONCE, SECRET, SERVER_PARAMETERS, textsOf } from "./scripted-server.ts";

const NO_BYTES = new Uint8Array(0);

function resumed(client: Dialogue, nowMs: number, seed = 1): Dialogue {
  const side = RequestSide.resume(nowMs, client.side.save(client.nowMs), seed);
  return new Dialogue({}, nowMs, side);
}

test("[CHAN-6] a channel with messages that wait for its window is kept, though all else of it is done", () => {
  const opened = { ...SERVER_PARAMETERS, channelUnits: 1 };
  const client = new Dialogue({ earlyMessages: false }).open({ opened });
  const id = client.side.openChannel(client.nowMs, NO_BYTES);
  for (const text of ["a", "b"]) client.side.send(client.nowMs, bytesOf(text), id);
  client.side.finishChannel(client.nowMs, id);
  client.tick();
  const end = { kind: "channel-finish", channel: id, seq: 1, indexEnd: 1 } as const;
  client.answer(2, { numbered: [end], ack: client.ack() });
  client.pass(1_000);

  expect(client.side.sender.channels.get(id)?.hasUnsent).toBe(true);
});

describe("the end of a session by the server", () => {
  const closed = { ended: { code: END_CODES.closed, reason: NO_BYTES } };

  test("[END-1] is a close only if this side closed and both hold everything", () => {
    const unacknowledged = new Dialogue().open();
    unacknowledged.send("a");
    unacknowledged.side.close(0);
    unacknowledged.tick();
    unacknowledged.answer(2, { numbered: unacknowledged.finish(), ...closed });
    expect(unacknowledged.ended).toMatchObject({ reason: "peer-ended", code: END_CODES.closed });
    expect(unacknowledged.ended?.unknown).toHaveLength(1);

    const unfinished = new Dialogue().open();
    unfinished.side.close(0);
    unfinished.tick();
    unfinished.answer(2, { ack: unfinished.ack(), ...closed });
    expect(unfinished.ended).toMatchObject({ reason: "peer-ended" });

    const open = new Dialogue().open();
    open.answer(2, closed);
    expect(open.ended).toMatchObject({ reason: "peer-ended", by: "peer" });
  });

  test("[END-6] by another code is none, though both hold everything", () => {
    const client = new Dialogue().open();
    client.side.close(0);
    client.tick();
    const ended = { code: 7, reason: bytesOf("why") };

    client.answer(2, { numbered: client.finish(), ack: client.ack(), ended });

    expect(client.ended).toMatchObject({ reason: "peer-ended", code: 7, detail: "why" });
  });

  test("[END-7] by a tombstone leaves in doubt what another life may have sent", () => {
    const client = new Dialogue({ earlyMessages: false });
    client.open({ window: { seqMax: 0, bytesMax: 0 } });
    client.send("queued");
    const later = resumed(client, 10);
    expect(later.tick().flatMap(textsOf)).toEqual([]);

    later.answerBytes(1, later.encodeBare({ ended: { code: 8, reason: NO_BYTES } }));

    expect(later.ended?.neverSent).toEqual([]);
    expect(later.ended?.unknown).toHaveLength(1);
  });
});

describe("an end by this side", () => {
  test("says no reason that nobody gave", () => {
    const aborted = new Dialogue().open();
    aborted.side.abort(0);
    aborted.drain();
    expect(aborted.last.body.ended).toEqual({ code: 1, reason: NO_BYTES });

    const late = new Dialogue({ closeTimeoutMs: 500 }).open();
    late.send("a");
    late.side.close(0);
    late.tick();
    late.until("close");
    expect(late.last.body.ended).toEqual({ code: END_CODES.closeTimeout, reason: NO_BYTES });
    expect(late.ended?.detail).toBe("");
  });

  test("counts no failure afterwards", () => {
    const client = new Dialogue().open();
    client.side.abort(0);
    client.drain();

    client.fail(client.last.exchange);

    expect(client.side.requestsUnanswered).toBe(0);
    expect(client.timeout).toMatchObject({ atMs: Infinity, timer: "none" });
  });

  test("is what everything afterwards is refused for", () => {
    const client = new Dialogue({ earlyMessages: false });
    client.side.abort(0);

    expect(() => client.side.openChannel(0, NO_BYTES)).toThrow("session_closed");
  });
});

describe("misuse of credentials and seeds", () => {
  test("is told by name", () => {
    const make = (nonce: number, secret: number) => () =>
      new RequestSide(0, { nonce: new Uint8Array(nonce), secret: new Uint8Array(secret) });

    expect(make(15, 16)).toThrow(/nonce\.length/);
    expect(make(16, 15)).toThrow(/secret\.length/);
    const saved = new Dialogue().side.save(0);
    expect(() => RequestSide.resume(0, saved, -1)).toThrow(/seed/);
  });

  test("afterwards does no harm, for the secret goes out as it was given", () => {
    const secret = SECRET.slice();
    const side = new RequestSide(0, { nonce: NONCE, secret });
    secret.fill(0);

    const [sent] = new Dialogue({}, 0, side).tick();

    expect(readHead(sent?.bytes ?? NO_BYTES, 1e6).address?.proof).toEqual(SECRET);
  });

  test("of labels neither: they go out as they were given", () => {
    const client = new Dialogue().open();
    const label = bytesOf("name");
    client.side.openChannel(0, label);
    label.fill(0);

    const [sent] = client.tick();

    const [frame] = sent?.body.numbered ?? [];
    expect(frame?.kind === "channel-open" && frame.label).toEqual(bytesOf("name"));
  });
});

describe("high water", () => {
  test("is reached by the byte, and left at half of it", () => {
    const client = new Dialogue({ highWaterBytes: 100 }).open();
    expect(client.side.send(0, new Uint8Array(99))).toBe(true);
    expect(client.side.send(0, new Uint8Array(1))).toBe(false);
    expect(client.side.send(0, NO_BYTES)).toBe(false);
    client.tick();
    const writable = (): boolean => client.told.some(({ kind }) => kind === "writable");
    expect(writable()).toBe(false);

    const half = new Dialogue({ highWaterBytes: 100 }).open();
    half.send(new Uint8Array(51), new Uint8Array(49));
    half.tick();
    half.answer(2, { ack: { receivedThrough: 1, heldThrough: 1, ranges: [] } });
    expect(half.side.bufferedBytes).toBe(49);
    expect(half.told.map(({ kind }) => kind)).toContain("writable");
    const exact = new Dialogue({ highWaterBytes: 100 }).open();
    exact.send(new Uint8Array(50), new Uint8Array(50));
    exact.tick();
    exact.answer(2, { ack: { receivedThrough: 1, heldThrough: 1, ranges: [] } });
    expect(exact.told.map(({ kind }) => kind)).toContain("writable");
  });
});

describe("what the application is handed", () => {
  test("is a message's channel, index and payloads, and nothing of how they are counted", () => {
    const client = new Dialogue({ consume: "explicit" }).open();

    client.answer(2, { numbered: client.messages("a") });

    const delivered = client.told.find(({ kind }) => kind === "deliver");
    expect(delivered).toEqual({
      kind: "deliver",
      channel: 0,
      index: 1,
      payloads: [bytesOf("a")],
    });
    expect(Object.keys(delivered ?? {})).toEqual(["kind", "channel", "index", "payloads"]);
  });
});

describe("a sender that stands still", () => {
  test("[SAY-8] probes after a round trip, and then ever more seldom", () => {
    const none = { seqMax: 0, bytesMax: 0 };
    const client = new Dialogue({ earlyMessages: false, silenceLimitMs: 600_000 });
    client.open({ window: none, opened: { ...SERVER_PARAMETERS, silenceLimitMs: 600_000 } });
    client.send("a");
    client.tick();
    const times: number[] = [];
    for (let count = 0; count < 4; count++) {
      const probes = client.until("probe");
      expect(probes).toHaveLength(1);
      const [sent] = probes;
      expect(sent?.body.blocked).toEqual(none);
      times.push(client.nowMs);
      client.answer(sent?.exchange ?? 0, { answer: { parked: [2] } });
      client.tick();
    }

    const waits = times.map((ms, at) => ms - (times[at - 1] ?? 0));
    for (let at = 1; at < waits.length; at++) {
      expect(waits[at]).toBeGreaterThan(waits[at - 1] as number);
    }
  });

  test("[SAY-8] probes in time, whatever else happens in between", () => {
    const none = { seqMax: 0, bytesMax: 0 };
    const client = new Dialogue({ earlyMessages: false }).open({ window: none });
    client.send("a");
    expect(client.timeout).toEqual({ kind: "timeout", atMs: 0, timer: "probe" });
    client.tick();
    const atMs = client.timeout.atMs;
    expect(client.timeout.timer).toBe("probe");

    for (let count = 0; count < 5; count++) {
      client.pass(10);
      client.side.handleTimeout(client.nowMs);
      client.drain();
    }

    expect(client.timeout).toEqual({ kind: "timeout", atMs, timer: "probe" });
  });
});

describe("channels that end", () => {
  test("[CHAN-6] stay until the application has consumed what came on them", () => {
    const client = new Dialogue({ consume: "explicit" }).open();
    client.answer(2, {
      numbered: [
        { kind: "channel-open", seq: 1, channel: 1, mode: "ordered", label: NO_BYTES },
        { kind: "messages", channel: 1, seq: 2, index: 1, payloads: [bytesOf("a")] },
        { kind: "channel-finish", seq: 3, channel: 1, indexEnd: 2 },
      ],
    });
    client.side.finishChannel(0, 1);
    client.tick();
    client.answer(client.last.exchange, { ack: client.ack() });
    client.tick();
    expect(client.side.receiver.channels.has(1)).toBe(true);

    client.side.consume(0, 1, 1);
    client.pass(100);

    expect(client.side.receiver.channels.has(1)).toBe(false);
    expect(client.side.sender.channels.has(1)).toBe(false);
  });

  test("[CHAN-6] are never channel 0, of which both halves may end", () => {
    const client = new Dialogue().open();
    client.side.finishChannel(0, 0);
    client.tick();
    const numbered = [{ kind: "channel-finish", seq: 1, channel: 0, indexEnd: 1 }] as const;

    client.answer(client.last.exchange, { ack: client.ack(), numbered });
    client.pass(100);

    expect(client.side.sender.channels.has(0)).toBe(true);
    expect(() => client.side.send(client.nowMs, bytesOf("a"))).toThrow("channel_closed");
  });

  test("[CHAN-1] of the peer's make no room for one's own", () => {
    const client = new Dialogue().open({ opened: { ...SERVER_PARAMETERS, channelsMax: 1 } });
    client.answer(2, {
      numbered: [
        { kind: "channel-open", seq: 1, channel: 1, mode: "ordered", label: NO_BYTES },
        { kind: "channel-finish", seq: 2, channel: 1, indexEnd: 1 },
      ],
    });
    client.side.finishChannel(0, 1);
    client.tick();
    client.answer(client.last.exchange, { ack: client.ack() });
    client.tick();
    expect(client.side.sender.channels.has(1)).toBe(false);

    client.side.openChannel(client.nowMs, NO_BYTES);

    expect(() => client.side.openChannel(client.nowMs, NO_BYTES)).toThrow("channel_limit");
  });
});

describe("the size of bodies", () => {
  const opened = { ...SERVER_PARAMETERS, channelBytes: 1_000_000, channelUnits: 1_000 };
  const large = (client: Dialogue): number[] => {
    for (let count = 0; count < 100; count++) client.send(new Uint8Array(1_000));
    return client.tick().map(({ bytes }) => bytes.length);
  };

  test("does not grow by bodies that had nothing more to carry", () => {
    const client = new Dialogue().open({ opened });
    for (let count = 0; count < 10; count++) {
      client.send("a");
      const [sent] = client.tick();
      client.answer(sent?.exchange ?? 0, { answer: { parked: [2] }, ack: client.ack() });
      client.tick();
    }

    expect(Math.max(...large(client))).toBeLessThanOrEqual(16_384);
  });

  test("does not shrink for good by a failure that says nothing about it", () => {
    const client = new Dialogue().open({ opened });
    const [first] = large(client);
    expect(first).toBeGreaterThan(10_000);
    for (const number of client.side.exchanges.open.keys()) client.fail(number);

    const sizes = client.pass(10_000).map(({ bytes }) => bytes.length);

    expect(Math.max(...sizes)).toBeGreaterThan(10_000);
  });
});
