/**
 * What happened, as a message-sequence chart in text: a column for each party, the time at the
 * left.
 *
 *        ms  client                                          server
 *         0  |-- request 1 [seq 1] ------------------- +20 ms ->|
 *        20  |                                    books seq 1 *
 *        25  |                           .. <- (1) answer 1 ----|
 *        30  |-- request 2 ------------------------------X lost |
 *        45  |<- (1) answer 1 -- ..                             |
 *
 * What arrives before anything else happens is one arrow. Otherwise it has a number, stands once
 * where it leaves and once where it arrives, and so may cross others. Where the same few rows come
 * again and again, the first and the last of them are shown.
 */
import { checkOptions, integer, optional, type Rules } from "../option-checks.ts";
import type { Noted } from "../play.ts";
import { kindOfLabel } from "./steps.ts";

/** How large a chart may be. */
export interface ChartLimits {
  /**
   * Rows at most; the first and, since runs end where they fail, most of all the last. Default 60.
   */
  readonly chartRowsMax?: number;
  /** Letters of a row at most; what does not fit is cut. Default 100. */
  readonly chartColumnsMax?: number;
}

/** What a chart is drawn from: a `Play`. */
export interface Charted {
  /** What happened. */
  readonly notes: readonly Noted[];
  /** Who takes part, from left to right. */
  readonly parties: readonly string[];
  /** Notes that were not kept, before the first. */
  readonly notesLeftOut: number;
}

const RULES: Rules<ChartLimits> = {
  chartRowsMax: optional(integer(1)),
  chartColumnsMax: optional(integer(1)),
};
const CHART_ROWS_MAX = 60;
const CHART_COLUMNS_MAX = 100;
/** Below, no arrow has room for its text. */
const GAP_COLUMNS_MIN = 16;
const TIME_COLUMNS = 9;
/** The first rows that are shown of a chart that is too long, as a part of all. */
const FIRST_ROWS = 0.25;

/**
 * Draws a run. Empty when nothing was noted.
 *
 * @throws UsageError `option_invalid`, `option_unknown`.
 */
export function drawChart(run: Charted, limits: ChartLimits = {}): string {
  checkOptions(limits, RULES);
  if (run.notes.length === 0) return "";
  const { chartRowsMax = CHART_ROWS_MAX, chartColumnsMax = CHART_COLUMNS_MAX } = limits;
  const chart = new Chart(run.parties, chartColumnsMax);
  const { rows: all, pending } = rowsOf(run.notes);
  const rows = folded(all);
  const leftOut = Math.max(0, rows.length - chartRowsMax);
  const first = Math.floor((rows.length - leftOut) * FIRST_ROWS);
  const lines = [chart.heading];
  if (run.notesLeftOut > 0) lines.push(chart.remark(`${run.notesLeftOut} notes before`));
  for (const [at, row] of rows.entries()) {
    if (leftOut > 0 && at === first) lines.push(chart.remark(`${leftOut} rows left out`));
    if (at >= first && at < first + leftOut) continue;
    lines.push(typeof row === "string" ? chart.remark(row) : chart.draw(row));
  }
  if (pending.length > 0) {
    const tags = pending.map((tag) => `(${tag})`).join(" ");
    lines.push(chart.remark(`still on the way: ${tags}`));
  }
  return lines.join("\n");
}

// --- which rows there are -----------------------------------------------------------------------

/** One line of the chart. */
interface Row {
  readonly note: Noted;
  readonly text: string;
  /** How it is drawn; `whole` is an arrow that leaves and arrives. */
  readonly shape: Noted["kind"] | "whole" | "lost at once";
  /** What is said at an arrow's head. */
  readonly remark: string;
}

/** On its way for more than one row. */
interface Underway {
  readonly tag: number;
  readonly text: string;
}

