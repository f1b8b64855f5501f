/** HAProxy: keeping connections, closing those to the server, and sending requests again. */
import { lines } from "./nginx.ts";
import type { Program, Setting } from "./program.ts";

function haproxy(
  name: string,
  facts: Pick<Program, "keepsConnections" | "statusOfClosed">,
  extra: readonly string[],
): Program {
  return {
    name,
    ...facts,
    command: "haproxy",
    package: "haproxy",
    versionToServer: "1.1",
    reload: { signal: "SIGUSR2", mark: "Reloading HAProxy" },
    limitsRequests: false,
    prepare(setting) {
      // A master that does not go to the background, and the worker that it replaces at a reload.
      const args = ["-W", "-db", "-f", `${setting.folder}/haproxy.cfg`];
      return { files: { "haproxy.cfg": configuration(setting, extra) }, args };
    },
  };
}

/** Times are those of Debian's haproxy.cfg where they are not stated. */
function configuration(
  { port, serverPort, silenceMs = 50_000, idleMs }: Setting,
  extra: readonly string[],
): string {
  return lines(
    "global",
    "maxconn 2000",
    "defaults",
    "mode http",
    "timeout connect 5s",
    `timeout client ${silenceMs}ms`,
    `timeout server ${silenceMs}ms`,
    "option forwardfor",
    "frontend outside",
    `bind 127.0.0.1:${port}`,
    "default_backend inside",
    "backend inside",
    ...extra,
    `server one 127.0.0.1:${serverPort}${idleMs === undefined ? "" : purging(idleMs)}`,
  );
}

/** Each time it closes half of what it does not need: a hundred connections go in seven times. */
function purging(idleMs: number): string {
  return ` pool-purge-delay ${Math.floor(idleMs / 8)}ms`;
}

export const HAPROXY_KEPT: Program = haproxy(
  "haproxy that keeps connections",
  { keepsConnections: true, statusOfClosed: 502 },
  ["http-reuse always"],
);

export const HAPROXY_CLOSING: Program = haproxy(
  "haproxy with http-server-close",
  { keepsConnections: false },
  ["option http-server-close", "http-reuse never"],
);

/** Sends a request again when the server did not answer it, whether or not that is safe. */
export const HAPROXY_REPEATING: Program = haproxy(
  "haproxy that sends requests again",
  { keepsConnections: true },
  ["option redispatch", "retries 2", "retry-on all-retryable-errors"],
);

/** Two seconds for everything, a tunnel of WebSockets included. */
export const HAPROXY_IMPATIENT: Program = haproxy(
  "haproxy with timeouts of 2 s",
  { keepsConnections: true },
  ["http-reuse always", "timeout server 2s", "timeout tunnel 2s"],
);

/** Hands each piece on at once: else the system waits up to 200 ms for more to go with it. */
export const HAPROXY_PROMPT: Program = haproxy(
  "haproxy with http-no-delay",
  { keepsConnections: true },
  ["http-reuse always", "option http-no-delay"],
);
