// What a page says just before it goes: it leaves in one more request, which outlives the page.

import { describe, expect, test } from "vitest";
import type { LinkName } from "../../src/session/pipe-carrier.ts";
import { numbersTo, until } from "../waiting.ts";
import type { ClientForm } from "./assets.ts";
import { BROWSERS } from "./driven.ts";
import { call, show, Site } from "./site.ts";

const LAST = 50;

/** A page that is closed on its way to another one may keep Chromium from closing the context. */
const HAS_LEFT = "location.pathname === '/another'";

describe.each(BROWSERS)("in $name", ({ use, losesClosedTabs: retry = 0 }) => {
  const newContext = use();

  describe.each<readonly [LinkName, ClientForm]>([
    ["poll", "bundled"],
    ["stream", "published"],
    ["websocket", "bundled"],
  ])("by %s, %s", (link, form) => {
    test("what is sent in the moment in which a page is left arrives once", async () => {
      const site = await Site.start({ form });
      const page = await show(await newContext(), site.origin);
      await call(page, "open", { links: [link, "poll"] });
      await call(page, "keepNothing");
      const served = await site.served();
      await call(page, "on", link);
      await call(page, "sendNumbers", LAST);
      await served.take(LAST);
      await call(page, "sendAndLeave", LAST, "/another");

      expect(await served.take(2 * LAST)).toEqual(numbersTo(2 * LAST));
      await page.waitForFunction(HAS_LEFT);
    });

    test("what is sent while a page is told that it goes arrives once", async () => {
      const site = await Site.start({ form });
      const page = await show(await newContext(), site.origin);
      await call(page, "open", { links: [link, "poll"] });
      await call(page, "keepNothing");
      const served = await site.served();
      await call(page, "on", link);
      await call(page, "sendOnLeaving", LAST);
      await page.goto(`${site.origin}/another`);

      expect(await served.take(LAST)).toEqual(numbersTo(LAST));
    });

    test(
      "what is sent in the moment in which a tab is closed arrives once",
      { retry },
      async () => {
        const site = await Site.start({ form });
        const page = await show(await newContext(), site.origin);
        await call(page, "open", { links: [link, "poll"] });
        await call(page, "keepNothing");
        const served = await site.served();
        await call(page, "on", link);
        await call(page, "sendOnLeaving", LAST);
        await page.close();

        expect(await served.take(LAST)).toEqual(numbersTo(LAST));
      },
    );
  });

  test("a page that leaves with a close or an abort tells the server so", async () => {
    const site = await Site.start();
    const context = await newContext();
    for (const [number, text] of ["program.close()", "program.abort('bye')"].entries()) {
      const page = await show(context, site.origin);
      await call(page, "open");
      await call(page, "keepNothing");
      const served = await site.served(number);
      await call(page, "on", "websocket");
      await page.evaluate(`program.sendNumbers(3); ${text}; location.href = "/another"; 0`);
      await until(() => served.session.status.state !== "open", "news of the end at the server");
      await page.waitForFunction(HAS_LEFT);
    }
    const [closed, aborted] = [await site.served(0), await site.served(1)];

    expect(closed.received).toEqual(numbersTo(3));
    // The server's own end has nobody left to acknowledge it.
    expect(closed.session.status.state).toBe("closing");
    expect(await aborted.session.ended).toMatchObject({ reason: "peer-ended", code: 7 });
  });
});
