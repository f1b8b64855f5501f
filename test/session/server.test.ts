import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { ENDPOINT_DEFAULTS } from "../../src/core/index.ts";
import { connectOver } from "../../src/session/client-session.ts";
import { SessionEndedError } from "../../src/session/errors.ts";
import { json } from "../../src/session/json.ts";
import { msgpack } from "../../src/session/msgpack.ts";
import { type PeerSession, type ServerOptions, SessionServer } from "../../src/session/server.ts";
import { MemoryCarrier } from "./memory-carrier.ts";
import { begin, catchUncaught, open, pass, settle, stopTime, take, thrown, until } from "./pair.ts";

type Settings = NonNullable<Parameters<typeof begin>[0]>;

test("A draining server answers everybody with what waits, and clients come back and lose nothing", async () => {
  stopTime();
  const { server, client, peer, carrier } = await open();
  await settle();
  const ended = vi.fn<() => void>();
  client.on("ended", ended);
  peer.send("before");
  server.drain(2_000, 4_000);
  await settle();
  expect(await take(client, 1)).toEqual(["before"]);
  expect(carrier.held).toBe(0);
  const { exchanges } = carrier;
  client.send("waits");
  peer.send("waits too");
  await pass(1_900);
  expect(carrier.exchanges).toBe(exchanges);
  await pass(2_300);
  expect(await take(peer, 1)).toEqual(["waits"]);
  expect(await take(client, 1)).toEqual(["waits too"]);
  expect(ended).not.toHaveBeenCalled();
});

test("A draining server opens no session, and its clients ask again later", async () => {
  stopTime();
  const { server } = await open();
  server.drain(1_000, 2_000);
  const late = new MemoryCarrier(server);
  const client = connectOver(late, msgpack);
  await settle();
  expect(late.answers).toBe(1);
  expect(client.status.state).toBe("opening");
  // What takes its place, at the same address.
  late.server = new SessionServer({ onSession: (session) => void session.send("welcome") });
  await pass(2_500);
  expect(await take(client, 1)).toEqual(["welcome"]);
  client.abort();
});

test("The bounds of a drain's pause are checked", async () => {
  const { server } = await open();
  expect(thrown(() => server.drain(0, 1))).toMatchObject({ code: "option_invalid" });
  expect(thrown(() => server.drain(2, 1))).toMatchObject({ code: "option_invalid" });
});

test("Abort ends every session, those that open too, and none opens any more", async () => {
  const { server, client, peer } = await open();
  const second = new MemoryCarrier(server);
  const other = connectOver(second, msgpack);
  await other.opened;
  server.abort(5, "maintenance");
  const told = { reason: "peer-ended", code: 5, detail: "maintenance" };
  expect(await client.ended).toMatchObject(told);
  expect(await other.ended).toMatchObject(told);
  expect(await peer.ended).toMatchObject({ reason: "aborted", by: "local", code: 5 });
  expect(server.sessions).toEqual([]);
  const late = connectOver(new MemoryCarrier(server), msgpack);
  await settle();
  expect(late.status.state).toBe("opening");
  late.abort();
});

test("Abort within a callback ends what it interrupts, in order", async () => {
  const { server, client, peer } = await open();
  const told: string[] = [];
  peer.on("ended", ({ reason }) => told.push(reason));
  peer.on("channel", ({ label }) => told.push(label));
  peer.onBundle((messages) => {
    server.abort();
    told.push(`got ${String(messages)}`);
  });
  client.send(1);
  client.channel("later").send(2);
  await client.ended;
  expect(told).toEqual(["later", "got 1", "aborted"]);
});

test("A client that had no request out hears of the abort when it asks", async () => {
  stopTime();
  const { server, client, carrier } = await open();
  carrier.failure = "offline";
  carrier.cutAll();
  await pass(3_000);
  server.abort(2, "gone");
  await pass(3_000);
  expect(client.status.state).toBe("interrupted");
  carrier.failure = undefined;
  await pass(6_000);
  expect(await client.ended).toMatchObject({ reason: "peer-ended", code: 2, detail: "gone" });
});

test("Lists the sessions that live", async () => {
  const { server, client, peer } = await open();
  expect(server.sessions).toEqual([peer]);
  await client.close();
  await peer.ended;
  expect(server.sessions).toEqual([]);
});

test("Limits of the core are the server's: too many sessions of one address are refused", async () => {
  const { server } = await open({ sessionsPerAddressMax: 1 });
  const same = connectOver(new MemoryCarrier(server), msgpack);
  expect(await same.ended).toMatchObject({ reason: "refused", code: 0x1004 });
  const carrier = new MemoryCarrier(server);
  carrier.address = "192.0.2.2";
  const other = connectOver(carrier, msgpack);
  await other.opened;
  expect(server.sessions.map(({ address }) => address)).toEqual(["192.0.2.1", "192.0.2.2"]);
  other.abort();
});

