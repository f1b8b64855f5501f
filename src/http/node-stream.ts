/**
 * A stream at a Node server: the answer to a GET, which has no length and does not end by itself
 * [HTTP-12]. Its headers keep intermediaries from holding it back. A connection of HTTP/1.1 ends with
 * its stream.
 */
import type { ServerResponse } from "node:http";
import type { Peer, RequestHandler, ServerPipe } from "../session/peer.ts";
import type { Admitted } from "./admission.ts";
import { errorAnswer } from "./http-error.ts";
import {
  destroyConnection,
  type NodeRequest,
  type NodeResponse,
  whenOver,
  writeAnswer,
} from "./node-exchange.ts";
import type { RequestRules } from "./request-rules.ts";
import { streamHeaders } from "./stream-headers.ts";

/** Serves a stream, or says that nobody has offered to take it. */
export function serveStream(
  rules: RequestRules,
  handler: RequestHandler,
  request: NodeRequest,
  response: NodeResponse,
  {
    ticket,
    admitted,
    headers,
    peer,
  }: {
    readonly ticket: Uint8Array;
    readonly admitted: Admitted;
    readonly headers: Readonly<Record<string, string>>;
    readonly peer: Peer;
  },
): void {
  const held: { gone?: (() => void) | undefined } = {};
  let cut: NodeJS.Timeout | undefined;
  const unwatch = whenOver(request, response, () => {
    unwatch();
    clearTimeout(cut);
    admitted.release();
    try {
      held.gone?.();
    } catch (error) {
      rules.report(error);
    }
  });
  const begin = (): void => {
    if (response.headersSent) return;
    response.writeHead(200, {
      ...streamHeaders(peer.header("accept")),
      ...headers,
      // Whether the server will be closing when the stream ends is not known when it begins, and a
      // closing server waits for idle connections, too. After minutes of a stream nobody misses
      // one. Those of HTTP/2 carry much else.
      ...(request.httpVersionMajor === 1 ? { connection: "close" } : {}),
    });
  };
  // What is written behind the end of the connection is lost with it.
  response.on("error", () => {});
  const pipe: ServerPipe = {
    write: (body) => {
      begin();
      (response as ServerResponse).write(body);
    },
    close: () => {
      begin();
      (response as ServerResponse).end();
      // Who does not take what was written must not keep the connection for ever.
      cut = setTimeout(() => destroyConnection(request, response), rules.answerTimeoutMs);
    },
    get unsentBytes() {
      return "stream" in response ? response.stream.writableLength : response.writableLength;
    },
    cut: () => destroyConnection(request, response),
  };
  try {
    held.gone = handler.handleStream?.(ticket, peer, pipe);
  } catch (error) {
    rules.report(error);
    // What has begun cannot be answered otherwise any more.
    if (response.headersSent) destroyConnection(request, response);
    else writeAnswer(request, response, errorAnswer("internal", headers), rules);
    return;
  }
  if (held.gone !== undefined) return;
  writeAnswer(request, response, errorAnswer("not_found", headers), rules);
}
