// What a park side waits for, by the name of its timer and the time: driven alone, without the
// endpoint that wakes many of them.

import { describe, expect, test } from "vitest";
import { UsageError } from "../../src/core/errors.ts";
import { LITERAL_DEFAULTS } from "../../src/core/limits.ts";
import { Bench, bytesOf, messages, type Script, ScriptedClient } from "./scripted-client.ts";

function opened(options: ConstructorParameters<typeof Bench>[0] = {}): ScriptedClient {
  const client = new ScriptedClient(new Bench(options));
  client.open();
  client.bench.take();
  return client;
}

/** The timer and in how many milliseconds it fires; the session has nothing else to do. */
function waits(client: ScriptedClient): [string, number] {
  const out = client.side.poll();
  if (out.kind !== "timeout") throw new Error(`there is still a ${out.kind}`);
  return [out.timer, out.atMs - client.bench.nowMs];
}

/** Hears a request without the end of a tick. */
function hear(client: ScriptedClient, exchange: number, script: Script): void {
  client.bench.hand(client.encode(exchange, script), client.origin, client.sessionId);
}

describe("a park side waits", () => {
  test("[PARK-8] for the end of the hold with a request and nothing to say", () => {
    expect(waits(opened())).toEqual(["hold", 25_000]);
  });

  test("for silence with neither a request nor anything to say", () => {
    const client = opened();
    client.bench.gone(client.session, 2);

    expect(waits(client)).toEqual(["silence", 90_000]);
  });

  test("not at all with something to say and a request to say it in", () => {
    const client = opened();
    client.side.send(client.bench.nowMs, bytesOf("a"));

    expect(waits(client)).toEqual(["transmit", 0]);
  });

  test("with an acknowledgement owed for a moment, that others may go along", () => {
    const client = opened();
    hear(client, 3, { overThrough: 2, lastAnswered: 2, numbered: [messages(1, "a")] });
    client.bench.tick();
    client.bench.take();

    expect(waits(client)).toEqual(["ack-delay", 25]);
    client.bench.advance(25);
    expect(client.bench.take().map(({ body }) => body.ack?.receivedThrough)).toEqual([1]);
  });

  test("[PARK-15] for the evidence of what it sent, or to send it once more", () => {
    const client = opened({ rtoInitialMs: 1_000 });
    client.side.send(client.bench.nowMs, bytesOf("a"));
    client.bench.command(client.session, () => undefined);
    expect(client.bench.take()).toHaveLength(1);

    const [timer, inMs] = waits(client);

    expect(timer).toBe("resend");
    expect(inMs).toBeGreaterThanOrEqual(1_000);
    expect(inMs).toBeLessThan(1_010);
  });

  test("[SAY-8] to say once more that it stands still", () => {
    const client = opened();
    const none = { seqMax: 0, bytesMax: 0 };
    const blocked = new ScriptedClient(new Bench(), 2);
    blocked.request(1, { open: true, window: none });
    blocked.bench.take();
    blocked.request(2, { overThrough: 1, lastAnswered: 1, window: none });

    blocked.side.send(blocked.bench.nowMs, bytesOf("a"));
    blocked.bench.command(blocked.session, () => undefined);

    expect(waits(blocked)[0]).toBe("probe");
    expect(waits(client)[0]).toBe("hold");
  });

  test("[LITS-2] for a bundle's worth, or for the delay of the literal procedure", () => {
    const literal = { ...LITERAL_DEFAULTS, bundleMessages: 3, requestsHeld: 1, answerDelayMs: 40 };
    const client = opened({ literal });
    client.bench.command(client.session, (side) => side.send(client.bench.nowMs, bytesOf("a")));

    expect(client.bench.take()).toEqual([]);
    expect(waits(client)).toEqual(["delay", 40]);
    client.bench.advance(39);
    expect(client.bench.take()).toEqual([]);
    client.bench.advance(1);
    expect(client.bench.take()).toHaveLength(1);
  });

  test("for nothing once it has ended", () => {
    const client = opened();
    const { side } = client;
    client.bench.command(client.session, () => side.abort(client.bench.nowMs));

    const out = side.poll();

    expect(out).toEqual({ kind: "timeout", atMs: Infinity, timer: "none" });
  });
});

describe("a park side refuses", () => {
  function codeOf(act: () => void): string {
    try {
      act();
    } catch (error) {
      if (error instanceof UsageError) return error.message;
      throw error;
    }
    return "nothing was thrown";
  }

  test("a second verdict, of whatever kind", () => {
    const { side, bench } = opened();

    expect(codeOf(() => side.accept(bench.nowMs))).toBe("state_invalid");
    expect(codeOf(() => side.refuse(bench.nowMs, 1, ""))).toBe("state_invalid");
    expect(codeOf(() => side.postpone(bench.nowMs, 1))).toBe("state_invalid");
  });

  test("to close before the verdict, and to end twice", () => {
    const pending = new ScriptedClient(new Bench({ authenticate: true }));
    pending.request(1, { open: true });
    expect(codeOf(() => pending.side.close(1_000))).toBe("state_invalid");

    const { side, bench } = opened();
    side.abort(bench.nowMs);

    expect(codeOf(() => side.abort(bench.nowMs))).toBe("session_closed");
  });
});
