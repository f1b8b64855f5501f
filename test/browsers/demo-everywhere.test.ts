// What the demo is there to show, in every browser: by what is to be seen and by clicks alone.

import { describe, expect, test } from "vitest";
import type { Demo } from "../../examples/demo/server.ts";
import { until } from "../waiting.ts";
import { runDemo } from "./demo-page.ts";
import { BROWSERS, type DrivenContext, type DrivenPage } from "./driven.ts";

/** Of each page's line. */
const FAILURES_MIN = 5;

describe.each(BROWSERS)("in $name", ({ use }) => {
  const newContext = use();

  test("Two tabs that type at once over terrible lines end with the server's text", async () => {
    const demo = await runDemo();
    const context = await newContext();
    const before = demo.text;
    const pages = [await open(context, demo), await open(context, demo)] as const;
    for (const page of pages) {
      await click(page, "Terrible");
      await click(page, "Type for me");
    }
    for (const page of pages) {
      // In the background it shows no news.
      await page.bringToFront();
      await until(async () => (await failures(page)) >= FAILURES_MIN, "failures of the line");
    }
    for (const page of pages) {
      await click(page, "Stop typing");
      await click(page, "Good line");
    }

    for (const page of pages) {
      const isIdentical = async (): Promise<boolean> =>
        (await seen(page, "document.querySelector('#agreement-word').textContent")) ===
          "Identical" && (await seen(page, "document.querySelector('#text').value")) === demo.text;
      await until(isIdentical, "the server's text in both tabs");
    }
    expect(demo.text.length).toBeGreaterThan(before.length);
  });
});

async function open(context: DrivenContext, demo: Demo): Promise<DrivenPage> {
  const page = await context.newPage();
  await page.goto(demo.url);
  const isReady = "document.querySelector('#text:not([readonly])') !== null";
  await until(async () => (await seen(page, isReady)) === true, "the text");
  return page;
}

async function click(page: DrivenPage, name: string): Promise<void> {
  const found = `[...document.querySelectorAll("button")].find(
    ({ textContent }) => textContent.trim() === "${name}")`;
  await until(async () => (await seen(page, `${found} !== undefined`)) === true, name);
  await seen(page, `${found}.click()`);
}

/** How often the line failed, as the page says it. */
async function failures(page: DrivenPage): Promise<number> {
  const why = String(await seen(page, "document.querySelector('#why').textContent"));
  return Number(/failed (\d+) times/.exec(why)?.[1] ?? 0);
}

function seen(page: DrivenPage, text: string): Promise<unknown> {
  return page.evaluate(text);
}
