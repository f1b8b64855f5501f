/** What goes wrong with HTTP where the network itself is well: hosts, proxies, their timers. */

import { MS, amount, PERMILLE, PICKED_MS, POSITIVE, type Rules } from "../option-checks.ts";

/** How often, of a thousand requests or answers, and how. All of it may be 0 or Infinity: never. */
export interface HttpFaults {
  /** The request arrives, its answer is lost, and the client sees an error. */
  readonly responseLostPermille: number;
  /** The request does not arrive, and the client sees an error. */
  readonly requestFailsPermille: number;
  /** The client's host gives a request up that the server may have. */
  readonly clientAbortPermille: number;
  /** The middle says 502 or 504 in the server's place; the request arrives or not. */
  readonly gatewayPermille: number;
  /** The middle answers with a page of its own and status 200, as a captive portal does. */
  readonly pagePermille: number;
  /** The middle sends a request a second time, up to `replayMs` later. */
  readonly replayPermille: number;
  /** How late the second request may be. */
  readonly replayMs: number;
  /** Answers that the middle holds back for up to `bufferMs`. */
  readonly bufferPermille: number;
  /** How long an answer may be held back. */
  readonly bufferMs: number;
  /** How much later than a round trip the client may see an error. */
  readonly errorMs: number;
  /** A request that is parked for so long is cut by the middle. Infinity: never. */
  readonly parkedIdleMs: number;
  /** A request of more bytes is answered 413 by the middle. It stays so when all else is healed. */
  readonly requestBytesMax: number;
  /** How often it is asked whether the middle restarts, with all connections lost; 0: never. */
  readonly restartCheckMs: number;
  /** How often, of a thousand such times, it does. */
  readonly restartPermille: number;
}

/** A middle that does nothing but pass on. */
export const NO_HTTP_FAULTS: HttpFaults = {
  responseLostPermille: 0,
  requestFailsPermille: 0,
  clientAbortPermille: 0,
  gatewayPermille: 0,
  pagePermille: 0,
  replayPermille: 0,
  replayMs: 0,
  bufferPermille: 0,
  bufferMs: 0,
  errorMs: 0,
  parkedIdleMs: Infinity,
  requestBytesMax: Infinity,
  restartCheckMs: 0,
  restartPermille: 0,
};

/** @internal */
export const HTTP_RULES: Rules<HttpFaults> = {
  responseLostPermille: PERMILLE,
  requestFailsPermille: PERMILLE,
  clientAbortPermille: PERMILLE,
  gatewayPermille: PERMILLE,
  pagePermille: PERMILLE,
  replayPermille: PERMILLE,
  replayMs: PICKED_MS,
  bufferPermille: PERMILLE,
  bufferMs: PICKED_MS,
  errorMs: PICKED_MS,
  parkedIdleMs: POSITIVE,
  requestBytesMax: amount(0, Infinity),
  restartCheckMs: MS,
  restartPermille: PERMILLE,
};

/** What the middle does that is worth counting. */
export type HttpMark =
  | "answer lost"
  | "request fails"
  | "client aborts"
  | "gateway"
  | "page"
  | "replayed"
  | "buffered"
  | "idle cut"
  | "too large"
  | "middle restarts"
  | "given up";
