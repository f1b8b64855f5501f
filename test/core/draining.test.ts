// A server that goes down on purpose: what it tells the clients that it has and those that come.

import { describe, expect, test } from "vitest";
import { UsageError } from "../../src/core/errors.ts";
import { Bench, bytesOf, messages, ScriptedClient, textOf, textsIn } from "./scripted-client.ts";
import { Dialogue, SERVER_PARAMETERS, textsOf } from "./scripted-server.ts";

/** So many clients with a parked request each. */
function clientsOf(bench: Bench, count: number): ScriptedClient[] {
  return Array.from({ length: count }, (_, at) => {
    const client = new ScriptedClient(bench, at + 1);
    client.open();
    return client;
  });
}

describe("a server that drains", () => {
  test("[PARK-17] answers all parked requests at once, each session with another pause", () => {
    const bench = new Bench({ seed: 0x9e3779b9 });
    clientsOf(bench, 200);
    bench.take();
    bench.drain(1_000, 5_000);

    const pauses = bench.take().map(({ body }) => body.pauseMs ?? 0);
    expect(pauses).toHaveLength(200);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1_000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(5_000);
    expect(new Set(pauses).size).toBeGreaterThan(180);
    // Evenly: each quarter has its share of 50, and chance.
    for (let quarter = 0; quarter < 4; quarter++) {
      const share = pauses.filter((each) => Math.floor((each - 1_000) / 1_000.25) === quarter);
      expect(share.length).toBeGreaterThan(25);
    }
  });

  test("[PARK-17] asks for other pauses with another seed, and for the same with the same", () => {
    const pausesOf = (seed: number): (number | undefined)[] => {
      const bench = new Bench({ seed });
      clientsOf(bench, 5);
      bench.take();
      bench.drain(1, 3_600_000);
      return bench.take().map(({ body }) => body.pauseMs);
    };

    expect(pausesOf(12_345)).toEqual(pausesOf(12_345));
    expect(pausesOf(12_345)).not.toEqual(pausesOf(54_321));
  });

  test("[PARK-17] lets what waits ride along, and says later what is left of the pause", () => {
    const bench = new Bench();
    const client = new ScriptedClient(bench);
    client.request(1, { open: true });
    bench.take();
    bench.command(client.session, (side) => side.send(bench.nowMs, bytesOf("last")));
    bench.drain(1_000, 1_000);
    expect(bench.take()).toEqual([]);
    bench.advance(300);
    client.request(2, { overThrough: 1, numbered: [messages(1, "a")] });
    client.request(2, { overThrough: 1 });

    const [answer, copy] = bench.take();
    expect(
      textsIn(answer?.body ?? { channelWindows: [], channelsBlocked: [], numbered: [] }),
    ).toEqual(["last"]);
    expect(answer?.body.ack?.receivedThrough).toBe(1);
    expect([answer?.body.pauseMs, copy?.body.pauseMs]).toEqual([700, 700]);
    expect(bench.delivered()).toEqual(["a"]);
  });

  test("[PARK-17] asks for another pause when one is over and it still drains", () => {
    const bench = new Bench();
    const client = new ScriptedClient(bench);
    client.open();
    bench.take();
    bench.drain(1_000, 1_000);
    bench.advance(1_000);
    client.request(3, { overThrough: 2 });
    bench.advance(10);
    client.request(4, { overThrough: 3 });

    expect(bench.take().map(({ body }) => body.pauseMs)).toEqual([1_000, 1_000, 990]);
  });

  test("[PARK-17] takes no answer for lost while its client stays away, and wants no more parked", () => {
    const bench = new Bench();
    const client = new ScriptedClient(bench);
    client.open();
    bench.take();
    bench.drain(30_000, 30_000);
    bench.command(client.session, (side) => side.send(bench.nowMs, bytesOf("a")));
    client.request(3, { overThrough: 2 });
    bench.command(client.session, (side) => side.send(bench.nowMs, bytesOf("b")));
    bench.advance(29_999);

    expect(client.side.stats.unitsResent).toBe(0);
    expect(client.side.sender.flights.size).toBe(1);
    expect(client.side.parkedWanted).toBe(1);
    bench.advance(1_500);
    expect(client.side.sender.flights.size).toBe(0);
  });

  test("[PARK-18] asks openings to come again instead of refusing them", () => {
    const bench = new Bench({ sessionsMax: 0 });
    const client = new ScriptedClient(bench);
    bench.drain(500, 500);
    client.request(4, { open: true, overThrough: 1 });
    client.request(5, { open: true, bare: true });
    client.request(6);

    const [paused, bare, unknown] = bench.take();
    expect(paused?.body.answer?.exchange).toBe(4);
    expect(paused?.body.pauseMs).toBe(500);
    expect(paused?.body.refused).toBeUndefined();
    expect(bare?.body.unknown).toBeDefined();
    expect(unknown?.body.unknown).toBeDefined();
    expect(bench.endpoint.sessions.size).toBe(0);
  });

  test("[PARK-18] leaves a verdict that comes meanwhile its effect", () => {
    const bench = new Bench({ authenticate: true });
    const client = new ScriptedClient(bench);
    client.request(1, { open: true, numbered: [messages(1, "early")] });
    bench.drain(500, 500);
    bench.verdict(true);
    bench.take();
    expect(bench.delivered()).toEqual(["early"]);
    client.request(2, { open: true, overThrough: 1 });

    const [answer] = bench.take();
    expect(answer?.body.opened).toBeDefined();
    expect(answer?.body.ack?.receivedThrough).toBe(1);
    expect(answer?.body.pauseMs).toBe(500);
  });

  test("[PARK-19] forgets an opening on which nobody can decide, and lets it come again", () => {
    const bench = new Bench({ authenticate: true });
    const client = new ScriptedClient(bench);
    const early = { open: true, numbered: [messages(1, "early")] };
    client.request(1, early);
    client.request(2, { ...early, overThrough: 0 });
    const misspelt = { accepted: "later", pauseMs: 3_600_001 } as const;
    const session = bench.asked[0];
    if (session === undefined) throw new Error("nobody was asked about");
    expect(() => bench.endpoint.handleVerdict(0, session, misspelt)).toThrow(UsageError);

    bench.decide({ accepted: "later", pauseMs: 700 });

    const answers = bench.take();
    expect(answers.map(({ body }) => [body.answer?.exchange, body.pauseMs])).toEqual([
      [1, 700],
      [2, 700],
    ]);
    expect(answers.some(({ body }) => body.ack !== undefined || body.ended !== undefined)).toBe(
      false,
    );
    expect(bench.endpoint.sessions.size).toBe(0);
    // A late verdict is harmless.
    bench.endpoint.handleVerdict(0, session, { accepted: false });
    client.request(3, { ...early, overThrough: 2 });
    bench.verdict(true);
    expect(bench.delivered()).toEqual(["early"]);
    expect(bench.take()[0]?.body.opened).toBeDefined();
  });

  test("[PARK-19] is no verdict on a session that has one", () => {
    const client = new ScriptedClient(new Bench());
    client.open();

    expect(() => client.side.postpone(0, 1)).toThrow("state_invalid");
  });

  test("[END-9] counts silence from the end of the pause", () => {
    const bench = new Bench({ silenceLimitMs: 30_000 });
    const client = new ScriptedClient(bench);
    client.open();
    bench.drain(100_000, 100_000);
    bench.advance(129_999);

    expect(client.side.state).toBe("open");
    bench.advance(1);
    expect(bench.ended?.reason).toBe("silence");
  });

  test.each([
    [0, 10],
    [10, 9],
    [1, 3_600_001],
    [NaN, 10],
  ])("[LIFE-5] takes no pauses between %d and %d ms", (minMs, maxMs) => {
    const bench = new Bench();
    const client = new ScriptedClient(bench);
    client.open();

    expect(() => bench.drain(minMs, maxMs)).toThrow(UsageError);
    expect(client.side.isReachable).toBe(true);
  });

  test("passes over sessions that have just ended", () => {
    const bench = new Bench();
    const [first, second] = clientsOf(bench, 2);
    bench.take();
    first?.side.abort(bench.nowMs);
    bench.drain(100, 100);

    expect(second?.side.state).toBe("open");
    expect(bench.take().map(({ body }) => body.pauseMs ?? "ended")).toEqual(["ended", 100]);
    expect(() => first?.side).toThrow("no such session");
  });

  test("a session that has ended drains no more", () => {
    const bench = new Bench();
    const { side } = clientsOf(bench, 1)[0] as ScriptedClient;
    side.abort(bench.nowMs);

    expect(() => side.drain(bench.nowMs, null as never)).toThrow("session_closed");
  });
});

