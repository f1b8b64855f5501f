/**
 * The founding document's client: the request side with that document's rules for when to send, in
 * place of those of spec 5. Everything else is the same. spec 8.
 */
import type { AnswerPrefix, Body } from "./body.ts";
import { LITERAL_DEFAULTS } from "./limits.ts";
import { countSendable, resendAll } from "./literal.ts";
import { checkLiteralOptions, type LiteralOptions, type RequestOptions } from "./options.ts";
import type { TimerName } from "./outputs.ts";
import { type Credentials, RequestSide, type SendReason } from "./request-side.ts";

/** The client's half by the procedure of the founding document; spec 8. */
export class LiteralRequestSide extends RequestSide {
  private readonly literal: LiteralOptions;
  /** When a request may follow an answer. */
  private followAtMs: number = Infinity;

  /** `options.literal` is the document's where it is not given. @throws UsageError as its base. */
  constructor(nowMs: number, credentials: Credentials, options: Partial<RequestOptions> = {}) {
    const { literal = LITERAL_DEFAULTS } = options;
    checkLiteralOptions(literal);
    super(nowMs, credentials, { ...options, literal });
    this.literal = literal;
    this.lastRequestAtMs = 0;
    this.parkedWanted = literal.requestsHeld;
  }

  /** The founding document's flow chart of the client; spec 8.1. */
  protected override reasonByRules(nowMs: number): SendReason | undefined {
    if (this.exchanges.next === 1) return "first";
    // [LIT-2]: a bundle's worth waits for nothing.
    const worth = this.literal.bundleMessages;
    if (countSendable(this.sender, worth) >= worth) return "bundle";
    // [LITB-2]: whoever hears by a stream gets no answer that would be followed.
    if (this.isStreaming) return this.reasonBesideStream(nowMs);
    // [LITB-1]: a stream that is offered waits for nothing.
    if (this.canCarry && this.hasNewsOfPipes(nowMs)) return "say";
    // [LIT-1]: an answer is followed by a request, and a silence by everything again [LIT-3].
    if (nowMs >= this.followAtMs) return "answered";
    return nowMs >= this.resendAllAtMs ? "resend" : undefined;
  }

  private get isStreaming(): boolean {
    return this.joinedPipe !== undefined;
  }

  private reasonBesideStream(nowMs: number): SendReason | undefined {
    if (nowMs >= this.resendAllAtMs) return "resend";
    if (!this.canCarry) return undefined;
    if (this.hasNewsOfPipes(nowMs) || this.hasPrefixToSay(nowMs)) return "say";
    return nowMs >= this.sayAtMs ? "say" : undefined;
  }

  /** When less than a bundle's worth leaves beside a stream. */
  private get sayAtMs(): number {
    return this.sender.hasSomething ? this.lastRequestAtMs + this.sendDelayMs : Infinity;
  }

  /** When the timer runs out: something is out, or waits, unacknowledged. */
  private get resendAllAtMs(): number {
    // [LITB-3]: nothing is parked beside a stream.
    const isOut = this.isStreaming || this.exchanges.countLive > 0;
    const isIdle = this.sender.isFlushed && isOut;
    return isIdle ? Infinity : this.lastRequestAtMs + this.literal.resendTimeoutMs;
  }

  /** The wait between an answer and the next request; spec 8.3. */
  private get sendDelayMs(): number {
    const { sendDelayMs, bundleMessages, resendTimeoutMs } = this.literal;
    if (sendDelayMs !== "auto") return sendDelayMs;
    // [AUTO-1]: as long as the path would need for the rest of a bundle.
    const { unsentBytes, unsentCount } = this.sender;
    if (unsentCount >= bundleMessages) return 0;
    const meanBytes = unsentCount === 0 ? 0 : unsentBytes / unsentCount;
    const missingBytes = bundleMessages * meanBytes - unsentBytes;
    const waitMs = Math.ceil(missingBytes / this.roundTrip.rate);
    return Math.min(waitMs, resendTimeoutMs);
  }

  protected override considerRules(
    consider: (name: TimerName, atMs: number) => void,
    gateMs: number,
  ): void {
    if (!this.isStreaming) {
      if (this.hasSlot) consider("delay", Math.max(gateMs, this.followAtMs));
    } else if (this.canCarry) {
      consider("delay", Math.max(gateMs, this.sayAtMs));
      consider("transmit", Math.max(gateMs, this.aliveDueAtMs));
      consider("ack-delay", Math.max(gateMs, this.ackDueAtMs));
      consider("probe", Math.max(gateMs, this.probeDueMs));
    }
    consider("resend", Math.max(gateMs, this.resendAllAtMs));
  }

  /**
   * A server holds so many requests and answers the oldest when a further one arrives. Those beyond
   * are lost, or their answers are [LIT-4].
   */
  protected override handleRules(nowMs: number): void {
    if (nowMs < this.resendAllAtMs) return;
    const held = this.isStreaming ? 0 : this.literal.requestsHeld;
    let surplus = this.exchanges.countLive - held;
    for (const { number, isOverdue } of this.exchanges.open.values()) {
      if (isOverdue || surplus <= 0) continue;
      surplus--;
      this.markOverdue(number);
    }
  }

  /** [LITB-3]: beside a stream there is one timer, and it is for all of them. */
  protected override exchangeOverdueAtMs(number: number): number {
    return this.isStreaming ? Infinity : super.exchangeOverdueAtMs(number);
  }

  protected override transmit(nowMs: number): void {
    if (this.reasonToSend(nowMs) === "resend") resendAll(this.sender);
    super.transmit(nowMs);
  }

  protected override sendRequest(nowMs: number): void {
    super.sendRequest(nowMs);
    this.followAtMs = Infinity;
  }

  protected override hear(nowMs: number, body: Body): void {
    super.hear(nowMs, body);
    // What comes on a stream is no answer.
    if (body.answer === undefined) return;
    this.followAtMs = Math.min(this.followAtMs, nowMs + this.sendDelayMs);
  }

  /** How many requests are held is configured on both sides. */
  protected override noteParkedWanted(_answer: AnswerPrefix): void {}

  protected override wake(nowMs: number): void {
    super.wake(nowMs);
    this.followAtMs = nowMs;
  }

  protected override takeOver(nowMs: number, seed: number): void {
    super.takeOver(nowMs, seed);
    this.followAtMs = nowMs;
  }
}
