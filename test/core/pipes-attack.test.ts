// Clients that lie about pipes: what a server holds of them stays bounded, other sessions notice
// nothing, and whoever breaks a rule is told. spec 11.

import { describe, expect, test } from "vitest";
import type { Body } from "../../src/core/body.ts";
import { LITERAL_DEFAULTS } from "../../src/core/limits.ts";
import {
  Bench,
  bodiesOf,
  bytesOf,
  CLIENT_PARAMETERS,
  joined,
  messages,
  opened,
  type Piped,
  ScriptedClient,
  textsIn,
} from "./scripted-client.ts";

const TICKET = bytesOf("0123456789abcdef");
const OTHER_TICKET = bytesOf("fedcba9876543210");

const endsOf = (piped: readonly Piped[]): number[] =>
  piped.filter(({ body }) => body === undefined).map(({ handle }) => handle);

describe("a server", () => {
  test("[PIPE-1] refuses a link that was used, or is lower, and keeps what it has", () => {
    const { bench, client } = opened();
    const first = client.pipe(5);
    bench.takePiped();
    for (const link of [5, 4, 0]) {
      const handle = client.pipe(link);
      const said = bench.takePiped();
      expect(bodiesOf(said)).toMatchObject([{ pipe: { link: 0, isEnding: false } }]);
      expect(endsOf(said)).toEqual([handle]);
      client.onPipe(handle, { numbered: [messages(9, "nobody's")] });
    }
    expect([...client.side.pipes.values()].map(({ handle }) => handle)).toEqual([first]);
    expect(bench.delivered()).toEqual([]);
  });

  test("[PIPE-9] keeps two pipes of a session, however many are opened", () => {
    const { bench, client, handle } = joined();
    for (let link = 2; link < 100; link++) client.pipe(link);

    expect([...client.side.pipes.keys()]).toEqual([1, 99]);
    expect(endsOf(bench.takePiped())).toHaveLength(97);
    expect(client.side.pipes.get(1)?.handle).toBe(handle);
  });

  test("[PIPE-2] keeps one ticket of a session, that of the highest link", () => {
    const { bench, client } = opened();
    for (let at = 3; at < 200; at++) {
      const ticket = new Uint8Array(16).fill(at);
      client.request(at, { overThrough: at - 1, offer: { link: at, ticket } });
    }
    // One that was overtaken.
    client.request(200, { overThrough: 199, offer: { link: 3, ticket: TICKET } });
    expect(client.stream(TICKET)).toBe(0);
    expect(client.stream(new Uint8Array(16).fill(150))).toBe(0);
    expect(client.stream(new Uint8Array(16).fill(199))).toBeGreaterThan(0);
    expect(bodiesOf(bench.takePiped())).toMatchObject([{ pipe: { link: 199 } }]);
  });

  test("[PIPE-2] gives a ticket to the session that offered it first", () => {
    const { bench, client } = opened();
    const thief = new ScriptedClient(bench, 2);
    thief.open();
    client.request(3, { offer: { link: 1, ticket: TICKET } });
    thief.request(3, { offer: { link: 1, ticket: TICKET } });
    thief.request(4, { offer: { link: 2, ticket: OTHER_TICKET } });
    bench.command(thief.session, (side) => side.abort(bench.nowMs));

    const handle = client.stream(TICKET);
    expect(bench.holderOf(handle)).toBe(client.session);
    expect(client.stream(OTHER_TICKET)).toBe(0);
  });

  test("[PIPE-2] knows no ticket of a session that has ended, before it is drained either", () => {
    const { bench, client } = opened();
    client.request(3, { offer: { link: 1, ticket: TICKET } });
    client.side.abort(bench.nowMs);
    expect(bench.endpoint.handleStream(bench.nowMs, 99, TICKET)).toBeUndefined();
    bench.endpoint.touch(client.session);
    bench.tick();
    expect(bench.endpoint.handleStream(bench.nowMs, 99, TICKET)).toBeUndefined();
  });

  test("[PIPE-2] takes no pipe with a wrong secret, of another principal or generation", () => {
    const { bench, client } = opened();
    const lies = [
      { secret: new Uint8Array(16) },
      { origin: { address: "", principal: "mallory" } },
      { generation: client.side.generation + 1 },
    ];
    for (const lie of lies) {
      const handle = client.pipe(1, lie);
      const said = bench.takePiped();
      expect(bodiesOf(said)[0]?.unknown).toHaveLength(16);
      expect(endsOf(said)).toEqual([handle]);
    }
    expect(client.side.pipes.size).toBe(0);
  });

  test("[INC-2] tells a pipe of a life that has not the session", () => {
    const { bench, client } = opened();
    const handle = client.pipe(1, { incarnation: 7 });
    const said = bench.takePiped();
    expect(bodiesOf(said)).toMatchObject([{ superseded: 1 }]);
    expect(endsOf(said)).toEqual([handle]);
  });

  test("[INC-3] closes the pipes of the life before, with the news", () => {
    const { bench, client, handle } = joined();
    const next = client.pipe(1, { incarnation: 7, succeeds: [1] });
    const said = bench.takePiped();

    expect(said.filter((each) => each.handle === handle)).toMatchObject([
      { body: { superseded: 7 } },
      {},
    ]);
    expect(bodiesOf(said.filter((each) => each.handle === next))).toMatchObject([
      { pipe: { link: 1 } },
    ]);
    // The life before is heard no more.
    client.onPipe(handle, { numbered: [messages(1, "late")] });
    expect(bench.delivered()).toEqual([]);
  });

  test("a body with an address in the middle of a pipe, or a damaged one, ends the pipe alone", () => {
    const lies = [
      (client: ScriptedClient): Uint8Array => client.encode(9, { link: 1 }),
      (client: ScriptedClient): Uint8Array => client.encodePiped().fill(0x55, -2),
      (): Uint8Array => new Uint8Array(0),
      (): Uint8Array => bytesOf("HTTP/1.1 502 Bad Gateway"),
    ];
    for (const lie of lies) {
      const { bench, client, handle } = joined();
      bench.deliverOn(handle, lie(client));
      expect(endsOf(bench.takePiped())).toEqual([handle]);
      expect(bench.heard.at(-1)).toMatchObject({ kind: "pipe-gone", why: "unreadable" });
      expect(client.side.state).toBe("open");
      expect(client.side.stats.bodiesUnreadable).toBe(1);
    }
  });

  test("[SUM-4] takes nothing without a checksum on a pipe", () => {
    const { bench, client, handle } = joined();
    bench.deliverOn(handle, Uint8Array.of(0x10, 0));
    expect(bench.heard.at(-1)).toMatchObject({ kind: "pipe-gone", why: "unreadable" });
    expect(client.side.state).toBe("open");
  });

  test("[END-8] a violation on a pipe ends the session, and every pipe and request hears it", () => {
    const { bench, client, handle } = joined();
    const second = client.pipe(2);
    bench.takePiped();
    client.onPipe(handle, { ack: 99 });

    const said = bench.takePiped();
    expect(bodiesOf(said)).toMatchObject([
      { ended: { code: 0x1000 } },
      { ended: { code: 0x1000 } },
    ]);
    expect(endsOf(said)).toEqual([handle, second]);
    expect(bench.ended).toMatchObject({ reason: "protocol", detail: "ack_unsent" });
  });

  test("[END-8] so does one in the first body, which hears it too", () => {
    const { bench, client } = opened();
    const handle = client.pipe(1, { ack: 99 });

    const said = bench.takePiped();
    expect(bodiesOf(said)).toMatchObject([{ ended: { code: 0x1000 } }]);
    expect(endsOf(said)).toEqual([handle]);
    expect(bench.take()).toMatchObject([{ body: { ended: { code: 0x1000 } } }]);
  });

  test("[ERR-3] answers a first body that is no body on the pipe, and closes it", () => {
    const { bench, client } = opened();
    const origin = { address: "", principal: undefined };
    const lies: [Uint8Array, Partial<Body>][] = [
      [client.encode(0, { link: 1, bare: true }).fill(0x55, -3), { unreadable: true }],
      [Uint8Array.of(0xf0), {}],
      [new Uint8Array(0), {}],
    ];
    for (const [bytes, content] of lies) {
      const handle = bench.deliverPipe(bytes, origin, client.sessionId);
      const said = bench.takePiped();
      expect(bodiesOf(said)).toMatchObject([content]);
      expect(endsOf(said)).toEqual([handle]);
    }
    expect(client.side.pipes.size).toBe(0);
  });

  test("an end in the first body ends the session, and opens none", () => {
    const { bench, client } = opened();
    const ended = { code: 7, reason: new Uint8Array(0) };
    client.pipe(1, { ended });
    expect(bench.ended).toMatchObject({ reason: "peer-ended", code: 7 });
    const stranger = new ScriptedClient(bench, 2);
    bench.takePiped();
    stranger.pipe(1, { open: true, ended });
    expect(bodiesOf(bench.takePiped())[0]?.unknown).toHaveLength(16);
    const other = new ScriptedClient(bench, 3);
    const handle = other.pipe(1, { open: true, bare: true });
    bench.takePiped();
    other.onPipe(handle, { ended });
    expect(bench.ended).toMatchObject({ reason: "peer-ended", code: 7 });
  });

  test("a session that has no room, or breaks a rule at once, is refused on the pipe", () => {
    const bench = new Bench({ sessionsMax: 1 });
    const wrong = new ScriptedClient(bench, 3);
    wrong.pipe(1, { open: { ...CLIENT_PARAMETERS, parkedMax: 0 } });
    expect(bodiesOf(bench.takePiped())[0]?.unknown).toHaveLength(16);
    new ScriptedClient(bench).open();
    const late = new ScriptedClient(bench, 2);
    const handle = late.pipe(1, { open: true });
    const said = bench.takePiped();
    expect(bodiesOf(said)[0]?.refused).toMatchObject({ code: 0x1004 });
    expect(endsOf(said)).toEqual([handle]);
  });

  test("[OPEN-6] before the verdict takes no more on a pipe than is granted", () => {
    const bench = new Bench({ authenticate: true });
    const client = new ScriptedClient(bench);
    const handle = client.pipe(1, { open: true });
    const large = "x".repeat(16_000);
    for (let seq = 1; seq < 5; seq++) {
      client.onPipe(handle, { numbered: [messages(seq, large)] });
    }
    expect(client.side.state).toBe("opening");
    client.onPipe(handle, { numbered: [messages(5, large)] });
    expect(bench.ended).toMatchObject({ reason: "protocol", detail: "window_exceeded" });
  });

  test("a pipe hears the verdict: refused, later, or that nobody gave one", () => {
    const decide: [(bench: Bench) => void, Partial<Body>][] = [
      [(bench) => bench.verdict(false, 9), { refused: { code: 9, reason: new Uint8Array(0) } }],
      [(bench) => bench.decide({ accepted: "later", pauseMs: 500 }), { pauseMs: 500 }],
      [(bench) => bench.advance(10_000), { refused: { code: 0x1005, reason: new Uint8Array(0) } }],
      [(bench) => bench.drain(300, 300), { pauseMs: 300 }],
    ];
    for (const [act, content] of decide) {
      const bench = new Bench({ authenticate: true });
      const client = new ScriptedClient(bench);
      const handle = client.pipe(1, { open: true });
      act(bench);
      const said = bench.takePiped();
      expect(bodiesOf(said)).toHaveLength(1);
      expect(bodiesOf(said)).toMatchObject([content]);
      expect(bodiesOf(said)[0]?.pipe).toBeUndefined();
      expect(bodiesOf(said)[0]?.ack).toBeUndefined();
      expect(endsOf(said)).toEqual([handle]);
    }
  });

  test("[OPEN-5] before the verdict cannot be reached by a pipe, and can by it afterwards", () => {
    const bench = new Bench({ authenticate: true });
    const client = new ScriptedClient(bench);
    client.pipe(1, { open: true });
    expect(client.side.isReachable).toBe(false);
    bench.verdict(true);
    expect(client.side.isReachable).toBe(true);
    bench.command(client.session, (side) => side.send(bench.nowMs, bytesOf("a")));
    expect(bodiesOf(bench.takePiped()).flatMap((body) => textsIn(body))).toEqual(["a"]);
    // From the first request on the client says by which link it hears.
    client.request(1, { ack: 1 });
    expect(client.side.isReachable).toBe(true);
    bench.command(client.session, (side) => side.send(bench.nowMs, bytesOf("b")));
    expect(bench.take().flatMap(({ body }) => textsIn(body))).toEqual(["b"]);
  });

  test("[OPEN-5] says nothing of what it received to a request that names a pipe too early", () => {
    const bench = new Bench({ authenticate: true });
    const client = new ScriptedClient(bench);
    client.request(1, { open: true, link: 3, numbered: [messages(1, "a")] });
    const [answer] = bench.take();
    expect(answer?.body.answer).toMatchObject({ exchange: 1 });
    expect([answer?.body.ack, answer?.body.opened]).toEqual([undefined, undefined]);
  });

  test("[PARK-18] that drains says PAUSE behind what waits, and takes no other pipe", () => {
    const { bench, client, handle } = joined();
    client.side.send(bench.nowMs, bytesOf("last"));
    bench.drain(400, 400);

    const said = bench.takePiped();
    expect(bodiesOf(said).map((body) => textsIn(body))).toEqual([["last"], []]);
    expect(bodiesOf(said)[1]?.pauseMs).toBe(400);
    expect(endsOf(said)).toEqual([handle]);
    expect(bench.heard.at(-1)).toMatchObject({ kind: "pipe-gone", why: "paused" });

    const refused = client.pipe(2);
    const stranger = new ScriptedClient(bench, 2).pipe(1, { open: true });
    const later = bench.takePiped();
    expect(bodiesOf(later)).toMatchObject([{ pipe: { link: 0 }, pauseMs: 400 }, { pauseMs: 400 }]);
    expect(endsOf(later)).toEqual([refused, stranger]);
    client.request(3, { link: 1 });
    expect(bench.take()).toMatchObject([{ body: { pipe: { link: 0 }, pauseMs: 400 } }]);
  });

  test("of the literal procedure refuses pipes", () => {
    const { bench, client } = opened({ literal: LITERAL_DEFAULTS });
    const handle = client.pipe(1);
    expect(endsOf(bench.takePiped())).toEqual([handle]);
  });
});

