/**
 * Why sessions end, judged from outside: by what the network brought to each side, by its clock,
 * and by what happened to hosts. A side that says "silence" was not reached for so long; one that
 * says "lost" had been told so for as long as it must be, by a server that truly knows nothing of
 * the session (promise 3). And a client that fails again and again waits longer and longer
 * ([RETRY-1]).
 *
 * Invariant: what is counted as heard is certain; so a side may have heard later than is known here
 * and then ends later, but never earlier.
 */
import {
  type EndedOutput,
  REQUEST_DEFAULTS,
  PARK_DEFAULTS,
  type ServerSession,
} from "../core/index.ts";
import { isOfOther } from "../core/half.ts";
import { WAKE_INTERVAL_MS } from "../core/limits.ts";
import { BrokenPromise, type SideName, SIDES } from "./applications.ts";
import type { Item } from "./http.ts";
import { openClient } from "./invariants/open.ts";
import type { MortalPair } from "./mortal-pair.ts";
import type { SimulatedPipe, Way } from "./pipes.ts";
import { readWhole } from "./whole-bodies.ts";

const OK = 200;
/**
 * After the first of eleven failures in a row nothing is waited for; the nine waits that follow are
 * drawn from spans that double up to the longest. That they sum up to no more than a tenth of that
 * has a chance of one in a thousand million.
 */
const FAILURES_IN_ROW = 11;
const IMPATIENCE = 10;
/** What that was computed for: spans that double five times at least. */
const SPANS_RATIO = 50;

/** What both sides of the client's present session have heard. */
export class Causes {
  /** When each side heard the other last, or began, by its own clock. */
  private readonly heardAtMs: Record<SideName, number>;
  /** When either application closed, by the clocks of both; undefined: neither has. */
  private closedAtMs: Record<SideName, number> | undefined = undefined;
  private readonly hasEnded: Record<SideName, boolean> = { client: false, server: false };
  /** Since when the client hears of nothing but an unknown session; Infinity: it does not. */
  private unknownSinceMs = Infinity;
  /** Damaged bodies since the client heard something. */
  private damaged = 0;
  /** Requests that have left or were out since a readable answer came. */
  private unanswered = 0;
  /** When failures came that count, since the last answer of whatever kind. */
  private failures: number[] = [];
  private failuresCountedTo = 0;
  private lastSent = 0;
  private wokenAtMs = -Infinity;
  /** The server's host has turned the session away, or did not judge it in time. */
  private isRefused = false;
  private readonly isMortal: boolean;
  private readonly pair: MortalPair;

  /** Where sessions may not end bodies are not read: `isMortal` false. */
  constructor(pair: MortalPair, isMortal: boolean) {
    this.pair = pair;
    this.isMortal = isMortal;
    this.heardAtMs = { ...pair.clocks };
  }

  // --- what happens ---------------------------------------------------------------------------

  /** The client begins another session. */
  begin(): void {
    for (const side of SIDES) this.hasEnded[side] = false;
    this.closedAtMs = undefined;
    this.isRefused = false;
    this.reload();
  }

  /** The client goes on as another life. */
  reload(): void {
    const { clocks } = this.pair;
    this.heardAtMs.client = clocks.client;
    // A close that is under way gets all its time once more.
    if (this.closedAtMs !== undefined) this.closedAtMs.client = clocks.client;
    this.unknownSinceMs = Infinity;
    this.damaged = 0;
    this.unanswered = 0;
    this.failures = [];
  }

  /** The client's host says that the network may be back: nothing is waited for. */
  wake(): void {
    this.wokenAtMs = this.pair.clocks.client;
  }

  /** An application closes. */
  close(): void {
    this.closedAtMs ??= { ...this.pair.clocks };
  }

  /** A request has left. */
  handleSent(exchange: number): void {
    this.lastSent = exchange;
    this.unanswered++;
  }

  /** Something is about to arrive. @throws BrokenPromise when the client is impatient. */
  handleArriving({ kind, exchange, status }: Item): void {
    if (kind === "request" || status === OK || exchange <= this.failuresCountedTo) return;
    // Requests that were out together fail together.
    this.failuresCountedTo = this.lastSent;
    const { failures, pair } = this;
    failures.push(pair.clocks.client);
    const first = failures[failures.length - FAILURES_IN_ROW];
    if (first === undefined || first <= this.wokenAtMs + WAKE_INTERVAL_MS) return;
    const { reconnectDelayMinMs: leastMs, reconnectDelayMaxMs: mostMs } = this.clientOptions;
    if (leastMs * SPANS_RATIO > mostMs || pair.clocks.client - first >= mostMs / IMPATIENCE) return;
    throw new BrokenPromise("4: requests fail again and again, and the client does not wait");
  }

  /** It has arrived. */
  handleArrived(item: Item): void {
    if (item.kind === "answer" && item.status === OK) this.failures = [];
    if (!this.isMortal) return;
    if (item.kind === "request") this.handleRequest(item.body);
    else if (item.status === OK) this.handleAnswer(item.body);
  }

  private handleRequest(bytes: Uint8Array): void {
    const { session, sessionId } = this.pair;
    if (session === undefined) return;
    const { body, address } = readWhole(bytes, sessionId) ?? {};
    const { side } = session;
    if (body?.request === undefined || isOfOther(body, side.generation)) return;
    if (address?.incarnation !== side.incarnation) return;
    this.heardAtMs.server = this.pair.clocks.server;
  }

