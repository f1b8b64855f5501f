/**
 * What a server's adapter answers when a request gets no body of a session: a status and a short
 * machine-readable reason, `{"error":"body_too_large"}` (spec http 2 [HTTP-7]). The reasons are
 * stable; the statuses are for proxies and people. A client of this library takes any of them as a
 * failed exchange.
 */
import type { Refusal } from "../session/peer.ts";
import { MEDIA_TYPE } from "./media-type.ts";

/** Why a request was refused. Stable. */
export type HttpErrorCode =
  | Refusal
  | "body_empty"
  | "body_missing"
  | "origin_not_allowed"
  | "not_found"
  | "method_not_allowed"
  | "body_timeout"
  | "body_too_large"
  | "expectation_failed"
  | "head_too_large"
  | "request_malformed"
  | "request_timeout"
  | "media_type_unsupported"
  | "encoding_unsupported"
  | "address_overloaded"
  | "connection_overloaded"
  | "internal";

const STATUSES: Readonly<Record<HttpErrorCode, number>> = {
  body_empty: 400,
  request_malformed: 400,
  // The body was read by somebody else: a mistake of the application, told to `onError` too.
  body_missing: 500,
  origin_not_allowed: 403,
  // Not 401: that must carry a challenge (RFC 9110 section 15.5.2), and the scheme is the
  // application's; browsers would ask the user for a password if one were made up.
  unauthenticated: 403,
  not_found: 404,
  method_not_allowed: 405,
  body_timeout: 408,
  request_timeout: 408,
  body_too_large: 413,
  media_type_unsupported: 415,
  encoding_unsupported: 415,
  expectation_failed: 417,
  address_overloaded: 429,
  connection_overloaded: 429,
  head_too_large: 431,
  internal: 500,
  overloaded: 503,
};

/**
 * What `Retry-After` says with 429 and 503. Clients of this library back off by themselves; others
 * should let a moment pass and need no more, as requests come and go within seconds.
 */
const RETRY_AFTER_SECONDS = 1;

/** A whole answer, for whatever writes it. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** On every answer [HTTP-5]: it is for one request of one session; nobody keeps or recodes it. */
const CACHE_CONTROL = "no-store, no-transform";

/**
 * A larger answer nginx hands on as its client takes it, where it would put it into files; smaller
 * ones its buffers hold.
 */
const UNBUFFERED_BYTES_MIN = 16_384;
const UNBUFFERED = { "x-accel-buffering": "no" } as const;

/** What others than sessions are answered as well. */
const COMMON_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": CACHE_CONTROL,
  // Nothing here is a page or a script, whatever its bytes look like.
  "x-content-type-options": "nosniff",
};

/**
 * A session's body; `extra` are the headers of CORS. Each byte of the others is sent with each body,
 * sixty times a second where that is the pace. Only `fetch` can ask for it, which shows nothing.
 */
export function sessionAnswer(
  body: Uint8Array,
  extra: Readonly<Record<string, string>>,
): HttpAnswer {
  const headers = {
    ...extra,
    "cache-control": CACHE_CONTROL,
    "content-type": MEDIA_TYPE,
    "content-length": String(body.length),
    ...(body.length > UNBUFFERED_BYTES_MIN ? UNBUFFERED : {}),
  };
  return { status: 200, headers, body };
}

export function errorAnswer(
  code: HttpErrorCode,
  extra: Readonly<Record<string, string>>,
): HttpAnswer {
  const status = STATUSES[code];
  const body = new TextEncoder().encode(JSON.stringify({ error: code }));
  const headers: Record<string, string> = {
    ...COMMON_HEADERS,
    ...extra,
    "content-type": "application/json",
    "content-length": String(body.length),
  };
  if (status === 429 || status === 503) headers["retry-after"] = String(RETRY_AFTER_SECONDS);
  // RFC 9110 section 15.5.16: what would have been taken.
  if (code === "media_type_unsupported") headers["accept"] = MEDIA_TYPE;
  if (code === "encoding_unsupported") headers["accept-encoding"] = "identity";
  return { status, headers, body };
}

/** The answer to a preflight, or to somebody who asks what may be done here. */
export function emptyAnswer(extra: Readonly<Record<string, string>>): HttpAnswer {
  return { status: 204, headers: { ...COMMON_HEADERS, ...extra }, body: new Uint8Array(0) };
}
