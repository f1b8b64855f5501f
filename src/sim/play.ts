/**
 * One run of a scenario: it is asked for every decision, and is told what happens, so that a
 * failure can be shown as the options that the run expanded to, the steps that it took, and a
 * chart.
 *
 * Invariant: what is noted changes no decision, so a run can be repeated with its notes.
 */
import { type Choices, RecordedChoices } from "./choices.ts";
import {
  checkOptions,
  integer,
  FLAG,
  invalid,
  optional,
  PERMILLE,
  type Rules,
  TEXT,
} from "./option-checks.ts";

/** Something that happened, as a chart shows it. */
export interface Noted {
  /** The world's time. */
  readonly atMs: number;
  /**
   * `event` is about `from` alone. What goes from one party to another `leaves` once, and then
   * `arrives`, or is `lost`; if it is doubled on the way, it arrives more than once.
   */
  readonly kind: "event" | "leaves" | "arrives" | "lost";
  /** Who did it, or where it came from. */
  readonly from: string;
  /** Where it goes; undefined for an event. */
  readonly to: string | undefined;
  /** What happened, in a few words; empty where it arrives, or is lost, as it left. */
  readonly text: string;
  /** The number of what is on its way, from 1; 0 for an event. */
  readonly number: number;
}

/** How a run is watched. */
export interface PlayOptions {
  /**
   * Whether notes are kept. Drivers play thousands of runs without, and the failing one again with
   * them. Default true.
   */
  readonly isNoting?: boolean;
  /** Questions after which a run counts as one without an end. Default `PICKS_MAX_DEFAULT`. */
  readonly picksMax?: number;
}

/** Why a scenario cannot be played, or has shown nothing. Stable. */
export type ScenarioErrorCode =
  /** A run asked for more than `picksMax` decisions. */
  | "picks_too_many"
  /** Steps that the run never asked for, or that ask for more than there is. */
  | "steps_stale"
  /** A text that is no list of steps. */
  | "steps_unreadable"
  /** The same answers led to other questions. */
  | "not_repeatable"
  /** What the runs were meant to meet did not happen in any of them. */
  | "marks_not_met"
  /** A scenario was over while a world of it was still running: an `await` is missing in it. */
  | "run_not_awaited"
  /**
   * A world was made while another one was running in this process, so that nobody could tell whose
   * an error is that nobody takes. Scenarios take turns; within one, a world is made first of all.
   */
  | "runs_overlap";

/** A scenario cannot be played as was asked, or its runs do not show what they were meant to. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
  /** What is wrong. Stable; `message` has the details. */
  readonly code: ScenarioErrorCode;

  /** @internal Made by the library. */
  constructor(code: ScenarioErrorCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}

/** Some seconds of work: runs that end ask for thousands. */
export const PICKS_MAX_DEFAULT = 1_000_000;
/** Labels are read by people, as steps, and typed by them. */
export const LABEL_LETTERS_MAX = 1_000;
/** The latest notes that are kept at least: more than anybody reads. */
export const NOTES_KEPT = 10_000;

const RULES: Rules<PlayOptions> = {
  isNoting: optional(FLAG),
  picksMax: optional(integer(1)),
};

/** Ends at once what is still under way; resolves when nothing is heard of it any more. */
type Stop = () => Promise<void>;

/** What a scenario is given: chance, and paper to write on. */
export class Play extends RecordedChoices {
  /** Whether notes are kept: who composes long ones asks first. */
  readonly isNoting: boolean;
  /** How often each thing happened that a run is meant to meet. */
  readonly marks: Map<string, number> = new Map();
  /** What the run expanded to, by name. */
  readonly options: Map<string, unknown> = new Map();
  /** What happened, in the order of its happening. */
  readonly notes: Noted[] = [];
  /** Who takes part, in the order in which a chart shows them. */
  readonly parties: string[] = [];
  /** Early notes of a long run that were not kept. */
  notesLeftOut = 0;
  private readonly picksMax: number;
  private readonly onTheWay: Map<number, Noted> = new Map();
  private readonly underWay: Set<Stop> = new Set();
  private lastNumber = 0;

  /** `choices` decides. @throws UsageError `option_invalid`, `option_unknown`. */
  constructor(choices: Choices, options: PlayOptions = {}) {
    super(choices);
    checkOptions(options, RULES);
    const { isNoting = true, picksMax = PICKS_MAX_DEFAULT } = options;
    this.isNoting = isNoting;
    this.picksMax = picksMax;
  }

  // --- chance ---------------------------------------------------------------------------------

  /**
   * @throws ScenarioError `picks_too_many` when the run seems to have no end.
   * @throws UsageError `option_invalid` when `count` is no integer above 0, `permille` none of a
   *   thousand, or `label` no text of up to `LABEL_LETTERS_MAX` letters; or when the answer is none.
   */
  override pick(count: number, label: string, permille?: number): number {
    if (typeof label !== "string" || label.length > LABEL_LETTERS_MAX) {
      throw invalid(label, "a label", `a string of up to ${LABEL_LETTERS_MAX} letters`);
    }
    if (!Number.isSafeInteger(count) || count < 1) {
      throw invalid(count, `the count of ${JSON.stringify(label)}`, "an integer above 0");
    }
    if (permille !== undefined) PERMILLE(permille, `the permille of ${JSON.stringify(label)}`);
    if (this.picked.length >= this.picksMax) {
      throw new ScenarioError("picks_too_many", `more than ${this.picksMax}; the next: ${label}`);
    }
    return super.pick(count, label, permille);
  }

