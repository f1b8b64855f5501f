/**
 * What a replay showed: counted from the books of both ends, which know nothing of the library, and
 * from the fault proxy's counts.
 */
import { shortOf, type Hardness } from "./hardness.ts";
import { longestGapMs } from "./ledger.ts";
import type { EndReport } from "./orders.ts";

/** One direction. */
export interface DirectionVerdict {
  readonly sent: number;
  readonly delivered: number;
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
  /** Arrived, but is no message of the trace. */
  readonly strange: number;
  /** The longest time without a delivery while messages were under way. */
  readonly longestGapMs: number;
  /** The document made of what arrived equals the trace's `endContent`. */
  readonly isDocumentEqual: boolean;
}

export interface Verdict {
  /** Messages of the trace. */
  readonly total: number;
  /** From the writer to the reader: the changes. */
  readonly changes: DirectionVerdict;
  /** From the reader to the writer: their echoes. */
  readonly echoes: DirectionVerdict;
  readonly met: Hardness;
  readonly durationMs: number;
  /** Whatever is off, one sentence each. */
  readonly off: readonly string[];
  /** What the run fell short of, one sentence each. */
  readonly easy: readonly string[];
  readonly isPassed: boolean;
}

export interface Evidence {
  readonly total: number;
  readonly endContent: string;
  /** Undefined: that end told nothing. */
  readonly writer: EndReport | undefined;
  readonly reader: EndReport | undefined;
  readonly met: Hardness;
  readonly startMs: number;
  readonly endMs: number;
  /** What went wrong with the run itself: stuck, a session that ended early, a process that died. */
  readonly trouble: readonly string[];
  readonly mayBeEasy: boolean;
}

export function judge(evidence: Evidence): Verdict {
  const { total, writer, reader, met, endMs } = evidence;
  const changes = direction(writer, reader, evidence);
  const echoes = direction(reader, writer, evidence);
  const off = [
    ...evidence.trouble,
    ...faultsOf("changes", changes, total),
    ...faultsOf("echoes", echoes, total),
  ];
  const easy = shortOf(met);
  const isPassed = off.length === 0 && (easy.length === 0 || evidence.mayBeEasy);
  const durationMs = endMs - evidence.startMs;
  return { total, changes, echoes, met, durationMs, off, easy, isPassed };
}

function direction(
  from: EndReport | undefined,
  to: EndReport | undefined,
  { endContent, endMs }: Evidence,
): DirectionVerdict {
  const sentMs = from?.sentMs ?? new Float64Array();
  const arrivals = to?.arrivals;
  const delivered = arrivals?.delivered ?? 0;
  return {
    sent: sentMs.length,
    delivered,
    lost: Math.max(0, sentMs.length - delivered),
    doubled: arrivals?.doubled ?? 0,
    reordered: arrivals?.reordered ?? 0,
    strange: arrivals?.strange ?? 0,
    longestGapMs: longestGapMs(sentMs, arrivals?.timesMs ?? new Float64Array(), endMs),
    isDocumentEqual: to?.text === endContent,
  };
}

function faultsOf(name: string, found: DirectionVerdict, total: number): string[] {
  const off: string[] = [];
  if (found.sent !== total) off.push(`${name}: ${found.sent} of ${total} were sent`);
  for (const count of ["lost", "doubled", "reordered", "strange"] as const) {
    if (found[count] > 0) off.push(`${name}: ${found[count]} ${count}`);
  }
  if (!found.isDocumentEqual) off.push(`${name}: the document differs from the trace's end`);
  return off;
}
