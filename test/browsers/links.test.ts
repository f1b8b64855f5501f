// Each link in each browser, and moves between them.

import { describe, expect, test } from "vitest";
import type { LinkName } from "../../src/session/pipe-carrier.ts";
import { numbersTo, until } from "../waiting.ts";
import { BROWSERS, type DrivenPage } from "./driven.ts";
import { call, look, running, type Served, show, Site } from "./site.ts";

/** Of one message while a session moves: a page that waits for a held request takes 25 s. */
const MOVE_MS_MAX = 10_000;

describe.each(BROWSERS)("in $name", ({ use }) => {
  const newContext = use();

  test.each<readonly [string, readonly LinkName[] | undefined, LinkName]>([
    ["polling", ["poll"], "poll"],
    ["a stream", ["stream", "poll"], "stream"],
    ["a WebSocket", ["websocket", "poll"], "websocket"],
    ["what it chooses by itself", undefined, "websocket"],
  ])("a page carries everything both ways by %s, through reloads too", async (_, links, best) => {
    const site = await Site.start();
    const page = await show(await newContext(), site.origin);
    await call(page, "open", links === undefined ? {} : { links });
    const served = await site.served();
    await call(page, "startPace");
    served.startPace();
    for (let reload = 0; reload < 3; reload++) {
      await call(page, "on", best);
      const [up, down] = [served.received.length, (await look(page, "received")).length];
      await served.take(up + 100);
      await call(page, "take", down + 100);
      expect(await call(page, "link")).toBe(best);
      await page.reload();
      await running(page);
    }
    await call(page, "on", best);

    await expectAll(page, served);
    expect(site.sessions).toHaveLength(1);
  });

  test("a session moves up to a stream and a WebSocket and down again in mid-traffic", async () => {
    const site = await Site.start({ hasWebSockets: false });
    const page = await show(await newContext(), site.origin);
    await call(page, "open");
    const served = await site.served();
    await call(page, "startPace");
    served.startPace();
    await call(page, "on", "stream");
    site.takesWebSockets = true;
    await call(page, "on", "websocket");
    for (let cut = 0; cut < 3; cut++) {
      const down = (await look(page, "received")).length;
      site.cutWebSockets();
      await until(async () => (await look(page, "links")).length >= 4 + 2 * cut, "another link");
      await call(page, "on", "websocket");
      await call(page, "take", down + 100);
    }
    site.takesWebSockets = false;
    site.cutWebSockets();
    await call(page, "on", "stream");
    const down = (await look(page, "received")).length;
    await call(page, "take", down + 100);

    await expectAll(page, served);
    const links = await look(page, "links");
    expect(links.slice(0, 2)).toEqual(["stream", "websocket"]);
    expect(links.filter((link) => link === "websocket").length).toBeGreaterThanOrEqual(4);
    expect(links.at(-1)).toBe("stream");
    const atMs = await look(page, "receivedAtMs");
    const gaps = atMs.slice(1).map((each, at) => each - (atMs[at] ?? each));
    expect(Math.max(...gaps)).toBeLessThan(MOVE_MS_MAX);
    expect(site.sessions).toHaveLength(1);
  });
});

/** Both stop; what each sent has come to the other, once and in order. */
async function expectAll(page: DrivenPage, served: Served): Promise<void> {
  const [sentUp, sentDown] = [await call(page, "stopPace"), served.stopPace()];
  expect(await served.take(sentUp)).toEqual(numbersTo(sentUp));
  expect(await call(page, "take", sentDown)).toEqual(numbersTo(sentDown));
}
