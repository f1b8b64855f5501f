// A way through the states of a pair, as the labels of its steps: how it is written in a command,
// and gone again.

import {
  checkRest,
  checkState,
  describe,
  drawChart,
  EXPLORE_DEFAULTS,
  fingerprint,
  HARMLESS,
  type Item,
  Pair,
  type PairOptions,
  Play,
  SIDES,
  type Step,
} from "../../src/sim/index.ts";
import { Memory } from "../../src/sim/explore/memory.ts";
import { BodyTexts } from "../../src/sim/network/body-texts.ts";
import { CommandLineError } from "../command-line.ts";
import { quotedForShell } from "./simulate-command.ts";

/** The command that goes a way again. */
export function exploreCommand(name: string, labels: readonly string[]): string {
  return `npm run explore -- ${name} --replay ${quotedForShell(JSON.stringify(labels))}`;
}

/** What `--replay` is followed by: labels of steps, as JSON has them. @throws Error */
export function readWay(text: string): string[] {
  const labels: unknown = JSON.parse(text);
  const isWay = Array.isArray(labels) && labels.every((label) => typeof label === "string");
  if (!isWay) throw new Error(`no list of steps: ${text}`);
  return labels;
}

/** Nobody reads more. */
const CHART_ROWS_MAX = 200;

/** What a way came to. */
export interface Gone {
  /** What the fingerprint of the last state is made of. */
  readonly description: string;
  /** What happened, step by step. */
  readonly chart: string;
  /** The fingerprint of each state on the way. */
  readonly prints: readonly string[];
  /** What is wrong in the last of them; undefined: no promise is broken on the way. */
  readonly broken: unknown;
  /** Harmless steps from there to rest; undefined: it does not come to rest. */
  readonly restSteps: number | undefined;
}

/**
 * Goes a way, and checks every state on it.
 *
 * @throws CommandLineError for a step that cannot happen.
 */
export function goWay(options: PairOptions, labels: readonly string[]): Gone {
  const pair = new Pair(options);
  // It keeps books of what was written and held, and looks at what is sent.
  new Memory().adopt(pair);
  const notes = new Notes(pair);
  const prints: string[] = [];
  let broken: unknown;
  for (const label of labels) {
    const step = pair.steps().find((each) => each.label === label);
    if (step === undefined) {
      const possible = pair.steps().map((each) => `"${each.label}"`);
      throw new CommandLineError(
        `"${label}" cannot happen here; what can is ${possible.join(", ")}`,
      );
    }
    try {
      notes.apply(step);
      checkState(pair);
      if (pair.isAtRest) checkRest(pair);
    } catch (error) {
      broken = error;
      break;
    }
    prints.push(fingerprint(pair));
  }
  const chart = drawChart(notes.play, { chartRowsMax: CHART_ROWS_MAX });
  const description = describe(pair);
  const restSteps = broken === undefined ? stepsToRest(pair) : undefined;
  return { description, chart, prints, broken, restSteps };
}

function stepsToRest(pair: Pair): number | undefined {
  for (let steps = 0; steps <= EXPLORE_DEFAULTS.restStepsMax; steps++) {
    if (pair.isAtRest) return steps;
    if (pair.step(HARMLESS) === undefined) return undefined;
  }
  return undefined;
}

/** Writes down for a chart what steps do. Sides have clocks of their own: the steps are counted. */
class Notes {
  readonly play: Play = new Play(HARMLESS);
  private readonly pair: Pair;
  private readonly texts: BodyTexts = new BodyTexts();
  private readonly numbers: Map<number, number> = new Map();
  private count = 0;

  constructor(pair: Pair) {
    this.pair = pair;
    this.play.showParties(...SIDES);
    this.noteItems();
  }

  apply(step: Step): void {
    this.count++;
    if (step.kind === "deliver") this.end(step.item, true);
    else this.play.note(this.count, this.pair.sideOf(step) ?? "client", step.label);
    try {
      this.pair.apply(step);
    } finally {
      this.noteItems();
    }
  }

  /** What is new has left, and what is not there any more is lost. */
  private noteItems(): void {
    const { items } = this.pair.http;
    const ids = new Set(items.map(({ id }) => id));
    for (const id of this.numbers.keys()) if (!ids.has(id)) this.end(id, false);
    for (const item of items) if (!this.numbers.has(item.id)) this.begin(item);
  }

  private begin({ id, kind, exchange, body }: Item): void {
    const [from, to] = kind === "request" ? SIDES : SIDES.toReversed();
    const text = `${kind} ${exchange} ${this.texts.describe(body)}`;
    this.numbers.set(id, this.play.leaves(this.count, from ?? "", to ?? "", text));
  }

  private end(id: number, hasArrived: boolean): void {
    const number = this.numbers.get(id) ?? 0;
    this.numbers.delete(id);
    if (hasArrived) this.play.arrives(this.count, number);
    else this.play.vanishes(this.count, number);
  }
}
