import { expect, test } from "vitest";
import { Endpoint, RequestSide } from "../../src/core/index.ts";

const ORIGIN = { address: "192.0.2.1", principal: "" };

/** Carries what both sides want carried, at one moment; returns the size of the last request. */
function exchange(nowMs: number, client: RequestSide, server: Endpoint): number {
  let last = 0;
  for (let moved = true; moved;) {
    moved = false;
    client.handleTimeout(nowMs);
    for (let out = client.poll(); out.kind !== "timeout"; out = client.poll()) {
      if (out.kind !== "request") continue;
      moved = true;
      last = out.body.length;
      server.handleRequest(nowMs, out.exchange, out.body, ORIGIN);
    }
    for (let round = 0; round < 2; round++) {
      for (let out = server.poll(); out.kind !== "timeout"; out = server.poll()) {
        if (out.kind !== "respond") continue;
        moved = true;
        client.handleAnswer(nowMs, out.handle, out.body);
      }
      server.handleTimeout(nowMs);
    }
  }
  return last;
}

test.each([64, 1_500, 3_000, 10_000])(
  "bodies of messages of %i bytes grow again after an outage",
  (bytes) => {
    const secrets = Uint8Array.from({ length: 32 }, (_, at) => at);
    const client = new RequestSide(0, {
      nonce: secrets.subarray(0, 16),
      secret: secrets.subarray(16),
    });
    const server = new Endpoint(0);
    exchange(0, client, server);
    // An outage that nobody reports: every resend halves the bodies.
    let nowMs = 1_000;
    for (; nowMs < 25_000; nowMs += 100) {
      client.send(nowMs, new Uint8Array(bytes));
      client.handleTimeout(nowMs);
      for (let out = client.poll(); out.kind !== "timeout"; out = client.poll());
    }
    nowMs += 20_000;
    exchange(nowMs, client, server);

    for (let sent = 0; sent < 2_000_000; sent += bytes) client.send(nowMs, new Uint8Array(bytes));
    exchange(nowMs, client, server);
    for (let sent = 0; sent < 400_000; sent += bytes) client.send(nowMs, new Uint8Array(bytes));

    expect(exchange(nowMs, client, server)).toBeGreaterThan(200_000);
    expect(client.isFlushed).toBe(true);
  },
);
