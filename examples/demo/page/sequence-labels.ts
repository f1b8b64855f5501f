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

/** How much is said, from all to the number of the exchange alone. */
const DETAILS = ["whole", "short", "least", "counts", "number"] as const;
export type Detail = (typeof DETAILS)[number];

/** As much as there is room for: words go before digits do, and no number is ever shown in part. */
export function fitting(
  piecesOf: (detail: Detail) => readonly Piece[],
  fits: (pieces: readonly Piece[]) => boolean,
): readonly Piece[] {
  for (const detail of DETAILS) {
    const pieces = piecesOf(detail);
    if (fits(pieces)) return pieces;
  }
  return [];
}

/** Of a request, or of the answer that came. */
export function labelOf(
  { request }: Exchange,
  facts: BodyFacts | undefined,
  detail: Detail,
): readonly Piece[] {
  if (facts === undefined) return [{ text: "unreadable", tone: "broken" }];
  const pieces: Piece[] = [numberOf(request)];
  if (detail === "number") return pieces;
  if (facts.isOtherUnreadable) {
    const text = detail === "whole" ? "came damaged, again please" : "came damaged";
    return [...pieces, { text, tone: "wait" }];
  }
  const { again, fresh, ackThrough } = facts;
  const isCounted = detail === "counts";
  if (again.length > 0) {
    const text = isCounted ? `${countOf(again)} again` : `again ${namesOf(again)}`;
    pieces.push({ text, tone: "wait" });
  }
  const count = countOf(fresh);
  if (count > 0) {
    const words = count === 1 ? "message " : `${count} messages `;
    const isShort = detail !== "whole" || again.length > 0;
    const isLeast = isCounted || (detail === "least" && again.length > 0);
    const text = isLeast ? `+${count}` : `${isShort ? "" : words}${namesOf(fresh)}`;
    pieces.push({ text, tone: "ink" });
  }
  const isAckLeftOut = (isCounted || detail === "least") && pieces.length > 1;
  if (ackThrough > 0 && !isAckLeftOut) pieces.push({ text: `ack ${ackThrough}`, tone: "muted" });
  return pieces;
}

/** Of a request that nothing came back from, or not what should have. */
export function fateOf({ fate, request }: Exchange, detail: Detail): readonly Piece[] {
  const isWhole = detail === "whole";
  const number = numberOf(request);
  if (detail === "number") return [number];
  switch (fate) {
    case "failed":
      return [number, { text: isWhole ? "✗ connection broke" : "✗ broke", tone: "broken" }];
    case "damaged":
      return [number, { text: isWhole ? "✗ response damaged" : "✗ damaged", tone: "broken" }];
    case "dropped":
      return [number, { text: isWhole ? "no longer waited for" : "given up", tone: "muted" }];
    default:
      return [number];
  }
}

function numberOf(request: BodyFacts | undefined): Piece {
  return { text: `#${request?.exchange ?? "?"}`, tone: "muted" };
}

function namesOf(runs: readonly Run[]): string {
  const names = runs.slice(0, RUNS_SHOWN).map(([first, last]) => {
    return first === last ? `${first}` : `${first}–${last}`;
  });
  return names.join(", ") + (runs.length > RUNS_SHOWN ? ", …" : "");
}
