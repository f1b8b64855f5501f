/**
 * A POST for each message up ([posts.ts](posts.ts)), and classic long polls down: requests that the
 * server keeps, and of which each is answered with one message. One would mean one message per round
 * trip, so there are more of them where messages come, on one connection, which keeps their answers
 * in order; with nothing to say it goes down to one. A message in an answer that is cut is lost: the
 * client polls again at once, and nothing tells the server.
 */
import { randomUUID } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { Dispatcher } from "undici";
import type { ConnectOptions, Connection, Contestant, Message } from "../contestant.ts";
import { listening } from "./listening.ts";
import { PostingEnd, receive } from "./posts.ts";

/** Requests that the server keeps at once, at most. */
const POLLS_MAX = 64;

/** Messages that may wait for a request. */
const WAITING_MAX = 1_000;

/** Before the next poll where one has failed. */
const PAUSE_MS = 10;

class ServerEnd implements Connection {
  onMessage: Connection["onMessage"] = () => {};
  onDrain: Connection["onDrain"] = () => {};
  onClose: Connection["onClose"] = () => {};
  readonly #holdTimeMs: number;
  readonly #waiting: Uint8Array[] = [];
  readonly #parked: ServerResponse[] = [];
  #holdTimer: NodeJS.Timeout | undefined;

  constructor(holdTimeMs: number) {
    this.#holdTimeMs = holdTimeMs;
  }

  send(message: Message): boolean {
    this.#waiting.push(message as Uint8Array);
    this.#answer();
    return this.#waiting.length < WAITING_MAX;
  }

  park(response: ServerResponse): void {
    this.#parked.push(response);
    this.#holdTimer ??= setTimeout(() => this.#release(), this.#holdTimeMs);
    const wasFull = this.#waiting.length >= WAITING_MAX;
    this.#answer();
    if (wasFull && this.#waiting.length < WAITING_MAX) this.onDrain();
  }

  close(): void {
    clearTimeout(this.#holdTimer);
    for (const { socket } of this.#parked) socket?.destroy();
  }

  #answer(): void {
    while (this.#waiting.length > 0 && this.#parked.length > 0) {
      const response = this.#parked.shift();
      if (response === undefined || response.req.socket.destroyed) continue;
      const message = this.#waiting.shift() as Uint8Array;
      response.writeHead(200, { "content-length": message.length }).end(message);
    }
  }

  /** Answers all that are kept, as they have been for about so long. */
  #release(): void {
    this.#holdTimer = undefined;
    for (const response of this.#parked.splice(0)) response.writeHead(204).end();
  }
}

class ClientEnd extends PostingEnd {
  #outstanding = 0;
  #wanted = 1;

  constructor(options: ConnectOptions, path: string) {
    super(options, path, { pipelining: POLLS_MAX, headersTimeout: 0 });
    this.#poll();
  }

  #poll(): void {
    this.#outstanding++;
    let body: Buffer | undefined;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart() {},
      onResponseData(_controller, chunk) {
        body = body === undefined ? chunk : Buffer.concat([body, chunk]);
      },
      onResponseEnd: () => {
        this.#outstanding--;
        this.#wanted = body === undefined ? 1 : Math.min(POLLS_MAX, this.#wanted + 1);
        while (this.#outstanding < this.#wanted) this.#poll();
        if (body !== undefined) this.onMessage(body);
      },
      onResponseError: () => {
        if (this.down.destroyed) return;
        if (!this.reconnects) return this.close();
        this.#outstanding--;
        setTimeout(() => this.#poll(), PAUSE_MS);
      },
    };
    this.down.dispatch({ method: "GET", path: this.path }, handler);
  }
}

export const plainPost: Contestant = {
  name: "plain POST",
  package: "undici",
  kind: "http",
  payload: "bytes",
  async serve({ onConnection, holdTimeMs = 25_000 }) {
    const ends = new Map<string, ServerEnd>();
    const server = createServer((request, response) => {
      const path = request.url as string;
      let end = ends.get(path);
      if (end === undefined) {
        end = new ServerEnd(holdTimeMs);
        ends.set(path, end);
        onConnection(end);
      }
      if (request.method === "GET") end.park(response);
      else receive(request, response, end.onMessage);
    });
    return { port: await listening(server), server };
  },
  connect: async (options) => new ClientEnd(options, `/${randomUUID()}`),
};
