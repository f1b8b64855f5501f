// Clients that do without polling: by pipes both ways and no request, or by streams and requests
// that nobody holds. spec 11.

import { describe, expect, test } from "vitest";
import { writeVersions } from "../../src/core/body-writer.ts";
import { LITERAL_DEFAULTS, UNHELD_LINK } from "../../src/core/limits.ts";
import type { RequestUse } from "../../src/core/options.ts";
import { RequestSide } from "../../src/core/request-side.ts";
import { Linked } from "./linked.ts";
import { damaged, Dialogue, pipeState, SERVER_PARAMETERS, textsOf } from "./scripted-server.ts";

const opened = { opened: SERVER_PARAMETERS, window: { seqMax: 1_000, bytesMax: 1_000_000 } };

/** A client without requests, whose first pipe has been greeted. */
function alone(options = {}): Dialogue {
  const client = new Dialogue({ requests: "none", ...options });
  client.tick();
  client.openPipe();
  client.tick();
  client.pipe(1, { ...opened, ...pipeState(1) });
  client.tick();
  client.pipe(1, pipeState(1, { bodies: 2 }));
  return client;
}

/** A client that hears by streams alone, after its opening. */
function prompt(options = {}): Dialogue {
  return new Dialogue({ requests: "prompt", ...options }).open();
}

const wishesOf = ({ told }: Dialogue): number =>
  told.filter(({ kind }) => kind === "pipe-wanted").length;

const numbers = Array.from({ length: 50 }, (_, at) => `${at}`);

