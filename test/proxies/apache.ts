/** Apache's httpd with mod_proxy_http. */
import { lines } from "./nginx.ts";
import type { Program, Setting } from "./program.ts";

const MODULES = "/usr/lib/apache2/modules";

/** How it does WebSockets: not at all, by mod_proxy_http (since 2.4.47), or by mod_proxy_wstunnel. */
type Upgrade = "none" | "http" | "wstunnel";

function configuration(setting: Setting, upgrade: Upgrade): string {
  const { folder, port, serverPort, silenceMs, idleMs } = setting;
  const modules = ["mpm_event", "authz_core", "proxy", "proxy_http"];
  if (upgrade === "wstunnel") modules.push("rewrite", "proxy_wstunnel");
  const life = idleMs === undefined ? "" : ` ttl=${idleMs / 1_000}`;
  const parameters = upgrade === "http" ? `${life} upgrade=websocket` : life;
  return lines(
    `ServerRoot ${folder}`,
    "ServerName localhost",
    `Listen 127.0.0.1:${port}`,
    `PidFile ${folder}/apache.pid`,
    `DefaultRuntimeDir ${folder}`,
    `ErrorLog ${folder}/error.log`,
    ...modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`),
    silenceMs !== undefined && `ProxyTimeout ${silenceMs / 1_000}`,
    ...(upgrade === "wstunnel" ? tunnelling(serverPort) : []),
    `ProxyPass / http://127.0.0.1:${serverPort}/${parameters}`,
  );
}

/** As the manual of mod_proxy_wstunnel has it. */
function tunnelling(serverPort: number): string[] {
  return [
    "RewriteEngine on",
    "RewriteCond %{HTTP:Upgrade} websocket [NC]",
    "RewriteCond %{HTTP:Connection} upgrade [NC]",
    `RewriteRule ^/?(.*) "ws://127.0.0.1:${serverPort}/$1" [P,L]`,
  ];
}

const apache = (name: string, upgrade: Upgrade): Program => ({
  name,
  command: "apache2",
  package: "apache2",
  versionToServer: "1.1",
  keepsConnections: true,
  statusOfClosed: 502,
  reload: { signal: "SIGUSR1", mark: "Doing graceful restart" },
  // Its LimitRequestBody is not for requests that it hands on.
  limitsRequests: false,
  prepare: (setting) => ({
    files: { "apache.conf": configuration(setting, upgrade) },
    args: ["-DFOREGROUND", "-d", setting.folder, "-f", `${setting.folder}/apache.conf`],
  }),
});

export const APACHE: Program = apache("apache", "none");

export const APACHE_UPGRADING: Program = apache("apache with upgrade=websocket", "http");

export const APACHE_TUNNELLING: Program = apache("apache with mod_proxy_wstunnel", "wstunnel");
