/** A carrier that tells what happens on it: to requests, and to pipes. */
import type { Carrier, ExchangeSignal, Outcome } from "../session/carrier.ts";
import type { LinkName, PipeCarrier, PipeConnection, PipeEvents } from "../session/pipe-carrier.ts";

/** How a request ended that the session waited for. */
export interface ExchangeReport {
  readonly heldMs: number;
  readonly outcome: Outcome;
}

export class WatchedCarrier implements Carrier {
  // Without `origin`: what other sessions have learned is not to be taken for what is so.
  readonly carriersMax = undefined;
  readonly requests: Carrier["requests"];
  readonly pipes: readonly WatchedPipes[];
  readonly #carrier: Carrier;
  /** When requests left that are out. */
  readonly #out: Set<number> = new Set();
  /** Told of each request. */
  onExchange: (report: ExchangeReport) => void = () => {};

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
    this.requests = carrier.requests;
    this.pipes = (carrier.pipes ?? []).map((pipes) => new WatchedPipes(pipes));
  }

  /** For how long the request has been out that left first. */
  get heldMs(): number {
    return performance.now() - Math.min(performance.now(), ...this.#out);
  }

  async exchange(body: Uint8Array, signal: ExchangeSignal): Promise<Outcome> {
    const sentAtMs = performance.now();
    this.#out.add(sentAtMs);
    const outcome = await this.#carrier.exchange(body, signal);
    this.#out.delete(sentAtMs);
    const heldMs = performance.now() - sentAtMs;
    if (!signal.aborted) this.onExchange({ heldMs, outcome });
    return outcome;
  }

  watch(wake: () => void): () => void {
    return this.#carrier.watch(wake);
  }

  close(): void {
    this.#carrier.close();
  }
}

let carriersMade = 0;

/** Tells how pipes end, and keeps a silent one open for what may yet come on it. */
export class WatchedPipes implements PipeCarrier {
  readonly name: Exclude<LinkName, "poll">;
  readonly origin: string;
  readonly isDuplex: boolean;
  /** The session has given a pipe up, or it has ended; whether nothing had come on it. */
  onEnd: (wasSilent: boolean) => void = () => {};
  /** Something came on a pipe that the session had given up for its silence. */
  onLate: () => void = () => {};
  readonly #pipes: PipeCarrier;
  /** Pipes that were given up, and are kept open. */
  readonly #kept: Set<PipeConnection> = new Set();

  constructor(pipes: PipeCarrier) {
    this.name = pipes.name;
    this.isDuplex = pipes.isDuplex;
    this.#pipes = pipes;
    // Nobody has learned anything of this one.
    this.origin = `${pipes.origin} probe ${++carriersMade}`;
  }

  open(events: PipeEvents, ticket: Uint8Array): PipeConnection {
    let bodies = 0;
    let isGivenUp = false;
    const connection = this.#pipes.open(
      {
        opened: (prove) => {
          if (!isGivenUp) events.opened(prove);
        },
        body: (bytes) => {
          bodies++;
          if (isGivenUp) this.onLate();
          else events.body(bytes);
        },
        closed: (reason) => {
          this.#kept.delete(connection);
          if (isGivenUp) return;
          events.closed(reason);
          this.onEnd(false);
        },
      },
      ticket,
    );
    return {
      write: (body) => connection.write(body),
      close: () => {
        if (isGivenUp) return;
        isGivenUp = true;
        if (bodies === 0 && !this.isDuplex) this.#kept.add(connection);
        else connection.close();
        this.onEnd(bodies === 0);
      },
      get unsentBytes() {
        return connection.unsentBytes ?? 0;
      },
    };
  }

  /** Whether a pipe that was given up is still open. */
  get hasKept(): boolean {
    return this.#kept.size > 0;
  }

  /** Closes what was kept open. */
  release(): void {
    for (const connection of this.#kept) connection.close();
    this.#kept.clear();
  }
}
