import { expect, test } from "vitest";
import { Bench, bytesOf, CLIENT_PARAMETERS, ScriptedClient } from "../core/scripted-client.ts";

// A client in a browser kept one request parked and sent messages on one beside it. The server had
// been caught with nothing parked and wanted two: it held both, each of them answered the other's
// wish, and the client's next message had no request to leave on until the hold time was over.

test("[PARK-6] a server wants no more requests parked than its client keeps", () => {
  const client = new ScriptedClient(new Bench({ parkedMax: 4 }));
  client.request(1, { open: { ...CLIENT_PARAMETERS, parkedMax: 1 } });
  client.bench.take();
  client.request(2, { overThrough: 1 });
  client.bench.gone(client.session, client.side.parked[0]?.handle ?? 0);

  client.bench.command(client.session, (side) => side.send(client.bench.nowMs, bytesOf("push")));
  expect(client.side.parked).toEqual([]);
  expect(client.side.parkedWanted).toBe(1);

  // So of two requests one is answered at once, and its place is free for the next message.
  client.request(3, { overThrough: 2 });
  client.request(4, { overThrough: 3, ack: 1 });
  client.request(5, { overThrough: 3, ack: 1 });
  expect(client.side.parked.map(({ exchange }) => exchange)).toEqual([5]);
});
