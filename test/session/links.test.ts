// The choice of links, in a time of its own: what is tried, when again, and what one session of an
// origin learns from another.

import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { experienceOf } from "../../src/session/experience.ts";
import { type ClientSession, connectOver } from "../../src/session/client-session.ts";
import { platform } from "../../src/session/host.ts";
import { msgpack } from "../../src/session/msgpack.ts";
import { SessionServer } from "../../src/session/server.ts";
import { MemoryPipes, PipedCarrier } from "./memory-pipes.ts";
import { pass, settle, stopTime } from "./pair.ts";

beforeEach(stopTime);

let origins = 0;

interface Site {
  readonly server: SessionServer;
  readonly websockets: MemoryPipes;
  readonly streams: MemoryPipes;
  /** What the server's application has heard. */
  readonly heard: unknown[];
  join(names?: readonly ("websocket" | "stream")[]): Client;
}

interface Client {
  readonly session: ClientSession;
  readonly carrier: PipedCarrier;
  /** The links that it has been on, with the first. */
  readonly links: string[];
}

/** A server of an origin that nobody knows. */
function site(): Site {
  const origin = `http://origin-${++origins}.example`;
  const heard: unknown[] = [];
  const server = new SessionServer({
    onError: platform.rethrow,
    async onSession(session) {
      for await (const message of session) {
        heard.push(message);
        session.send(message);
      }
    },
  });
  onTestFinished(() => server.abort());
  const websockets = new MemoryPipes("websocket", origin, server);
  const streams = new MemoryPipes("stream", origin, server);
  return {
    server,
    websockets,
    streams,
    heard,
    join(names = ["websocket", "stream"]) {
      const ways = names.map((name) => (name === "websocket" ? websockets : streams));
      const carrier = new PipedCarrier(server, ways);
      const session = connectOver(carrier, msgpack);
      const links = [session.link as string];
      session.on("link", (name) => void links.push(name));
      onTestFinished(() => session.abort());
      return { session, carrier, links };
    },
  };
}

test("a client that stands still hears by polling when it wakes, until a link has come", async () => {
  const { websockets, join } = site();
  const { session, carrier, links } = join(["websocket"]);
  await pass(1_000);
  expect(session.link).toBe("websocket");
  carrier.leave?.("frozen");
  expect(session.link).toBe("poll");
  websockets.onTheWay = "refusal";
  carrier.comeBack();
  await pass(1_000);
  expect(session.link).toBe("poll");
  expect(links).toEqual(["poll", "websocket", "poll"]);
});

test("the end is the last that is told, and leaves the link as it was", async () => {
  const { session, links } = site().join(["websocket"]);
  await pass(1_000);
  const told: string[] = [];
  session.on("link", () => void told.push("link"));
  session.on("ended", () => void told.push("ended"));
  session.close();
  await pass(1_000);
  expect(told).toEqual(["ended"]);
  expect([session.link, links]).toEqual(["websocket", ["poll", "websocket"]]);
});

describe("the first message", () => {
  test("leaves by polling in the first exchange, before anything else is tried", async () => {
    const { heard, websockets, streams, join } = site();
    const { session, carrier } = join();
    session.send("first");
    await settle();
    const begun = carrier.exchanges;
    expect(heard).toEqual(["first"]);
    expect(begun).toBeGreaterThan(0);
    await pass(1_000);
    expect(session.link).toBe("websocket");
    expect(websockets.begun).toBe(1);
    expect(streams.begun).toBe(0);
  });

  test("arrives as soon where no other link ever comes about", async () => {
    const { heard, websockets, streams, join } = site();
    websockets.onTheWay = "silence";
    streams.onTheWay = "swallowing";
    join().session.send("first");
    await settle();
    expect(heard).toEqual(["first"]);
  });
});

describe("the order", () => {
  test("is the application's: a stream before a WebSocket is taken, and kept", async () => {
    const { websockets, join } = site();
    const { links } = join(["stream", "websocket"]);
    await pass(60_000);
    expect(links).toEqual(["poll", "stream"]);
    expect(websockets.begun).toBe(0);
  });

  test("brings the next when the best does not come about, and the best when it does", async () => {
    const { websockets, join } = site();
    websockets.onTheWay = "refusal";
    const { links, session } = join();
    await pass(500);
    expect(links).toEqual(["poll", "stream"]);
    expect(session.linkReason).toBe("websocket_refused");
    websockets.onTheWay = "nothing";
    await pass(5_000);
    expect(links).toEqual(["poll", "stream", "websocket"]);
  });
});

