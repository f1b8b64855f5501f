/**
 * What a scenario is: a part for the server's process and one for the client's, which agree on what
 * comes next by a line of their own, beside what is measured.
 */
import type { Contestant } from "./contestant.ts";

/** The line between the two sides. */
export interface Line {
  tell(value: number): void;
  hear(): Promise<number>;
}

/** What a side has measured, by names that are the same for all contestants. */
export type Figures = Readonly<Record<string, number>>;

/** Of a run: numbers that tell scenarios of one kind apart. */
export type Parameters = Readonly<Record<string, number>>;

export interface Part {
  readonly contestant: Contestant;
  readonly parameters: Parameters;
  readonly line: Line;
}

export interface Scenario {
  serve(part: Part): Promise<Figures>;
  drive(part: Part): Promise<Figures>;
}
