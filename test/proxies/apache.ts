/** Apache's httpd with mod_proxy_http. */
import { lines } from "./nginx.ts";
import type { Program, Setting } from "./program.ts";

const MODULES = "/usr/lib/apache2/modules";

function configuration(setting: Setting): string {
  const { folder, port, serverPort, silenceMs, idleMs } = setting;
  const modules = ["mpm_event", "authz_core", "proxy", "proxy_http"];
  const parameters = idleMs === undefined ? "" : ` ttl=${idleMs / 1_000}`;
  return lines(
    `ServerRoot ${folder}`,
    "ServerName localhost",
    `Listen 127.0.0.1:${port}`,
    `PidFile ${folder}/apache.pid`,
    `DefaultRuntimeDir ${folder}`,
    `ErrorLog ${folder}/error.log`,
    ...modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`),
    silenceMs !== undefined && `ProxyTimeout ${silenceMs / 1_000}`,
    `ProxyPass / http://127.0.0.1:${serverPort}/${parameters}`,
  );
}

export const APACHE: Program = {
  name: "apache",
  command: "apache2",
  package: "apache2",
  versionToServer: "1.1",
  keepsConnections: true,
  statusOfClosed: 502,
  reload: { signal: "SIGUSR1", mark: "Doing graceful restart" },
  // Its LimitRequestBody is not for requests that it hands on.
  limitsRequests: false,
  prepare: (setting) => ({
    files: { "apache.conf": configuration(setting) },
    args: ["-DFOREGROUND", "-d", setting.folder, "-f", `${setting.folder}/apache.conf`],
  }),
};
