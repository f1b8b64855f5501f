/**
 * The server's adapter for everything that speaks `Request` and `Response`: Hono, Bun, Deno,
 * workers. Web standards only. It holds no state of the protocol and its promise is never rejected:
 * whatever the application's own code throws is answered with 500 and reported.
 *
 * The connection belongs to the platform here: it decides what becomes of a body that was refused
 * half-way, and a client's leaving is known only where the platform aborts `request.signal`.
 */
import type { Reply, RequestHandler, ServerPipe } from "../session/peer.ts";
import { errorAnswer, type HttpAnswer, type HttpErrorCode, sessionAnswer } from "./http-error.ts";
import { IncomingBody } from "./incoming-body.ts";
import { type Judgement, RequestRules, type ListenerOptions } from "./request-rules.ts";
import { streamHeaders } from "./stream-headers.ts";

export type { CorsOptions } from "./cors.ts";
export type { TrustProxy } from "./client-address.ts";
export type { ListenerOptions } from "./request-rules.ts";

/** What the platform knows of a request beside the request. */
export interface RequestInfo {
  /**
   * The address of the socket's other end, such as `server.requestIP(request)?.address` (Bun),
   * `info.remoteAddr.hostname` (Deno) or `getConnInfo(context).remote.address` (Hono). Without it
   * nothing is counted by address.
   */
  readonly address?: string | undefined;
}

/**
 * Answers a request with a session's body, or with an error that says what was wrong. Never
 * rejects.
 */
export type FetchHandler = (request: Request, info?: RequestInfo) => Promise<Response>;

type Readable = Extract<Judgement, { kind: "read" }>;

/**
 * Makes what answers requests out of a server of sessions: `fetchHandler(new SessionServer(...))`.
 *
 * @throws UsageError `option_invalid`, naming the option.
 */
export function fetchHandler(handler: RequestHandler, options: ListenerOptions = {}): FetchHandler {
  const rules = new RequestRules(handler, options);
  return async (request, info = {}) => {
    try {
      const judged = judge(rules, request, info);
      if (judged.kind === "elsewhere") return responseOf(errorAnswer("not_found", {}));
      if (judged.kind === "answer") return responseOf(judged.answer);
      if (judged.kind === "stream") return streamResponse(rules, handler, request, judged);
      try {
        return await serve(rules, handler, request, judged);
      } finally {
        judged.admitted.release();
      }
    } catch (error) {
      rules.report(error);
      return responseOf(errorAnswer("internal", {}));
    }
  };
}

function judge(rules: RequestRules, request: Request, info: RequestInfo): Judgement {
  const header = (name: string): string | undefined => request.headers.get(name) ?? undefined;
  return rules.judge({
    method: request.method,
    target: request.url,
    header,
    host: header("host") ?? new URL(request.url).host,
    socketAddress: info.address,
  });
}

async function serve(
  rules: RequestRules,
  handler: RequestHandler,
  request: Request,
  judged: Readable,
): Promise<Response> {
  const { headers } = judged;
  if (request.bodyUsed || request.body?.locked === true) {
    rules.report(new Error("The request's body was read before the handler got it"));
    return responseOf(errorAnswer("body_missing", headers));
  }
  const incoming = new IncomingBody(handler.bodyBytesMax, judged.admitted);
  // Asked for before the body is read: some platforms make it only then.
  const { signal } = request;
  const outcome = await readBody(request.body, incoming, rules.bodyTimeoutMs);
  if (outcome === "gone" || signal.aborted) return unread();
  if (typeof outcome === "string") return responseOf(errorAnswer(outcome, headers));
  const reply = await ask(rules, handler, outcome, request, judged.address);
  if (reply === "gone") return unread();
  if (reply === "internal") return responseOf(errorAnswer("internal", headers));
  if (reply.kind === "answer") return responseOf(sessionAnswer(reply.body, headers));
  return responseOf(errorAnswer(reply.refusal, headers));
}

/** The body, or why there is none; `gone` when the connection died while it came. */
async function readBody(
  stream: ReadableStream<Uint8Array> | null,
  incoming: IncomingBody,
  timeoutMs: number,
): Promise<Uint8Array | HttpErrorCode | "gone"> {
  if (stream === null) return "body_empty";
  const reader = stream.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<"body_timeout">((resolve) => {
    timer = setTimeout(() => resolve("body_timeout"), timeoutMs);
  });
  try {
    for (;;) {
      const read = await Promise.race([reader.read(), expired]);
      if (read === "body_timeout") return read;
      if (read.done) return incoming.finish() ?? "body_empty";
      const refusal = incoming.add(read.value);
      if (refusal !== undefined) return refusal;
    }
  } catch {
    return "gone";
  } finally {
    clearTimeout(timer);
    // Not cancelled: on Node that would end the connection before the answer is written.
    reader.releaseLock();
  }
}

