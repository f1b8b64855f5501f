// A client whose host may end before another tick: what it says once more, and what it leaves.

import { describe, expect, test } from "vitest";
import { FLUSH_BYTES_MIN, LITERAL_DEFAULTS, UNIT_BYTES_MAX } from "../../src/core/limits.ts";
import { readHead } from "../../src/core/body-reader.ts";
import { bytesOf, Dialogue, kindsOf, pipeState, type Sent, textsOf } from "./scripted-server.ts";

/** What a page may have in all. */
const BYTES_MAX = 60_000;

/** Room on channel 0 for whatever a test sends. */
const ROOMY = { channelWindows: [{ channel: 0, unitsMax: 10_000, bytesMax: 2 ** 24 }] };

/** The host's word. Nothing waits for the end of the tick. */
function flush(client: Dialogue, bytesMax = BYTES_MAX, lasting?: ReadonlySet<number>): Sent[] {
  const before = client.sent.length;
  client.side.flush(client.nowMs, bytesMax, lasting);
  client.drain();
  return client.sent.slice(before);
}

function piped(client: Dialogue): Dialogue {
  const link = client.openPipe();
  client.tick();
  client.pipe(link, { ...pipeState(link), ack: client.ack() });
  client.tick();
  expect(client.side.joined).toBe(link);
  return client;
}

