/**
 * This library, on each of its links, with the raw codec and whole bundles. The link is forced, so
 * that a figure is that link's. Beside them stands the default codec with small objects.
 */
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import {
  type CodecFactory,
  configureServer,
  connect,
  msgpack,
  nodeListener,
  raw,
  records,
  SessionServer,
  type Session,
  tcpListener,
  upgradeListener,
} from "../../holdfast.ts";
import type { Connection, Contestant, Message, ReceiveOptions } from "../contestant.ts";
import { listening } from "./listening.ts";
import { type Move, MOVE_MESSAGE_BYTES, MovesEnd } from "./moves.ts";

/** By default; other times are in the same proportion to another one. */
const HOLD_TIME_MS = 25_000;

/** What a session may have under way at its opening; idle, it has one request or connection. */
const REQUESTS_PER_SESSION = 4;

/**
 * A process may have so many on the machine of the results. A session by a stream takes one, and
 * another for as long as the connection of its last request is kept: where that is too many, these
 * go soon.
 */
const DESCRIPTORS = 20_000;
const SHORT_KEEP_ALIVE_MS = 2_000;

type Bytes = Session<Uint8Array, Uint8Array>;

/** A class, as functions of each connection's own would be part of what it takes in memory. */
class End implements Connection {
  onMessage: Connection["onMessage"] = ignore;
  onDrain: Connection["onDrain"] = ignore;
  onClose: Connection["onClose"] = ignore;
  readonly #session: Bytes;
  #isFull = false;

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
    if (!hasRoom && !this.#isFull) {
      this.#isFull = true;
      void this.#session.ready.then(() => {
        this.#isFull = false;
        this.onDrain();
      });
    }
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

/** In what form messages of the application are sent. */
interface Form {
  readonly name: string;
  readonly codec: CodecFactory;
  readonly messageBytes?: number;
  end(session: Session, taking: ReceiveOptions["taking"]): Connection;
}

const BYTES: Form = {
  name: "",
  codec: raw,
  end: (session, taking) => new End(session as Bytes, taking),
};

/** The default codec, for what such an application would rather send. */
const OBJECTS: Form = {
  name: ", msgpackr",
  codec: msgpack,
  messageBytes: MOVE_MESSAGE_BYTES,
  end: (session, taking) => new MovesEnd(session as Session<Move, Move>, taking),
};

/** The same with the keys of each shape sent once. */
const RECORDS: Form = { ...OBJECTS, name: ", records", codec: records };

function by(link: "poll" | "stream" | "websocket" | "tcp", form: Form = BYTES): Contestant {
  const { codec, messageBytes } = form;
  return {
    name: `holdfast ${link}${form.name}`,
    kind: "holdfast",
    payload: "bytes",
    ...(messageBytes === undefined ? {} : { messageBytes }),
    async serve({ onConnection, holdTimeMs = HOLD_TIME_MS, connectionsMax = 256, taking }) {
      const scale = holdTimeMs / HOLD_TIME_MS;
      const sessions = new SessionServer({
        codec,
        hold: taking === undefined ? "received" : "consumed",
        holdTimeMs,
        silenceLimitMs: 90_000 * scale,
        pipeSilenceMs: 15_000 * scale,
        // All clients come from one address.
        sessionsPerAddressMax: connectionsMax,
        onSession: (session) => onConnection(form.end(session, taking)),
      });
      const perAddressMax = REQUESTS_PER_SESSION * connectionsMax;
      const limits = { requestsPerAddressMax: perAddressMax };
      const server =
        link === "tcp"
          ? createServer(tcpListener(sessions, { connectionsPerAddressMax: perAddressMax }))
          : createHttpServer({}, nodeListener(sessions, limits));
      if (link !== "tcp") {
        server.on("upgrade", upgradeListener(sessions, limits));
        const isMany = link === "stream" && 2 * connectionsMax > DESCRIPTORS;
        configureServer(
          server as ReturnType<typeof createHttpServer>,
          isMany ? { keepAliveTimeoutMs: SHORT_KEEP_ALIVE_MS } : {},
        );
      }
      return { port: await listening(server), server };
    },
    async connect({ port, holdTimeMs = HOLD_TIME_MS, taking }) {
      const scheme = link === "tcp" ? "tcp" : "http";
      const path = link === "tcp" ? "" : "/holdfast";
      const session = connect(`${scheme}://127.0.0.1:${port}${path}`, {
        codec,
        hold: taking === undefined ? "received" : "consumed",
        holdTimeMs,
        silenceLimitMs: (60_000 * holdTimeMs) / HOLD_TIME_MS,
        ...(link === "tcp" ? {} : { links: [link] }),
      });
      await session.opened;
      return form.end(session, taking);
    },
  };
}

export const holdfast: readonly Contestant[] = [
  by("poll"),
  by("poll", OBJECTS),
  by("poll", RECORDS),
  by("stream"),
  by("websocket"),
  by("tcp"),
];
