// Sessions that outlive their page: reloads, duplicated tabs, pages shown again, and the network's
// absence.

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { LinkName } from "../../src/session/pipe-carrier.ts";
import { numbersTo, until } from "../waiting.ts";
import { useBrowser } from "./chromium.ts";
import { BROWSERS, type DrivenBrowser, type DrivenContext, type DrivenPage } from "./driven.ts";
import { useFirefox } from "./firefox.ts";
import type { PlainEnd } from "./page-program.ts";
import { call, look, running, type Served, show, Site } from "./site.ts";

const LINKS: readonly LinkName[] = ["poll", "stream", "websocket"];

/** Of timers of 5 ms in a hidden tab. */
const THROTTLED_MS_MIN = 900;

/** Of half the messages to a hidden tab: what waits for timers takes a second. */
const PROMPT_MS_MAX = 500;

/** Longer than any test: whoever comes back earlier was woken. */
const NEVER_MS = 50_000;

describe("in a browser as it is driven", () => {
  const newContext = useBrowser();

  test("Of a tab and its duplicate, which go on from the same text, one has the session", async () => {
    const site = await Site.start();
    const context = await newContext();
    const original = await show(context, site.origin);
    await call(original, "open");
    const served = await site.served();
    await call(original, "send", "before");
    // The page that was saved is gone before any goes on from it.
    await original.goto(`${site.origin}/another`);
    const opened = context.waitForEvent("page");
    await original.evaluate("void open('/')");
    const duplicate = await opened;
    await Promise.all([original.goto(`${site.origin}/`), running(duplicate)]);
    await running(original);

    await expectOneGoesOn(served, [original, duplicate]);
  });

  test("A duplicate of a tab that has gone on is told superseded", async () => {
    const site = await Site.start();
    const context = await newContext();
    const original = await show(context, site.origin);
    await call(original, "open");
    const served = await site.served();
    await call(original, "send", "before");
    await original.reload();
    await running(original);
    await call(original, "send", "meanwhile");
    await served.take(2);
    const opened = context.waitForEvent("page");
    await call(original, "duplicate");
    const duplicate = await opened;
    await running(duplicate);

    const { winner } = await expectOneGoesOn(served, [original, duplicate]);
    expect(winner).toBe(original);
  });

  test.each(LINKS)(
    "By %s a page whose network was away is back at once when the browser says online",
    async (link) => {
      const site = await Site.start();
      const context = await newContext();
      const page = await show(context, site.origin);
      await call(page, "open", {
        reconnectDelayMinMs: NEVER_MS,
        reconnectDelayMaxMs: NEVER_MS,
        links: [link, "poll"],
      });
      const served = await site.served();
      await call(page, "on", link);
      if (link === "poll") await until(() => site.waiting > 0, "a parked request");
      const lost = call(page, "told", "lost");
      await context.setOffline(true);
      // Open WebSockets and streams are not cut: that is how a browser plays being offline.
      site.cutWebSockets();
      await page.evaluate("program.send('waits')");
      await lost;
      expect(await call(page, "status")).toBe("interrupted");
      expect(served.received).toEqual([]);

      const resumed = call(page, "told", "resumed");
      await context.setOffline(false);

      await resumed;
      expect(await served.take(1)).toEqual(["waits"]);
      served.sendNumbers(3);
      expect(await call(page, "take", 3)).toEqual(numbersTo(3));
      await call(page, "on", link);
      expect(await look(page, "events")).toEqual(["offline", "lost", "online", "resumed"]);
    },
  );
});

const KEEPERS: readonly DrivenBrowser[] = [
  { name: "Chromium", use: () => useBrowser({ keepsPages: true }) },
  { name: "Firefox", use: () => useFirefox() },
];

describe.each(KEEPERS)("in $name, which keeps pages that were left", ({ name, use }) => {
  const newContext = use();

  test.each(LINKS)(
    "A page that was put aside and is shown again goes on by %s with the session that it had",
    async (link) => {
      const site = await Site.start();
      const context: DrivenContext = await newContext();
      const page = await show(context, site.origin);
      await call(page, "open", { links: [link, "poll"] });
      const served = await site.served();
      await call(page, "on", link);
      await call(page, "startPace");
      await served.take(10);
      await page.goto(`${site.origin}/another`);
      await until(() => site.webSockets === 0, "the end of its connections");
      served.sendNumbers(100);
      // Not by the driver, which waits in vain for the load of a page that needs none.
      await page.evaluate("setTimeout(() => history.back()); 0");
      await until(() => hasProgram(page), "the page");
      await call(page, "on", link);
      const sentUp = await call(page, "stopPace");

      expect(await call(page, "take", 100)).toEqual(numbersTo(100));
      expect(await served.take(sentUp)).toEqual(numbersTo(sentUp));
      const events = await look(page, "events");
      // Firefox has decided before it tells the page, and keeps none with an open connection: a
      // session that hears has one.
      const news = name === "Firefox" ? ["went on"] : ["hidden", "visible", "shown again"];
      expect(events).toEqual(expect.arrayContaining(news));
      expect(events.includes("went on")).toBe(name === "Firefox");
      expect(events).not.toContain("ended");
      expect(site.sessions).toHaveLength(1);
    },
  );
});

