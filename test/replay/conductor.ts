/**
 * Conducts a replay: starts the reader's process, the fault proxy (in this process) and the writer's
 * process, sets the pace, sees when all is done or nothing moves any more, and judges the books of
 * both ends. Always comes to an end by itself.
 */
import { type ChaosProxy, startChaos } from "../../src/chaos/index.ts";
import { SERVER_DEFAULTS } from "../../src/http/request-rules.ts";
import { Child, type ChildEvents } from "./child.ts";
import type { Hardness } from "./hardness.ts";
import { machineMs } from "./ledger.ts";
import type { ReplayOptions } from "./options.ts";
import type { EndReport, EndWord, Progress, ReaderOrder, WriterOrder } from "./orders.ts";
import { pace, RATE_MAX } from "./pace.ts";
import type { ReplayProgress } from "./progress.ts";
import type { Trace } from "./trace.ts";
import { judge, type Verdict } from "./verdict.ts";

/** How often the pace is set anew, and the end looked for. */
const CHECK_MS = 200;
/** Two processes that load their sources, on a machine with other things to do. */
const START_MS_MAX = 60_000;
/** Nothing moves and the library has nothing left to do: what has not arrived now is lost. */
const SETTLED_MS = 3_000;
/** A graceful close takes at most `closeTimeoutMs` (55 s) of the library. */
const FINISH_MS_MAX = 60_000;
/** To write the books down and send them. */
const REPORT_MS_MAX = 10_000;
/** A run may take twice its time at the pace, and so much more. */
const SPARE_MS = 900_000;

type EndName = "writer" | "reader";

const NO_PROGRESS: Progress = {
  kind: "progress",
  sent: 0,
  delivered: 0,
  unacknowledged: 0,
  status: "not there",
};
const NOTHING_MET: Hardness = {
  exchanges: 0,
  cuts: 0,
  requestsLost: 0,
  responsesLost: 0,
  bodiesDamaged: 0,
};

/** Commands: `run`, once; `halt`. */
export class Conductor {
  readonly #options: ReplayOptions;
  readonly #trace: Trace;
  readonly #show: (progress: ReplayProgress) => void;
  readonly #reader: Child<ReaderOrder>;
  #writer: Child<WriterOrder> | undefined;
  #proxy: ChaosProxy | undefined;
  readonly #progress: Record<EndName, Progress> = { writer: NO_PROGRESS, reader: NO_PROGRESS };
  readonly #reports: Partial<Record<EndName, EndReport>> = {};
  readonly #gone: Set<EndName> = new Set();
  readonly #trouble: string[] = [];
  readonly #startMs: number = machineMs();
  #movedMs: number = machineMs();
  #phase: "running" | "finishing" | "reporting" | "over" = "running";
  /** Called when the running is over, and when a report came or will not come any more. */
  #wake: () => void = () => {};

  constructor(options: ReplayOptions, trace: Trace, show: (progress: ReplayProgress) => void) {
    this.#options = options;
    this.#trace = trace;
    this.#show = show;
    this.#reader = new Child("reader.ts", this.#eventsOf("reader"));
  }

