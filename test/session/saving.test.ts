import { expect, test } from "vitest";
import type { Channel } from "../../src/session/channel.ts";
import { type ClientSession, connectOver } from "../../src/session/client-session.ts";
import type { CodecFactory } from "../../src/session/codec.ts";
import { ChannelResetError } from "../../src/session/errors.ts";
import { msgpack } from "../../src/session/msgpack.ts";
import { raw } from "../../src/session/raw.ts";
import { MemoryCarrier } from "./memory-carrier.ts";
import { begin, failure, open, pass, settle, stopTime, take, thrown, until } from "./pair.ts";

/** What a page's reload does: the old one is gone without a word. */
function reload(
  { client, carrier }: { readonly client: ClientSession; readonly carrier: MemoryCarrier },
  codec: CodecFactory = msgpack,
): { readonly client: ClientSession; readonly carrier: MemoryCarrier } {
  const saved = client.save();
  carrier.isSilent = true;
  const next = new MemoryCarrier(carrier.server);
  return { client: connectOver(next, codec, { resume: saved }), carrier: next };
}

test("A saved session goes on, and its old self is told that it is superseded", async () => {
  const { client, carrier, peer } = await open();
  client.send("before");
  const next = new MemoryCarrier(carrier.server);
  const resumed = connectOver(next, msgpack, { resume: client.save() });
  expect(resumed.status.state).toBe("open");
  await resumed.opened;
  resumed.send("after");
  expect(await take(peer, 2)).toEqual(["before", "after"]);
  peer.send("back");
  expect(await take(resumed, 1)).toEqual(["back"]);
  expect(await client.ended).toMatchObject({ reason: "superseded", by: "peer" });
  expect(peer.status.state).toBe("open");
  resumed.abort();
});

test("Messages that arrived and were not taken are there after a reload, those taken are not", async () => {
  const pair = await open();
  for (let at = 0; at < 10; at++) pair.peer.send(at);
  const iteration = pair.client[Symbol.asyncIterator]();
  for (let at = 0; at < 3; at++) expect((await iteration.next()).value).toBe(at);
  await pair.peer.flushed();
  // 0 and 1 are consumed, 2 was handed out and is not consumed.
  const { client } = reload(pair);
  expect(await take(client, 7)).toEqual([3, 4, 5, 6, 7, 8, 9]);
  pair.peer.send("more");
  expect(await take(client, 1)).toEqual(["more"]);
  client.abort();
});

test("A reload with a bundle in hand gives its credit back", async () => {
  const limits = { channelsMax: 8, channelUnits: 64, windowMessages: 17 * 64 };
  const pair = begin({}, limits);
  const peer = await pair.peer;
  pair.client.onBundle(() => new Promise(() => {}));
  for (let at = 0; at < 64; at++) peer.send(at);
  await peer.flushed();
  const { client } = reload(pair);
  for (let at = 0; at < 64; at++) peer.send(at);
  expect(await take(client, 64)).toHaveLength(64);
  client.abort();
});

test("Several generations, with traffic both ways and channels, lose and double nothing", async () => {
  const pair = await open();
  const { peer } = pair;
  const atPeer: unknown[] = [];
  const onChannel: unknown[] = [];
  peer.onBundle((messages) => void atPeer.push(...messages));
  peer.on("channel", (channel) => {
    channel.onBundle((messages) => {
      onChannel.push(...messages);
      for (const message of messages) channel.send(message);
    });
  });
  pair.client.channel("side");
  let { client, carrier } = pair as { client: ClientSession; carrier: MemoryCarrier };
  const atClient: unknown[] = [];
  const echoed: unknown[] = [];
  for (let generation = 0; generation < 8; generation++) {
    const [side] = client.channels;
    expect(side).toMatchObject({ label: "side", mode: "ordered", isOwn: true });
    for (let at = 0; at < 100; at++) {
      client.send([generation, at]);
      side?.send([generation, at]);
      peer.send([generation, at]);
    }
    // Some generations take what there is, some leave it to the next; all are cut in mid-stream.
    if (generation % 2 === 1) {
      client.onBundle((messages) => void atClient.push(...messages));
      side?.onBundle((messages) => void echoed.push(...messages));
    }
    for (let tick = 0; tick < generation; tick++) await new Promise((done) => setImmediate(done));
    ({ client, carrier } = reload({ client, carrier }));
  }
  client.onBundle((messages) => void atClient.push(...messages));
  client.channels[0]?.onBundle((messages) => void echoed.push(...messages));
  const all = Array.from({ length: 800 }, (_, at) => [Math.floor(at / 100), at % 100]);
  await until(() => atClient.length >= 800 && echoed.length >= 800 && atPeer.length >= 800);
  await settle();
  expect(atPeer).toEqual(all);
  expect(atClient).toEqual(all);
  expect(onChannel).toEqual(all);
  expect(echoed).toEqual(all);
  client.abort();
});

test("A session that was never answered can be saved too", async () => {
  const pair = begin();
  pair.carrier.failure = "offline";
  pair.client.send("first");
  pair.client.channel("side").send("second");
  await settle();
  const { client } = reload(pair);
  expect(client.status.state).toBe("opening");
  const peer = await pair.peer;
  expect(await take(peer, 1)).toEqual(["first"]);
  await client.opened;
  expect(client.status.state).toBe("open");
  client.abort();
});

