/**
 * The ways that the choice of links is tried on, with the link that it settles on: spec/links.md has
 * the same, and a test compares them.
 */
import type { LinkName } from "../../src/session/pipe-carrier.ts";
import { APACHE, APACHE_TUNNELLING, APACHE_UPGRADING } from "./apache.ts";
import { HAPROXY_IMPATIENT, HAPROXY_KEPT } from "./haproxy.ts";
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
}

export const WAYS: readonly TriedWay[] = [
  { way: NGINX_PLAIN, settles: "stream" },
  { way: NGINX_UNBUFFERED, settles: "stream" },
  { way: NGINX_DEAF, settles: "stream" },
  { way: NGINX_DEAF_PLAIN, settles: "poll" },
  { way: NGINX_IMPATIENT, settles: "stream" },
  { way: NGINX_UPGRADING, settles: "websocket" },
  { way: NGINX_UPGRADING_IMPATIENT, settles: "websocket" },
  { way: HAPROXY_KEPT, settles: "websocket" },
  { way: HAPROXY_IMPATIENT, settles: "websocket" },
  { way: SQUID_AT_SERVER, settles: "stream" },
  { way: SQUID_AT_CLIENT, settles: "websocket" },
  { way: TINYPROXY, settles: "websocket" },
  { way: TINYPROXY_CAREFUL, settles: "stream" },
  { way: VARNISH, settles: "stream" },
  { way: VARNISH_PIPING, settles: "websocket" },
  { way: APACHE, settles: "stream" },
  { way: APACHE_UPGRADING, settles: "websocket" },
  { way: APACHE_TUNNELLING, settles: "websocket" },
  { way: HOSTILE, settles: "poll" },
  { way: inSeries("squid, then nginx as it comes", NGINX_PLAIN), settles: "stream" },
  { way: inSeries("squid, then nginx that upgrades", NGINX_UPGRADING), settles: "websocket" },
];
