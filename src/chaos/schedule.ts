/** What happens by the clock: cuts, and blackouts. */
import { NOWHERE } from "./counts.ts";
import { planCut } from "./dice.ts";
import type { Faults } from "./faults.ts";
import type { Running } from "./running.ts";

export class Schedule {
  readonly #running: Running;
  #cutTimer: NodeJS.Timeout | undefined;
  #cutAtMs = 0;
  #cuts = 0;
  #blackoutTimer: NodeJS.Timeout | undefined;

  constructor(running: Running) {
    this.#running = running;
  }

  /** The faults have changed from `before`; undefined at the start. */
  apply(before: Faults | undefined): void {
    const { faults } = this.#running;
    if (
      before?.cutEveryMs !== faults.cutEveryMs ||
      before.cutJitter !== faults.cutJitter ||
      before.cutBy !== faults.cutBy
    ) {
      clearTimeout(this.#cutTimer);
      this.#cutAtMs = performance.now();
      this.#armCut();
    }
    const isChanged =
      before?.blackout !== faults.blackout ||
      before.blackoutEveryMs !== faults.blackoutEveryMs ||
      before.blackoutForMs !== faults.blackoutForMs;
    if (!isChanged) return;
    clearTimeout(this.#blackoutTimer);
    if (faults.blackout) this.#darken();
    else this.#lighten();
  }

  stop(): void {
    clearTimeout(this.#cutTimer);
    clearTimeout(this.#blackoutTimer);
  }

  #armCut(): void {
    const { seed, faults } = this.#running;
    if (faults.cutEveryMs === 0) return;
    const plan = planCut(seed, ++this.#cuts, faults);
    const nowMs = performance.now();
    // Planned from the time planned before, so that the rate holds; a machine that slept does not
    // make up for it.
    this.#cutAtMs = Math.max(this.#cutAtMs + plan.afterMs, nowMs - faults.cutEveryMs);
    const waitMs = Math.max(0, this.#cutAtMs - nowMs);
    this.#cutTimer = setTimeout(() => {
      this.#cut(plan.by, plan.which);
      this.#armCut();
    }, waitMs);
  }

  #cut(by: "rst" | "fin", which: number): void {
    const { connections, ledger } = this.#running;
    const connection = connections.choose(which);
    if (connection === undefined) return;
    ledger.count("cuts", connection);
    ledger.count(by === "rst" ? "cutsByRst" : "cutsByFin", connection);
    connection.end(by);
  }

  #darken(): void {
    const { faults, connections, ledger } = this.#running;
    if (!this.#running.isDark) ledger.count("blackouts", NOWHERE);
    this.#running.isDark = true;
    for (const connection of connections.all()) {
      ledger.count("blackoutCuts", connection);
      connection.end("rst");
    }
    if (faults.blackout) return;
    this.#blackoutTimer = setTimeout(() => this.#lighten(), faults.blackoutForMs);
  }

  #lighten(): void {
    const { blackoutEveryMs, blackoutForMs } = this.#running.faults;
    const wasDark = this.#running.isDark;
    this.#running.isDark = false;
    if (blackoutEveryMs === 0) return;
    const waitMs = blackoutEveryMs - (wasDark ? blackoutForMs : 0);
    this.#blackoutTimer = setTimeout(() => this.#darken(), waitMs);
  }
}
