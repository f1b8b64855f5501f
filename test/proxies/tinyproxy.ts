/** Tinyproxy, in front of clients. */
import { lines } from "./nginx.ts";
import type { Program, Setting } from "./program.ts";

function configuration({ folder, port }: Setting, extra: readonly string[]): string {
  return lines(
    `Port ${port}`,
    "Listen 127.0.0.1",
    "Allow 127.0.0.1",
    // As Debian has them.
    "Timeout 600",
    "MaxClients 100",
    `LogFile "${folder}/tinyproxy.log"`,
    `PidFile "${folder}/tinyproxy.pid"`,
    ...extra,
  );
}

function tinyproxy(name: string, extra: readonly string[]): Program {
  return {
    name,
    command: "tinyproxy",
    package: "tinyproxy",
    versionToServer: "1.0",
    keepsConnections: false,
    reload: undefined,
    limitsRequests: false,
    isForwardProxy: true,
    prepare: (setting) => ({
      files: { "tinyproxy.conf": configuration(setting, extra) },
      args: ["-d", "-c", `${setting.folder}/tinyproxy.conf`],
    }),
  };
}

export const TINYPROXY: Program = tinyproxy("tinyproxy at the client", []);

/** As Debian packages it: tunnels are for TLS alone, and no WebSocket without it has one. */
export const TINYPROXY_CAREFUL: Program = tinyproxy(
  "tinyproxy at the client, with tunnels to port 443 alone",
  ["ConnectPort 443", "ConnectPort 563"],
);
