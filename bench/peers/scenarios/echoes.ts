/** One message in flight: the other side sends back what comes, and then the next one leaves. */
import type { Connection } from "../contestant.ts";
import type { Check, Ring } from "../messages.ts";

/** As many echoes as come in the time, at most so many. */
interface Amount {
  readonly count: number;
  readonly ms: number;
}

/**
 * Before a clock runs. Until a compiler has seen all of it, which takes some ten thousand, code runs
 * at half of its speed and less; a server runs for longer than that.
 */
export const WARM_UP: Amount = { count: 20_000, ms: 6_000 };

/** How long each took, in microseconds; from then on others may listen to the connection. */
export async function echoes(
  connection: Connection,
  ring: Ring,
  check: Check,
  { count, ms }: Amount,
): Promise<number[]> {
  let returned: () => void = () => {};
  connection.onMessage = (message) => {
    check.take(message);
    returned();
  };
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
}
