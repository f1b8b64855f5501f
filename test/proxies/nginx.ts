/** nginx, as it comes and with kept connections to the server. */
import type { Program, Setting } from "./program.ts";

function nginx(name: string, keepsConnections: boolean, extra: readonly string[] = []): Program {
  return {
    name,
    command: "nginx",
    package: "nginx-light",
    versionToServer: keepsConnections ? "1.1" : "1.0",
    keepsConnections,
    ...(keepsConnections && { statusOfClosed: 502 }),
    reload: { signal: "SIGHUP", mark: "reconfiguring" },
    limitsRequests: true,
    prepare(setting) {
      const text = configuration(setting, keepsConnections, extra);
      const { folder } = setting;
      const args = ["-p", folder, "-e", `${folder}/error.log`, "-c", `${folder}/nginx.conf`];
      return { files: { "nginx.conf": text }, args };
    },
  };
}

function configuration(
  { folder, port, serverPort, silenceMs, idleMs, requestBytesMax }: Setting,
  keepsConnections: boolean,
  extra: readonly string[],
): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return lines(
    "daemon off;",
    "worker_processes 1;",
    `error_log ${folder}/error.log notice;`,
    `pid ${folder}/nginx.pid;`,
    `lock_file ${folder}/nginx.lock;`,
    "events { worker_connections 1024; }",
    "http {",
    "access_log off;",
    "map $http_upgrade $connection_wish { default upgrade; '' close; }",
    ...temporary.map((name) => `${name}_temp_path ${folder}/${name};`),
    `upstream server { server 127.0.0.1:${serverPort};`,
    keepsConnections && "keepalive 128;",
    keepsConnections && idleMs !== undefined && `keepalive_timeout ${idleMs}ms;`,
    "}",
    `server { listen 127.0.0.1:${port};`,
    requestBytesMax !== undefined && `client_max_body_size ${requestBytesMax};`,
    "location / {",
    "proxy_pass http://server;",
    "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    keepsConnections && "proxy_http_version 1.1;",
    keepsConnections && 'proxy_set_header Connection "";',
    silenceMs !== undefined && `proxy_read_timeout ${silenceMs}ms;`,
    ...extra,
    "} } }",
  );
}

export function lines(...parts: readonly (string | false | undefined)[]): string {
  return `${parts.filter((part) => typeof part === "string").join("\n")}\n`;
}

/** HTTP/1.0 and a new connection to the server for each request: what nginx does untold. */
export const NGINX_PLAIN: Program = nginx("nginx as it comes", false);

export const NGINX_KEPT: Program = nginx("nginx that keeps connections", true);

/** Hands the wish for a kept connection on, which it does not understand in HTTP/1.0. */
export const NGINX_ASKING: Program = nginx("nginx that asks HTTP/1.0 to stay", false, [
  "proxy_set_header Connection keep-alive;",
]);

/** Does not hear `X-Accel-Buffering`. */
export const NGINX_DEAF: Program = nginx("nginx that buffers whatever it is told", true, [
  "proxy_ignore_headers X-Accel-Buffering;",
]);

/** The same in HTTP/1.0, where nginx collects an answer without a length; in chunks it does not. */
export const NGINX_DEAF_PLAIN: Program = nginx("nginx that buffers, in HTTP/1.0", false, [
  "proxy_ignore_headers X-Accel-Buffering;",
]);

/** Hands answers on as they come, whatever they say of themselves. */
export const NGINX_UNBUFFERED: Program = nginx("nginx with proxy_buffering off", true, [
  "proxy_buffering off;",
]);

/** As its manual has it for WebSockets; without a length of life of its own for them. */
const UPGRADE = [
  "proxy_http_version 1.1;",
  "proxy_set_header Upgrade $http_upgrade;",
  "proxy_set_header Connection $connection_wish;",
  "proxy_set_header Host $http_host;",
];

export const NGINX_UPGRADING: Program = nginx("nginx that upgrades", false, UPGRADE);

/** Two seconds, where 60 are its own: of what is silent for longer nothing is left. */
const IMPATIENT = "proxy_read_timeout 2s;";

export const NGINX_IMPATIENT: Program = nginx("nginx with a read timeout of 2 s", false, [
  IMPATIENT,
]);

export const NGINX_UPGRADING_IMPATIENT: Program = nginx(
  "nginx that upgrades, with a read timeout of 2 s",
  false,
  [...UPGRADE, IMPATIENT],
);
