/**
 * Tries everything: from a pair's first state it takes every step that is possible, and every step
 * from what came of that, until no new state appears. All promises are checked in every state, and
 * from every state the harmless continuation must come to rest: what it never leaves is a deadlock,
 * a livelock, a ping-pong, or credit that is lost.
 *
 * The search is breadth-first, so the trace of a failure is as short as can be.
 */
import { HARMLESS } from "./choices.ts";
import { fingerprint } from "./fingerprint.ts";
import { fork } from "./fork.ts";
import { checkRest, checkState } from "./invariants.ts";
import type { Pair } from "./pair.ts";
import type { Step } from "./steps.ts";

/** Bounds of an exploration. */
export interface ExploreOptions {
  /** The exploration is given up beyond so many states. */
  readonly statesMax: number;
  /** The harmless continuation must come to rest within so many steps. */
  readonly restStepsMax: number;
  /** Told after each level of the search. */
  readonly onLevel?: (level: { depth: number; states: number; frontier: number }) => void;
}

/** The bounds where nothing else is said. */
export const EXPLORE_DEFAULTS: ExploreOptions = { statesMax: 2_000_000, restStepsMax: 60 };

/** A state in which a promise is broken, or from which nothing comes to rest. */
export interface Failure {
  /** What is wrong there. */
  readonly message: string;
  /** The steps that lead there, as labels. */
  readonly trace: readonly string[];
}

/** What an exploration has seen. */
export interface Exploration {
  /** Different states that were reached. */
  readonly states: number;
  /** Steps that were taken from them. */
  readonly transitions: number;
  /** Steps to the state that is furthest away. */
  readonly depth: number;
  /** Whether no state was left unexplored. */
  readonly isExhausted: boolean;
  /** States in which all is done and nothing moves. */
  readonly restStates: number;
  /** Most steps that the harmless continuation took to one of those. */
  readonly restStepsMax: number;
  /** Circles of fingerprints that were driven in full and found to come to rest. */
  readonly circlesDriven: number;
  /** The first failure, which ended the exploration; undefined for none. */
  readonly failure: Failure | undefined;
}

/**
 * Explores everything that can become of a pair by its `steps`, breadth first, and checks every
 * promise in each state.
 */
export function explore(start: Pair, options: Partial<ExploreOptions> = {}): Exploration {
  return new Explorer({ ...EXPLORE_DEFAULTS, ...options }).run(start);
}

const NOWHERE = -1;

function forkFor(pair: Pair, step: Step): Pair {
  const side = pair.sideOf(step);
  const shared: object[] = [];
  if (side !== "client") shared.push(pair.client);
  if (side !== "server") shared.push(pair.server);
  if (side !== "server" && pair.session !== undefined) shared.push(pair.session);
  return fork(pair, shared);
}

class Explorer {
  private readonly options: ExploreOptions;
  private readonly numbers: Map<number, number> = new Map();
  /** By number of a state: where it was first reached from, by which step, and where harm ends. */
  private readonly parents: number[] = [];
  private readonly labels: string[] = [];
  private readonly harmless: number[] = [];
  private readonly harmlessLabels: string[] = [];
  private frontier: { number: number; pair: Pair }[] = [];
  private next: { number: number; pair: Pair }[] = [];
  private start: Pair | undefined = undefined;
  private circlesDriven = 0;
  private transitions = 0;
  private depth = 0;
  private restStates = 0;
  private restStepsMax = 0;
  private failure: Failure | undefined = undefined;

  constructor(options: ExploreOptions) {
    this.options = options;
  }

  run(start: Pair): Exploration {
    this.start = fork(start);
    this.enter(start, NOWHERE, "start");
    while (this.next.length > 0 && this.failure === undefined) {
      if (this.parents.length > this.options.statesMax) break;
      this.frontier = this.next;
      this.next = [];
      const states = this.parents.length;
      this.options.onLevel?.({ depth: this.depth, states, frontier: this.frontier.length });
      this.depth++;
      for (let each = this.frontier.pop(); each !== undefined; each = this.frontier.pop()) {
        this.expand(each.number, each.pair);
        if (this.failure !== undefined) break;
      }
    }
    const isExhausted = this.next.length === 0 && this.failure === undefined;
    if (isExhausted) this.checkRests();
    return {
      states: this.parents.length,
      transitions: this.transitions,
      depth: this.depth,
      isExhausted,
      restStates: this.restStates,
      restStepsMax: this.restStepsMax,
      circlesDriven: this.circlesDriven,
      failure: this.failure,
    };
  }

