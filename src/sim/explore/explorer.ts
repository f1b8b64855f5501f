/**
 * Tries everything: from a pair's first state it takes every step that is possible, and every step
 * from what came of that, until no new state appears. All promises are checked in every state, and
 * when none is left, from every state the harmless continuation must come to rest: what it never
 * leaves is a deadlock, a livelock, a ping-pong, or credit that is lost.
 *
 * The search is breadth-first, so the trace of a failure is as short as can be. It is found again
 * by going its way once more, with cores that remember nothing.
 */
import { InvariantError, UsageError } from "../../core/index.ts";
import { checkRest, checkTogether } from "../invariants.ts";
import { fork } from "../fork.ts";
import { checkOptions, FUNCTION, integer, optional, type Rules } from "../option-checks.ts";
import type { Pair } from "../pair.ts";
import type { Step } from "../steps.ts";
import { printPair } from "./fingerprint.ts";
import { branch, Memory } from "./memory.ts";
import type { Fingerprint } from "./print.ts";
import { type Broken, type Found, type Level, Search, type Space } from "./search.ts";

/** Bounds of an exploration. */
export interface ExploreOptions {
  /**
   * The exploration is given up beyond so many states. What was met then keeps the promises;
   * whether it comes to rest is not looked at, as that shows only in the whole.
   */
  readonly statesMax: number;
  /** The harmless continuation must come to rest within so many steps. */
  readonly restStepsMax: number;
  /** Told after each level of the search. */
  readonly onLevel?: (level: Level) => void;
}

/** The bounds where nothing else is said. */
export const EXPLORE_DEFAULTS: ExploreOptions = { statesMax: 2_000_000, restStepsMax: 120 };

const RULES: Rules<Partial<ExploreOptions>> = {
  statesMax: optional(integer(1)),
  restStepsMax: optional(integer(0)),
  onLevel: optional(FUNCTION),
};

/** A state in which a promise is broken, or from which nothing comes to rest. */
export interface Failure {
  /** What is wrong there. */
  readonly message: string;
  /** The steps that lead there, or to the first state of a circle, as labels. */
  readonly trace: readonly string[];
  /** The steps that lead from there back to there without ever coming to rest; none for others. */
  readonly circle: readonly string[];
}

/** What an exploration has seen. */
export interface Exploration extends Omit<Found, "broken"> {
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
 * @throws UsageError `option_invalid` where the pair's options leave waits of many lengths, so that
 *   times would not be told apart exactly, and where those of the exploration cannot be;
 *   `option_unknown`.
 */
export function explore(pair: Pair, options: Partial<ExploreOptions> = {}): Exploration {
  checkOptions(options, RULES);
  checkWaits(pair);
  const { statesMax, restStepsMax, onLevel } = { ...EXPLORE_DEFAULTS, ...options };
  const space = new PairSpace(pair, onLevel);
  const { broken, ...found } = new Search(space, statesMax, restStepsMax).run();
  const failure = broken === undefined ? undefined : retell(fork(pair), broken);
  const { sidesMade, markNames, markCounts } = space.memory;
  const marks = new Map(markNames.map((name, at) => [name, markCounts[at] as number]));
  return { ...found, sidesMade, marks, failure };
}

/** Estimates and random waits are left out of fingerprints: they must make no difference. */
function checkWaits({ options }: Pair): void {
  const { client = {}, server = {}, clockStepMs = 1 } = options;
  // Its delays are not in fingerprints.
  if (client.literal !== undefined || server.literal !== undefined) {
    throw new UsageError("option_invalid", "the literal procedure is not explored");
  }
  const isFit =
    client.rtoMinMs !== undefined &&
    client.rtoMinMs === client.rtoMaxMs &&
    server.rtoMinMs !== undefined &&
    server.rtoMinMs === server.rtoMaxMs &&
    client.reconnectDelayMaxMs !== undefined &&
    client.reconnectDelayMaxMs <= clockStepMs;
  if (isFit) return;
  throw new UsageError(
    "option_invalid",
    "an exploration needs rtoMinMs equal to rtoMaxMs in `client` and in `server` of the pair's " +
      "options, and the client's reconnectDelayMaxMs of at most clockStepMs, which is the pair's: " +
      "the milliseconds of which its clocks show multiples, 500 for one",
  );
}

/** The states of a pair, as its steps lead from one to the next. */
class PairSpace implements Space<Pair> {
  readonly memory: Memory = new Memory();
  private readonly first: Pair;
  private readonly onLevel: ExploreOptions["onLevel"];
  /** Of the state that is being expanded. */
  private steps: readonly Step[] = [];

  constructor(first: Pair, onLevel: ExploreOptions["onLevel"]) {
    this.first = first;
    this.onLevel = onLevel;
  }

  start(): Pair {
    const pair = fork(this.first);
    this.memory.adopt(pair);
    return pair;
  }

  countSteps(pair: Pair): number {
    this.steps = pair.steps();
    return this.steps.length;
  }

  take(pair: Pair, at: number): Pair {
    const step = this.steps[at] as Step;
    const { memory } = this;
    const isEvent = step.kind === "deliver" || step.kind === "timer" || step.kind === "command";
    if (!isEvent) (memory.markCounts[memory.mark(`step: ${step.kind}`)] as number)++;
    const successor = branch(pair);
    successor.apply(step);
    return successor;
  }

  print(pair: Pair): Fingerprint {
    const { memory } = this;
    const client = memory.stateOf(pair, "client").print;
    return printPair(pair, client, memory.stateOf(pair, "server").print);
  }

  check(pair: Pair): void {
    // Each side was looked at by itself when it was met.
    checkTogether(pair);
    if (pair.isAtRest) checkRest(pair);
  }

  isAtRest(pair: Pair): boolean {
    return pair.isAtRest;
  }

  handleLevel(level: Level): void {
    this.memory.age();
    this.onLevel?.(level);
  }
}

/** Goes the way that leads to a failure once more, with cores that remember nothing. */
function retell(pair: Pair, { error, path, circle }: Broken): Failure {
  const trace: string[] = [];
  for (const [at, number] of path.entries()) {
    const step = pair.steps()[number];
    if (step === undefined) throw new InvariantError("a trace does not lead where it led before");
    trace.push(step.label);
    // The last step may be the one that breaks a promise.
    if (at < path.length - 1 || circle > 0) pair.apply(step);
  }
  // Round the circle once.
  const around: string[] = [];
  for (let at = 0; at < circle; at++) {
    const [step] = pair.steps();
    if (step === undefined) throw new InvariantError("a circle does not lead where it led before");
    around.push(step.label);
    pair.apply(step);
  }
  const message = error instanceof Error ? error.message : String(error);
  return { message, trace, circle: around };
}
