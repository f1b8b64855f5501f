/**
 * The server of the demo: the page, the lines, and behind the lines the sessions.
 *
 *     browser -- express, one port --+-- the page's files
 *                                    +-- /lines: reports and faults
 *                                    +-- /lines/ID/holdfast -- the line's fault proxy -- sessions
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { formatAddress } from "holdfast/chaos";
import { configureServer, nodeListener } from "holdfast/http/node";
import { SessionServer } from "holdfast/server";
import { changeFaults } from "./faults.ts";
import { forward, LINE_HEADER } from "./forward.ts";
import { type Line, Lines, type LinesOptions } from "./lines.ts";
import {
  type FromPage,
  type FromServer,
  type Refusal,
  SESSION_ENDS,
  SILENCE_LIMIT_MS,
} from "./messages.ts";
import { Page, PAGE_PATHS, type PageFile } from "./page-files.ts";
import { RefusedError } from "./refusal.ts";
import { Room } from "./room.ts";
import { checkVisitor } from "./visitors.ts";

export interface DemoOptions extends Omit<LinesOptions, "targetPort"> {
  /** The address to listen on; only "127.0.0.1" and its like keep others out. */
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

export interface Demo {
  readonly url: string;
  /** The text as it is now. */
  readonly text: string;
  /** Tells everybody, and is done when nothing is left open. */
  close(): Promise<void>;
}

/** Addresses that stand for all of a machine's, and one of them. */
const ANY_ADDRESS = new Map([
  ["0.0.0.0", "127.0.0.1"],
  ["::", "::1"],
]);

const SESSIONS_PATH = "/holdfast";

/** A few numbers and names. */
const FAULTS_BYTES_MAX = 1_024;

/** What is still being answered when the server closes is cut after so long. */
const CLOSE_WITHIN_MS = 1_000;

/** A page that is just between two requests comes back within so long, and is told the end. */
const TELL_WITHIN_MS = 250;

const KIB = 1024;

/** Rejects with what `listen` says: `EADDRINUSE` for a port that is taken. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const room = new Room();
  const sessions = new SessionServer<FromPage, FromServer>({
    // Edits are small and nobody types fast: strangers get no more room than that takes. The whole
    // text may come as one message.
    windowMessages: 2 * KIB,
    windowBytes: 512 * KIB,
    messageBytesMax: 256 * KIB,
    assemblyBytesMax: 512 * KIB,
    channelsMax: 8,
    channelUnits: 64,
    highWaterBytes: 128 * KIB,
    sessionsMax: 256,
    silenceLimitMs: SILENCE_LIMIT_MS,
    // A session belongs to its line, under whose id it is known.
    authenticate: (peer) => lines.find(peer.header(LINE_HEADER) ?? "")?.id,
    async onSession(session) {
      lines.find(session.principal)?.take(session);
      await room.serve(session);
    },
  });
  // Only lines come here. They hand on who has asked them: each is a proxy to be trusted.
  const inner = createServer(nodeListener(sessions, { path: SESSIONS_PATH, trustProxy: 1 }));
  configureServer(inner);
  const targetPort = await listen(inner, 0, "127.0.0.1");
  const lines = new Lines({ ...options, targetPort });
  const page = new Page();

  const outer = createServer(routes(page, lines, options.host));
  configureServer(outer);
  const close = async (): Promise<void> => {
    sessions.abort(SESSION_ENDS.stopping, "The server goes down");
    await sleep(TELL_WITHIN_MS);
    await closeServer(outer);
    await Promise.all([lines.close(), page.close()]);
    await closeServer(inner);
    room.close();
  };
  try {
    const port = await listen(outer, options.port, options.host);
    const named = ANY_ADDRESS.get(options.host) ?? options.host;
    return {
      url: `http://${formatAddress({ host: named, port })}/`,
      get text() {
        return room.text;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function routes(page: Page, lines: Lines, host: string): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use((request, response, next) => {
    checkVisitor(request, host);
    response.set("cache-control", "no-store");
    response.set("x-content-type-options", "nosniff");
    next();
  });

  app.get(PAGE_PATHS, (request, response, next) => {
    const send = (file: PageFile): void => {
      response.set("content-security-policy", "default-src 'self'; img-src 'self' data:");
      response.type(file.type).send(file.content);
    };
    page.file(request.path).then(send).catch(next);
  });

  app.post("/lines", (_request, response, next) => {
    const send = (line: Line): void => void response.status(201).json(line.report());
    lines.open().then(send).catch(next);
  });
  app.get("/lines/:id", (request, response) => {
    response.json(lineOf(lines, request.params.id).report());
  });
  const readFaults = express.json({ limit: FAULTS_BYTES_MAX, inflate: false });
  app.put("/lines/:id", demandJson, demandLittle, readFaults, (request, response) => {
    const line = lineOf(lines, request.params.id);
    line.faults = changeFaults(line.faults, request.body);
    response.json(line.report());
  });
  app.post("/lines/:id/holdfast", (request, response) => {
    const { id, proxy } = lineOf(lines, request.params.id);
    forward(request, response, { lineId: id, port: proxy.port, path: SESSIONS_PATH });
  });

  app.use(() => {
    throw new RefusedError(404, "not_found", "There is nothing here");
  });
  app.use(answerError);
  return app;
}

/** A page of another origin cannot send it without asking first, and nothing here answers yes. */
const demandJson: RequestHandler<{ id: string }> = (request, _response, next) => {
  if (request.is("application/json") !== false) next();
  else throw new RefusedError(415, "media_type_unsupported", "The body must be JSON");
};

/** Before anything is read: Express would read all of it, to answer then that it is too much. */
const demandLittle: RequestHandler<{ id: string }> = (request, response, next) => {
  const length = request.headers["content-length"];
  if (length !== undefined && Number(length) <= FAULTS_BYTES_MAX) {
    next();
    return;
  }
  // Nobody waits for the rest.
  response.set("connection", "close");
  throw length === undefined
    ? new RefusedError(411, "length_required", "The body's length must be told")
    : new RefusedError(413, "body_too_large", `The body may have ${FAULTS_BYTES_MAX} bytes`);
};

function lineOf(lines: Lines, id: string): Line {
  const line = lines.find(id);
  if (line === undefined) throw new RefusedError(404, "line_unknown", "There is no such line");
  return line;
}

/** What was thrown on the way, by us or by Express's own parts. */
const answerError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) {
    // Too late for words: Express ends the connection.
    next(error);
    return;
  }
  const { status, code, message } = refusalOf(error);
  if (status >= 500 && !(error instanceof RefusedError)) console.error(error);
  response.status(status).json({ code, error: message } satisfies Refusal);
};

function refusalOf(error: unknown): Pick<RefusedError, "status" | "code" | "message"> {
  if (error instanceof RefusedError) return error;
  // Express's errors name a status where the request is to blame.
  const { status } = Object(error) as { status?: unknown };
  const isBlamed = typeof status === "number" && status >= 400 && status < 500;
  if (isBlamed) return { status, code: "request_invalid", message: (error as Error).message };
  return { status: 500, code: "internal", message: "Something went wrong here" };
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host);
  await once(server, "listening");
  // Such as one connection too many for the process.
  server.on("error", (error) => console.error(error));
  return (server.address() as AddressInfo).port;
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_WITHIN_MS);
  server.close();
  await once(server, "close");
  clearTimeout(timer);
}
