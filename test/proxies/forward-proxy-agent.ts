/**
 * An agent that asks a proxy for whole URLs, as clients behind a forward proxy do (RFC 9112 section
 * 3.2.2). Node 20 has none; applications take one from a package, and hand it over as `agent`.
 */
import http, { type ClientRequest } from "node:http";

/** The method of Node's agents that packages build upon; its types leave it out. */
interface Queue {
  addRequest(request: ClientRequest, options: http.RequestOptions): void;
}

export class ForwardProxyAgent extends http.Agent {
  readonly #port: number;

  constructor(port: number, options: http.AgentOptions) {
    super(options);
    this.#port = port;
  }

  addRequest(request: ClientRequest, options: http.RequestOptions): void {
    request.path = `http://${options.host}:${options.port}${request.path}`;
    const proxied = { ...options, host: "127.0.0.1", port: this.#port };
    (http.Agent.prototype as unknown as Queue).addRequest.call(this, request, proxied);
  }
}
