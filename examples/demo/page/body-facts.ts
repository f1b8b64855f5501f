/** What a body says that is worth showing. Pure. */
import { type Body, BODY_BYTES_MAX_DEFAULT, readBody, readHead } from "holdfast/core";

/** Numbers of messages, both ends included. */
export type Run = readonly [first: number, last: number];

export interface BodyFacts {
  /** Of the exchange. */
  readonly exchange: number;
  readonly bytes: number;
  /** Messages that the body carries: those for the first time, and those once more. */
  readonly fresh: readonly Run[];
  readonly again: readonly Run[];
  /** Every message of the other side up to this one had arrived. */
  readonly ackThrough: number;
  /** How long the server held the request; in answers only. */
  readonly heldMs: number;
  /** Exchanges that the server had got, and those of them that it holds; in answers only. */
  readonly arrived: readonly Run[];
  readonly parked: readonly number[];
  /** What the other side's body was, in a word, if the sender says so. */
  readonly isOtherUnreadable: boolean;
}

/** Reads the bodies of one session that go one way. */
export class BodyReader {
  /** The highest number seen: what is not above it comes once more. */
  #highest = 0;

  /**
   * @param sessionId - for a body that does not name its session.
   * @throws ProtocolError if it is no readable body of that session.
   */
  read(bytes: Uint8Array, sessionId?: Uint8Array): BodyFacts & { readonly sessionId: Uint8Array } {
    const head = readHead(bytes, BODY_BYTES_MAX_DEFAULT);
    const id = head.address?.sessionId ?? sessionId ?? new Uint8Array();
    const body = readBody(bytes, head, id);
    const { fresh, again } = this.#runsOf(body);
    return {
      sessionId: id,
      exchange: body.request?.exchange ?? body.answer?.exchange ?? 0,
      bytes: bytes.length,
      fresh,
      again,
      ackThrough: body.ack?.receivedThrough ?? 0,
      heldMs: body.answer?.heldMs ?? 0,
      arrived: pairsOf(body.answer?.answered ?? []),
      parked: body.answer?.parked ?? [],
      isOtherUnreadable: body.unreadable === true,
    };
  }

  #runsOf({ numbered }: Body): Pick<BodyFacts, "fresh" | "again"> {
    const before = this.#highest;
    const fresh: Run[] = [];
    const again: Run[] = [];
    for (const frame of numbered) {
      const count = frame.kind === "messages" ? frame.payloads.length : 1;
      const last = frame.seq + count - 1;
      if (frame.seq <= before) add(again, [frame.seq, Math.min(last, before)]);
      if (last > before) add(fresh, [Math.max(frame.seq, before + 1), last]);
      this.#highest = Math.max(this.#highest, last);
    }
    return { fresh, again };
  }
}

/** Of the wire's flat list of ranges. */
function pairsOf(flat: readonly number[]): Run[] {
  return flat.flatMap((last, at) => (at % 2 === 0 ? [] : [[flat[at - 1] ?? last, last] as const]));
}

/** Appends a run; one that goes on where the last one ends becomes one with it. */
function add(runs: Run[], run: Run): void {
  const last = runs.at(-1);
  if (last !== undefined && last[1] + 1 === run[0]) runs[runs.length - 1] = [last[0], run[1]];
  else runs.push(run);
}

export function countOf(runs: readonly Run[]): number {
  return runs.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}
