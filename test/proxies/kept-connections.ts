/**
 * What becomes of requests that a program sends on a connection that the server is about to close.
 * Whether they meet is a matter of microseconds, unless the server is busy: then a request waits in
 * the system while the connection's time runs out, and is thrown away with it. So the process,
 * which is the server's too, is kept busy around the moment at which that happens.
 */
import { numbersTo, pause } from "../waiting.ts";
import { RawClient } from "../http/raw-client.ts";
import type { Site } from "./site.ts";

/** Connections of each round, one request on each. */
const CONNECTIONS = 60;

/** The process is busy for so long before the first connection's end and after the last one's. */
const MARGIN_MS = 30;

/**
 * Sends requests when connections to the server have been idle for each of these times, one after
 * the other. Returns the statuses of the answers; 0 is none.
 */
export async function statusesAfter(site: Site, timesMs: readonly number[]): Promise<number[]> {
  const statuses: number[] = [];
  let last = await ask(await openAll(site), 0);
  for (const timeMs of timesMs) {
    // Connections of their own: one that was used would be closed where the server's was.
    const clients = await openAll(site);
    await pause(last.firstAtMs + timeMs - MARGIN_MS - performance.now());
    // After immediates Node looks at its timers before it reads.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    const busyUntilMs = last.lastAtMs + timeMs + MARGIN_MS;
    last = await ask(clients, busyUntilMs);
    statuses.push(...last.statuses);
  }
  return statuses;
}

interface Round {
  readonly statuses: readonly number[];
  /** When the first and the last answer came. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

function openAll(site: Site): Promise<RawClient[]> {
  return Promise.all(numbersTo(CONNECTIONS).map(() => RawClient.open(site.proxy.port)));
}

async function ask(clients: readonly RawClient[], busyUntilMs: number): Promise<Round> {
  const atMs: number[] = [];
  const answers = clients.map(async (client) => {
    client.post("no body of a session", { connection: "close" });
    const status = await client.response().then(
      (response) => response.status,
      () => 0,
    );
    atMs.push(performance.now());
    client.socket.destroy();
    return status;
  });
  // Nothing is read meanwhile: writing has handed the requests to the system.
  while (performance.now() < busyUntilMs);
  const statuses = await Promise.all(answers);
  return { statuses, firstAtMs: Math.min(...atMs), lastAtMs: Math.max(...atMs) };
}
