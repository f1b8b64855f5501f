/**
 * Server-sent events down, one response that never ends, and a POST for each message up
 * ([posts.ts](posts.ts)). Each message is one event and one `write`; Node sends those of one turn
 * together. Messages hold no line breaks, as JSON does not. After a cut there is a new stream at
 * once, and what was written to the old one is lost: an application that numbers its events and
 * keeps them can do better.
 */
import { randomUUID } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import { StringDecoder } from "node:string_decoder";
import type { Dispatcher } from "undici";
import type { ConnectOptions, Connection, Contestant } from "../contestant.ts";
import { listening } from "./listening.ts";
import { PostingEnd, receive } from "./posts.ts";

const START = "data: ";
const END = "\n\n";

/** Before the next attempt where a stream has not begun; otherwise it comes at once. */
const PAUSE_MS = 10;

function serverConnection(response: ServerResponse): Connection {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.flushHeaders();
  const end: Connection = {
    onMessage: () => {},
    onDrain: () => {},
    onClose: () => {},
    send: (message) => response.write(`${START}${message as string}${END}`),
    close: () => void response.end(),
  };
  response.on("drain", () => end.onDrain());
  response.on("close", () => end.onClose());
  return end;
}

class ClientEnd extends PostingEnd {
  /** The stream is there. */
  onOpen: () => void = () => {};

  constructor(options: ConnectOptions, path: string) {
    super(options, path, { headersTimeout: 0, bodyTimeout: 0 });
    this.#listen();
  }

  #listen(): void {
    const decoder = new StringDecoder();
    let rest = "";
    let hasBegun = false;
    const again = (): void => {
      if (this.down.destroyed) return;
      if (!this.reconnects) return this.close();
      setTimeout(() => this.#listen(), hasBegun ? 0 : PAUSE_MS);
    };
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart: () => {
        hasBegun = true;
        this.onOpen();
      },
      onResponseData: (_controller, chunk) => {
        const events = (rest + decoder.write(chunk)).split(END);
        rest = events.pop() as string;
        for (const event of events) this.onMessage(event.slice(START.length));
      },
      onResponseEnd: again,
      onResponseError: again,
    };
    this.down.dispatch({ method: "GET", path: this.path }, handler);
  }
}

export const sse: Contestant = {
  name: "SSE + POST",
  package: "undici",
  kind: "http",
  payload: "text",
  async serve({ onConnection }) {
    const ends = new Map<string, Connection>();
    const server = createServer((request, response) => {
      const path = request.url as string;
      if (request.method === "GET") {
        const end = serverConnection(response);
        ends.set(path, end);
        onConnection(end);
      } else {
        receive(request, response, (body) => ends.get(path)?.onMessage(body.toString()));
      }
    });
    return { port: await listening(server), server };
  },
  connect: (options) =>
    new Promise((resolve, reject) => {
      const end = new ClientEnd(options, `/${randomUUID()}`);
      end.onOpen = () => resolve(end);
      end.onClose = () => reject(new Error("cannot connect"));
    }),
};
