// What one pipe knows: which of its bodies wait for evidence, and since when. spec 11.

import { describe, expect, test } from "vitest";
import type { Flight } from "../../src/core/in-flight.ts";
import { Pipe } from "../../src/core/pipe.ts";
import { Dialogue, pipeState, SERVER_PARAMETERS } from "./scripted-server.ts";

const BEGAN_MS = 1_000;

function flightOf(transmission: number, sentAtMs: number, bytes = 100): Flight {
  return { transmission, sentAtMs, bytes, isFull: false, runs: [] };
}

/** A pipe on which three bodies left, 10 ms apart. */
function threeSent(): Pipe {
  const pipe = new Pipe(BEGAN_MS, 1, 1, true);
  for (const at of [1, 2, 3]) {
    pipe.noteSent(BEGAN_MS + 10 * at, 100, flightOf(-at, BEGAN_MS + 10 * at));
  }
  return pipe;
}

const oneOf =
  (...transmissions: number[]) =>
  ({ transmission }: Flight): boolean =>
    transmissions.includes(transmission);

describe("bodies of a pipe", () => {
  test("[PIPE-6] wait until one of them, or one that left later, has arrived", () => {
    const pipe = threeSent();
    expect(pipe.waitingBytes).toBe(300);
    expect(pipe.takeArrived(1_100, oneOf())).toEqual({ flights: [], elapsedMs: 0 });
    expect(pipe.waitingBytes).toBe(300);

    const { flights } = pipe.takeArrived(1_100, oneOf(-2));
    expect(flights.map(({ transmission }) => transmission)).toEqual([-1, -2]);
    expect(pipe.waitingBytes).toBe(100);
    expect(pipe.takeAll().map(({ transmission }) => transmission)).toEqual([-3]);
    expect([pipe.waitingBytes, pipe.takeAll()]).toEqual([0, []]);
  });

  test("[PIPE-6] took the time since the first of them, or since the evidence before", () => {
    const pipe = threeSent();
    expect(pipe.takeArrived(1_050, oneOf(-1)).elapsedMs).toBe(40);
    expect(pipe.takeArrived(1_080, oneOf(-2)).elapsedMs).toBe(30);
    expect(pipe.takeArrived(1_090, oneOf()).elapsedMs).toBe(0);
    expect(pipe.takeArrived(1_100, oneOf(-3)).elapsedMs).toBe(20);
  });

  test("[PIPE-7] are missed since the oldest left, or since there was evidence", () => {
    const pipe = threeSent();
    expect(pipe.oldest).toEqual({ sinceMs: 1_010, bytes: 100 });
    pipe.takeArrived(1_050, oneOf());
    expect(pipe.oldest.sinceMs).toBe(1_010);
    pipe.takeArrived(1_050, oneOf(-1));
    expect(pipe.oldest.sinceMs).toBe(1_050);
    pipe.takeArrived(1_060, oneOf(-3));
    expect(pipe.oldest).toEqual({ sinceMs: Infinity, bytes: 0 });
    pipe.noteSent(1_200, 100, flightOf(-4, 1_200));
    expect(pipe.oldest.sinceMs).toBe(1_200);
  });

  test("are counted both ways, with the times of the first and of the last", () => {
    const pipe = new Pipe(BEGAN_MS, 7, 8, false);
    expect([pipe.spokenAtMs, pipe.heardAtMs]).toEqual([BEGAN_MS, BEGAN_MS]);
    for (const atMs of [1_010, 1_020]) {
      pipe.noteSent(atMs, 50, undefined);
      pipe.noteHeard(atMs + 5);
    }
    expect(pipe).toMatchObject({
      bodiesSent: 2,
      bytesSent: 100,
      bodiesReceived: 2,
      spokenAtMs: 1_020,
      heardAtMs: 1_025,
      firstSpokenAtMs: 1_010,
      firstHeardAtMs: 1_015,
      waitingBytes: 0,
    });
  });

  test("[PIPE-4] that were counted elsewhere are missed since then, or since the last came", () => {
    const pipe = new Pipe(BEGAN_MS, 1, 1, false);
    expect(pipe.missedSinceMs).toBe(Infinity);
    pipe.expect(1_100, 2);
    expect(pipe.missedSinceMs).toBe(1_100);
    pipe.expect(1_200, 3);
    pipe.expect(1_250, 1);
    expect(pipe.missedSinceMs).toBe(1_100);
    pipe.noteHeard(1_300);
    expect(pipe.missedSinceMs).toBe(1_300);
    pipe.noteHeard(1_310);
    pipe.noteHeard(1_310);
    expect(pipe.missedSinceMs).toBe(Infinity);
    pipe.expect(1_400, 4);
    expect(pipe.missedSinceMs).toBe(1_400);
  });
});

