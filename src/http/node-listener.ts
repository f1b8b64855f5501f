/**
 * A listener for `node:http`, `node:https` and `node:http2`, and for what hands on their requests
 * and responses (Express, Fastify; examples/servers). It holds no state of the protocol and throws
 * on no input: whatever the application's own code throws is answered with 500 and reported.
 */
import type { Http2ServerRequest } from "node:http2";
import type { RequestHandler } from "../session/peer.ts";
import { errorAnswer, type HttpAnswer } from "./http-error.ts";
import {
  headerOf,
  NodeExchange,
  type NodeRequest,
  type NodeResponse,
  writeAnswer,
  writeEarly,
} from "./node-exchange.ts";
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

/** @throws UsageError `option_invalid`, naming the option. */
export function nodeListener(handler: RequestHandler, options: ListenerOptions = {}): NodeListener {
  const rules = new RequestRules(handler, options);
  return (request, response, next) => {
    const judged = judge(rules, request);
    if (judged.kind === "elsewhere") {
      if (next === undefined)
        refuse(rules, handler, request, response, errorAnswer("not_found", {}));
      else next();
    } else if (judged.kind === "answer") {
      refuse(rules, handler, request, response, judged.answer);
    } else if (request.readableEnded || request.readableDidRead) {
      judged.admitted.release();
      rules.report(new Error("The request's body was read before the listener got it"));
      writeAnswer(request, response, errorAnswer("body_missing", judged.headers), rules);
    } else {
      void new NodeExchange(rules, handler, request, response, judged);
    }
  };
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
  const isChunked = headerOf(request, "transfer-encoding") !== undefined;
  const isLarge = Number(headerOf(request, "content-length") ?? 0) > handler.bodyBytesMax;
  if (isChunked || isLarge) writeEarly(request, response, answer, rules);
  else writeAnswer(request, response, answer, rules);
}
