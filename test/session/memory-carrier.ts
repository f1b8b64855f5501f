/** A carrier without a network, for tests of sessions: bodies go to the server in one tick. */
import type { Carrier, Leaving, Outcome, ExchangeSignal } from "../../src/session/carrier.ts";
import { defer } from "../../src/session/deferred.ts";
import type { Peer, Reply, RequestHandler } from "../../src/session/peer.ts";

/** What goes wrong on the way: shares of all exchanges, from 0 to 1, drawn from a seed. */
export interface Faults {
  readonly seed: number;
  /** The request never arrives, and the connection breaks. */
  readonly loseRequest?: number;
  /** The request arrives, and the connection breaks instead of bringing the answer. */
  readonly loseAnswer?: number;
  /** The request never arrives, and nobody says so. */
  readonly vanish?: number;
  /** The request arrives twice; the answer of one of them gets lost. */
  readonly double?: number;
  /** Each way takes up to so long, so that bodies overtake each other. */
  readonly delayMsMax?: number;
}

export class MemoryCarrier implements Carrier {
  carriersMax: number | undefined = undefined;
  /** While set, every exchange fails with it. */
  failure: string | undefined;
  /** What failed then has certainly not been sent. */
  isNotSent = false;
  /** While set, nothing comes back, not even a failure. */
  isSilent = false;
  faults: Faults = { seed: 1 };
  exchanges = 0;
  answers = 0;
  lost = 0;
  doubled = 0;
  closed = 0;
  aborted = 0;
  server: RequestHandler;
  address = "192.0.2.1";
  headers: Readonly<Record<string, string>>;
  private readonly cut: Set<(reason: string) => void> = new Set();
  private wake: (() => void) | undefined;
  /** Tells that its host is left. */
  leave: ((how: Leaving) => void) | undefined;
  private random = 0;

  constructor(server: RequestHandler, headers: Readonly<Record<string, string>> = {}) {
    this.server = server;
    this.headers = headers;
  }

  exchange(body: Uint8Array, signal: ExchangeSignal): Promise<Outcome> {
    this.exchanges++;
    const { promise, resolve } = defer<Outcome>();
    let gone = (): void => {};
    const fail = (reason: string): void => {
      if (!this.cut.delete(fail)) return;
      gone();
      const isNotSent = this.isNotSent && reason === this.failure;
      resolve({ kind: "failure", reason, isTooLarge: false, isNotSent });
    };
    this.cut.add(fail);
    const abort = (): void => {
      this.aborted++;
      fail("aborted");
    };
    signal.addEventListener("abort", abort);
    const isAnswerLost = this.draw(this.faults.loseAnswer);
    const reply = (answer: Reply): void => {
      const outcome = outcomeOf(answer);
      this.later(() => {
        if (this.isSilent) return;
        if (isAnswerLost) this.lose(fail);
        if (!this.cut.delete(fail)) return;
        this.answers++;
        resolve(outcome);
      });
    };
    const hasVanished = this.isSilent || this.draw(this.faults.vanish);
    const isRequestLost = this.draw(this.faults.loseRequest);
    const sent = body.slice();
    const arrive = (answer: (reply: Reply) => void): (() => void) =>
      this.server.handleRequest(sent.slice(), this.peer, answer);
    this.later(() => {
      if (hasVanished) this.lost++;
      else if (this.failure !== undefined) fail(this.failure);
      else if (isRequestLost) this.lose(fail);
      else if (this.cut.has(fail)) gone = arrive(reply);
    });
    if (this.draw(this.faults.double)) {
      this.doubled++;
      this.later(() => arrive(() => {}));
    }
    return promise;
  }

  /** Cuts every exchange that is out. */
  cutAll(reason = "connection_reset"): void {
    for (const fail of this.cut) fail(reason);
  }

  /** Exchanges that are out. */
  get held(): number {
    return this.cut.size;
  }

  watch(wake: () => void, leave?: (how: Leaving) => void): () => void {
    this.wake = wake;
    this.leave = leave;
    return () => {
      this.wake = undefined;
    };
  }

  get isWatched(): boolean {
    return this.wake !== undefined;
  }

  /** What a browser does when it is online again. */
  comeBack(): void {
    this.wake?.();
  }

  close(): void {
    this.closed++;
  }

  private lose(fail: (reason: string) => void): void {
    this.lost++;
    fail("connection_reset");
  }

  private later(callback: () => void): void {
    const { delayMsMax = 0 } = this.faults;
    if (delayMsMax === 0) setImmediate(callback);
    else setTimeout(callback, this.next() * delayMsMax);
  }

  private draw(share = 0): boolean {
    return share > 0 && this.next() < share;
  }

  /** From 0 to 1: a linear congruence (Numerical Recipes), enough for faults. */
  private next(): number {
    if (this.random === 0) this.random = this.faults.seed;
    this.random = (Math.imul(this.random, 1_664_525) + 1_013_904_223) >>> 0;
    return this.random / 2 ** 32;
  }

  private get peer(): Peer {
    const { headers, address } = this;
    return { address, header: (name) => headers[name], request: undefined };
  }
}

function outcomeOf(answer: Reply): Outcome {
  if (answer.kind === "answer") return { kind: "answer", bytes: answer.body.slice() };
  return { kind: "failure", reason: answer.refusal, isTooLarge: false };
}
