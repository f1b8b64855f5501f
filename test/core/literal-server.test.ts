// The server of the literal procedure, branch by branch of the flow chart in spec 8.2.

import { describe, expect, test } from "vitest";
import { END_CODES } from "../../src/core/half.ts";
import type { LiteralOptions } from "../../src/core/options.ts";
import { LITERAL_DEFAULTS } from "../../src/core/limits.ts";
import { Bench, bytesOf, messages, ScriptedClient, textsIn } from "./scripted-client.ts";

/** A client whose first request is parked at a literal server. */
function arrange(literal: Partial<LiteralOptions> = {}): ScriptedClient {
  const bench = new Bench({ literal: { ...LITERAL_DEFAULTS, ...literal } });
  const client = new ScriptedClient(bench);
  client.request(1, { open: true });
  return client;
}

function say(client: ScriptedClient, count: number): void {
  client.bench.command(client.session, (side) => {
    for (let k = 0; k < count; k++) side.send(client.bench.nowMs, bytesOf("m"));
  });
}

/** The exchanges answered since the last look, each with its number of messages. */
function answered(client: ScriptedClient): [number | undefined, number][] {
  return client.bench
    .take()
    .map(
      ({ body }) => [body.answer?.exchange, textsIn(body).length] as [number | undefined, number],
    );
}

