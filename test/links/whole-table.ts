/** The whole table of one link, its rows side by side. */
import { directScene } from "./direct-scene.ts";
import { FAULTS, type Outcome } from "./fault-table.ts";
import type { LinkUnderTest } from "./link-under-test.ts";
import { SLEEP_NAME, sleepRow } from "./sleep-row.ts";

/** The names of all rows, in the order of the outcomes. */
export const ROWS: readonly string[] = [...FAULTS.map(({ name }) => name), SLEEP_NAME];

/** What came of each row, or the error with which it failed. */
export async function wholeTable(
  link: LinkUnderTest,
  seconds: number,
): Promise<readonly PromiseSettledResult<Outcome>[]> {
  const rows = FAULTS.map(({ run }) => run(directScene(link), seconds));
  return Promise.allSettled([...rows, sleepRow(link, seconds)]);
}
