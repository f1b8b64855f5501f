/** How long one message takes to the server and back, with nothing else on its way. */
import { Check, Ring } from "../messages.ts";
import { percentile } from "../../statistics.ts";
import type { Scenario } from "../scenario.ts";
import { echoes, WARM_UP } from "./echoes.ts";
import { accept, join } from "./pair.ts";

const MESSAGE_BYTES = 64;

/** Those that count. */
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
    const { timedMs = TIMED.ms } = part.parameters;
    await echoes(connection, ring, check, WARM_UP);
    part.line.tell(BEGIN);
    const before = process.cpuUsage();
    const timesUs = await echoes(connection, ring, check, { ...TIMED, ms: timedMs });
    part.line.tell(timesUs.length);
    return {
      clientUsPerEcho: usSince(before) / timesUs.length,
      p50Us: percentile(timesUs, 0.5),
      p99Us: percentile(timesUs, 0.99),
      echoes: timesUs.length,
    };
  },
};
