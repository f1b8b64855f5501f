// Dialogues of a client whose host says that the network may be back, or another one.

import { describe, expect, test } from "vitest";
import { LITERAL_DEFAULTS, WAKE_INTERVAL_MS } from "../../src/core/limits.ts";
import { Dialogue, SERVER_PARAMETERS, textsOf } from "./scripted-server.ts";

/** The host's word, and the end of the tick. */
function wake(client: Dialogue): ReturnType<Dialogue["tick"]> {
  client.side.handleWake(client.nowMs);
  return client.tick();
}

function failAll(client: Dialogue): void {
  for (const exchange of client.side.exchanges.open.keys()) client.fail(exchange);
}

/** Fails so often that the next request waits for seconds. */
function failOften(client: Dialogue): void {
  for (let failure = 0; failure < 12; failure++) {
    failAll(client);
    if (client.tick().length === 0) client.until("retry");
  }
  failAll(client);
  client.tick();
}

describe("a wake", () => {
  test("[RETRY-7] sends at once what waits after failures", () => {
    const client = new Dialogue({ reconnectDelayMinMs: 5_000 }).open();
    failOften(client);
    client.send("a");
    expect(client.tick()).toEqual([]);
    expect(client.timeout.timer).toBe("retry");

    // And one more, to hear at once that the path is back [SAY-9].
    expect(wake(client).map(textsOf)).toEqual([["a"], []]);
  });

  test("[RETRY-7] sends anew what is out on connections that may be dead", () => {
    const client = new Dialogue().open();
    client.send("a");
    client.tick();

    const [again, ...others] = wake(client);
    expect(textsOf(again)).toEqual(["a"]);
    expect(others).toEqual([]);
    // The answer of the old one is welcome still.
    client.answer(3, { numbered: client.messages("b") });
    expect(client.delivered()).toEqual(["b"]);
  });

  test("[RETRY-7] leaves the server's pause as it is", () => {
    const client = new Dialogue().open();
    client.answer(2, { pauseMs: 2_000 });
    client.tick();
    expect(wake(client)).toEqual([]);
    expect(client.pass(1_999)).toEqual([]);

    expect(client.pass(1)).toHaveLength(1);
  });

  test("[RETRY-7] takes effect once a second, and at the end of that one if repeated", () => {
    const client = new Dialogue().open();
    expect(wake(client)).toHaveLength(1);
    for (let again = 0; again < 500; again++) expect(wake(client)).toEqual([]);
    client.nowMs += WAKE_INTERVAL_MS / 2;
    expect(wake(client)).toEqual([]);
    expect(client.timeout).toMatchObject({ timer: "wake" });

    expect(client.pass(WAKE_INTERVAL_MS / 2)).toHaveLength(1);
    expect(client.pass(WAKE_INTERVAL_MS)).toEqual([]);
  });

  test("[RETRY-7] every second for an hour keeps to the slots, and counts no request as unanswered", () => {
    const silenceLimitMs = 86_400_000;
    const client = new Dialogue({ requestsUnansweredMax: 3, silenceLimitMs, carriersMax: 2 });
    client.open({ opened: { ...SERVER_PARAMETERS, silenceLimitMs } });
    client.send("a");
    for (let second = 0; second < 3_600; second++) {
      const sent = wake(client);
      expect(sent.length).toBe(1);
      expect(client.side.exchanges.open.size).toBeLessThanOrEqual(3);
      client.nowMs += WAKE_INTERVAL_MS;
    }

    expect(client.side.requestsUnanswered).toBe(0);
    expect(client.side.state).toBe("open");
    // The server judges by the span of numbers [EXCH-7].
    const { request } = client.last.body;
    expect((request?.exchange ?? 0) - (request?.overThrough ?? 0)).toBeLessThanOrEqual(256);
  });

  test("[RETRY-7] is not undone by old connections that fail only then", () => {
    const client = new Dialogue({ reconnectDelayMinMs: 5_000 }).open();
    failOften(client);
    const [fresh] = wake(client);
    client.fail((fresh?.exchange ?? 0) - 1);
    client.send("a");

    expect(client.tick().map(textsOf)).toEqual([["a"]]);
  });

  test("[RETRY-7] goes on with the row of failures where the network is not back", () => {
    const client = new Dialogue({ reconnectDelayMinMs: 5_000 }).open();
    failOften(client);
    const [fresh] = wake(client);
    client.fail(fresh?.exchange ?? 0);

    expect(client.tick()).toEqual([]);
    expect(client.timeout.timer).toBe("retry");
  });

  test("[RETRY-7] lets the literal procedure send anew too", () => {
    const client = new Dialogue({ literal: LITERAL_DEFAULTS });
    client.send("a");
    client.tick();

    expect(wake(client).map(textsOf)).toEqual([["a"]]);
  });

  test("is forgotten with a saved state that is resumed", () => {
    const client = new Dialogue().open();
    wake(client);
    client.side.handleWake(client.nowMs);
    client.drain();
    const { constructor } = Object.getPrototypeOf(client.side) as { constructor: unknown };
    const resumed = (
      constructor as { resume(nowMs: number, saved: unknown, seed: number): typeof client.side }
    ).resume(0, structuredClone(client.side.save(client.nowMs)), 1);
    const later = new Dialogue({}, 0, resumed);

    expect(later.tick()).toHaveLength(1);
    expect(later.pass(WAKE_INTERVAL_MS * 2)).toEqual([]);
  });
});