describe("a flush", () => {
  test("[SAY-11] sends what is new and what is out, in the order of their numbers", () => {
    const client = new Dialogue().open();
    client.send("a", "b");
    client.tick();
    client.send("c");

    expect(flush(client).map(textsOf)).toEqual([["a", "b", "c"]]);
  });

  test("[SAY-11] is marked, so that it can be carried on after the end of the host", () => {
    const client = new Dialogue().open();
    client.send("a");
    client.side.flush(0, BYTES_MAX);

    expect(client.side.poll()).toMatchObject({ kind: "request", isLasting: true });
    client.drain();
    client.send("b");
    client.side.handleTimeout(client.nowMs);
    expect(client.side.poll()).not.toHaveProperty("isLasting");
  });

  test("[SAY-11] is not held: it names a link that is never opened, or the pipe", () => {
    const client = new Dialogue().open();
    expect(flush(client)).toEqual([]);
    client.send("a");
    const linkOf = ({ bytes }: Sent): number | undefined => readHead(bytes, 65_536).address?.link;
    expect(flush(client).map(linkOf)).toEqual([1]);
    expect(client.side.joined).toBe(0);
    piped(client);
    expect(client.side.joined).toBe(2);
    client.send("b");
    expect(flush(client).map(linkOf)).toEqual([2]);

    const opening = new Dialogue();
    opening.send("a");
    expect(flush(opening).map(linkOf)).toEqual([0]);
  });

  test("[SAY-11] with nothing unacknowledged says nothing", () => {
    const client = new Dialogue().open();
    client.send("a");
    const [sent] = client.tick();
    client.answer(sent?.exchange ?? 0, { ack: client.ack() });
    client.tick();

    expect(flush(client)).toEqual([]);
  });

  test("[SAY-11] leaves on a lasting exchange what is on it already", () => {
    const client = new Dialogue().open();
    client.send("a");
    const [first] = flush(client);
    client.send("b");
    const lasting = new Set([first?.exchange ?? 0]);

    expect(flush(client, BYTES_MAX, lasting).map(textsOf)).toEqual([["b"]]);
    expect(flush(client).map(textsOf)).toEqual([["a", "b"]]);
  });

  test("[SAY-11] takes what fits, the oldest first, in bodies larger than proved themselves", () => {
    const client = new Dialogue({ bodyBytesInitial: 8_192 }).open(ROOMY);
    for (let byte = 0; byte < 10; byte++) client.send(new Uint8Array(UNIT_BYTES_MAX).fill(byte));
    const sent = flush(client);

    expect(sent.flatMap(textsOf).map((text) => text.charCodeAt(0))).toEqual([0, 1, 2]);
    expect(sent.map(({ bytes }) => bytes.length > 3 * UNIT_BYTES_MAX)).toEqual([true]);
    const bytes = sent.reduce((sum, each) => sum + each.bytes.length, 0);
    expect(bytes).toBeLessThanOrEqual(BYTES_MAX);
  });

  test("[SAY-11] keeps to the size that somebody on the way has refused", () => {
    const client = new Dialogue().open(ROOMY);
    client.send(...Array.from({ length: 3 }, () => new Uint8Array(UNIT_BYTES_MAX)));
    client.tick();
    for (let refused = 0; refused < 4; refused++) {
      client.fail(client.last.exchange, { tooLarge: true });
      if (client.tick().length === 0) client.until("retry");
    }
    const sent = flush(client);

    expect(sent.length).toBeGreaterThan(1);
    expect(sent.every(({ bytes }) => bytes.length < FLUSH_BYTES_MIN)).toBe(true);
  });

  test("[SAY-11] does without where no unit fits for sure", () => {
    const client = new Dialogue().open();
    client.send("a");

    expect(flush(client, FLUSH_BYTES_MIN - 1)).toEqual([]);
    expect(flush(client, FLUSH_BYTES_MIN).map(textsOf)).toEqual([["a"]]);
  });

  test("[SAY-11] waits for no slot and no retry", () => {
    const client = new Dialogue({ carriersMax: 1, reconnectDelayMinMs: 5_000 }).open();
    for (let failure = 0; failure < 12; failure++) {
      for (const exchange of client.side.exchanges.open.keys()) client.fail(exchange);
      if (client.tick().length === 0) client.until("retry");
    }
    for (const exchange of client.side.exchanges.open.keys()) client.fail(exchange);
    client.send("a");
    expect(client.tick()).toEqual([]);

    expect(flush(client).map(textsOf)).toEqual([["a"]]);
    client.send("b");
    expect(flush(client).map(textsOf)).toEqual([["a", "b"]]);
  });

  test("[SAY-11] carries the opening while it is not answered, and the end of the session", () => {
    const client = new Dialogue();
    client.send("a");
    client.side.close(0);
    const [sent] = flush(client);

    expect(sent?.body.open).toBeDefined();
    expect(kindsOf(sent)).toEqual(["messages", "finish"]);
  });

  test("[SAY-11] takes what is on a pipe too, and the pipe goes on", () => {
    const client = piped(new Dialogue().open());
    client.send("a");
    client.tick();
    expect(client.piped.at(-1)?.body?.numbered).toHaveLength(1);

    expect(flush(client).map(textsOf)).toEqual([["a"]]);
    const before = client.piped.length;
    client.send("b");
    expect(client.tick()).toEqual([]);
    expect(client.piped).toHaveLength(before + 1);
  });

  test("[SAY-11] keeps the numbers of requests that are out within their span", () => {
    const client = new Dialogue({ carriersMax: 1 }).open(ROOMY);
    for (let flushed = 0; flushed < 1_000; flushed++) {
      client.send("a");
      flush(client);
    }

    expect(client.side.exchanges.open.size).toBeLessThanOrEqual(256);
    const { request } = client.last.body;
    expect((request?.exchange ?? 0) - (request?.overThrough ?? 0)).toBeLessThanOrEqual(256);
    // What was flushed is out as ever, and goes again in the ordinary way.
    client.answer(client.last.exchange, { ack: client.ack(client.last) });
    expect(client.side.bufferedBytes).toBe(0);
  });

  test("[SAY-11] sends nothing that has outlived its time", () => {
    const client = new Dialogue().open();
    client.side.setTimeToLive(0, 100);
    client.side.send(client.nowMs, bytesOf("a"));
    client.nowMs += 100;

    expect(flush(client).flatMap(textsOf)).toEqual([]);
  });

  test("[INC-4] leaves a session whose state was saved to what is resumed from it", () => {
    const client = new Dialogue().open();
    client.send("a");
    client.side.save(client.nowMs);

    expect(flush(client)).toEqual([]);
    client.pass(2_000);
    client.send("b");
    expect(flush(client).map(textsOf)).toEqual([["a", "b"]]);
  });

  test("[RETRY-3] respects the server's pause", () => {
    const client = new Dialogue().open();
    client.answer(2, { pauseMs: 2_000 });
    client.send("a");

    expect(flush(client)).toEqual([]);
    client.nowMs += 2_000;
    expect(flush(client).map(textsOf)).toEqual([["a"]]);
  });

  test("after the end says nothing, and there is none of the literal procedure", () => {
    const client = new Dialogue().open();
    client.send("a");
    client.side.abort(0);
    client.drain();
    expect(flush(client)).toEqual([]);

    const literal = new Dialogue({ literal: LITERAL_DEFAULTS });
    expect(() => literal.side.flush(0, BYTES_MAX)).toThrow("state_invalid");
  });
});