test("What the peer has finished, closed or abandoned stays so after a reload", async () => {
  const pair = await open();
  const { peer } = pair;
  const finished = pair.client.channel("finished");
  const abandoned = pair.client.channel("abandoned");
  finished.send(0);
  abandoned.send(0);
  await until(() => peer.channels.length === 2);
  for (const channel of peer.channels) {
    channel.send("last");
    if (channel.label === "finished") channel.finish();
    else channel.reset(9);
  }
  await peer.flushed();
  await until(() => pair.client.channels.length === 1);
  const { client } = reload(pair);
  const again = client.channels.find(({ label }) => label === "finished");
  expect(await take(again as Channel, 2)).toEqual(["last"]);
  client.abort();
});

test("A channel that was abandoned while its last message is in hand is abandoned after a reload", async () => {
  const pair = await open();
  const channel = pair.client.channel("x");
  channel.send(0);
  await until(() => pair.peer.channels.length === 1);
  pair.peer.channels[0]?.send("in hand");
  const iteration = channel[Symbol.asyncIterator]();
  await iteration.next();
  pair.peer.channels[0]?.reset(9);
  await until(() => {
    try {
      channel.send(1);
      return false;
    } catch {
      return true;
    }
  });
  const { client } = reload(pair);
  const error = await failure(take(client.channels[0] as Channel, 1));
  expect(error).toBeInstanceOf(ChannelResetError);
  expect(error).toMatchObject({ resetCode: 9 });
  await until(() => client.channels.length === 0);
  client.abort();
});

test("A session that the peer has closed ends after a reload, with what was not taken", async () => {
  const pair = await open();
  const { peer } = pair;
  pair.carrier.faults = { seed: 1, loseRequest: 0 };
  peer.send("last words");
  const closed = peer.close();
  await until(() => pair.client.status.state === "closing");
  const { client } = reload(pair);
  expect(client.status.state).toBe("closing");
  expect(await take(client, 2)).toEqual(["last words"]);
  expect(await client.ended).toMatchObject({ reason: "closed" });
  expect(await closed).toMatchObject({ reason: "closed" });
});

test("Times mean the same after a reload: a message expires when it would have", async () => {
  stopTime();
  const pair = await open();
  const channel = pair.client.channel("voice", { ttlMs: 10_000 });
  pair.carrier.isSilent = true;
  pair.carrier.cutAll();
  await settle();
  channel.send("stale");
  await pass(6_000);
  const saved = pair.client.save();
  const next = new MemoryCarrier(pair.server);
  next.failure = "offline";
  const client = connectOver(next, msgpack, { resume: saved });
  const told: unknown[] = [];
  client.on("givenUp", (info) => told.push(info));
  await pass(3_900);
  expect(told).toEqual([]);
  await pass(200);
  expect(told).toEqual([
    { label: "voice", neverSent: expect.any(Number), sent: expect.any(Number) },
  ]);
  client.abort();
});

test("What is saved is text, with the bytes of messages that wait, and nothing of their bodies", async () => {
  const pair = await open({ codec: raw }, { codec: raw });
  const payload = new Uint8Array(20_000).map((_, at) => at);
  pair.peer.send(payload);
  pair.peer.send(new Uint8Array(0));
  await pair.peer.flushed();
  const saved = pair.client.save();
  expect(saved.length).toBeGreaterThan(26_000);
  expect(saved.length).toBeLessThan(40_000);
  const { client } = reload(pair, raw);
  expect(await take(client, 2)).toEqual([payload, new Uint8Array(0)]);
  client.abort();
});

test("After the end there is nothing to save", async () => {
  const { client } = await open();
  await client.close();
  expect(thrown(() => client.save())).toMatchObject({ code: "session_closed" });
});

test("Anything but a saved session is refused, and nothing is begun with it", async () => {
  const { client, server, peer } = await open();
  peer.send("waits");
  await peer.flushed();
  client.channel("x");
  const saved = client.save();
  const parsed = JSON.parse(saved) as { inboxes: Record<string, unknown>[] };
  const changed = (change: (state: typeof parsed) => unknown): string => {
    const state = structuredClone(parsed);
    return JSON.stringify(change(state) ?? state);
  };
  const carrier = new MemoryCarrier(server);
  const inboxWith = (fields: object): string =>
    changed((state) => void Object.assign(state.inboxes[0] as object, fields));
  for (const text of [
    "",
    "null",
    "1",
    "[]",
    '{"version":1}',
    saved.slice(0, -1),
    changed((state) => ({ ...state, version: 2 })),
    changed((state) => ({ ...state, core: { version: 1, root: 5, nodes: [] } })),
    changed((state) => ({ ...state, core: { version: 1, root: { node: 7 }, nodes: [] } })),
    changed((state) => ({ ...state, inboxes: [] })),
    changed((state) => ({ ...state, inboxes: state.inboxes.slice(0, 1) })),
    inboxWith({ handedOut: 1 }),
    inboxWith({ handedOut: "1" }),
    inboxWith({ arrived: [] }),
    inboxWith({ arrived: ["text"] }),
    inboxWith({ facts: { label: "", mode: "ordered", isOwn: true } }),
  ]) {
    expect(thrown(() => connectOver(carrier, msgpack, { resume: text }))).toMatchObject({
      code: "state_invalid",
    });
  }
  await settle();
  expect(carrier).toMatchObject({ exchanges: 0, isWatched: false });
});
