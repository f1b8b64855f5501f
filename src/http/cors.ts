/**
 * Which pages may talk to the server. Closed by default: a request that a browser sent for a page
 * of another origin is refused before its body is read, and no header of CORS is ever written.
 *
 * Whether a page is of the server's own origin:
 * - `Sec-Fetch-Site` says so where a browser sends it (no page can forge it), which also holds
 *   behind a proxy that rewrites `Host`;
 * - otherwise the host and port of `Origin` are compared with `Host`, and with what a trusted proxy
 *   says in `X-Forwarded-Host`. Schemes are not: behind a proxy that ends TLS the server does not
 *   know its own. A proxy that rewrites `Host` and says nothing must be told to
 *   (nginx: `proxy_set_header Host $http_host`), or the origin be listed.
 *
 * A request without `Origin` comes from no page.
 */
import { UsageError } from "../core/index.ts";

/** Which pages of other origins may talk to the server, and what their requests may carry. */
export interface CorsOptions {
  /**
   * The origins that may (`"https://example.com"`, as `location.origin` prints it), or a function
   * that says so. There is no wildcard: write `() => true` if you mean it.
   */
  readonly origins: readonly string[] | ((origin: string) => boolean);
  /** Cookies may go along. Default false. */
  readonly credentials?: boolean;
  /** Headers that pages may set beside `content-type`, such as `authorization`. */
  readonly headers?: readonly string[];
  /**
   * How long a browser may remember a preflight's answer. Default 7,200: Chromium remembers none
   * for longer than these two hours.
   */
  readonly maxAgeSeconds?: number;
}

const MAX_AGE_SECONDS_DEFAULT = 7_200;

/** What must be known of a request to tell where it comes from. */
export interface RequestSource {
  header(name: string): string | undefined;
  /** `Host`, or HTTP/2's `:authority`. */
  readonly host: string | undefined;
  /** `X-Forwarded-Host` may be believed. */
  readonly isProxied: boolean;
}

export type OriginVerdict = "own" | "allowed" | "refused";

/** One for all, as each request that is held keeps its own. */
const NO_HEADERS: Readonly<Record<string, string>> = {};

export class Cors {
  /** CORS is on: answers vary by origin, preflights are answered. */
  readonly isOpen: boolean;
  private readonly isListed: (origin: string) => boolean;
  private readonly credentials: boolean;
  private readonly preflight: Readonly<Record<string, string>>;

  /** @throws UsageError `option_invalid` */
  constructor(options: CorsOptions | undefined) {
    this.isOpen = options !== undefined;
    this.isListed = listOf(options?.origins ?? []);
    this.credentials = options?.credentials ?? false;
    const maxAgeSeconds = options?.maxAgeSeconds ?? MAX_AGE_SECONDS_DEFAULT;
    if (!(Number.isSafeInteger(maxAgeSeconds) && maxAgeSeconds >= 0)) {
      throw new UsageError("option_invalid", "cors.maxAgeSeconds");
    }
    const headers = ["content-type", ...(options?.headers ?? [])];
    if (headers.some((name) => !/^[\w!#$%&'+.^`|~-]+$/.test(name))) {
      throw new UsageError("option_invalid", "cors.headers");
    }
    this.preflight = {
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": headers.join(", "),
      "access-control-max-age": String(maxAgeSeconds),
    };
  }

  judge(source: RequestSource): OriginVerdict {
    const origin = source.header("origin");
    if (origin === undefined || isOwn(origin, source)) return "own";
    return this.isListed(origin) ? "allowed" : "refused";
  }

  /** Headers of every answer to a request with this verdict. */
  headers(source: RequestSource, verdict: OriginVerdict): Readonly<Record<string, string>> {
    if (!this.isOpen) return NO_HEADERS;
    const origin = source.header("origin");
    if (verdict !== "allowed" || origin === undefined) return { vary: "Origin" };
    return {
      vary: "Origin",
      // Always the origin itself: `*` does not go with credentials.
      "access-control-allow-origin": origin,
      ...(this.credentials ? { "access-control-allow-credentials": "true" } : {}),
    };
  }

  /** Headers of the answer to an allowed preflight, beside those of every answer. */
  preflightHeaders(): Readonly<Record<string, string>> {
    return this.preflight;
  }
}

function listOf(origins: CorsOptions["origins"]): (origin: string) => boolean {
  if (typeof origins === "function") return origins;
  for (const origin of origins) {
    // Whatever is written otherwise (`*`, a path, a capital) would never match.
    const isExact = origin === "null" || (URL.canParse(origin) && originOf(origin) === origin);
    if (!isExact) throw new UsageError("option_invalid", `cors.origins: ${origin}`);
  }
  const list = new Set(origins);
  return (origin) => list.has(origin);
}

/** What `location.origin` prints; unlike `URL.origin` also for schemes that are not the web's. */
function originOf(text: string): string {
  const url = new URL(text);
  return `${url.protocol}//${url.host}`;
}

function isOwn(origin: string, source: RequestSource): boolean {
  const site = source.header("sec-fetch-site");
  if (site !== undefined) return site === "same-origin";
  if (!URL.canParse(origin)) return false;
  const { host, protocol } = new URL(origin);
  const isSame = (text: string | undefined): boolean =>
    text !== undefined && hostOf(text, protocol) === host;
  if (isSame(source.host)) return true;
  // The nearest proxy wrote the last one.
  const forwarded = source.isProxied ? source.header("x-forwarded-host") : undefined;
  return isSame(forwarded?.split(",").at(-1)?.trim());
}

/** A host as the URL of that scheme would have it: in lower case, without the scheme's own port. */
function hostOf(text: string, protocol: string): string | undefined {
  const url = `${protocol}//${text}`;
  return /^[^/?#@\\]+$/.test(text) && URL.canParse(url) ? new URL(url).host : undefined;
}
