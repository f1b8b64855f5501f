/**
 * What the page and its server agree on. The page has a session with the server, on which edits
 * travel, and beside it, by plain requests, a look at its line and a hand on the line's faults:
 *
 *     POST /lines               201 LineReport: a line of one's own; 503 when all are in use
 *     GET  /lines/ID            200 LineReport; 404 when it is gone: then ask for another one
 *     PUT  /lines/ID            Partial<LineFaults> in JSON; 200 LineReport, or 400 and why
 *     POST /lines/ID/holdfast   the session: connect(sessionPath(id))
 *
 * An answer that is no success has a `Refusal` as its body. Plain requests never meet the faults.
 *
 * On the session each side sends what its `Copy` (../shared-text/copy.ts) says: the page's end is
 * the first of the two, `new Copy(true)`. A page that has taken in edits and makes none itself says
 * so, by `receipt()`, once for all that came together: the server sends `UNSEEN_MAX` edits ahead,
 * and then one with all that has changed meanwhile.
 */
import type { SessionPhase, Stats } from "holdfast";
import type { ChaosCounts } from "holdfast/chaos";
import type { Edit } from "../shared-text/copy.ts";

/**
 * UTF-16 units beyond which a page lets nobody type: some printed pages, as all of it goes to
 * everybody who comes.
 */
export const TEXT_LENGTH_MAX = 20_000;

/**
 * Most that the server keeps. Several people who do not see each other's edits yet may each fill
 * the text, and that is nobody's fault: four times as much loses nothing, and then every page lets
 * people only delete. What is more is cut off the edit that brings it, and its author is told so
 * as of any other change; nobody's session ends for it. In UTF-8 it is less than the largest
 * message that the server takes.
 */
export const TEXT_LENGTH_TAKEN_MAX = 80_000;

/**
 * Edits that the server sends ahead of what a page says to have seen; fewer when they are large.
 * Each of the page's own is mapped over all of them; and it is some seconds of a few people's
 * typing.
 */
export const UNSEEN_MAX = 64;

/**
 * For so long a cable may stay pulled: the server's `silenceLimitMs`, and to be the page's. Longer
 * than the library's minute, as people try it out and talk meanwhile.
 */
export const SILENCE_LIMIT_MS = 300_000;

/**
 * What a page sends. No text that it inserts contains "\r", and it never parts the two halves of a
 * surrogate pair, as no half of one would survive the coding in UTF-8.
 */
export type FromPage = Edit;

/** What the server sends. `digest` is that of its whole text at that moment. */
export type FromServer =
  /** The first message of a session. */
  | { readonly kind: "welcome"; readonly text: string; readonly digest: string }
  /** What others changed, or that one's own changes have come. */
  | { readonly kind: "edit"; readonly edit: Edit; readonly digest: string }
  /** How many look at the text whom the server can reach; this one is among them. */
  | { readonly kind: "people"; readonly count: number };

/** The codes with which the server ends a session; the end's `detail` says more, in words. */
export const SESSION_ENDS = {
  /** An edit that cannot be, or that makes the text what it must not be; never for its length. */
  editRefused: 1,
  /** Another session began on the same line. */
  lineTaken: 2,
  /** The line was closed: nobody used it for long, or others needed it more. */
  lineClosed: 3,
  /** The server's process goes down. */
  stopping: 4,
} as const;

/** What is wrong with a line. Probabilities go from 0 to 1. */
export interface LineFaults {
  /** The cable is pulled. */
  readonly blackout: boolean;
  /** The time between two cuts of a connection; 0: none is cut. */
  readonly cutEveryMs: number;
  readonly loseRequest: number;
  readonly loseResponse: number;
  /** Added to each request and to each response. */
  readonly delayMs: number;
  /** Requests that reach the server twice. */
  readonly double: number;
  /** Requests, and responses, in which bits flip. */
  readonly damage: number;
}

export const NO_FAULTS: LineFaults = {
  blackout: false,
  cutEveryMs: 0,
  loseRequest: 0,
  loseResponse: 0,
  delayMs: 0,
  double: 0,
  damage: 0,
};

/** Shorter, and hardly a request would come through between two cuts. */
export const CUT_EVERY_MS_MIN = 100;
/** Longer, and nobody would wait for the next one. */
export const CUT_EVERY_MS_MAX = 60_000;
/** Each way. A line to Mars would take longer, and would be no fun to look at. */
export const DELAY_MS_MAX = 5_000;

export interface LineReport {
  readonly id: string;
  /** With the same seed and the same requests a line meets the same faults. */
  readonly seed: number;
  readonly faults: LineFaults;
  /** What really happened on it. */
  readonly counts: ChaosCounts;
  /** The newest session on this line as the server sees it; absent before there is one. */
  readonly server?: ServerView;
}

export interface ServerView {
  readonly state: SessionPhase;
  /** Messages, and payload bytes, that the page does not hold yet. */
  readonly unacknowledged: number;
  readonly bufferedBytes: number;
  readonly stats: Stats;
}

/** Why a request was refused: a code for programs, and a sentence. */
export interface Refusal {
  readonly code: string;
  readonly error: string;
}

/** Where the session of a line goes. */
export function sessionPath(lineId: string): string {
  return `/lines/${lineId}/holdfast`;
}

/** FNV-1a, 32 bits, over the bytes of the text's UTF-16 units, the lower one first. */
export function digestOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) {
    const unit = text.charCodeAt(place);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}
