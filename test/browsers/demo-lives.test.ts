// The demo's page when it is reloaded, duplicated or left, and when its server is away.

import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Copy } from "../../examples/shared-text/copy.ts";
import { useBrowser } from "./chromium.ts";
import { agree, DemoPage, eventually, runDemo } from "./demo-page.ts";

/** A letter between the end of the session and the word of it. */
const TYPE_AT_THE_END = `addEventListener("DOMContentLoaded", () => {
  const [field, state] = [document.querySelector("#text"), document.querySelector("#state")];
  const observer = new MutationObserver(() => {
    if (state.dataset.state !== "ended") return;
    observer.disconnect();
    if (field.readOnly) return;
    field.setRangeText("!", 0, 0, "end");
    field.dispatchEvent(new Event("input"));
  });
  observer.observe(state, { attributes: true });
})`;

describe("the demo's page, in a browser as it is driven", () => {
  const newContext = useBrowser();

  test("A reload keeps what was typed while the cable was pulled, and the session", async () => {
    const demo = await runDemo();
    const shown = await DemoPage.open(await newContext(), demo);
    await shown.button("Pull the cable").click();
    await shown.select(0);
    await shown.page.keyboard.type("Still here. ");
    const delivered = await shown.figure("Messages delivered", "server");
    await shown.page.reload();
    await shown.ready();

    expect(await shown.value()).toMatch(/^Still here[.] This text/);
    expect(demo.text).not.toContain("Still");
    // The line is the same, and is as it was left.
    await shown.button("Plug it in").click();
    const text = await agree(demo, [shown]);
    expect(text.split("Still here. ")).toHaveLength(2);
    await eventually(
      async () => (await shown.figure("Messages delivered", "server")) >= delivered + 12,
      "twelve letters on the session that there was",
    );
    await shown.page.keyboard.press("Tab");
    await shown.select(0);
    await shown.page.keyboard.type("And on. ");
    expect(await agree(demo, [shown])).toMatch(/^And on[.] Still here/);
    expect(await shown.notice.isHidden()).toBe(true);
    expect(shown.complaints).toEqual([]);
  });

  test("Of a tab and its duplicate one is told so, and starts anew at a click", async () => {
    const demo = await runDemo();
    const context = await newContext();
    const original = await DemoPage.open(context, demo);
    await original.select(0);
    await original.page.keyboard.type("Before. ");
    await agree(demo, [original]);
    // The page is gone, and two go on from what it left.
    await original.page.goto(`${demo.url}elsewhere`);
    const opening = context.waitForEvent("page");
    await original.page.evaluate("void open('/')");
    const duplicate = new DemoPage(await opening);
    await original.page.goto(demo.url);
    const pages = [original, duplicate];
    const told = pages.map(async (each) => {
      await each.notice.waitFor();
      return each;
    });
    const loser = await Promise.any(told);
    void Promise.allSettled(told);
    const [winner] = pages.filter((each) => each !== loser);
    if (winner === undefined) throw new Error("Both were told");
    await winner.ready();

    expect(await loser.notice.textContent()).toContain("Another tab went on");
    expect(await loser.text.getAttribute("readonly")).not.toBeNull();
    await loser.button("Start anew").click();
    await loser.ready();
    for (const each of pages) {
      await each.select(0);
      await each.page.keyboard.type("On. ");
      await agree(demo, pages);
    }
    expect(demo.text).toMatch(/^On[.] On[.] Before[.] /);
    expect(await winner.notice.isHidden()).toBe(true);
    expect(await loser.notice.isHidden()).toBe(true);
  });

  test("A change of another text ends the session, and a letter typed then harms nothing", async () => {
    const demo = await runDemo();
    const context = await newContext();
    await context.addInitScript(TYPE_AT_THE_END);
    const shown = await DemoPage.open(context, demo);
    const other = await DemoPage.open(await newContext(), demo);
    const spoilt = vi.spyOn(Copy.prototype, "change");
    onTestFinished(() => spoilt.mockRestore());
    spoilt.mockReturnValue({ seen: 0, changes: [1] });
    await other.select(0);
    await other.press("x");

    await shown.notice.getByText("did not fit the text").waitFor();
    expect(await shown.value()).toMatch(/^!This text/);
    expect(shown.complaints).toEqual([]);
    spoilt.mockRestore();
    await shown.button("Start anew").click();
    await shown.ready();
    expect(await agree(demo, [shown])).toMatch(/^xThis text/);
  });

  test("What somebody else kept in the tab is no line, and the page begins anew", async () => {
    const demo = await runDemo();
    const context = await newContext();
    const rubbish = JSON.stringify({ lineId: "../page.js", session: "", document: {} });
    await context.addInitScript(`sessionStorage.setItem("kept", ${JSON.stringify(rubbish)})`);
    const shown = await DemoPage.open(context, demo);
    await shown.notice.getByText("could not go on").waitFor();
    await shown.select(0);
    await shown.page.keyboard.type("Anew. ");
    expect(await agree(demo, [shown])).toMatch(/^Anew[.] /);
  });

  test("That the server is away is said, and after its restart the page begins anew", async () => {
    const demo = await runDemo();
    const shown = await DemoPage.open(await newContext(), demo);
    await demo.close();
    await shown.notice.getByText("does not answer").waitFor();
    expect(await shown.text.getAttribute("readonly")).not.toBeNull();
    const again = await runDemo(Number(new URL(demo.url).port));
    await shown.notice.getByText("restarted").waitFor();
    await shown.ready();
    await shown.button("OK").click();
    expect(await shown.notice.isHidden()).toBe(true);

    await shown.select(0);
    await shown.page.keyboard.type("A new one. ");
    expect(await agree(again, [shown])).toMatch(/^A new one[.] /);
  });
});

describe("the demo's page, in a browser that keeps pages", () => {
  const newContext = useBrowser({ keepsPages: true });

  test("A page that was left and is shown again goes on", async () => {
    const demo = await runDemo();
    const context = await newContext();
    const [shown, other] = [await DemoPage.open(context, demo), await DemoPage.open(context, demo)];
    await shown.select(0);
    await shown.page.keyboard.type("Before. ");
    await shown.page.goto(`${demo.url}elsewhere`);
    await other.press("Control+End");
    await other.select(0);
    await other.page.keyboard.type("Meanwhile. ");
    await shown.page.goBack({ waitUntil: "commit" });
    await shown.ready();
    expect(await agree(demo, [shown, other])).toMatch(/^(Meanwhile[.] |Before[.] ){2}/);

    await shown.select(0);
    await shown.page.keyboard.type("After. ");
    expect(await agree(demo, [shown, other])).toMatch(/^After[.] /);
    expect(await shown.notice.isHidden()).toBe(true);
  });
});
