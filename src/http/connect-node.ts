/** `holdfast` in Node: sessions over `node:http` and `node:https`. */
import { REQUEST_DEFAULTS } from "../core/index.ts";
import {
  type ClientOptions,
  type ClientSession,
  type CodecFactory,
  connectOver,
  msgpack,
} from "../session/index.ts";
import { NodeCarrier, type NodeCarrierOptions } from "./node-carrier.ts";

export * from "../session/index.ts";
export type { CarrierHeaders } from "./carrier-options.ts";

/** What `connect` can be told. */
export interface ConnectOptions extends ClientOptions, Omit<NodeCarrierOptions, "answerBytesMax"> {
  /** Default `msgpack`; must be the server's. */
  readonly codec?: CodecFactory | undefined;
}

/**
 * Begins a session with the server at a URL. Returns at once: messages may be sent before the
 * server has answered. The session goes on through whatever happens to connections, until it is
 * closed.
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
    agent,
    connectTimeoutMs,
    idleTimeoutMs,
    links,
    streamLabel,
    ...session
  } = options;
  const answerBytesMax = session.bodyBytesMax ?? REQUEST_DEFAULTS.bodyBytesMax;
  const carrier = new NodeCarrier(url, { ...options, answerBytesMax });
  return connectOver(carrier, codec, session);
}
