/** What `holdfast chaos` prints: for people, or one JSON object a line. */
import Table from "cli-table3";
import { type ChaosEvent, type ChaosProxy, COUNT_LABELS, type CountName } from "../chaos/index.ts";

export interface ReportOptions {
  readonly isJson: boolean;
  readonly isVerbose: boolean;
  readonly target: string;
  readonly isTcp: boolean;
}

export class ChaosReport {
  readonly #proxy: ChaosProxy;
  readonly #options: ReportOptions;
  readonly #startedAtMs: number = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(proxy: ChaosProxy, options: ReportOptions) {
    this.#proxy = proxy;
    this.#options = options;
  }

  /** Says where it listens; from then on the counts every `everyMs`, if that is not 0. */
  begin(everyMs: number): void {
    const { address, seed, faults } = this.#proxy;
    const { isJson, isVerbose, target, isTcp } = this.#options;
    const mode = isTcp ? "tcp" : "http";
    if (isJson) printJson({ event: "listening", address, target, mode, seed, faults });
    else {
      print(`Listening on ${address}, passing ${mode.toUpperCase()} on to ${target}.`);
      print(`Seed ${seed}: --seed ${seed} repeats this run. Ctrl-C ends it.`);
    }
    if (isVerbose) this.#proxy.on("counted", (event) => this.#printEvent(event));
    if (everyMs > 0) this.#timer = setInterval(() => this.#printCounts(false), everyMs);
  }

  /** The counts for the last time. */
  end(): void {
    clearInterval(this.#timer);
    this.#printCounts(true);
  }

  #printEvent({ name, connection, request }: ChaosEvent): void {
    if (this.#options.isJson) printJson({ event: "counted", name, connection, request });
    else {
      const places = [
        ...(connection > 0 ? [`connection ${connection}`] : []),
        ...(request > 0 ? [`request ${request}`] : []),
      ];
      print(`${this.#elapsed()}  ${[name, ...places].join("  ")}`);
    }
  }

  #printCounts(isLast: boolean): void {
    const { counts, seed } = this.#proxy;
    if (this.#options.isJson) {
      const elapsedMs = Math.round(performance.now() - this.#startedAtMs);
      printJson({ event: "counts", isLast, elapsedMs, seed, counts });
      return;
    }
    const table = new Table({
      head: [`after ${this.#elapsed()}`, "count"],
      colAligns: ["left", "right"],
      // Without colours: the output goes to logs.
      style: { head: [], border: [], compact: true, "padding-left": 1, "padding-right": 1 },
    });
    for (const name of Object.keys(COUNT_LABELS) as CountName[]) {
      table.push([COUNT_LABELS[name], counts[name].toLocaleString("en")]);
    }
    print(table.toString());
  }

  #elapsed(): string {
    return `${((performance.now() - this.#startedAtMs) / 1000).toFixed(1)} s`;
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function printJson(value: unknown): void {
  print(JSON.stringify(value));
}
