/**
 * Faults planted between the library and the reader's books, so that tests see the verdict find
 * them: one message dropped, doubled, swapped with the next one, or altered.
 */
import type { Change } from "./change.ts";
import type { Plant } from "./orders.ts";

/**
 * @param plant undefined: nothing is done.
 * @param place of the message that it is done to
 * @returns what to pass each bundle through
 */
export function planted(
  plant: Plant | undefined,
  place: number,
): (changes: readonly Change[]) => readonly Change[] {
  let swapped: Change | undefined;
  return (changes) =>
    changes.flatMap((change): Change[] => {
      if (plant === "swap" && swapped !== undefined) {
        const both = [change, swapped];
        swapped = undefined;
        return both;
      }
      if (plant === undefined || change.place !== place) return [change];
      if (plant === "drop") return [];
      if (plant === "double") return [change, change];
      if (plant === "alter") return [{ place, patches: [[0, 0, "!"]] }];
      swapped = change;
      return [];
    });
}