function rowsOf(notes: readonly Noted[]): { rows: Row[]; pending: number[] } {
  const rows: Row[] = [];
  const underway = new Map<number, Underway>();
  const pending = new Set<number>();
  let lastTag = 0;
  const places = countPlaces(notes);
  for (let at = 0; at < notes.length; at++) {
    const note = notes[at] as Noted;
    if (note.kind === "event") {
      rows.push({ note, text: note.text, shape: "event", remark: "" });
    } else if (note.kind !== "leaves") {
      const known = underway.get(note.number);
      const tag = known === undefined ? "" : `(${known.tag}) `;
      if (known !== undefined) pending.delete(known.tag);
      const text = tag + (known?.text ?? "");
      rows.push({ note, text, shape: note.kind, remark: note.text });
    } else {
      const next = notes[at + 1];
      if (next?.number === note.number && places.get(note.number) === 2) {
        rows.push(wholeRow(note, next));
        at++;
        continue;
      }
      const tag = ++lastTag;
      underway.set(note.number, { tag, text: note.text });
      pending.add(tag);
      rows.push({ note, text: `(${tag}) ${note.text}`, shape: "leaves", remark: "" });
    }
  }
  return { rows, pending: [...pending] };
}

/** How many notes are about the same thing: two, where it leaves and arrives once. */
function countPlaces(notes: readonly Noted[]): Map<number, number> {
  const places = new Map<number, number>();
  for (const { number } of notes) places.set(number, (places.get(number) ?? 0) + 1);
  return places;
}

function wholeRow(note: Noted, end: Noted): Row {
  const { text } = note;
  if (end.kind === "lost") {
    return { note, text, shape: "lost at once", remark: end.text === "" ? "lost" : end.text };
  }
  const passed = end.atMs === note.atMs ? "" : `+${timeText(end.atMs - note.atMs)} ms`;
  const remark = [passed, end.text].filter((each) => each !== "").join(", ");
  return { note, text, shape: "whole", remark };
}

function timeText(ms: number): string {
  return Number.isInteger(ms) ? String(ms) : ms.toFixed(1);
}

// --- what comes again and again -----------------------------------------------------------------

/** Rows of which a pattern may consist: two exchanges, each with where it leaves and arrives. */
const PATTERN_ROWS_MAX = 8;
/** Below, folding would save next to nothing. */
const FOLDED_ROWS_MIN = 3;

/** Rows, and remarks in the place of those that are like the ones above. */
function folded(rows: readonly Row[]): (Row | string)[] {
  const kinds = rows.map(kindOfRow);
  const shown: (Row | string)[] = [];
  for (let at = 0; at < rows.length;) {
    const { size, times } = patternAt(kinds, at);
    const left = size * (times - 2);
    if (left < FOLDED_ROWS_MIN) {
      shown.push(rows[at++] as Row);
      continue;
    }
    const last = at + size * (times - 1);
    shown.push(...rows.slice(at, at + size), `${left} more like ${size === 1 ? "this" : "these"}`);
    shown.push(...rows.slice(last, last + size));
    at = last + size;
  }
  return shown;
}

/**
 * The rows from here on that come again at once, and how often they are there: those that cover
 * most.
 */
function patternAt(kinds: readonly string[], at: number): { size: number; times: number } {
  let best = { size: 1, times: 1 };
  for (let size = 1; size <= PATTERN_ROWS_MAX; size++) {
    let end = at + size;
    while (end < kinds.length && kinds[end] === kinds[end - size]) end++;
    const times = Math.floor((end - at) / size);
    if (size * (times - 2) > best.size * (best.times - 2)) best = { size, times };
  }
  return best;
}

/**
 * What a row says, without the time and, of what is on its way, its own number: "request 14". Rows
 * that stand for half of a way are like no others: who looks for the other half must find them.
 */
