import { expect, onTestFinished, test, vi } from "vitest";
import { ParkSide } from "../../src/core/index.ts";
import { connectOver } from "../../src/session/client-session.ts";
import { json } from "../../src/session/json.ts";
import { msgpack } from "../../src/session/msgpack.ts";
import { raw } from "../../src/session/raw.ts";
import { SessionServer } from "../../src/session/server.ts";
import { MemoryCarrier } from "./memory-carrier.ts";
import { begin, open, settle, take, thrown, until } from "./pair.ts";

test("Messages may be sent before the server has answered, and make one body", async () => {
  const { client, peer, carrier } = begin();
  for (let at = 0; at < 10; at++) expect(client.send(at)).toBe(true);
  expect(client.status).toMatchObject({ state: "opening", reason: "" });
  expect(await take(await peer, 10)).toHaveLength(10);
  expect(carrier.exchanges).toBeLessThanOrEqual(2);
});

test("Returns false above the high-water mark, and ready resolves at half of it", async () => {
  const { client, peer } = await open({}, { codec: raw, highWaterBytes: 10_000 });
  await client.ready;
  expect(client.send(new Uint8Array(6_000))).toBe(true);
  expect(client.send(new Uint8Array(6_000))).toBe(false);
  expect(client.send(new Uint8Array(1))).toBe(false);
  expect(client.bufferedBytes).toBe(12_001);
  expect(client.unacknowledged).toBe(3);
  let bytes = -1;
  const room = client.ready.then(() => (bytes = client.bufferedBytes));
  expect(client.ready).toBe(client.ready);
  expect(bytes).toBe(-1);
  await room;
  expect(bytes).toBeLessThanOrEqual(5_000);
  expect(client.send(new Uint8Array(1))).toBe(true);
  await client.ready;
  await peer.flushed();
});

test("ready resolves at the end too, and send says why it cannot", async () => {
  const { client } = await open({}, { codec: raw, highWaterBytes: 10 });
  expect(client.send(new Uint8Array(10))).toBe(false);
  const { ready } = client;
  client.abort();
  await ready;
  await client.ready;
  expect(thrown(() => client.send(new Uint8Array(1)))).toMatchObject({ code: "session_closed" });
});

test("Refuses what it cannot take, typed, and goes on", async () => {
  const limits = { sendBufferBytesMax: 40_000, highWaterBytes: 1_000, sendBufferMessagesMax: 4 };
  const { client, peer } = await open(
    { codec: raw, messageBytesMax: 20_000 },
    { ...limits, codec: raw },
  );
  const codeOf = (call: () => unknown): unknown => (thrown(call) as { code: unknown }).code;
  expect(codeOf(() => client.send(new Uint8Array(20_001)))).toBe("message_too_large");
  expect(codeOf(() => client.send("text"))).toBe("payload_invalid");
  expect(codeOf(() => client.send(new Uint8Array(1), { key: 1 }))).toBe("key_invalid");
  client.send(new Uint8Array(20_000));
  client.send(new Uint8Array(20_000));
  expect(codeOf(() => client.send(new Uint8Array(1)))).toBe("buffer_full");
  expect(await take(peer, 2)).toHaveLength(2);
  await client.flushed();
  for (let at = 0; at < 4; at++) client.send(new Uint8Array(1));
  expect(codeOf(() => client.send(new Uint8Array(1)))).toBe("buffer_full");
});

test("An encoder that throws reaches send, and nothing is sent", async () => {
  const { client, peer } = await open({ codec: json }, { codec: json });
  const circle: unknown[] = [];
  circle.push(circle);
  expect(thrown(() => client.send(circle))).toBeInstanceOf(TypeError);
  expect(thrown(() => client.send(undefined))).toMatchObject({
    message: "JSON has no text for this message",
  });
  expect(client.unacknowledged).toBe(0);
  client.send("next");
  expect(await take(peer, 1)).toEqual(["next"]);
});

test("Counts what was sent, delivered and not yet acknowledged", async () => {
  const { client, peer } = await open();
  client.send("a");
  expect(client.unacknowledged).toBe(1);
  expect(await take(peer, 1)).toEqual(["a"]);
  await client.flushed();
  expect(client.unacknowledged).toBe(0);
  expect(client.bufferedBytes).toBe(0);
  expect(client.stats).toMatchObject({ messagesSent: 1, bodiesUnreadable: 0 });
  expect(peer.stats).toMatchObject({ messagesDelivered: 1, duplicatesDropped: 0 });
});

test("Large messages pass in parts, both ways, among small ones", async () => {
  const { client, peer } = await open({ codec: raw }, { codec: raw });
  const large = new Uint8Array(3_000_000).map((_, at) => at * 7);
  for (const payload of [new Uint8Array(1), large, new Uint8Array(2)]) {
    client.send(payload);
    peer.send(payload);
  }
  for (const side of [client, peer]) {
    const messages = (await take(side, 3)) as Uint8Array[];
    expect(messages.map(({ length }) => length)).toEqual([1, 3_000_000, 2]);
    expect(Buffer.compare(messages[1] as Uint8Array, large)).toBe(0);
  }
});

test("A carrier says how many requests with messages may be out, unless the options do", async () => {
  const { server } = await open();
  const most: number[] = [];
  for (const options of [{}, { carriersMax: 3 }]) {
    const carrier = new MemoryCarrier(server);
    carrier.carriersMax = 1;
    const client = connectOver(carrier, msgpack, options);
    await client.opened;
    await settle();
    carrier.isSilent = true;
    for (let at = 0; at < 10; at++) {
      client.send(at);
      await settle();
    }
    most.push(carrier.held);
    client.abort();
  }
  // One is parked beside them.
  expect(most).toEqual([2, 4]);
});

test("What fills a body for many in one tick takes a turn of each, not of all for each", async () => {
  const server = new SessionServer({ codec: raw, onSession: () => {} });
  const clients = Array.from({ length: 20 }, () => connectOver(new MemoryCarrier(server), raw));
  onTestFinished(() => clients.forEach((client) => client.abort()));
  await Promise.all(clients.map(({ opened }) => opened));
  await settle();
  const turns = vi.spyOn(ParkSide.prototype, "handleTimeout");
  onTestFinished(() => turns.mockRestore());
  for (const session of server.sessions) {
    for (let at = 0; at < 3; at++) session.send(new Uint8Array(100_000));
  }
  expect(turns).toHaveBeenCalledTimes(20);
  await Promise.all(clients.map((client) => take(client, 3)));
});

test("With nothing to say nothing moves", async () => {
  const { client, peer, carrier } = await open();
  client.send(1);
  await client.flushed();
  await peer.flushed();
  await settle();
  const before = carrier.exchanges;
  await settle();
  expect(carrier.exchanges).toBe(before);
  await until(() => carrier.held === 1);
});
