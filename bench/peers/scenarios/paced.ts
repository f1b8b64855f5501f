/**
 * A game's pace: sixty messages a second each way, each sent back as it comes. Latency, the
 * processor time of both processes, and bytes on the wire. The connection is new, but the code has
 * been compiled by then, as in a server that has run for a while, by echoes of others. Of several, as
 * a compiler that has seen one takes what it has for what all have.
 */
import { setTimeout as wait } from "node:timers/promises";
import { Check, Ring } from "../messages.ts";
import { percentile } from "../../statistics.ts";
import type { Scenario } from "../scenario.ts";
import { WireBytes } from "../wire-bytes.ts";
import { echoes, WARM_UP } from "./echoes.ts";

const MESSAGE_BYTES = 64;

const PER_SECOND = 60;

/** Seconds at this pace before the clock runs, and while it does. */
const SETTLE_S = 2;
const TIMED_S = 8;

/** Connections of which echoes warm the code up. */
const WARM_UPS = 5;

const BEGIN = 1;

/** Milliseconds of a processor in each second since then. */
class Load {
  readonly #before = process.cpuUsage();
  readonly #startMs = performance.now();

  get msPerSecond(): number {
    const { user, system } = process.cpuUsage(this.#before);
    return (user + system) / (performance.now() - this.#startMs);
  }
}

export const paced: Scenario = {
  async serve(part) {
    const { port, server } = await part.contestant.serve({
      onConnection: (connection) => {
        connection.onMessage = (message) => connection.send(message);
      },
    });
    const wire = new WireBytes(server);
    part.line.tell(port);
    await part.line.hear();
    const load = new Load();
    const before = { up: wire.up, down: wire.down };
    const count = await part.line.hear();
    return {
      serverCpuMs: load.msPerSecond,
      wireBytesUp: (wire.up - before.up) / count,
      wireBytesDown: (wire.down - before.down) / count,
    };
  },

  async drive(part) {
    const port = await part.line.hear();
    const ring = new Ring(MESSAGE_BYTES, part.contestant.payload);
    for (let at = 0; at < WARM_UPS; at++) {
      const other = await part.contestant.connect({ port });
      const { count, ms } = WARM_UP;
      await echoes(other, ring, new Check(ring), { count: count / WARM_UPS, ms: ms / WARM_UPS });
      other.close();
    }
    const connection = await part.contestant.connect({ port });
    const check = new Check(ring);
    const sentAtMs: number[] = [];
    let timesMs: number[] = [];
    connection.onMessage = (message) => {
      timesMs.push(performance.now() - (sentAtMs[check.received] as number));
      check.take(message);
    };
    const pace = async (seconds: number): Promise<void> => {
      const startMs = performance.now();
      for (let at = 0; at < seconds * PER_SECOND; at++) {
        const delayMs = startMs + (at * 1_000) / PER_SECOND - performance.now();
        if (delayMs > 0) await wait(delayMs);
        sentAtMs.push(performance.now());
        connection.send(ring.at(sentAtMs.length - 1));
      }
      await wait(200);
      if (check.received !== sentAtMs.length) throw new Error("an echo took longer than 200 ms");
    };
    await pace(SETTLE_S);
    timesMs = [];
    part.line.tell(BEGIN);
    const load = new Load();
    await pace(TIMED_S);
    part.line.tell(timesMs.length);
    return {
      clientCpuMs: load.msPerSecond,
      p50Ms: percentile(timesMs, 0.5),
      p99Ms: percentile(timesMs, 0.99),
    };
  },
};
