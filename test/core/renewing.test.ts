// One request more than is needed, where requests are cut on the way when they are held for long.

import { describe, expect, test } from "vitest";
import { LITERAL_DEFAULTS } from "../../src/core/limits.ts";
import { Dialogue, SERVER_PARAMETERS } from "./scripted-server.ts";

describe("[SAY-12] a request more than is needed", () => {
  test("leaves beside the one that is parked, with what there is to say", () => {
    const client = new Dialogue().open();
    client.tick();
    client.pass(1_500);
    const before = client.sent.length;
    expect(client.side.renewParked(client.nowMs)).toBe(true);
    client.drain();
    expect(client.sent.length).toBe(before + 1);
    expect(client.last.body.numbered).toEqual([]);
    // It is the one that is parked when the oldest has been answered.
    client.answer(client.last.exchange - 1);
    expect(client.tick()).toEqual([]);
  });

  test("is one at a time", () => {
    const client = new Dialogue().open();
    client.tick();
    client.side.renewParked(client.nowMs);
    client.drain();
    expect(client.side.renewParked(client.nowMs)).toBe(false);
    client.answer(client.last.exchange - 1);
    expect(client.side.renewParked(client.nowMs)).toBe(true);
    client.drain();
  });

  test("does not leave before the server has answered, nor after the end", () => {
    const client = new Dialogue();
    client.tick();
    expect(client.side.renewParked(client.nowMs)).toBe(false);
    client.answer(1, { refused: { code: 1, reason: new Uint8Array() } });
    expect(client.side.renewParked(client.nowMs)).toBe(false);
  });

  test("does not leave when the session was open and has ended", () => {
    const client = new Dialogue().open();
    client.tick();
    client.answer(client.last.exchange, { ended: { code: 3, reason: new Uint8Array() } });
    expect(client.side.state).toBe("ended");
    expect(client.side.renewParked(client.nowMs)).toBe(false);
  });

  test("does not leave while the server wants a pause", () => {
    const client = new Dialogue().open();
    client.tick();
    client.answer(client.last.exchange, { pauseMs: 5_000 });
    expect(client.side.renewParked(client.nowMs)).toBe(false);
    client.pass(5_000);
    client.tick();
    expect(client.side.renewParked(client.nowMs)).toBe(true);
    client.drain();
  });

  test("does not leave where no slot is free", () => {
    const client = new Dialogue({ carriersMax: 1 }).open();
    client.tick();
    // Overdue, one request is no more live, and keeps its place.
    client.pass(60_000 / 2);
    client.tick();
    while (client.side.exchanges.open.size < 2) client.tick();
    const { open, countLive } = client.side.exchanges;
    expect([open.size, countLive]).toEqual([2, 1]);
    expect(client.side.renewParked(client.nowMs)).toBe(false);
  });

  test("does not leave where the client hears by a pipe, and nothing is parked", () => {
    const client = new Dialogue().open();
    client.tick();
    const link = client.side.openPipe(client.nowMs);
    client.drain();
    client.side.joined = link;
    expect(client.side.renewParked(client.nowMs)).toBe(false);
  });

  test("does not leave in the literal procedure", () => {
    const client = new Dialogue({ literal: LITERAL_DEFAULTS });
    client.tick();
    client.answer(1, { opened: SERVER_PARAMETERS });
    expect(client.side.state).toBe("open");
    expect(client.side.renewParked(client.nowMs)).toBe(false);
  });

  test("gives up the exchange whose number is 256 lower", () => {
    const client = new Dialogue({ carriersMax: 8 }).open();
    client.tick();
    const hanging = client.last.exchange;
    while (client.side.exchanges.next < hanging + 256) {
      client.side.renewParked(client.nowMs);
      client.drain();
      client.answer(client.last.exchange);
    }
    client.side.renewParked(client.nowMs);
    client.drain();
    expect(client.aborted).toEqual([hanging]);
  });
});
