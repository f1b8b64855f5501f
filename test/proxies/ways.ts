/**
 * The ways that the choice of links is tried on, with the link that it settles on: spec/links.md has
 * the same, and a test compares them.
 */
import type { LinkName } from "../../src/session/pipe-carrier.ts";
import { APACHE, APACHE_TUNNELLING, APACHE_UPGRADING } from "./apache.ts";
import { HAPROXY_IMPATIENT, HAPROXY_KEPT, HAPROXY_PROMPT } from "./haproxy.ts";
import { HOSTILE } from "./hostile.ts";
import {
  NGINX_DEAF,
  NGINX_DEAF_PLAIN,
  NGINX_IMPATIENT,
  NGINX_PLAIN,
  NGINX_UNBUFFERED,
  NGINX_UPGRADING,
  NGINX_UPGRADING_IMPATIENT,
} from "./nginx.ts";
import type { Program, Standing, Way } from "./program.ts";
import { RunningProxy } from "./running.ts";
import { SQUID_AT_CLIENT, SQUID_AT_SERVER } from "./squid.ts";
import { TINYPROXY, TINYPROXY_CAREFUL } from "./tinyproxy.ts";
import { VARNISH, VARNISH_PIPING } from "./varnish.ts";

/** A client's Squid, which asks a server's nginx. */
function inSeries(name: string, atServer: Program): Way {
  return {
    name,
    isForwardProxy: true,
    async stand(serverPort, conditions): Promise<Standing> {
      const inner = await RunningProxy.start(atServer, serverPort, conditions);
      return RunningProxy.start(SQUID_AT_CLIENT, inner.port, {});
    },
  };
}

export interface TriedWay {
  readonly way: Program | Way;
  /** The link that a client ends on that may use all, with messages each way all the time. */
  readonly settles: LinkName;
  /** Whether streams pass; where WebSockets do, they would be the next best. */
  readonly streams: boolean;
  /** It bears no silence of a few seconds. */
  readonly isImpatient?: boolean;
}

export const NGINX_WAYS: readonly TriedWay[] = [
  { way: NGINX_PLAIN, settles: "stream", streams: true },
  { way: NGINX_UNBUFFERED, settles: "stream", streams: true },
  { way: NGINX_DEAF, settles: "stream", streams: true },
  { way: NGINX_DEAF_PLAIN, settles: "poll", streams: false },
  { way: NGINX_IMPATIENT, settles: "stream", streams: true, isImpatient: true },
  { way: NGINX_UPGRADING, settles: "websocket", streams: true },
  { way: NGINX_UPGRADING_IMPATIENT, settles: "websocket", streams: true, isImpatient: true },
];

export const SERVER_WAYS: readonly TriedWay[] = [
  { way: HAPROXY_KEPT, settles: "websocket", streams: false },
  { way: HAPROXY_PROMPT, settles: "websocket", streams: true },
  { way: HAPROXY_IMPATIENT, settles: "websocket", streams: false, isImpatient: true },
  { way: SQUID_AT_SERVER, settles: "stream", streams: true },
  { way: VARNISH, settles: "stream", streams: true },
  { way: VARNISH_PIPING, settles: "websocket", streams: true },
  { way: APACHE, settles: "stream", streams: true },
  { way: APACHE_UPGRADING, settles: "websocket", streams: true },
  { way: APACHE_TUNNELLING, settles: "websocket", streams: true },
];

export const CLIENT_WAYS: readonly TriedWay[] = [
  { way: SQUID_AT_CLIENT, settles: "websocket", streams: true },
  { way: TINYPROXY, settles: "websocket", streams: true },
  { way: TINYPROXY_CAREFUL, settles: "stream", streams: true },
  { way: HOSTILE, settles: "poll", streams: false, isImpatient: true },
  { way: inSeries("squid, then nginx as it comes", NGINX_PLAIN), settles: "stream", streams: true },
  {
    way: inSeries("squid, then nginx that upgrades", NGINX_UPGRADING),
    settles: "websocket",
    streams: true,
  },
];

export const WAYS: readonly TriedWay[] = [...NGINX_WAYS, ...SERVER_WAYS, ...CLIENT_WAYS];
