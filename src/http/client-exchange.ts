/**
 * One exchange of a client in Node, whatever makes its request: what it comes to, and what ends it
 * [HTTP-6]. It ends once, with an outcome; until then a listener waits on its signal.
 */
import type { ExchangeSignal, Outcome } from "../session/carrier.ts";
import { networkReason } from "./node-reasons.ts";
import { failure, joined, refusalIn } from "./outcomes.ts";

/** A request that is under way. */
export interface SentRequest {
  /** Gives it up, and closes its connection at once. For one that is over, it does nothing. */
  abort(): void;
}

/** Makes the requests of one carrier, over connections that it keeps. */
export interface RequestMaker {
  /**
   * Sends a request without waiting for anything but a connection, and tells the exchange what
   * becomes of it. Never throws.
   */
  send(headers: Record<string, string>, body: Uint8Array, exchange: ClientExchange): SentRequest;
  /** Idle connections go at once, those in use with the end of their exchange. */
  close(): void;
}

export class ClientExchange {
  private readonly answerBytesMax: number;
  private readonly resolve: (outcome: Outcome) => void;
  private readonly signal: ExchangeSignal;
  private request: SentRequest | undefined;
  /** There was a connection: from then on bytes may have left. */
  private hasConnection = false;
  private hasSettled = false;
  /** What it means if it ends here, once the head of an answer has come; and if that is no answer. */
  private reason: string | undefined;
  private refusal: string | undefined;
  private readonly pieces: Uint8Array[] = [];
  private size = 0;

  constructor(answerBytesMax: number, signal: ExchangeSignal, resolve: (outcome: Outcome) => void) {
    this.answerBytesMax = answerBytesMax;
    this.resolve = resolve;
    this.signal = signal;
    signal.addEventListener("abort", this.handleAbort);
  }

  private readonly handleAbort = (): void => {
    this.fail(this.request === undefined ? "credentials_failed" : "aborted");
  };

  get isSettled(): boolean {
    return this.hasSettled;
  }

  /** Whether the head of an answer has come. */
  get hasHead(): boolean {
    return this.reason !== undefined;
  }

  /** With its headers at hand. */
  send(maker: RequestMaker, headers: Record<string, string>, body: Uint8Array): void {
    if (this.hasSettled) return;
    this.request = maker.send(headers, body, this);
    // It may have failed meanwhile, before there was anything to give up.
    if (this.hasSettled) this.request.abort();
  }

  /** From now on something may have left. */
  handleConnection(): void {
    this.hasConnection = true;
  }

  handleHead(status: number, mediaType: string | undefined): void {
    this.refusal = refusalIn(status, mediaType);
    this.reason = this.refusal ?? "answer_cut";
  }

  handleData(piece: Uint8Array): void {
    this.pieces.push(piece);
    this.size += piece.byteLength;
    if (this.size > this.answerBytesMax) this.fail(this.refusal ?? "answer_too_large");
  }

  /** The answer is whole. */
  handleEnd(): void {
    if (this.hasSettled) return;
    const { refusal } = this;
    const bytes = joined(this.pieces, this.size);
    this.settle(refusal === undefined ? { kind: "answer", bytes } : failure(refusal, false));
  }

  handleError(error: unknown): void {
    this.fail(this.reason ?? networkReason(error));
  }

  /** Does nothing after the end of the exchange, when its connection may be another's. */
  fail(reason: string): void {
    if (this.hasSettled) return;
    this.settle(failure(reason, !this.hasConnection));
    this.request?.abort();
  }

  private settle(outcome: Outcome): void {
    this.hasSettled = true;
    this.signal.removeEventListener("abort", this.handleAbort);
    this.resolve(outcome);
  }
}
