/**
 * Tries everything: from a pair's first state it takes every step that is possible, and every step
 * from what came of that, until no new state appears. All promises are checked in every state, and
 * from every state the harmless continuation must come to rest: what it never leaves is a deadlock,
 * a livelock, a ping-pong, or credit that is lost.
 *
 * The search is breadth-first, so the trace of a failure is as short as can be. Of a state that was
 * left behind only its fingerprint, the state that it was reached from and the number of the step
 * are kept, in columns; a trace is found again by going its way once more, with cores that remember
 * nothing.
 */
import { checkRest, checkTogether } from "../invariants.ts";
import { fork } from "../fork.ts";
import type { Pair } from "../pair.ts";
import type { Step } from "../steps.ts";
import { printPair } from "./fingerprint.ts";
import { checkLiveness } from "./liveness.ts";
import { branch, Memory } from "./memory.ts";
import { Column, StateSet } from "./state-set.ts";

/** Bounds of an exploration. */
export interface ExploreOptions {
  /** The exploration is given up beyond so many states. */
  readonly statesMax: number;
  /** The harmless continuation must come to rest within so many steps. */
  readonly restStepsMax: number;
  /** Told after each level of the search. */
  readonly onLevel?: (level: Level) => void;
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

/** The bounds where nothing else is said. */
export const EXPLORE_DEFAULTS: ExploreOptions = { statesMax: 2_000_000, restStepsMax: 120 };

/** A state in which a promise is broken, or from which nothing comes to rest. */
export interface Failure {
  /** What is wrong there. */
  readonly message: string;
  /** The steps that lead there, as labels. */
  readonly trace: readonly string[];
  /** The steps that lead back to the same state without ever coming to rest; none for others. */
  readonly circle: readonly string[];
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
  /** Most states that waited to be expanded at once. */
  readonly frontierMax: number;
  /** States in which all is done and nothing moves. */
  readonly restStates: number;
  /** Most steps that the harmless continuation takes to one of those. */
  readonly restStepsMax: number;
  /** States of the two sides by themselves that were worked out. */
  readonly sidesMade: number;
  /** What was met, and how often. */
  readonly marks: ReadonlyMap<string, number>;
  /** The first failure, which ended the exploration; undefined for none. */
  readonly failure: Failure | undefined;
}

/**
 * Explores everything that can become of a pair with these options by its `steps`, breadth first,
 * and checks every promise in each state.
 *
 * @throws Error where the options leave waits of many lengths, so that times would not be told
 *   apart exactly.
 */
export function explore(pair: Pair, options: Partial<ExploreOptions> = {}): Exploration {
  checkWaits(pair);
  return new Explorer(pair, { ...EXPLORE_DEFAULTS, ...options }).run();
}

/** Estimates and random waits are left out of fingerprints: they must make no difference. */
function checkWaits({ options }: Pair): void {
  const { client = {}, server = {}, clockStepMs = 1 } = options;
  const isFit =
    client.rtoMinMs !== undefined &&
    client.rtoMinMs === client.rtoMaxMs &&
    server.rtoMinMs !== undefined &&
    server.rtoMinMs === server.rtoMaxMs &&
    client.reconnectDelayMaxMs !== undefined &&
    client.reconnectDelayMaxMs <= clockStepMs;
  if (isFit) return;
  throw new Error(
    "an exploration needs rtoMinMs equal to rtoMaxMs on both sides, and reconnectDelayMaxMs of " +
      "at most clockStepMs",
  );
}

const NOWHERE = -1;

interface Waiting {
  readonly number: number;
  readonly pair: Pair;
}

class Explorer {
  private readonly options: ExploreOptions;
  private readonly start: Pair;
  private readonly memory: Memory = new Memory();
  private readonly states: StateSet = new StateSet();
  /** By number of a state: where it was first reached from, by which step, and where harm ends. */
  private readonly parents: Column = new Column();
  private readonly steps: Column = new Column();
  private readonly harmless: Column = new Column();
  private frontier: Waiting[] = [];
  private next: Waiting[] = [];
  private frontierMax = 0;
  private transitions = 0;
  private depth = 0;
  private restStates = 0;
  private restStepsMax = 0;
  private failure: Failure | undefined = undefined;

  constructor(start: Pair, options: ExploreOptions) {
    this.start = start;
    this.options = options;
  }

