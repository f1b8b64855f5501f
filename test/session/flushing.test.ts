import { expect, test } from "vitest";
import { SessionEndedError } from "../../src/session/errors.ts";
import { begin, failure, open, settle, take } from "./pair.ts";

test("flushed resolves at once when there is nothing to be held", async () => {
  const { client } = begin();
  await client.flushed();
  expect(client.status.state).toBe("opening");
});

test("flushed waits for what was accepted before, on all channels, and for nothing later", async () => {
  const { client, peer, carrier } = await open({ windowBytes: 17 * 16_384, channelsMax: 8 });
  const busy = client.channel("busy");
  const other = client.channel("other");
  await client.flushed();
  carrier.failure = "offline";
  client.send("zero");
  busy.send("one");
  other.send("two");
  const order: string[] = [];
  const first = client.flushed().then(() => order.push("first"));
  // More than the window: it cannot all be taken, as nobody reads.
  for (let at = 0; at < 100; at++) busy.send(new Uint8Array(10_000));
  const second = client.flushed().then(() => order.push("second"));
  await settle();
  expect(order).toEqual([]);
  carrier.failure = undefined;
  carrier.comeBack();
  await first;
  expect(order).toEqual(["first"]);
  expect(client.unacknowledged).toBeGreaterThan(0);
  const theirs = peer.channels.find(({ label }) => label === "busy");
  theirs?.onBundle(() => {});
  await second;
  expect(order).toEqual(["first", "second"]);
  expect(await take(peer, 1)).toEqual(["zero"]);
});

test("flushed of a channel that is reset meanwhile waits for nothing of it", async () => {
  const { client, carrier } = await open();
  carrier.failure = "offline";
  const channel = client.channel("x");
  channel.send(1);
  const flushed = client.flushed();
  channel.reset();
  carrier.failure = undefined;
  carrier.comeBack();
  await flushed;
  expect(client.bufferedBytes).toBe(0);
});

test("flushed resolves with a close whose last word is the acknowledgement", async () => {
  const { client, peer } = await open();
  await settle();
  const order: string[] = [];
  client.send("crosses the other side's end");
  void client.flushed().then(() => order.push("flushed"));
  void peer.close();
  void client.ended.then(() => order.push("ended"));
  await client.ended;
  expect(order).toEqual(["flushed", "ended"]);
});

test("flushed resolves at the end of a close, and rejects at any other, before and after", async () => {
  const closed = await open();
  closed.client.send(1);
  const before = closed.client.flushed();
  await closed.client.close();
  await before;
  await closed.client.flushed();

  const aborted = await open();
  aborted.client.send(1);
  const flushed = failure(aborted.client.flushed());
  aborted.client.abort();
  const error = await flushed;
  expect(error).toBeInstanceOf(SessionEndedError);
  expect(error).toMatchObject({ message: "aborted", ended: { neverSent: [{ channel: 0 }] } });
  await aborted.client.ended;
  expect(await failure(aborted.client.flushed())).toBeInstanceOf(SessionEndedError);
});