describe("what a session has learned", () => {
  test("spares the next one of its origin what failed, and tells it why", async () => {
    const { websockets, join } = site();
    websockets.onTheWay = "refusal";
    const first = join();
    await pass(10_000);
    const { begun } = websockets;
    const second = join();
    await pass(200);
    expect([first.session.link, second.session.link]).toEqual(["stream", "stream"]);
    expect(second.session.linkReason).toBe("websocket_refused");
    expect(websockets.begun).toBe(begun);
  });

  test("lets the next one go to its WebSocket at once where that works", async () => {
    const { streams, join } = site();
    join();
    await pass(500);
    const { links } = join();
    await pass(100);
    expect(links).toEqual(["poll", "websocket"]);
    expect(streams.begun).toBe(0);
  });

  test("says nothing about another origin", async () => {
    const failing = site();
    failing.websockets.onTheWay = "refusal";
    failing.join();
    await pass(10_000);
    const { session } = site().join();
    await pass(500);
    expect(session.link).toBe("websocket");
  });

  test("is forgotten when the path may be another one", async () => {
    const { websockets, join } = site();
    websockets.onTheWay = "refusal";
    const { session, carrier } = join();
    await pass(120_000);
    websockets.onTheWay = "nothing";
    const { begun } = websockets;
    await pass(1_000);
    expect([session.link, websockets.begun]).toEqual(["stream", begun]);
    carrier.comeBack();
    await pass(200);
    expect(session.link).toBe("websocket");
  });

  test("is kept for 256 links, by host", () => {
    const known = experienceOf(platform, "websocket", "http://known.example");
    expect(experienceOf(platform, "websocket", "http://known.example")).toBe(known);
    expect(experienceOf({ ...platform }, "websocket", "http://known.example")).not.toBe(known);
    for (let number = 0; number < 256; number++) {
      experienceOf(platform, "stream", `http://${number}.example`);
    }
    expect(experienceOf(platform, "websocket", "http://known.example")).not.toBe(known);
  });
});

describe("a link that looks as if it worked", () => {
  test("is left alone for five minutes where somebody holds streams back again and again", async () => {
    const { websockets, streams, join } = site();
    websockets.onTheWay = "refusal";
    streams.onTheWay = "buffering";
    const { session, links } = join();
    await pass(290_000, 1_000);
    expect(links).toEqual(["poll"]);
    expect(streams.begun).toBe(3);
    const other = join(["stream"]);
    await pass(1_000);
    expect(streams.begun).toBe(3);
    expect(other.session.linkReason).toBe("buffered");
    streams.onTheWay = "nothing";
    await pass(40_000);
    expect(session.link).toBe("stream");
  });

  test("is passed over when it opens and carries nothing", async () => {
    const { websockets, join } = site();
    websockets.onTheWay = "swallowing";
    const { session, links } = join();
    await pass(15_000);
    expect(links).toEqual(["poll", "stream"]);
    expect(session.linkReason).toBe("silent");
    expect(websockets.begun).toBe(1);
    websockets.onTheWay = "nothing";
    await pass(30_000);
    expect(links).toEqual(["poll", "stream", "websocket"]);
  });

  test("is given up when it never opens", async () => {
    const { websockets, join } = site();
    websockets.onTheWay = "silence";
    const { session, links } = join();
    await pass(9_900);
    expect(links).toEqual(["poll"]);
    await pass(500);
    expect(links).toEqual(["poll", "stream"]);
    expect(session.linkReason).toBe("websocket_timeout");
    expect(websockets.openOnes.size).toBe(0);
  });

  test("is tried no sooner again when its host gives up first", async () => {
    const { websockets, join } = site();
    websockets.onTheWay = "silence";
    const { links } = join();
    await pass(8_000);
    websockets.cutAll("websocket_timeout");
    await pass(29_000);
    expect(websockets.begun).toBe(1);
    websockets.onTheWay = "nothing";
    await pass(2_000);
    expect(links).toEqual(["poll", "stream", "websocket"]);
  });

  test("is tried less and less when it dies young again and again", async () => {
    const { websockets, heard, join } = site();
    const { session } = join(["websocket"]);
    const untilMs = performance.now() + 600_000;
    for (let sent = 0; performance.now() < untilMs; sent++) {
      await pass(500, 250);
      session.send(sent);
      websockets.cutAll();
    }
    // After 0, 1, 2, 4, ... 256 and 300 s.
    expect(websockets.begun).toBeGreaterThan(8);
    expect(websockets.begun).toBeLessThan(13);
    await pass(300_000);
    expect(session.link).toBe("websocket");
    expect(heard).toEqual(Array.from({ length: heard.length }, (_, at) => at));
  });

  test("is opened again at once when it had lived for a while", async () => {
    const { websockets, join } = site();
    const { links } = join(["websocket"]);
    for (let time = 0; time < 5; time++) {
      await pass(11_000);
      websockets.cutAll();
      await settle();
    }
    await pass(100);
    expect(websockets.begun).toBe(6);
    expect(links.at(-1)).toBe("websocket");
  });
});

test("A pipe that is cut together with a request is opened again at once, too", async () => {
  const { websockets, join } = site();
  const { session, carrier } = join(["websocket"]);
  await pass(500);
  // The client parks nothing now, but has a request out now and then.
  session.send("beside");
  websockets.onTheWay = "refusal";
  websockets.cutAll();
  await settle();
  expect(carrier.held).toBe(1);
  carrier.cutAll();
  websockets.onTheWay = "nothing";
  await pass(2_500);
  expect(session.link).toBe("websocket");
});