describe("a server with a pipe", () => {
  test("says on it what is new, and who it is and what it holds in the greeting alone", () => {
    const { bench, client, handle } = joined();
    bench.command(client.session, (side) => side.send(bench.nowMs, bytesOf("a")));
    const [body] = bodiesOf(bench.takePiped());
    expect([body?.pipe, body?.owner, body?.opened]).toEqual([undefined, undefined, undefined]);
    expect(client.side.pipes.get(1)?.handle).toBe(handle);
  });

  test("[PIPE-5] proves a stream by the time since its greeting, however late that was", () => {
    const bench = new Bench({ authenticate: true });
    const client = new ScriptedClient(bench);
    client.request(1, { open: true, offer: { link: 1, ticket: TICKET } });
    client.stream(TICKET);
    bench.advance(500);
    bench.verdict(true);
    expect(bodiesOf(bench.takePiped())).toMatchObject([{ pipe: { bodies: 1, ageMs: 0 } }]);
    bench.advance(99);
    expect(bench.takePiped()).toEqual([]);
    bench.advance(1);
    expect(bodiesOf(bench.takePiped())).toMatchObject([{ pipe: { bodies: 2, ageMs: 100 } }]);
  });

  test("[PIPE-2] answers a parked request at once when an offer has come, and keeps its ticket", () => {
    const { bench, client } = opened();
    client.request(3, { overThrough: 2, offer: { link: 1, ticket: TICKET } });
    expect(bench.take().map(({ body }) => body.answer?.exchange)).toEqual([2, 3]);
    expect(client.side.ticket?.buffer.byteLength).toBe(16);
    // Whoever says it again has not heard that it came.
    client.request(4, { overThrough: 2, offer: { link: 1, ticket: TICKET } });
    expect(bench.take().map(({ body }) => body.answer?.exchange)).toEqual([4]);
    client.request(5, { overThrough: 4 });
    expect(bench.take()).toEqual([]);
    client.stream(TICKET);
    client.request(6, { overThrough: 4, offer: { link: 1, ticket: TICKET } });
    expect(client.side.ticket).toBeUndefined();
    expect(bench.take().flatMap(({ body }) => body.answer?.exchange ?? [])).toEqual([5]);
  });

  test("[PIPE-8] that is full wants no more requests parked, and answers none with messages", () => {
    const { bench, client } = opened({ pipeBytesMax: 1 });
    client.onPipe(client.pipe(1), { hearing: { link: 1, fromExchange: 9 } });
    bench.take();
    bench.command(client.session, (side) => {
      side.send(bench.nowMs, new Uint8Array(5_000));
      side.send(bench.nowMs, new Uint8Array(16_000));
      side.send(bench.nowMs, bytesOf("waits"));
    });
    expect(client.side.sender.hasSomething).toBe(true);
    // They left before LINK, and come late.
    for (const exchange of [5, 4]) client.request(exchange, { overThrough: 2 });
    const answers = bench.take().map(({ body }) => body);
    expect(answers.map(({ answer }) => answer?.exchange)).toEqual([5, 4]);
    expect(answers.flatMap(({ numbered }) => numbered)).toEqual([]);
    expect(client.side.parkedWanted).toBe(1);
  });

  test("[PIPE-6] takes a request for no evidence about what is on a pipe", () => {
    const { bench, client } = joined();
    bench.command(client.session, (side) => side.send(bench.nowMs, bytesOf("a")));
    client.request(3, { overThrough: 2, link: 1 });
    expect(client.side.stats.unitsResent).toBe(0);
    expect(client.side.sender.flights.size).toBe(1);
  });

  test("[PIPE-4] acknowledges by the answer to a request, and not on the pipe too", () => {
    const { bench, client } = joined();
    client.request(3, { overThrough: 2, link: 1, numbered: [messages(1, "a")] });
    expect(bench.take()).toMatchObject([{ body: { ack: { receivedThrough: 1 } } }]);
    bench.advance(1_000);
    expect(bench.takePiped()).toEqual([]);
  });

  test("says why its pipes went", () => {
    const { bench, client } = joined();
    client.pipe(2);
    client.request(5, { overThrough: 2, link: 2 });
    expect(bench.heard.at(-1)).toEqual({
      kind: "pipe-gone",
      link: 1,
      wasJoined: true,
      why: "replaced",
    });
    client.pipe(1, { incarnation: 7, succeeds: [1] });
    expect(bench.heard.at(-1)).toMatchObject({ link: 2, why: "ended" });
  });

  test("[SUM-2] takes no body back that it may have said itself", () => {
    const { bench, client, handle } = joined();
    bench.endpoint.retirePipe(bench.nowMs, client.session, handle);
    bench.tick();
    const [said] = bench.takePiped();
    bench.deliverOn(handle, said?.bytes ?? new Uint8Array(0));
    expect(bench.heard.at(-1)).toMatchObject({ kind: "pipe-gone", why: "unreadable" });
  });
});

