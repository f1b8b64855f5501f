/**
 * Stands in for the cores of pairs that are explored. Millions of states of a pair are made of a
 * few thousand states of each side, so what a side does when it is told something is worked out
 * once, on a copy of the core, and remembered. Cores that are remembered are never written to
 * again; pairs share them.
 */
import {
  BODY_BYTES_MAX_DEFAULT,
  type Endpoint,
  type RequestSide,
  type ServerSession,
} from "../../core/index.ts";
import { SIDES, type SideName } from "../applications.ts";
import { type CoreEvent, type CoreOutput, Cores, type Reaction } from "../cores.ts";
import { fork, shallow } from "../fork.ts";
import type { SimulatedHttp } from "../http.ts";
import type { Reactor } from "../connected-cores.ts";
import type { Pair } from "../pair.ts";
import { checkSide } from "../invariants.ts";
import { checkBodyLimits } from "../invariants/limits.ts";
import { hasBody, readAny } from "./bodies.ts";
import { checkBuffer, EMPTY_LEDGER, keepBooks, type Ledger, openBooks } from "./ledger.ts";
import { lookBefore, marksOf } from "./marks.ts";
import type { SimulatedPipes } from "../pipes.ts";
import type { Print } from "./print.ts";
import { printSide } from "./fingerprint.ts";

/** One side, as it was met. */
export interface SideState {
  readonly client: RequestSide | undefined;
  readonly server: Endpoint | undefined;
  readonly session: ServerSession | undefined;
  readonly clockMs: number;
  readonly wakeAt: { readonly atMs: number; readonly timer: string };
  readonly ledger: Ledger;
  readonly print: Print;
  /** What it does, by what it is told. */
  readonly memo: Map<string, Outcome>;
}

interface Outcome extends Reaction {
  readonly next: SideState;
  readonly marks: readonly number[];
  /** Whether the application does or is told something. */
  readonly isTold: boolean;
}

/** So many states of sides are kept before older ones are forgotten; each takes some 10 KiB. */
const SIDES_KEPT = 30_000;

/** Remembers what cores do. */
export class Memory implements Reactor {
  /** Names of marks, by number, and how often each was met. */
  readonly markNames: string[] = [];
  readonly markCounts: number[] = [];
  /** States of sides that were worked out. */
  sidesMade = 0;
  private readonly markNumbers: Map<string, number> = new Map();
  /** States of sides by their prints: those that were met lately, and before. */
  private sides: Map<string, SideState> = new Map();
  private sidesBefore: Map<string, SideState> = new Map();
  private readonly byCore: WeakMap<object, SideState> = new WeakMap();

  /** Takes in a pair; its cores belong to this memory from now on. */
  adopt(pair: Pair): void {
    pair.reactor = this;
    for (const side of SIDES) {
      const half = pair.half(side);
      const ledger = half === undefined ? EMPTY_LEDGER : openBooks(half);
      this.install(pair, side, this.meet(pair, side, ledger));
    }
  }

  /** A side of a pair, as it was met. */
  stateOf(pair: Pair, side: SideName): SideState {
    const state = this.byCore.get(side === "client" ? pair.client : pair.server);
    if (state === undefined) throw new Error(`the ${side}'s core was never met`);
    return state;
  }

  react(pair: Pair, side: SideName, event: CoreEvent): Reaction {
    const before = this.stateOf(pair, side);
    const key = keyOf(event, pair);
    let outcome = before.memo.get(key);
    if (outcome === undefined) {
      outcome = this.workOut(pair, side, before, event);
      before.memo.set(key, outcome);
    }
    this.install(pair, side, outcome.next);
    for (const mark of outcome.marks) (this.markCounts[mark] as number)++;
    if (outcome.isTold) {
      pair.logs = fork(pair.logs);
      pair.streams = fork(pair.streams);
    }
    return outcome;
  }