  private handleAnswer(bytes: Uint8Array): void {
    const { client, clocks, http, sessionId } = this.pair;
    const body = readWhole(bytes, sessionId)?.body;
    if (body === undefined || body.unreadable === true) this.damaged++;
    if (body === undefined) return;
    this.unanswered = http.waiting.size;
    if (body.unreadable === true || body.superseded !== undefined) return;
    if (body.unknown !== undefined || isOfOther(body, openClient(client).generation)) {
      this.unknownSinceMs = Math.min(this.unknownSinceMs, clocks.client);
      return;
    }
    this.heardAtMs.client = clocks.client;
    this.unknownSinceMs = Infinity;
    this.damaged = 0;
  }

  /** Something on a pipe has arrived. What the core has then left the pipe for is not heard. */
  handlePipeArrived(pipe: SimulatedPipe, way: Way, bytes: Uint8Array): void {
    if (!this.isMortal || bytes.length === 0) return;
    if (way === "up") this.handlePipeUp(pipe, bytes);
    else this.handlePipeDown(pipe, bytes);
  }

  private handlePipeUp({ number, server }: SimulatedPipe, bytes: Uint8Array): void {
    const { session, sessionId, clocks } = this.pair;
    const body = readWhole(bytes, sessionId)?.body;
    if (session === undefined || body === undefined || server === "closed") return;
    const { pipes } = session.side;
    const isHeld = [...pipes.values()].some(({ handle }) => handle === number);
    if (isHeld) this.heardAtMs.server = clocks.server;
  }

  private handlePipeDown({ link, kind, isClientOpen }: SimulatedPipe, bytes: Uint8Array): void {
    const { client, clocks, http, sessionId } = this.pair;
    const body = readWhole(bytes, sessionId)?.body;
    if (body === undefined || !isClientOpen || !client.pipes.has(link)) return;
    this.heardAtMs.client = clocks.client;
    this.unknownSinceMs = Infinity;
    if (kind === "duplex") this.unanswered = http.waiting.size;
  }

  // --- ends -----------------------------------------------------------------------------------

  /** Throws when a side that has ended says why, and it cannot be so. */
  check(
    side: SideName,
    { reason }: EndedOutput,
    isRefused: (session: ServerSession) => boolean,
  ): void {
    if (!this.isMortal) return;
    // An opening may be judged again, by a server that has forgotten what became of the first.
    if (side === "server" && reason === "refused") {
      const { session } = this.pair;
      this.isRefused ||= session !== undefined && isRefused(session);
    }
    if (this.hasEnded[side]) return;
    this.hasEnded[side] = true;
    const cause = this.missingCause(side, reason);
    if (cause === undefined) return;
    throw new BrokenPromise(`3: the ${side}'s session ended as "${reason}", and ${cause}`);
  }

  /** What speaks against it; undefined: nothing does. */
  private missingCause(side: SideName, reason: EndedOutput["reason"]): string | undefined {
    const nowMs = this.pair.clocks[side];
    switch (reason) {
      case "silence":
        return unless(nowMs >= this.heardAtMs[side] + this.silenceLimitMs(side), "it was reached");
      case "close-timeout":
        return unless(this.isCloseOver(side), "the time for it was not over");
      case "peer-ended":
        return unless(this.hasEnded[side === "client" ? "server" : "client"], "the other has not");
      case "refused":
        return unless(this.isRefused, "nobody refused it");
      case "lost":
        return this.missingLoss(side);
      case "unreadable":
        return unless(this.damaged >= this.clientOptions.unreadableMax, "too few were damaged");
      case "unanswered":
        return unless(this.isUnanswered, "its requests were answered");
      default:
        // Others are judged by whether they may happen at all.
        return undefined;
    }
  }

  private missingLoss(side: SideName): string | undefined {
    const { isGhost, session, clocks } = this.pair;
    if (side === "server") return "a server cannot know that";
    const isLost = isGhost || session === undefined || session.side.state === "ended";
    if (!isLost) return "the server has it";
    const isConfirmed = clocks.client >= this.unknownSinceMs + this.clientOptions.lostConfirmMs;
    return unless(isConfirmed, "it was not said for long enough");
  }

  private isCloseOver(side: SideName): boolean {
    if (this.closedAtMs === undefined) return false;
    const { closeTimeoutMs = REQUEST_DEFAULTS.closeTimeoutMs } = this.pair.options[side] ?? {};
    return this.pair.clocks[side] >= this.closedAtMs[side] + closeTimeoutMs;
  }

  private get isUnanswered(): boolean {
    const { requestsUnansweredMax } = this.clientOptions;
    return requestsUnansweredMax > 0 && this.unanswered >= requestsUnansweredMax;
  }

  /** A client's is at most the server's, which it may not know yet. */
  private silenceLimitMs(side: SideName): number {
    const { silenceLimitMs: ofServerMs = PARK_DEFAULTS.silenceLimitMs } =
      this.pair.options.server ?? {};
    return side === "server" ? ofServerMs : Math.min(ofServerMs, this.clientOptions.silenceLimitMs);
  }

  private get clientOptions(): typeof REQUEST_DEFAULTS {
    return openClient(this.pair.client).options;
  }
}

function unless(holds: boolean, otherwise: string): string | undefined {
  return holds ? undefined : otherwise;
}
