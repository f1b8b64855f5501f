/**
 * Follows a trace of spec/model on the real core. The model says what happens and what is to be
 * seen afterwards; a pair of cores is led through the same steps, and after each of them what is
 * seen there must be the same line, letter for letter.
 */
import { Pair, type PairOptions, SIDES, type Step, stepsOf } from "../../src/sim/index.ts";
import type { Ranges } from "../../src/core/ranges.ts";

/** How large the model was made; the core gets the same bounds. */
export interface TraceSize {
  readonly clientMessages: number;
  readonly serverMessages: number;
  readonly wantedMax: number;
  readonly carriersMax: number;
}

/** One step of the model, and what is seen after it. */
export interface TraceStep {
  readonly action: string;
  /** An exchange; of what a side does by itself the side: 0 for the client, 1 for the server. */
  readonly operand: number;
  readonly seen: string;
}

/** The core did something else than the model, or cannot do what the model did. */
export class TraceRefused extends Error {
  override readonly name = "TraceRefused";
}

/** Lengths of timers, as spec/model/timed.pml has them. */
const TIMEOUT_MS = 1_000;
const WAITS = {
  ackDelayMs: 25,
  rtoInitialMs: TIMEOUT_MS,
  rtoMinMs: TIMEOUT_MS,
  rtoMaxMs: TIMEOUT_MS,
  holdTimeMs: 25_000,
  silenceLimitMs: 86_400_000,
  closeTimeoutMs: 86_400_000,
};
const QUIET_MS = 2_000;
/** The model begins behind the opening, which is the core's first exchange. */
const EXCHANGES_BEFORE = 1;

/** Reads what the model printed. An unfinished last step, where SPIN was stopped, is left out. */
export function parseTrace(text: string): TraceStep[] {
  const steps: TraceStep[] = [];
  let begun: { action: string; operand: number } | undefined;
  for (const line of text.split("\n")) {
    const step = /^step ([a-z_]+) (\d+)$/.exec(line);
    if (step !== null) {
      if (begun !== undefined) throw new TraceRefused(`nothing is seen after ${begun.action}`);
      begun = { action: step[1] as string, operand: Number(step[2]) };
    } else if (begun !== undefined && SEEN.test(line)) {
      steps.push({ ...begun, seen: line });
      begun = undefined;
    }
  }
  if (steps[0]?.action !== "opens") throw new TraceRefused("the trace does not begin");
  return steps;
}

/** Fields with a number of each side, and lists of exchanges. */
const PAIRS = "sent|released|known|due|received|delivered|consumed|wanted";
const LISTS = "live|overdue|parked|requests|answers";
const SEEN = new RegExp(
  `^seen clock \\d+ \\d+(; (${PAIRS}) \\d+ \\d+){8}(; (${LISTS})( \\d+)*){5}$`,
);

/**
 * Leads a pair of cores through the trace.
 *
 * @returns the number of steps.
 * @throws TraceRefused where the core and the model part.
 */
export function replay(steps: readonly TraceStep[], size: TraceSize): number {
  const pair = openPair(size);
  const base = { ...pair.clocks };
  for (const [at, { action, operand, seen }] of steps.entries()) {
    if (at > 0) {
      const step = findStep(pair, action, operand);
      if (step === undefined) {
        throw new TraceRefused(`step ${at}, ${action} ${operand}: the core offers no such step`);
      }
      pair.apply(step);
    }
    const shown = describePair(pair, base);
    if (shown === seen) continue;
    throw new TraceRefused(
      `step ${at}, ${action} ${operand}:\n  the model: ${seen}\n  the core:  ${shown}`,
    );
  }
  return steps.length;
}

/** Two cores whose session is open, with the client's first request to be parked on its way. */
function openPair(size: TraceSize): Pair {
  const send = { kind: "send", bytes: 8 } as const;
  const held = { hold: "consumed", consume: "explicit" } as const;
  const both = { ...WAITS, ...held, parkedMax: size.wantedMax };
  const options: PairOptions = {
    // The waits between failed requests are none in the model.
    client: {
      ...both,
      carriersMax: size.carriersMax,
      reconnectDelayMinMs: 0,
      reconnectDelayMaxMs: 0,
    },
    server: { ...both, parkedQuietMs: QUIET_MS },
    clientScript: Array.from({ length: size.clientMessages }, () => send),
    serverScript: Array.from({ length: size.serverMessages }, () => send),
    losses: Infinity,
    duplicates: Infinity,
  };
  const pair = new Pair(options);
  // The model knows no sizes: bodies pass at once, from the first one on that timers look at.
  pair.client.roundTrip.rate = Infinity;
  for (const action of ["request_arrives", "answer_arrives"]) {
    const step = findStep(pair, action, 1 - EXCHANGES_BEFORE);
    if (step === undefined) throw new TraceRefused("the session does not open");
    pair.apply(step);
    halfOf(pair, "server").roundTrip.rate = Infinity;
  }
  return pair;
}