  /**
   * Takes every step from a state. A step touches one side only, so the other side's core is shared
   * between the states before and after, and never written to again.
   */
  private expand(number: number, pair: Pair): void {
    const steps = pair.steps();
    if (this.harmless[number] !== number) {
      if (steps.length === 0) this.fail(number, undefined, "6: nothing can happen");
    }
    for (let at = 0; at < steps.length && this.failure === undefined; at++) {
      const step = steps[at] as (typeof steps)[number];
      const successor = forkFor(pair, step);
      this.transitions++;
      let reached: number;
      try {
        successor.apply(step);
        reached = this.enter(successor, number, step.label);
      } catch (error) {
        this.fail(number, step.label, String(error));
        return;
      }
      if (at === 0 && this.harmless[number] === NOWHERE) {
        this.harmless[number] = reached;
        this.harmlessLabels[number] = step.label;
      }
    }
  }

  /** The number of a state; it is checked and noted when it is new. */
  private enter(pair: Pair, parent: number, label: string): number {
    const print = fingerprint(pair);
    const known = this.numbers.get(print);
    if (known !== undefined) return known;
    checkState(pair);
    const number = this.parents.length;
    this.numbers.set(print, number);
    this.parents.push(parent);
    this.labels.push(label);
    this.harmless.push(NOWHERE);
    if (pair.isAtRest) {
      checkRest(pair);
      this.harmless[number] = number;
      this.restStates++;
    }
    this.next.push({ number, pair });
    return number;
  }

  private fail(number: number, label: string | undefined, message: string): void {
    const last = label === undefined ? [] : [label];
    this.failure = { message, trace: [...this.trace(number), ...last] };
  }

  private trace(number: number): string[] {
    const trace: string[] = [];
    for (let at = number; at > 0; at = this.parents[at] as number) {
      trace.push(this.labels[at] as string);
    }
    return trace.toReversed();
  }

  /** Follows the harmless continuation of every state to where it rests. */
  private checkRests(): void {
    const steps = new Int32Array(this.parents.length).fill(NOWHERE);
    for (let start = 0; start < this.parents.length; start++) {
      const path: number[] = [];
      const onPath = new Set<number>();
      let at = start;
      while (steps[at] === NOWHERE && this.harmless[at] !== at) {
        if (onPath.has(at)) {
          // Times are left out of fingerprints, so a circle may be an appearance: it is driven.
          if (!this.comesToRest(at)) {
            this.failInCircle(start, path, at);
            return;
          }
          this.circlesDriven++;
          steps[at] = this.options.restStepsMax;
          break;
        }
        path.push(at);
        onPath.add(at);
        at = this.harmless[at] as number;
      }
      let count = steps[at] === NOWHERE ? 0 : (steps[at] as number);
      steps[at] = count;
      for (const number of path.toReversed()) {
        if (steps[number] === NOWHERE) steps[number] = ++count;
      }
      this.restStepsMax = Math.max(this.restStepsMax, count);
      if (count > 2 * this.options.restStepsMax) {
        this.fail(start, undefined, `6: not at rest after ${this.options.restStepsMax} steps`);
        return;
      }
    }
  }

  /** Whether the state itself, reached again from the start, comes to rest without harm. */
  private comesToRest(number: number): boolean {
    const pair = fork(this.start as Pair);
    for (const label of this.trace(number)) {
      const step = pair.steps().find((each) => each.label === label);
      if (step === undefined) return false;
      pair.apply(step);
    }
    try {
      pair.drive(HARMLESS, this.options.restStepsMax);
      return true;
    } catch {
      return false;
    }
  }

  private failInCircle(start: number, path: readonly number[], at: number): void {
    const length = path.length - path.indexOf(at);
    const message = `6: the harmless continuation goes in a circle of ${length} steps`;
    const labels = path.map((number) => this.harmlessLabels[number] as string);
    this.failure = { message, trace: [...this.trace(start), ...labels] };
  }
}