  run(): Exploration {
    try {
      this.begin();
    } catch (error) {
      this.failure = { message: String(error), trace: [], circle: [] };
    }
    while (this.next.length > 0 && this.failure === undefined) {
      if (this.states.size > this.options.statesMax) break;
      this.expandLevel();
    }
    const isExhausted = this.next.length === 0 && this.failure === undefined;
    if (isExhausted) this.checkLiveness();
    const { memory, transitions, depth, frontierMax, restStates, restStepsMax, failure } = this;
    return {
      states: this.states.size,
      transitions,
      depth,
      isExhausted,
      frontierMax,
      restStates,
      restStepsMax,
      sidesMade: memory.sidesMade,
      marks: new Map(memory.markNames.map((name, at) => [name, memory.markCounts[at] as number])),
      failure,
    };
  }

  private begin(): void {
    const pair = fork(this.start);
    this.memory.adopt(pair);
    this.enter(pair, NOWHERE, 0);
  }

  private expandLevel(): void {
    this.frontier = this.next;
    this.next = [];
    this.frontierMax = Math.max(this.frontierMax, this.frontier.length);
    const { depth, states, frontier } = this;
    this.options.onLevel?.({ depth, states: states.size, frontier: frontier.length });
    this.depth++;
    this.memory.age();
    for (let at = 0; at < this.frontier.length && this.failure === undefined; at++) {
      const { number, pair } = this.frontier[at] as Waiting;
      // It can be collected as soon as it was expanded.
      this.frontier[at] = UNUSED;
      this.expand(number, pair);
    }
  }

  /** Takes every step from a state. */
  private expand(number: number, pair: Pair): void {
    const steps = pair.steps();
    const isAtRest = this.harmless.at(number) === number;
    if (!isAtRest && steps.length === 0) this.fail(number, undefined, "6: nothing can happen");
    for (let at = 0; at < steps.length; at++) {
      const step = steps[at] as Step;
      const successor = branch(pair);
      this.transitions++;
      let reached: number;
      try {
        this.mark(step);
        successor.apply(step);
        reached = this.enter(successor, number, at);
      } catch (error) {
        this.fail(number, step.label, error instanceof Error ? error.message : String(error));
        return;
      }
      if (at === 0 && !isAtRest) this.harmless.set(number, reached);
    }
  }

  private mark({ kind }: Step): void {
    const { memory } = this;
    const isEvent = kind === "deliver" || kind === "timer" || kind === "command";
    if (!isEvent) (memory.markCounts[memory.mark(`step: ${kind}`)] as number)++;
  }

  /** The number of a state; it is checked and noted when it is new. */
  private enter(pair: Pair, parent: number, step: number): number {
    const { memory } = this;
    const client = memory.stateOf(pair, "client").print;
    const server = memory.stateOf(pair, "server").print;
    const number = this.states.add(printPair(pair, client, server));
    if (number >= 0) return number;
    checkTogether(pair);
    const isAtRest = pair.isAtRest;
    this.parents.push(parent);
    this.steps.push(step);
    this.harmless.push(isAtRest ? ~number : NOWHERE);
    if (isAtRest) {
      checkRest(pair);
      this.restStates++;
    }
    this.next.push({ number: ~number, pair });
    return ~number;
  }

  // --- failures -------------------------------------------------------------------------------

  private checkLiveness(): void {
    const { restStepsMax, circle, lost } = checkLiveness(this.harmless);
    this.restStepsMax = restStepsMax;
    if (circle !== undefined) {
      const { length } = circle.states;
      const message =
        `6: the harmless continuation goes in a circle of ${length} steps; ` +
        `${lost} states lead there`;
      this.fail(circle.from, undefined, message, length);
    } else if (restStepsMax > this.options.restStepsMax) {
      const message = `6: a state is ${restStepsMax} harmless steps away from rest`;
      this.failure = { message, trace: [], circle: [] };
    }
  }

  private fail(number: number, label: string | undefined, message: string, circle = 0): void {
    const pair = fork(this.start);
    const trace = this.replay(pair, number);
    if (label !== undefined) trace.push(label);
    const around: string[] = [];
    // From a state that leads into a circle on, round it once.
    const harmless = circle === 0 ? 0 : circle * 2 + this.options.restStepsMax;
    for (let at = 0; at < harmless; at++) {
      const [step] = pair.steps();
      if (step === undefined) break;
      around.push(step.label);
      pair.apply(step);
    }
    this.failure = { message, trace, circle: around.slice(-circle || around.length) };
  }

  /** Goes the way to a state once more; returns the labels of its steps. */
  private replay(pair: Pair, number: number): string[] {
    const path: number[] = [];
    for (let at = number; at > 0; at = this.parents.at(at)) path.push(this.steps.at(at));
    return path.toReversed().map((at) => {
      const step = pair.steps()[at];
      if (step === undefined) throw new Error("a trace does not lead where it led before");
      pair.apply(step);
      return step.label;
    });
  }
}

/** In the place of what was expanded. */
const UNUSED: Waiting = { number: NOWHERE, pair: undefined as unknown as Pair };