  /** Something was met that no core does. */
  mark(name: string): number {
    const known = this.markNumbers.get(name);
    if (known !== undefined) return known;
    const number = this.markNames.push(name) - 1;
    this.markNumbers.set(name, number);
    this.markCounts.push(0);
    return number;
  }

  /** A level of the search has ended: what was not met for long is forgotten. */
  age(): void {
    if (this.sides.size < SIDES_KEPT) return;
    this.sidesBefore = this.sides;
    this.sides = new Map();
  }

  private install(pair: Pair, side: SideName, state: SideState): void {
    if (state.client !== undefined) pair.client = state.client;
    if (state.server !== undefined) {
      pair.server = state.server;
      pair.session = state.session;
    }
    pair.clocks[side] = state.clockMs;
    pair.wakeAt[side] = state.wakeAt;
  }

  private workOut(pair: Pair, side: SideName, before: SideState, event: CoreEvent): Outcome {
    const cores = Object.create(Cores.prototype) as Cores;
    const { client, server, session, options, clocks, wakeAt } = pair;
    Object.assign(cores, { client, server, session, options });
    Object.assign(cores, { clocks: { ...clocks }, wakeAt: { ...wakeAt } });
    if (side === "client") cores.client = fork(client);
    else Object.assign(cores, fork({ server, session }));
    const looked = lookBefore(cores, side);
    const reaction = cores.runCore(side, event);
    checkSent(cores, side, reaction);
    const isHeard = isHeardOn(pair, cores, event);
    const ledger = booksAfter(before.ledger, cores, side, event, reaction, isHeard);
    const marks = new Set(marksOf(looked, cores, side, event, reaction));
    return {
      ...reaction,
      next: this.meet(cores, side, ledger),
      marks: [...marks].map((mark) => this.mark(mark)),
      isTold: isOfApplication(event) || reaction.outputs.some(isForApplication),
    };
  }

  private meet(cores: Cores, side: SideName, ledger: Ledger): SideState {
    const print = printSide(cores, side, undefined, ledger.heldThrough);
    const key = `${side}${print.exact.low},${print.exact.high}`;
    const known = this.sides.get(key) ?? this.sidesBefore.get(key);
    if (known !== undefined) {
      this.sides.set(key, known);
      return known;
    }
    const half = cores.half(side);
    if (half !== undefined) {
      checkSide(cores, side);
      checkBuffer(half, ledger, side);
    }
    const isClient = side === "client";
    const state: SideState = {
      client: isClient ? cores.client : undefined,
      server: isClient ? undefined : cores.server,
      session: isClient ? undefined : cores.session,
      clockMs: cores.clocks[side],
      wakeAt: cores.wakeAt[side],
      ledger,
      print,
      memo: new Map(),
    };
    this.sidesMade++;
    this.sides.set(key, state);
    this.byCore.set(isClient ? cores.client : cores.server, state);
    return state;
  }
}

/** A pair like another one, for one step: cores, logs and streams are shared until they change. */
export function branch(pair: Pair): Pair {
  const copy = shallow(pair) as Writable<Pair>;
  const { http, clocks, wakeAt, done } = pair;
  let handles = 0;
  for (const handle of http.held.keys()) handles = Math.max(handles, handle);
  const network = shallow(http) as unknown as Network;
  network.items = http.items.slice();
  network.waiting = new Set(http.waiting);
  network.held = new Map(http.held);
  const pipes = shallow(http.pipes) as Writable<SimulatedPipes>;
  pipes.all = new Map(http.pipes.all);
  network.pipes = pipes as SimulatedPipes;
  // Handles are used again once they were answered, or the same state would have many names.
  network.nextHandle = handles + 1;
  copy.http = network as unknown as SimulatedHttp;
  copy.clocks = { client: clocks.client, server: clocks.server };
  copy.wakeAt = { client: wakeAt.client, server: wakeAt.server };
  copy.done = { client: done.client, server: done.server };
  return copy as Pair;
}

type Network = Writable<Pick<SimulatedHttp, "items" | "waiting" | "held" | "pipes">> & {
  nextHandle: number;
};

