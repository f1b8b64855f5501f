/**
 * Requests by `node:http` and `node:https` over the connections of an agent that somebody brought,
 * for proxies and client certificates.
 */
import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { ClientExchange, RequestMaker, SentRequest } from "./client-exchange.ts";

export class AgentRequests implements RequestMaker {
  private readonly target: http.RequestOptions;
  private readonly connectTimeoutMs: number;

  /** @param target - with the agent. */
  constructor(target: http.RequestOptions, connectTimeoutMs: number) {
    this.target = { ...target, method: "POST" };
    this.connectTimeoutMs = connectTimeoutMs;
  }

  send(headers: Record<string, string>, body: Uint8Array, exchange: ClientExchange): SentRequest {
    return new AgentRequest(this.target, this.connectTimeoutMs, headers, body, exchange);
  }

  /** The agent is its owner's. */
  close(): void {}
}

class AgentRequest implements SentRequest {
  private readonly exchange: ClientExchange;
  private readonly connectTimeoutMs: number;
  private request: ClientRequest | undefined;
  private connectTimer: NodeJS.Timeout | undefined;

  constructor(
    target: http.RequestOptions,
    connectTimeoutMs: number,
    headers: Record<string, string>,
    body: Uint8Array,
    exchange: ClientExchange,
  ) {
    this.exchange = exchange;
    this.connectTimeoutMs = connectTimeoutMs;
    const make = target.protocol === "https:" ? https.request : http.request;
    try {
      const request = (this.request = make({
        ...target,
        headers: { ...headers, "content-length": body.byteLength },
      }));
      // HTTP/1.1's default, which needs no header.
      request.removeHeader("connection");
      request.on("socket", (socket) => this.connect(socket));
      request.on("response", (response) => this.receive(request, response));
      request.on("error", (error) => exchange.handleError(error));
      request.on("close", () => {
        clearTimeout(this.connectTimer);
        // A switch of protocols that nobody asked for ends like this, without an error.
        if (!exchange.hasHead) exchange.fail("network_error");
      });
      request.end(body);
    } catch (error) {
      // An agent may throw: one of somebody's own, or one for the other protocol.
      exchange.handleError(error);
    }
  }

  abort(): void {
    clearTimeout(this.connectTimer);
    this.request?.destroy();
  }

  /** Bounds the time until a new connection is there; one that is used again is there. */
  private connect(socket: Socket): void {
    const { exchange } = this;
    const isSecure = socket instanceof TLSSocket;
    // `reusedSocket` is false for a request that waited for its connection in the agent.
    const isReady = isSecure ? socket.getCipher() !== undefined : !socket.connecting;
    // One that failed at once looks ready.
    if (isReady && !socket.destroyed) exchange.handleConnection();
    if (isReady) return;
    this.connectTimer = setTimeout(
      () => exchange.fail("connection_timeout"),
      this.connectTimeoutMs,
    );
    socket.once(isSecure ? "secureConnect" : "connect", () => {
      exchange.handleConnection();
      clearTimeout(this.connectTimer);
    });
  }

  private receive(request: ClientRequest, response: IncomingMessage): void {
    const { exchange } = this;
    exchange.handleHead(response.statusCode ?? 0, response.headers["content-type"]);
    response.on("data", (piece: Uint8Array) => exchange.handleData(piece));
    response.on("end", () => {
      exchange.handleEnd();
      // Whoever answers before the whole request is there does not want the rest.
      if (!request.writableFinished) request.destroy();
    });
    // After `end`, or instead of it.
    response.on("close", () => exchange.handleError(undefined));
  }
}
