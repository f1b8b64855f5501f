import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { SessionEndedError } from "../../src/session/errors.ts";
import { json } from "../../src/session/json.ts";
import { begin, failure, open, pass, settle, stopTime, take, thrown, until } from "./pair.ts";

describe("close", () => {
  test("waits until both sides hold everything, and tells both that nothing is left", async () => {
    const { client, peer, carrier } = await open();
    for (let at = 0; at < 1_000; at++) client.send(at);
    for (let at = 0; at < 1_000; at++) peer.send(at);
    const closing = client.close();
    expect(client.status.state).toBe("closing");
    expect([client.isWritable, peer.isWritable]).toEqual([false, true]);
    expect(await closing).toMatchObject({ reason: "closed", code: 0, neverSent: [], unknown: [] });
    expect(await peer.ended).toMatchObject({ reason: "closed", neverSent: [], unknown: [] });
    expect(await take(peer, 1_000)).toHaveLength(1_000);
    expect(await take(client, 1_000)).toHaveLength(1_000);
    expect(client.status).toMatchObject({ state: "ended", reason: "closed" });
    expect(carrier).toMatchObject({ closed: 1, held: 0, isWatched: false });
  });

  test("of both at once ends both, with messages in flight both ways", async () => {
    const { client, peer } = await open();
    client.send("ping");
    peer.send("pong");
    const [left, right] = await Promise.all([client.close(), peer.close()]);
    expect([left.reason, right.reason]).toEqual(["closed", "closed"]);
    expect(await take(client, 2)).toEqual(["pong"]);
    expect(await take(peer, 2)).toEqual(["ping"]);
  });

  test("before the first answer delivers what was sent, and opened still means the answer", async () => {
    const { client, peer } = begin();
    client.send("only");
    const opened: string[] = [];
    void client.opened.then(() => opened.push("opened"));
    const closing = client.close();
    expect(client.status.state).toBe("closing");
    let isOpen = false;
    void client.opened.then(() => (isOpen = true));
    await Promise.resolve();
    expect(isOpen).toBe(false);
    expect(await take(await peer, 2)).toEqual(["only"]);
    expect(await closing).toMatchObject({ reason: "closed" });
    expect(opened).toEqual(["opened"]);
    await client.opened;
  });

  test("never goes back to open, whatever the first answer says", async () => {
    const { client } = begin();
    const states: string[] = [];
    client.on("status", ({ state }) => states.push(state));
    await client.close();
    expect(states).toEqual(["closing", "ended"]);
  });

  test("repeated, or after the end, is without effect", async () => {
    const { client, peer } = await open();
    const [first, second] = await Promise.all([client.close(), client.close()]);
    expect(second).toBe(first);
    expect(await client.close()).toBe(first);
    expect(await peer.close()).toMatchObject({ reason: "closed" });
    client.abort();
    expect(client.status.reason).toBe("closed");
  });

  test("goes through an outage", async () => {
    const { client, peer, carrier } = await open();
    carrier.failure = "offline";
    carrier.cutAll();
    client.send("kept");
    const closing = client.close();
    await settle();
    carrier.failure = undefined;
    carrier.comeBack();
    expect(await closing).toMatchObject({ reason: "closed" });
    expect(await take(peer, 2)).toEqual(["kept"]);
  });

  test("that cannot be completed becomes an end with fates", async () => {
    stopTime();
    const { client, carrier } = await open();
    carrier.failure = "offline";
    carrier.cutAll();
    client.send("lost");
    const closing = client.close();
    await pass(56_000);
    const info = await closing;
    expect(info).toMatchObject({ reason: "close-timeout", by: "network" });
    expect(info.neverSent.length + info.unknown.length).toBe(1);
    expect(await failure(client.flushed())).toBeInstanceOf(SessionEndedError);
  });
});

