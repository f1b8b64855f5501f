/**
 * An agent that goes through a forward proxy, as clients in companies do: it asks the proxy for
 * whole URLs (RFC 9112 section 3.2.2), and for a tunnel where the connection is to change its
 * protocol (RFC 9110 section 9.3.6, RFC 6455 section 4.1). Node 20 has none; applications take one
 * from a package, and hand it over as `agent`.
 */
import http, { type ClientRequest } from "node:http";
import type { Duplex } from "node:stream";

/** The method of Node's agents that packages build upon; its types leave it out. */
interface Queue {
  addRequest(request: ClientRequest, options: http.RequestOptions): void;
}

/** What requests have for agents, and types leave out too. */
interface Tunnelled {
  onSocket(socket: Duplex | null, error?: Error): void;
}

export class ForwardProxyAgent extends http.Agent {
  readonly #port: number;

  constructor(port: number, options: http.AgentOptions) {
    super(options);
    this.#port = port;
  }

  addRequest(request: ClientRequest, options: http.RequestOptions): void {
    if (request.hasHeader("upgrade")) {
      this.#tunnel(request, `${options.host}:${options.port}`);
      return;
    }
    request.path = `http://${options.host}:${options.port}${request.path}`;
    const proxied = { ...options, host: "127.0.0.1", port: this.#port };
    (http.Agent.prototype as unknown as Queue).addRequest.call(this, request, proxied);
  }

  #tunnel(request: ClientRequest, path: string): void {
    const asking = http.request({
      host: "127.0.0.1",
      port: this.#port,
      method: "CONNECT",
      path,
      headers: { host: path },
      agent: false,
    });
    const tunnelled = request as unknown as Tunnelled;
    asking.once("connect", ({ statusCode }, socket) => {
      // The bare socket has nobody to tell yet; nor later, where the request has been given up.
      socket.on("error", () => {});
      if (statusCode === 200 && !request.destroyed) {
        tunnelled.onSocket(socket);
        return;
      }
      socket.destroy();
      tunnelled.onSocket(null, new Error(`The proxy makes no tunnel: ${statusCode}`));
    });
    asking.once("error", (error) => tunnelled.onSocket(null, error));
    request.once("close", () => asking.destroy());
    asking.end();
  }
}