/** Hands the body to the server and waits for its reply, or for the client's leaving. */
function ask(
  rules: RequestRules,
  handler: RequestHandler,
  body: Uint8Array,
  request: Request,
  address: string,
): Promise<Reply | "gone" | "internal"> {
  const { signal } = request;
  const peer = {
    address,
    request,
    header: (name: string) => request.headers.get(name) ?? undefined,
  };
  return new Promise((resolve) => {
    let tellGone: (() => void) | undefined;
    let isOver = false;
    const finish = (outcome: Reply | "gone" | "internal"): void => {
      if (isOver) return;
      isOver = true;
      signal.removeEventListener("abort", leave);
      resolve(outcome);
    };
    const leave = (): void => {
      finish("gone");
      try {
        tellGone?.();
      } catch (error) {
        rules.report(error);
      }
    };
    signal.addEventListener("abort", leave);
    try {
      tellGone = handler.handleRequest(body, peer, finish);
    } catch (error) {
      rules.report(error);
      finish("internal");
    }
  });
}

/** A stream as a response whose body does not end by itself. */
function streamResponse(
  rules: RequestRules,
  handler: RequestHandler,
  request: Request,
  { address, admitted, headers, ticket }: Extract<Judgement, { kind: "stream" }>,
): Response {
  const header = (name: string): string | undefined => request.headers.get(name) ?? undefined;
  let gone: (() => void) | undefined;
  let refusal: HttpErrorCode = "not_found";
  const leave = (): void => content.end();
  const over = (): void => {
    request.signal.removeEventListener("abort", leave);
    admitted.release();
    const tell = gone;
    gone = undefined;
    try {
      tell?.();
    } catch (error) {
      rules.report(error);
    }
  };
  const content = new StreamContent(over, rules.answerTimeoutMs);
  try {
    gone = handler.handleStream?.(ticket, { address, request, header }, content);
    if (gone !== undefined) {
      request.signal.addEventListener("abort", leave);
      return new Response(content.readable, {
        headers: { ...streamHeaders(header("accept")), ...headers },
      });
    }
  } catch (error) {
    rules.report(error);
    refusal = "internal";
  }
  content.end();
  admitted.release();
  return responseOf(errorAnswer(refusal, headers));
}

/**
 * What a stream carries, as the platform reads it. It is over when all of it was read, when nobody
 * will read it, or when nobody has for `readTimeoutMs` after its close: until then it counts.
 *
 * Its end is told in a microtask, as its server may be in the middle of something when it cuts it.
 */
class StreamContent implements ServerPipe {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  readonly #over: () => void;
  readonly #readTimeoutMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(over: () => void, readTimeoutMs: number) {
    this.#over = over;
    this.#readTimeoutMs = readTimeoutMs;
    this.readable = new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        // Somebody wants more than there is. After the close that is all.
        pull: () => {
          if (this.#timer !== undefined) this.#finish();
        },
        cancel: () => this.end(),
      },
      { highWaterMark: 0, size: (body) => body.byteLength },
    );
  }

  write(body: Uint8Array): void {
    this.#controller?.enqueue(body as Uint8Array<ArrayBuffer>);
  }

  close(): void {
    if (this.unsentBytes === 0) this.#finish();
    // A stream that is closed with content in it says nothing of who reads that.
    else this.#timer ??= setTimeout(() => this.cut(), this.#readTimeoutMs);
  }

  #finish(): void {
    this.#controller?.close();
    this.end();
  }

  get unsentBytes(): number {
    return -(this.#controller?.desiredSize ?? 0);
  }

  cut(): void {
    this.#controller?.error(new Error("The stream is not read"));
    this.end();
  }

  /** Nobody reads any more, or nothing more comes. */
  end(): void {
    if (this.#controller === undefined) return;
    this.#controller = undefined;
    clearTimeout(this.#timer);
    queueMicrotask(this.#over);
  }
}

function responseOf({ status, headers, body }: HttpAnswer): Response {
  return new Response(status === 204 ? null : (body as Uint8Array<ArrayBuffer>), {
    status,
    headers,
  });
}

/** For a connection that is gone: nobody reads it, but a promise must come to an end. */
function unread(): Response {
  return new Response(null, { status: 499 });
}
