/**
 * What a message of ours costs as things grow: `npm run bench:scaling`. Curves of the two cores in
 * one process are in ../scaling/; one of sessions over real sockets is `sockets`. Each round goes
 * over all curves, so that what the machine does meanwhile falls on all of them.
 *
 * A cost that rises along a curve is said to bend, and is listed with its explanation; one without
 * is listed as unexplained, and `--check` then ends with status 1.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Command, InvalidArgumentError, Option } from "commander";
import { type Curve, curves, type Series } from "../scaling/curves.ts";
import { explanations } from "../scaling/explanations.ts";
import type { Sample } from "../scaling/round.ts";
import { show, spread, type Spread, table } from "../statistics.ts";
import { lines } from "./chart.ts";
import { load, machine } from "./machine.ts";
import { run } from "./run.ts";

interface Options {
  readonly rounds: number;
  readonly minutes: number;
  readonly curve: readonly string[];
  readonly out: string;
  readonly check: boolean;
}

/** Of one curve, with what it was measured on. */
interface Result {
  readonly curve: string;
  readonly startedAt: string;
  readonly loadBefore: string;
  readonly loadAfter: string;
  readonly rounds: number;
  readonly points: readonly Point[];
}

interface Point {
  readonly series: string;
  readonly x: number;
  readonly cpuNs: Spread;
  readonly wallNs: Spread;
}

/** A round of a curve that takes longer has failed. */
const ROUND_MS_MAX = 120_000;

/**
 * A median above the least one before it by more is a bend, if the least of the rounds are as well:
 * what else the machine does raises some rounds, not all.
 */
const BEND = 1.25;

const SOCKETS = "sockets";

/** Over the session layer and loopback sockets, in two processes. */
const sockets: Omit<Curve, "series"> & { readonly series: readonly Omit<Series, "make">[] } = {
  name: SOCKETS,
  title: "Processor time of both processes per message against sessions, over sockets (64 B)",
  xLabel: "sessions",
  series: ["tcp", "websocket", "poll"].map((link) => ({
    name: `holdfast ${link}`,
    points: [1, 10, 100, 1_000, link === "poll" ? 2_500 : 5_000],
  })),
};

const all = [...curves, sockets];

function number(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("not above 0.");
  return value;
}

const options = new Command("npm run bench:scaling --")
  .description("Measures what a message costs against what grows.")
  .option("--rounds <number>", "how many times each point is measured at most", number, 3)
  .option("--minutes <number>", "no round of a curve begins later", number, 5)
  .addOption(
    new Option("--curve <names...>", "what is varied; results of others are kept")
      .choices(all.map(({ name }) => name))
      .default(
        all.map(({ name }) => name),
        "all",
      ),
  )
  .option("--out <folder>", "where results are written", "bench/results")
  .option("--check", "end with status 1 where a bend has no explanation", false)
  .parse()
  .opts<Options>();

const say = (text: string): void => void process.stderr.write(`${text}\n`);

const inAProcess = promisify(execFile);
const roundScript = fileURLToPath(new URL("../scaling/round.ts", import.meta.url));

async function measureCores(curve: string, round: number): Promise<readonly Sample[]> {
  const flags = ["--expose-gc", "--import", "tsx", roundScript, curve, String(round)];
  const { stdout } = await inAProcess(process.execPath, flags, { timeout: ROUND_MS_MAX });
  return JSON.parse(stdout) as Sample[];
}

async function measureSockets(): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (const { name: series, points } of sockets.series) {
    for (const x of points) {
      const parameters = { sessions: x };
      const figures = await run("sessions", series, parameters, { timeoutMs: ROUND_MS_MAX });
      const { messages = 0, clientCpuUs = 0, serverCpuUs = 0, wallMs = 0 } = figures;
      const cpuNs = ((clientCpuUs + serverCpuUs) * 1e3) / messages;
      samples.push({ series, x, cpuNs, wallNs: (wallMs * 1e6) / messages, messages });
    }
  }
  return samples;
}

function summarise({ series }: (typeof all)[number], samples: readonly Sample[]): Point[] {
  return series.flatMap(({ name, points }) =>
    points.map((x) => {
      const own = samples.filter((sample) => sample.series === name && sample.x === x);
      const cpuNs = spread(own.map((sample) => sample.cpuNs));
      return { series: name, x, cpuNs, wallNs: spread(own.map((sample) => sample.wallNs)) };
    }),
  );
}

/** Rounds go on while there is time; each curve gets one at least. */
async function measureAll(): Promise<Result[]> {
  const chosen = all.filter(({ name }) => options.curve.includes(name));
  const endMs = performance.now() + options.minutes * 60_000;
  const startedAt = new Date().toISOString().slice(0, 10);
  const loadBefore = load();
  const samples = new Map<string, Sample[]>();
  const rounds = new Map<string, number>();
  for (let round = 1; round <= options.rounds; round++) {
    for (const { name } of chosen) {
      if (round > 1 && performance.now() > endMs) continue;
      const startMs = performance.now();
      const fresh = await (name === SOCKETS ? measureSockets() : measureCores(name, round));
      samples.set(name, [...(samples.get(name) ?? []), ...fresh]);
      rounds.set(name, round);
      const seconds = ((performance.now() - startMs) / 1e3).toFixed(0);
      say(`round ${round} of ${options.rounds}: ${name}: ${seconds} s`);
    }
  }
  const loadAfter = load();
  return chosen.map((curve) => ({
    curve: curve.name,
    startedAt,
    loadBefore,
    loadAfter,
    rounds: rounds.get(curve.name) ?? 0,
    points: summarise(curve, samples.get(curve.name) ?? []),
  }));
}

