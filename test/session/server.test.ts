import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import { connectOver } from "../../src/session/client-session.ts";
import { SessionEndedError } from "../../src/session/errors.ts";
import { msgpack } from "../../src/session/msgpack.ts";
import { SessionServer } from "../../src/session/server.ts";
import { MemoryCarrier } from "./memory-carrier.ts";
import { begin, catchUncaught, open, pass, settle, stopTime, take, thrown, until } from "./pair.ts";

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
    [{}, "option_invalid"],
    [{ onSession, codec: "json" }, "option_invalid"],
    [{ onSession, authenticate: true }, "option_invalid"],
    [{ onSession, reauthenticateAfterMs: Number.NaN }, "option_invalid"],
    [{ onSession, lostAfterMs: "5s" }, "option_invalid"],
    [{ onSession, sessionMax: 5 }, "option_unknown"],
    [{ onSession, sessionsMax: -5 }, "option_invalid"],
  ] as const) {
    expect(thrown(() => new SessionServer(options as never))).toMatchObject({ code });
  }
  expect(new SessionServer({ onSession, bodyBytesMax: 65_536 }).bodyBytesMax).toBe(65_536);
});

test("A service that fails is seen by the host, one that ends with its session is not", async () => {
  const caught = catchUncaught();
  let isBroken = false;
  const settings = {
    onSession: async (session: AsyncIterable<unknown>): Promise<void> => {
      for await (const message of session) if (message === "break") isBroken = true;
    },
  };
  const { client, peer } = await open(settings);
  client.send("break");
  await until(() => isBroken);
  client.abort();
  await peer.ended;
  await settle();
  expect(caught).toEqual([]);

  const foreign = new SessionEndedError(await client.ended);
  const failing = await open({ onSession: () => Promise.reject(foreign) });
  await settle();
  expect(caught).toEqual([foreign]);
  expect(failing.peer.status.state).toBe("open");
  await open({
    onSession: () => {
      throw new Error("sync");
    },
  });
  await settle();
  expect(caught.slice(1)).toEqual([new Error("sync")]);
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
