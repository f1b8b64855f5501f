/**
 * Socket.IO with its default parser, which carries text in one packet; binary data would take two.
 * As documented for speed there is no compression and no change of transport; what Engine.IO needs
 * to be fast is in `engine-io.ts`. Reconnection is its own, at once instead of after a second.
 *
 * With *recovery* the server keeps what it has sent (for two minutes, as the documentation's example
 * does), and sends what a returning client has missed; what the client sent and what has not arrived
 * is not looked at. With *retries* the client sends each message again until the server has
 * acknowledged it, one at a time: at least once. The server has no such option, so that its
 * messages are left to recovery.
 */
import { createServer } from "node:http";
import { Fetch, NodeWebSocket } from "engine.io-client";
import { Server, type Socket as ServerSocket } from "socket.io";
import { io, type Socket } from "socket.io-client";
import type { Connection, Contestant, Message } from "../contestant.ts";
import { listening } from "./listening.ts";

/** Characters that may wait until they are given to the transport. */
const WAITING_MAX = 1 << 19;

/** Messages that may wait to be acknowledged: each one takes its own round trip anyway. */
const UNACKNOWLEDGED_MAX = 1_000;

const RECOVERY = { maxDisconnectionDuration: 2 * 60 * 1_000 };

/** As in the documentation's example; but none is ever given up. */
const RETRIES = { retries: Infinity, ackTimeout: 10_000 };

interface Variant {
  readonly name: string;
  readonly transport: "polling" | "websocket";
  readonly recovers?: boolean;
  readonly retries?: boolean;
}

/** Counts what waits. */
class Gauge {
  waiting = 0;
  readonly #end: Connection;

  constructor(end: Connection) {
    this.#end = end;
  }

  get hasRoom(): boolean {
    return this.waiting < WAITING_MAX;
  }

  /** The engine's `drain`: all that waits is given to the transport. */
  readonly drained = (): void => {
    const { hasRoom } = this;
    this.waiting = 0;
    if (!hasRoom) this.#end.onDrain();
  };
}

function serverConnection(socket: ServerSocket, { recovers = false }: Variant): Connection {
  const end: Connection = {
    onMessage: () => {},
    onDrain: () => {},
    onClose: () => {},
    send(message) {
      gauge.waiting += message.length;
      socket.emit("m", message);
      return gauge.hasRoom;
    },
    close: () => void socket.disconnect(true),
  };
  const gauge = new Gauge(end);
  socket.conn.on("drain", gauge.drained);
  socket.on("m", (message: Message, acknowledge?: () => void) => {
    end.onMessage(message);
    acknowledge?.();
  });
  // With recovery what is sent in between is kept as well.
  if (!recovers) socket.on("disconnect", () => end.onClose());
  return end;
}

function clientConnection(socket: Socket, { retries = false }: Variant): Connection {
  let unacknowledged = 0;
  let flushed: () => void = () => {};
  const acknowledged = (): void => {
    unacknowledged--;
    if (unacknowledged === UNACKNOWLEDGED_MAX - 1) end.onDrain();
    if (unacknowledged === 0) flushed();
  };
  const end: Connection = {
    onMessage: () => {},
    onDrain: () => {},
    onClose: () => {},
    send(message) {
      if (retries) {
        socket.emit("m", message, acknowledged);
        return ++unacknowledged < UNACKNOWLEDGED_MAX;
      }
      gauge.waiting += message.length;
      socket.emit("m", message);
      return gauge.hasRoom;
    },
    close: () => void socket.disconnect(),
  };
  if (retries) {
    end.flushed = () =>
      new Promise((resolve) => {
        if (unacknowledged === 0) resolve();
        else flushed = resolve;
      });
  }
  const gauge = new Gauge(end);
  socket.on("m", (message: Message) => end.onMessage(message));
  const attach = (): void => void socket.io.engine.on("drain", gauge.drained);
  attach();
  socket.io.on("open", attach);
  return end;
}

function by(variant: Variant): Contestant {
  const { name, transport, recovers = false, retries = false } = variant;
  return {
    name,
    package: "socket.io",
    kind: transport === "polling" ? "http" : "websocket",
    payload: "text",
    async serve({ onConnection, holdTimeMs }) {
      const server = createServer();
      const sockets = new Server(server, {
        transports: [transport],
        maxHttpBufferSize: Infinity,
        httpCompression: false,
        serveClient: false,
        ...(holdTimeMs === undefined ? {} : { pingInterval: holdTimeMs }),
        ...(recovers ? { connectionStateRecovery: RECOVERY } : {}),
      });
      sockets.on("connection", (socket) => onConnection(serverConnection(socket, variant)));
      return { port: await listening(server), server };
    },
    connect: ({ port, reconnects = false }) =>
      new Promise((resolve, reject) => {
        const socket = io(`http://127.0.0.1:${port}`, {
          transports: [transport === "polling" ? Fetch : NodeWebSocket],
          forceNew: true,
          timestampRequests: false,
          // Its types do not know of what its documentation says.
          perMessageDeflate: false as never,
          reconnection: reconnects,
          // It takes nought for the default.
          reconnectionDelay: 1,
          reconnectionDelayMax: 10,
          randomizationFactor: 0,
          ...(retries ? RETRIES : {}),
        });
        socket.once("connect", () => resolve(clientConnection(socket, variant)));
        socket.once("connect_error", reject);
      }),
  };
}

export const socketIo: readonly Contestant[] = [
  by({ name: "Socket.IO polling", transport: "polling" }),
  by({ name: "Socket.IO websocket", transport: "websocket" }),
  by({ name: "Socket.IO recovery", transport: "websocket", recovers: true }),
  by({ name: "Socket.IO retries", transport: "websocket", recovers: true, retries: true }),
];
