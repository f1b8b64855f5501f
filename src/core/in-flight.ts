/**
 * What is on its way: which transmission carried what, what the peer received of it, and what is
 * to be sent again because its transmission is over. spec 4.1 and 4.2.
 *
 * Invariant: `due` holds seqs that were sent, not received, and whose last transmission is over
 * [SEND-3].
 */
import type { Ack, NumberedFrame, PartFrame, SkipFrame } from "./body.ts";
import { type Bundle, FACT_OVERHEAD, PART_OVERHEAD, SKIP_OVERHEAD } from "./bundle.ts";
import { assert } from "./errors.ts";
import { LazyMap } from "./lazy-map.ts";
import { Ranges } from "./ranges.ts";
import { type SendRing, UNIT_FACT, UNIT_MESSAGE, UNIT_PART, UNIT_SKIP_PART } from "./send-ring.ts";

/** What one transmission carried and when. */
export interface Flight {
  readonly transmission: number;
  readonly sentAtMs: number;
  /** Bytes of the body. */
  bytes: number;
  /** Whether more could have left with it, had there been room. */
  readonly isFull: boolean;
  /** Seqs carried, as flat ranges in the order of carriage. */
  readonly runs: number[];
}

export class InFlight {
  private readonly ring: SendRing;
  readonly flights: LazyMap<number, Flight> = new LazyMap();
  /** Seqs to be sent again. */
  readonly due: Ranges = new Ranges();
  /** What the peer said it received. */
  readonly peerReceived: Ranges = new Ranges();
  /** Units sent again since the beginning. */
  unitsResent = 0;

  constructor(ring: SendRing) {
    this.ring = ring;
  }

  /** Takes what the peer received; `mark` is called for each stretch that was not known yet. */
  addReceived(ack: Ack, mark: (first: number, last: number) => void): void {
    if (ack.receivedThrough > this.peerReceived.through) {
      this.peerReceived.add(1, ack.receivedThrough, mark);
    }
    const ranges = ack.ranges;
    for (let at = 0; at < ranges.length; at += 2) {
      this.peerReceived.add(ranges[at] as number, ranges[at + 1] as number, mark);
    }
  }

  /** The transmission is over: what it carried last and the peer has not received is due again. */
  resolve(transmission: number): Flight | undefined {
    const flight = this.flights.get(transmission);
    if (flight === undefined) return undefined;
    this.flights.delete(transmission);
    const through = this.peerReceived.through;
    for (let at = 0; at < flight.runs.length; at += 2) {
      const last = flight.runs[at + 1] as number;
      const first = Math.max(flight.runs[at] as number, through + 1, this.ring.base);
      for (let seq = first; seq <= last; seq++) {
        if (this.ring.isReceived(seq) || this.ring.transmission(seq) !== transmission) continue;
        this.due.add(seq, seq);
      }
    }
    return flight;
  }

  /** Remembers what a body carries, from now until its transmission is resolved. */
  begin(bundle: Bundle, sentAtMs: number, isFull: boolean): void {
    const { transmission, runs } = bundle;
    this.flights.set(transmission, { transmission, sentAtMs, bytes: 0, isFull, runs });
  }

  /** Adds what is due to a body, lowest first, as far as it fits. */
  fillDue(bundle: Bundle): void {
    while (!this.due.isEmpty) {
      const first = this.due.flat[0] as number;
      const last = this.due.flat[1] as number;
      let seq = first;
      while (seq <= last && bundle.units > 0 && this.addAgain(bundle, seq)) seq++;
      if (seq > first) this.due.remove(first, seq - 1);
      if (seq <= last) return;
    }
  }

  /** Adds a numbered unit once more, as it was [SEND-2]; false when it does not fit. */
  private addAgain(bundle: Bundle, seq: number): boolean {
    const ring = this.ring;
    assert(!ring.isReceived(seq), "received_unit_is_due");
    const kind = ring.kind(seq);
    const channel = ring.channel(seq);
    if (kind === UNIT_MESSAGE) {
      const bytes = ring.bytes(seq);
      if (!bundle.fitsMessage(bytes, channel)) return false;
      const source = ring.unit(seq) as Uint8Array;
      const [index, key] = [ring.index(seq), ring.key(seq)];
      bundle.addMessage(seq, channel, index, key, source, ring.offset(seq), bytes);
    } else if (kind === UNIT_PART) {
      const part = ring.unit(seq) as PartFrame;
      const bytes = part.payload.length + PART_OVERHEAD;
      if (!bundle.fits(bytes, channel)) return false;
      bundle.addFrame(part, bytes);
    } else if (kind === UNIT_FACT) {
      const fact = ring.unit(seq) as NumberedFrame;
      const bytes = FACT_OVERHEAD + (fact.kind === "channel-open" ? fact.label.length : 0);
      if (!bundle.fits(bytes, channel)) return false;
      bundle.addFrame(fact, bytes);
    } else {
      if (!bundle.fits(SKIP_OVERHEAD, channel)) return false;
      bundle.addFrame(this.skipOf(seq, kind === UNIT_SKIP_PART), SKIP_OVERHEAD);
    }
    ring.setTransmission(seq, bundle.transmission);
    bundle.units--;
    this.unitsResent++;
    return true;
  }

  /** In the place of a unit that was given up [SKIP-5]. */
  private skipOf(seq: number, sharedIndex: boolean): SkipFrame {
    const ring = this.ring;
    return {
      kind: "skip",
      channel: ring.channel(seq),
      seq,
      index: ring.index(seq),
      count: 1,
      sharedIndex,
      bytes: ring.bytes(seq),
    };
  }
}
