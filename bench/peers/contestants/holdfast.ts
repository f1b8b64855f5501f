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
import type { Connection, Contestant, Message, ReceiveOptions } from "../contestant.ts";
import { listening } from "./listening.ts";

/** By default; other times are in the same proportion to another one. */
const HOLD_TIME_MS = 25_000;

/** What a session may have under way at its opening; idle, it has one request or connection. */
const REQUESTS_PER_SESSION = 4;

type Bytes = Session<Uint8Array, Uint8Array>;

/** A class, as functions of each connection's own would be part of what it takes in memory. */
class End implements Connection {
  onMessage: Connection["onMessage"] = ignore;
  onDrain: Connection["onDrain"] = ignore;
  onClose: Connection["onClose"] = ignore;
  readonly #session: Bytes;

  constructor(session: Bytes, taking: ReceiveOptions["taking"]) {
    this.#session = session;
    session.onBundle((messages) => {
      for (const message of messages) this.onMessage(message);
      return taking?.();
    });
    void session.ended.then(() => this.onClose());
  }

  send(message: Message): boolean {
    const hasRoom = this.#session.send(message as Uint8Array);
    if (!hasRoom) void this.#session.ready.then(() => this.onDrain());
    return hasRoom;
  }

  flushed(): Promise<void> {
    return this.#session.flushed();
  }

  close(): void {
    void this.#session.close();
  }
}

function ignore(): void {}

function by(link: "poll" | "stream" | "websocket" | "tcp"): Contestant {
  return {
    name: `holdfast ${link}`,
    kind: "holdfast",
    payload: "bytes",
    async serve({ onConnection, holdTimeMs = HOLD_TIME_MS, connectionsMax = 256, taking }) {
      const scale = holdTimeMs / HOLD_TIME_MS;
      const sessions = new SessionServer<Uint8Array, Uint8Array>({
        codec: raw,
        hold: taking === undefined ? "received" : "consumed",
        holdTimeMs,
        silenceLimitMs: 90_000 * scale,
        pipeSilenceMs: 15_000 * scale,
        // All clients come from one address.
        sessionsPerAddressMax: connectionsMax,
        onSession: (session) => onConnection(new End(session, taking)),
      });
      const perAddressMax = REQUESTS_PER_SESSION * connectionsMax;
      const limits = { requestsPerAddressMax: perAddressMax };
      const server =
        link === "tcp"
          ? createServer(tcpListener(sessions, { connectionsPerAddressMax: perAddressMax }))
          : createHttpServer({}, nodeListener(sessions, limits));
      if (link !== "tcp") {
        server.on("upgrade", upgradeListener(sessions, limits));
        configureServer(server as ReturnType<typeof createHttpServer>);
      }
      return { port: await listening(server), server };
    },
    async connect({ port, holdTimeMs = HOLD_TIME_MS, taking }) {
      const scheme = link === "tcp" ? "tcp" : "http";
      const path = link === "tcp" ? "" : "/holdfast";
      const session = connect<Uint8Array, Uint8Array>(`${scheme}://127.0.0.1:${port}${path}`, {
        codec: raw,
        hold: taking === undefined ? "received" : "consumed",
        holdTimeMs,
        silenceLimitMs: (60_000 * holdTimeMs) / HOLD_TIME_MS,
        ...(link === "tcp" ? {} : { links: [link] }),
      });
      await session.opened;
      return new End(session, taking);
    },
  };
}

export const holdfast: readonly Contestant[] = [
  by("poll"),
  by("stream"),
  by("websocket"),
  by("tcp"),
];