describe("the literal server", () => {
  test("[LITS-1] parks the first request, with nothing or little to say", () => {
    const client = arrange();
    say(client, 9);
    client.bench.advance(24_999);

    expect(answered(client)).toEqual([]);
    expect(client.side.parked).toHaveLength(1);
  });

  test("[LITS-1] answers the oldest when a bundle's worth has accumulated", () => {
    const client = arrange();
    say(client, 9);
    say(client, 1);

    expect(answered(client)).toEqual([[1, 10]]);
  });

  test("[LITS-3] carries a bundle an answer, and keeps the rest for the next", () => {
    const client = arrange();
    say(client, 25);
    expect(answered(client)).toEqual([[1, 10]]);

    client.request(2, { overThrough: 1, ack: 10 });
    expect(answered(client)).toEqual([[2, 10]]);
    client.request(3, { overThrough: 2, ack: 20 });

    expect(answered(client)).toEqual([]);
    client.request(4, { overThrough: 2, ack: 20 });
    expect(answered(client)).toEqual([[3, 5]]);
  });

  test("[LITS-2] answers the oldest when a further request comes, even with nothing to say", () => {
    const client = arrange();
    client.request(2, { open: true });

    const [answer] = client.bench.take();
    expect([answer?.body.answer?.exchange, answer?.body.numbered]).toEqual([1, []]);
    expect(answer?.body.opened).toBeDefined();
    expect(answer?.body.answer?.parked).toEqual([2]);
  });

  test("[LITS-2] keeps one request parked after each further one, and answers with what there is", () => {
    const client = arrange();
    for (let exchange = 2; exchange < 6; exchange++) {
      say(client, 1);
      client.request(exchange, { overThrough: exchange - 2, ack: exchange - 2 });
      expect(answered(client)).toEqual([[exchange - 1, 1]]);
      expect(client.side.parked).toHaveLength(1);
    }
  });

  test("[LITS-2] holds as many as it is told to", () => {
    const client = arrange({ requestsHeld: 3 });
    client.request(2);
    client.request(3);
    expect(answered(client)).toEqual([]);
    client.request(4);

    const [answer] = client.bench.take();
    expect(answer?.body.answer).toMatchObject({ exchange: 1, parkedWanted: 3, parked: [2, 3, 4] });
    say(client, 20);
    expect(answered(client)).toEqual([
      [2, 10],
      [3, 10],
    ]);
  });

  test("[LITS-1] answers less than a bundle when its delay runs out", () => {
    const client = arrange({ answerDelayMs: 50 });
    client.bench.advance(1_000);
    say(client, 2);
    client.bench.advance(30);
    say(client, 1);
    client.bench.advance(19);
    expect(answered(client)).toEqual([]);
    client.bench.advance(1);

    expect(answered(client)).toEqual([[1, 3]]);
  });

  test("[LITS-1] counts that delay from the request where the messages waited before", () => {
    const client = arrange({ answerDelayMs: 50 });
    say(client, 1);
    client.bench.advance(50);
    expect(answered(client)).toEqual([[1, 1]]);
    say(client, 1);
    client.bench.advance(500);
    client.request(2, { overThrough: 1, ack: 1 });
    client.bench.advance(49);
    expect(answered(client)).toEqual([]);
    client.bench.advance(1);

    expect(answered(client)).toEqual([[2, 1]]);
  });

  test("[LITS-1] never answers on its delay with nothing to say", () => {
    const client = arrange({ answerDelayMs: 0 });
    client.bench.advance(20_000);

    expect(answered(client)).toEqual([]);
  });

  test("[LITS-1] answers with what there is when the hold time ends", () => {
    const client = arrange();
    say(client, 3);
    client.bench.advance(25_000);

    expect(answered(client)).toEqual([[1, 3]]);
  });

  test("never answers for an acknowledgement's or a window's sake", () => {
    const client = arrange();
    client.bench.gone(client.session, 1);
    client.request(2, { numbered: [messages(1, "a", "b")] });
    client.bench.advance(5_000);

    expect(answered(client)).toEqual([]);
    expect(client.bench.delivered()).toEqual(["a", "b"]);
  });

  test("wants no more parked requests when it is caught without", () => {
    const client = arrange();
    client.bench.gone(client.session, 1);
    say(client, 30);
    client.request(2);

    expect(client.bench.take()[0]?.body.answer?.parkedWanted).toBe(1);
  });

  test("[LITS-4] answers what it cannot read with: received nothing", () => {
    const client = arrange();
    const bytes = client.encode(2, { numbered: [messages(1, "damaged")] });
    bytes[bytes.length - 1] = 0;
    client.bench.deliver(bytes, client.origin, client.sessionId);

    expect(client.bench.take().map(({ body }) => body.unreadable)).toEqual([true]);
    expect(client.side.parked).toHaveLength(1);
  });

  test("[LITS-5] sends everything unacknowledged again, a bundle an answer, after a timeout", () => {
    const client = arrange();
    say(client, 10);
    client.request(2);
    say(client, 10);
    expect(answered(client)).toEqual([
      [1, 10],
      [2, 10],
    ]);
    client.request(3, { overThrough: 0 });
    client.bench.advance(1_200);
    expect(answered(client)).toEqual([[3, 10]]);
    client.request(4, { overThrough: 0, ack: 10 });

    const [answer] = client.bench.take();
    expect(answer?.body.numbered).toMatchObject([{ seq: 11 }]);
  });

  test("an application's end leaves with the parked request: the termination message", () => {
    const client = arrange();
    client.bench.command(client.session, (side) => side.abort(client.bench.nowMs, 3, "enough"));

    const [answer] = client.bench.take();
    expect([answer?.body.ended?.code, client.bench.ended?.reason]).toEqual([3, "aborted"]);
  });

  test("the client's termination message ends it too", () => {
    const client = arrange();
    client.request(2, { ended: { code: 6, reason: bytesOf("") } });

    expect(client.bench.take().map(({ body }) => body.ended?.code)).toEqual([6, 6]);
    expect(client.bench.ended).toMatchObject({ reason: "peer-ended", code: 6 });
  });

  test("a close waits for the next request, and ends when both have finished", () => {
    const client = arrange();
    client.bench.command(client.session, (side) => side.close(client.bench.nowMs));
    expect(client.bench.take()).toEqual([]);
    client.request(2, { numbered: [{ kind: "finish", seq: 1, code: 0 }] });
    expect(client.bench.take()[0]?.body.numbered).toMatchObject([{ kind: "finish" }]);
    client.request(3, { overThrough: 1, ack: 1 });

    expect(client.bench.take().map(({ body }) => body.ended?.code)).toEqual([0, 0]);
    expect(client.bench.ended?.reason).toBe("closed");
  });

  test("fails after the limit of silence", () => {
    const client = arrange();
    client.bench.advance(90_000);

    expect(client.bench.ended).toMatchObject({ reason: "silence", code: END_CODES.silence });
  });
});