  async run(): Promise<Verdict> {
    const { startContent, endContent, transactions } = this.#trace;
    const total = transactions.length;
    this.#reader.order({ kind: "start", startContent, total, plant: this.#options.plant });
    const timer = setInterval(() => this.#check(), CHECK_MS);
    await this.#until(() => this.#phase !== "running", Number.POSITIVE_INFINITY);
    const endMs = machineMs();
    clearInterval(timer);
    await this.#gather();
    const met = this.#met;
    await this.#release();
    const { writer, reader } = this.#reports;
    const { mayBeEasy } = this.#options;
    const books = { writer, reader, trouble: this.#trouble };
    return judge({ total, endContent, ...books, met, startMs: this.#startMs, endMs, mayBeEasy });
  }

  /** Ends the run before its time; the verdict says why. */
  halt(trouble: string): void {
    if (this.#phase === "over") return;
    this.#trouble.push(trouble);
    if (this.#phase === "running") this.#phase = "reporting";
    this.#wake();
  }

  // --- what the ends say ----------------------------------------------------------------------

  #eventsOf(name: EndName): ChildEvents {
    return {
      word: (word) => this.#hear(name, word),
      gone: (how) => {
        this.#gone.add(name);
        this.halt(`the ${name}'s process ended early: ${how}`);
      },
    };
  }

  #hear(name: EndName, word: EndWord): void {
    if (word.kind === "listening") {
      this.#startLine(word.port).catch((error: unknown) => this.halt(String(error)));
    } else if (word.kind === "progress") {
      if (word.delivered > this.#progress[name].delivered) this.#movedMs = machineMs();
      this.#progress[name] = word;
    } else if (word.kind === "report") {
      this.#reports[name] = word;
      this.#wake();
    } else if (word.reason !== "closed" || this.#phase === "running") {
      const { reason, detail } = word;
      this.halt(`the ${name}'s session ended early: ${reason}${detail && `, ${detail}`}`);
    }
  }

  async #startLine(port: number): Promise<void> {
    const { faults, seed, tracePath } = this.#options;
    this.#proxy = await startChaos({ ...faults, target: port, seed });
    if (this.#phase === "over") await this.#proxy.close();
    if (this.#phase !== "running") return;
    this.#writer = new Child("writer.ts", this.#eventsOf("writer"));
    this.#writer.order({
      kind: "start",
      tracePath,
      url: `http://${this.#proxy.address}${SERVER_DEFAULTS.path}`,
    });
  }

  // --- running --------------------------------------------------------------------------------

  #check(): void {
    const { writer } = this.#progress;
    const total = this.#trace.transactions.length;
    const elapsedMs = machineMs() - this.#startMs;
    const met = this.#met;
    const { rate, wanted } = this.#options;
    const ratePerSecond = pace({ total, rate, wanted }, elapsedMs, writer.sent, met);
    this.#writer?.order({ kind: "pace", ratePerSecond });
    const { sent, delivered: echoed } = writer;
    this.#show({ elapsedMs, sent, echoed, total, met });
    this.#lookForEnd(elapsedMs, total);
  }

  #lookForEnd(elapsedMs: number, total: number): void {
    const { writer, reader } = this.#progress;
    const { patienceMs, rate } = this.#options;
    if (writer.delivered === total && reader.delivered === total) {
      this.#finish();
      return;
    }
    if (writer === NO_PROGRESS) {
      this.#movedMs = machineMs();
      if (elapsedMs > START_MS_MAX) this.halt(`no start within ${START_MS_MAX / 1_000} s`);
      return;
    }
    const isUnderWay = writer.sent > reader.delivered || reader.sent > writer.delivered;
    if (!isUnderWay) this.#movedMs = machineMs();
    const stillMs = machineMs() - this.#movedMs;
    const unacknowledged = writer.unacknowledged + reader.unacknowledged;
    if (writer.sent === total && unacknowledged === 0 && stillMs > SETTLED_MS) this.#finish();
    else if (stillMs > patienceMs) {
      const sessions = `the writer's session is ${writer.status}, the reader's ${reader.status}`;
      this.halt(`stuck: nothing arrived for ${patienceMs / 1_000} s; ${sessions}`);
    }
    const runMsMax = (2_000 * total) / (rate ?? RATE_MAX) + SPARE_MS;
    if (elapsedMs > runMsMax) this.halt(`the run took longer than ${runMsMax / 1_000} s`);
  }

  #finish(): void {
    this.#phase = "finishing";
    this.#wake();
  }

  // --- ending ---------------------------------------------------------------------------------

  /** Gets the books of both ends; after a graceful close if all is well, at once if not. */
  async #gather(): Promise<void> {
    const hasAll = (name: EndName): boolean =>
      this.#reports[name] !== undefined || this.#gone.has(name);
    const isGathered = (): boolean =>
      hasAll("reader") && (this.#writer === undefined || hasAll("writer"));
    if (this.#phase === "finishing") {
      this.#writer?.order({ kind: "finish" });
      this.#reader.order({ kind: "finish" });
      await this.#until(() => isGathered() || this.#trouble.length > 0, FINISH_MS_MAX);
      if (!isGathered() && this.#trouble.length === 0) {
        this.#trouble.push(`no graceful close within ${FINISH_MS_MAX / 1_000} s`);
      }
    }
    if (isGathered()) return;
    this.#phase = "reporting";
    this.#writer?.order({ kind: "report" });
    this.#reader.order({ kind: "report" });
    await this.#until(isGathered, REPORT_MS_MAX);
  }

  async #release(): Promise<void> {
    this.#phase = "over";
    await Promise.all([this.#writer?.end(), this.#reader.end(), this.#proxy?.close()]);
  }

  /** Waits for `condition`, looking at every event, for `limitMs` at most. */
  #until(condition: () => boolean, limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#wake = () => {};
        clearTimeout(timer);
        resolve();
      };
      const timer = Number.isFinite(limitMs) ? setTimeout(done, limitMs) : undefined;
      this.#wake = () => {
        if (condition()) done();
      };
      this.#wake();
    });
  }

  get #met(): Hardness {
    const counts = this.#proxy?.counts;
    if (counts === undefined) return NOTHING_MET;
    return {
      exchanges: counts.requests,
      cuts: counts.cuts,
      requestsLost: counts.requestsLost,
      responsesLost: counts.responsesLost,
      bodiesDamaged: counts.requestsDamaged + counts.responsesDamaged,
    };
  }
}