// --- what happens -------------------------------------------------------------------------------

/** What an action of the model is to the pair. */
function findStep(pair: Pair, action: string, operand: number): Step | undefined {
  const steps = stepsOf(pair);
  const exchange = operand + EXCHANGES_BEFORE;
  const ofSide = (kind: "timer" | "command" | "consume"): Step | undefined =>
    steps.find((step) => step.kind === kind && step.side === SIDES[operand]);
  const ofItem = (kind: Step["kind"], what: "request" | "answer", which = 0): Step | undefined => {
    const id = pair.http.items.filter((item) => item.kind === what && item.exchange === exchange)[
      which
    ]?.id;
    return steps.find((step) => step.kind === kind && "item" in step && step.item === id);
  };
  switch (action) {
    case "sends":
      return ofSide("command");
    case "consumes":
      return ofSide("consume");
    case "timer_fires":
      return ofSide("timer");
    case "request_arrives":
      return ofItem("deliver", "request");
    case "answer_arrives":
      return ofItem("deliver", "answer");
    case "second_answer_arrives":
      return ofItem("deliver", "answer", 1);
    case "request_lost":
      return ofItem("lose", "request");
    case "answer_lost":
      return ofItem("lose", "answer");
    case "request_doubled":
      return ofItem("duplicate", "request");
    case "request_fails":
      return ofItem("fail", "request");
    case "exchange_fails":
      return steps.find(
        (step) => step.kind === "fail" && step.item === 0 && step.exchange === exchange,
      );
    default:
      throw new TraceRefused(`no such action: ${action}`);
  }
}

// --- what is seen -------------------------------------------------------------------------------

type Half = NonNullable<ReturnType<Pair["half"]>>;

function halfOf(pair: Pair, side: (typeof SIDES)[number]): Half {
  const half = pair.half(side);
  if (half === undefined) throw new TraceRefused("the server has no session");
  return half;
}

/** What the model prints, of the pair. */
function describePair(pair: Pair, base: Readonly<Record<string, number>>): string {
  const { client, session, http, clocks } = pair;
  const both = (name: string, valueOf: (half: Half, side: "client" | "server") => number): string =>
    `${name} ${SIDES.map((side) => valueOf(halfOf(pair, side), side)).join(" ")}`;
  const list = (name: string, exchanges: readonly number[]): string =>
    [name, ...exchanges.map((exchange) => exchange - EXCHANGES_BEFORE)].join(" ");
  const open = [...client.exchanges.open.values()];
  const numbers = (isOverdue: boolean): number[] =>
    open.filter((each) => each.isOverdue === isOverdue).map(({ number }) => number);
  const onTheWay = (kind: "request" | "answer"): number[] =>
    http.items
      .filter((item) => item.kind === kind)
      .map(({ exchange }) => exchange)
      .toSorted((left, right) => left - right);
  const fields = [
    both("clock", (_, side) => clocks[side] - (base[side] as number)),
    both("sent", ({ sender }) => sender.ring.next - 1),
    both("released", ({ sender }) => sender.ring.base - 1),
    both("known", ({ sender }) => setOf(sender.peerReceived)),
    both("due", ({ sender }) => setOf(sender.due)),
    both("received", ({ receiver }) => setOf(receiver.received)),
    both("delivered", ({ receiver }) => receiver.delivered),
    both("consumed", ({ receiver }) => receiver.heldThrough),
    `wanted ${client.parkedWanted} ${session?.side.parkedWanted}`,
    list("live", numbers(false)),
    list("overdue", numbers(true)),
    list("parked", session?.side.parked.map(({ exchange }) => exchange) ?? []),
    list("requests", onTheWay("request")),
    list("answers", onTheWay("answer")),
  ];
  return `seen ${fields.join("; ")}`;
}

/** A set of seqs as the model has it: bit 0 for seq 1. */
function setOf({ flat }: Ranges): number {
  let set = 0;
  for (let at = 0; at < flat.length; at += 2) {
    for (let seq = flat[at] as number; seq <= (flat[at + 1] as number); seq++)
      set |= 1 << (seq - 1);
  }
  return set;
}
