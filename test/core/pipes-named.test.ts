// Streams that the server names, and the founding document's procedure by a stream. spec 8.4, 11.

import { describe, expect, test } from "vitest";
import { encodeBody } from "../../src/core/body-writer.ts";
import { Endpoint } from "../../src/core/endpoint.ts";
import { LITERAL_DEFAULTS } from "../../src/core/limits.ts";
import { LiteralRequestSide } from "../../src/core/literal-request-side.ts";
import type { LiteralOptions } from "../../src/core/options.ts";
import { namedOptions, readStreamName, writeStreamName } from "../../src/core/stream-name.ts";
import { type Crossing, Linked } from "./linked.ts";
import { Bench, ScriptedClient } from "./scripted-client.ts";
import { bytesOf, damaged, Dialogue, NONCE, pipeState, SECRET } from "./scripted-server.ts";

const NAME = bytesOf("a name of sixteen".slice(0, 16));

const words = (count: number, prefix = "m"): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}`);

function since(linked: Linked, sinceMs: number, by: Crossing["by"]): Crossing[] {
  return linked.crossings.filter((each) => each.by === by && each.atMs >= sinceMs);
}

describe("a stream that the server names", () => {
  test("[PIPE-13] says its name first, is taken by a request, and names itself on each body", () => {
    const linked = new Linked();
    linked.run(1_000);
    linked.openNamedStream();
    linked.run(2_000);
    expect([linked.client.joined, linked.served.side.joined]).toEqual([1, 1]);
    linked.send("server", ...words(50, "s"));
    linked.send("client", ...words(50));
    linked.run(1_000);

    expect(linked.received).toEqual({ client: words(50, "s"), server: words(50) });
    const down = since(linked, 0, "pipe down");
    expect(down.length).toBeGreaterThan(3);
    const [first] = down;
    expect(first?.body).toEqual({ channelWindows: [], channelsBlocked: [], numbered: [] });
    for (const { name } of down) expect(name).toEqual(bytesOf("name number 0..."));
  });

  test("[PIPE-13] opens a session with the request that takes it", () => {
    const linked = new Linked();
    linked.openNamedStream();
    linked.send("client", "first");
    linked.run(2_000);
    expect(linked.received.server).toEqual(["first"]);
    expect(linked.client.joined).toBe(1);
  });

  test("[PIPE-13] says its name where it is refused, too", () => {
    const linked = new Linked({}, { literal: LITERAL_DEFAULTS });
    linked.run(1_000);
    linked.openNamedStream();
    linked.run(1_000);

    const down = since(linked, 0, "pipe down");
    expect(down.at(-1)?.body.pipe?.link).toBe(0);
    for (const { name } of down) expect(name).toEqual(bytesOf("name number 0..."));
  });

  test("[PIPE-13] is nobody's that no request names, and ends", () => {
    const bench = new Bench({ streamNamedMs: 5_000 });
    expect(bench.endpoint.nameStream(bench.nowMs, 71, NAME)).toBe(true);
    bench.tick();
    expect(bench.takePiped()).toMatchObject([{ handle: 71 }]);
    bench.advance(4_999);
    expect(bench.takePiped()).toEqual([]);
    bench.advance(1);
    expect(bench.takePiped()).toEqual([{ handle: 71 }]);
    const client = new ScriptedClient(bench);
    client.open();
    client.request(3, { offer: { link: 1, ticket: NAME } });
    expect(bench.taken).toEqual([]);
  });

  test("[PIPE-13] that has gone before is not taken", () => {
    const bench = new Bench();
    bench.endpoint.nameStream(bench.nowMs, 71, NAME);
    bench.endpoint.nameStream(bench.nowMs, 72, SECRET);
    bench.endpoint.handleNamedGone(71);
    bench.endpoint.handleNamedGone(99);
    const client = new ScriptedClient(bench);
    client.open();
    client.request(3, { offer: { link: 1, ticket: NAME } });
    expect(bench.taken).toEqual([]);
    client.request(4, { offer: { link: 2, ticket: SECRET } });
    expect(bench.taken).toMatchObject([{ handle: 72, session: client.session }]);
  });

  test("[PIPE-13] belongs to the first session that says the name, once", () => {
    const bench = new Bench();
    bench.endpoint.nameStream(bench.nowMs, 71, NAME);
    const client = new ScriptedClient(bench);
    client.open();
    client.request(3, { offer: { link: 1, ticket: NAME } });
    expect(bench.taken).toHaveLength(1);
    client.request(4, { offer: { link: 1, ticket: NAME } });
    client.request(5, { offer: { link: 2, ticket: NAME } });
    expect(bench.taken).toHaveLength(1);
  });

  test("[PIPE-13] so many wait at most, and none while the server drains", () => {
    const bench = new Bench({ streamsNamedMax: 1 });
    expect(bench.endpoint.nameStream(bench.nowMs, 71, NAME)).toBe(true);
    expect(bench.endpoint.nameStream(bench.nowMs, 72, SECRET)).toBe(false);
    bench.endpoint.drain(bench.nowMs, 1_000, 1_000);
    bench.tick();
    expect(bench.takePiped().at(-1)).toEqual({ handle: 71 });
    expect(bench.endpoint.nameStream(bench.nowMs, 73, NAME)).toBe(false);
    expect(() => bench.endpoint.nameStream(bench.nowMs, 74, NAME.subarray(1))).toThrow(
      "option_invalid: name.length",
    );
  });

  test("[PIPE-13] its client takes only what names it", () => {
    const none = { channelWindows: [], channelsBlocked: [], numbered: [] };
    const direction = 1 as const;
    const sum = { direction, checksum: "xxh32" as const };
    const others = {
      unnamed: encodeBody({ ...none, ...pipeState(1) }, { ...sum, sessionId: NONCE }),
      another: encodeBody(
        { ...none, ...pipeState(1) },
        namedOptions(SECRET, { incarnation: 1, link: 1 }),
      ),
    };
    for (const bytes of Object.values(others)) {
      const client = new Dialogue().open();
      const link = client.side.takeStream(client.nowMs, NAME);
      client.side.handlePipeBody(client.nowMs, link, bytes);
      client.tick();
      expect(client.told.at(-1)).toMatchObject({ kind: "pipe-gone", why: "unreadable" });
    }
    const client = new Dialogue().open();
    client.offerPipe();
    client.side.handlePipeBody(client.nowMs, 1, others.another);
    client.tick();
    expect(client.told.at(-1)).toMatchObject({ kind: "pipe-gone", why: "unreadable" });
  });

  test("[PIPE-13] a name is read of nothing but such a body", () => {
    const none = { channelWindows: [], channelsBlocked: [], numbered: [] };
    const named = namedOptions(NAME, { incarnation: 1, link: 0 });
    const longer = namedOptions(bytesOf("x".repeat(20)), { incarnation: 1, link: 0 });
    expect(readStreamName(writeStreamName(NAME))).toEqual(NAME);
    expect(() => readStreamName(damaged(writeStreamName(NAME)))).toThrow("address_invalid");
    expect(() => readStreamName(encodeBody(none, { ...named, direction: 0 }))).toThrow(
      "misdelivered",
    );
    expect(() => readStreamName(encodeBody(none, longer))).toThrow("misdelivered");
    expect(() => readStreamName(encodeBody(none, { ...named, checksum: "none" }))).toThrow(
      "checksum_missing",
    );
    const bare = { direction: 1, checksum: "xxh32", sessionId: NONCE } as const;
    expect(() => readStreamName(encodeBody(none, bare))).toThrow("misdelivered");
  });
});

/** Both sides by the literal procedure, joined by a stream that the server has named. */
function literally(changes: Partial<LiteralOptions> = {}): { linked: Linked; sinceMs: number } {
  const literal = { ...LITERAL_DEFAULTS, streaming: true, ...changes };
  const side = new LiteralRequestSide(0, { nonce: NONCE, secret: SECRET }, { literal });
  const linked = new Linked({}, { literal }, side);
  linked.openNamedStream();
  linked.run(2_000);
  expect([linked.client.joined, linked.served.side.joined]).toEqual([1, 1]);
  linked.run(3_000);
  return { linked, sinceMs: linked.nowMs };
}

describe("the literal procedure by a stream", () => {
  test("[LITB-1] begins with a stream that the server names, and comes to rest", () => {
    const { linked, sinceMs } = literally();
    expect(linked.served.side.parked).toEqual([]);
    expect(linked.client.exchanges.open.size).toBe(0);
    linked.run(60_000);
    // Of a client once in a hold time, and of a server by its dummies.
    expect(linked.count("request", sinceMs)).toBe(2);
    expect(linked.count("pipe down", sinceMs)).toBe(4);
  });

  test("[LITB-2] a request has a bundle at most, and less than one leaves after the delay", () => {
    const { linked, sinceMs } = literally({ sendDelayMs: 300 });
    linked.send("client", ...words(25));
    linked.run(250);
    const counts = (): number[] =>
      since(linked, sinceMs, "request").map(({ body }) =>
        body.numbered.reduce(
          (sum, frame) => sum + (frame.kind === "messages" ? frame.payloads.length : 0),
          0,
        ),
      );
    expect(counts()).toEqual([10, 10]);
    linked.run(100);
    expect(counts()).toEqual([10, 10, 5]);
    linked.run(1_000);
    expect(linked.received.server).toEqual(words(25));
    expect(linked.client.isFlushed).toBe(true);
  });

  test("[LITB-2] what comes is acknowledged by a request of its own", () => {
    const { linked, sinceMs } = literally();
    linked.send("server", "one");
    linked.run(1_000);
    expect(linked.received.client).toEqual(["one"]);
    expect(linked.count("request", sinceMs)).toBe(1);
    expect(linked.served.side.isFlushed).toBe(true);
  });

  test("[LITB-3] what no answer acknowledges goes again when the timer runs out", () => {
    const { linked, sinceMs } = literally();
    linked.arePollsLost = true;
    linked.send("client", ...words(3));
    linked.run(900);
    expect(linked.count("request", sinceMs)).toBe(1);
    linked.run(2_500);
    const requests = since(linked, sinceMs, "request");
    expect(requests.map(({ atMs }) => atMs - sinceMs)).toEqual([0, 1_000, 2_000, 3_000]);
    for (const { body } of requests) expect(body.numbered).toHaveLength(1);
    linked.arePollsLost = false;
    linked.run(2_000);
    expect(linked.received.server).toEqual(words(3));
    expect(linked.client.isFlushed).toBe(true);
  });

  test("[LITB-3] no more requests are out than may be", () => {
    const literal = { ...LITERAL_DEFAULTS, streaming: true };
    const credentials = { nonce: NONCE, secret: SECRET };
    const side = new LiteralRequestSide(0, credentials, { literal, carriersMax: 1 });
    const linked = new Linked({}, { literal }, side);
    linked.openNamedStream();
    linked.run(5_000);
    const sinceMs = linked.nowMs;
    linked.arePollsLost = true;
    linked.send("client", "a");
    linked.run(100);
    linked.send("client", "b");
    linked.run(800);
    expect(linked.count("request", sinceMs)).toBe(1);
    linked.arePollsLost = false;
    linked.run(2_000);
    expect(linked.received.server).toEqual(["a", "b"]);
  });

  test("[LITB-4] a body on the stream has a bundle at most, and names it", () => {
    const { linked, sinceMs } = literally();
    linked.send("server", ...words(25, "s"));
    linked.run(1_000);
    expect(linked.received.client).toEqual(words(25, "s"));
    const bodies = since(linked, sinceMs, "pipe down");
    const sizes = bodies.map(({ body: { numbered } }) =>
      numbered.reduce(
        (sum, each) => sum + (each.kind === "messages" ? each.payloads.length : 0),
        0,
      ),
    );
    expect(sizes.filter((size) => size > 0)).toEqual([10, 10, 5]);
    for (const { name } of bodies) expect(name).toEqual(bytesOf("name number 0..."));
  });

  test("[LITB-1] goes back to requests when the stream breaks, and loses nothing", () => {
    const { linked } = literally();
    linked.send("server", ...words(5, "s"));
    linked.send("client", ...words(5));
    linked.run(5);
    linked.cut(0);
    linked.run(5_000);
    expect(linked.received).toEqual({ client: words(5, "s"), server: words(5) });
    expect(linked.client.joined).toBe(0);
    expect(linked.served.side.parked.length).toBeGreaterThan(0);
    linked.openNamedStream();
    linked.run(3_000);
    expect(linked.client.joined).toBe(2);
  });

  test("[LITB-1] with a ticket of the client's too, and closes like others", () => {
    const literal = { ...LITERAL_DEFAULTS, streaming: true };
    const side = new LiteralRequestSide(0, { nonce: NONCE, secret: SECRET }, { literal });
    const linked = new Linked({}, { literal }, side);
    linked.run(1_000);
    linked.openStream();
    linked.run(2_000);
    expect(linked.client.joined).toBe(1);
    linked.send("client", "last");
    linked.perform(() => linked.client.close(linked.nowMs));
    linked.run(3_000);
    expect(linked.received.server).toEqual(["last"]);
    expect(linked.told.client.at(-1)).toMatchObject({ kind: "ended", reason: "closed" });
  });

  test("[LITB-1] knows no pipes that go both ways, and none at all unless it streams", () => {
    const credentials = { nonce: NONCE, secret: SECRET };
    const streaming = new LiteralRequestSide(0, credentials, {
      literal: { ...LITERAL_DEFAULTS, streaming: true },
    });
    expect(() => streaming.openPipe(0)).toThrow("state_invalid: literal");
    const polling = new LiteralRequestSide(0, credentials);
    expect(() => polling.takeStream(0, NAME)).toThrow("state_invalid: literal");
    const literal = { ...LITERAL_DEFAULTS, streaming: "yes" as unknown as boolean };
    expect(() => new Endpoint(0, { literal })).toThrow("literal.streaming is yes");
  });
});
