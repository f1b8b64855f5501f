/**
 * One request that Node's http, https or http2 (by its compatibility API) handed to the listener:
 * reads its body, hands it to the server, and writes what the server says.
 *
 * An exchange is over when its answer was handed to the system or its connection died, whichever
 * is first; after that nothing it is told has any effect.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Duplex } from "node:stream";
import type { Reply, RequestHandler } from "../session/peer.ts";
import { whenLeft } from "../tcp/sockets.ts";
import { errorAnswer, type HttpAnswer, type HttpErrorCode, sessionAnswer } from "./http-error.ts";
import { IncomingBody } from "./incoming-body.ts";
import type { Judgement, RequestRules } from "./request-rules.ts";

/** A request of `node:http`, `node:https` or `node:http2`. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;
/** The response that belongs to it. */
export type NodeResponse = ServerResponse | Http2ServerResponse;
type Readable = Extract<Judgement, { kind: "read" }>;

/**
 * After an answer that does not wait for the request's end, what still comes is thrown away for so
 * long before the connection (of HTTP/2: the stream) is closed. Closing with unread bytes makes the
 * system send a reset, which can overtake the answer or wipe it out at the client. Two seconds are
 * several round trips of a slow line, and what Apache gives (`SECONDS_TO_LINGER`).
 */
export const LINGER_MS = 2_000;

/** How long clients of this library keep an idle connection, where they are not told otherwise. */
const CLIENT_IDLE_MS = 55_000;

export function headerOf(request: NodeRequest, name: string): string | undefined {
  const value: unknown = request.headers[name];
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.join(", ") : undefined;
}

/** What takes in a body. */
interface Reading {
  readonly body: IncomingBody;
  readonly add: (chunk: Uint8Array) => void;
  readonly end: () => void;
}

export class NodeExchange {
  private readonly rules: RequestRules;
  private readonly handler: RequestHandler;
  private readonly request: NodeRequest;
  private readonly response: NodeResponse;
  private readonly judged: Readable;
  /** Until the body has come. */
  private reading: Reading | undefined;
  private state: "reading" | "held" | "answered" | "over" = "reading";
  private timer: NodeJS.Timeout | undefined;
  private tellGone: (() => void) | undefined;
  private readonly over = (): void => this.handleOver();

  constructor(
    rules: RequestRules,
    handler: RequestHandler,
    request: NodeRequest,
    response: NodeResponse,
    judged: Readable,
  ) {
    this.rules = rules;
    this.handler = handler;
    this.request = request;
    this.response = response;
    this.judged = judged;
    whenOver(request, response, this.over);
    this.timer = setTimeout(() => this.refuse("body_timeout"), rules.bodyTimeoutMs);
    const body = new IncomingBody(handler.bodyBytesMax, judged.admitted);
    const add = (chunk: Uint8Array): void => {
      const refusal = body.add(chunk);
      if (refusal !== undefined) this.refuse(refusal);
    };
    const end = (): void => this.handleEnd(body);
    this.reading = { body, add, end };
    request.on("data", add);
    request.on("end", end);
  }

  private handleEnd(incoming: IncomingBody): void {
    // HTTP/2's compatibility API ends a request that was cut off, too.
    if (this.state !== "reading" || this.request.aborted) return;
    this.stopReading();
    const body = incoming.finish();
    if (body === undefined) {
      this.write(errorAnswer("body_empty", this.judged.headers));
      return;
    }
    this.state = "held";
    const { request } = this;
    const peer = {
      address: this.judged.address,
      request,
      header: (name: string) => headerOf(request, name),
    };
    try {
      const tellGone = this.handler.handleRequest(body, peer, (reply) => this.handleReply(reply));
      this.tellGone = tellGone;
    } catch (error) {
      this.rules.report(error);
      if (this.isHeld()) this.write(errorAnswer("internal", this.judged.headers));
    }
  }

  /** Methods, as the state may change under a caller's eyes. */
  private isHeld(): boolean {
    return this.state === "held";
  }

  private isOver(): boolean {
    return this.state === "over";
  }

  private handleReply(reply: Reply): void {
    if (!this.isHeld()) return;
    const { headers } = this.judged;
    if (reply.kind === "answer") this.write(sessionAnswer(reply.body, headers));
    else this.write(errorAnswer(reply.refusal, headers));
  }

  /** The answer was handed to the system, or the connection died. */
  private handleOver(): void {
    const wasHeld = this.state === "held";
    if (this.state === "reading") this.stopReading();
    this.state = "over";
    clearTimeout(this.timer);
    unwatch(this.request, this.response, this.over);
    this.judged.admitted.release();
    if (!wasHeld) return;
    try {
      this.tellGone?.();
    } catch (error) {
      this.rules.report(error);
    }
  }

  /** The rest of the body is not worth reading. */
  private refuse(code: HttpErrorCode): void {
    if (this.state !== "reading") return;
    this.reading?.body.drop();
    this.stopReading();
    this.state = "answered";
    writeEarly(this.request, this.response, errorAnswer(code, this.judged.headers), this.rules);
    this.limitAnswer();
  }

  private write(answer: HttpAnswer): void {
    this.state = "answered";
    writeAnswer(this.request, this.response, answer, this.rules);
    // A small one is the system's at once, and needs no timer.
    if (isHttp2(this.response) || this.response.writableLength > 0) this.limitAnswer();
  }

  private stopReading(): void {
    clearTimeout(this.timer);
    // A request may be held for long, what reads it is large, and there may be thousands.
    this.timer = undefined;
    if (this.reading === undefined) return;
    this.request.off("data", this.reading.add);
    this.request.off("end", this.reading.end);
    this.reading = undefined;
  }

