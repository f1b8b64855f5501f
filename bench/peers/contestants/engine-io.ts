/**
 * Engine.IO. Its first transport is polling: all packets that wait go in one request or response.
 * Packets, and so requests, may be of any size (`maxHttpBufferSize`; as it is no number in JSON the
 * client need not count characters either), and nothing is compressed. The client's transport by
 * `fetch`, which keeps connections alive: the one by `XMLHttpRequest`, with an agent that does so
 * too, was slower in echoes and downstream. Half a megabyte waits at most: with a quarter of it
 * there is more of HTTP per message, with much more the collector has more to do.
 *
 * WebSocket: binary messages, which go as they are, while text is prefixed and decoded. The servers
 * that its documentation names for more speed do not run here: `eiows` wants a later Node, and
 * µWebSockets.js does not come from the registry.
 */
import { createServer } from "node:http";
import { Server } from "engine.io";
import { Fetch, NodeWebSocket, Socket } from "engine.io-client";
import type { Connection, Contestant, Message } from "../contestant.ts";
import { dialling } from "./dialling.ts";
import { listening } from "./listening.ts";

/** Characters or bytes that may wait until they are given to the transport. */
const WAITING_MAX = 1 << 19;

/** What the sockets of client and server have in common. */
interface EngineSocket {
  on(event: "message", listener: (message: Message) => void): unknown;
  on(event: "drain" | "close", listener: () => void): unknown;
  send(message: Message): unknown;
  close(): unknown;
}

function connection(socket: EngineSocket): Connection {
  let waiting = 0;
  const end: Connection = {
    onMessage: () => {},
    onDrain: () => {},
    onClose: () => {},
    send(message) {
      waiting += message.length;
      socket.send(message);
      return waiting < WAITING_MAX;
    },
    close: () => void socket.close(),
  };
  socket.on("message", (message) => end.onMessage(message));
  // All that waits is given to the transport.
  socket.on("drain", () => {
    const wasFull = waiting >= WAITING_MAX;
    waiting = 0;
    if (wasFull) end.onDrain();
  });
  socket.on("close", () => end.onClose());
  return end;
}

function by(transport: "polling" | "websocket"): Contestant {
  return {
    name: `Engine.IO ${transport}`,
    package: "engine.io",
    kind: transport === "polling" ? "http" : "websocket",
    payload: transport === "polling" ? "text" : "bytes",
    async serve({ onConnection, holdTimeMs }) {
      const server = createServer();
      const engine = new Server({
        transports: [transport],
        maxHttpBufferSize: Infinity,
        httpCompression: false,
        // Its ping is what answers a silent poll.
        ...(holdTimeMs === undefined ? {} : { pingInterval: holdTimeMs }),
      });
      engine.on("connection", (socket: EngineSocket) => onConnection(connection(socket)));
      engine.attach(server);
      return { port: await listening(server), server };
    },
    connect: dialling((port, opened, failed) => {
      const socket = new Socket(`http://127.0.0.1:${port}`, {
        transports: [transport === "polling" ? Fetch : NodeWebSocket],
        timestampRequests: false,
        // Its types do not know of what its documentation says.
        perMessageDeflate: false as never,
      });
      socket.binaryType = "nodebuffer";
      socket.on("open", () => opened(connection(socket as EngineSocket)));
      socket.on("error", failed);
    }),
  };
}

export const engineIo: readonly Contestant[] = [by("polling"), by("websocket")];