describe("a half with a pipe", () => {
  /** A client at 1000 ms, joined to a socket, with nothing to do. */
  function joined(options = {}): Dialogue {
    const client = new Dialogue(options).open();
    client.nowMs = 1_000;
    client.openPipe();
    client.tick();
    client.pipe(1, pipeState(1));
    client.tick();
    client.answer(2, { answer: { heldMs: 1_000 } });
    client.tick();
    client.pipe(1, pipeState(1));
    return client;
  }

  test("is woken at once for a first body, and for what there is to say", () => {
    const client = new Dialogue().open();
    client.openPipe();
    expect(client.timeout).toMatchObject({ atMs: 0, timer: "transmit" });
    const other = joined();
    expect(other.timeout.atMs).toBeGreaterThan(1_000);
    other.send("a");
    expect(other.timeout).toMatchObject({ atMs: 1_000, timer: "transmit" });
  });

  test("acknowledges on it after the delay", () => {
    const client = joined();
    client.pipe(1, { numbered: client.messages("a") });
    expect(client.timeout).toMatchObject({ atMs: 1_025, timer: "ack-delay" });
    client.until("ack-delay");
    expect(client.piped.at(-1)?.body?.ack?.receivedThrough).toBe(1);
    expect(client.sent).toHaveLength(2);
  });

  test("says on it where sending stands still", () => {
    const client = joined();
    client.send(...Array.from({ length: SERVER_PARAMETERS.channelUnits + 1 }, () => "m"));
    client.tick();
    client.until("probe");
    expect(client.piped.at(-1)?.body?.channelsBlocked).toHaveLength(1);
    expect(client.sent).toHaveLength(2);
  });

  test("[PIPE-6] measures the round trip and the rate by it", () => {
    const client = joined();
    client.send(new Uint8Array(8_000));
    client.tick();
    const bytes = client.side.pipes.get(1)?.waitingBytes ?? 0;
    client.nowMs += 50;
    client.pipe(1, { ack: { receivedThrough: 1, heldThrough: 1, ranges: [] } });
    expect(client.side.stats.roundTripMs).toBe(50);
    expect(client.side.roundTrip.rate).toBe(0.75 * 64 + 0.25 * (bytes / 50));
  });

  test("[PIPE-7] gives it up when the oldest body has waited for its timeout and `pipeStallMs`", () => {
    const client = joined();
    client.send(new Uint8Array(8_000));
    client.tick();
    const bytes = client.side.pipes.get(1)?.waitingBytes ?? 0;
    const dueAtMs = 1_000 + 5_000 + client.side.roundTrip.overdueAfterMs(bytes);
    client.until("pipe");
    expect(client.nowMs).toBe(dueAtMs);
    expect(client.told.at(-1)).toMatchObject({ kind: "pipe-gone", why: "stalled" });
  });

  test("[PIPE-8] says nothing more where exactly its bytes wait", () => {
    const first = joined();
    first.send("a");
    first.tick();
    const pipeBytesMax = first.side.pipes.get(1)?.waitingBytes ?? 0;
    const client = joined({ pipeBytesMax });
    client.send("a");
    client.tick();
    const before = client.piped.length;
    client.send("b");
    client.tick();
    expect(client.piped).toHaveLength(before);
    client.pipe(1, { numbered: client.messages("x") });
    client.until("ack-delay");
    expect(client.piped).toHaveLength(before + 1);
    expect(client.piped.at(-1)?.body).toMatchObject({ ack: { receivedThrough: 1 }, numbered: [] });
    client.pipe(1, { ack: { receivedThrough: 1, heldThrough: 1, ranges: [] } });
    client.tick();
    expect(client.piped.at(-1)?.body?.numbered).toHaveLength(1);
  });

  test("tells of it when the session ends", () => {
    const client = joined();
    client.side.abort(client.nowMs);
    client.drain();
    expect(client.told[client.told.length - 2]).toEqual({
      kind: "pipe-gone",
      link: 1,
      wasJoined: true,
      why: "ended",
    });
  });
});
