/**
 * Many connections on which nothing is said: what each costs the server in memory, and all of them
 * in processor time. Memory is what there is after the collector has run, of the collector's heap with
 * what its objects own beside it, and of the machine's, as the process holds it.
 *
 * It is what the second half of the connections adds to the first. Until then a process grows for
 * other reasons: a young generation of tens of megabytes for the storm of requests, compiled code.
 */
import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import type { Server } from "node:net";
import { spread } from "../../statistics.ts";
import type { Connection } from "../contestant.ts";
import type { Figures, Scenario } from "../scenario.ts";

/** Connections that are opened at once. */
const AT_ONCE = 50;

/** After the last one, for what follows on the opening of a connection. */
const SETTLE_MS = 1_000;

/** Before memory is looked at, for what the runtime gives back after a storm. */
const QUIET_MS = 8_000;

const SAMPLES = 5;

const GO_ON = 1;
const DONE = 0;

async function collect(): Promise<void> {
  if (globalThis.gc === undefined) throw new Error("needs --expose-gc");
  // What one collection finalizes the next one takes, in a turn of its own.
  for (let at = 0; at < 4; at++) {
    globalThis.gc();
    await turn();
  }
}

interface Memory {
  /** In bytes, of the collector's heap and of what objects there own beside it. */
  readonly heap: number;
  /** What the process has of the machine's. */
  readonly resident: number;
}

async function memory(): Promise<Memory> {
  const heaps: number[] = [];
  const residents: number[] = [];
  for (let at = 0; at < SAMPLES; at++) {
    await collect();
    const { heapUsed, external, rss } = process.memoryUsage();
    heaps.push(heapUsed + external);
    residents.push(rss);
    await wait(100);
  }
  return { heap: spread(heaps).median, resident: spread(residents).median };
}

const socketsOf = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });

export const idle: Scenario = {
  async serve({ contestant, parameters, line }): Promise<Figures> {
    const { sessions = 2_000, holdTimeMs = 25_000, seconds = holdTimeMs / 1_000 } = parameters;
    let connections = 0;
    const { port, server } = await contestant.serve({
      onConnection: () => connections++,
      holdTimeMs,
      connectionsMax: sessions,
    });
    line.tell(port);
    const half = await line.hear();
    await collect();
    await wait(QUIET_MS);
    const before = await memory();
    line.tell(GO_ON);
    await line.hear();
    if (connections !== sessions) throw new Error(`${connections} connections`);
    await collect();
    await wait(QUIET_MS);
    const opened = await memory();
    const added = sessions - half;
    // Over whole hold times, as all that were opened together are renewed together.
    const startMs = performance.now();
    const cpu = process.cpuUsage();
    await wait(seconds * 1_000);
    const { user, system } = process.cpuUsage(cpu);
    const cpuShare = (user + system) / 1_000 / (performance.now() - startMs);
    const after = await memory();
    const sockets = await socketsOf(server);
    line.tell(DONE);
    return {
      heapBytes: (opened.heap - before.heap) / added,
      residentBytes: (opened.resident - before.resident) / added,
      heapBytesAfter: (after.heap - before.heap) / added,
      residentBytesAfter: (after.resident - before.resident) / added,
      sockets: sockets / sessions,
      cpuPercent: cpuShare * 100,
    };
  },

  async drive({ contestant, parameters, line }) {
    const { sessions = 2_000, holdTimeMs = 25_000 } = parameters;
    const port = await line.hear();
    const connections: Connection[] = [];
    for (const wanted of [Math.floor(sessions / 2), sessions]) {
      while (connections.length < wanted) {
        const count = Math.min(AT_ONCE, wanted - connections.length);
        const some = Array.from({ length: count }, () => contestant.connect({ port, holdTimeMs }));
        connections.push(...(await Promise.all(some)));
      }
      await wait(SETTLE_MS);
      line.tell(connections.length);
      if ((await line.hear()) !== (wanted === sessions ? DONE : GO_ON)) {
        throw new Error("the server has gone on");
      }
    }
    return { connections: connections.length };
  },
};
