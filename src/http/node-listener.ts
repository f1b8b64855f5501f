/**
 * A listener for `node:http`, `node:https` and `node:http2`, and for what hands on their requests
 * and responses (Express, Fastify; examples/servers). It holds no state of the protocol and throws
 * on no input: whatever the application's own code throws is answered with 500 and reported.
 */
import type { Http2ServerRequest } from "node:http2";
import type { Duplex } from "node:stream";
import type { RequestHandler } from "../session/peer.ts";
import { errorAnswer, type HttpAnswer } from "./http-error.ts";
import {
  destroyConnection,
  headerOf,
  NodeExchange,
  type NodeRequest,
  type NodeResponse,
  writeAnswer,
  writeEarly,
} from "./node-exchange.ts";
import { serveStream } from "./node-stream.ts";
import {
  type Judgement,
  type RequestHead,
  RequestRules,
  type ListenerOptions,
} from "./request-rules.ts";

/** `next` is what Express and its like hand over: called when the path is somebody else's. */
export type NodeListener = (
  request: NodeRequest,
  response: NodeResponse,
  next?: (error?: unknown) => void,
) => void;

/**
 * Requests of one HTTP/1 connection that are taken in one turn of the event loop. No client of this
 * library sends a second one before the first is answered, and no common proxy does; and 32 are
 * more than the server holds of one session. Node takes hundreds out of one packet before anybody
 * else gets a turn, so that fifty connections could keep the process busy for seconds.
 */
const PIPELINED_MAX = 32;

/**
 * Makes a listener out of a server of sessions:
 * `createServer(nodeListener(new SessionServer(...)))`. Never throws at a request.
 *
 * @throws UsageError `option_invalid`, naming the option.
 */
export function nodeListener(handler: RequestHandler, options: ListenerOptions = {}): NodeListener {
  const rules = new RequestRules(handler, options);
  return (request, response, next) => {
    if (isOver(request, response)) return;
    const judged = judge(rules, request);
    if (judged.kind === "elsewhere" && next !== undefined) {
      next();
      return;
    }
    const place = placeInTurn(request, response);
    if (place > PIPELINED_MAX) {
      if (judged.kind === "read" || judged.kind === "stream") judged.admitted.release();
      // What follows this answer is not looked at: the connection ends with it.
      const answer = errorAnswer("connection_overloaded", { connection: "close" });
      refuse(rules, handler, request, response, answer);
      return;
    }
    if (judged.kind === "elsewhere") {
      refuse(rules, handler, request, response, errorAnswer("not_found", {}));
    } else if (judged.kind === "answer") {
      refuse(rules, handler, request, response, judged.answer);
    } else if (judged.kind === "stream") {
      const { address } = judged;
      const header = (name: string): string | undefined => headerOf(request, name);
      const peer = { address, request, header };
      serveStream(rules, handler, request, response, { ...judged, peer });
    } else if (request.readableEnded || request.readableDidRead) {
      judged.admitted.release();
      rules.report(new Error("The request's body was read before the listener got it"));
      writeAnswer(request, response, errorAnswer("body_missing", judged.headers), rules);
    } else {
      void new NodeExchange(rules, handler, request, response, judged);
    }
  };
}

const turns: WeakMap<Duplex, { requests: number }> = new WeakMap();

/** Whether this connection had too many in this turn: it is over, whatever still comes. */
function isOver(request: NodeRequest, response: NodeResponse): boolean {
  if ("stream" in response) return false;
  return (turns.get(request.socket)?.requests ?? 0) > PIPELINED_MAX;
}

/** The how-manieth request of its connection this is in this turn, from 1. */
function placeInTurn(request: NodeRequest, response: NodeResponse): number {
  // The requests of an HTTP/2 connection have a socket each, as far as its interface goes.
  if ("stream" in response) return 1;
  const { socket } = request;
  let turn = turns.get(socket);
  if (turn === undefined) {
    const begun = { requests: 0 };
    turn = begun;
    turns.set(socket, begun);
    setImmediate(() => {
      // A connection that had too many is over, whatever still comes on it.
      if (begun.requests <= PIPELINED_MAX) turns.delete(socket);
    });
  }
  return ++turn.requests;
}

function judge(rules: RequestRules, request: NodeRequest): Judgement {
  try {
    return rules.judge(headOf(request));
  } catch (error) {
    rules.report(error);
    return { kind: "answer", answer: errorAnswer("internal", {}) };
  }
}

function headOf(request: NodeRequest): RequestHead {
  const authority = request.httpVersionMajor === 2 ? (request as Http2ServerRequest).authority : "";
  return {
    method: request.method ?? "",
    target: request.url ?? "",
    header: (name) => headerOf(request, name),
    host: authority === "" ? request.headers.host : authority,
    socketAddress: request.socket.remoteAddress,
  };
}

/** Answers by the head alone. A small body may still come; any other costs the connection. */
function refuse(
  rules: RequestRules,
  handler: RequestHandler,
  request: NodeRequest,
  response: NodeResponse,
  answer: HttpAnswer,
): void {
  // Who does not take the answer must not keep the connection for ever.
  const cut = (): void => destroyConnection(request, response);
  const timer = setTimeout(cut, rules.answerTimeoutMs);
  response.once("close", () => clearTimeout(timer));
  const isChunked = headerOf(request, "transfer-encoding") !== undefined;
  const isLarge = Number(headerOf(request, "content-length") ?? 0) > handler.bodyBytesMax;
  if (isChunked || isLarge) writeEarly(request, response, answer, rules);
  else writeAnswer(request, response, answer, rules);
}
