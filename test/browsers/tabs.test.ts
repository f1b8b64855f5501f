// Forty tabs on one server that speaks HTTP/1.1: a browser has six connections to it, for all.

import { describe, expect, test } from "vitest";
import { numbersTo, until } from "../waiting.ts";
import { BROWSERS, type DrivenContext, type DrivenPage } from "./driven.ts";
import type { OpenOptions } from "./page-program.ts";
import { call, look, type Served, show, Site } from "./site.ts";

const TABS = 40;
const OPENED_AT_ONCE = 8;
const FETCHES = 20;

/** What each tab sends and is sent. */
const EACH = 20;

/** A file of a page's own; one that waits for a held request takes up to 25 s. */
const FETCH_MS_MAX = 5_000;

/** In turns of 250 ms, four at once, forty tabs take two and a half seconds, on a quiet machine. */
const TURNS_MS_MAX = 15_000;

interface Tab {
  readonly page: DrivenPage;
  readonly served: Served;
}

async function openTabs(context: DrivenContext, site: Site): Promise<DrivenPage[]> {
  const pages: DrivenPage[] = [];
  while (pages.length < TABS) {
    const next = numbersTo(OPENED_AT_ONCE).map(() => show(context, site.origin));
    pages.push(...(await Promise.all(next)));
  }
  return pages;
}

/** A session for each, in place of another. */
async function beginIn(
  pages: readonly DrivenPage[],
  site: Site,
  options: OpenOptions,
): Promise<Tab[]> {
  const before = site.sessions.length;
  const tabs: Tab[] = [];
  // As a person opens them.
  for (const [tab, page] of pages.entries()) {
    await call(page, "replace", options);
    await call(page, "send", `tab ${tab}`);
    const served = await site.served(before + tab);
    expect(await served.take(1)).toEqual([`tab ${tab}`]);
    if (options.links === undefined) await call(page, "on", "websocket");
    tabs.push({ page, served });
  }
  return tabs;
}

/** All at once, both ways. Returns for each tab how long the last message took to it. */
async function exchangeAll(tabs: readonly Tab[]): Promise<number[]> {
  const beganAtMs = Date.now();
  for (const { served } of tabs) served.sendNumbers(EACH);
  await Promise.all(tabs.map(({ page }) => call(page, "sendNumbers", EACH)));
  await Promise.all(tabs.map(({ served }) => served.take(1 + EACH)));
  const delays: number[] = [];
  for (const { page } of tabs) {
    await call(page, "take", EACH);
    const atMs = (await look(page, "receivedAtMs")).at(-1) ?? Infinity;
    delays.push(atMs - beganAtMs);
  }
  delays.sort((one, other) => one - other);
  console.log(`half of the tabs within ${delays[TABS / 2]} ms, all within ${delays.at(-1)} ms`);
  return delays;
}

/** Everything once and in order, for each tab. */
async function expectAll(tabs: readonly Tab[], each: number): Promise<void> {
  for (const { page, served } of tabs) {
    expect(await call(page, "take", each)).toEqual(numbersTo(each));
    expect((await served.take(1 + each)).slice(1)).toEqual(numbersTo(each));
  }
}

describe.each(BROWSERS)("in $name", ({ use }) => {
  const newContext = use();

  test("forty tabs starve neither each other nor their pages, by WebSockets or in turns", async () => {
    const site = await Site.start({ form: "published" });
    const pages = await openTabs(await newContext(), site);
    const byWebSockets = await beginIn(pages, site, {});
    expect(site.webSockets).toBe(TABS);
    await exchangeAll(byWebSockets);
    expect(await call(pages[7] as DrivenPage, "fetchOften", "/another", FETCHES)).toBeLessThan(
      FETCH_MS_MAX,
    );
    await expectAll(byWebSockets, EACH);

    const inTurns = await beginIn(pages, site, { links: ["poll"], sharesConnections: true });
    await until(() => site.webSockets === 0, "the end of the WebSockets");
    const delays = await exchangeAll(inTurns);
    expect(delays.at(-1)).toBeLessThan(TURNS_MS_MAX);
    expect(await call(pages[7] as DrivenPage, "fetchOften", "/another", FETCHES)).toBeLessThan(
      FETCH_MS_MAX,
    );

    // Tabs go at any moment, in whatever turn they are.
    const left = inTurns.filter((_, tab) => tab % 3 !== 0);
    const closed = inTurns.filter((tab) => !left.includes(tab));
    const going = closed.map(({ page }) => page.close());
    for (const { served } of left) served.sendNumbers(EACH);
    await Promise.all(left.map(({ page }) => call(page, "sendNumbers", EACH)));
    await Promise.all(going);
    await expectAll(left, 2 * EACH);
    expect(site.sessions).toHaveLength(2 * TABS);
  }, 120_000);
});
