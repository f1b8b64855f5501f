/** `holdfast` in Node: sessions over `node:http` and `node:https`. */
import { REQUEST_DEFAULTS } from "../core/index.ts";
import {
  type ClientOptions,
  type ClientSession,
  type CodecFactory,
  connectOver,
  msgpack,
} from "../session/index.ts";
import type { Carrier } from "../session/carrier.ts";
import { refuse } from "../session/checks.ts";
import { NodeCarrier, type NodeCarrierOptions, tcpPipes } from "./node-carrier.ts";
import { TcpCarrier } from "./tcp-carrier.ts";

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
 * @param url - of `http:` or `https:`; or `tcp://host:port` and `tls://host:port` for a session that
 *   goes by TCP alone.
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
    tcp,
    tls,
    streamLabel,
    streamNames,
    ...session
  } = options;
  const answerBytesMax = session.bodyBytesMax ?? REQUEST_DEFAULTS.bodyBytesMax;
  const make = /^(tcp|tls):/.test(String(url)) ? overTcp : overHttp;
  return connectOver(make(url, { ...options, answerBytesMax }), codec, session);
}

function overHttp(url: string | URL, options: NodeCarrierOptions): Carrier {
  return new NodeCarrier(url, options);
}

/** What is of use to HTTP alone: where there is none it would be as good as not said. */
const OF_HTTP = ["headers", "agent", "idleTimeoutMs", "tcp", "streamLabel", "streamNames"] as const;

function overTcp(url: string | URL, options: NodeCarrierOptions): Carrier {
  for (const name of OF_HTTP) {
    if (options[name] !== undefined) refuse(name, options[name], "left out for tcp: and tls:");
  }
  const { links = ["tcp"] } = options;
  const isTcp = Array.isArray(links) && links.length === 1 && links[0] === "tcp";
  if (!isTcp) refuse("links", links, '["tcp"] or left out for tcp: and tls:');
  return new TcpCarrier(tcpPipes(url, "url", options));
}
