// Bodies that say nothing, for whoever cuts silent connections; over real sockets.

import { afterEach, describe, expect, test } from "vitest";
import { until } from "../waiting.ts";
import { Heard, StreamSite } from "./stream-site.ts";

const sites: StreamSite[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.stop();
});

async function start(server: { pipeSilenceMs?: number }): Promise<StreamSite> {
  const site = await StreamSite.start({ server });
  sites.push(site);
  return site;
}

describe("dummies on a stream", () => {
  test("[PIPE-10] of the server come while nobody says anything, and nobody answers them", async () => {
    const site = await start({ pipeSilenceMs: 20 });
    const [client] = await site.join();
    const heard = new Heard(client);
    const stream = site.streams.at(-1)?.socket;
    await until(() => client.unacknowledged === 0 && site.posts.length > 1, "rest");
    const posts = site.posts.length;
    const bytes = stream?.bytesWritten ?? 0;
    const bodies = client.stats.bodiesReceived;
    await until(() => client.stats.bodiesReceived >= bodies + 20, "twenty of them");

    expect((stream?.bytesWritten ?? 0) - bytes).toBeGreaterThan(20 * 10);
    // What told the server by which link the client hears may have been under way.
    expect(site.posts.length - posts).toBeLessThan(5);
    expect(heard.numbers).toEqual([]);
    expect(client.link).toBe("stream");
  });

  test("[PIPE-10] of the client are requests, and bodies where there is a WebSocket", async () => {
    const site = await start({});
    const dummies = { pipeDummies: "interval", pipeSilenceMs: 20 } as const;
    const [, peer] = await site.join(dummies);
    const heard = new Heard(peer);
    const posts = site.posts.length;
    await until(() => site.posts.length >= posts + 20, "twenty requests");
    expect(heard.numbers).toEqual([]);

    const [, other] = await site.join({ ...dummies, links: ["websocket", "poll"] });
    const before = other.stats;
    await until(() => other.stats.bodiesReceived >= before.bodiesReceived + 20, "twenty bodies");
    expect(other.stats.bodiesSent - before.bodiesSent).toBeLessThan(5);
    expect(other.stats.messagesDelivered).toBe(0);
  });
});
