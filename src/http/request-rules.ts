/**
 * The rules that every server adapter shares: which requests are for the session server at all,
 * and which of those are worth reading. An adapter describes a request's head, does what the
 * judgement says, and keeps no rule of its own.
 *
 * The order is from the cheapest to the dearest, and nothing is counted before the head was found
 * to be in order: path, method, origin, media type, coding, length, and only then the limits.
 */
import { within } from "../core/options.ts";
import { checkFunction, checkKnown, refuse, withoutUndefined } from "../session/checks.ts";
import type { RequestHandler } from "../session/peer.ts";
import { Admission, type Admitted } from "./admission.ts";
import { type ClientAddress, clientAddressReader, type TrustProxy } from "./client-address.ts";
import { Cors, type CorsOptions, type RequestSource } from "./cors.ts";
import { emptyAnswer, errorAnswer, type HttpAnswer, type HttpErrorCode } from "./http-error.ts";
import { MEDIA_TYPE } from "./media-type.ts";
import { ticketIn } from "./stream-ticket.ts";

/**
 * What a server adapter can be told. Limits are those of one listener or handler: a process that
 * makes several has as many times as much.
 */
export interface ListenerOptions {
  /**
   * The path that sessions live at, compared whole. Default `/holdfast`. `"*"` takes any path:
   * for a router that has looked at it already (Express cuts the path off where it mounts).
   */
  readonly path?: string | undefined;
  /** A body that has not come whole after so long is given up: 408. */
  readonly bodyTimeoutMs?: number | undefined;
  /**
   * An answer that the client has not taken after so long costs it the connection. `fetchHandler`,
   * which has none, gives up what was not read of a stream after its end.
   */
  readonly answerTimeoutMs?: number | undefined;
  /** Bytes of bodies that are being read at once: 503 beyond. */
  readonly readingBytesMax?: number | undefined;
  /** As many of one address: 429 beyond. */
  readonly readingBytesPerAddressMax?: number | undefined;
  /** Requests at once, held ones included: 503 beyond. */
  readonly requestsMax?: number | undefined;
  /** As many of one address: 429 beyond. */
  readonly requestsPerAddressMax?: number | undefined;
  /** Pages of other origins that may send requests. Default: none. */
  readonly cors?: CorsOptions | undefined;
  /** Proxies in front of the server. Default false: the socket's address is the client's. */
  readonly trustProxy?: TrustProxy | undefined;
  /**
   * Told of every exception out of the server or out of a function among these options; the request
   * is answered with 500. Never told of what a client did. Default: `console.error`.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const MIB = 1024 * 1024;

export const SERVER_DEFAULTS: Readonly<
  Record<Exclude<keyof ListenerOptions, "path" | "cors" | "trustProxy" | "onError">, number>
> & { readonly path: string } = {
  path: "/holdfast",
  // The largest body of 512 KiB over a line of 140 kbit/s; a slower one sends smaller bodies, as
  // their size follows the measured rate from 16 KiB on.
  bodyTimeoutMs: 30_000,
  // Twice as long, as an answer of a pipelined request waits for the one before it, which may be
  // held for 25 s.
  answerTimeoutMs: 60_000,
  // 128 bodies of the largest size.
  readingBytesMax: 64 * MIB,
  // A quarter, so that one address cannot keep the others from being read.
  readingBytesPerAddressMax: 16 * MIB,
  // Two for each of the endpoint's sessions (32,768): one parked, and one that carries messages.
  // A held one was measured to take 16 kB, connection and all: a gigabyte at the limit.
  requestsMax: 65_536,
  // Four for each session of one address (256): an office where some sessions are busy.
  requestsPerAddressMax: 1_024,
};

const OPTION_NAMES = [...Object.keys(SERVER_DEFAULTS), "cors", "trustProxy", "onError"];
const CORS_NAMES: readonly (keyof CorsOptions)[] = [
  "origins",
  "credentials",
  "headers",
  "maxAgeSeconds",
];

/** The head of a request, as the rules see it. */
export interface RequestHead {
  readonly method: string;
  /** Path and query, or the whole URL. */
  readonly target: string;
  header(name: string): string | undefined;
  readonly host: string | undefined;
  /** The address of the socket's other end. */
  readonly socketAddress: string | undefined;
}

/** What is to be done with a request. */
export type Judgement =
  /** It is for somebody else. */
  | { readonly kind: "elsewhere" }
  | { readonly kind: "answer"; readonly answer: HttpAnswer }
  /** It asks for a stream; `headers` go onto every answer. */
  | {
      readonly kind: "stream";
      readonly address: string;
      readonly admitted: Admitted;
      readonly headers: Readonly<Record<string, string>>;
      readonly ticket: Uint8Array;
    }
  /** Its body is worth reading; `headers` go onto every answer. */
  | {
      readonly kind: "read";
      readonly address: string;
      readonly admitted: Admitted;
      readonly headers: Readonly<Record<string, string>>;
    };

/** What is to be done with an upgrade. */
export type UpgradeJudgement =
  | { readonly kind: "elsewhere" }
  | { readonly kind: "refuse"; readonly code: HttpErrorCode }
  | {
      readonly kind: "open";
      readonly address: string;
      readonly admitted: Admitted;
      /** That it shows; undefined: none. */
      readonly ticket: Uint8Array | undefined;
    };

export class RequestRules {
  readonly bodyTimeoutMs: number;
  readonly answerTimeoutMs: number;
  private readonly handler: RequestHandler;
  private readonly admission: Admission;
  private readonly path: string;
  private readonly cors: Cors;
  private readonly readAddress: ReturnType<typeof clientAddressReader>;
  private readonly onError: (error: unknown) => void;

