/** Squid, in front of a server and in front of clients. */
import { lines } from "./nginx.ts";
import type { Program, Setting } from "./program.ts";

function configuration(setting: Setting, listening: readonly string[]): string {
  const { folder, silenceMs, idleMs, requestBytesMax } = setting;
  return lines(
    ...listening,
    "http_access allow all",
    "cache deny all",
    "cache_mem 8 MB",
    "access_log none",
    `cache_log ${folder}/cache.log`,
    `coredump_dir ${folder}`,
    `pid_filename ${folder}/squid.pid`,
    "pinger_enable off",
    "visible_hostname localhost",
    "shutdown_lifetime 1 seconds",
    silenceMs !== undefined && `read_timeout ${silenceMs / 1_000} seconds`,
    idleMs !== undefined && `server_idle_pconn_timeout ${idleMs / 1_000} seconds`,
    requestBytesMax !== undefined && `request_body_max_size ${requestBytesMax} bytes`,
  );
}

const SEGMENTS = ["metadata", "queues", "readers"];

function squid(
  name: string,
  isForwardProxy: boolean,
  listen: (setting: Setting) => string[],
): Program {
  return {
    name,
    command: "squid",
    package: "squid",
    versionToServer: "1.1",
    // A connection that may be closed at any moment is not for requests that are not safe to repeat.
    keepsConnections: false,
    reload: { signal: "SIGHUP", mark: "Reconfiguring Squid Cache" },
    limitsRequests: true,
    // Its clock ticks once a second.
    cutsUnevenly: true,
    isForwardProxy,
    prepare: (setting) => {
      // Its shared memory is named after the service: two that start together would meet there.
      const service = `squid${setting.port}`;
      return {
        files: { "squid.conf": configuration(setting, listen(setting)) },
        args: ["-N", "-n", service, "-f", `${setting.folder}/squid.conf`],
        remains: SEGMENTS.map((segment) => `/dev/shm/${service}-cf__${segment}.shm`),
      };
    },
  };
}

export const SQUID_AT_SERVER: Program = squid("squid at the server", false, (setting) => [
  `http_port 127.0.0.1:${setting.port} accel defaultsite=localhost no-vhost`,
  `cache_peer 127.0.0.1 parent ${setting.serverPort} 0 no-query originserver name=server`,
]);

export const SQUID_AT_CLIENT: Program = squid("squid at the client", true, ({ port }) => [
  `http_port 127.0.0.1:${port}`,
]);
