// The README's page.html as it stands there, in real browsers.

import { describe, expect, test } from "vitest";
import { startPageSite } from "../readme/site.ts";
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
