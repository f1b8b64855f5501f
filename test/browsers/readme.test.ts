// The README's page.html as it stands there, in real browsers.

import { describe, expect, test } from "vitest";
import { startPageSite } from "../readme/site.ts";
import { useBrowser } from "./chromium.ts";
import { BROWSERS } from "./driven.ts";

const SHOWN = "document.querySelector('#greetings').textContent";

/** Types a name into the page's field, as a person who leaves it then. */
function typing(name: string): string {
  const field = "document.querySelector('#name')";
  return `${field}.value = '${name}'; ${field}.dispatchEvent(new Event('change'))`;
}

describe.each(BROWSERS)("in $name", ({ use }) => {
  const newContext = use();

  test("The README's page greets, and keeps its session when it is reloaded", async () => {
    const { origin, sessions } = await startPageSite();
    const page = await (await newContext()).newPage();
    await page.goto(`${origin}/`);
    await page.waitForFunction("document.querySelector('#name').onchange !== null");
    await page.evaluate(typing("Ada"));
    await page.waitForFunction(`${SHOWN} === 'Hello, Ada!\\n'`);
    await page.reload();
    await page.waitForFunction("document.querySelector('#name').onchange !== null");
    await page.evaluate(typing("Grace"));
    await page.waitForFunction(`${SHOWN} === 'Hello, Grace!\\n'`);
    expect(sessions).toHaveLength(1);
  });
});

describe("in Chromium, whose tabs can be duplicated", () => {
  const newContext = useBrowser();

  test("The README's page and its duplicate both greet, one of them in a new session", async () => {
    const { origin, sessions } = await startPageSite();
    const context = await newContext();
    const errors: Error[] = [];
    context.on("weberror", (error) => void errors.push(error.error()));
    const original = await context.newPage();
    await original.goto(`${origin}/`);
    await original.waitForFunction("document.querySelector('#name').onchange !== null");
    await original.evaluate(typing("Ada"));
    await original.waitForFunction(`${SHOWN} === 'Hello, Ada!\\n'`);
    await original.reload();
    const opening = context.waitForEvent("page");
    await original.evaluate("void open('/')");
    const pages = [original, await opening];

    const isTold = `${SHOWN}.includes('(superseded): going on with a new one')`;
    await Promise.any(pages.map((page) => page.waitForFunction(isTold)));
    for (const page of pages) {
      await page.evaluate(typing("Grace"));
      await page.waitForFunction(`${SHOWN}.endsWith('Hello, Grace!\\n')`);
    }
    const told = await Promise.all(pages.map((page) => page.evaluate<boolean>(isTold)));
    expect(told.toSorted()).toEqual([false, true]);
    expect(sessions).toHaveLength(2);
    expect(errors).toEqual([]);
  });
});
