/**
 * Carries bodies by `fetch` (spec http 1 [HTTP-1]): for browsers and whatever else has the web's
 * globals, and nothing but them. It goes into browser bundles, so it is small. A browser does not
 * tell why a request failed; so the reasons are few.
 */
import type { RequestUse } from "../core/index.ts";
import type { Carrier, ExchangeSignal, Leaving, Outcome, Turns } from "../session/carrier.ts";
import { refuse } from "../session/checks.ts";
import type { LinkName, PipeCarrier } from "../session/pipe-carrier.ts";
import { answerBytesMaxOf, type CarrierOptions, carrierUrl } from "./carrier-options.ts";
import { pipesAmong, requestsAmong } from "../session/link-options.ts";
import { MEDIA_TYPE } from "./media-type.ts";
import { failure, joined, refusalIn } from "./outcomes.ts";
import { type PageEvents, watchPage } from "./page-life.ts";
import { sharedTurns } from "./shared-turns.ts";
import { type StreamAnswer, StreamPipes } from "./stream-pipe.ts";
import { SUBPROTOCOL, WebSocketPipes } from "./websocket-pipe.ts";

export interface FetchCarrierOptions extends CarrierOptions {
  /** Cookies and the like, as of `fetch`. Default `same-origin`. */
  readonly credentials?: NonNullable<RequestInit["credentials"]> | undefined;
  /**
   * Requests with messages out at once. Default 1: on HTTP/1.1 a browser has six connections to a
   * server for all its pages, and each session parks one. On HTTP/2, where they share one, 8 will
   * do.
   */
  readonly carriersMax?: number | undefined;
  /**
   * The links that may be used, the best first; none behind polling. With polling among them the
   * first message leaves by that; without, the others are all there is: `["websocket"]`. Default:
   * WebSockets, streams and polling.
   */
  readonly links?: readonly LinkName[] | undefined;
  /**
   * Where WebSockets do not pass, the pages of one origin take turns at polling, in place of a
   * stream or a held request for each: over HTTP/1.1 a browser has six connections to a server, and
   * seven pages would leave none. At most four have a request held, for 250 ms while others wait;
   * what the server sends to another page waits for its turn, or for an answer to what that page
   * sends, which does not wait. Needs polling among `links`, and changes nothing in a host without
   * Web Locks and BroadcastChannel, nor by WebSockets; a page that is refused locks has its request
   * held for good. Default false: over HTTP/2 there is no such limit.
   */
  readonly sharesConnections?: boolean | undefined;
  /** In place of the global `fetch`. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /** Where to hear that the path is back. Default `globalThis`. */
  readonly events?: PageEvents | undefined;
}

/** Default for `carriersMax`. */
export const FETCH_CARRIERS_MAX = 1;

/**
 * Requests kept parked, whatever the server wants, unless `parkedMax` says more: the connections of
 * a page are few (see `carriersMax`), and a parked request keeps its own for up to 25 s. On HTTP/2
 * the core's default will do.
 */
export const FETCH_PARKED_MAX = 1;

/**
 * Bytes that requests may have which go on after their page, all those of a page together. Browsers
 * allow 64 KiB (the Fetch standard, "HTTP-network-or-cache fetch"), and Chromium counts addresses
 * and headers too.
 */
const LASTING_BYTES_MAX = 60 * 1_024;

/** Of those, what is out at present. */
let lastingBytesOut = 0;

export class FetchCarrier implements Carrier {
  readonly carriersMax: number;
  readonly origin: string;
  readonly pipes: readonly PipeCarrier[];
  readonly requests: RequestUse;
  readonly turns: Turns | undefined;
  private readonly url: string;
  private readonly answerBytesMax: number;
  private readonly options: FetchCarrierOptions;

  /** @throws UsageError `option_invalid`, naming the option. */
  constructor(url: string | URL, options: FetchCarrierOptions = {}) {
    this.url = carrierUrl(url, globalThis.location?.href);
    this.origin = new URL(this.url).origin;
    this.carriersMax = options.carriersMax ?? FETCH_CARRIERS_MAX;
    this.answerBytesMax = answerBytesMaxOf(options);
    this.options = options;
    const requests = requestsAmong(options.links);
    const isShared: unknown = options.sharesConnections ?? false;
    if (typeof isShared !== "boolean") refuse("sharesConnections", isShared, "true or false");
    this.turns = isShared && requests === "parked" ? sharedTurns(this.origin) : undefined;
    this.requests = this.turns === undefined ? requests : "turns";
    this.pipes = pipesAmong(options.links, {
      tcp: undefined,
      // Each keeps a connection.
      stream:
        this.turns === undefined
          ? new StreamPipes(this.url, this.answerBytesMax, options, (to, accept, signal) =>
              this.getStream(to, accept, signal),
            )
          : undefined,
      // Node has none before version 22.
      websocket:
        typeof WebSocket === "undefined"
          ? undefined
          : new WebSocketPipes(this.url, (to) => new WebSocket(to, SUBPROTOCOL)),
    });
  }

