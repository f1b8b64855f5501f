// One saved state and several lives that go on from it.

import { describe, expect, test } from "vitest";
import { ParkSide } from "../../src/core/index.ts";
import {
  checkScenario,
  type Fingerprint,
  fork,
  ScenarioFailure,
  Search,
  type Space,
} from "../../src/sim/index.ts";
import { Mixer } from "../../src/sim/explore/print.ts";
import { type Carried, LivesWorld } from "./lives.ts";
import { lives } from "./lives-scenario.ts";
import { simulateCommand } from "./simulate-command.ts";

/** What may happen next: bodies arrive in any order, are lost, and timers fire before that. */
interface Position {
  readonly world: LivesWorld;
  readonly lossesLeft: number;
  readonly timersLeft: number;
}

type Move = (world: LivesWorld) => void;
type NamedMove = readonly [label: string, move: Move, losses: number, timers: number];

function movesFrom({ world, lossesLeft, timersLeft }: Position): NamedMove[] {
  const moves: NamedMove[] = [];
  const itemAt = (at: number) => (next: LivesWorld) => next.items[at] as Carried;
  for (const [at, { kind, life, exchange }] of world.items.entries()) {
    const name = `${kind} ${exchange} of life ${life}`;
    const item = itemAt(at);
    moves.push([`${name} arrives`, (next) => next.deliver(item(next)), 0, 0]);
  }
  for (const [at, { kind, life, exchange }] of world.items.entries()) {
    const name = `${kind} ${exchange} of life ${life}`;
    const item = itemAt(at);
    if (lossesLeft === 0 || kind === "failure") continue;
    moves.push([`${name} is lost unseen`, (next) => next.lose(item(next), false), 1, 0]);
    moves.push([`${name} fails`, (next) => next.lose(item(next), true), 1, 0]);
  }
  for (const [number, life] of world.lives.entries()) {
    if (timersLeft === 0 || life.ended !== undefined) continue;
    if (life.timer !== "retry" && life.timer !== "resend") continue;
    moves.push([`${life.timer} of life ${number}`, (next) => next.fire(number), 0, 1]);
  }
  return moves;
}

const HEALED_EVERY = 16;

/** Lives of one session, tried in every order. Each end is healed and checked. */
class LivesSpace implements Space<Position> {
  readonly winners: Set<number> = new Set();
  private readonly first: Position;
  private moves: readonly NamedMove[] = [];
  private met = 0;

  constructor(first: Position) {
    this.first = first;
  }

  start(): Position {
    return { ...this.first, world: fork(this.first.world) };
  }

  countSteps(position: Position): number {
    this.moves = movesFrom(position);
    return this.moves.length;
  }

  take({ world, lossesLeft, timersLeft }: Position, step: number): Position {
    const [, move, losses, timers] = this.moves[step] as NamedMove;
    const next = fork(world);
    move(next);
    return { world: next, lossesLeft: lossesLeft - losses, timersLeft: timersLeft - timers };
  }

  /** Two states are one when all that could make a difference is the same. */
  print({ world, lossesLeft, timersLeft }: Position): Fingerprint {
    const items = world.items
      .map(({ kind, life, exchange, body }) => `${kind} ${life} ${exchange} ${String(body)}`)
      .toSorted();
    const text = JSON.stringify(
      { ...world, items, states: [], lossesLeft, timersLeft },
      (_name, value: unknown) => {
        if (value instanceof Map || value instanceof Set) return [...value];
        return value instanceof Uint8Array ? String(value) : value;
      },
    );
    const mixer = new Mixer();
    for (let at = 0; at < text.length; at++) mixer.word(text.charCodeAt(at));
    return mixer.result;
  }

  check({ world }: Position): void {
    world.check();
    // Every end, and some states on the way there.
    this.met++;
    if (world.items.length > 0 && this.met % HEALED_EVERY !== 0) return;
    const healed = fork(world);
    healed.heal();
    this.winners.add(healed.lives.findIndex(({ ended }) => ended === undefined));
  }

  isAtRest({ world }: Position): boolean {
    return world.items.length === 0;
  }

  handleLevel(): void {
    // Nobody is told.
  }
}

/** The steps of a failure, by their labels. */
function labelsOf(space: LivesSpace, path: readonly number[]): string[] {
  const labels: string[] = [];
  let position = space.start();
  for (const [at, step] of path.entries()) {
    labels.push(movesFrom(position)[step]?.[0] ?? "nothing");
    space.countSteps(position);
    if (at < path.length - 1) position = space.take(position, step);
  }
  return labels;
}

/** Every order. Returns the states, and the winners by life. */
function exploreAll(world: LivesWorld, losses: number, timers: number): [number, Set<number>] {
  const space = new LivesSpace({ world, lossesLeft: losses, timersLeft: timers });
  const { states, isExhausted, broken } = new Search(space, 1_000_000).run();
  if (broken !== undefined) {
    const labels = labelsOf(space, broken.path);
    throw new Error(`after: ${labels.join("; ")}`, { cause: broken.error });
  }
  expect(isExhausted).toBe(true);
  return [states, space.winners];
}

describe("a state that is resumed twice, while the one that saved it goes on", () => {
  function start(before: boolean): LivesWorld {
    const world = new LivesWorld();
    world.openSession();
    if (before) world.send(0, "before");
    const state = world.save(0);
    world.send(0, "zero");
    for (const text of ["one", "two"]) world.resume(state, text);
    return world;
  }

  test.each([
    ["with nothing on its way", false, 1],
    ["with a message on its way", true, 0],
  ])("gives one session in every order: %s", (_name, before, losses) => {
    const [states, winners] = exploreAll(start(before), losses, 1);

    expect(states).toBeGreaterThan(400);
    // Each of them may be the one that the server hears first.
    expect([...winners].toSorted()).toEqual([0, 1, 2]);
  });

  test("before the server was heard for the first time, too", () => {
    const world = new LivesWorld();
    const state = world.save(0);
    for (const text of ["one", "two"]) world.resume(state, text);

    const [states, winners] = exploreAll(world, 0, 1);

    expect(states).toBeGreaterThan(100);
    expect([...winners].toSorted()).toEqual([0, 1, 2]);
  });
});

describe("histories of saving, resuming and losing, taken at random", () => {
  test("are found out where the server believes every life that comes", async () => {
    const { handleRequest } = ParkSide.prototype;
    ParkSide.prototype.handleRequest = function (nowMs, handle, incarnation, body): void {
      const believed = { ...body, succeeds: [this.incarnation] };
      handleRequest.call(this, nowMs, handle, incarnation, believed);
    };
    try {
      await expect(checkScenario(lives, { seeds: 20 })).rejects.toThrow(ScenarioFailure);
    } finally {
      ParkSide.prototype.handleRequest = handleRequest;
    }
  });

  test("leave one life at most, and what it sent arrives once and in order", async () => {
    const { marks } = await checkScenario(lives, { seeds: 300, replay: simulateCommand });

    expect(marks.get("superseded")).toBeGreaterThan(300);
    expect(marks.get("resumed")).toBeGreaterThan(300);
    expect(marks.get("sent by lives")).toBeGreaterThan(3_000);
  });
});
