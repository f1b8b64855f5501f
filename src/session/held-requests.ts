/** The requests of one session that are out, and when the first of them is to be renewed. */
import type { ExchangeSignal, Outcome } from "./carrier.ts";
import { type HoldTerm, holdTimeOf, type HoldTime } from "./hold-time.ts";
import type { Host } from "./host.ts";

export class HeldRequests {
  readonly #host: Host;
  readonly #holdTime: HoldTime;
  /** With what tells that nobody waits for it any more. */
  readonly #out: Map<HoldTerm, ExchangeSignal> = new Map();

  /** @param origin - where they go, for what other sessions have learned. */
  constructor(host: Host, origin: string | undefined) {
    this.#host = host;
    this.#holdTime = holdTimeOf(host, origin);
  }

  /** When the first of them is to be renewed; Infinity: the server decides [SAY-12]. */
  get renewAtMs(): number {
    let atMs = Infinity;
    for (const [term, { aborted }] of this.#out) {
      if (!aborted) atMs = Math.min(atMs, term.renewAtMs);
    }
    return atMs;
  }

  /** A request leaves now; what is returned is to be told how it has ended. */
  begin(signal: ExchangeSignal): HoldTerm {
    const term = this.#holdTime.begin(this.#host.nowMs());
    this.#out.set(term, signal);
    return term;
  }

  /** Learns from how a request has ended. */
  end(term: HoldTerm, outcome: Outcome): void {
    const wasAborted = this.#out.get(term)?.aborted;
    this.#out.delete(term);
    if (wasAborted === true) return;
    const nowMs = this.#host.nowMs();
    if (isCut(outcome)) this.#holdTime.noteCut(nowMs, term);
    else if (outcome.kind === "answer") this.#holdTime.noteAnswered(nowMs, term);
  }
}

/** Who has no answer in time gives none, or a page, or an empty one. */
function isCut(outcome: Outcome): boolean {
  if (outcome.kind === "answer") return outcome.bytes.length === 0;
  return !outcome.isTooLarge && outcome.isNotSent !== true;
}
