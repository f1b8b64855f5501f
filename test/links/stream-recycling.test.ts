// Pipes that the server wants replaced: without a gap, and without anything lost, doubled or out of
// order, over real sockets. And those that it ends as it goes: it does not wait for them.

import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { pause, numbersTo, soon, until } from "../waiting.ts";
import { Heard, StreamSite } from "./stream-site.ts";

const sites: StreamSite[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.stop();
});

async function start(options: Parameters<typeof StreamSite.start>[0]): Promise<StreamSite> {
  const site = await StreamSite.start(options);
  sites.push(site);
  return site;
}

const MESSAGES = 600;

describe("pipes that grow old", () => {
  test.each([
    ["stream", { pipeAgeMaxMs: 200 }],
    ["stream", { pipeBytesSentMax: 1_000 }],
    ["websocket", { pipeAgeMaxMs: 200 }],
  ] as const)("are replaced again and again under traffic, a %s by %o", async (link, server) => {
    const site = await start({ server });
    const [client, peer] = await site.join({ links: [link, "poll"] });
    const links: string[] = [];
    client.on("link", (name) => void links.push(name));
    const [down, up] = [new Heard(client), new Heard(peer)];
    const before = site.pipes;
    // What an event loop under load does is not the links' doing: it has a clock of its own.
    let stillMs = 0;
    let lastAtMs = performance.now();
    const pulse = setInterval(() => {
      stillMs = Math.max(stillMs, performance.now() - lastAtMs);
      lastAtMs = performance.now();
    }, 2);

    for (let number = 0; number < MESSAGES; number++) {
      client.send(number);
      peer.send(number);
      await pause(4);
    }
    await until(() => Math.min(down.numbers.length, up.numbers.length) >= MESSAGES, "the rest");
    clearInterval(pulse);

    expect(down.numbers).toEqual(numbersTo(MESSAGES));
    expect(up.numbers).toEqual(numbersTo(MESSAGES));
    // It never went back to polling in between.
    expect(links).toEqual([]);
    expect(client.link).toBe(link);
    expect(site.pipes - before).toBeGreaterThan(4);
    expect(down.largestGapMs).toBeLessThan(100 + 2 * stillMs);
    expect(up.largestGapMs).toBeLessThan(100 + 2 * stillMs);
    // A host that stands still takes a new stream for one that is held back, and tries again.
    expect(["", "buffered"]).toContain(client.linkReason);
  });
});

describe("a server that drains and closes", () => {
  test.each(["stream", "websocket", "poll"] as const)("is not kept by a %s", async (link) => {
    const site = await start({});
    const [client, peer] = await site.join({ links: link === "poll" ? [link] : [link, "poll"] });
    const down = new Heard(client);
    for (let number = 0; number < MESSAGES; number++) peer.send(number);
    await until(() => down.numbers.length === MESSAGES, "the messages");

    const closed = once(site.server, "close");
    site.server.close();
    // For so long the client does not come back, and idle connections stay for longer.
    site.sessions.drain(60_000, 60_000);
    await soon(closed, "the server's end");
    expect(down.numbers).toEqual(numbersTo(MESSAGES));
    expect(client.status.state).not.toBe("ended");
  });
});
