import { expect, test } from "vitest";
import { Dialogue } from "../core/scripted-server.ts";

// An answer came 19.5 s late, and the timeout grew to 58.5 s; then one request was lost without
// a word. Hold time and timeout together lay beyond the limit of silence, so that the session ended
// without a second try.
test("[EXCH-5] a request lost after a very late answer is sent again before silence ends all", () => {
  const client = new Dialogue();
  client.tick();
  client.pass(19_500);
  client.open();
  const lost = client.sent.at(-1);
  expect(client.side.roundTrip.timeoutMs).toBeGreaterThan(35_000);

  const [again] = client.pass(59_000);

  expect(again?.exchange).toBeGreaterThan(lost?.exchange ?? Infinity);
  expect(client.side.state).toBe("open");
});