  /** @throws UsageError `option_invalid`, `option_unknown`, naming the option. */
  constructor(handler: RequestHandler, options: ListenerOptions) {
    checkHandler(handler);
    checkKnown(Object.keys(options), OPTION_NAMES, "a listener's options");
    const settings = { ...SERVER_DEFAULTS, ...withoutUndefined(options) };
    checkPath(settings.path);
    checkCors(settings.cors);
    checkTrustProxy(settings.trustProxy);
    const count = 2 ** 31 - 1;
    within(settings.bodyTimeoutMs, 1, count, "bodyTimeoutMs");
    within(settings.answerTimeoutMs, 1, count, "answerTimeoutMs");
    within(settings.readingBytesMax, 1, 2 ** 40, "readingBytesMax");
    within(settings.readingBytesPerAddressMax, 1, 2 ** 40, "readingBytesPerAddressMax");
    within(settings.requestsMax, 1, count, "requestsMax");
    within(settings.requestsPerAddressMax, 1, count, "requestsPerAddressMax");
    this.handler = handler;
    this.bodyTimeoutMs = settings.bodyTimeoutMs;
    this.answerTimeoutMs = settings.answerTimeoutMs;
    this.admission = new Admission(settings);
    this.path = settings.path;
    this.cors = new Cors(settings.cors);
    this.readAddress = clientAddressReader(settings.trustProxy ?? false);
    this.onError = settings.onError ?? ((error) => console.error(error));
    checkFunction(this.onError, "onError");
  }

  /** What is to be done [HTTP-2] [HTTP-8]; throws only what the application's own functions throw. */
  judge(head: RequestHead): Judgement {
    if (this.path !== "*" && pathOf(head.target) !== this.path) return { kind: "elsewhere" };
    const client = this.readAddress(head.socketAddress, head.header("x-forwarded-for"));
    const source = sourceOf(head, client);
    const verdict = this.cors.judge(source);
    const headers = this.cors.headers(source, verdict);
    const refusal = (code: Parameters<typeof errorAnswer>[0]): Judgement => {
      return { kind: "answer", answer: errorAnswer(code, headers) };
    };

    if (head.method === "OPTIONS" && this.cors.isOpen) {
      if (verdict === "refused") return refusal("origin_not_allowed");
      return { kind: "answer", answer: this.optionsAnswer(verdict === "allowed", headers) };
    }
    const ticket = head.method === "GET" ? ticketIn(head.target) : undefined;
    if (ticket !== undefined) {
      // What a page may not read it may not get, either: it would be the only one to have it.
      if (verdict === "refused") return refusal("origin_not_allowed");
      const admitted = this.admission.admit(client.address);
      if (typeof admitted === "string") return refusal(admitted);
      return { kind: "stream", address: client.address, admitted, headers, ticket };
    }
    if (head.method !== "POST") {
      const allow = this.cors.isOpen ? "POST, OPTIONS" : "POST";
      const answer = errorAnswer("method_not_allowed", { ...headers, allow });
      return { kind: "answer", answer };
    }
    if (verdict === "refused") return refusal("origin_not_allowed");
    if (!isMediaType(head.header("content-type"))) return refusal("media_type_unsupported");
    if (!isIdentity(head.header("content-encoding"))) return refusal("encoding_unsupported");
    const length = head.header("content-length");
    if (length !== undefined && Number(length) > this.handler.bodyBytesMax) {
      return refusal("body_too_large");
    }
    const admitted = this.admission.admit(client.address);
    if (typeof admitted === "string") return refusal(admitted);
    return { kind: "read", address: client.address, admitted, headers };
  }