describe("a client without requests", () => {
  test("[PIPE-9] keeps a newer pipe that is being opened when it loses the one by which it hears", () => {
    const client = alone();
    const newer = client.openPipe();
    client.tick();
    client.side.handlePipeClosed(client.nowMs, 1);
    client.drain();
    expect([...client.side.pipes.keys()]).toEqual([newer]);
  });

  test("[PIPE-12] opens, speaks, moves and closes by pipes, and asks for each of them", () => {
    const linked = new Linked({ requests: "none" });
    linked.wanted = "socket";
    linked.send("client", "early");
    linked.run(100);
    expect(linked.received.server).toEqual(["early"]);
    linked.send("server", ...numbers.slice(0, 25));
    linked.cut(0);
    linked.send("client", ...numbers.slice(0, 25));
    linked.run(100);
    linked.breakFor(linked.lines[1] as (typeof linked.lines)[0], "client");
    linked.send("server", ...numbers.slice(25));
    linked.send("client", ...numbers.slice(25));
    linked.run(1_000);
    expect(linked.received.client).toEqual(numbers);
    expect(linked.received.server).toEqual(["early", ...numbers]);
    expect(linked.lines).toHaveLength(3);
    linked.perform(() => linked.client.close(linked.nowMs));
    linked.run(1_000);

    expect(linked.told.client.at(-1)).toMatchObject({ kind: "ended", reason: "closed" });
    expect(linked.told.server.at(-1)).toMatchObject({ kind: "ended", reason: "closed" });
    expect(linked.count("request")).toBe(0);
  });

  test("[PIPE-12] has its answer one round trip after the next connection stands", () => {
    const linked = new Linked({ requests: "none" });
    linked.wanted = "socket";
    linked.run(1_000);
    linked.cut(0);
    linked.send("client", "up");
    linked.send("server", "down");
    // Two ways to connect, one up, one down.
    linked.run(4 * linked.latencyMs);
    expect(linked.received).toEqual({ client: ["down"], server: ["up"] });
  });

  test("[PIPE-2] puts no more into the first body than a server reads of strangers", () => {
    const linked = new Linked({ requests: "none", bodyBytesInitial: 524_288 });
    linked.wanted = "socket";
    linked.run(1_000);
    linked.cut(0);
    const large = "l".repeat(16_000);
    linked.send("client", ...Array.from({ length: 20 }, () => large));
    const sinceMs = linked.nowMs;
    linked.run(1_000);
    const up = linked.crossings.filter(({ by, atMs }) => by === "pipe up" && atMs > sinceMs);
    expect(up[0]?.bytes).toBeGreaterThan(48_000);
    expect(up[0]?.bytes).toBeLessThanOrEqual(65_536);
    expect(Math.max(...up.map(({ bytes }) => bytes))).toBeGreaterThan(65_536);
    expect(linked.received.server).toHaveLength(20);
  });

  test("[PIPE-12] waits between pipes that never come as between failed requests", () => {
    const client = new Dialogue({ requests: "none", requestsUnansweredMax: 12 });
    const atMs: number[] = [];
    while (client.ended === undefined && atMs.length < 20) {
      client.pass(0);
      while (wishesOf(client) === atMs.length) client.until("retry");
      atMs.push(client.nowMs);
      client.side.handlePipeFailed(client.nowMs);
      client.drain();
      expect(client.side.requestsUnanswered).toBe(atMs.length);
      client.tick();
    }
    const waitsMs = atMs.slice(1).map((each, at) => each - (atMs[at] as number));
    expect(waitsMs[0]).toBe(0);
    expect(waitsMs.slice(1).every((ms, at) => ms <= 100 * 2 ** at)).toBe(true);
    expect(Math.max(...waitsMs)).toBeGreaterThan(500);
    expect(Math.max(...waitsMs)).toBeLessThanOrEqual(5_000);
    expect(client.ended).toMatchObject({ reason: "unanswered" });
    // It is over: nothing more is told of that.
    client.side.handlePipeFailed(client.nowMs);
    expect(client.sent).toEqual([]);
  });

  test("[PIPE-12] replaces a pipe that is cut at once, but not one after the other", () => {
    const client = alone();
    expect(wishesOf(client)).toBe(1);
    client.pass(1_000);
    client.side.handlePipeClosed(client.nowMs, 1);
    client.tick();
    expect(wishesOf(client)).toBe(2);
    client.openPipe();
    client.tick();
    client.pipe(2, pipeState(2));
    client.tick();
    client.side.handlePipeClosed(client.nowMs, 2);
    client.tick();
    expect(wishesOf(client)).toBe(2);
    client.pass(100);
    expect(wishesOf(client)).toBe(3);
    expect(client.side.requestsUnanswered).toBe(0);
  });

  test("counts a pipe that is never greeted as a request without an answer", () => {
    const client = alone();
    client.side.handlePipeClosed(client.nowMs, 1);
    client.pass(200);
    client.openPipe();
    client.pass(20_000);
    expect(client.told).toContainEqual(
      expect.objectContaining({ kind: "pipe-gone", link: 2, why: "silent" }),
    );
    expect(client.side.requestsUnanswered).toBe(1);
  });

  test("[END-5] takes UNKNOWN on a pipe for lost when it is repeated for long enough", () => {
    const client = alone({ lostConfirmMs: 3_000 });
    client.send("to whom?");
    const sayUnknown = (): void => {
      client.tick();
      const link = client.openPipe();
      client.tick();
      client.pipe(link, { unknown: new Uint8Array(16).fill(1) });
    };
    sayUnknown();
    expect([client.side.isDoubted, client.ended]).toEqual([true, undefined]);
    client.pass(2_999);
    sayUnknown();
    expect(client.ended).toBeUndefined();
    client.pass(1);
    sayUnknown();
    expect(client.ended).toMatchObject({ reason: "lost" });
    expect(client.sent).toEqual([]);
  });

  test("[OWN-4] takes another session's word for the same, and its own session's word for the end of it", () => {
    const owner = (generation: number) => ({
      owner: { epoch: 0, generation, hint: new Uint8Array(0) },
    });
    const client = new Dialogue({ requests: "none" });
    client.openPipe();
    client.tick();
    client.pipe(1, { ...opened, ...owner(5), ...pipeState(1) });
    client.tick();
    const second = client.openPipe();
    client.tick();
    client.pipe(second, { ...owner(6), ...pipeState(2) });
    expect([client.side.isDoubted, client.side.joined]).toEqual([true, 1]);
    client.pipe(1, { ...owner(5), ...pipeState(1) });
    expect(client.side.isDoubted).toBe(false);
  });

  test("is closed when both have finished and the server has forgotten it", () => {
    const client = alone();
    client.side.close(client.nowMs);
    client.tick();
    const told = client.piped.flatMap(({ body }) => body?.numbered ?? []);
    const ack = { receivedThrough: told.length, heldThrough: told.length, ranges: [] };
    client.pipe(1, { ack, numbered: client.finish() });
    client.tick();
    const link = client.openPipe();
    client.tick();
    client.pipe(link, { unknown: new Uint8Array(16).fill(1) });
    expect(client.ended).toMatchObject({ reason: "closed" });
  });

  test("[RETRY-6] ends after bodies in a row that nobody can read", () => {
    const client = alone({ unreadableMax: 3 });
    for (const say of [
      (link: number) => client.pipeBytes(link, damaged(client.encodeBare(pipeState(link)))),
      (link: number) => client.pipe(link, { unreadable: true }),
      (link: number) => client.pipeBytes(link, Uint8Array.of(1, 2, 3)),
    ]) {
      expect(client.ended).toBeUndefined();
      const link = client.openPipe();
      client.tick();
      say(link);
    }
    expect(client.ended).toMatchObject({ reason: "unreadable" });
  });

  test("[VER-3] hears of versions on a pipe before it is open, and not afterwards", () => {
    const versions = writeVersions([2, 3]);
    const late = alone();
    const early = new Dialogue({ requests: "none" });
    early.openPipe();
    early.tick();
    for (const client of [early, late]) client.pipeBytes(1, versions);
    expect(early.ended).toMatchObject({ reason: "version" });
    expect(late.ended).toBeUndefined();
  });

  test("[END-8] says the last word on the pipe that there is, joined or not, and else none", () => {
    const joined = alone();
    const greeted = new Dialogue({ requests: "none" });
    greeted.openPipe();
    greeted.tick();
    const fresh = new Dialogue({ requests: "none" });
    fresh.openPipe();
    const bare = new Dialogue({ requests: "none" });
    for (const client of [joined, greeted, fresh, bare]) {
      client.side.abort(client.nowMs, 7, "out of here");
      client.drain();
      expect(client.ended).toMatchObject({ reason: "aborted" });
      expect(client.sent).toEqual([]);
    }
    const words = [joined, greeted, fresh, bare].map(({ piped }) => {
      return piped.filter(({ body }) => body?.ended?.code === 7).length;
    });
    expect(words).toEqual([1, 1, 1, 0]);
  });

  test("[RETRY-7] wants another pipe beside the one that may be dead when its host wakes", () => {
    const client = alone();
    client.pass(1_000);
    client.side.handleWake(client.nowMs);
    client.drain();
    client.tick();
    expect(wishesOf(client)).toBe(2);
    const link = client.openPipe();
    client.tick();
    client.pipe(link, pipeState(link));
    client.tick();
    expect(client.side.joined).toBe(link);
  });

  test("[PIPE-9] does not stay with an older pipe when the newer one is cut before LINK has come", () => {
    const linked = new Linked({ requests: "none" });
    linked.wanted = "socket";
    linked.run(200);
    linked.perform(() => linked.client.handleWake(linked.nowMs));
    linked.run(4 * linked.latencyMs);
    expect([linked.client.joined, linked.served.side.joined]).toEqual([2, 1]);
    linked.cut(1);
    linked.send("client", "up");
    linked.send("server", "down");
    linked.run(1_000);
    expect(linked.received).toEqual({ client: ["down"], server: ["up"] });
    expect(linked.client.joined).toBe(3);
  });

  test("[PARK-17] comes back after each pause, and is told what waits for it", () => {
    const linked = new Linked({ requests: "none" });
    linked.wanted = "socket";
    linked.run(1_000);
    linked.perform(() => linked.endpoint.drain(linked.nowMs, 100, 200));
    linked.send("server", "before");
    linked.run(1_000);
    linked.send("server", "after");
    linked.send("client", "after");
    linked.run(1_000);
    expect(linked.received).toEqual({ client: ["before", "after"], server: ["after"] });
    expect(linked.lines.length).toBeGreaterThanOrEqual(6);
    expect(linked.lines.length).toBeLessThanOrEqual(20);
    expect(linked.count("request")).toBe(0);
  });

  test("[PIPE-12] makes no request when its host may end, nor to have one renewed", () => {
    const client = alone();
    client.side.handlePipeClosed(client.nowMs, 1);
    client.send("late");
    client.side.flush(client.nowMs, 60_000);
    expect(client.side.renewParked(client.nowMs)).toBe(false);
    client.tick();
    expect(client.sent).toEqual([]);
  });

  test("[INC-4] says nothing after it was saved, though a pipe comes", () => {
    const client = alone();
    client.send("a");
    client.tick();
    const saved = client.side.save(client.nowMs);
    client.drain();
    const before = client.piped.length;
    client.openPipe();
    client.pass(999);
    expect(client.piped.length).toBe(before);
    client.pass(1);
    expect(client.piped.length).toBe(before + 1);

    // In another place, with other links.
    const polling = RequestSide.resume(client.nowMs, saved, 5, "parked");
    expect(new Dialogue({}, client.nowMs, polling).tick()).toHaveLength(1);
    const piped = RequestSide.resume(client.nowMs, saved, 5);
    const other = new Dialogue({}, client.nowMs, piped);
    expect([other.tick(), wishesOf(other)]).toEqual([[], 1]);
  });

  test("goes on as another life by its first body", () => {
    const linked = new Linked({ requests: "none" });
    linked.wanted = "socket";
    linked.run(1_000);
    linked.send("client", "before");
    linked.send("server", "before");
    linked.run(1);
    linked.resume(7);
    linked.send("client", "after");
    linked.run(1_000);
    expect(linked.received.server).toEqual(["before", "after"]);
    expect(linked.received.client).toEqual(["before"]);
    expect(linked.count("request")).toBe(0);
  });

  test("is none by the literal procedure", () => {
    const literal = LITERAL_DEFAULTS;
    expect(() => new Dialogue({ requests: "none", literal })).toThrow("option_invalid: requests");
    expect(() => new Dialogue({ requests: "some" as RequestUse })).toThrow(
      "option_invalid: requests is some and must be parked or",
    );
  });
});

