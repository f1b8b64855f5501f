// Pages of other origins, and credentials.

import { expect, test } from "vitest";
import { until } from "../waiting.ts";
import { useBrowser } from "./chromium.ts";
import { call, look, type SeenRequest, show, Site } from "./site.ts";

const newContext = useBrowser();

const QUICK = { reconnectDelayMinMs: 10, reconnectDelayMaxMs: 50 } as const;

/** What these tests look at is requests. */
const POLL = { links: ["poll"] } as const;

test("A page of another origin is refused unless it is listed", async () => {
  const site = await Site.start();
  const stranger = await Site.start();
  const page = await show(await newContext(), stranger.origin);
  const url = `${site.origin}/holdfast`;
  await call(page, "open", { url, ...QUICK });
  await call(page, "send", "let me in");
  await until(() => site.requests.length >= 5, "several attempts");

  expect(await call(page, "status")).toBe("opening");
  expect(await call(page, "reason")).toBe("network_error");
  expect(site.sessions).toEqual([]);
  // The browser asks before it sends anything.
  expect(new Set(methodsOf(site.requests))).toEqual(new Set(["OPTIONS"]));
});

test("A page of a listed origin asks once for many requests, and sends its credentials", async () => {
  const guest = await Site.start();
  const cors = { origins: [guest.origin], headers: ["authorization"] };
  const site = await Site.start({
    listener: { cors },
    server: { authenticate: (peer) => nameIn(peer.header("authorization")) },
  });
  const page = await show(await newContext(), guest.origin);
  await call(page, "open", { url: `${site.origin}/holdfast`, tokens: ["Ada"], ...POLL });
  const served = await site.served();
  for (let count = 1; count <= 20; count++) {
    await call(page, "send", count);
    await served.take(count);
    served.sendNumbers(1);
    await call(page, "take", count);
  }

  const methods = methodsOf(site.requests);
  expect(methods.filter((method) => method === "OPTIONS")).toHaveLength(1);
  expect(methods.filter((method) => method === "POST").length).toBeGreaterThan(20);
  expect(served.session.principal).toBe("Ada");
});

test("A provider is asked for each request, and one that fails is asked again", async () => {
  const site = await Site.start({
    server: { authenticate: (peer) => nameIn(peer.header("authorization")) },
  });
  const page = await show(await newContext(), site.origin);
  await call(page, "open", { tokens: [null, "Ada", null, "Bea", "Cleo"], ...QUICK, ...POLL });
  const served = await site.served();
  for (let count = 1; count <= 5; count++) {
    await call(page, "send", count);
    await served.take(count);
  }

  const tokens = site.requests.map(({ headers }) => headers.authorization);
  expect(tokens.slice(0, 3)).toEqual(["Bearer Ada", "Bearer Bea", "Bearer Cleo"]);
  expect(new Set(tokens).size).toBe(3);
  expect(served.session.principal).toBe("Ada");
  expect(await look(page, "events")).not.toContain("ended");
});

test("Cookies go along where the page asks for it and the server allows it", async () => {
  const guest = await Site.start();
  const cors = { origins: [guest.origin], credentials: true };
  const site = await Site.start({ listener: { cors } });
  const context = await newContext();
  await context.addCookies([{ name: "user", value: "Ada", url: site.origin }]);
  const page = await show(context, guest.origin);
  await call(page, "open", { url: `${site.origin}/holdfast`, credentials: "include", ...POLL });
  const served = await site.served();
  await call(page, "send", "hello");

  expect(await served.take(1)).toEqual(["hello"]);
  const posts = site.requests.filter(({ method }) => method === "POST");
  expect(new Set(posts.map(({ headers }) => headers.cookie))).toEqual(new Set(["user=Ada"]));
});

function methodsOf(requests: readonly SeenRequest[]): string[] {
  return requests.map(({ method }) => method);
}

function nameIn(authorization: string | undefined): string | undefined {
  return authorization?.replace("Bearer ", "");
}
