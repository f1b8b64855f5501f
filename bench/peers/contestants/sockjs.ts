/**
 * SockJS, by its two transports over XMLHttpRequest, as they work everywhere. Neither end tells how
 * much waits, so this looks at its lists: unbounded, downwards, a response gets so long that the
 * client, which looks through all of it at each chunk, becomes many times slower. Upwards the client
 * waits 25 ms after each request, so what waits may be more. Responses end after 128 KiB, its
 * default: what waits until the next one begins goes in one frame, which is its fast way.
 *
 * Its client uses Node's agent for all requests. That one drops a connection which was silent for
 * some seconds, and now and then a stream broke with it, of which this client learns nothing in
 * Node: so it gets an agent, and the server a time, with which connections stay open.
 *
 * It leaves it to the application to connect anew. For the reason just told its client often finds
 * only by what it sends next that it was cut.
 */
import http, { Agent, createServer } from "node:http";
import { createServer as createSockJs, type Connection as ServerSocket } from "sockjs";
import SockJS from "sockjs-client";
import type { Connection, Contestant } from "../contestant.ts";
import { dialling } from "./dialling.ts";
import { listening } from "./listening.ts";

/** Characters between two looks at what waits. */
const DOWN_MAX = 1 << 18;
const UP_MAX = 1 << 22;

/** Connections without a request stay open for so long. */
const IDLE_MS = 120_000;

const AGENT = new Agent({ keepAlive: true });

/** To open a connection may take so long; by itself the client gives up after 0.6 s. */
const OPENING_MS = 10_000;

/** What is not in its types: the lists of what waits. */
interface ServerInternals {
  readonly _session: {
    readonly send_buffer: readonly string[];
    readonly recv: { readonly response: { readonly writableLength: number } } | null;
  };
}
interface ClientInternals {
  readonly _transport: { readonly sendBuffer: readonly string[] } | null;
}

/** Looks, after so many characters, until nothing waits. */
class Gauge {
  #sent = 0;
  #isLooking = false;
  readonly #max: number;
  readonly #isEmpty: () => boolean;
  readonly #onDrain: () => void;

  constructor(max: number, isEmpty: () => boolean, onDrain: () => void) {
    this.#max = max;
    this.#isEmpty = isEmpty;
    this.#onDrain = onDrain;
  }

  /** @returns false: there is no room. */
  add(characters: number): boolean {
    this.#sent += characters;
    if (this.#sent < this.#max) return true;
    if (!this.#isLooking) setImmediate(this.#look);
    this.#isLooking = true;
    return false;
  }

  readonly #look = (): void => {
    if (!this.#isEmpty()) return void setImmediate(this.#look);
    this.#isLooking = false;
    this.#sent = 0;
    this.#onDrain();
  };
}

function serverConnection(socket: ServerSocket): Connection {
  const { _session: session } = socket as ServerSocket & ServerInternals;
  let isClosed = false;
  const isEmpty = (): boolean =>
    isClosed || (session.send_buffer.length === 0 && !session.recv?.response.writableLength);
  const end: Connection = {
    onMessage: () => {},
    onDrain: () => {},
    onClose: () => {},
    send(message) {
      socket.write(message);
      return gauge.add(message.length);
    },
    close: () => void socket.close(),
  };
  const gauge = new Gauge(DOWN_MAX, isEmpty, () => end.onDrain());
  socket.on("data", (message) => end.onMessage(message));
  socket.on("close", () => {
    isClosed = true;
    end.onClose();
  });
  return end;
}

function clientConnection(socket: WebSocket): Connection {
  const internals = socket as unknown as ClientInternals;
  const isEmpty = (): boolean => {
    const { _transport: current } = internals;
    // Without one it is closed.
    return current === null || current.sendBuffer.length === 0;
  };
  const end: Connection = {
    onMessage: () => {},
    onDrain: () => {},
    onClose: () => {},
    send(message) {
      socket.send(message);
      return gauge.add(message.length);
    },
    close: () => void socket.close(),
  };
  const gauge = new Gauge(UP_MAX, isEmpty, () => end.onDrain());
  socket.addEventListener("message", ({ data }) => end.onMessage(data as string));
  socket.addEventListener("close", () => end.onClose());
  return end;
}

function by(transport: "xhr-streaming" | "xhr-polling"): Contestant {
  return {
    name: `SockJS ${transport}`,
    package: "sockjs",
    kind: "http",
    payload: "text",
    async serve({ onConnection, holdTimeMs = 25_000 }) {
      const server = createServer({ keepAliveTimeout: IDLE_MS });
      const sockets = createSockJs({
        prefix: "/s",
        websocket: false,
        // Its heartbeat is what answers a silent poll.
        heartbeat_delay: holdTimeMs,
        log: () => {},
      });
      sockets.on("connection", (socket) => onConnection(serverConnection(socket)));
      sockets.installHandlers(server);
      return { port: await listening(server), server };
    },
    connect: dialling((port, opened, failed) => {
      http.globalAgent = AGENT;
      const socket = new SockJS(`http://127.0.0.1:${port}/s`, undefined, {
        transports: transport,
        timeout: OPENING_MS,
      });
      socket.addEventListener("open", () => opened(clientConnection(socket)));
      socket.addEventListener("close", failed);
    }),
  };
}

export const sockJs: readonly Contestant[] = [by("xhr-streaming"), by("xhr-polling")];
