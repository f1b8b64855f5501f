/**
 * One run of a scenario: it is asked for every decision, and is told what happens, so that a failure
 * can be shown as the options that the run expanded to, the steps that it took, and a chart.
 */
import { RecordedChoices } from "./choices.ts";

/** Something that happened, as a chart shows it. */
export interface Noted {
  /** The world's time. */
  readonly atMs: number;
  /** Who did it, or where it came from. */
  readonly from: string;
  /** Where it arrived; undefined: it is about `from` alone. */
  readonly to: string | undefined;
  /** What happened, in a few words. */
  readonly text: string;
}

/** What a scenario is given: chance, and paper to write on. */
export class Play extends RecordedChoices {
  /** How often each thing happened that a run is meant to meet. */
  readonly marks: Map<string, number> = new Map();
  /** What the run expanded to, by name. */
  readonly options: Map<string, unknown> = new Map();
  /** What happened, in the order of its happening. */
  readonly notes: Noted[] = [];

  /** Whether a fault happens; it is marked by the name of its kind when it does. */
  happens(kind: string, label: string, permille: number): boolean {
    if (permille === 0 || this.pick(2, label, permille) === 0) return false;
    this.mark(kind);
    return true;
  }

  /** It happened. */
  mark(kind: string, count = 1): void {
    this.marks.set(kind, (this.marks.get(kind) ?? 0) + count);
  }

  /** Writes down what an option came to be. */
  expand<Value>(name: string, value: Value): Value {
    this.options.set(name, value);
    return value;
  }

  /** Writes down what happened, for the chart. */
  note(atMs: number, from: string, text: string, to?: string): void {
    this.notes.push({ atMs, from, to, text });
  }
}

/** Something to be tried again and again, in other ways each time. */
export interface Scenario {
  /** Under which a failure is told. */
  readonly name: string;
  /** Plays once, and throws when something is as it must not be. */
  run(play: Play): void | Promise<void>;
}
