import { expect, test } from "vitest";
import { Dialogue, SERVER_PARAMETERS } from "./scripted-server.ts";

test("[CHAN-3] openings that go along count, so that no body passes the peer's limit", () => {
  const client = new Dialogue();
  client.open({ opened: { ...SERVER_PARAMETERS, bodyBytesMax: 32_768 } });
  for (let count = 0; count < 100; count++) {
    const channel = client.side.openChannel(client.nowMs, new Uint8Array(256));
    for (let more = 0; more < 5; more++)
      client.side.send(client.nowMs, new Uint8Array(20), channel);
  }
  client.tick();
  // Whatever was sent is lost, again and again: units go again, and openings along with them.
  for (let round = 0; round < 6; round++) {
    for (const number of client.side.exchanges.open.keys()) client.fail(number);
    client.pass(5_000);
  }

  const sizes = client.sent.map(({ bytes }) => bytes.length);

  expect(client.sent.length).toBeGreaterThan(10);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(32_768);
  for (const { body } of client.sent) {
    const seqs = body.numbered.map(({ seq }) => seq);
    expect(new Set(seqs).size).toBe(seqs.length);
  }
});
