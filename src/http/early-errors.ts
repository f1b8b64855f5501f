/**
 * Answers for requests that never become one: what Node's parser refuses, what comes too slowly,
 * CONNECT and unknown expectations. Node answers most of them by a bare status and some not at all;
 * here they get a status and a reason like every other refusal.
 */
import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import { errorAnswer, type HttpErrorCode } from "./http-error.ts";

/** What Node's parser and its clock say, by the codes of their errors; the rest is malformed. */
const REASONS: Readonly<Record<string, HttpErrorCode>> = {
  HPE_HEADER_OVERFLOW: "head_too_large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "body_too_large",
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout",
};

/** Leaves alone what the application listens for itself. */
export function answerEarlyErrors(server: HttpServer | HttpsServer): void {
  const listen = (event: string, listener: (...args: never[]) => void): void => {
    if (server.listenerCount(event) === 0) server.on(event, listener as () => void);
  };
  listen("clientError", (error: { readonly code?: string }, socket: Duplex) => {
    refuse(socket, REASONS[error.code ?? ""] ?? "request_malformed");
  });
  listen("connect", (_request: IncomingMessage, socket: Duplex) => {
    // Node hands over the bare socket; without a listener an error on it would be thrown.
    socket.on("error", () => {});
    refuse(socket, "method_not_allowed");
  });
  listen("checkExpectation", (_request: IncomingMessage, response: ServerResponse) => {
    const { status, headers, body } = errorAnswer("expectation_failed", {});
    // Whether the body still comes depends on what was expected: nothing can follow it.
    response.writeHead(status, { ...headers, connection: "close" }).end(body);
  });
}

/** An upgrade that is not to be: its connection ends with the answer. */
export function refuseUpgrade(socket: Duplex, code: HttpErrorCode): void {
  // Node hands over the bare socket, as for CONNECT.
  socket.on("error", () => {});
  refuse(socket, code);
}

/**
 * The answer that a connection waits for, as Node itself finds it: of a request that was sent
 * before (pipelining) what follows.
 */
export function answerUnderWay(socket: Duplex): { readonly headersSent: boolean } | undefined {
  const { _httpMessage: begun } = socket as {
    readonly _httpMessage?: { readonly headersSent: boolean } | null;
  };
  return begun ?? undefined;
}

/** Writes the last answer of a connection by hand. */
function refuse(socket: Duplex, code: HttpErrorCode): void {
  // As Node does: into an answer that has begun, another one would only be damage.
  if (!socket.writable || answerUnderWay(socket)?.headersSent === true) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = errorAnswer(code, { connection: "close" });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  // Without the status line's words: nobody reads them, and RFC 9112 section 4 allows it.
  socket.write(`HTTP/1.1 ${status} \r\n${lines.join("")}\r\n`);
  socket.end(body, () => socket.destroy());
}