  /** A client that does not take its answer must not keep it in memory for ever. */
  private limitAnswer(): void {
    if (this.isOver()) return;
    const cut = (): void => destroyConnection(this.request, this.response);
    this.timer = setTimeout(cut, this.rules.answerTimeoutMs);
  }
}

/** Answers a request that has come whole, or whose rest is small enough to be thrown away. */
export function writeAnswer(
  request: NodeRequest,
  response: NodeResponse,
  answer: HttpAnswer,
  rules: RequestRules,
): void {
  guarded(request, response, rules, () => {
    const { status, headers, body } = answer;
    leaveOutKeepAlive(request, response);
    response.writeHead(status, isLastOf(request) ? { ...headers, connection: "close" } : headers);
    if (isHttp2(response)) response.end(body);
    else response.end(body, whenLeft(request.socket, body));
  });
}

/** Answers a request whose body is still coming and not wanted, and closes the connection. */
export function writeEarly(
  request: NodeRequest,
  response: NodeResponse,
  answer: HttpAnswer,
  rules: RequestRules,
): void {
  guarded(request, response, rules, () => {
    let close: () => void;
    if (isHttp2(response)) {
      response.writeHead(answer.status, answer.headers);
      response.end(answer.body);
      // RFC 9113 section 8.1: a whole answer, then a reset that blames nobody, of this stream only.
      const { stream } = response;
      close = () => stream.close();
    } else {
      response.writeHead(answer.status, { ...answer.headers, connection: "close" });
      // By its length the answer is whole; its end is what closes the connection.
      response.write(answer.body);
      close = () => response.end();
    }
    const timer = setTimeout(close, LINGER_MS);
    const finish = (): void => {
      clearTimeout(timer);
      close();
    };
    request.once("end", finish);
    response.once("close", finish);
    request.resume();
  });
}

/** Another listener may have answered already, or the connection may be half gone: no throwing. */
function guarded(
  request: NodeRequest,
  response: NodeResponse,
  rules: RequestRules,
  write: () => void,
): void {
  // Node is silent about writes to a dead connection; if it ever is not, nobody else listens.
  response.on("error", ignore);
  try {
    write();
  } catch (error) {
    rules.report(error);
    destroyConnection(request, response);
  }
}

/**
 * That a connection stays is HTTP/1.1's default, and for how long need not be said where that is
 * longer than clients of this library keep it.
 */
function leaveOutKeepAlive(request: NodeRequest, response: NodeResponse): void {
  if (isHttp2(response) || isLastByCount(response)) return;
  const { server } = request.socket as { server?: { keepAliveTimeout?: number } };
  if ((server?.keepAliveTimeout ?? 0) > CLIENT_IDLE_MS) response.removeHeader("connection");
}

/** Whether Node closes the connection behind it, as `maxRequestsPerSocket` wants. */
function isLastByCount(response: ServerResponse): boolean {
  const { maxRequestsOnConnectionReached } = response as {
    maxRequestsOnConnectionReached?: boolean;
  };
  return maxRequestsOnConnectionReached === true;
}

/** Whether its connection ends with the answer. */
function isLastOf(request: NodeRequest): boolean {
  if (request.httpVersionMajor !== 1) return false;
  // HTTP/1.0 is served without keep-alive even where it asks: a proxy of that age hands the wish
  // on without knowing it, and then waits for an end that does not come (RFC 9112 appendix C.2.2).
  // A server that was told to close waits for its connections, so they must not stay.
  const { socket } = request as { socket: { server?: { listening?: boolean } } };
  return request.httpVersionMinor === 0 || socket.server?.listening === false;
}

export function destroyConnection(request: NodeRequest, response: NodeResponse): void {
  if (isHttp2(response)) response.stream.destroy();
  else request.socket.destroy();
}

export function isHttp2(response: NodeResponse): response is Http2ServerResponse {
  return "stream" in response;
}

/** Who waits for the end of a socket; replaced, as nearly always there is one. */
const watchers: WeakMap<Duplex, readonly (() => void)[]> = new WeakMap();

/**
 * Calls `over` when the response is finished or its connection has died, perhaps more than once
 * until `unwatch` is called. Of HTTP/1.1 responses that wait behind another one (pipelining) Node
 * tells nothing when the socket dies, and a listener of the socket for each would look like a leak:
 * hence one listener a socket. It is one for all sockets, and nothing is wrapped: a request that is
 * held has little else.
 */
export function whenOver(request: NodeRequest, response: NodeResponse, over: () => void): void {
  response.on("finish", over);
  response.on("close", over);
  // Behind whatever looked at it before, its end may have been told already.
  const isGone = isHttp2(response) ? response.stream.destroyed : request.socket.destroyed;
  if (isGone) queueMicrotask(over);
  if (isHttp2(response)) return;
  const { socket } = request;
  const others = watchers.get(socket);
  if (others === undefined) socket.on("close", tellWatchers);
  watchers.set(socket, others === undefined || others === NOBODY ? [over] : [...others, over]);
}

/** Ends such a watch. */
export function unwatch(request: NodeRequest, response: NodeResponse, over: () => void): void {
  response.off("finish", over);
  response.off("close", over);
  if (isHttp2(response)) return;
  const { socket } = request;
  const others = watchers.get(socket)?.filter((each) => each !== over);
  if (others !== undefined) watchers.set(socket, others.length === 0 ? NOBODY : others);
}

const NOBODY: readonly (() => void)[] = [];

function tellWatchers(this: Duplex): void {
  for (const over of watchers.get(this) ?? NOBODY) over();
}

function ignore(): void {}
