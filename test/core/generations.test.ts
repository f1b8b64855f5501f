// A server that begins anew, while openings of a session are still under way, takes one of them for a
// new session under the old name. Generations tell the two apart [OWN-1] to [OWN-4].

import { describe, expect, test } from "vitest";
import type { Body } from "../../src/core/body.ts";
import { ownerOf } from "../../src/core/half.ts";
import { GENERATION_MAX } from "../../src/core/limits.ts";
import { RequestSide } from "../../src/core/request-side.ts";
import { Bench, messages, ScriptedClient } from "./scripted-client.ts";
import { Dialogue, SERVER_PARAMETERS, textsOf } from "./scripted-server.ts";

function generationsIn(bodies: readonly Body[]): (number | undefined)[] {
  return bodies.map(({ owner }) => owner?.generation);
}

describe("a server", () => {
  test("[OWN-1] states the generation for as long as it must state OPENED, and no longer", () => {
    const bench = new Bench();
    const client = new ScriptedClient(bench);
    client.request(1, { open: true });
    client.request(2, { open: true });
    // A copy of what was answered: its answer has no bundle, and acknowledges [OPEN-7].
    client.request(1, { open: true });
    const opening = bench.take().map(({ body }) => body);
    client.request(3, { overThrough: 2 });
    client.request(4, { overThrough: 2 });
    const open = bench.take().map(({ body }) => body);

    const [generation] = generationsIn(opening);
    expect(generation).toBeGreaterThanOrEqual(1);
    expect(generation).toBeLessThanOrEqual(GENERATION_MAX);
    expect(opening.length).toBeGreaterThan(1);
    expect(generationsIn(opening)).toEqual(opening.map(() => generation));
    expect(opening.every(({ ack, opened }) => ack !== undefined && opened !== undefined)).toBe(
      true,
    );
    expect(open.length).toBeGreaterThan(0);
    expect(generationsIn(open)).toEqual(open.map(() => undefined));
  });

  test("[OWN-1] states it in every answer without a bundle, the last word and refusals included", () => {
    const bench = new Bench({ sessionsMax: 1 });
    const client = new ScriptedClient(bench);
    client.open();
    const { generation } = client.session.side;
    client.request(2, { overThrough: 1 });
    bench.take();
    client.request(2, { overThrough: 1 });
    client.request(3, { overThrough: 1, incarnation: 9 });
    new ScriptedClient(bench, 2).request(1, { open: true });
    bench.command(client.session, (side) => side.abort(bench.nowMs));
    client.request(4, { overThrough: 1 });
    client.request(5, { overThrough: 1, incarnation: 9 });

    const said = bench.take().map(({ body }) => {
      const { superseded, refused, ended, owner } = body;
      const what = superseded ?? (refused === undefined ? undefined : "refused");
      const isOwn = owner?.generation === generation;
      return [what ?? (ended === undefined ? "empty" : "ended"), isOwn ? "own" : typeof owner];
    });
    expect(said).toContainEqual(["empty", "own"]);
    expect(said).toContainEqual([1, "own"]);
    expect(said).toContainEqual(["refused", "object"]);
    expect(said).toContainEqual(["ended", "own"]);
    expect(said.filter(([what]) => what === 1)).toHaveLength(2);
  });

  test("[OWN-1] draws another one for each session, and each process draws its own", () => {
    const drawn = [1, 2, 3].flatMap((seed) => {
      const bench = new Bench({ seed });
      return [1, 2].map((number) => {
        new ScriptedClient(bench, number).request(1, { open: true });
        return bench.take()[0]?.body.owner?.generation;
      });
    });

    expect(drawn).not.toContain(undefined);
    expect(new Set(drawn).size).toBe(6);
  });

  test("[OWN-3] answers its own session's requests, and others with UNKNOWN", () => {
    const bench = new Bench();
    const client = new ScriptedClient(bench);
    client.open();
    const generation = client.session.side.generation;
    bench.take();
    client.request(2, { generation: generation + 1, numbered: [messages(1, "not for you")] });
    const [refused] = bench.take();
    client.request(3, { generation, numbered: [messages(1, "for you")] });

    expect(refused?.body.unknown).toEqual(client.sessionId);
    expect(client.session.side.stats.messagesDelivered).toBe(1);
  });
});

