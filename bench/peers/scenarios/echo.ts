/** One message in flight: the server sends back what comes, and then the next one leaves. */
import { Check, Ring } from "../messages.ts";
import { percentile } from "../../statistics.ts";
import type { Scenario } from "../scenario.ts";
import { accept, join } from "./pair.ts";

const MESSAGE_BYTES = 64;

/**
 * Echoes before the first that counts, and those that count; or as many as come in the time. Until
 * a compiler has seen all of it, which takes some ten thousand, code runs at half of its speed and
 * less; a server runs for longer than that.
 */
const WARM_UP = { count: 20_000, ms: 6_000 };
const TIMED = { count: 10_000, ms: 3_000 };

const BEGIN = 1;

/** Microseconds of a processor. */
function usSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

export const echo: Scenario = {
  async serve(part) {
    const { connection } = await accept(part);
    connection.onMessage = (message) => connection.send(message);
    await part.line.hear();
    const before = process.cpuUsage();
    const count = await part.line.hear();
    return { serverUsPerEcho: usSince(before) / count };
  },

  async drive(part) {
    const { connection } = await join(part);
    const ring = new Ring(MESSAGE_BYTES, part.contestant.payload);
    const check = new Check(ring);
    let returned: () => void = () => {};
    connection.onMessage = (message) => {
      check.take(message);
      returned();
    };
    const echoes = async ({ count, ms }: typeof TIMED): Promise<number[]> => {
      const timesUs: number[] = [];
      const endMs = performance.now() + ms;
      while (timesUs.length < count && performance.now() < endMs) {
        const startMs = performance.now();
        const back = new Promise<void>((resolve) => (returned = resolve));
        connection.send(ring.at(check.received));
        await back;
        timesUs.push((performance.now() - startMs) * 1_000);
      }
      return timesUs;
    };
    const { warmUpMs = WARM_UP.ms, timedMs = TIMED.ms } = part.parameters;
    await echoes({ ...WARM_UP, ms: warmUpMs });
    part.line.tell(BEGIN);
    const before = process.cpuUsage();
    const timesUs = await echoes({ ...TIMED, ms: timedMs });
    part.line.tell(timesUs.length);
    return {
      clientUsPerEcho: usSince(before) / timesUs.length,
      p50Us: percentile(timesUs, 0.5),
      p99Us: percentile(timesUs, 0.99),
      echoes: timesUs.length,
    };
  },
};
