import { describe, expect, test } from "vitest";
import { SessionEndedError, UndecodableError } from "../../src/session/errors.ts";
import { raw } from "../../src/session/raw.ts";
import { catchUncaught, failure, nextTick, open, settle, take, until } from "./pair.ts";

/** A window of 64 messages, the least that a server may grant, and none to lend. */
const SMALL = { channelsMax: 8, channelUnits: 64, windowMessages: 17 * 64 } as const;

describe("iteration", () => {
  test("yields what was sent, in order, on both sides", async () => {
    const { client, peer } = await open();
    for (let at = 0; at < 100; at++) client.send(at);
    for (let at = 0; at < 100; at++) peer.send({ at });
    expect(await take(peer, 100)).toEqual(Array.from({ length: 100 }, (_, at) => at));
    expect(await take(client, 100)).toEqual(Array.from({ length: 100 }, (_, at) => ({ at })));
  });

  test("goes on where a loop was left by break, return or throw", async () => {
    const { client, peer } = await open();
    for (let at = 1; at <= 5; at++) client.send(at);
    const seen: unknown[] = [];
    for await (const message of peer) {
      seen.push(message);
      break;
    }
    await (async () => {
      for await (const message of peer) {
        seen.push(message);
        return;
      }
    })();
    const error = await failure(
      (async () => {
        for await (const message of peer) {
          seen.push(message);
          throw new Error("mine");
        }
      })(),
    );
    expect(error).toEqual(new Error("mine"));
    expect(await take(peer, 2)).toEqual([4, 5]);
    expect(seen).toEqual([1, 2, 3]);
  });

  test("counts a message as consumed when the next one is asked for, or the loop is left", async () => {
    const { client, peer } = await open(SMALL);
    for (let at = 0; at < 64; at++) client.send(at);
    const iteration = peer[Symbol.asyncIterator]();
    for (let at = 0; at < 64; at++) await iteration.next();
    client.send("beyond");
    await settle();
    expect(client.unacknowledged).toBe(1);
    await iteration.return?.();
    await client.flushed();
    expect(client.unacknowledged).toBe(0);
  });

  test("gives each message to one of several iterations, first come, first served", async () => {
    const { client, peer } = await open();
    const first = peer[Symbol.asyncIterator]();
    const second = peer[Symbol.asyncIterator]();
    const results = [first.next(), second.next(), first.next()];
    for (const letter of "abc") client.send(letter);
    const values = (await Promise.all(results)).map(({ value }) => value);
    expect(values).toEqual(["a", "b", "c"]);
  });

  test("ends for one that was left while it waited, and takes no window with it", async () => {
    const { client, peer } = await open(SMALL);
    const iteration = peer[Symbol.asyncIterator]();
    expect(iteration[Symbol.asyncIterator]()).toBe(iteration);
    const waiting = iteration.next();
    await iteration.return?.();
    client.send("late");
    expect(await waiting).toEqual({ done: false, value: "late" });
    expect(await iteration.next()).toEqual({ done: true, value: undefined });
    for (let at = 0; at < 64; at++) client.send(at);
    await client.flushed();
    expect(client.unacknowledged).toBe(0);
  });

  test("yields what had arrived, and then ends, when the peer has closed", async () => {
    const { client, peer } = await open();
    client.send(1);
    client.send(2);
    await client.close();
    const seen: unknown[] = [];
    for await (const message of peer) seen.push(message);
    expect(seen).toEqual([1, 2]);
    expect(await peer[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
  });

  test("yields what had arrived, and then throws, when messages may be missing", async () => {
    const { client, peer } = await open();
    client.send(1);
    await client.flushed();
    client.abort(7, "enough");
    await peer.ended;
    const iteration = peer[Symbol.asyncIterator]();
    expect(await iteration.next()).toEqual({ done: false, value: 1 });
    const error = await failure(iteration.next());
    expect(error).toBeInstanceOf(SessionEndedError);
    expect(error).toMatchObject({
      code: "session_ended",
      message: "peer-ended: enough",
      ended: { reason: "peer-ended", code: 7, detail: "enough" },
    });
    expect(await failure(iteration.next())).toBe(error);
  });

  test("ends quietly on the side that aborts", async () => {
    const { client } = await open();
    const waiting = client[Symbol.asyncIterator]().next();
    client.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });
});

describe("onBundle", () => {
  test("gets what one tick sent as one bundle", async () => {
    const { client, peer } = await open();
    const bundles: unknown[][] = [];
    peer.onBundle((messages) => void bundles.push(messages));
    for (let at = 0; at < 50; at++) client.send(at);
    await client.flushed();
    for (let at = 50; at < 100; at++) client.send(at);
    await client.flushed();
    expect(bundles.map((bundle) => bundle.length)).toEqual([50, 50]);
    expect(bundles.flat()).toEqual(Array.from({ length: 100 }, (_, at) => at));
  });

  test("set late, gets what has arrived before, but not within the call that sets it", async () => {
    const { client, peer } = await open();
    client.send("early");
    await client.flushed();
    const bundles: unknown[][] = [];
    peer.onBundle((messages) => void bundles.push(messages));
    expect(bundles).toEqual([]);
    await nextTick();
    expect(bundles).toEqual([["early"]]);
  });

  test("waits for the promise of a callback, and then gets all that came meanwhile", async () => {
    const { client, peer } = await open();
    const bundles: unknown[][] = [];
    let release = (): void => {};
    peer.onBundle((messages) => {
      bundles.push(messages);
      return new Promise((resolve) => (release = resolve));
    });
    client.send(1);
    await until(() => bundles.length === 1);
    client.send(2);
    await client.flushed();
    client.send(3);
    await client.flushed();
    expect(bundles).toEqual([[1]]);
    release();
    await until(() => bundles.length === 2);
    expect(bundles).toEqual([[1], [2, 3]]);
    release();
  });

  test("takes anything with a then for a promise", async () => {
    const { client, peer } = await open();
    const bundles: unknown[][] = [];
    let release = (): void => {};
    peer.onBundle((messages) => {
      bundles.push(messages);
      // oxlint-disable-next-line unicorn/no-thenable -- What a library of promises returns.
      return { then: (done: () => void) => (release = done) } as unknown as Promise<void>;
    });
    client.send(1);
    await until(() => bundles.length === 1);
    client.send(2);
    await client.flushed();
    expect(bundles).toEqual([[1]]);
    release();
    await until(() => bundles.length === 2);
  });

  test("goes on after a callback that throws, and the host sees the error", async () => {
    const caught = catchUncaught();
    const { client, peer } = await open();
    const seen: unknown[] = [];
    peer.onBundle((messages) => {
      seen.push(...messages);
      throw new Error("sync");
    });
    client.send(1);
    await client.flushed();
    peer.onBundle((messages) => {
      seen.push(...messages);
      return Promise.reject(new Error("async"));
    });
    client.send(2);
    await client.flushed();
    client.send(3);
    await until(() => seen.length === 3);
    await settle();
    expect(seen).toEqual([1, 2, 3]);
    expect(caught.map(String)).toEqual(["Error: sync", "Error: async", "Error: async"]);
    expect(peer.status.state).toBe("open");
  });

  test("forgives a reply to the last messages of a peer that has closed", async () => {
    const caught = catchUncaught();
    const { client, peer } = await open();
    const codes: string[] = [];
    peer.onBundle(() => {
      try {
        peer.send("reply");
      } catch (error) {
        codes.push((error as { code: string }).code);
        throw error;
      }
    });
    client.send("request");
    await client.close();
    expect(codes).toEqual(["session_closed"]);
    await settle();
    expect(caught).toEqual([]);
  });

  test("shows the host that another session had closed", async () => {
    const caught = catchUncaught();
    const other = await open();
    await other.client.close();
    const { client, peer } = await open();
    peer.onBundle((messages) => {
      for (const message of messages) other.client.send(message);
    });
    client.send("to be passed on");
    await until(() => caught.length > 0);
    expect(caught).toMatchObject([{ code: "session_closed" }]);
  });

  test("is replaced by a later callback, which waits until the earlier one is done", async () => {
    const { client, peer } = await open();
    const calls: string[] = [];
    let release = (): void => {};
    peer.onBundle((messages) => {
      calls.push(`first ${String(messages)}`);
      peer.onBundle((others) => void calls.push(`second ${String(others)}`));
      return new Promise((resolve) => (release = resolve));
    });
    client.send(1);
    await until(() => calls.length === 1);
    client.send(2);
    await client.flushed();
    expect(calls).toEqual(["first 1"]);
    release();
    await until(() => calls.length === 2);
    expect(calls).toEqual(["first 1", "second 2"]);
  });

  test("gets nothing before a loop has seen what it was handed", async () => {
    const { client, peer } = await open();
    for (let at = 0; at < 10; at++) client.send(at);
    await client.flushed();
    const seen: unknown[] = [];
    void (async () => {
      for await (const message of peer) seen.push(message);
    })();
    await Promise.resolve();
    peer.onBundle((messages) => void seen.push(...messages));
    await until(() => seen.length === 10);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("set after the end, gets what nobody has taken", async () => {
    const { client, peer } = await open();
    client.send("late");
    await client.close();
    await peer.ended;
    const seen: unknown[] = [];
    peer.onBundle((messages) => void seen.push(...messages));
    await nextTick();
    expect(seen).toEqual(["late"]);
  });

  test("leaves iterations only the end", async () => {
    const { client, peer } = await open();
    const seen: unknown[] = [];
    const waiting = peer[Symbol.asyncIterator]().next();
    peer.onBundle((messages) => void seen.push(...messages));
    client.send(1);
    await client.close();
    expect(seen).toEqual([1]);
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test("gets its last messages before the session is told to have ended", async () => {
    const { client, peer } = await open();
    const order: string[] = [];
    peer.onBundle((messages) => void order.push(`messages ${String(messages)}`));
    peer.on("status", ({ state }) => order.push(state));
    peer.on("ended", ({ reason }) => order.push(`ended ${reason}`));
    client.send("last");
    await client.close();
    await peer.ended;
    expect(order).toEqual(["messages last", "closing", "ended", "ended closed"]);
  });
});

test("Replies to a bundle, sent in the callback or in promises, ride on one answer", async () => {
  const { client, peer } = await open();
  peer.onBundle(async (messages) => {
    for (const message of messages) {
      peer.send(message);
      await Promise.resolve();
    }
  });
  await settle();
  const before = peer.stats.bodiesSent;
  for (let at = 0; at < 20; at++) client.send(at);
  expect(await take(client, 20)).toHaveLength(20);
  expect(peer.stats.bodiesSent - before).toBe(1);
});

test("A payload that the codec cannot read ends the session, typed, on both sides", async () => {
  const { client, peer } = await open({}, { codec: raw });
  client.send(new Uint8Array([0x01]));
  client.send(new Uint8Array([0x91]));
  client.send(new Uint8Array([0x02]));
  const iteration = peer[Symbol.asyncIterator]();
  expect(await iteration.next()).toEqual({ done: false, value: 1 });
  const error = await failure(iteration.next());
  expect(error).toBeInstanceOf(UndecodableError);
  expect(error).toMatchObject({ code: "payload_undecodable", cause: expect.any(Error) });
  expect(await peer.ended).toMatchObject({
    reason: "aborted",
    by: "local",
    code: 0x1000,
    detail: "payload_undecodable",
  });
  expect(await client.ended).toMatchObject({ reason: "peer-ended", detail: "payload_undecodable" });
  expect(await failure(iteration.next())).toBe(error);
});

test("A callback gets what came before a payload that cannot be read, and nothing after", async () => {
  const { client, peer } = await open({}, { codec: raw });
  const bundles: unknown[][] = [];
  peer.onBundle((messages) => void bundles.push(messages));
  for (const byte of [0x01, 0x91, 0x02]) client.send(new Uint8Array([byte]));
  await peer.ended;
  client.abort();
  await settle();
  expect(bundles).toEqual([[1]]);
});

test("A payload that cannot be read is an error also when the session has ended before", async () => {
  const { client, peer } = await open({}, { codec: raw });
  client.send(new Uint8Array([0x91]));
  await client.close();
  const error = await failure(peer[Symbol.asyncIterator]().next());
  expect(error).toBeInstanceOf(UndecodableError);
  expect(await peer.ended).toMatchObject({ reason: "closed" });
});

test("What nobody takes lets go of the bodies that brought it, and is the same afterwards", async () => {
  const { client, peer } = await open({ codec: raw }, { codec: raw });
  const noise = peer.on("channel", (channel) => channel.onBundle(() => {}));
  const channel = client.channel("noise");
  for (let round = 0; round < 20; round++) {
    client.send(new Uint8Array(3).fill(round));
    client.send(new Uint8Array(0));
    channel.send(new Uint8Array(10_000));
    await client.flushed();
  }
  noise();
  await nextTick();
  const messages = (await take(peer, 40)) as Uint8Array[];
  const buffers = new Set(messages.map(({ buffer }) => buffer));
  const bytes = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(bytes).toBe(60);
  for (let round = 0; round < 20; round++) {
    expect([...(messages[2 * round] as Uint8Array)]).toEqual([round, round, round]);
    expect(messages[2 * round + 1]).toHaveLength(0);
  }
});