describe("abort", () => {
  test("ends this side at once, with fates, and tells the other", async () => {
    const { client, peer } = await open();
    client.send("never sent");
    client.abort(0xfff, "bye");
    expect(await client.ended).toMatchObject({
      reason: "aborted",
      by: "local",
      code: 0xfff,
      neverSent: [{ channel: 0, index: 0 }],
      unknown: [],
    });
    expect(await peer.ended).toMatchObject({
      reason: "peer-ended",
      by: "peer",
      code: 0xfff,
      detail: "bye",
    });
  });

  test("is told by an error that prints no payload", async () => {
    const { client } = await open({ codec: json });
    client.send("a secret");
    client.abort();
    const error = await failure(client.flushed());
    expect(error).toBeInstanceOf(SessionEndedError);
    expect((error as SessionEndedError).ended.neverSent).toHaveLength(1);
    expect(inspect(error, { depth: 9 })).not.toContain("payload");
  });

  test("shows at once, so that whoever sends to all sessions meets none that refuses", async () => {
    const { server, peer } = await open();
    const states: string[] = [];
    peer.on("status", ({ state, reason }) => states.push(`${state} ${reason}`));
    peer.abort();
    expect(peer.status).toMatchObject({ state: "ended", reason: "aborted" });
    expect(server.sessions).toEqual([]);
    expect(states).toEqual([]);
    await peer.ended;
    expect(states).toEqual(["ended aborted"]);
  });

  test("by the server ends the client, and what was sent is unknown", async () => {
    const { client, peer, carrier } = await open();
    carrier.failure = "offline";
    client.send("sent, and lost");
    await until(() => carrier.exchanges >= 2);
    await settle();
    carrier.failure = undefined;
    peer.abort();
    const info = await client.ended;
    expect(info).toMatchObject({ reason: "peer-ended", code: 1, unknown: [{ index: 1 }] });
    expect(carrier.closed).toBe(1);
  });

  test("before the first answer rejects opened, for who listens", async () => {
    const { client } = begin();
    const opened = failure(client.opened);
    client.abort();
    expect(await opened).toBeInstanceOf(SessionEndedError);
    expect(await failure(client.opened)).toMatchObject({ ended: { reason: "aborted" } });
  });

  test("rejects nothing that nobody listens to", async () => {
    const { client } = begin();
    // Looked at, and left alone: vitest fails the run for an unhandled rejection.
    expect(client.opened).toBeInstanceOf(Promise);
    client.abort();
    await client.ended;
    const late = begin();
    late.client.abort();
    await late.client.ended;
    expect(late.client.opened).toBeInstanceOf(Promise);
    await settle();
  });

  test("takes the application's codes only", async () => {
    const { client, peer, server } = await open();
    for (const code of [0, -1, 0x1000, 1.5, Number.NaN]) {
      for (const side of [client, peer, server]) {
        expect(thrown(() => side.abort(code))).toMatchObject({ code: "option_invalid" });
      }
    }
    client.send("still open");
    expect(await take(peer, 1)).toHaveLength(1);
  });

  test("gives its last word five seconds, and then lets the connection go", async () => {
    stopTime();
    const { client, carrier } = await open();
    await settle();
    carrier.isSilent = true;
    client.abort();
    expect(await client.ended).toMatchObject({ reason: "aborted" });
    expect(carrier).toMatchObject({ closed: 0, held: 1 });
    await pass(4_900);
    expect(carrier.closed).toBe(0);
    await pass(200);
    expect(carrier).toMatchObject({ closed: 1, held: 0 });
    await pass(60_000);
    expect(carrier.closed).toBe(1);
  });
});

test("The end of a session leaves no timer and no exchange on the client's side", async () => {
  stopTime();
  const { client, carrier } = await open();
  client.send(1);
  await client.close();
  const { exchanges } = carrier;
  await pass(200_000, 10_000);
  expect(carrier.exchanges).toBe(exchanges);
  carrier.comeBack();
  await pass(1_000);
  expect(carrier.exchanges).toBe(exchanges);
});

test("What a carrier certainly has not sent is a fate of never sent, whatever else is unknown", async () => {
  stopTime();
  for (const isNotSent of [true, false]) {
    const { client, carrier } = await open();
    await settle();
    carrier.failure = "connection_refused";
    carrier.isNotSent = isNotSent;
    carrier.cutAll();
    client.send("tried");
    await pass(3_000);
    client.abort();
    const { neverSent, unknown } = await client.ended;
    expect([neverSent.length, unknown.length]).toEqual(isNotSent ? [1, 0] : [0, 1]);
  }
});
