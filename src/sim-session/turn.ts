/**
 * A turn of the real host: what the program does in promises that are ready is done when it ends,
 * however long their chain is. It takes no time of the world's. What of a program waits for the
 * real world, a file for one, is not waited for: then no run repeats another.
 */
import { atEndOfTick } from "../session/tick.ts";

declare const setImmediate: ((callback: () => void) => unknown) | undefined;

/** As they are when this is loaded: test runners put false ones in their place. */
const later: (callback: () => void) => void =
  typeof setImmediate === "function" ? setImmediate : atEndOfTick;

export function turn(): Promise<void> {
  return new Promise((resolve) => later(resolve));
}
