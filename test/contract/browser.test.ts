// The published bundle for browsers, as a page would run it: on the page's events, a relative
// address, and ticks without setImmediate. Its fetch is Node's.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { bundleForBrowsers } from "../../bench/browser-bundle.ts";
import type * as browser from "../../src/http/connect-fetch.ts";
import { type Harness, Rig } from "./harness.ts";
import { byFetch } from "./http-harness.ts";
import { serveHttp } from "./http-sites.ts";
import { FakePage } from "./page.ts";
import { numbersTo, soon, take, told } from "../waiting.ts";

/** Longer than any test: whoever comes back earlier was woken. */
const NEVER_MS = 50_000;

describe("the client for browsers", () => {
  let folder: string;
  let built: typeof browser;
  let page: FakePage;

  beforeAll(async () => {
    const { code } = await bundleForBrowsers();
    folder = mkdtempSync(join(tmpdir(), "holdfast-page-"));
    const file = join(folder, "bundle.mjs");
    const msgpackr = createRequire(import.meta.url).resolve("msgpackr");
    const url = JSON.stringify(pathToFileURL(msgpackr).href);
    // Browsers have no setImmediate.
    writeFileSync(file, `var setImmediate;${code.replace(/(?<=from)"msgpackr"/, url)}`);
    built = (await import(pathToFileURL(file).href)) as typeof browser;
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  beforeEach(() => {
    page = new FakePage();
  });

  afterEach(() => {
    vi.unstubAllGlobals();
  });

  /** A server behind fetch, to which the built client connects. */
  async function start(): Promise<Rig<unknown, unknown>> {
    const plain = byFetch("a listener of node:http", serveHttp);
    const harness: Harness = {
      ...plain,
      async listen(handler) {
        const site = await plain.listen(handler);
        page.install(new URL("/some/page", site.url).href);
        return { ...site, connect: (options) => built.connect("/holdfast", options) };
      },
    };
    return Rig.start(harness);
  }

  it("carries messages both ways, on a page's relative address", async () => {
    const rig = await start();
    const [client, session] = await rig.pair();
    for (const number of numbersTo(5_000)) {
      client.send(number);
      session.send({ number });
    }
    expect(await take(session, 5_000)).toEqual(numbersTo(5_000));
    const objects = numbersTo(5_000).map((number) => ({ number }));
    expect(await take(client, 5_000)).toEqual(objects);
    expect(client.stats.bodiesSent).toBeLessThan(200);
  });

  it("leaves no listener on the page behind", async () => {
    const rig = await start();
    const [client] = await rig.pair();
    expect(page.heard).toEqual([
      "freeze",
      "online",
      "pagehide",
      "pageshow",
      "resume",
      "visibilitychange",
    ]);
    expect(await soon(client.close(), "the close")).toMatchObject({ reason: "closed" });
    expect(page.heard).toEqual([]);
  });

  it("goes on after a reload of the page", async () => {
    const rig = await start();
    const [client, session] = await rig.pair();
    client.send("before");
    const saved = client.save();
    const ended = told(client, "ended");
    const reloaded = rig.connect({ resume: saved });
    reloaded.send("after");
    expect(await take(session, 2)).toEqual(["before", "after"]);
    expect(await ended).toMatchObject({ reason: "superseded" });
  });

  for (const type of ["online", "pageshow", "visibilitychange"] as const) {
    it(`is back at once when the page tells ${type} after the path was down`, async () => {
      const rig = await start();
      const patience = { reconnectDelayMinMs: NEVER_MS, reconnectDelayMaxMs: NEVER_MS };
      const [client, session] = await rig.pair(patience);
      const lost = told(client, "lost");
      rig.site.block();
      client.send("waits");
      await lost;
      rig.site.unblock();
      const requests = rig.desk.requests;
      // A page that goes away is no reason to try.
      page.document.visibilityState = "hidden";
      page.tell("visibilitychange");
      expect(client.status.state).toBe("interrupted");
      expect(rig.desk.requests).toBe(requests);

      const resumed = told(client, "resumed");
      page.document.visibilityState = "visible";
      page.tell(type);
      expect(await take(session, 1)).toEqual(["waits"]);
      expect((await resumed).downMs).toBeLessThan(NEVER_MS / 2);
    });
  }
});
