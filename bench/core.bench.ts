/**
 * How fast the core is: `npm run bench`. With `-- --check`, ends with status 1 when a target is
 * missed. What is measured, how, and what is not: bench/README.md.
 */
import { execFileSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { pack, Packr, unpack, Unpackr } from "msgpackr";
import { Bench } from "tinybench";
import type { Allocation } from "./allocation.ts";
import { type ChecksumRate, measureChecksum } from "./checksum-rate.ts";
import { makePayloads, Pair, type PairOptions, type Way } from "./pair.ts";
import { show, type Spread, spread, table } from "./statistics.ts";

const ROUNDS = 7;
/** Milliseconds for each row in each round, and before the first. */
const ROW_MS = 120;
const WARMUP_MS = 400;

/** Targets, and by how much one run may miss them before `--check` says so. */
const RATIO_MAX = 0.5;
const FLAT_MAX = 1.1;
const CHECKSUM_MIN = 2;
const MARGIN = 0.1;

interface Row {
  readonly name: string;
  /** Messages, or objects, that one call of `run` carries. */
  readonly each: number;
  readonly prepare: () => void;
  readonly run: () => void;
  readonly finish?: () => void;
  /** Nanoseconds a message, one median for each round. */
  readonly rounds: number[];
}

const rows: Row[] = [];

function addRow(row: Omit<Row, "rounds">): Row {
  const full = { ...row, rounds: [] };
  rows.push(full);
  return full;
}

/** Batches of messages through a pair of its own; payloads are made before the clock runs. */
function addPair(
  name: string,
  way: Way,
  batch: number,
  bytes: number,
  options: PairOptions = {},
): Row {
  const pair = new Pair(options);
  // What lies behind the receiver's lag is in flight from the start.
  for (let kept = 0; kept < (options.lag ?? 0); kept += 1_000) {
    pair.send(way, makePayloads(Math.min(1_000, options.lag ?? 0), bytes));
    pair.settle();
  }
  let payloads: Uint8Array[] = [];
  return addRow({
    name,
    each: batch,
    prepare: () => {
      payloads = makePayloads(batch, bytes);
    },
    run: () => {
      pair.send(way, payloads);
      pair.settle();
    },
    finish: () => pair.verify(way, bytes),
  });
}

interface Move {
  t: number;
  x: number;
  y: number;
  vx: number;
  vy: number;
  id: number;
}

const OBJECTS = 100;

function makeMoves(): Move[] {
  return Array.from({ length: OBJECTS }, (_, at) => ({
    t: 1_000_000 + at * 16,
    x: 12.5 + at * 0.37,
    y: -7.25 + at * 0.11,
    vx: 0.731 - at * 0.003,
    vy: 1.19 + at * 0.007,
    id: 4_000 + at,
  }));
}

let checkedSum = 0;

function addCodec(name: string, encode: (move: Move) => Uint8Array, decode: typeof unpack): Row {
  let moves: Move[] = [];
  return addRow({
    name,
    each: OBJECTS,
    prepare: () => {
      moves = makeMoves();
    },
    run: () => {
      for (let at = 0; at < moves.length; at++) {
        checkedSum += (decode(encode(moves[at] as Move)) as Move).id;
      }
    },
  });
}

function addPayloads(bytes: number): Row {
  let kept: Uint8Array[] = [];
  return addRow({
    name: `making ${bytes} B payloads (not in other rows)`,
    each: 1_000,
    prepare: () => {
      checkedSum += kept.length;
    },
    run: () => {
      kept = makePayloads(1_000, bytes);
    },
  });
}

function measure(): void {
  for (let round = 0; round < ROUNDS; round++) {
    for (const row of rows) {
      const bench = new Bench({
        time: ROW_MS,
        iterations: 2,
        warmup: round === 0,
        warmupTime: WARMUP_MS,
        warmupIterations: 2,
        throws: true,
      });
      bench.add(row.name, row.run, { beforeEach: row.prepare });
      const [task] = bench.runSync();
      if (task?.result.state !== "completed") throw new Error(`${row.name}: not completed`);
      row.rounds.push((task.result.latency.p50 * 1e6) / row.each);
    }
    process.stderr.write(`round ${round + 1} of ${ROUNDS}\r`);
  }
  for (const row of rows) row.finish?.();
}

/** The quotient of two rows, round by round, so that a slow moment falls on both. */
function ratio(row: Row, to: Row): Spread {
  return spread(row.rounds.map((value, round) => value / (to.rounds[round] as number)));
}

function measureAllocation(): Allocation[] {
  const script = fileURLToPath(new URL("allocation.ts", import.meta.url));
  const flags = ["--expose-gc", "--max-semi-space-size=256", "--min-semi-space-size=256"];
  const output = execFileSync(process.execPath, [...flags, "--import", "tsx", script]);
  return JSON.parse(output.toString()) as Allocation[];
}

/** One target: what was measured, what is wanted, and whether it is missed beyond the margin. */
interface Verdict {
  readonly name: string;
  readonly measured: number;
  readonly wanted: string;
  readonly isMet: boolean;
  readonly isMissed: boolean;
}

function atMost(name: string, measured: number, most: number): Verdict {
  const wanted = `<= ${most}`;
  return { name, measured, wanted, isMet: measured <= most, isMissed: measured > most + MARGIN };
}

function load(): string {
  return loadavg()
    .map((value) => value.toFixed(2))
    .join(" ");
}

const startedMs = performance.now();
const loadBefore = load();
// First of all, and before anything was optimised: see checksum-rate.ts.
const checksum: ChecksumRate = measureChecksum();

const yardstick = addCodec("msgpackr pack + unpack", pack, unpack);
const sequentialPackr = new Packr({ sequential: true });
const sequentialUnpackr = new Unpackr({ sequential: true });
addCodec(
  "msgpackr Packr sequential",
  (move) => sequentialPackr.pack(move),
  (bytes) => sequentialUnpackr.unpack(bytes),
);
const recordPackr = new Packr({ useRecords: true });
addCodec(
  "msgpackr Packr useRecords",
  (move) => recordPackr.pack(move),
  (bytes) => recordPackr.unpack(bytes),
);
addPayloads(64);
addPayloads(1_024);

const bulk: Row[] = [];
for (const bytes of [64, 1_024]) {
  for (const way of ["up", "down"] as const) {
    for (const batch of [1, 10, 1_000, 100_000]) {
      const row = addPair(`${bytes} B ${way}, batches of ${batch}`, way, batch, bytes);
      if (bytes === 64 && batch === 1_000) bulk.push(row);
    }
  }
}
const flat: { name: string; base: Row; rows: Row[] }[] = [];
for (const [way, bytes, batch, lags] of [
  ["up", 64, 10, [10, 1_000, 100_000]],
  ["down", 64, 10, [10, 1_000, 100_000]],
  ["up", 1_024, 10, [10, 1_000, 100_000]],
  ["up", 64, 1_000, [1_000, 100_000]],
] as const) {
  const name = `${bytes} B ${way}, batches of ${batch}`;
  const group = lags.map((lag) =>
    addPair(`${name}, ${lag} kept in flight`, way, batch, bytes, { lag }),
  );
  const [base, ...others] = group as [Row, ...Row[]];
  flat.push({ name, base, rows: others });
}
for (const way of ["up", "down"] as const) {
  addPair(`64 B ${way}, batches of 1000, 30% loss`, way, 1_000, 64, { loss: 0.3 });
}
const session = { channelsMax: 10_000, channelUnits: 16 };
for (const channels of [1, 100, 10_000]) {
  addPair(`64 B up, batches of 10000 on ${channels} channels`, "up", 10_000, 64, {
    channels,
    session,
  });
}

measure();
const allocations = measureAllocation();

const verdicts: Verdict[] = [];
for (const row of bulk) {
  verdicts.push(atMost(`${row.name} / ${yardstick.name}`, ratio(row, yardstick).median, RATIO_MAX));
}
for (const { name, base, rows: others } of flat) {
  for (const row of others) {
    verdicts.push(atMost(`${row.name} / ${base.name}`, ratio(row, base).median, FLAT_MAX));
  }
  if (others.length === 0) throw new Error(`${name}: nothing to compare`);
}
const slowest = checksum.rate.low;
verdicts.push({
  name: "checksum of 256 KiB, slowest offset, GB/s",
  measured: slowest,
  wanted: `>= ${CHECKSUM_MIN}`,
  isMet: slowest >= CHECKSUM_MIN,
  isMissed: slowest < CHECKSUM_MIN * (1 - MARGIN),
});

console.log(
  `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}, load ${loadBefore} ` +
    `before and ${load()} after, ${((performance.now() - startedMs) / 1e3).toFixed(0)} s\n`,
);
console.log(
  table(
    ["ns per message: median [least..greatest] of rounds", "ns", "to pack + unpack"],
    rows.map((row) => [
      row.name,
      show(spread(row.rounds), 0),
      row === yardstick ? "1" : show(ratio(row, yardstick), 2),
    ]),
  ),
);
console.log(`\nChecksum, 256 KiB at odd offsets: ${show(checksum.rate, 1)} GB/s\n`);
console.log(
  table(
    ["bytes per message", "allocated, heap", "allocated, buffers", "kept in flight"],
    allocations.map(({ way, bytes, heap, buffers, kept, collections }) => [
      `${bytes} B ${way}`,
      collections === 0 ? heap.toFixed(0) : `>= ${heap.toFixed(0)} (collected)`,
      buffers.toFixed(0),
      kept.toFixed(0),
    ]),
  ),
);
console.log("");
console.log(
  table(
    ["target", "measured", "wanted", ""],
    verdicts.map(({ name, measured, wanted, isMet, isMissed }) => [
      name,
      measured.toFixed(2),
      wanted,
      isMissed ? "MISSED" : isMet ? "met" : "within the margin",
    ]),
  ),
);
if (checkedSum === 0) throw new Error("nothing was decoded");
if (process.argv.includes("--check") && verdicts.some(({ isMissed }) => isMissed)) {
  process.exitCode = 1;
}