/** What is compared along a curve: where messages grow, what a KiB of them costs. */
function yOf({ messageBytes }: (typeof all)[number], { x, cpuNs }: Point): Spread {
  const kibibytes = messageBytes === undefined ? 1 : messageBytes(x) / 1_024;
  return {
    low: cpuNs.low / kibibytes,
    median: cpuNs.median / kibibytes,
    high: cpuNs.high / kibibytes,
  };
}

interface Bend {
  readonly series: string;
  readonly from: number;
  readonly to: number;
  readonly times: number;
  readonly explanation: string | undefined;
}

/** Where a series rises most above the least before. */
function bendsOf(curve: (typeof all)[number], { points }: Result): Bend[] {
  return curve.series.flatMap(({ name }) => {
    const own = points.filter(({ series }) => series === name);
    let least = own[0];
    let bend: Bend | undefined;
    for (const point of own) {
      if (least === undefined) break;
      const [y, yLeast] = [yOf(curve, point), yOf(curve, least)];
      const times = y.median / yLeast.median;
      if (times < 1) least = point;
      else if (times > (bend?.times ?? BEND) && y.low > yLeast.low * BEND) {
        const known = explanations[curve.name]?.[name];
        const explanation = known !== undefined && times <= known.upTo ? known.reason : undefined;
        bend = { series: name, from: least.x, to: point.x, times, explanation };
      }
    }
    return bend === undefined ? [] : [bend];
  });
}

const compact = (value: number): string => value.toLocaleString("en");

function section(curve: (typeof all)[number], result: Result): string {
  const xs = [...new Set(result.points.map(({ x }) => x))].toSorted((one, other) => one - other);
  const cells = (name: string, text: (point: Point) => string): string[] =>
    xs.map((x) => {
      const point = result.points.find((each) => each.series === name && each.x === x);
      return point === undefined ? "" : text(point);
    });
  const ns = curve.series.map(({ name }) => cells(name, ({ cpuNs }) => show(cpuNs, 0)));
  const heads = curve.series.map(({ name }) => `${name}, ns`);
  const columns = [...ns];
  if (curve.messageBytes !== undefined) {
    for (const { name } of curve.series) {
      heads.push(`${name}, ns per KiB`);
      columns.push(cells(name, (point) => show(yOf(curve, point), 0)));
    }
  }
  const rows = xs.map((x, at) => [compact(x), ...columns.map((column) => column[at] as string)]);
  const bends = bendsOf(curve, result).map(
    ({ series, from, to, times, explanation }) =>
      `- ${series}: ${times.toFixed(2)} times as much at ${compact(to)} as at ${compact(from)}. ` +
      (explanation ?? "UNEXPLAINED."),
  );
  return [
    `## ${curve.title}`,
    `![${curve.title}](scaling-${curve.name}.svg)`,
    table([curve.xLabel, ...heads], rows),
    bends.length === 0 ? "No series bends upwards." : bends.join("\n"),
    `${result.startedAt}: ${result.rounds} rounds, load ${result.loadBefore} before and ` +
      `${result.loadAfter} after.`,
  ].join("\n\n");
}

function draw(curve: (typeof all)[number], { points }: Result): string {
  const isBySize = curve.messageBytes !== undefined;
  const series = curve.series.flatMap(({ name }) => {
    const own = points.filter((point) => point.series === name);
    const perMessage = { name, points: own.map(({ x, cpuNs: y }) => ({ x, y })) };
    if (!isBySize) return [perMessage];
    const perKibibyte = own.map((point) => ({ x: point.x, y: yOf(curve, point) }));
    return [
      { ...perMessage, name: `${name}, per message` },
      { name: `${name}, per KiB`, points: perKibibyte },
    ];
  });
  // A logarithmic axis has no 0.
  const isLogarithmic = points.every(({ x }) => x > 0);
  const unit = isBySize ? "ns" : "ns per message";
  return lines(
    curve.title,
    { name: curve.xLabel, isLogarithmic },
    { name: `${unit}, processor`, isLogarithmic: true },
    series,
  );
}

const folder = resolve(options.out);
mkdirSync(folder, { recursive: true });
const file = join(folder, "scaling.json");
const kept = existsSync(file)
  ? (JSON.parse(readFileSync(file, "utf8")) as { results: Result[] }).results
  : [];
const fresh = await measureAll();
const results = all.flatMap(
  ({ name }) => [...fresh, ...kept].find(({ curve }) => curve === name) ?? [],
);
const facts = machine();
const text = [
  "# What a message costs against what grows",
  `${facts.cores} x ${facts.processor}, ${facts.memoryGb} GB, ${facts.kernel}, Node ${facts.node}. ` +
    "Processor time of all threads: the median of the rounds, with the least and the greatest. " +
    "What is measured and how: bench/README.md.",
  ...results.map((result) => {
    const curve = all.find(({ name }) => name === result.curve) as (typeof all)[number];
    writeFileSync(join(folder, `scaling-${curve.name}.svg`), draw(curve, result));
    return section(curve, result);
  }),
]
  .join("\n\n")
  .concat("\n");
writeFileSync(file, `${JSON.stringify({ machine: facts, results }, undefined, 1)}\n`);
writeFileSync(join(folder, "scaling.md"), text);
console.log(text);
if (options.check && text.includes("UNEXPLAINED")) process.exitCode = 1;
