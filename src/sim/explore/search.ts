/**
 * The search itself, for whatever has states: breadth first over everything that can happen, until
 * nothing new appears. Of a state that was left behind only its fingerprint, the state that it was
 * reached from and the number of the step are kept, in columns.
 */
import { checkLiveness } from "./liveness.ts";
import type { Fingerprint } from "./print.ts";
import { Column, StateSet } from "./state-set.ts";

/** Something whose states can be tried, all of them. */
export interface Space<State> {
  /** A state to begin with, which belongs to the search. */
  start(): State;
  /**
   * How many steps are possible. The first of them harms nobody. Asked once, before any is taken.
   */
  countSteps(state: State): number;
  /** Another state, one step on from that which was asked last. @throws for a broken promise. */
  take(state: State, step: number): State;
  /** What two states that count as the same agree in. */
  print(state: State): Fingerprint;
  /** Looks at a state that was not met before. @throws when a promise is broken in it. */
  check(state: State): void;
  /** All is done and nothing moves. */
  isAtRest(state: State): boolean;
  /** A level of the search begins. */
  handleLevel(level: Level): void;
}

/** How far an exploration is. */
export interface Level {
  /** Steps from the start. */
  readonly depth: number;
  /** States met so far. */
  readonly states: number;
  /** States from which no step was taken yet. */
  readonly frontier: number;
}

/** What a search has found. */
export interface Found {
  /** Different states that were reached. */
  readonly states: number;
  /** Steps that were taken from them. */
  readonly transitions: number;
  /** Steps to the state that is furthest away. */
  readonly depth: number;
  /**
   * Whether no state was left unexplored. Otherwise promises were looked for in the states that
   * were met, and nothing is known of whether these come to rest.
   */
  readonly isExhausted: boolean;
  /** Most states that waited to be expanded at once. */
  readonly frontierMax: number;
  /** States in which all is done and nothing moves. */
  readonly restStates: number;
  /** Most steps that the harmless continuation takes to one of those; 0 unless exhausted. */
  readonly restStepsMax: number;
  /** What ended the search; undefined for nothing. */
  readonly broken: Broken | undefined;
}

/** Where a promise is broken. */
export interface Broken {
  /** What is wrong. */
  readonly error: unknown;
  /** The numbers of the steps that lead there. */
  readonly path: readonly number[];
  /**
   * How many harmless steps from there on lead back to where one was; 0: that is not what is wrong.
   */
  readonly circle: number;
}

const NOWHERE = -1;

interface Waiting<State> {
  readonly number: number;
  readonly state: State;
}

/** Tries everything that can become of a state, and looks back from rest when nothing is left. */
export class Search<State> {
  private readonly space: Space<State>;
  private readonly statesMax: number;
  private readonly restStepsMax: number;
  private readonly known: StateSet = new StateSet();
  /** By number of a state: where it was first reached from, by which step, and where harm ends. */
  private readonly parents: Column = new Column();
  private readonly steps: Column = new Column();
  private readonly harmless: Column = new Column();
  private next: Waiting<State>[] = [];
  private frontierMax = 0;
  private transitions = 0;
  private depth = 0;
  private restStates = 0;
  private broken: Broken | undefined = undefined;

  /**
   * Of this space; it is given up beyond `statesMax` states. A state that is more than
   * `restStepsMax` harmless steps away from rest is a failure.
   */
  constructor(space: Space<State>, statesMax: number, restStepsMax: number = Infinity) {
    this.space = space;
    this.statesMax = statesMax;
    this.restStepsMax = restStepsMax;
  }

  /** Tries everything. Once. */
  run(): Found {
    try {
      this.enter(this.space.start(), NOWHERE, 0);
    } catch (error) {
      this.broken = { error, path: [], circle: 0 };
    }
    while (this.next.length > 0 && this.broken === undefined) {
      if (this.known.size > this.statesMax) break;
      this.expandLevel();
    }
    const isExhausted = this.next.length === 0 && this.broken === undefined;
    const restStepsMax = isExhausted ? this.lookBack() : 0;
    const { transitions, depth, frontierMax, restStates, broken } = this;
    const { size: states } = this.known;
    const counts = { states, transitions, depth, frontierMax, restStates, restStepsMax };
    return { ...counts, isExhausted, broken };
  }

  private expandLevel(): void {
    const frontier: (Waiting<State> | undefined)[] = this.next;
    this.next = [];
    this.frontierMax = Math.max(this.frontierMax, frontier.length);
    const { depth } = this;
    this.space.handleLevel({ depth, states: this.known.size, frontier: frontier.length });
    this.depth++;
    for (let at = 0; at < frontier.length && this.broken === undefined; at++) {
      const { number, state } = frontier[at] as Waiting<State>;
      // It can be collected as soon as it was expanded.
      frontier[at] = undefined;
      this.expand(number, state);
    }
  }

  /** Takes every step from a state. */
  private expand(number: number, state: State): void {
    const count = this.space.countSteps(state);
    const isAtRest = this.harmless.at(number) === number;
    if (!isAtRest && count === 0) this.fail(number, new Error("6: nothing can happen"));
    for (let at = 0; at < count; at++) {
      this.transitions++;
      let reached: number;
      try {
        reached = this.enter(this.space.take(state, at), number, at);
      } catch (error) {
        this.fail(number, error, at);
        return;
      }
      if (at === 0 && !isAtRest) this.harmless.set(number, reached);
    }
  }

  /** The number of a state; it is checked and noted when it is new. */
  private enter(state: State, parent: number, step: number): number {
    const number = this.known.add(this.space.print(state));
    if (number >= 0) return number;
    this.space.check(state);
    const isAtRest = this.space.isAtRest(state);
    if (isAtRest) this.restStates++;
    this.parents.push(parent);
    this.steps.push(step);
    this.harmless.push(isAtRest ? ~number : NOWHERE);
    this.next.push({ number: ~number, state });
    return ~number;
  }

  /** Looks backwards from rest. Returns the most harmless steps to it. */
  private lookBack(): number {
    const { restStepsMax, farthest, circle, lost } = checkLiveness(this.harmless);
    if (circle === undefined) {
      if (restStepsMax > this.restStepsMax) {
        const message = `6: a state is ${restStepsMax} harmless steps away from rest`;
        this.fail(farthest, new Error(message));
      }
      return restStepsMax;
    }
    const { length } = circle.states;
    const what = `6: the harmless continuation goes in a circle of ${length} steps`;
    // The state of the circle that was met first is the nearest.
    const nearest = circle.states.reduce((left, right) => Math.min(left, right));
    this.fail(nearest, new Error(`${what}; ${lost} states lead there`), undefined, length);
    return restStepsMax;
  }

  private fail(number: number, error: unknown, step?: number, circle = 0): void {
    const path = step === undefined ? [] : [step];
    for (let at = number; at > 0; at = this.parents.at(at)) path.push(this.steps.at(at));
    this.broken = { error, path: path.toReversed(), circle };
  }
}
