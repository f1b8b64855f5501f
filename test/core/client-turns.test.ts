// A client that lets its requests be held only while it is its turn.

import { describe, expect, test } from "vitest";
import { UNHELD_LINK } from "../../src/core/limits.ts";
import { readHead } from "../../src/core/body-reader.ts";
import { RequestSide } from "../../src/core/request-side.ts";
import { Linked } from "./linked.ts";
import { Dialogue, pipeState, type Sent, textsOf } from "./scripted-server.ts";

const TURNS = { requests: "turns" } as const;

function linkOf(sent: Sent | undefined): number | undefined {
  return sent === undefined ? undefined : readHead(sent.bytes, 1_048_576).address?.link;
}

function turn(client: Dialogue, isMine: boolean): Sent[] {
  client.side.setTurn(client.nowMs, isMine);
  return client.tick();
}

describe("a client that takes turns", () => {
  test("[SAY-13] opens as ever, and then has nothing held", () => {
    const client = new Dialogue(TURNS).open();

    expect(client.sent.map(linkOf)).toEqual([0]);
    expect(client.pass(20_000)).toEqual([]);
    client.send("a");
    const [sent, ...others] = client.tick();
    expect(textsOf(sent)).toEqual(["a"]);
    expect(linkOf(sent)).toBe(UNHELD_LINK);
    expect(others).toEqual([]);
  });

  test("[SAY-13] leaves no copy of its opening held", () => {
    const client = new Dialogue(TURNS);
    client.tick();
    client.send("a");
    expect(client.tick().map(textsOf)).toEqual([["a"]]);
    client.open();

    expect([...client.side.exchanges.open.keys()]).toEqual([3]);
    expect(linkOf(client.last)).toBe(UNHELD_LINK);
    expect(client.last.body.request).toMatchObject({ overThrough: 2 });
  });

  test("[SAY-13] has a request held in its turn, and tells the server when that is over", () => {
    const client = new Dialogue(TURNS).open();
    const [held] = turn(client, true);
    expect(linkOf(held)).toBe(0);
    client.answer(held?.exchange ?? 0, { numbered: client.messages("a") });
    expect(client.tick().map(linkOf)).toEqual([0]);
    expect(client.delivered()).toEqual(["a"]);

    const [told, ...others] = turn(client, false);
    expect(linkOf(told)).toBe(UNHELD_LINK);
    expect(told?.body.request).toMatchObject({ exchange: 4, overThrough: 3 });
    expect(others).toEqual([]);
    // The connection is let go by the answer.
    expect(client.aborted).toEqual([]);
    client.answer(4, { ...pipeState(0), ack: client.ack() });
    expect(client.pass(20_000)).toEqual([]);
  });

  test("[SAY-13] takes what the last held request brought, though nobody waits for it", () => {
    const client = new Dialogue(TURNS).open();
    const [held] = turn(client, true);
    turn(client, false);
    client.answer(held?.exchange ?? 0, { numbered: client.messages("late") });

    expect(client.delivered()).toEqual(["late"]);
  });

  test("[SAY-13] says at the end of its turn what was on the way, once more", () => {
    const client = new Dialogue({ ...TURNS, carriersMax: 1 }).open();
    turn(client, true);
    client.send("a");
    expect(client.tick().map(textsOf)).toEqual([["a"]]);

    expect(turn(client, false).map(textsOf)).toEqual([["a"]]);
    expect(turn(client, false)).toEqual([]);
  });

  test("[SAY-13] waits at the end of its turn for what is not held", () => {
    const client = new Dialogue(TURNS).open();
    client.send("a");
    const [prompt] = client.tick();

    // One request is live already.
    expect(turn(client, true)).toEqual([]);
    expect(turn(client, false)).toEqual([]);
    expect([...client.side.exchanges.open.keys()]).toEqual([prompt?.exchange]);
  });

  test("[SAY-13] ends a turn in which it had nothing held without a word", () => {
    const client = new Dialogue({ ...TURNS, reconnectDelayMinMs: 5_000 }).open();
    client.side.setTurn(client.nowMs, true);
    expect(turn(client, false)).toEqual([]);
    expect(turn(client, true).map(linkOf)).toEqual([0]);
  });

  test("[SAY-13] before the session is open waits for the verdict", () => {
    const client = new Dialogue(TURNS);
    client.tick();
    turn(client, true);
    expect(turn(client, false)).toEqual([]);
    expect([...client.side.exchanges.open.keys()]).toEqual([1]);
  });

  test("[SAY-13] speaks once in a hold time, and asks on after a failure", () => {
    const client = new Dialogue(TURNS).open();
    const sent = client.pass(25_000);
    expect(sent.map(linkOf)).toEqual([UNHELD_LINK]);
    client.fail(sent[0]?.exchange ?? 0);
    expect(client.tick().map(linkOf)).toEqual([UNHELD_LINK]);
  });

  test("[PIPE-1] numbers its pipes above the link that it names without one, and asks for none", () => {
    const client = new Dialogue(TURNS).open();
    expect(client.openPipe()).toBe(UNHELD_LINK + 1);
    client.tick();
    client.side.handlePipeClosed(client.nowMs, UNHELD_LINK + 1);
    client.tick();

    expect(client.told.map(({ kind }) => kind)).not.toContain("pipe-wanted");
  });

  test("[INC-4] goes on from a saved state without a turn", () => {
    const client = new Dialogue(TURNS).open();
    turn(client, true);
    const saved = client.side.save(client.nowMs);
    const next = new Dialogue({}, client.nowMs, RequestSide.resume(client.nowMs, saved, 7));
    next.send("a");

    expect(next.tick().map(linkOf)).toEqual([UNHELD_LINK]);
  });

  test("is one that was told so", () => {
    expect(() => new Dialogue().side.setTurn(0, true)).toThrow("state_invalid");
  });
});

describe("a server with a client that takes turns", () => {
  test("[SAY-13] keeps what it has until the turn, and lets go of all that it holds when that ends", () => {
    const linked = new Linked(TURNS);
    linked.run(200);
    linked.send("server", "a");
    linked.run(5_000);
    expect(linked.received.client).toEqual([]);

    linked.perform(() => linked.client.setTurn(linked.nowMs, true));
    linked.run(200);
    expect(linked.received.client).toEqual(["a"]);
    const [held, ...others] = linked.client.exchanges.open.keys();
    expect(others).toEqual([]);
    const beforeMs = linked.nowMs;
    linked.perform(() => linked.client.setTurn(linked.nowMs, false));
    linked.run(200);
    // The request that says so, and the one that was held.
    expect(linked.count("answer", beforeMs)).toBe(2);
    expect(held).toBeLessThan(linked.client.exchanges.next - 1);
    expect(linked.client.exchanges.open.size).toBe(0);
  });

  test("[SAY-13] loses and doubles nothing while turns come and go with messages both ways", () => {
    const linked = new Linked(TURNS);
    linked.run(200);
    const texts = Array.from({ length: 400 }, (_, at) => String(at));
    for (const [at, text] of texts.entries()) {
      linked.send("client", text);
      linked.send("server", text);
      if (at % 7 === 0) linked.perform(() => linked.client.setTurn(linked.nowMs, at % 2 === 0));
      linked.run(3);
    }
    linked.perform(() => linked.client.setTurn(linked.nowMs, true));
    linked.run(1_000);

    expect(linked.received).toEqual({ client: texts, server: texts });
  });
});
