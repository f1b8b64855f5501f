// The demo's page in a browser: what it promises under faults, and that people can use it.

import { describe, expect, test } from "vitest";
import { useBrowser } from "./chromium.ts";
import { agree, DemoPage, eventually, runDemo } from "./demo-page.ts";

/** Words until each fault has been met: many more than it takes. */
const WORDS_MAX = 200;

describe("the demo's page", () => {
  const newContext = useBrowser();

  test("Two tabs type at once over bad lines, and end with the server's text", async () => {
    const demo = await runDemo();
    const context = await newContext();
    const pages = [await DemoPage.open(context, demo), await DemoPage.open(context, demo)] as const;
    for (const page of pages) {
      await page.set("Cut every", "500 ms");
      await page.set("Lose requests", "20 %");
      await page.set("Lose responses", "20 %");
      await page.set("Double requests", "20 %");
      await page.set("Damage", "10 %");
    }
    await pages[0].select(0);
    await pages[1].select((await pages[1].value()).length);
    const typed = await Promise.all(pages.map((page, at) => typeUntilAllFaults(page, "ab"[at])));
    const text = await agree(demo, pages);

    // What each typed stands in one piece where it was typed, every letter once.
    expect(text.startsWith(typed[0] ?? "-")).toBe(true);
    expect(text.endsWith(typed[1] ?? "-")).toBe(true);
    for (const page of pages) expect(page.complaints).toEqual([]);
  });

  test("What is typed while the cable is pulled is everybody's when it is plugged in", async () => {
    const demo = await runDemo();
    const context = await newContext();
    const [one, other] = [await DemoPage.open(context, demo), await DemoPage.open(context, demo)];
    await one.button("Pull the cable").click();
    await one.page.locator('#state[data-state="interrupted"]').waitFor();
    expect(await one.page.locator("#said").textContent()).toContain("The line is down");
    await one.select(0);
    await one.page.keyboard.type("Nobody sees this. ");
    await other.select((await other.value()).length);
    await other.page.keyboard.type("Nor this.");
    await agree(demo, [other]);

    expect(await one.value()).toMatch(/^Nobody sees this/);
    expect(demo.text).not.toContain("Nobody");
    expect(await one.page.locator("#why").textContent()).toContain("Your 18 changes wait");
    expect(await one.agreement.getAttribute("data-agreement")).toBe("underway");

    await one.button("Plug it in").click();
    const text = await agree(demo, [one, other]);
    expect(text).toMatch(/^Nobody sees this[.] [^]*Nor this[.]$/);
    await one.page.locator('#state[data-state="open"]').waitFor();
    expect(await one.page.locator("#said").textContent()).toBe("Connected.");
    expect((await one.report()).counts.blackouts).toBe(1);
    expect(one.complaints).toEqual([]);
    expect(other.complaints).toEqual([]);
  });

  test("Selection, caret and undo are one's own while others type", async () => {
    const demo = await runDemo();
    const context = await newContext();
    const [one, other] = [await DemoPage.open(context, demo), await DemoPage.open(context, demo)];
    const place = (await one.value()).indexOf("cable");
    await one.select(place, place + "cable".length);
    await other.select(0);
    await other.page.keyboard.type("Before. ");
    await other.select(demo.text.length);
    await other.page.keyboard.type("After.");
    await agree(demo, [one, other]);
    expect(await one.selection()).toBe("cable");
    // Also while one is elsewhere in the page.
    await one.button("Pause").focus();
    await other.select(0);
    await other.page.keyboard.type("Once more. ");
    const before = await agree(demo, [one, other]);
    await one.text.focus();
    expect(await one.selection()).toBe("cable");

    await one.page.keyboard.type("string");
    await other.select(0);
    await other.page.keyboard.type("Long ");
    await agree(demo, [one, other]);
    await one.press("Control+z");
    expect(await agree(demo, [one, other])).toBe(`Long ${before}`);
    await one.press("Control+Shift+z");
    expect(await agree(demo, [one, other])).toBe(`Long ${before.replace("cable", "string")}`);
    expect(one.complaints).toEqual([]);
  });

  test("A mark that nobody sees is everybody's letter, at the very start too", async () => {
    const demo = await runDemo();
    const shown = await DemoPage.open(await newContext(), demo);
    await shown.select(0);
    await shown.page.keyboard.insertText("\uFEFFa");
    expect(await agree(demo, [shown])).toMatch(/^\uFEFFaThis text/);
  });

  test("An input method composes undisturbed, and what others typed comes then", async () => {
    const demo = await runDemo();
    const context = await newContext();
    const [one, other] = [await DemoPage.open(context, demo), await DemoPage.open(context, demo)];
    await one.select(0);
    const devtools = await context.newCDPSession(one.page);
    const composing = { selectionStart: 1, selectionEnd: 1 };
    await devtools.send("Input.imeSetComposition", { text: "に", ...composing });
    await other.select(0);
    await other.press("Control+End", "!");
    await eventually(async () => demo.text.endsWith("!"), "the other's letter at the server");
    await devtools.send("Input.imeSetComposition", { text: "日", ...composing });
    expect(await one.value()).not.toContain("!");
    await devtools.send("Input.insertText", { text: "日本" });

    const text = await agree(demo, [one, other]);
    expect(text.startsWith("日本")).toBe(true);
    expect(text.endsWith("!")).toBe(true);
    expect(text).not.toContain("に");
  });

  test("The demo types by itself, and the chart shows it until it is stopped", async () => {
    const demo = await runDemo();
    const shown = await DemoPage.open(await newContext(), demo);
    const picture = (): Promise<string> =>
      shown.page.evaluate("document.querySelector('#chart').toDataURL()");
    const before = await picture();
    await shown.button("Type for me").click();
    await eventually(async () => demo.text.includes("The line was cut in"), "a line of its own");
    expect(await picture()).not.toBe(before);

    await shown.button("Pause").click();
    const stopped = await shown.page.evaluate<string>(
      // The frame after the next one: what was asked for is drawn by then.
      `new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() =>
        resolve(document.querySelector('#chart').toDataURL()))))`,
    );
    await eventually(async () => demo.text.includes("cut in the middle"), "more of it");
    expect(await picture()).toBe(stopped);
    await shown.page.locator("#chart").focus();
    await shown.press("ArrowUp");
    await eventually(async () => (await picture()) !== stopped, "an earlier part");
    await shown.button("Stop typing").click();
    await agree(demo, [shown]);
    expect(shown.complaints).toEqual([]);
  });
});

/**
 * Types words until the line has done everything that it was told to do, and the page shows that
 * messages were sent again and that doubles were dropped; returns them.
 */
async function typeUntilAllFaults(page: DemoPage, letter = "c"): Promise<string> {
  let typed = "";
  for (let word = 0; word < WORDS_MAX; word++) {
    const { counts } = await page.report();
    const { cuts, requestsLost, responsesLost, requestsDoubled } = counts;
    const met = [cuts, requestsLost, responsesLost, requestsDoubled];
    met.push(counts.requestsDamaged + counts.responsesDamaged);
    met.push(await page.figure("Times sent again", "here"));
    met.push(await page.figure("Duplicates dropped", "server"));
    if (Math.min(...met) > 0) return typed;
    const next = `${letter}${word} `;
    await page.text.focus();
    await page.page.keyboard.type(next, { delay: 20 });
    typed += next;
  }
  throw new Error("The line did not do all that it was told to do");
}
