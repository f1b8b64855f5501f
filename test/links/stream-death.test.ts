// Streams that die without a word, over real sockets: what notices it, and how soon.

import { afterEach, describe, expect, test } from "vitest";
import { told, until } from "../waiting.ts";
import { StreamFront } from "./stream-front.ts";
import { Heard, StreamSite } from "./stream-site.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** Of no timer that looks after pipes any is due in this time. */
const LONG_MS = 60_000;

async function start(
  server: NonNullable<Parameters<typeof StreamSite.start>[0]>["server"] = {},
): Promise<{ site: StreamSite; front: StreamFront }> {
  const site = await StreamSite.start({
    server: { pipeSilenceMs: 30_000, pipeStallMs: LONG_MS, ...server },
  });
  ends.push(() => site.stop());
  const front = await StreamFront.start(site.port);
  ends.push(() => front.close());
  return { site, front };
}

describe("a stream that is dead on one leg", () => {
  test("[PIPE-4] is noticed by the answer to the next request, without a timer", async () => {
    const { site, front } = await start();
    const [client, peer] = await site.join({ pipeStallMs: LONG_MS }, front.url);
    const [down, up] = [new Heard(client), new Heard(peer)];
    await until(() => site.isAtRest, "the answer to the request that names the stream");
    front.cutServerLeg();
    await until(() => site.streams[0]?.socket.destroyed === true, "the server's news");
    peer.send(1);
    expect(client.link).toBe("stream");

    const moved = told(client, "link");
    const atMs = performance.now();
    client.send(1);

    expect(await moved).toBe("poll");
    const tookMs = performance.now() - atMs;
    await until(() => down.numbers.length + up.numbers.length === 2, "the messages");
    expect(client.linkReason).toBe("unknown");
    // A round trip, on a machine that may be busy; the shortest timer has 200 ms and is not needed.
    expect(tookMs).toBeLessThan(1_000);
    await until(() => client.link === "stream", "another stream");
  });

  test("[PIPE-4] is noticed by what should have come, a timeout after the answer", async () => {
    const { site, front } = await start();
    const [client, peer] = await site.join({ pipeStallMs: LONG_MS }, front.url);
    const [down, up] = [new Heard(client), new Heard(peer)];
    front.swallow();
    peer.send(1);
    await until(() => front.swallowedBytes > 0, "a body that goes nowhere");

    const moved = told(client, "link");
    client.send(1);

    expect(await moved).toBe("poll");
    expect(client.linkReason).toBe("swallowed");
    await until(() => down.numbers.length + up.numbers.length === 2, "the messages");
    await until(() => client.link === "stream", "another stream");
  });

  test("[PIPE-10] is replaced when it has been silent for longer than promised", async () => {
    const { site, front } = await start({ pipeSilenceMs: 100 });
    const [client, peer] = await site.join({ pipeStallMs: 200 }, front.url);
    const down = new Heard(client);
    const before = site.streams.length;
    front.swallow();
    const atMs = performance.now();
    const moved = told(client, "link");

    // Nobody says anything.
    expect(await moved).toBe("poll");
    expect(performance.now() - atMs).toBeGreaterThan(150);
    expect(client.linkReason).toBe("silent");
    await until(() => client.link === "stream", "another stream");
    expect(site.streams.length).toBeGreaterThan(before);
    peer.send(1);
    await until(() => down.numbers.length === 1, "a message on it");
  });
});

describe("requests beside a stream", () => {
  test("[PIPE-4] are answered at once with what was received, whatever becomes of the stream", async () => {
    const { site, front } = await start();
    const [client, peer] = await site.join({ pipeStallMs: LONG_MS }, front.url);
    const up = new Heard(peer);
    await until(() => client.unacknowledged === 0, "rest");
    front.hold();
    for (let round = 1; round <= 5; round++) {
      client.send(round);
      await until(() => client.unacknowledged === 0, "the acknowledgement");
      expect(up.numbers).toHaveLength(round);
    }
  });

  test("[SAY-10] acknowledge sixty messages a second by some four a second", async () => {
    const { site } = await start();
    const [client, peer] = await site.join();
    const down = new Heard(client);
    const before = site.posts.length;
    const beganAtMs = performance.now();
    const MESSAGES = 120;
    await new Promise<void>((resolve) => {
      let count = 0;
      const beat = setInterval(() => {
        peer.send(count++);
        if (count < MESSAGES) return;
        clearInterval(beat);
        resolve();
      }, 1_000 / 60);
    });
    await until(() => down.numbers.length === MESSAGES, "the messages");
    const seconds = (performance.now() - beganAtMs) / 1_000;
    const posts = site.posts.length - before;
    expect(posts).toBeGreaterThan(2);
    expect(posts / seconds).toBeLessThan(5.5);
  });
});
