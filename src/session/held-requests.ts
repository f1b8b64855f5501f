/** The requests of one session that are out, and when the first of them is to be renewed. */
import type { Outcome } from "./carrier.ts";
import { type HoldTerm, holdTimeOf, type HoldTime } from "./hold-time.ts";
import type { Host } from "./host.ts";

export class HeldRequests {
  readonly #host: Host;
  readonly #holdTime: HoldTime;
  /** With what tells that nobody waits for it any more. */
  readonly #out: Map<HoldTerm, AbortSignal> = new Map();

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

  /** Learns from a request that leaves now, and hands on how it ends. */
  async watch(outcome: Promise<Outcome>, signal: AbortSignal): Promise<Outcome> {
    const term = this.#holdTime.begin(this.#host.nowMs());
    this.#out.set(term, signal);
    const ended = await outcome;
    this.#out.delete(term);
    const nowMs = this.#host.nowMs();
    if (signal.aborted) return ended;
    if (isCut(ended)) this.#holdTime.noteCut(nowMs, term);
    else if (ended.kind === "answer") this.#holdTime.noteAnswered(nowMs, term);
    return ended;
  }
}

/** Who has no answer in time gives none, or a page, or an empty one. */
function isCut(outcome: Outcome): boolean {
  if (outcome.kind === "answer") return outcome.bytes.length === 0;
  return !outcome.isTooLarge && outcome.isNotSent !== true;
}
