/** What the process that conducts a replay says to its two ends, and what they say back. */
import type { Arrivals } from "./ledger.ts";

/** What an end may be told to do wrong, so that a test can see the verdict find it. */
export type Plant = "drop" | "double" | "swap" | "alter";

export type WriterOrder =
  | { readonly kind: "start"; readonly tracePath: string; readonly url: string }
  | { readonly kind: "pace"; readonly ratePerSecond: number }
  | Ending;

export type ReaderOrder =
  | {
      readonly kind: "start";
      readonly startContent: string;
      /** Messages of the trace. */
      readonly total: number;
      readonly plant: Plant | undefined;
    }
  | Ending;

export type Ending =
  /** All is done: close the session gracefully (the writer) and report once it has ended. */
  | { readonly kind: "finish" }
  /** Report at once, whatever the state. */
  | { readonly kind: "report" };

export type EndWord =
  /** The reader only: it listens here on 127.0.0.1. */
  | { readonly kind: "listening"; readonly port: number }
  | Progress
  /** The session ended; expected only after `finish`. */
  | { readonly kind: "ended"; readonly reason: string; readonly detail: string }
  | EndReport;

export interface Progress {
  readonly kind: "progress";
  readonly sent: number;
  readonly delivered: number;
  /** What the library says is not acknowledged; only to end a run early, never for the verdict. */
  readonly unacknowledged: number;
  /** How the session is, as the library tells it: for people, when a run is stuck. */
  readonly status: string;
}

/** The books of one end. */
export interface EndReport {
  readonly kind: "report";
  /** Times of sending by place. */
  readonly sentMs: Float64Array;
  readonly arrivals: Arrivals;
  /** The document made of what arrived, as it arrived. */
  readonly text: string;
}

/** How often an end tells its progress: often enough for a progress bar to move. */
export const PROGRESS_MS = 200;