describe("nothing is opened", () => {
  test("while requests go unanswered; afterwards it is", async () => {
    const { websockets, streams, join } = site();
    const { session, carrier } = join();
    await pass(20_000);
    carrier.failure = "connection_refused";
    websockets.onTheWay = streams.onTheWay = "refusal";
    websockets.cutAll();
    carrier.cutAll();
    const begun = websockets.begun + streams.begun;
    await pass(30_000);
    // The cut one is opened again before the first request has failed.
    expect(websockets.begun + streams.begun - begun).toBeLessThanOrEqual(2);
    expect(session.link).toBe("poll");
    carrier.failure = undefined;
    websockets.onTheWay = "nothing";
    await pass(30_000);
    expect(session.link).toBe("websocket");
  });

  test("while the server asks to stay away", async () => {
    const { server, websockets, streams, join } = site();
    const { session, links } = join();
    await pass(500);
    server.drain(20_000, 30_000);
    await pass(100);
    expect(links).toEqual(["poll", "websocket", "poll"]);
    const begun = websockets.begun + streams.begun;
    await pass(19_000);
    expect(websockets.begun + streams.begun).toBe(begun);
    expect(session.status.state).toBe("open");
  });

  test("by 50 sessions at once: one finds out that it does not work", async () => {
    const { websockets, streams, join } = site();
    websockets.onTheWay = streams.onTheWay = "refusal";
    const clients = Array.from({ length: 50 }, () => join());
    await pass(900);
    expect([websockets.begun, streams.begun]).toEqual([1, 1]);
    // Failures count for all: the second is one of them.
    await pass(600);
    expect([websockets.begun, streams.begun]).toEqual([2, 2]);
    const reasons = clients.map(({ session }) => session.linkReason);
    expect(new Set(reasons)).toEqual(new Set(["stream_refused", "websocket_refused"]));
  });
});

describe("of 50 sessions", () => {
  test("one finds out that a link works, and the others follow", async () => {
    const { websockets, join } = site();
    const clients = Array.from({ length: 50 }, () => join(["websocket"]));
    await pass(500);
    expect(clients.map(({ session }) => session.link)).toEqual(Array(50).fill("websocket"));
    expect(websockets.begun).toBe(50);
  });

  test("all that are cut together are back at once: that was one failure", async () => {
    const { websockets, join } = site();
    const clients = Array.from({ length: 50 }, () => join(["websocket"]));
    await pass(500);
    websockets.cutAll();
    await pass(1_000);
    expect(clients.map(({ session }) => session.link)).toEqual(Array(50).fill("websocket"));
    expect(websockets.begun).toBe(100);
  });

  test("few try while the server is away, and all are back soon after it is", async () => {
    const { websockets, join } = site();
    const clients = Array.from({ length: 50 }, () => join(["websocket"]));
    await pass(15_000);
    const { begun } = websockets;
    websockets.onTheWay = "refusal";
    for (const { carrier } of clients) carrier.failure = "connection_refused";
    websockets.cutAll();
    for (const { carrier } of clients) carrier.cutAll();
    await pass(20_000);
    expect(websockets.begun - begun).toBeLessThan(5);
    websockets.onTheWay = "nothing";
    for (const { carrier } of clients) carrier.failure = undefined;
    await pass(15_000);
    expect(clients.map(({ session }) => session.link)).toEqual(Array(50).fill("websocket"));
    expect(websockets.begun - begun).toBeLessThan(60);
  });

  test("the next finds out when the one that tried has ended", async () => {
    const { websockets, join } = site();
    websockets.onTheWay = "silence";
    const first = join(["websocket"]);
    await pass(100);
    const second = join(["websocket"]);
    await pass(100);
    expect(websockets.begun).toBe(1);
    websockets.onTheWay = "nothing";
    first.session.abort();
    await pass(100);
    expect(second.session.link).toBe("websocket");
  });
});

test("A server says that a client is lost whose pipe died in silence", async () => {
  const told: string[] = [];
  const server = new SessionServer({
    onError: platform.rethrow,
    onSession(session) {
      session.on("lost", () => void told.push("lost"));
      setTimeout(() => session.send("hello"), 3_000);
    },
  });
  onTestFinished(() => server.abort());
  const pipes = new MemoryPipes("websocket", `http://origin-${++origins}.example`, server);
  const carrier = new PipedCarrier(server, [pipes]);
  const session = connectOver(carrier, msgpack);
  onTestFinished(() => session.abort());
  await pass(2_000);
  expect(session.link).toBe("websocket");
  carrier.faults = { seed: 1, vanish: 1 };
  pipes.isDead = true;

  await pass(30_000);

  expect(told).toEqual(["lost"]);
});
