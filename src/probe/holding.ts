/** For how long a request is held, and what cuts it. */
import type { WatchedCarrier } from "./watched-carrier.ts";
import { firstWithin } from "./first-within.ts";

/** How long a request was held. */
export interface HoldReport {
  /** The longest time, in ms. */
  readonly heldMs: number;
  /** `answered` by the server, `still_held` when the time was over, or what cut it. */
  readonly ended: string;
  /** After so long, in ms, somebody on the way cuts requests; undefined: nobody did. */
  readonly cutAfterMs: number | undefined;
}

/** What ends sooner was not held: the server had something to say, or it was an accident. */
const HELD_MS_MIN = 1_000;

/** A cut that is repeated is none by accident. */
const CUTS_MAX = 2;

/**
 * Watches the parked requests of an open session until the server answers one, two were cut, or the
 * time is over.
 */
export async function watchHolding(
  carrier: WatchedCarrier,
  forMs: number,
): Promise<HoldReport | undefined> {
  if (forMs === 0) return undefined;
  let longestMs = 0;
  const cuts: number[] = [];
  const report = await firstWithin<HoldReport>(forMs, (done) => {
    carrier.onExchange = ({ heldMs, outcome }) => {
      if (outcome.kind === "answer" && outcome.bytes.length > 0) {
        longestMs = Math.max(longestMs, heldMs);
        if (heldMs < HELD_MS_MIN) return;
        done({ heldMs: Math.round(heldMs), ended: "answered", cutAfterMs: undefined });
      } else if (heldMs >= HELD_MS_MIN && cuts.push(Math.round(heldMs)) === CUTS_MAX) {
        const ended = outcome.kind === "failure" ? outcome.reason : "answer_empty";
        done({ heldMs: Math.max(...cuts), ended, cutAfterMs: Math.min(...cuts) });
      }
    };
  });
  carrier.onExchange = () => {};
  if (report !== undefined) return report;
  const isStillHeld = carrier.heldMs >= longestMs;
  const heldMs = Math.round(Math.max(carrier.heldMs, longestMs));
  return { heldMs, ended: isStillHeld ? "still_held" : "answered", cutAfterMs: undefined };
}
