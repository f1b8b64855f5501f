/**
 * The books of one end: what it sent and when, what arrived and when, and the document that it made
 * of what arrived. As naive as a real replica: it applies whatever comes, in the order of arrival.
 */
import { type Change, isChange } from "./change.ts";
import { Document } from "./document.ts";
import { ArrivalLedger, machineMs } from "./ledger.ts";
import type { EndReport } from "./orders.ts";

/** Commands: `noteSent`, `takeIn`. Reader: `report`. */
export class Books {
  sent = 0;
  readonly arrivals: ArrivalLedger;
  readonly #sentMs: Float64Array;
  readonly #document: Document;

  /** @param total messages of the trace */
  constructor(startContent: string, total: number) {
    this.#document = new Document(startContent);
    this.arrivals = new ArrivalLedger(total);
    this.#sentMs = new Float64Array(total);
  }

  /** Sending is from place 0 upwards, without a gap. */
  noteSent(): void {
    this.#sentMs[this.sent++] = machineMs();
  }

  /** @returns the change that `value` is; undefined: it is none, and that was noted. */
  takeIn(value: unknown): Change | undefined {
    if (!isChange(value)) {
      this.arrivals.arrive(undefined, machineMs());
      return undefined;
    }
    this.arrivals.arrive(value.place, machineMs());
    for (const patch of value.patches) this.#document.apply(patch);
    return value;
  }

  report(): EndReport {
    const { delivered, doubled, reordered, strange, timesMs } = this.arrivals;
    return {
      kind: "report",
      sentMs: this.#sentMs.subarray(0, this.sent),
      arrivals: { delivered, doubled, reordered, strange, timesMs },
      text: this.#document.text(),
    };
  }
}