describe("in Firefox", () => {
  const newContext = useFirefox();

  // Chromium without a window hides none.
  test.each(LINKS)(
    "A hidden tab, whose timers come once a second, is prompt by %s",
    async (link) => {
      const site = await Site.start();
      const context = await newContext();
      const page = await show(context, site.origin);
      await call(page, "open", { links: [link, "poll"] });
      const served = await site.served();
      await call(page, "on", link);
      const other = await context.newPage();
      await other.bringToFront();
      await until(async () => (await look(page, "events")).includes("hidden"), "the tab in front");
      expect(await call(page, "timerMs", 5)).toBeGreaterThan(THROTTLED_MS_MIN);
      await call(page, "startEcho");
      const sentAtMs: number[] = [];
      for (let count = 1; count <= 20; count++) {
        sentAtMs.push(Date.now());
        served.sendNumbers(1);
        await served.take(count);
      }

      const receivedAtMs = await look(page, "receivedAtMs");
      const delays = receivedAtMs.map((atMs, at) => atMs - (sentAtMs[at] ?? 0));
      expect(delays.toSorted((less, more) => less - more)[10]).toBeLessThan(PROMPT_MS_MAX);
      served.sendNumbers(2_000);
      expect(await call(page, "take", 2_020)).toEqual(numbersTo(2_020));
      expect(await served.take(2_020)).toEqual(numbersTo(2_020));
      await page.bringToFront();
      expect(await call(page, "link")).toBe(link);
    },
  );
});

describe.each(BROWSERS)("in $name", ({ use }) => {
  const newContext = use();

  // A browser without a window neither hides nor freezes pages: they are told as if it did.
  test.each(LINKS)("A page that is frozen and woken again goes on by %s", async (link) => {
    const site = await Site.start();
    const page = await show(await newContext(), site.origin);
    await call(page, "open", { links: [link, "poll"] });
    const served = await site.served();
    await call(page, "on", link);
    await call(page, "sendNumbers", 10);
    await page.evaluate("document.dispatchEvent(new Event('freeze')); 0");
    await until(() => site.webSockets === 0 && site.waiting === 0, "the end of its connections");
    expect(await served.take(10)).toEqual(numbersTo(10));
    served.sendNumbers(100);
    await page.evaluate("document.dispatchEvent(new Event('resume')); 0");
    await call(page, "on", link);
    await call(page, "sendNumbers", 10);

    expect(await call(page, "take", 100)).toEqual(numbersTo(100));
    expect(await served.take(20)).toEqual(numbersTo(20));
    expect(site.sessions).toHaveLength(1);
  });

  test.each(LINKS)("A page that is told that it is hidden keeps its link, %s", async (link) => {
    const site = await Site.start();
    const page = await show(await newContext(), site.origin);
    await call(page, "open", { links: [link, "poll"] });
    const served = await site.served();
    await call(page, "on", link);
    await page.evaluate(`
      Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
      program.sendNumbers(50);
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    `);

    expect(await served.take(50)).toEqual(numbersTo(50));
    served.sendNumbers(50);
    expect(await call(page, "take", 50)).toEqual(numbersTo(50));
    expect(await call(page, "link")).toBe(link);
  });
});

/** False also while the driver has no page to ask. */
async function hasProgram(page: DrivenPage): Promise<boolean> {
  return page.evaluate("globalThis.program !== undefined").then(
    (has) => has === true,
    () => false,
  );
}

/**
 * Both pages send; exactly one is told that it is superseded, and every message of each arrives
 * once, or is among the fates of the one that was told.
 */
async function expectOneGoesOn(
  served: Served,
  pages: readonly [Page, Page],
): Promise<{ readonly winner: Page }> {
  const names = ["original", "duplicate"] as const;
  const messages = names.map((name) => numbersTo(20).map((number) => `${name} ${number}`));
  for (let at = 0; at < 20; at++) {
    for (const [index, page] of pages.entries()) {
      // The one that was told takes no more.
      const accepted = messages[index]?.[at];
      await call(page, "send", accepted).catch(() => messages[index]?.splice(at));
    }
  }
  const over: { index: number; end: PlainEnd }[] = [];
  const watch = async (index: 0 | 1): Promise<void> => {
    const end = (await pages[index].evaluate("program.ended()")) as PlainEnd;
    over.push({ index, end });
  };
  void Promise.allSettled([watch(0), watch(1)]);
  await until(() => over.length > 0, "the end of one of the pages' sessions");
  const loser = over[0]?.index ?? 0;
  const winner = pages[1 - loser] as Page;
  await call(winner, "flushed");
  const [won, lost] = [messages[1 - loser] ?? [], messages[loser] ?? []];
  await until(() => won.every((each) => served.received.includes(each)), "the winner's messages");

  expect(over).toHaveLength(1);
  expect(over[0]?.end.reason).toBe("superseded");
  expect(won).toHaveLength(20);
  expect(await call(winner, "status")).toBe("open");
  expect(new Set(served.received).size).toBe(served.received.length);
  const { neverSent = [], unknown = [] } = over[0]?.end ?? {};
  // Nothing vanishes, and nothing that was never sent has arrived.
  const known = new Set([...served.received, ...neverSent, ...unknown]);
  expect(lost.filter((each) => !known.has(each))).toEqual([]);
  expect(neverSent.filter((each) => served.received.includes(each))).toEqual([]);
  return { winner };
}
