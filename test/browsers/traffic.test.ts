// What a page's session carries, through reloads too, and what it leaves to the page.

import { describe, expect, onTestFinished, test } from "vitest";
import { startChaos } from "../../src/chaos/index.ts";
import { numbersTo, until } from "../waiting.ts";
import { type ClientForm, NONCE } from "./assets.ts";
import { BROWSERS } from "./driven.ts";
import { call, look, running, show, Site } from "./site.ts";

/** Retries that do not wait for a person's patience. */
const QUICK = { reconnectDelayMinMs: 10, reconnectDelayMaxMs: 200 } as const;

/** What these tests look at is requests that the server holds. */
const POLL = { links: ["poll"] } as const;

/** Each kind of fault that a run over a bad line must have met. */
const FAULTS_MIN = 15;

/**
 * A push to a page that is idle, in the middle of several; one that waits for a request takes 25 s.
 */
const PUSH_MS_MAX = 500;

/** A file of the page's own, beside sessions; one that waits for a parked request takes seconds. */
const FETCH_MS_MAX = 5_000;

const RELOADS = 20;

/** Of these at once; also messages of the page meanwhile. */
const FETCHES = 60;

describe.each(BROWSERS)("in $name", ({ use }) => {
  const newContext = use();

  describe.each<ClientForm>(["bundled", "published"])("the client, %s", (form) => {
    test("carries everything once and in order over a line that cuts and loses", async () => {
      const site = await Site.start({ form });
      const chaos = await startChaos({ target: site.port, seed: 7 });
      onTestFinished(() => chaos.close());
      const page = await show(await newContext(), `http://${chaos.address}`);
      await call(page, "open", { ...QUICK, ...POLL });
      const served = await site.served();
      chaos.set({ loss: 0.08, cutEveryMs: 100 });

      await call(page, "startPace");
      served.startPace();
      await until(() => {
        const { cuts, requestsLost, responsesLost } = chaos.counts;
        return Math.min(cuts, requestsLost, responsesLost) >= FAULTS_MIN;
      }, "cuts and losses");
      const [sentUp, sentDown] = [await call(page, "stopPace"), served.stopPace()];

      expect(await served.take(sentUp)).toEqual(numbersTo(sentUp));
      expect(await call(page, "take", sentDown)).toEqual(numbersTo(sentDown));
      expect(Math.min(sentUp, sentDown)).toBeGreaterThan(500);
      expect(site.sessions).toHaveLength(1);
    });
  });

  test("What the server sends to an idle page arrives promptly", async () => {
    const site = await Site.start();
    const page = await show(await newContext(), site.origin);
    await call(page, "open", POLL);
    const served = await site.served();
    const sentAtMs: number[] = [];
    for (let count = 1; count <= 20; count++) {
      await until(() => site.waiting > 0, "a parked request");
      sentAtMs.push(Date.now());
      served.sendNumbers(1);
      await call(page, "take", count);
    }

    const receivedAtMs = await look(page, "receivedAtMs");
    const delays = receivedAtMs.map((atMs, at) => atMs - (sentAtMs[at] ?? 0));
    expect(delays).toHaveLength(20);
    expect(delays.toSorted((one, other) => one - other)[10]).toBeLessThan(PUSH_MS_MAX);
  });

  test("Two sessions in one page starve neither each other nor the page's own requests", async () => {
    const site = await Site.start();
    const page = await show(await newContext(), site.origin);
    await call(page, "open", POLL);
    await call(page, "open", POLL);
    const [first, second] = [await site.served(0), await site.served(1)];
    first.startPace();
    second.startPace();
    for (const number of numbersTo(FETCHES)) await call(page, "send", number, number % 2);

    const slowestBusyMs = await call(page, "fetchOften", "/another", FETCHES);
    const sent = first.stopPace() + second.stopPace();
    expect(await call(page, "take", sent)).toHaveLength(sent);
    const halves = [await first.take(FETCHES / 2), await second.take(FETCHES / 2)];
    // What is parked now stays so for long.
    await until(() => site.waiting === 2, "one parked request of each session");
    const slowestIdleMs = await call(page, "fetchOften", "/another", FETCHES);

    expect(slowestBusyMs).toBeLessThan(FETCH_MS_MAX);
    expect(slowestIdleMs).toBeLessThan(FETCH_MS_MAX);
    // One parked and one with messages for each: two of a browser's six connections stay free.
    expect(site.waitingMost).toBeLessThanOrEqual(4);
    // Which of the two opened first at the server is not said.
    const inOrder = halves.toSorted(([one], [other]) => Number(one) - Number(other));
    const numbers = numbersTo(FETCHES);
    expect(inOrder).toEqual([0, 1].map((rest) => numbers.filter((each) => each % 2 === rest)));
  });

  test.each<ClientForm>(["bundled", "published"])(
    "A policy that forbids code out of text leaves the client, %s, as it is",
    async (form) => {
      const policy = `default-src 'none'; connect-src 'self'; script-src 'self' 'nonce-${NONCE}'`;
      const site = await Site.start({ form, policy });
      const page = await show(await newContext(), site.origin);
      expect(await look(page, "canEvaluate")).toBe(false);
      await call(page, "open");
      const served = await site.served();
      const objects = numbersTo(500).map((number) => ({ number, text: `number ${number}` }));
      await call(page, "startEcho");
      for (const object of objects) served.session.send(object);

      expect(await call(page, "take", 500)).toEqual(objects);
      expect(await served.take(500)).toEqual(objects);
    },
  );

  test("Twenty reloads with messages both ways lose and double nothing", async () => {
    const site = await Site.start();
    const page = await show(await newContext(), site.origin);
    await call(page, "open");
    const served = await site.served();
    await call(page, "startPace");
    served.startPace();
    for (let reload = 0; reload < RELOADS; reload++) {
      const [up, down] = [served.received.length, (await look(page, "received")).length];
      await page.reload();
      await running(page);
      expect(await look(page, "events")).toContain("went on");
      // Each page carries something, both ways.
      await served.take(up + 1);
      await call(page, "take", down + 1);
    }
    const [sentUp, sentDown] = [await call(page, "stopPace"), served.stopPace()];

    expect(await served.take(sentUp)).toEqual(numbersTo(sentUp));
    expect(await call(page, "take", sentDown)).toEqual(numbersTo(sentDown));
    expect(site.sessions).toHaveLength(1);
    expect(served.session.status.state).toBe("open");
  });
});
