/**
 * `ws` without compression, which costs time and memory and is off by default at its server; its
 * client would offer it. Binary messages, as text would be checked for being UTF-8. `bufferedAmount`
 * is its measure of back-pressure.
 */
import { createServer } from "node:http";
import { WebSocket, WebSocketServer } from "ws";
import type { Connection, Contestant } from "../contestant.ts";
import { dialling } from "./dialling.ts";
import { listening } from "./listening.ts";

/** Bytes that may wait in this process. */
const BUFFERED_BYTES_MAX = 1 << 20;

function connection(socket: WebSocket): Connection {
  let wantsRoom = false;
  const end: Connection = {
    onMessage: () => {},
    onDrain: () => {},
    onClose: () => {},
    send(message) {
      socket.send(message, written);
      wantsRoom = socket.bufferedAmount >= BUFFERED_BYTES_MAX;
      return !wantsRoom;
    },
    close: () => socket.close(),
  };
  const written = (): void => {
    if (!wantsRoom || socket.bufferedAmount > BUFFERED_BYTES_MAX / 2) return;
    wantsRoom = false;
    end.onDrain();
  };
  socket.on("message", (data: Buffer) => end.onMessage(data));
  socket.on("close", () => end.onClose());
  socket.on("error", () => {});
  return end;
}

export const ws: Contestant = {
  name: "ws",
  package: "ws",
  kind: "websocket",
  payload: "bytes",
  async serve({ onConnection }) {
    const server = createServer();
    new WebSocketServer({ server }).on("connection", (socket) => onConnection(connection(socket)));
    return { port: await listening(server), server };
  },
  connect: dialling((port, opened, failed) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    socket.once("open", () => opened(connection(socket)));
    socket.once("error", failed);
  }),
};