type Writable<Value> = { -readonly [Field in keyof Value]: Value[Field] };

/** What tells one event from another, for one state of a side. */
function keyOf(event: CoreEvent, pair: Pair): string {
  switch (event.kind) {
    case "request":
      return `r${event.handle} ${bodyKey(event.body, pair)}`;
    case "answer":
      return `a${event.exchange} ${bodyKey(event.body, pair)}`;
    case "failure":
      return `f${event.exchange} ${String(event.how.notSent)} ${String(event.how.tooLarge)}`;
    case "command":
      return `c${pair.done.client} ${pair.done.server}`;
    case "pipe-up":
      return `p${event.handle} ${String(event.isFirst)} ${bodyKey(event.body, pair)}`;
    case "pipe-down":
      return `d${event.link} ${bodyKey(event.body, pair)}`;
    case "pipe-closed":
      return `x${event.link}`;
    case "pipe-gone":
    case "stream":
    case "retire":
      return `${event.kind} ${event.handle}`;
    case "consume":
      return `u${event.channel} ${event.count}`;
    default:
      return event.kind;
  }
}

function bodyKey(body: Uint8Array, pair: Pair): string {
  const { sessionId } = pair.client as unknown as { readonly sessionId: Uint8Array };
  const { low, high } = readAny(body, sessionId).print.exact;
  return `${low} ${high}`;
}

/** What a side sends keeps to the limits of bodies. */
function checkSent(cores: Cores, side: SideName, { outputs }: Reaction): void {
  const { client = {}, server = {} } = cores.options;
  const { bodyBytesMax = BODY_BYTES_MAX_DEFAULT } = side === "client" ? server : client;
  const { sessionId } = cores.client as unknown as { readonly sessionId: Uint8Array };
  for (const output of outputs) {
    if (!hasBody(output)) continue;
    const { body } = readAny(output.body, sessionId);
    if (body === undefined) continue;
    checkBodyLimits({ body, bytes: output.body.length, bytesMax: bodyBytesMax }, side);
  }
}

/** The books of a side that lives; what an ended one keeps is of no consequence. */
function booksAfter(
  before: Ledger,
  cores: Cores,
  side: SideName,
  event: CoreEvent,
  reaction: Reaction,
  isHeard: boolean,
): Ledger {
  if (cores.half(side)?.state === "ended") return EMPTY_LEDGER;
  const { sessionId } = cores.client as unknown as { readonly sessionId: Uint8Array };
  return keepBooks(before, sessionId, isHeard ? event : UNHEARD, reaction);
}

/** What a side does that is told nothing. */
const UNHEARD: CoreEvent = { kind: "timeout" };

/** Whether a side takes what it is told: of a pipe that it has left, or of another life, it does not. */
function isHeardOn(before: Cores, after: Cores, event: CoreEvent): boolean {
  const { sessionId } = after.client as unknown as { readonly sessionId: Uint8Array };
  if (event.kind === "request") return isOfPresentLife(after, event.body, sessionId);
  if (event.kind === "pipe-down") return before.client.pipes.has(event.link);
  if (event.kind !== "pipe-up") return true;
  if (event.isFirst) return isOfPresentLife(after, event.body, sessionId);
  const pipes = [...(before.session?.side.pipes.values() ?? [])];
  return pipes.some(({ handle }) => handle === event.handle);
}

/** Whether the server took what the request says for its own client's. */
function isOfPresentLife({ session }: Cores, bytes: Uint8Array, sessionId: Uint8Array): boolean {
  return readAny(bytes, sessionId).incarnation === session?.side.incarnation;
}

function isOfApplication({ kind }: CoreEvent): boolean {
  return kind === "command" || kind === "consume";
}

const NOT_FOR_APPLICATIONS = ["request", "respond", "abort", "transmit", "hang-up"];

function isForApplication({ kind }: CoreOutput): boolean {
  return !NOT_FOR_APPLICATIONS.includes(kind);
}
