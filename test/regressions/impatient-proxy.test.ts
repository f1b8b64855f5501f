import { expect, test } from "vitest";
import { Dialogue, SERVER_PARAMETERS } from "../core/scripted-server.ts";

/** Whoever stands on the way answers 504 after so long. */
const PATIENCE_MS = 10_000;

// A proxy cut every parked request before the hold time of 25 s was over. So no answer ever came,
// and a session that had nothing to say ended as silence after 60 s, on a path that worked.
test("[SAY-9] a quiet session outlives a proxy that is less patient than the server", () => {
  const client = new Dialogue({ reconnectDelayMinMs: 0, reconnectDelayMaxMs: 0 }).open();
  let failures = 0;
  while (client.nowMs < 10 * SERVER_PARAMETERS.silenceLimitMs) {
    client.pass(PATIENCE_MS);
    const { open } = client.side.exchanges;
    expect(client.side.state).toBe("open");
    for (const number of open.keys()) client.fail(number);
    failures++;
    client.tick();
    // The server wants one parked, and answers the older one of two at once.
    const [older, newer] = open.keys();
    if (newer === undefined) continue;
    client.answer(older ?? 0, { answer: { parked: [newer] } });
    client.tick();
  }
  expect(failures).toBeGreaterThan(80);
  // Two requests for each that was cut, and no more.
  expect(client.sent.length).toBeLessThanOrEqual(2 * failures + 3);
});