describe("a server that ends all its sessions", () => {
  test("says so on all that is held, and to those that come later", () => {
    const bench = new Bench({ authenticate: true });
    const [open, opening, gone] = [1, 2, 3].map((number) => new ScriptedClient(bench, number));
    for (const client of [open, opening, gone]) client?.request(1, { open: true });
    bench.verdict(true);
    open?.request(2, { overThrough: 1 });
    bench.take();
    gone?.side.abort(bench.nowMs, 9);
    bench.endpoint.abortAll(bench.nowMs, 44, "restart");
    bench.tick();
    open?.request(3, { overThrough: 1 });

    const ends = bench
      .take()
      .map(({ body: { ended } }) => [ended?.code, textOf(ended?.reason ?? bytesOf("none"))]);
    expect(ends.toSorted()).toEqual([
      [44, "restart"],
      [44, "restart"],
      [44, "restart"],
      [9, ""],
    ]);
    expect(bench.endpoint.sessions.size).toBe(0);
    expect(bench.heard.filter((each) => each.kind === "ended")).toHaveLength(3);
  });

  test("says code 1 where the application names none", () => {
    const bench = new Bench();
    clientsOf(bench, 1);
    bench.take();
    bench.endpoint.abortAll(bench.nowMs);
    bench.tick();

    expect(bench.take().map(({ body }) => body.ended?.code)).toEqual([1]);
  });
});

describe("a client that was asked to stay away", () => {
  test("[END-9] lives through a pause longer than its limit of silence", () => {
    const client = new Dialogue().open();
    client.answer(2, { pauseMs: 3_600_000 });
    client.send("a");
    expect(client.pass(3_599_999)).toEqual([]);

    expect(client.pass(1).map(textsOf)).toEqual([["a"]]);
    const pausedUntilMs = client.nowMs;
    client.until("silence");
    expect(client.nowMs).toBe(pausedUntilMs + 60_000);
  });

  test("[PARK-18] before it was let in opens afterwards, with what it sent before", () => {
    const client = new Dialogue();
    client.send("a");
    client.tick();
    client.answer(1, { pauseMs: 500 });
    expect(client.pass(499)).toEqual([]);
    const [again] = client.pass(1);

    expect(client.side.state).toBe("opening");
    expect(again?.body.open).toBeDefined();
    expect(textsOf(again)).toEqual(["a"]);
    client.answer(2, { opened: SERVER_PARAMETERS });
    expect(client.side.state).toBe("open");
  });
});
