/**
 * This library, on each of its links, with the raw codec and whole bundles. The link is forced, so
 * that a figure is that link's.
 */
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import {
  configureServer,
  connect,
  nodeListener,
  raw,
  SessionServer,
  type Session,
  tcpListener,
  upgradeListener,
} from "../../holdfast.ts";
import type { Connection, Contestant, Message } from "../contestant.ts";
import { listening } from "./listening.ts";

type Bytes = Session<Uint8Array, Uint8Array>;

function connection(session: Bytes): Connection {
  const end: Connection = {
    onMessage: () => {},
    onDrain: () => {},
    send(message: Message) {
      const hasRoom = session.send(message as Uint8Array);
      if (!hasRoom) void session.ready.then(() => end.onDrain());
      return hasRoom;
    },
    flushed: () => session.flushed(),
    close: () => void session.close(),
  };
  session.onBundle((messages) => {
    for (const message of messages) end.onMessage(message);
  });
  return end;
}

function by(link: "poll" | "stream" | "websocket" | "tcp"): Contestant {
  return {
    name: `holdfast ${link}`,
    kind: "holdfast",
    payload: "bytes",
    async serve({ onConnection, holdTimeMs = 25_000 }) {
      const sessions = new SessionServer<Uint8Array, Uint8Array>({
        codec: raw,
        holdTimeMs,
        onSession: (session) => onConnection(connection(session)),
      });
      const server =
        link === "tcp"
          ? createServer(tcpListener(sessions))
          : createHttpServer({}, nodeListener(sessions));
      if (link !== "tcp") {
        server.on("upgrade", upgradeListener(sessions));
        configureServer(server as ReturnType<typeof createHttpServer>);
      }
      return { port: await listening(server), server };
    },
    async connect({ port }) {
      const scheme = link === "tcp" ? "tcp" : "http";
      const path = link === "tcp" ? "" : "/holdfast";
      const session = connect<Uint8Array, Uint8Array>(`${scheme}://127.0.0.1:${port}${path}`, {
        codec: raw,
        ...(link === "tcp" ? {} : { links: [link] }),
      });
      await session.opened;
      return connection(session);
    },
  };
}

export const holdfast: readonly Contestant[] = [
  by("poll"),
  by("stream"),
  by("websocket"),
  by("tcp"),
];
