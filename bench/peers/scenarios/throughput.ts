/**
 * Messages one way as fast as they go. They are sent in batches; the receiver answers the last one
 * of a batch with a message, and where a library acknowledges, the sender waits for that as well.
 * Batches grow until one takes long enough to be timed, and go on until the compiler has had its
 * time; then follow those that count.
 */
import type { Connection } from "../contestant.ts";
import { Check, Ring } from "../messages.ts";
import type { Figures, Part, Scenario } from "../scenario.ts";
import { spread } from "../../statistics.ts";
import type { WireBytes } from "../wire-bytes.ts";
import { accept, type End, join } from "./pair.ts";

/** Messages of the first batch; each later one has twice as many, up to the greatest. */
const BATCH_MIN = 500;
const BATCH_MAX = 1_024_000;

/**
 * From the first batch on, as for echoes. Exchanges are few where each carries hundreds of messages,
 * so their code is compiled late: streams of 1 KiB go on getting faster for seconds.
 */
const WARM_UP_MS = 6_000;

/** A batch that takes so long is timed, and so many are, unless parameters say otherwise. */
const BATCH_MS = 400;
const BATCHES = 5;

/** Instead of a batch's count: the next ones are timed; there are no more. */
const TIMED_FROM_HERE = -1;
const DONE = 0;

/** Sends as many: until the library says that enough waits, and again when it has room. */
function sendAll(connection: Connection, ring: Ring, from: number, count: number): Promise<void> {
  return new Promise((resolve) => {
    let sent = 0;
    const go = (): void => {
      let hasRoom = true;
      while (hasRoom && sent < count) hasRoom = connection.send(ring.at(from + sent++));
      if (sent === count) resolve();
    };
    connection.onDrain = go;
    go();
  });
}

/** What a side has spent since it was made; the server's also counts the bytes of both ways. */
class Expense {
  readonly #before = process.cpuUsage();
  readonly #bytesBefore: number;
  readonly #wire: WireBytes | undefined;

  constructor(wire: WireBytes | undefined) {
    this.#wire = wire;
    this.#bytesBefore = wire?.both ?? 0;
  }

  per(messages: number, role: "sender" | "receiver"): Figures {
    const { user, system } = process.cpuUsage(this.#before);
    const cpu = { [`${role}UsPerMessage`]: (user + system) / messages };
    if (this.#wire === undefined) return cpu;
    return { ...cpu, wireBytesPerMessage: (this.#wire.both - this.#bytesBefore) / messages };
  }
}

async function send(
  { connection, wire }: End,
  ring: Ring,
  { line, parameters }: Part,
): Promise<Figures> {
  const { batchMs = BATCH_MS, batches = BATCHES, warmUpMs = WARM_UP_MS } = parameters;
  let answered: () => void = () => {};
  connection.onMessage = () => answered();
  let sent = 0;
  const batch = async (count: number): Promise<number> => {
    line.tell(count);
    await line.hear();
    const startMs = performance.now();
    const answer = new Promise<void>((resolve) => (answered = resolve));
    await sendAll(connection, ring, sent, count);
    await answer;
    await connection.flushed?.();
    sent += count;
    return performance.now() - startMs;
  };
  const warmAtMs = performance.now() + warmUpMs;
  let count = BATCH_MIN;
  // The faster of two, as a machine that is busy elsewhere makes any batch long.
  const quickest = async (): Promise<number> => Math.min(await batch(count), await batch(count));
  while ((await quickest()) < batchMs && count < BATCH_MAX) count *= 2;
  while (performance.now() < warmAtMs) await batch(count);
  line.tell(TIMED_FROM_HERE);
  const expense = new Expense(wire);
  const rates: number[] = [];
  for (let at = 0; at < batches; at++) rates.push((count / (await batch(count))) * 1000);
  const figures = expense.per(count * batches, "sender");
  line.tell(DONE);
  return { messagesPerSecond: spread(rates).median, ...figures };
}

async function receive({ connection, wire }: End, ring: Ring, part: Part): Promise<Figures> {
  const { line } = part;
  const check = new Check(ring);
  let expected = 0;
  connection.onMessage = (message) => {
    check.take(message);
    if (check.received === expected) connection.send(ring.at(0));
    else if (check.received > expected) throw new Error("more messages than were sent");
  };
  let timedFrom = 0;
  let expense = new Expense(wire);
  for (let count = await line.hear(); count !== DONE; count = await line.hear()) {
    if (count === TIMED_FROM_HERE) {
      check.isThorough = false;
      timedFrom = check.received;
      expense = new Expense(wire);
    } else {
      expected = check.received + count;
      line.tell(count);
    }
  }
  return expense.per(check.received - timedFrom, "receiver");
}

function play(part: Part, end: End, isSender: boolean): Promise<Figures> {
  const { messageBytes = 64 } = part.parameters;
  const ring = new Ring(messageBytes, part.contestant.payload);
  return (isSender ? send : receive)(end, ring, part);
}

export const throughput: Scenario = {
  async serve(part) {
    return play(part, await accept(part), part.parameters["isDown"] === 1);
  },

  async drive(part) {
    return play(part, await join(part), part.parameters["isDown"] !== 1);
  },
};
