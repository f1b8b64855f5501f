/** What stands beside the arrows of the chart. Pure. */
import { type BodyFacts, countOf, type Run } from "./body-facts.ts";
import type { Exchange } from "./traffic.ts";

/** In which of the chart's colours a piece is written. */
export type Tone = "muted" | "ink" | "wait" | "broken";

export interface Piece {
  readonly text: string;
  readonly tone: Tone;
}

/** Runs that are spelt out: more is not read by anybody. */
const RUNS_SHOWN = 2;

/** Of a request, or of the answer that came. */
export function labelOf(facts: BodyFacts | undefined, isShort: boolean): readonly Piece[] {
  if (facts === undefined) return [{ text: "unreadable here", tone: "broken" }];
  const pieces: Piece[] = [{ text: `#${facts.exchange}`, tone: "muted" }];
  if (facts.isOtherUnreadable) {
    return [...pieces, { text: isShort ? "damaged" : "came damaged, again please", tone: "wait" }];
  }
  if (facts.again.length > 0) {
    pieces.push({ text: `again ${namesOf(facts.again)}`, tone: "wait" });
  }
  const count = countOf(facts.fresh);
  if (count > 0) {
    const words = count === 1 ? "message " : `${count} messages `;
    pieces.push({ text: `${isShort ? "" : words}${namesOf(facts.fresh)}`, tone: "ink" });
  }
  if (facts.ackThrough > 0) pieces.push({ text: `ack ${facts.ackThrough}`, tone: "muted" });
  return pieces;
}

/** Of a request that nothing came back from, or not what should have. */
export function fateOf({ fate, request }: Exchange, isShort: boolean): readonly Piece[] {
  const number: Piece = { text: `#${request?.exchange ?? "?"}`, tone: "muted" };
  switch (fate) {
    case "failed":
      return [number, { text: isShort ? "✗ broken" : "✗ connection broke", tone: "broken" }];
    case "damaged":
      return [number, { text: isShort ? "✗ damaged" : "✗ answer damaged", tone: "broken" }];
    case "dropped":
      return [number, { text: isShort ? "given up" : "no longer waited for", tone: "muted" }];
    default:
      return [number];
  }
}

function namesOf(runs: readonly Run[]): string {
  const names = runs.slice(0, RUNS_SHOWN).map(([first, last]) => {
    return first === last ? `${first}` : `${first}–${last}`;
  });
  return names.join(", ") + (runs.length > RUNS_SHOWN ? ", …" : "");
}
