/** What must hold on every way: which link a client ends on, and what the table of faults finds. */
import { describe, expect, it } from "vitest";
import { sumOf } from "../links/dialogue.ts";
import { FAULTS, type Outcome } from "../links/fault-table.ts";
import { settle } from "./settling.ts";
import { Site } from "./site.ts";
import { wayScene } from "./way-scene.ts";
import type { TriedWay } from "./ways.ts";

/** How long each fault lasts. */
const SECONDS = 3;

/** One round trip, and what starts in a process that has just begun. */
const FIRST_MS = 2_000;

const NONE = { lost: 0, doubled: 0, reordered: 0 };

export function describeWay({ way, settles }: TriedWay): void {
  describe(`by ${way.name}`, () => {
    it(`a client that may use every link ends on: ${settles}`, async () => {
      const settled = await settle(await Site.start(way));
      // For the page's column of times, which no test can hold a machine to.
      console.log(`settled | ${way.name} | ${settled.link} | ${settled.afterMs} ms`);
      expect(settled).toMatchObject({ link: settles, lost: 0 });
      // The first message did not wait for it.
      expect(settled.firstMs).toBeLessThan(FIRST_MS);
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
