/** What must hold on every way: which link a client ends on, and what the table of faults finds. */
import { describe, expect, it } from "vitest";
import { sumOf } from "../links/dialogue.ts";
import { FAULTS, type Outcome } from "../links/fault-table.ts";
import { hush, settle } from "./settling.ts";
import { Site } from "./site.ts";
import { wayScene } from "./way-scene.ts";
import type { TriedWay } from "./ways.ts";

/** How long each fault lasts. */
const SECONDS = 3;

/** One round trip, and what starts in a process that has just begun. */
const FIRST_MS = 2_000;

const NONE = { lost: 0, doubled: 0, reordered: 0 };

/** Several times what an impatient program bears, and below every hold time. */
const SILENCE_MS = 8_000;

/** Below what an impatient program bears. */
const OFTEN_MS = 800;

/** Far below the hold time, at the end of which a word would come that nobody waits for. */
const PROMPT_MS = 2_000;

export function describeWay({ way, settles, streams, isImpatient = false }: TriedWay): void {
  describe(`by ${way.name}`, () => {
    it(`a client that may use every link ends on: ${settles}`, async () => {
      const settled = await settle(await Site.start(way));
      // For the page's column of times, which no test can hold a machine to.
      console.log(`settled | ${way.name} | ${settled.link} | ${settled.afterMs} ms`);
      expect(settled).toMatchObject({ link: settles, lost: 0 });
      // The first message did not wait for it.
      expect(settled.firstMs).toBeLessThan(FIRST_MS);
    });

    const next = streams ? "stream" : "poll";
    it.runIf(settles === "websocket")(`without WebSockets it ends on: ${next}`, async () => {
      const settled = await settle(await Site.start(way), ["stream", "poll"]);
      expect(settled).toMatchObject({ link: next, lost: 0 });
    });

    it.runIf(isImpatient)("a quiet session lives on, and is heard at once", async () => {
      const quiet = await hush(await Site.start(way), SILENCE_MS);
      expect(quiet.outages).toBe(0);
      expect(quiet.heardAfterMs).toBeLessThan(PROMPT_MS);
    });

    const isKept = isImpatient && settles !== "poll";
    it.runIf(isKept)("a server that speaks often enough keeps its link in silence", async () => {
      const site = await Site.start(way, { server: { pipeSilenceMs: OFTEN_MS } });
      const quiet = await hush(site, SILENCE_MS);
      expect(quiet).toMatchObject({ link: settles, moves: [settles] });
    });

    it("no fault loses, doubles or reorders a message", async () => {
      const rows = FAULTS.map((fault) => fault.run(wayScene(way, settles), SECONDS));
      const outcomes = await Promise.all(rows);
      expect(outcomes.map(judged)).toEqual(FAULTS.map(({ name }) => ({ fault: name, ...NONE })));
      const unmet = outcomes.filter(({ met, up, down }) => met * up.received * down.received === 0);
      expect(unmet).toEqual([]);
    });
  });
}

function judged({ fault, up, down }: Outcome): object {
  const { lost, doubled, reordered } = sumOf([up, down]);
  return { fault, lost, doubled, reordered };
}
