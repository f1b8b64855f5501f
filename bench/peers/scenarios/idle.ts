/**
 * Many connections on which nothing is said: what each costs the server in memory, and all of them
 * in processor time. Memory is what there is after the collector has run, less what there was before
 * the first connection: of the collector's heap with what its objects own beside it, and of the
 * machine's, as the process holds it. The latter has a few megabytes that are free and not yet given
 * back, most right after the connections were opened.
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

/** Before the first one, for what the runtime gives back after its start. */
const QUIET_MS = 8_000;

const SAMPLES = 5;

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
    await collect();
    await wait(QUIET_MS);
    const before = await memory();
    line.tell(port);
    await line.hear();
    if (connections !== sessions) throw new Error(`${connections} connections`);
    const opened = await memory();
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
      heapBytes: (opened.heap - before.heap) / sessions,
      residentBytes: (opened.resident - before.resident) / sessions,
      heapBytesAfter: (after.heap - before.heap) / sessions,
      residentBytesAfter: (after.resident - before.resident) / sessions,
      sockets: sockets / sessions,
      cpuPercent: cpuShare * 100,
    };
  },

  async drive({ contestant, parameters, line }) {
    const { sessions = 2_000, holdTimeMs = 25_000 } = parameters;
    const port = await line.hear();
    const connections: Connection[] = [];
    while (connections.length < sessions) {
      const count = Math.min(AT_ONCE, sessions - connections.length);
      const some = Array.from({ length: count }, () => contestant.connect({ port, holdTimeMs }));
      connections.push(...(await Promise.all(some)));
    }
    await wait(SETTLE_MS);
    line.tell(connections.length);
    if ((await line.hear()) !== DONE) throw new Error("the server has gone on");
    return { connections: connections.length };
  },
};
