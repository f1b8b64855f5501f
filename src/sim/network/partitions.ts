/**
 * Times at which a network is cut: both ways, or in one direction only. Whether one begins is asked
 * at fixed moments, so that a question is about the same second however the run went before.
 */
import { checkOptions, invalid, MS, PERMILLE, type Rules } from "../option-checks.ts";
import type { Play } from "../play.ts";

/** Which way a network is cut. */
export type Cut = "both" | "up" | "down";

/** How often and how long a network is cut. */
export interface PartitionOptions {
  /** How often it is asked whether one begins; 0: there are none. */
  readonly checkMs: number;
  /** How often, of a thousand such times, one begins. */
  readonly permille: number;
  /** It lasts at least so long. */
  readonly lengthMinMs: number;
  /** It lasts at most so long. */
  readonly lengthMaxMs: number;
  /** Which ways it may be cut; the first is the harmless answer. */
  readonly cuts: readonly Cut[];
}

/** The network is never cut. */
export const NO_PARTITIONS: PartitionOptions = {
  checkMs: 0,
  permille: 0,
  lengthMinMs: 0,
  lengthMaxMs: 0,
  cuts: ["both"],
};

const CUTS: readonly unknown[] = ["both", "up", "down"] satisfies Cut[];

/** @internal */
export const PARTITION_RULES: Rules<PartitionOptions> = {
  checkMs: MS,
  permille: PERMILLE,
  lengthMinMs: MS,
  lengthMaxMs: MS,
  cuts: (value, name) => {
    const isList = Array.isArray(value) && value.length > 0;
    if (isList && value.every((each) => CUTS.includes(each))) return;
    throw invalid(value, name, "a list of both, up and down");
  },
};

/** @internal Beyond what holds for each option. */
export function checkLengths({ lengthMinMs, lengthMaxMs }: PartitionOptions, name = ""): void {
  if (lengthMaxMs >= lengthMinMs) return;
  throw invalid(lengthMaxMs, `${name}lengthMaxMs`, `lengthMinMs, ${lengthMinMs}, or more`);
}

/** What partitions do that is worth counting. */
export type PartitionMark = "partition" | "partition up" | "partition down" | "cut off" | "held up";

/** The state of being cut. */
export class Partitions {
  /** Which way the network is cut; undefined: it is not. */
  cut: Cut | undefined = undefined;
  /** When that ends. */
  endAtMs = 0;
  /** When something is to be asked or ended. */
  nextAtMs: number;
  private checkAtMs: number;
  private readonly options: PartitionOptions;
  private readonly play: Play;

  /**
   * `play` decides, for the first time `checkMs` after `startMs`.
   *
   * @throws UsageError `option_invalid`, `option_unknown`.
   */
  constructor(options: PartitionOptions, play: Play, startMs = 0) {
    checkOptions(options, PARTITION_RULES);
    checkLengths(options);
    this.options = options;
    this.play = play;
    const { checkMs, permille } = options;
    this.checkAtMs = checkMs > 0 && permille > 0 ? startMs + checkMs : Infinity;
    this.nextAtMs = this.checkAtMs;
  }

  /** Whether a direction is cut. */
  isCut(direction: "up" | "down"): boolean {
    return this.cut === "both" || this.cut === direction;
  }

  /** Time has come to `nowMs`. Returns whether anything changed. */
  handleTimeout(nowMs: number): boolean {
    const before = this.cut;
    if (this.cut !== undefined && nowMs >= this.endAtMs) this.cut = undefined;
    while (nowMs >= this.checkAtMs) {
      if (this.cut === undefined) this.ask(this.checkAtMs);
      this.checkAtMs += this.options.checkMs;
    }
    this.nextAtMs =
      this.cut === undefined ? this.checkAtMs : Math.min(this.checkAtMs, this.endAtMs);
    return this.cut !== before;
  }

  /** There are no more. */
  heal(): void {
    this.cut = undefined;
    this.checkAtMs = Infinity;
    this.nextAtMs = Infinity;
  }

  private ask(atMs: number): void {
    const { play } = this;
    const { permille, lengthMinMs, lengthMaxMs, cuts } = this.options;
    const at = `at ${atMs} ms`;
    if (!play.happens("partition", `the network is cut ${at}`, permille)) return;
    this.cut = cuts[play.pick(cuts.length, `which way the network is cut ${at}`)] ?? "both";
    if (this.cut !== "both") play.mark(this.cut === "up" ? "partition up" : "partition down");
    const spread = Math.max(0, Math.round(lengthMaxMs - lengthMinMs)) + 1;
    const longerMs = play.pick(spread, `the network is cut longer by ms, ${at}`);
    this.endAtMs = atMs + lengthMinMs + longerMs;
  }
}