  /** The same for a request that wants to become a WebSocket [HTTP-14]. */
  judgeUpgrade(head: RequestHead): UpgradeJudgement {
    if (this.path !== "*" && pathOf(head.target) !== this.path) return { kind: "elsewhere" };
    const client = this.readAddress(head.socketAddress, head.header("x-forwarded-for"));
    // No preflight comes before it: a page of any origin can open one, with its user's cookies.
    const verdict = this.cors.judge(sourceOf(head, client));
    if (verdict === "refused") return { kind: "refuse", code: "origin_not_allowed" };
    if (head.method !== "GET" || head.header("upgrade")?.toLowerCase() !== "websocket") {
      return { kind: "refuse", code: "method_not_allowed" };
    }
    const admitted = this.admission.admit(client.address);
    if (typeof admitted === "string") return { kind: "refuse", code: admitted };
    return { kind: "open", address: client.address, admitted, ticket: ticketIn(head.target) };
  }

  /** Something of the application threw. Never throws. */
  report(error: unknown): void {
    try {
      this.onError(error);
    } catch (second) {
      console.error(error, second);
    }
  }

  private optionsAnswer(
    isPreflight: boolean,
    headers: Readonly<Record<string, string>>,
  ): HttpAnswer {
    if (!isPreflight) return emptyAnswer({ ...headers, allow: "POST, OPTIONS" });
    return emptyAnswer({ ...headers, ...this.cors.preflightHeaders() });
  }
}

function checkHandler(handler: unknown): void {
  if (typeof (handler as RequestHandler | undefined | null)?.handleRequest === "function") return;
  refuse("handler", handler, "a SessionServer");
}

/** Whatever begins with something else is the path of no request. */
function checkPath(path: unknown): void {
  if (path === "*" || (typeof path === "string" && path.startsWith("/"))) return;
  refuse("path", path, 'a path that begins with "/", or "*" for any');
}

function checkCors(cors: unknown): void {
  if (cors === undefined) return;
  const origins = (cors as CorsOptions | null)?.origins;
  if (Array.isArray(origins) || typeof origins === "function") {
    checkKnown(Object.keys(cors as object), CORS_NAMES, "the options of cors");
  } else refuse("cors", cors, "{ origins }, which lists them or is a function");
}

function checkTrustProxy(trust: unknown): void {
  if (trust === undefined || trust === false || typeof trust === "number") return;
  if (Array.isArray(trust) && trust.every((each) => typeof each === "string")) return;
  refuse("trustProxy", trust, "false, the number of proxies, or a list of their addresses");
}

/** The path of a target in any of its forms (RFC 9112 section 3.2), as it was written. */
function pathOf(target: string): string {
  if (!target.startsWith("/")) return URL.canParse(target) ? new URL(target).pathname : target;
  const query = target.indexOf("?");
  return query === -1 ? target : target.slice(0, query);
}

function sourceOf(head: RequestHead, client: ClientAddress): RequestSource {
  return {
    host: head.host,
    isProxied: client.isProxied,
    header: (name) => head.header(name),
  };
}

function isMediaType(text: string | undefined): boolean {
  return text?.split(";", 1)[0]?.trim().toLowerCase() === MEDIA_TYPE;
}

function isIdentity(text: string | undefined): boolean {
  return text === undefined || text.trim().toLowerCase() === "identity";
}
