/**
 * A million messages for a receiver that takes none of them, and then all; beside it, the same
 * million for one that takes them at once. The sender hands all of them over, whatever `send` says:
 * they wait with it, and the receiver has no more of them than its window. For libraries that know
 * when a message was taken.
 */
import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import type { Connection } from "../contestant.ts";
import { Check, Ring } from "../messages.ts";
import type { Figures, Line, Part, Scenario } from "../scenario.ts";
import { spread } from "../../statistics.ts";
import { accept, join } from "./pair.ts";

const MESSAGE_BYTES = 64;

const MESSAGES = 1_000_000;

/** Messages that are handed over at once. */
const TURN = 1_000;

/** After the last one was handed over, for what still goes to the receiver. */
const SETTLE_MS = 2_000;

/** Between two looks at the memory of the receiver. */
const SAMPLE_MS = 20;

const ROUNDS = 3;

/** What the sender asks for: the next million is to be taken at once, or to wait. */
const AT_ONCE = 1;
const LATER = 2;
/** What the receiver has of those that wait, after a collection, and had at most. */
const WAITING = 3;
const WAITING_MOST = 4;
/** They are to be taken now. */
const TAKE = 5;
/** What it has cost to take them. */
const TAKEN = 6;
const DONE = 7;

const READY = 0;

function memoryBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function collectedBytes(): number {
  if (globalThis.gc === undefined) throw new Error("needs --expose-gc");
  globalThis.gc();
  return memoryBytes();
}

/** Microseconds for each message, of the processor and of the clock, since it was made. */
class Cost {
  readonly #cpu = process.cpuUsage();
  readonly #startMs = performance.now();

  get cpuUs(): number {
    const { user, system } = process.cpuUsage(this.#cpu);
    return (user + system) / MESSAGES;
  }

  get us(): number {
    return ((performance.now() - this.#startMs) * 1_000) / MESSAGES;
  }
}

/** What one million has cost, or what it held while it waited; by names, one value a round. */
class Samples {
  readonly #values: Map<string, number[]> = new Map();

  add(name: string, value: number): void {
    const values = this.#values.get(name) ?? [];
    values.push(value);
    this.#values.set(name, values);
  }

  get figures(): Figures {
    return Object.fromEntries([...this.#values].map(([name, all]) => [name, spread(all).median]));
  }
}

async function handOver(connection: Connection, ring: Ring, from: number): Promise<void> {
  for (let sent = 0; sent < MESSAGES; sent += TURN) {
    for (let at = 0; at < TURN; at++) connection.send(ring.at(from + sent + at));
    await turn();
  }
}

async function send(connection: Connection, ring: Ring, line: Line): Promise<Figures> {
  if (connection.flushed === undefined) throw new Error("it knows nothing of being taken");
  const samples = new Samples();
  let sent = 0;
  const ask = (what: number): Promise<number> => {
    line.tell(what);
    return line.hear();
  };
  for (let round = 0; round <= ROUNDS; round++) {
    await ask(AT_ONCE);
    const plain = new Cost();
    await handOver(connection, ring, sent);
    await connection.flushed();
    const [plainUs, plainCpuUs] = [plain.us, plain.cpuUs];
    sent += MESSAGES;
    const plainTakenUs = (await ask(TAKEN)) / MESSAGES;

    const before = collectedBytes();
    await ask(LATER);
    await handOver(connection, ring, sent);
    await wait(SETTLE_MS);
    const senderBytes = collectedBytes() - before;
    const receiverBytes = await ask(WAITING);
    const receiverMostBytes = await ask(WAITING_MOST);
    const released = new Cost();
    await ask(TAKE);
    await connection.flushed();
    const [releasedUs, releasedCpuUs] = [released.us, released.cpuUs];
    sent += MESSAGES;
    const releasedTakenUs = (await ask(TAKEN)) / MESSAGES;
    // The first round warms up.
    if (round === 0) continue;
    samples.add("atOnceUs", plainUs);
    samples.add("atOnceCpuUs", plainCpuUs + plainTakenUs);
    samples.add("releasedUs", releasedUs);
    samples.add("releasedCpuUs", releasedCpuUs + releasedTakenUs);
    samples.add("releasedToAtOnce", releasedUs / plainUs);
    samples.add("senderBytes", senderBytes);
    samples.add("receiverBytes", receiverBytes);
    samples.add("receiverMostBytes", receiverMostBytes);
  }
  line.tell(DONE);
  return samples.figures;
}

/** Takes what comes, at once or when it is told to. */
class Gate {
  #closed: Promise<void> | undefined;
  #open: () => void = () => {};

  readonly taking = (): Promise<void> | undefined => this.#closed;

  close(): void {
    this.#closed = new Promise((resolve) => (this.#open = resolve));
  }

  open(): void {
    this.#closed = undefined;
    this.#open();
  }
}

async function receive(
  connection: Connection,
  ring: Ring,
  line: Line,
  gate: Gate,
): Promise<Figures> {
  const check = new Check(ring);
  check.isThorough = false;
  connection.onMessage = (message) => check.take(message);
  let cost = new Cost();
  let before = 0;
  let most = 0;
  let sampling: NodeJS.Timeout | undefined;
  const answers: Readonly<Record<number, () => number>> = {
    [AT_ONCE]: () => {
      cost = new Cost();
      return READY;
    },
    [LATER]: () => {
      gate.close();
      before = most = collectedBytes();
      sampling = setInterval(() => (most = Math.max(most, memoryBytes())), SAMPLE_MS);
      return READY;
    },
    [WAITING]: () => {
      clearInterval(sampling);
      return collectedBytes() - before;
    },
    [WAITING_MOST]: () => most - before,
    [TAKE]: () => {
      cost = new Cost();
      gate.open();
      return READY;
    },
    [TAKEN]: () => {
      if (check.received % MESSAGES !== 0) throw new Error(`${check.received} messages came`);
      return cost.cpuUs * MESSAGES;
    },
  };
  for (let what = await line.hear(); what !== DONE; what = await line.hear()) {
    line.tell(answers[what]?.() ?? READY);
  }
  return {};
}

export const slowReceiver: Scenario = {
  async serve(part) {
    const gate = new Gate();
    const { connection } = await accept(part, gate);
    return play(part, connection, gate, part.parameters["isDown"] === 1);
  },

  async drive(part) {
    const gate = new Gate();
    const { connection } = await join(part, gate);
    return play(part, connection, gate, part.parameters["isDown"] !== 1);
  },
};

function play(
  { contestant, line }: Part,
  connection: Connection,
  gate: Gate,
  isSender: boolean,
): Promise<Figures> {
  const ring = new Ring(MESSAGE_BYTES, contestant.payload);
  return isSender ? send(connection, ring, line) : receive(connection, ring, line, gate);
}