  /** Whichever session of the page sends them. */
  get lastingBytes(): number {
    return LASTING_BYTES_MAX - lastingBytesOut;
  }

  exchange(body: Uint8Array, signal: ExchangeSignal, isLasting = false): Promise<Outcome> {
    if (signal.aborted) return Promise.resolve(failure("aborted", true));
    if (isLasting) lastingBytesOut += body.length;
    // Of this exchange alone, for what `fetch` leaves on a signal to go with it.
    const controller = new AbortController();
    // What it means if it ends here.
    let reason = "credentials_failed";
    let isNotSent = true;
    const carry = async (): Promise<Outcome> => {
      const { credentials = "same-origin", fetch = globalThis.fetch, headers } = this.options;
      try {
        const sent = new Headers(await (typeof headers === "function" ? headers() : headers));
        sent.set("accept", MEDIA_TYPE);
        sent.set("content-type", MEDIA_TYPE);
        reason = "network_error";
        // From now on nobody tells.
        isNotSent = false;
        // Without `this`, which browsers refuse.
        const response = await fetch(this.url, {
          method: "POST",
          headers: sent,
          body: body as Uint8Array<ArrayBuffer>,
          // Without a mode for caches, which keep no answer to a POST that says no-store [HTTP-5]:
          // any other than the default makes Chromium repeat the preflight of each request.
          credentials,
          redirect: "manual",
          signal: controller.signal,
          ...(isLasting ? { keepalive: true } : {}),
        });
        const refusal = refusalIn(response.status, response.headers.get("content-type"));
        reason = refusal ?? "answer_cut";
        const pieces: Uint8Array[] = [];
        let size = 0;
        await readPieces(response, (piece) => {
          size += piece.byteLength;
          if (size > this.answerBytesMax) {
            reason = refusal ?? "answer_too_large";
            throw new Error(reason);
          }
          pieces.push(piece);
        });
        if (refusal === undefined) return { kind: "answer", bytes: joined(pieces, size) };
      } catch {
        // `reason` says what there is to say.
      }
      return failure(reason, isNotSent);
    };
    return new Promise((resolve) => {
      let isSettled = false;
      const settle = (outcome: Outcome): void => {
        if (isSettled) return;
        isSettled = true;
        if (isLasting) lastingBytesOut -= body.length;
        signal.removeEventListener("abort", abort);
        resolve(outcome);
        // The connection of an answer that was read whole does not notice.
        if (outcome.kind === "failure") controller.abort();
      };
      // At once: a provider, or a `fetch` of somebody's own, may never notice.
      const abort = (): void => {
        settle(failure(isNotSent ? reason : "aborted", isNotSent));
      };
      signal.addEventListener("abort", abort);
      void carry().then(settle);
    });
  }

  private async getStream(url: string, accept: string, signal: AbortSignal): Promise<StreamAnswer> {
    const { credentials = "same-origin", fetch = globalThis.fetch, headers } = this.options;
    const sent = new Headers(await (typeof headers === "function" ? headers() : headers));
    sent.set("accept", accept);
    // Without `this`, as above; nothing of a stream is kept.
    const init = {
      headers: sent,
      credentials,
      redirect: "manual",
      cache: "no-store",
      signal,
    } as const;
    const response = await fetch(url, init);
    return {
      status: response.status,
      mediaType: response.headers.get("content-type"),
      read: (take) => readPieces(response, take),
    };
  }

  /**
   * Wakes when the host is online again, and when the page is shown again, frozen or not; tells when
   * the page is hidden, put aside or left.
   */
  watch(wake: () => void, leave: (how: Leaving) => void = () => {}): () => void {
    return watchPage(this.options.events ?? (globalThis as PageEvents), wake, leave);
  }

  /** The host keeps and closes its connections itself. */
  close(): void {}
}

/** Hands on the pieces of its content as they come; rejects where it is cut, or `take` throws. */
async function readPieces(response: Response, take: (piece: Uint8Array) => void): Promise<void> {
  const reader = response.body?.getReader();
  for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
    take(next.value);
  }
}