function kindOfRow({ note, text, shape, remark }: Row, at: number): string {
  if (shape === "leaves" || shape === "arrives" || shape === "lost") return String(at);
  const said = note.kind === "event" ? text : text.replace(/^[^[]*/, (name) => kindOfLabel(name));
  return JSON.stringify([shape, note.from, note.to, said, kindOfLabel(remark)]);
}

// --- how they are drawn -------------------------------------------------------------------------

class Chart {
  private readonly parties: readonly string[];
  /** From one lifeline to the next. */
  private readonly gap: number;

  constructor(parties: readonly string[], columnsMax: number) {
    this.parties = parties;
    const room = columnsMax - TIME_COLUMNS - 3;
    const gaps = Math.max(1, parties.length - 1);
    this.gap = Math.max(GAP_COLUMNS_MIN, Math.floor(room / gaps));
  }

  get heading(): string {
    const line = this.blank();
    const last = this.parties.length - 1;
    for (const [at, party] of this.parties.entries()) {
      const name = cut(party, this.gap - 1);
      // The last name ends at its line, as nothing stands to the right of it.
      const isLast = at === last && at > 0;
      put(line, isLast ? this.column(at) + 1 - name.length : this.column(at), name);
    }
    return `${"ms".padStart(TIME_COLUMNS)}  ${line.join("").trimEnd()}`;
  }

  remark(text: string): string {
    return `${"".padStart(TIME_COLUMNS)}  ... ${text} ...`;
  }

  draw({ note, text, shape, remark }: Row): string {
    const line = this.blank();
    for (const at of this.parties.keys()) put(line, this.column(at), "|");
    const from = this.parties.indexOf(note.from);
    const to = note.to === undefined ? from : this.parties.indexOf(note.to);
    if (shape === "event" || from === to) this.drawEvent(line, from, shape, text, remark);
    else {
      const left = this.column(Math.min(from, to)) + 1;
      const room = this.column(Math.max(from, to)) - left;
      put(line, left, arrow(shape, text, remark, room, from < to));
    }
    return `${timeText(note.atMs).padStart(TIME_COLUMNS)}  ${line.join("").trimEnd()}`;
  }

  private drawEvent(
    line: string[],
    at: number,
    shape: Row["shape"],
    text: string,
    remark: string,
  ): void {
    const column = this.column(at);
    const what =
      shape === "event" || shape === "whole" ? text : `${shape}: ${text} ${remark}`.trimEnd();
    const isLast = at > 0 && at === this.parties.length - 1;
    const shown = cut(what, this.gap - 3);
    put(line, column, "*");
    put(line, isLast ? column - 1 - shown.length : column + 2, shown);
  }

  private column(at: number): number {
    return at * this.gap;
  }

  private blank(): string[] {
    const columns = this.column(Math.max(1, this.parties.length - 1)) + 1;
    return Array.from({ length: columns }, () => " ");
  }
}

/** What stands between two lifelines, `room` letters of it. */
function arrow(
  shape: Row["shape"],
  text: string,
  remark: string,
  room: number,
  isToRight: boolean,
): string {
  const end = remark === "" ? "" : ` ${cut(remark, Math.floor(room / 2))} `;
  const name = ` ${cut(text, room - end.length - 9)} `;
  const body = `--${name}`;
  switch (shape) {
    case "leaves":
      return isToRight ? `${body}-> ..`.padEnd(room) : `.. <-${name}--`.padStart(room);
    case "arrives": {
      const shown = end === "" ? name : `${name.trimEnd()},${end}`;
      return isToRight ? `.. --${shown}->`.padStart(room) : `<-${shown}-- ..`.padEnd(room);
    }
    case "lost": {
      const shown = `X${name.trimEnd()}${end === "" ? "" : `:${end}`}`.trimEnd();
      const before = Math.max(0, Math.floor((room - shown.length) / 2));
      return (" ".repeat(before) + shown).padEnd(room);
    }
    case "lost at once":
      return isToRight
        ? `${body.padEnd(room - end.length - 1, "-")}X${end}`
        : `${end}X${`${name}--`.padStart(room - end.length - 1, "-")}`;
    default:
      return isToRight
        ? `${body.padEnd(room - end.length - 2, "-")}${end}->`
        : `<-${end}${`${name}--`.padStart(room - end.length - 2, "-")}`;
  }
}

function cut(text: string, letters: number): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length <= letters ? line : `${line.slice(0, Math.max(0, letters - 1))}…`;
}

function put(line: string[], at: number, text: string): void {
  let column = at;
  for (const letter of text) {
    if (column >= 0 && column < line.length) line[column] = letter;
    column++;
  }
}
