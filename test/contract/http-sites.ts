/** Servers of every kind that the adapters are made for, each with its recipe, on a free port. */
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createSecureServer } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import type { Server, Socket } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { configureServer } from "../../src/http/configure-server.ts";
import { fetchHandler } from "../../src/http/fetch-handler.ts";
import type { NodeRequest, NodeResponse } from "../../src/http/node-exchange.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
import type { RequestHandler } from "../../src/session/peer.ts";
import { selfSigned } from "../http/certificate.ts";
import { listenLocally } from "../listening.ts";

/** A server that listens on a free port of this machine. */
export interface Listening {
  readonly server: Server;
  readonly port: number;
  /** What a client must trust; undefined without TLS. */
  readonly authority: string | undefined;
  /** Ends what the server's framework keeps. */
  close(): Promise<void>;
}

export type Serve = (handler: RequestHandler) => Promise<Listening>;

/** Where a site answers a request of its own, to show that it is left alone. */
export const OWN_PATH = "/own";
export const OWN_TEXT = "of the site";

async function listen(server: Server, authority?: string): Promise<Listening> {
  const port = await listenLocally(server);
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    await once(server, "close");
  };
  return { server, port, authority, close };
}

/** What a plain server does with a listener: its own paths, and nothing else. */
function withOwnPath(
  handler: RequestHandler,
): (request: NodeRequest, response: NodeResponse) => void {
  const listener = nodeListener(handler);
  return (request, response) => {
    listener(request, response, () => {
      response.writeHead(request.url === OWN_PATH ? 200 : 404);
      response.end(request.url === OWN_PATH ? OWN_TEXT : "");
    });
  };
}

export const serveHttp: Serve = (handler) => {
  const server = createHttpServer(withOwnPath(handler));
  server.on("upgrade", upgradeListener(handler));
  configureServer(server);
  return listen(server);
};

export const serveHttps: Serve = (handler) => {
  const identity = selfSigned();
  const server = createHttpsServer(identity, withOwnPath(handler));
  server.on("upgrade", upgradeListener(handler));
  configureServer(server);
  return listen(server, identity.cert);
};

export const serveHttp2: Serve = (handler) => {
  const identity = selfSigned();
  const server = createSecureServer({ ...identity, allowHTTP1: true }, withOwnPath(handler));
  server.on("upgrade", upgradeListener(handler));
  return listen(server, identity.cert);
};

export const serveExpress: Serve = (handler) => {
  const app = express();
  app.use(nodeListener(handler));
  app.use(express.json());
  app.get(OWN_PATH, (_request, response) => {
    response.send(OWN_TEXT);
  });
  const server = createHttpServer(app);
  configureServer(server);
  return listen(server);
};

export const serveFastify: Serve = async (handler) => {
  const listener = nodeListener(handler);
  const app = fastify({ forceCloseConnections: true });
  app.all("/holdfast", {
    onRequest: (request, reply) => {
      reply.hijack();
      listener(request.raw, reply.raw);
    },
    handler: () => {},
  });
  app.get(OWN_PATH, () => OWN_TEXT);
  await app.ready();
  configureServer(app.server);
  return { ...(await listen(app.server)), close: () => app.close() };
};

export const serveHono: Serve = (handler) => {
  const handle = fetchHandler(handler);
  const app = new Hono();
  app.all("/holdfast", (context) => handle(context.req.raw, getConnInfo(context).remote));
  app.get(OWN_PATH, (context) => context.text(OWN_TEXT));
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  return listen(server);
};

/** The handler alone, on a host that says nothing about its clients. */
export const serveFetch: Serve = (handler) => {
  const handle = fetchHandler(handler);
  const server = createAdaptorServer({
    fetch: async (request) => {
      if (new URL(request.url).pathname !== OWN_PATH) return handle(request);
      return new Response(OWN_TEXT);
    },
  }) as Server;
  return listen(server);
};

/** The connections of a server, to be broken. */
export class Connections {
  readonly #open: Set<Socket> = new Set();
  #isBlocked = false;

  constructor(server: Server) {
    server.on("connection", (socket: Socket) => {
      if (this.#isBlocked) {
        socket.resetAndDestroy();
        return;
      }
      this.#open.add(socket);
      socket.once("close", () => this.#open.delete(socket));
    });
  }

  cut(): number {
    const count = this.#open.size;
    for (const socket of this.#open) socket.resetAndDestroy();
    return count;
  }

  block(): void {
    this.#isBlocked = true;
    this.cut();
  }

  unblock(): void {
    this.#isBlocked = false;
  }
}
