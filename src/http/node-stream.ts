/**
 * A stream at a Node server: the answer to a GET, which has no length and does not end by itself
 * [HTTP-12]. Its headers keep intermediaries from holding it back. A connection of HTTP/1.1 ends with
 * its stream.
 */
import type { ServerResponse } from "node:http";
import type { Peer, RequestHandler, ServerPipe } from "../session/peer.ts";
import { whenLeft } from "../tcp/sockets.ts";
import type { Admitted } from "./admission.ts";
import { errorAnswer } from "./http-error.ts";
import {
  destroyConnection,
  headerOf,
  isHttp2,
  type NodeRequest,
  type NodeResponse,
  unwatch,
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
  { ticket, peer, ...judged }: StreamRequest,
): void {
  const stream = new NodeStream(rules, request, response, judged);
  try {
    stream.gone = handler.handleStream?.(ticket, peer, stream);
  } catch (error) {
    rules.report(error);
    // What has begun cannot be answered otherwise any more.
    if (response.headersSent) stream.cut();
    else writeAnswer(request, response, errorAnswer("internal", judged.headers), rules);
    return;
  }
  if (stream.gone !== undefined) return;
  writeAnswer(request, response, errorAnswer("not_found", judged.headers), rules);
}

/** What was judged of a request for a stream. */
interface StreamRequest extends Judged {
  readonly ticket: Uint8Array;
  readonly peer: Peer;
}

/** What of it holds for as long as the stream. */
interface Judged {
  readonly admitted: Admitted;
  readonly headers: Readonly<Record<string, string>>;
}

/** A class: most streams are silent, and functions of each one's own are most of what they take. */
class NodeStream implements ServerPipe {
  gone: (() => void) | undefined = undefined;
  private readonly rules: RequestRules;
  private readonly request: NodeRequest;
  private readonly response: NodeResponse;
  private readonly admitted: Admitted;
  private readonly headers: Readonly<Record<string, string>>;
  private cutTimer: NodeJS.Timeout | undefined = undefined;
  private readonly over = (): void => this.handleOver();

  constructor(
    rules: RequestRules,
    request: NodeRequest,
    response: NodeResponse,
    { admitted, headers }: Judged,
  ) {
    this.rules = rules;
    this.request = request;
    this.response = response;
    this.admitted = admitted;
    this.headers = headers;
    whenOver(request, response, this.over);
    // What is written behind the end of the connection is lost with it.
    response.on("error", ignore);
  }

  get unsentBytes(): number {
    const { response } = this;
    return "stream" in response ? response.stream.writableLength : response.writableLength;
  }

  write(body: Uint8Array): void {
    this.begin();
    const { request, response } = this;
    if (isHttp2(response)) response.write(body);
    else response.write(body, whenLeft(request.socket, body));
  }

  close(): void {
    this.begin();
    (this.response as ServerResponse).end();
    // Who does not take what was written must not keep the connection for ever.
    this.cutTimer = setTimeout(() => this.cut(), this.rules.answerTimeoutMs);
  }

  cut(): void {
    destroyConnection(this.request, this.response);
  }

  private begin(): void {
    const { request, response } = this;
    if (response.headersSent) return;
    response.writeHead(200, {
      ...streamHeaders(headerOf(request, "accept")),
      ...this.headers,
      // Whether the server will be closing when the stream ends is not known when it begins, and a
      // closing server waits for idle connections, too. After minutes of a stream nobody misses
      // one. Those of HTTP/2 carry much else.
      ...(request.httpVersionMajor === 1 ? { connection: "close" } : {}),
    });
    if ("stream" in response) return;
    // Node keeps the head for as long as the stream, and in the two dozen pieces that it made it of:
    // only where it is written by itself they become one string. It leaves with the first body.
    const { socket } = request;
    socket.cork();
    response.flushHeaders();
    process.nextTick(() => socket.uncork());
  }

  private handleOver(): void {
    unwatch(this.request, this.response, this.over);
    clearTimeout(this.cutTimer);
    this.admitted.release();
    try {
      this.gone?.();
    } catch (error) {
      this.rules.report(error);
    }
  }
}

function ignore(): void {}