test("Refuses options that would do nothing, or not what they say", () => {
  const onSession = (): void => {};
  for (const [options, code] of [
    [undefined, "option_invalid"],
    [null, "option_invalid"],
    [{}, "option_invalid"],
    [{ onSession, codec: "json" }, "option_invalid"],
    [{ onSession, codec: json() }, "option_invalid"],
    [{ onSession, onError: "log" }, "option_invalid"],
    [{ onSession, consume: "automatic" }, "option_unknown"],
    [{ onSession, seed: 1 }, "option_unknown"],
    [{ onSession, authenticate: true }, "option_invalid"],
    [{ onSession, reauthenticateAfterMs: Number.NaN }, "option_invalid"],
    [{ onSession, lostAfterMs: "5s" }, "option_invalid"],
    [{ onSession, sessionMax: 5 }, "option_unknown"],
    [{ onSession, sessionsMax: -5 }, "option_invalid"],
  ] as const) {
    expect(thrown(() => new SessionServer(options as never))).toMatchObject({ code });
  }
  expect(new SessionServer({ onSession, bodyBytesMax: 65_536 }).bodyBytesMax).toBe(65_536);
  // Undefined is absent, as where an environment variable is not set.
  const unset = new SessionServer({ onSession, bodyBytesMax: undefined, codec: undefined });
  expect(unset.bodyBytesMax).toBe(ENDPOINT_DEFAULTS.bodyBytesMax);
});

describe("a service that fails", () => {
  type Told = Parameters<NonNullable<ServerOptions<unknown, unknown>["onError"]>>;

  /** A session whose service ends as the test says, and what `onError` was told. */
  async function serve(onSession: (session: PeerSession) => unknown): Promise<{
    readonly told: Told[];
    readonly pair: Awaited<ReturnType<typeof open>>;
  }> {
    const told: Told[] = [];
    const pair = await open({
      onSession: onSession as () => void,
      onError: (...args) => void told.push(args),
    });
    return { told, pair };
  }

  test("by a message ends its session, and onError is told of both", async () => {
    const caught = catchUncaught();
    const { told, pair } = await serve(async (session) => {
      for await (const message of session) session.send((message as { text: string }).text.length);
    });
    pair.client.send({ text: "four" });
    pair.client.send({});
    expect(await pair.client.ended).toMatchObject({
      reason: "peer-ended",
      code: 1,
      detail: "service_failed",
    });
    expect(told).toEqual([[expect.any(TypeError), pair.peer]]);
    expect(await pair.peer.ended).toMatchObject({ reason: "aborted", detail: "service_failed" });
    await settle();
    expect(caught).toEqual([]);
    const other = connectOver(pair.carrier, msgpack);
    await other.opened;
    other.abort();
  });

  test("at once ends its session as well", async () => {
    const error = new Error("sync");
    const told: unknown[] = [];
    const { client } = begin({
      onSession() {
        throw error;
      },
      onError: (failed) => void told.push(failed),
    });
    expect(await client.ended).toMatchObject({ detail: "service_failed" });
    expect(told).toEqual([error]);
  });

  test("by the end of another session ends its own, and says why", async () => {
    const foreign = await open();
    foreign.client.abort();
    const error = new SessionEndedError(await foreign.client.ended);
    const told: unknown[] = [];
    const { client } = begin({
      onSession: () => Promise.reject(error),
      onError: (failed) => void told.push(failed),
    });
    expect(await client.ended).toMatchObject({ detail: "service_failed" });
    expect(told).toEqual([error]);
  });

  test("by the end of its own session is no news", async () => {
    const { told, pair } = await serve(async (session) => {
      for await (const message of session) void message;
    });
    pair.client.abort();
    await pair.peer.ended;
    await settle();
    expect(told).toEqual([]);
  });

  test("by the client's close alone lets the session close", async () => {
    const { told, pair } = await serve(async (session) => {
      for await (const message of session) session.send(message);
    });
    pair.client.send("last");
    expect(await pair.client.close()).toMatchObject({ reason: "closed" });
    expect(told).toEqual([]);
  });

  test("by a message to a session that its peer closes is told, as it ends another one", async () => {
    const served: PeerSession[] = [];
    const { told, pair } = await serve(async (session) => {
      served.push(session);
      for await (const message of session) for (const each of served) each.send(message);
    });
    const other = connectOver(pair.carrier, msgpack);
    await other.opened;
    await until(() => served.length === 2);
    const [first, second] = served as [PeerSession, PeerSession];
    const isRefused = new Promise<void>((resolve) => {
      second.on("status", ({ state }) => {
        if (state === "closing") resolve();
      });
    });
    second.send("not taken yet, so that the close takes a while");
    void other.close();
    await isRefused;
    expect([first.isWritable, second.isWritable]).toEqual([true, false]);
    pair.client.send("to all");
    expect(await pair.client.ended).toMatchObject({ detail: "service_failed" });
    expect(told).toEqual([[expect.objectContaining({ code: "session_closed" }), first]]);
    expect(await other.ended).toMatchObject({ reason: "closed" });
  });

  test("by a channel that the client abandons ends the session, and is no mistake", async () => {
    const { told, pair } = await serve(async (session) => {
      await new Promise<void>((resolve) => session.on("channel", () => resolve()));
      for await (const message of session.channels[0] as AsyncIterable<unknown>) void message;
    });
    const channel = pair.client.channel("work");
    channel.send(1);
    await until(() => pair.peer.channels.length === 1);
    channel.reset();
    expect(await pair.client.ended).toMatchObject({ detail: "service_failed" });
    expect(told).toEqual([]);
  });

  test("not at all, but ends, leaves the session to others", async () => {
    const { told, pair } = await serve(() => Promise.resolve());
    await settle();
    pair.client.send("still here");
    expect(await take(pair.peer, 1)).toEqual(["still here"]);
    expect(told).toEqual([]);
  });
});

