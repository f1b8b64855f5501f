/**
 * One round over all points of a curve, in a process of its own: started by scaling.ts with
 * `--expose-gc`, the name of the curve and the number of the round. Prints one line of JSON.
 */
import { curves, type Load } from "./curves.ts";

/** What was measured at one point in one round. */
export interface Sample {
  readonly series: string;
  readonly x: number;
  /** Processor time of all threads, so that what the collector does beside is in it. */
  readonly cpuNs: number;
  readonly wallNs: number;
  readonly messages: number;
}

/** In milliseconds of processor time: others may have the processor meanwhile. */
const WARM_UP_MS = 50;
const TIMED_MS = 150;

/** Of one repetition, whatever the processor does. */
const WALL_MS_MAX = 1_500;

/** The compiler is done when so many repetitions in a row bring nothing, or it was given its time. */
const STEADY = 4;
const STEADY_WITHIN = 0.95;
const OPTIMISED_MS_MAX = 5_000;

/** It waits for what happens often: repetitions of the first point, and of each other one. */
const REPETITIONS_FIRST = 30;
const REPETITIONS = 8;

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Until so much time was spent, and at least once. Returns the messages. */
async function repeat(load: Load, ms: number): Promise<number> {
  const untilUs = cpuUs() + ms * 1e3;
  const untilMs = performance.now() + WALL_MS_MAX;
  let messages = 0;
  do {
    await load.run();
    messages += load.messages;
  } while (cpuUs() < untilUs && performance.now() < untilMs);
  return messages;
}

/** Goes on until the code is as fast as it gets. */
async function optimise(load: Load, repetitions: number): Promise<void> {
  const endMs = performance.now() + OPTIMISED_MS_MAX;
  let least = Infinity;
  let steady = 0;
  for (let done = 0; done < repetitions || steady < STEADY; done++) {
    if (performance.now() > endMs) return;
    steady++;
    const beforeUs = cpuUs();
    const messages = await repeat(load, WARM_UP_MS);
    const cost = (cpuUs() - beforeUs) / messages;
    if (cost < least * STEADY_WITHIN) steady = 0;
    least = Math.min(least, cost);
  }
}

async function measure(
  series: string,
  x: number,
  load: Load,
  repetitions: number = REPETITIONS,
): Promise<Sample> {
  // Whatever was before is not this point's. It also throws away optimised code that refers to it,
  // so it has to be before the code is optimised.
  globalThis.gc?.();
  await optimise(load, repetitions);
  const cpuBefore = cpuUs();
  const startMs = performance.now();
  const messages = await repeat(load, TIMED_MS);
  const wallNs = ((performance.now() - startMs) * 1e6) / messages;
  const cpuNs = ((cpuUs() - cpuBefore) * 1e3) / messages;
  load.verify();
  await load.close?.();
  return { series, x, cpuNs, wallNs, messages };
}

const [curveName, round] = process.argv.slice(2);
const curve = curves.find(({ name }) => name === curveName);
if (curve === undefined) throw new Error("no such curve");

const samples: Sample[] = [];
const [first] = curve.series;
if (first !== undefined) {
  const load = await first.make(first.points[0] as number);
  await optimise(load, REPETITIONS_FIRST);
  await load.close?.();
}
for (const { name, points, make } of curve.series) {
  // There and back again: what a process has gone through before falls on both ends.
  const order = Number(round) % 2 === 0 ? points : points.toReversed();
  for (const x of order) samples.push(await measure(name, x, await make(x), curve.repetitions));
}
process.stdout.write(`${JSON.stringify(samples)}\n`);
