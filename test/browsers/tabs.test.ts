// Forty tabs on one server that speaks HTTP/1.1: a browser has six connections to it, for all.

import { describe, expect, test } from "vitest";
import { numbersTo, until } from "../waiting.ts";
import { BROWSERS, type DrivenContext, type DrivenPage } from "./driven.ts";
import type { OpenOptions } from "./page-program.ts";
import { call, look, type Served, show, Site } from "./site.ts";

const TABS = 40;

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

/** Each tells its number, by which its session is found. */
async function openTabs(context: DrivenContext, site: Site, options: OpenOptions): Promise<Tab[]> {
  const pages: DrivenPage[] = [];
  for (let tab = 0; tab < TABS; tab++) {
    const page = await show(context, site.origin);
    await call(page, "open", options);
    await call(page, "send", `tab ${tab}`);
    pages.push(page);
  }
  const said = ({ received }: Served): boolean => received.length > 0;
  await until(() => site.sessions.filter(said).length === TABS, "all tabs' first messages");
  return pages.map((page, tab) => {
    const served = site.sessions.find(({ received }) => received[0] === `tab ${tab}`);
    if (served === undefined) throw new Error(`no session of tab ${tab}`);
    return { page, served };
  });
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
  return delays.toSorted((one, other) => one - other);
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

  test("forty tabs by WebSockets leave the six connections to their pages", async () => {
    const site = await Site.start();
    const tabs = await openTabs(await newContext(), site, {});
    for (const { page } of tabs) await call(page, "on", "websocket");
    expect(site.webSockets).toBe(TABS);
    const delays = await exchangeAll(tabs);
    const slowestMs = await call(tabs[7]?.page as DrivenPage, "fetchOften", "/another", 20);

    console.log("websocket", delays[TABS / 2], delays.at(-1), slowestMs);
    expect(slowestMs).toBeLessThan(FETCH_MS_MAX);
    await expectAll(tabs, EACH);
  }, 120_000);

  test("forty tabs that take turns at polling starve neither each other nor their pages", async () => {
    const site = await Site.start({ hasWebSockets: false });
    const options = { links: ["poll"], sharesConnections: true } as const;
    const tabs = await openTabs(await newContext(), site, options);
    const delays = await exchangeAll(tabs);
    const slowestMs = await call(tabs[7]?.page as DrivenPage, "fetchOften", "/another", 20);
    console.log("turns", delays[TABS / 2], delays.at(-1), slowestMs, site.waitingMost);
    expect(slowestMs).toBeLessThan(FETCH_MS_MAX);
    expect(delays.at(-1)).toBeLessThan(TURNS_MS_MAX);

    // Tabs go at any moment, in whatever turn they are.
    const left = tabs.filter((_, tab) => tab % 3 !== 0);
    const closed = tabs.filter((tab) => !left.includes(tab));
    const going = closed.map(({ page }) => page.close());
    for (const { served } of left) served.sendNumbers(EACH);
    await Promise.all(left.map(({ page }) => call(page, "sendNumbers", EACH)));
    await Promise.all(going);
    await expectAll(left, 2 * EACH);
    expect(site.sessions).toHaveLength(TABS);
  }, 120_000);
});
