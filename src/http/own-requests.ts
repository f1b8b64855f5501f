/**
 * Requests over connections of a carrier's own, by undici, whose client takes a fraction of the
 * time of `node:http`'s. Here is only which connection carries which request.
 */
import type { ClientExchange, RequestMaker, SentRequest } from "./client-exchange.ts";
import { type ConnectionOwner, type ConnectionSettings, OwnConnection } from "./own-connection.ts";

/**
 * Most connections of a carrier, more than requests that a session has out: with fewer, messages
 * would wait for a held request to be answered.
 */
export const SOCKETS_MAX = 256;

export class OwnRequests implements RequestMaker, ConnectionOwner {
  private readonly settings: ConnectionSettings;
  private readonly connections: Set<OwnConnection> = new Set();
  /** Those without an exchange, the one that was used last at the end. */
  private readonly idle: OwnConnection[] = [];
  /** Requests for which there is no connection. */
  private readonly waiting: Set<OwnRequest> = new Set();
  private isClosed = false;

  constructor(settings: ConnectionSettings) {
    this.settings = settings;
  }

  send(headers: Record<string, string>, body: Uint8Array, exchange: ClientExchange): SentRequest {
    const request = new OwnRequest(this.waiting, headers, body, exchange);
    this.waiting.add(request);
    this.serve();
    return request;
  }

  close(): void {
    this.isClosed = true;
    this.dropIdle();
  }

  release(connection: OwnConnection): void {
    if (this.isClosed) {
      connection.destroy();
      return;
    }
    this.idle.push(connection);
    this.serve();
  }

  remove(connection: OwnConnection): void {
    if (!this.connections.delete(connection)) return;
    const at = this.idle.indexOf(connection);
    if (at >= 0) this.idle.splice(at, 1);
    this.serve();
  }

  /** What cut one has cut idle ones, too: a request that is made again would fail on one of them. */
  handleCut(): void {
    this.dropIdle();
  }

  private dropIdle(): void {
    while (this.idle.length > 0) this.idle.pop()?.destroy();
  }

  private serve(): void {
    for (const request of this.waiting) {
      // The connection that was used last is the least likely to have been closed meanwhile, and
      // its congestion window the warmest; those that are not needed stay idle and go.
      const connection = this.idle.pop() ?? this.add();
      if (connection === undefined) return;
      this.waiting.delete(request);
      request.sendOver(connection);
    }
  }

  private add(): OwnConnection | undefined {
    if (this.connections.size >= SOCKETS_MAX) return undefined;
    const connection = new OwnConnection(this.settings, this);
    this.connections.add(connection);
    return connection;
  }
}

class OwnRequest implements SentRequest {
  private readonly waiting: Set<OwnRequest>;
  private readonly headers: Record<string, string>;
  private readonly body: Uint8Array;
  private readonly exchange: ClientExchange;
  private connection: OwnConnection | undefined;

  constructor(
    waiting: Set<OwnRequest>,
    headers: Record<string, string>,
    body: Uint8Array,
    exchange: ClientExchange,
  ) {
    this.waiting = waiting;
    this.headers = headers;
    this.body = body;
    this.exchange = exchange;
  }

  sendOver(connection: OwnConnection): void {
    this.connection = connection;
    connection.send(this.headers, this.body, this.exchange);
  }

  abort(): void {
    this.waiting.delete(this);
    this.connection?.destroy();
  }
}
