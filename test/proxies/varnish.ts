/** Varnish, which passes requests with a body on. */
import { lines } from "./nginx.ts";
import type { Program, Setting } from "./program.ts";

function configuration({ serverPort, silenceMs }: Setting): string {
  return lines(
    "vcl 4.1;",
    "backend server {",
    '.host = "127.0.0.1";',
    `.port = "${serverPort}";`,
    silenceMs !== undefined && `.first_byte_timeout = ${silenceMs}ms;`,
    "}",
  );
}

export const VARNISH: Program = {
  name: "varnish",
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
      files: { "default.vcl": configuration(setting) },
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
};