  /** Whether a fault happens; it is marked by the name of its kind when it does. */
  happens(kind: string, label: string, permille: number): boolean {
    if (permille === 0 || this.pick(2, label, permille) === 0) return false;
    this.mark(kind);
    return true;
  }

  // --- paper ----------------------------------------------------------------------------------

  /** It happened. @throws UsageError `option_invalid`. */
  mark(kind: string, count = 1): void {
    TEXT(kind, "a mark");
    COUNT(count, "the count of a mark");
    this.marks.set(kind, (this.marks.get(kind) ?? 0) + count);
  }

  /** Writes down what an option came to be. @throws UsageError `option_invalid`. */
  expand<Value>(name: string, value: Value): Value {
    TEXT(name, "the name of an option");
    this.options.set(name, value);
    return value;
  }

  /**
   * The columns of the chart from left to right; others follow as they appear.
   *
   * @throws UsageError `option_invalid`.
   */
  showParties(...names: string[]): void {
    for (const name of names) {
      TEXT(name, "a party");
      if (!this.parties.includes(name)) this.parties.push(name);
    }
  }

  /**
   * Writes down what happened, for the chart; with `to`, what went there in no time.
   *
   * @throws UsageError `option_invalid`.
   */
  note(atMs: number, from: string, text: string, to?: string): void {
    checkNote(atMs, text, from, to ?? from);
    if (to === undefined) this.write({ atMs, kind: "event", from, to, text, number: 0 });
    else this.arrives(atMs, this.leaves(atMs, from, to, text));
  }

  /**
   * Something leaves for another party: its number, for `arrives` and `vanishes`.
   *
   * @throws UsageError `option_invalid`.
   */
  leaves(atMs: number, from: string, to: string, text: string): number {
    checkNote(atMs, text, from, to);
    if (!this.isNoting) return 0;
    const number = ++this.lastNumber;
    const noted: Noted = { atMs, kind: "leaves", from, to, text, number };
    this.onTheWay.set(number, noted);
    // What was lost without a word stays: the oldest goes when there is too much.
    this.onTheWay.delete(number - 2 * NOTES_KEPT);
    this.write(noted);
    return number;
  }

  /**
   * It is there; `text` where it is not what left: "damaged".
   *
   * @throws UsageError `option_invalid`.
   */
  arrives(atMs: number, number: number, text = ""): void {
    this.ends("arrives", atMs, number, text);
  }

  /** It is gone; `text` may say how: "aborted". @throws UsageError `option_invalid`. */
  vanishes(atMs: number, number: number, text = ""): void {
    this.ends("lost", atMs, number, text);
  }

  // --- the end --------------------------------------------------------------------------------

  /**
   * @internal Something goes on until the function that is returned is called, or it is stopped.
   */
  begin(stop: Stop): () => void {
    this.underWay.add(stop);
    return () => void this.underWay.delete(stop);
  }

  /** @internal The scenario is over: stops what is still under way; undefined: nothing is. */
  stop(): Promise<unknown> | undefined {
    if (this.underWay.size === 0) return undefined;
    const stops = Array.from(this.underWay);
    this.underWay.clear();
    return Promise.all(stops.map((stop) => stop()));
  }

  private ends(kind: "arrives" | "lost", atMs: number, number: number, text: string): void {
    checkNote(atMs, text);
    const left = this.onTheWay.get(number);
    if (left === undefined) return;
    this.write({ ...left, kind, atMs, text });
  }

  private write(noted: Noted): void {
    if (!this.isNoting) return;
    this.showParties(noted.from);
    if (noted.to !== undefined) this.showParties(noted.to);
    this.notes.push(noted);
    if (this.notes.length < 2 * NOTES_KEPT) return;
    this.notes.splice(0, NOTES_KEPT);
    this.notesLeftOut += NOTES_KEPT;
  }
}

const COUNT = integer(0);

/**
 * Also where no notes are kept: a run must not fail only when it is played again with them. What
 * cannot be shown would otherwise be found out while a failure is told.
 */
function checkNote(atMs: number, text: string, ...parties: readonly string[]): void {
  if (typeof atMs !== "number" || Number.isNaN(atMs)) {
    throw invalid(atMs, "the time of a note", "a number");
  }
  TEXT(text, "the text of a note");
  for (const party of parties) TEXT(party, "a party");
}

/**
 * Something to be tried again and again, in other ways each time. A run is repeated by its answers,
 * so nothing but `play` may decide: no clock, no chance of the host's, nothing left from the run
 * before.
 */
export interface Scenario {
  /** Under which a failure is told. */
  readonly name: string;
  /** Plays once, and throws when something is as it must not be. */
  run(play: Play): void | Promise<void>;
}
