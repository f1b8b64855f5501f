/** TCP alone, with and without TLS. */
import { createServer, type Server } from "node:net";
import { createServer as createSecureServer } from "node:tls";
import { connect, type ConnectOptions } from "../../src/http/connect-node.ts";
import { tcpListener } from "../../src/http/tcp-listener.ts";
import type { RequestHandler } from "../../src/session/peer.ts";
import { selfSigned } from "../http/certificate.ts";
import { listenLocally } from "../listening.ts";
import type { Harness, LinkOptions, Site } from "./harness.ts";
import { Connections } from "./http-sites.ts";

const LACKS = ["http", "headers", "requests"] as const;

async function start(server: Server, scheme: string, tls: ConnectOptions["tls"]): Promise<Site> {
  const connections = new Connections(server);
  const url = `${scheme}://127.0.0.1:${await listenLocally(server)}`;
  return {
    url: "",
    connect: <In, Out>({ headers: _none, ...options }: LinkOptions) =>
      connect<In, Out>(url, { tls, ...options }),
    cut: () => connections.cut(),
    block: () => connections.block(),
    unblock: () => connections.unblock(),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      connections.cut();
      await closed;
    },
  };
}

/** `connect("tcp://...")`. */
export const BY_TCP: Harness = {
  name: "TCP",
  lacks: LACKS,
  listen: (handler: RequestHandler) => start(createServer(tcpListener(handler)), "tcp", undefined),
};

/** `connect("tls://...")`. */
export const BY_TLS: Harness = {
  name: "TLS",
  lacks: LACKS,
  listen(handler: RequestHandler) {
    const identity = selfSigned();
    const server = createSecureServer(identity, tcpListener(handler));
    return start(server, "tls", { ca: identity.cert });
  },
};
