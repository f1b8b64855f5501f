/**
 * The lines: a fault proxy for each page, between it and the sessions. A line lives as long as its
 * page is there, which asks for its report every second, and whose session tries to get through;
 * they are bounded, as each listens on a port. Where there are too many, one gives way on which
 * nothing is under way: a page whose cable is pulled keeps its line.
 */
import type { SessionPhase } from "holdfast";
import { type ChaosProxy, startChaos } from "holdfast/chaos";
import type { PeerSession } from "holdfast/server";
import {
  type FromPage,
  type FromServer,
  type LineFaults,
  type LineReport,
  NO_FAULTS,
  SESSION_ENDS,
} from "./messages.ts";
import { RefusedError } from "./refusal.ts";

export type LineSession = PeerSession<FromPage, FromServer>;

export interface LinesOptions {
  /** Where the sessions are: a port of this machine. */
  readonly targetPort: number;
  /** Lines at once: each listens on a port, and was measured to take 14 kB. Default 64. */
  readonly linesMax?: number | undefined;
  /**
   * A line without a request for so long is closed. Default 10 minutes: browsers wake a page in the
   * background once a minute, and an outage of the whole machine's network may last some.
   */
  readonly unusedMs?: number | undefined;
}

/**
 * A page whose session is interrupted is taken for gone when its line had no request for so long:
 * browsers wake a page in the background once a minute.
 */
const GONE_AFTER_MS = 90_000;

/**
 * Connections of one line at once; a request takes one. A browser has six for a server, and each
 * request may be at the proxy twice.
 */
const CONNECTIONS_MAX = 32;

export class Line {
  readonly id: string = crypto.randomUUID();
  readonly proxy: ChaosProxy;
  #faults: LineFaults = NO_FAULTS;
  #session: LineSession | undefined;

  constructor(proxy: ChaosProxy) {
    this.proxy = proxy;
  }

  get faults(): LineFaults {
    return this.#faults;
  }

  set faults(faults: LineFaults) {
    this.proxy.set(faults);
    this.#faults = faults;
  }

  /** Of the newest session; undefined before there is one. */
  get state(): SessionPhase | undefined {
    return this.#session?.status.state;
  }

  /** A page has one session at a time: after a reload nobody will come back to the earlier one. */
  take(session: LineSession): void {
    this.#session?.abort(SESSION_ENDS.lineTaken, "Another session began on this line");
    this.#session = session;
  }

  report(): LineReport {
    const { id, proxy, faults } = this;
    const report: LineReport = { id, seed: proxy.seed, faults, counts: proxy.counts };
    if (this.#session === undefined) return report;
    const { status, stats, unacknowledged, bufferedBytes } = this.#session;
    return { ...report, server: { state: status.state, unacknowledged, bufferedBytes, stats } };
  }

  async close(): Promise<void> {
    this.#session?.abort(SESSION_ENDS.lineClosed, "The line was closed");
    await this.proxy.close();
  }
}

interface Kept {
  readonly line: Line;
  readonly timer: NodeJS.Timeout;
  usedAtMs: number;
}

/** Lines that may give way to a new one, those first that cost nobody anything. */
const GIVING_WAY: readonly ((kept: Kept) => boolean)[] = [
  ({ line }) => line.state === undefined,
  ({ line }) => line.state === "ended",
  ({ line, usedAtMs }) =>
    line.state === "interrupted" && performance.now() - usedAtMs >= GONE_AFTER_MS,
];

export class Lines {
  readonly #targetPort: number;
  readonly #linesMax: number;
  readonly #unusedMs: number;
  /** By id, from the one that was unused for longest. */
  readonly #kept: Map<string, Kept> = new Map();
  /** They count already. */
  readonly #openings: Set<Promise<Line>> = new Set();
  readonly #closings: Set<Promise<void>> = new Set();
  #isClosed = false;

  constructor({ targetPort, linesMax = 64, unusedMs = 600_000 }: LinesOptions) {
    this.#targetPort = targetPort;
    this.#linesMax = linesMax;
    this.#unusedMs = unusedMs;
  }

  /** A new line. Takes the place of another one when there are too many. Throws `RefusedError`. */
  async open(): Promise<Line> {
    if (this.#isClosed) throw new RefusedError(503, "stopping", "The server goes down");
    if (this.#kept.size + this.#openings.size >= this.#linesMax) this.#makeRoom();
    const opening = this.#start();
    this.#openings.add(opening);
    try {
      return await opening;
    } finally {
      this.#openings.delete(opening);
    }
  }

  /** The line of that id, which is in use from now on. */
  find(id: string): Line | undefined {
    const kept = this.#kept.get(id);
    if (kept === undefined) return undefined;
    kept.timer.refresh();
    kept.usedAtMs = performance.now();
    // The last one in the map's order.
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    return kept.line;
  }

  /** Closes all lines; is done when nothing of them is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#openings);
    for (const id of this.#kept.keys()) this.#drop(id);
    await Promise.all(this.#closings);
  }

  async #start(): Promise<Line> {
    const target = this.#targetPort;
    const line = new Line(await startChaos({ target, connectionsMax: CONNECTIONS_MAX }));
    const timer = setTimeout(() => this.#drop(line.id), this.#unusedMs);
    this.#kept.set(line.id, { line, timer, usedAtMs: performance.now() });
    return line;
  }

  #makeRoom(): void {
    const all = [...this.#kept.values()];
    const [unused] = GIVING_WAY.flatMap((givesWay) => all.filter(givesWay));
    if (unused === undefined) {
      throw new RefusedError(503, "lines_taken", `All ${this.#linesMax} lines are in use`);
    }
    this.#drop(unused.line.id);
  }

  #drop(id: string): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    clearTimeout(kept.timer);
    this.#kept.delete(id);
    const closing = kept.line.close().finally(() => this.#closings.delete(closing));
    this.#closings.add(closing);
  }
}