describe("a client", () => {
  const opened = { opened: SERVER_PARAMETERS };

  function openClient(generation: number): Dialogue {
    const client = new Dialogue();
    client.tick();
    client.answer(1, { ...opened, owner: ownerOf(generation) });
    client.tick();
    return client;
  }

  test("[OWN-2] states the generation from then on, also as another life", () => {
    const client = openClient(5);
    const side = client.side;
    client.answer(2, {});
    client.tick();

    expect(generationsIn(client.sent.map(({ body }) => body))).toEqual([undefined, 5, 5]);

    const saved = side.save(client.nowMs);
    const next = new Dialogue({}, client.nowMs, RequestSide.resume(client.nowMs, saved, 3));
    next.tick();
    expect(next.last.body.owner?.generation).toBe(5);
  });

  test("[OPEN-8] keeps what was acknowledged by a session that it has not joined", () => {
    const client = new Dialogue();
    client.send("a");
    client.tick();

    client.answer(1, { owner: ownerOf(5), ack: client.ack(), blocked: { seqMax: 1, bytesMax: 1 } });
    const [again] = client.tick();
    expect(client.side.unacknowledged).toBe(1);
    expect(textsOf(again)).toEqual(["a"]);
    expect(again?.body.open).toBeDefined();
    expect(client.side.receiver.isWindowWorthSaying).toBe(false);

    client.answer(2, { ...opened, owner: ownerOf(6), ack: client.ack() });
    expect(client.side.isFlushed).toBe(true);
  });

  test("[OPEN-8] stays away when asked to, and believes the end, before it has joined", () => {
    const client = new Dialogue();
    client.send("a");
    client.tick();
    client.answer(1, { owner: ownerOf(5), pauseMs: 700 });
    expect(client.pass(699)).toEqual([]);
    expect(client.pass(1)).toHaveLength(1);

    client.answer(2, { ack: client.ack(), ended: { code: 7, reason: new Uint8Array(0) } });
    expect(client.ended).toMatchObject({ reason: "peer-ended", code: 7, unknown: [] });
  });

  test("[OWN-4] ends as lost what another server has begun anew, and believes nothing it says", () => {
    const client = openClient(5);
    client.side.send(client.nowMs, Uint8Array.of(1));
    client.tick();
    const before = client.told.length;
    for (let exchange = client.last.body.request?.exchange ?? 0; client.ended === undefined;) {
      const ack = { receivedThrough: 1, heldThrough: 1, ranges: [] };
      const numbered = [messages(1, "of another")];
      client.answer(exchange, { ...opened, owner: ownerOf(6), ack, numbered });
      client.pass(1_000);
      exchange = client.last.body.request?.exchange ?? 0;
    }

    expect(client.told.slice(before).map(({ kind }) => kind)).toEqual(["ended"]);
    expect(client.ended?.reason).toBe("lost");
    expect(client.ended?.unknown).toHaveLength(1);
  });

  test("takes any server's answer where it has heard no generation", () => {
    const client = new Dialogue();
    client.tick();
    client.answer(1, opened);
    client.tick();
    client.answer(2, { owner: ownerOf(6), numbered: [messages(1, "hello")] });

    expect(client.last.body.owner).toBeUndefined();
    expect(client.told.map(({ kind }) => kind)).toContain("deliver");
  });

  test("[OWN-4] is in no doubt when a copy of its opening was answered elsewhere, however often", () => {
    const client = new Dialogue({ earlyMessages: false });
    client.tick();
    client.until("exchange");
    const newest = client.last.exchange;
    client.answer(1, { ...opened, owner: ownerOf(5) });
    client.tick();
    client.answer(newest, { ...opened, owner: ownerOf(6) });
    client.pass(10_000);

    expect(newest).toBeGreaterThan(1);
    expect(client.side.isDoubted).toBe(false);
    expect(client.side.exchanges.open.has(newest)).toBe(false);
  });

  test.each([
    ["a refusal", { refused: { code: 1, reason: new Uint8Array(0) } }],
    ["an end", { ended: { code: 1, reason: new Uint8Array(0) } }],
    ["a pause", { pauseMs: 600_000 }],
    ["another life", { superseded: 7 }],
  ])("[OWN-4] does not believe %s of a session that it has not joined", (_name, content) => {
    const client = openClient(5);
    const { exchange } = client.last;
    client.answer(exchange, { ...content, owner: ownerOf(6) });

    expect(client.ended).toBeUndefined();
    expect(client.side.isDoubted).toBe(true);
    expect(client.tick().length).toBe(1);
  });
});
