/** The numbers of the session, at both ends, each with a plot of its last half minute. */
import type { SessionPhase } from "holdfast";
import type { ServerView } from "../messages.ts";
import { bytes, count, milliseconds } from "./figures.ts";
import { Plot, type PlotSpec, type Sample } from "./plots.ts";
import { wordOfState } from "./words.ts";

/** What this tab knows by itself. */
export interface TabView extends ServerView {
  readonly inFlight: number;
  readonly parked: number;
}

const UNKNOWN = "–";

/** From the worst to the best: as high as they are drawn. */
const STATES: readonly SessionPhase[] = ["ended", "interrupted", "opening", "closing", "open"];

interface Row extends PlotSpec {
  readonly name: string;
  readonly title: string;
  readonly show: (value: number) => string;
  readonly take: (here: TabView, there: ServerView | undefined) => Sample;
}

const ROWS: readonly Row[] = [
  {
    name: "State",
    title: "How each side takes the session to be: the higher, the better",
    show: stateAt,
    scaleMin: STATES.length - 1,
    take: (here, there) => [
      STATES.indexOf(here.state),
      there === undefined ? null : STATES.indexOf(there.state),
    ],
  },
  {
    name: "Requests in flight",
    title: "Requests on their way there, or their answers on the way back",
    show: count,
    scaleMin: 2,
    take: ({ inFlight }) => [inFlight, null],
  },
  {
    name: "Requests parked",
    title: "Requests that wait at the server, so that it can answer at once",
    show: count,
    scaleMin: 2,
    take: ({ parked }) => [null, parked],
  },
  {
    name: "Messages without ack",
    title: "Messages sent, or waiting to be, that the other side has not acknowledged",
    show: count,
    scaleMin: 8,
    take: (here, there) => [here.unacknowledged, there?.unacknowledged ?? null],
  },
  {
    name: "Bytes without ack",
    title: "The same in bytes",
    show: bytes,
    scaleMin: 256,
    take: (here, there) => [here.bufferedBytes, there?.bufferedBytes ?? null],
  },
  {
    name: "Round trip",
    title: "From a request to its answer, without the time for which the server kept it",
    show: milliseconds,
    scaleMin: 20,
    take: (here, there) => [here.stats.roundTripMs, there?.stats.roundTripMs ?? null],
  },
  {
    name: "Messages delivered",
    title: "Messages that arrived here, in order; the plot has those of each quarter of a second",
    show: count,
    scaleMin: 4,
    isRate: true,
    take: (here, there) => [here.stats.messagesDelivered, there?.stats.messagesDelivered ?? null],
  },
  {
    name: "Duplicates dropped",
    title: "Messages that came twice and were passed on once",
    show: count,
    scaleMin: 4,
    isRate: true,
    take: (here, there) => [here.stats.duplicatesDropped, there?.stats.duplicatesDropped ?? null],
  },
  {
    name: "Times sent again",
    title:
      "How often a message was sent once more, as it may have been lost: one that is sent three " +
      "times more counts three times",
    show: count,
    scaleMin: 4,
    isRate: true,
    take: (here, there) => [here.stats.unitsResent, there?.stats.unitsResent ?? null],
  },
];

interface ShownRow {
  readonly row: Row;
  readonly cells: readonly [HTMLElement, HTMLElement];
  readonly plot: Plot;
}

export class Panel {
  readonly #rows: readonly ShownRow[];

  constructor(table: HTMLTableElement) {
    const head = table.createTHead().insertRow();
    for (const [text, style] of [
      ["", "name"],
      ["this tab", "here"],
      ["server", "there"],
      ["last 30 s", "plot"],
    ] as const) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.className = style;
      cell.textContent = text;
      head.append(cell);
    }
    const body = table.createTBody();
    this.#rows = ROWS.map((row) => {
      const { cells, place } = bodyRow(body, row.name, row.title);
      return { row, cells, plot: new Plot(place, row) };
    });
  }

  /** Shows numbers as they are. */
  show(here: TabView, there: ServerView | undefined): void {
    for (const { row, cells } of this.#rows) {
      const sample = row.take(here, there);
      for (const [at, cell] of cells.entries()) {
        const value = sample[at] ?? null;
        put(cell, value === null ? UNKNOWN : row.show(value));
      }
    }
  }

  /** Adds them to the plots. */
  sample(here: TabView, there: ServerView | undefined): void {
    for (const { row, plot } of this.#rows) plot.add(row.take(here, there));
  }

  repaint(): void {
    for (const { plot } of this.#rows) plot.repaint();
  }
}

function bodyRow(
  body: HTMLTableSectionElement,
  name: string,
  title: string,
): { readonly cells: readonly [HTMLElement, HTMLElement]; readonly place: HTMLElement } {
  const row = body.insertRow();
  const heading = document.createElement("th");
  heading.scope = "row";
  heading.textContent = name;
  heading.title = title;
  row.append(heading);
  const cells = [row.insertCell(), row.insertCell()] as const;
  const last = row.insertCell();
  last.className = "plot";
  const place = document.createElement("div");
  last.append(place);
  return { cells, place };
}

function stateAt(value: number): string {
  const state = STATES[value];
  return state === undefined ? UNKNOWN : wordOfState(state);
}

function put(cell: HTMLElement, text: string): void {
  if (cell.textContent !== text) cell.textContent = text;
}
