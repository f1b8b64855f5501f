/**
 * How a Node server should keep its connections when sessions live on it. `nodeListener` works
 * without; what this prevents are answers 502 that a proxy makes by itself, and refusals without a
 * reason (early-errors.ts).
 *
 * A proxy keeps idle connections to the server and sends the next request on one of them. If the
 * server closes it at that moment, the request is lost and the proxy answers 502. So the server
 * must wait longer than the proxy: longer than 60 s for nginx (`keepalive_timeout` of `upstream`)
 * and AWS's Application Load Balancer as they come. Google's load balancers keep theirs for 600 s:
 * say `keepAliveTimeoutMs: 620_000` behind one. Node's own 5 s loses against all of them.
 */
import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import { checkNames, within } from "../core/options.ts";
import { answerEarlyErrors } from "./early-errors.ts";

/** What `configureServer` can be told; the defaults are `SERVER_SETTINGS_DEFAULTS`. */
export interface ServerSettings {
  /** How long an idle connection stays; more than the proxy in front of the server keeps it. */
  readonly keepAliveTimeoutMs?: number;
  /** A request's head must have come after so long. */
  readonly headersTimeoutMs?: number;
  /** A request, its body included, must have come after so long. */
  readonly requestTimeoutMs?: number;
}

/** What `configureServer` sets where nothing else is said. */
export const SERVER_SETTINGS_DEFAULTS: Required<ServerSettings> = {
  // Half as much again as the 60 s of common proxies, and above nginx's 75 s towards clients.
  keepAliveTimeoutMs: 90_000,
  // A head is at most 16 KiB (Node's --max-http-header-size): the slowest line needs seconds.
  headersTimeoutMs: 20_000,
  // Above `bodyTimeoutMs`, which can say why; this ends what was refused and still comes.
  requestTimeoutMs: 60_000,
};

/**
 * Lets a server keep its connections longer than the proxies in front of it do, and answer early
 * errors with a reason. Polling works without; what this prevents are answers 502 that a proxy
 * makes by itself. AWS and nginx keep idle connections for 60 s as they come, Google's load
 * balancers for 600 s: say `keepAliveTimeoutMs: 620_000` behind one. Sets Node's own `timeout`,
 * `maxRequestsPerSocket` and `maxHeadersCount` to 0.
 *
 * @throws UsageError `option_invalid`, `option_unknown`, naming the option.
 */
export function configureServer(
  server: HttpServer | HttpsServer,
  settings: ServerSettings = {},
): void {
  checkNames(settings, SERVER_SETTINGS_DEFAULTS);
  const { keepAliveTimeoutMs, headersTimeoutMs, requestTimeoutMs } = {
    ...SERVER_SETTINGS_DEFAULTS,
    ...settings,
  };
  const day = 86_400_000;
  within(keepAliveTimeoutMs, 1, day, "keepAliveTimeoutMs");
  within(requestTimeoutMs, 1, day, "requestTimeoutMs");
  within(headersTimeoutMs, 1, requestTimeoutMs, "headersTimeoutMs");
  server.keepAliveTimeout = keepAliveTimeoutMs;
  server.headersTimeout = headersTimeoutMs;
  server.requestTimeout = requestTimeoutMs;
  // A held request is silent for as long as it is held; frameworks set their own.
  server.timeout = 0;
  // Polling uses one connection for its whole life; beyond such a limit Node answers 503.
  server.maxRequestsPerSocket = 0;
  // No count: Node leaves out the headers beyond it without a word, and the last ones are those
  // that proxies add. The size of the head bounds them, and Node answers 431 above it.
  server.maxHeadersCount = 0;
  answerEarlyErrors(server);
}
