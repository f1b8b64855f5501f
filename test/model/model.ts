/**
 * `npm run model`: lets SPIN search the model of the parking rule and of acknowledgements in
 * spec/model, as it should be and with one bug planted for each promise, and lets the real core
 * follow traces of it; `-- --help` says what it takes.
 */
import { optionsOfProcess } from "../command-line.ts";
import { type Cell, tableOf } from "../tables.ts";
import { type ModelOptions, readOptions } from "./options.ts";
import { macrosOf, PLANTED, PROPERTIES, type Property, TRACE_SIZES } from "./properties.ts";
import { parseTrace, replay, type TraceSize } from "./replay.ts";
import { ProgramsMissingError, requirePrograms, simulate, type Verified, verify } from "./spin.ts";

/** Undefined when a search came to what it must; else what is wrong. */
export function faultOf({ violated }: Property, found: Verified): string | undefined {
  if (found.violated !== violated) {
    const expected = violated ?? "nothing wrong";
    return `${found.violated ?? "nothing wrong"} was found, and not ${expected}`;
  }
  if (violated === undefined && !found.isComplete) return "not every state was searched";
  return undefined;
}

/** How many steps the core followed, in so many traces from seed 1 on. */
export async function followTraces(size: TraceSize, count: number): Promise<number> {
  let steps = 0;
  for (let seed = 1; seed <= count; seed++) {
    const trace = parseTrace(await simulate(seed, macrosOf(size)));
    try {
      steps += replay(trace, size);
    } catch (error) {
      throw new Error(`seed ${seed} of ${JSON.stringify(size)}`, { cause: error });
    }
  }
  return steps;
}

async function main({ isQuick, traces }: ModelOptions): Promise<void> {
  requirePrograms();
  const rows: Cell[][] = [];
  for (const property of [...PROPERTIES, ...PLANTED]) {
    if (isQuick && property.isQuick !== true) continue;
    process.stderr.write(`${property.name} ...\n`);
    const found = await verify(property);
    const fault = faultOf(property, found);
    if (fault !== undefined) process.exitCode = 1;
    const { states, transitions, depth, megabytes, seconds } = found;
    rows.push([
      property.name,
      states,
      transitions,
      depth,
      megabytes.toFixed(0),
      seconds.toFixed(1),
      fault === undefined ? verdictOf(property, found) : `WRONG: ${fault}`,
    ]);
  }
  const head = ["property", "states", "transitions", "depth", "MB", "seconds", "verdict"];
  console.log(tableOf(head, rows));
  for (const size of TRACE_SIZES) {
    const startMs = performance.now();
    const steps = await followTraces(size, traces);
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    const { clientMessages, serverMessages, wantedMax, carriersMax } = size;
    console.log(
      `${traces} traces, ${steps} steps: the core did and had the same, ${seconds} s ` +
        `(${clientMessages} and ${serverMessages} messages, up to ${wantedMax} parked, ` +
        `${carriersMax} carriers)`,
    );
  }
}

function verdictOf({ violated }: Property, { depth }: Verified): string {
  if (violated === undefined) return "holds in every state";
  return `refuted: ${violated}, trace of ${depth} steps`;
}

if (process.argv[1] === import.meta.filename) {
  const options = optionsOfProcess("model", readOptions);
  try {
    if (options !== undefined) await main(options);
  } catch (error) {
    process.exitCode = error instanceof ProgramsMissingError ? 2 : 1;
    for (let at = error; at instanceof Error; at = at.cause) console.error(at.message);
  }
}
