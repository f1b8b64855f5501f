/** Varnish, which passes requests with a body on. */
import { lines } from "./nginx.ts";
import type { Program, Setting } from "./program.ts";

/** As its manual has it for WebSockets. */
const PIPING = [
  "sub vcl_recv {",
  'if (req.http.upgrade ~ "(?i)websocket") { return (pipe); }',
  "}",
  "sub vcl_pipe {",
  "if (req.http.upgrade) {",
  "set bereq.http.upgrade = req.http.upgrade;",
  "set bereq.http.connection = req.http.connection;",
  "}",
  "}",
];

function configuration({ serverPort, silenceMs }: Setting, extra: readonly string[]): string {
  return lines(
    "vcl 4.1;",
    "backend server {",
    '.host = "127.0.0.1";',
    `.port = "${serverPort}";`,
    silenceMs !== undefined && `.first_byte_timeout = ${silenceMs}ms;`,
    "}",
    ...extra,
  );
}

const varnish = (name: string, extra: readonly string[]): Program => ({
  name,
  command: "varnishd",
  package: "varnish",
  versionToServer: "1.1",
  keepsConnections: true,
  statusOfClosed: 503,
  reload: undefined,
  limitsRequests: false,
  prepare(setting) {
    const { folder, port, idleMs } = setting;
    const parameters = ["vsl_space=1M", "thread_pools=1"];
    if (idleMs !== undefined) parameters.push(`backend_idle_timeout=${idleMs / 1_000}`);
    return {
      files: { "default.vcl": configuration(setting, extra) },
      args: [
        "-F",
        "-f",
        `${folder}/default.vcl`,
        "-a",
        `127.0.0.1:${port}`,
        "-T",
        "none",
        "-n",
        `${folder}/work`,
        "-s",
        "malloc,16m",
        ...parameters.flatMap((parameter) => ["-p", parameter]),
      ],
    };
  },
});

export const VARNISH: Program = varnish("varnish", []);

export const VARNISH_PIPING: Program = varnish("varnish that pipes WebSockets", PIPING);