describe("words about links", () => {
  test("[PIPE-4] a link that never was hides nothing: the client is told, and messages wait", () => {
    const { bench, client } = opened();
    client.request(3, { overThrough: 2, link: 77 });
    const [, told] = bench.take();
    expect(told?.body.pipe).toMatchObject({ link: 0, bodies: 0 });
    expect(client.side.joined).toBe(0);
    bench.command(client.session, (side) => side.send(bench.nowMs, bytesOf("a")));
    client.request(4, { overThrough: 3 });
    expect(bench.take().flatMap(({ body }) => textsIn(body))).toEqual(["a"]);
  });

  test("[PIPE-3] LINK with a made-up link leaves the pipe, and is told so", () => {
    const { bench, client, handle } = joined();
    client.onPipe(handle, { hearing: { link: 99, fromExchange: 3 } });
    expect(client.side.joined).toBe(0);
    expect(endsOf(bench.takePiped())).toEqual([handle]);
  });

  test("[PIPE-3] LINK from an older exchange than was heard of is not taken, and is told so", () => {
    const { bench, client } = opened();
    const handle = client.pipe(1);
    client.request(9, { overThrough: 8 });
    bench.takePiped();
    client.onPipe(handle, { hearing: { link: 1, fromExchange: 4 } });
    expect(client.side.joined).toBe(0);
    expect(bodiesOf(bench.takePiped())).toMatchObject([{ pipe: { link: 0 } }]);
  });

  test("[PIPE-3] of requests the highest exchange has the word, whichever comes last", () => {
    const { bench, client } = joined();
    const second = client.pipe(2);
    client.request(6, { overThrough: 2, link: 2 });
    client.request(5, { overThrough: 2, link: 1 });
    client.request(4, { overThrough: 2 });
    expect(client.side.joined).toBe(2);
    expect([...client.side.pipes.values()].map(({ handle }) => handle)).toEqual([second]);
    expect(bench.take().map(({ body }) => body.pipe?.link)).toEqual([2, 2, undefined]);
    client.request(7, { overThrough: 6 });
    expect(client.side.joined).toBe(0);
    expect(client.side.parked).toHaveLength(1);
  });

  test("a stream that was offered is not begun once a higher link is there", () => {
    const { bench, client } = opened();
    client.request(3, { offer: { link: 1, ticket: TICKET } });
    client.pipe(2);
    bench.takePiped();
    const handle = client.stream(TICKET);
    const said = bench.takePiped();
    expect(bodiesOf(said)).toMatchObject([{ pipe: { link: 0 } }]);
    expect(endsOf(said)).toEqual([handle]);
    client.request(4, { offer: { link: 2, ticket: OTHER_TICKET } });
    expect(client.stream(OTHER_TICKET)).toBe(0);
  });
});