test("What callbacks and listeners of a server's sessions throw, onError is told, and they go on", async () => {
  const caught = catchUncaught();
  const told: unknown[] = [];
  const { client, peer } = await open({ onError: (...args) => void told.push(args) });
  peer.onBundle(() => {
    throw new Error("of a callback");
  });
  peer.on("channel", () => Promise.reject(new Error("of a listener")) as unknown as void);
  client.send(1);
  await client.flushed();
  client.channel("x").send(2);
  await until(() => told.length === 2);
  expect(told).toEqual([
    [new Error("of a callback"), peer],
    [new Error("of a listener"), peer],
  ]);
  expect(peer.status.state).toBe("open");
  expect(caught).toEqual([]);
});

test("Without onError, and when it fails itself, errors go to the console and end nothing", async () => {
  const caught = catchUncaught();
  const print = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => print.mockRestore());
  const first = new Error("first");
  const onSession = (): void => {
    throw first;
  };
  const unset = { onError: undefined } as Settings;
  expect(await begin({ ...unset, onSession }).client.ended).toMatchObject({ reason: "peer-ended" });
  expect(print.mock.calls).toEqual([[first]]);
  const second = new Error("second");
  const onError = (): void => {
    throw second;
  };
  expect(await begin({ onError, onSession }).client.ended).toMatchObject({ reason: "peer-ended" });
  expect(print.mock.calls.slice(1)).toEqual([[first, second]]);
  expect(caught).toEqual([]);
});

test("A process may be client and server at once: a chain A-B-C passes all on, in order", async () => {
  const c = await open();
  const seen: unknown[] = [];
  c.peer.onBundle((messages) => {
    for (const message of messages) c.peer.send(message);
  });
  const b = await open({
    onSession: (session) => {
      session.onBundle(async (messages) => {
        for (const message of messages) if (!c.client.send(message)) await c.client.ready;
      });
      c.client.onBundle((messages) => {
        for (const message of messages) session.send(message);
      });
    },
  });
  b.client.onBundle((messages) => void seen.push(...messages));
  for (let at = 0; at < 5_000; at++) b.client.send({ at });
  await until(() => seen.length === 5_000);
  expect(seen).toEqual(Array.from({ length: 5_000 }, (_, at) => ({ at })));
});

test("Garbage is answered, and throws nothing", async () => {
  const { server, client, peer } = await open();
  for (const body of [new Uint8Array(0), new Uint8Array(1), new Uint8Array(100).fill(0xff)]) {
    const replies: unknown[] = [];
    const from = { address: "192.0.2.9", header: () => undefined, request: undefined };
    const gone = server.handleRequest(body, from, (reply) => replies.push(reply));
    await settle();
    expect(replies).toMatchObject([{ kind: "answer" }]);
    gone();
    gone();
  }
  client.send("undisturbed");
  expect(await take(peer, 1)).toEqual(["undisturbed"]);
});

test("A server keeps no process alive by itself, whatever it waits for", async () => {
  const program = fileURLToPath(new URL("lonely-server.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", program], { stdio: "pipe" });
  const output: string[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => output.push(chunk.toString()));
  const [code] = (await once(child, "exit")) as [number | null];
  expect([output.join("").trim(), code]).toEqual(["sessions: 2 open open ended opening", 0]);
});

test("An idle server that was begun and left is one that begin can abort twice", async () => {
  const { server } = begin();
  server.abort();
  server.abort();
  await settle();
  expect(server.sessions).toEqual([]);
});