describe("a client whose requests nobody holds", () => {
  test("[PIPE-11] hears by streams, and is answered at once", () => {
    const linked = new Linked({ requests: "prompt" });
    linked.wanted = "stream";
    linked.run(1_000);
    linked.send("server", ...numbers);
    linked.send("client", ...numbers);
    linked.run(1_000);
    linked.cut(0);
    linked.send("server", "again");
    linked.run(1_000);
    expect(linked.received).toEqual({ client: [...numbers, "again"], server: numbers });
    const answers = linked.crossings.filter(({ by }) => by === "answer");
    expect(answers.every(({ body }) => body.answer?.heldMs === 0)).toBe(true);
    expect(answers.every(({ body }) => body.answer?.parked.length === 0)).toBe(true);
  });

  test("[PIPE-11] names a link that it never opens while it hears by none", () => {
    const client = prompt();
    expect(client.side.exchanges.open.size).toBe(0);
    expect(wishesOf(client)).toBe(1);
    const ticketed = client.offerPipe();
    expect(ticketed).toBe(UNHELD_LINK + 1);
    const [offer] = client.tick();
    expect([...client.side.exchanges.open.values()]).toMatchObject([{ link: UNHELD_LINK }]);
    expect(offer?.body.offer?.link).toBe(ticketed);
  });

  test("[PIPE-4] hears by the answer what waits for it while the server holds no stream", () => {
    const linked = new Linked({ requests: "prompt" });
    linked.run(1_000);
    linked.send("server", "down");
    linked.run(1_000);
    expect(linked.received.client).toEqual([]);
    linked.send("client", "up");
    linked.run(1_000);
    expect(linked.received).toEqual({ client: ["down"], server: ["up"] });
  });

  test("[PIPE-2] offers again what no request has brought", () => {
    const client = prompt();
    client.offerPipe();
    const [offer] = client.tick();
    client.fail(offer?.exchange ?? 0);
    const [again] = client.tick();
    expect(again?.body.offer).toEqual(offer?.body.offer);
    client.answer(again?.exchange ?? 0, pipeState(0));
    expect(client.tick()).toEqual([]);
    expect(client.told.filter(({ kind }) => kind === "pipe-offered")).toHaveLength(1);
  });

  test("[PIPE-11] asks until it is answered, and then once in a hold time", () => {
    const client = prompt();
    client.send("a");
    const [first] = client.tick();
    expect(textsOf(first)).toEqual(["a"]);
    client.fail(first?.exchange ?? 0);
    const [second] = client.tick();
    client.answer(second?.exchange ?? 0, { ack: client.ack(), ...pipeState(0) });
    expect(client.tick()).toEqual([]);
    expect(client.pass(24_000)).toEqual([]);
    expect(client.pass(1_000)).toHaveLength(1);
  });

  test("[RETRY-5] counts a stream that never comes, and asks by a request", () => {
    const client = prompt();
    expect(wishesOf(client)).toBe(1);
    client.side.handlePipeFailed(client.nowMs);
    const [probe] = client.tick();
    expect(client.side.requestsUnanswered).toBe(1);
    client.answer(probe?.exchange ?? 0, pipeState(0));
    expect(client.side.requestsUnanswered).toBe(0);
    expect(client.tick()).toEqual([]);
  });

  test("[END-5] asks again whether the session is unknown", () => {
    const client = prompt({ lostConfirmMs: 3_000 });
    client.send("a");
    client.tick();
    for (let count = 0; count < 100 && client.ended === undefined; count++) {
      const unknown = Uint8Array.from({ length: 16 }, (_, at) => at + 1);
      client.answer(client.last.exchange, { unknown });
      if (client.ended === undefined) client.pass(5_000);
    }
    expect(client.ended).toMatchObject({ reason: "lost" });
  });

  test("waits for its verdict as others do", () => {
    const linked = new Linked({ requests: "prompt" }, { authenticate: true });
    linked.run(5_000);
    expect(linked.count("answer")).toBe(0);
    expect(linked.count("request")).toBe(1);
  });

  test("numbers links on above that one when it goes on elsewhere", () => {
    const client = prompt();
    const saved = client.side.save(client.nowMs);
    const side = RequestSide.resume(client.nowMs, saved, 3);
    expect(side.offerPipe(client.nowMs, new Uint8Array(16))).toBe(UNHELD_LINK + 1);
  });
});
