import { describe, expect, onTestFinished, test } from "vitest";
import type { Channel } from "../../src/session/channel.ts";
import { ChannelResetError, SessionEndedError } from "../../src/session/errors.ts";
import { raw } from "../../src/session/raw.ts";
import type { PeerSession } from "../../src/session/server.ts";
import type { GivenUpInfo } from "../../src/session/status.ts";
import { begin, failure, open, pass, settle, stopTime, take, thrown, until } from "./pair.ts";

/** The next channel that the peer opens. */
function nextChannel(session: { on: PeerSession["on"] }): Promise<Channel> {
  return new Promise((resolve) => {
    const off = session.on("channel", (channel) => {
      off();
      resolve(channel);
    });
  });
}

function canSend(channel: Channel): boolean {
  try {
    channel.send("?");
    return true;
  } catch {
    return false;
  }
}

const codeOf = (call: () => unknown): unknown => (thrown(call) as { code: unknown }).code;

describe("a channel", () => {
  test("opened by either side is told to the other with label and mode, and carries both ways", async () => {
    const { client, peer } = await open();
    for (const [opener, other] of [
      [client, peer],
      [peer, client],
    ] as const) {
      const welcome = nextChannel(other);
      const own = opener.channel("cursors/é", { mode: "unordered" });
      own.send("there");
      const theirs = await welcome;
      theirs.send("back");
      expect(own).toMatchObject({ label: "cursors/é", mode: "unordered", isOwn: true });
      expect(theirs).toMatchObject({ label: "cursors/é", mode: "unordered", isOwn: false });
      expect(await take(theirs, 1)).toEqual(["there"]);
      expect(await take(own, 1)).toEqual(["back"]);
      expect(opener.channels).toContain(own);
      expect(other.channels).toContain(theirs);
    }
  });

  test("of the peer's is the same one, typed by what its label stands for", async () => {
    const { client, peer } = await open();
    const welcome = nextChannel(peer);
    client.channel<string, number>("lengths").send(3);
    const theirs = await welcome;
    const typed = theirs.as<number, string>();
    expect(typed).toBe(theirs);
    for await (const length of typed) {
      typed.send("x".repeat(length));
      break;
    }
    const [own] = client.channels;
    expect(await take(own as Channel, 1)).toEqual(["xxx"]);
  });

  test("opened in the first body is heard by a listener that onSession registers", async () => {
    const seen: string[] = [];
    const messages: unknown[] = [];
    const { client } = begin({
      onSession(session) {
        session.on("channel", (channel) => {
          seen.push(channel.label);
          channel.onBundle((bundle) => void messages.push(...bundle));
        });
      },
    });
    const labels = ["a", "\ufeffa", "c"];
    for (const label of labels) client.channel(label).send(label);
    await client.opened;
    await client.flushed();
    expect(seen).toEqual(labels);
    expect(messages).toEqual(labels);
  });

  test("is named with what of it is given back at the end", async () => {
    const { client } = await open();
    client.channel("drafts").send("x");
    client.send("y");
    client.abort();
    const { neverSent } = await client.ended;
    expect(neverSent.map(({ label }) => label).toSorted()).toEqual(["", "drafts"]);
  });

  test("is not stopped by another one that nobody reads", async () => {
    const { client, peer } = await open();
    const welcome = nextChannel(peer);
    const unread = client.channel("unread");
    // Large in bytes, so that its window closes long before the session's does.
    for (let at = 0; at < 40; at++) unread.send(new Uint8Array(1_000_000));
    await welcome;
    for (let at = 0; at < 1_000; at++) client.send(at);
    expect(await take(peer, 1_000)).toHaveLength(1_000);
    expect(client.bufferedBytes).toBeGreaterThan(16 * 1024 * 1024);
  });

  test("finished by one side ends the other's iteration, and goes on the other way", async () => {
    const { client, peer } = await open();
    const welcome = nextChannel(peer);
    const own = client.channel("requests");
    own.send("last");
    own.finish();
    const theirs = await welcome;
    const seen: unknown[] = [];
    for await (const message of theirs) seen.push(message);
    expect(seen).toEqual(["last"]);
    expect(codeOf(() => own.send("more"))).toBe("channel_closed");
    expect([own.isWritable, theirs.isWritable]).toEqual([false, true]);
    own.finish();
    theirs.send("answer");
    theirs.finish();
    expect(await take(own, 2)).toEqual(["answer"]);
  });

  test("is forgotten on both sides when both have finished and taken everything", async () => {
    const { client, peer } = await open();
    for (let round = 0; round < 600; round++) {
      const welcome = nextChannel(peer);
      const own = client.channel(String(round));
      own.send("x");
      own.finish();
      const theirs = await welcome;
      theirs.finish();
      expect(await take(theirs, 2)).toEqual(["x"]);
      expect(await take(own, 1)).toEqual([]);
    }
    client.send("so that a body goes");
    await client.flushed();
    await until(() => client.channels.length === 0 && peer.channels.length === 0);
  });

  test("is kept until its messages are taken, also after the peer has finished with it", async () => {
    const { client, peer } = await open();
    const welcome = nextChannel(peer);
    const own = client.channel("mail");
    own.send("letter");
    own.finish();
    const theirs = await welcome;
    theirs.finish();
    await client.flushed();
    await settle();
    expect(peer.channels).toEqual([theirs]);
    expect(await take(theirs, 2)).toEqual(["letter"]);
    client.send("so that a body goes");
    await until(() => peer.channels.length === 0);
  });

  test("reset by the opener drops what waits, and throws on both sides", async () => {
    const { client, peer } = await open();
    const welcome = nextChannel(peer);
    const own = client.channel("download");
    const ownEnd = failure(own[Symbol.asyncIterator]().next());
    own.send(1);
    own.send(2);
    const theirs = await welcome;
    const iteration = theirs[Symbol.asyncIterator]();
    expect(await iteration.next()).toMatchObject({ value: 1 });
    own.reset(42);
    for (const error of [await ownEnd, await failure(own[Symbol.asyncIterator]().next())]) {
      expect(error).toBeInstanceOf(ChannelResetError);
      expect(error).toMatchObject({ code: "channel_reset", resetCode: 42 });
    }
    await until(() => peer.channels.length === 0 || !canSend(theirs));
    expect(await failure(iteration.next())).toMatchObject({ resetCode: 42 });
    expect(codeOf(() => theirs.send("x"))).toBe("channel_closed");
    expect(codeOf(() => own.send(3))).toBe("channel_closed");
    own.reset();
    own.finish();
    client.send("the session goes on");
    expect(await take(peer, 1)).toHaveLength(1);
  });

  test("reset by the other side refuses it", async () => {
    const { client, peer } = await open();
    const welcome = nextChannel(peer);
    const own = client.channel("not wanted");
    const theirs = await welcome;
    const waiting = failure(theirs[Symbol.asyncIterator]().next());
    theirs.reset();
    expect(await waiting).toMatchObject({ resetCode: 0 });
    expect(await failure(own[Symbol.asyncIterator]().next())).toMatchObject({ resetCode: 0 });
    client.send("so that a body goes");
    await until(() => client.channels.length === 0 && peer.channels.length === 0);
  });

  test("reset by a server whose client is away throws there at once", async () => {
    const { client, peer, carrier } = await open();
    const welcome = nextChannel(peer);
    client.channel("x");
    const theirs = await welcome;
    await settle();
    carrier.failure = "offline";
    carrier.cutAll();
    await settle();
    let error: unknown;
    void failure(theirs[Symbol.asyncIterator]().next()).then((thrownHere) => (error = thrownHere));
    theirs.reset(3);
    await settle();
    expect(error).toMatchObject({ resetCode: 3 });
  });

  test("reset while its callback is busy is forgotten when the callback is done", async () => {
    const { client, peer } = await open();
    const welcome = nextChannel(peer);
    const own = client.channel("busy");
    own.send(1);
    const theirs = await welcome;
    let release = (): void => {};
    theirs.onBundle(() => new Promise((resolve) => (release = resolve)));
    own.reset();
    await client.flushed();
    await settle();
    expect(peer.channels).toEqual([theirs]);
    release();
    client.send("so that a body goes");
    await until(() => peer.channels.length === 0);
  });

  test("refuses what it cannot be, typed, and leaves the session as it was", async () => {
    const { client, peer } = await open();
    expect(codeOf(() => client.channel("x".repeat(257)))).toBe("label_too_long");
    expect(codeOf(() => client.channel("x", { ttlMs: -1 }))).toBe("option_invalid");
    expect(codeOf(() => client.channel("x", { mode: "best" as "latest" }))).toBe("option_invalid");
    const own = client.channel("x");
    for (const code of [-1, 0.5, 4_096, Number.NaN]) {
      expect(codeOf(() => own.reset(code))).toBe("option_invalid");
    }
    expect(codeOf(() => own.setTimeToLive(Number.NaN))).toBe("option_invalid");
    own.send(1);
    client.send(2);
    expect(await take(peer, 1)).toEqual([2]);
    expect(codeOf(() => own.setTimeToLive(5))).toBe("state_invalid");
  });

  test("is refused beyond the limit of the other side, and possible again when one is over", async () => {
    const { client, peer } = await open({ channelsMax: 8 });
    peer.on("channel", (channel) => {
      void (async () => {
        for await (const message of channel) channel.send(message);
        channel.finish();
      })();
    });
    const own = Array.from({ length: 8 }, (_, at) => client.channel(String(at)));
    expect(codeOf(() => client.channel("one more"))).toBe("channel_limit");
    own[0]?.finish();
    expect(await take(own[0] as Channel, 1)).toEqual([]);
    await settle();
    client.channel("now");
  });

  test("ends with the session", async () => {
    const { client, peer } = await open();
    const welcome = nextChannel(peer);
    const own = client.channel("x");
    own.send(1);
    const theirs = await welcome;
    client.abort();
    await peer.ended;
    const iteration = theirs[Symbol.asyncIterator]();
    expect(await iteration.next()).toMatchObject({ value: 1 });
    expect(await failure(iteration.next())).toBeInstanceOf(SessionEndedError);
    expect(await own[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
    expect(codeOf(() => own.send(1))).toBe("session_closed");
    own.finish();
    own.reset();
    expect(codeOf(() => client.channel("y"))).toBe("session_closed");
  });
});

describe("finished", () => {
  /** How a promise stands, without waiting for it. */
  function watch(promise: Promise<void>): { state: unknown } {
    const watched: { state: unknown } = { state: "pending" };
    promise.then(
      () => (watched.state = "finished"),
      (error: unknown) => (watched.state = error),
    );
    return watched;
  }

  /** A channel that brings three messages, and the peer's view of it. */
  async function begun(): Promise<
    Awaited<ReturnType<typeof open>> & Record<"own" | "theirs", Channel>
  > {
    const pair = await open();
    const welcome = nextChannel(pair.peer);
    const own = pair.client.channel("x");
    for (const each of [1, 2, 3]) own.send(each);
    return { ...pair, own, theirs: await welcome };
  }

  test("resolves once a callback is done with the last bundle", async () => {
    const { own, theirs, client } = await begun();
    own.finish();
    await client.flushed();
    await settle();
    const finished = watch(theirs.finished);
    const release: (() => void)[] = [];
    const seen: unknown[] = [];
    theirs.onBundle((messages) => {
      seen.push(...messages);
      return new Promise((resolve) => release.push(resolve));
    });
    await until(() => seen.length === 3);
    await settle();
    expect(finished.state).toBe("pending");
    release[0]?.();
    await settle();
    expect(finished.state).toBe("finished");
    expect(watch(own.finished).state).toBe("pending");
  });

  test("resolves once a loop has the last message, and again for who asks later", async () => {
    const { own, theirs } = await begun();
    const finished = watch(theirs.finished);
    own.finish();
    await settle();
    expect(finished.state).toBe("pending");
    expect(await take(theirs, 3)).toEqual([1, 2, 3]);
    await settle();
    expect(finished.state).toBe("finished");
    await theirs.finished;
  });

  test("rejects when either side abandons the channel", async () => {
    const { own, theirs } = await begun();
    own.reset(7);
    expect(await failure(own.finished)).toMatchObject({ code: "channel_reset", resetCode: 7 });
    expect(await failure(theirs.finished)).toMatchObject({ code: "channel_reset", resetCode: 7 });
  });

  test("rejects on both sides when a side aborts the session", async () => {
    const { own, theirs, client } = await begun();
    theirs.onBundle(() => {});
    const rejected = failure(theirs.finished);
    client.abort();
    expect(await rejected).toBeInstanceOf(SessionEndedError);
    expect(await failure(own.finished)).toMatchObject({ ended: { reason: "aborted" } });
  });

  test("rejects when what the peer sent cannot be read", async () => {
    const pair = await open({}, { codec: raw });
    const welcome = nextChannel(pair.peer);
    pair.client.channel("x").send(Uint8Array.of(0xdb, 0xff, 0xff, 0xff, 0xff));
    const theirs = await welcome;
    theirs.onBundle(() => {});
    expect(await failure(theirs.finished)).toMatchObject({ code: "payload_undecodable" });
  });

  test("resolves when the session closes, and is no unhandled rejection when nobody listens", async () => {
    const { own, theirs, client } = await begun();
    theirs.onBundle(() => {});
    const finished = watch(theirs.finished);
    await client.close();
    await until(() => finished.state === "finished");
    const other = await begun();
    const unheard: unknown[] = [];
    const listen = (error: unknown): void => void unheard.push(error);
    process.on("unhandledRejection", listen);
    onTestFinished(() => void process.off("unhandledRejection", listen));
    void other.own.finished;
    other.own.reset();
    await settle();
    expect(unheard).toEqual([]);
    await own.finished;
  });
});

test("What was on its way on a channel that is abandoned is counted by givenUp", async () => {
  const { client, carrier } = await open();
  await settle();
  const told: GivenUpInfo[] = [];
  client.on("givenUp", (info) => told.push(info));
  carrier.failure = "offline";
  const own = client.channel("drafts");
  own.send(1);
  own.send(2);
  own.reset();
  await until(() => told.length === 1);
  expect(told).toEqual([{ label: "drafts", neverSent: 2, sent: 0 }]);
});

describe("a channel that may give messages up", () => {
  test("of mode latest brings the last of each key, and tells how many were replaced", async () => {
    const { client, peer, carrier } = await open();
    const welcome = nextChannel(peer);
    const own = client.channel("positions", { mode: "latest" });
    const theirs = await welcome;
    carrier.failure = "offline";
    const told: GivenUpInfo[] = [];
    client.on("givenUp", (info) => told.push(info));
    for (let at = 1; at <= 50; at++) own.send({ player: at % 2, at }, { key: at % 2 });
    carrier.failure = undefined;
    expect(await take(theirs, 2)).toEqual([
      { player: 1, at: 49 },
      { player: 0, at: 50 },
    ]);
    expect(told).toEqual([{ label: "positions", neverSent: 48, sent: 0 }]);
  });

  test("lets messages expire while the path is down, on either side", async () => {
    stopTime();
    const { client, peer, carrier } = await open();
    const welcome = nextChannel(peer);
    const own = client.channel("voice", { ttlMs: 100 });
    const theirs = await welcome;
    theirs.setTimeToLive(50);
    const told: unknown[] = [];
    client.on("givenUp", (info) => told.push(["client", info]));
    peer.on("givenUp", (info) => told.push(["server", info]));
    carrier.isSilent = true;
    carrier.cutAll();
    await settle();
    own.send("stale");
    theirs.send("stale");
    await pass(200);
    carrier.isSilent = false;
    carrier.cutAll();
    carrier.comeBack();
    own.send("fresh");
    theirs.send("fresh");
    await pass(20);
    expect(await take(theirs, 1)).toEqual(["fresh"]);
    expect(await take(own, 1)).toEqual(["fresh"]);
    expect(told).toHaveLength(2);
    expect(told).toContainEqual(["server", { label: "voice", neverSent: 1, sent: 0 }]);
  });
});
