/** `holdfast` in browsers, and wherever else there is `fetch`. */
import { REQUEST_DEFAULTS } from "../core/index.ts";
import {
  type ClientOptions,
  type ClientSession,
  type CodecFactory,
  connectOver,
  msgpack,
} from "../session/index.ts";
import { FETCH_PARKED_MAX, FetchCarrier, type FetchCarrierOptions } from "./fetch-carrier.ts";

export * from "../session/index.ts";
export type { CarrierHeaders } from "./carrier-options.ts";
export type { PageEvents, PageListener } from "./page-life.ts";

/**
 * What `connect` can be told. Here `parkedMax` and `carriersMax` are 1 unless told otherwise: on
 * HTTP/1.1 a browser has six connections to a server for all its pages, and a parked request keeps
 * its own for up to 25 s. On HTTP/2, where they share one, 4 and 8 will do.
 */
export interface ConnectOptions
  extends ClientOptions, Omit<FetchCarrierOptions, "answerBytesMax" | "carriersMax"> {
  /** Default `msgpack`; must be the server's. */
  readonly codec?: CodecFactory | undefined;
}

/**
 * Begins a session with the server at a URL, which may be relative to the page. Returns at once:
 * messages may be sent before the server has answered. The session goes on through whatever happens
 * to connections, until it is closed.
 *
 * @throws UsageError `option_invalid`, `option_unknown`; `state_invalid` for `resume`.
 */
export function connect<Incoming = unknown, Outgoing = unknown>(
  url: string | URL,
  options: ConnectOptions = {},
): ClientSession<Incoming, Outgoing> {
  const {
    codec = msgpack,
    headers,
    credentials,
    fetch,
    events,
    links,
    streamLabel,
    streamNames,
    sharesConnections,
    ...rest
  } = options;
  const session = { ...rest, parkedMax: rest.parkedMax ?? FETCH_PARKED_MAX };
  const answerBytesMax = session.bodyBytesMax ?? REQUEST_DEFAULTS.bodyBytesMax;
  const carrier = new FetchCarrier(url, { ...options, answerBytesMax });
  return connectOver(carrier, codec, session);
}
