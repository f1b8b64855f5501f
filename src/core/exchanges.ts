/**
 * The request side's ledger of exchanges: which requests are out, which of them carry messages,
 * which are known to have arrived, and which are over. spec 5.2.
 *
 * Invariant: every number below `next` is either in `open` or in `over`, never in both.
 */
import { assert } from "./errors.ts";
import { Ranges } from "./ranges.ts";

export interface Exchange {
  readonly number: number;
  readonly sentAtMs: number;
  readonly bytes: number;
  /** The link that it names: the server may hold what names 0, the poll link, and nothing else. */
  readonly link: number;
  /** It carries something numbered, and nothing has said yet that it arrived. */
  isCarrier: boolean;
  /** It did not show up in time; it no longer counts, but may still be answered. */
  isOverdue: boolean;
  /** When the server said that it answered, while the answer has not come; Infinity before. */
  answeredAtMs: number;
}

export class Exchanges {
  next = 1;
  readonly open: Map<number, Exchange> = new Map();
  readonly over: Ranges = new Ranges();

  /** The numbers rise by one and none comes twice [EXCH-1]. */
  begin(sentAtMs: number, bytes: number, isCarrier: boolean, link: number): Exchange {
    const number = this.next++;
    const isOverdue = false;
    const answeredAtMs = Infinity;
    const exchange = { number, sentAtMs, bytes, link, isCarrier, isOverdue, answeredAtMs };
    this.open.set(number, exchange);
    return exchange;
  }

  /** Answered, failed or given up; false when it was over before [EXCH-2]. */
  end(number: number): boolean {
    if (!this.open.delete(number)) return false;
    this.over.add(number, number);
    assert(this.over.highest < this.next, "exchange_over_before_begun");
    return true;
  }

  /** Requests that count: not overdue. */
  get countLive(): number {
    let count = 0;
    for (const exchange of this.open.values()) if (!exchange.isOverdue) count++;
    return count;
  }

  /** Of those, the ones that hold a carrier's slot. */
  get countCarriers(): number {
    let count = 0;
    for (const each of this.open.values()) if (each.isCarrier && !each.isOverdue) count++;
    return count;
  }

  get oldestOverdue(): Exchange | undefined {
    for (const exchange of this.open.values()) if (exchange.isOverdue) return exchange;
    return undefined;
  }

  /** Ranges above `over.through + 1`, as a request states them. */
  get overRanges(): number[] {
    return this.over.through === 0 ? this.over.flat.slice() : this.over.flat.slice(2);
  }
}
