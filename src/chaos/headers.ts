/**
 * Header lists (`rawHeaders`: name, value, name, value) as they go through a proxy: everything
 * stays as it was written, but for what belongs to one connection (RFC 9110 section 7.6.1).
 */
import type { IncomingMessage } from "node:http";

const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  // Answered by this proxy, which reads the body anyway.
  "expect",
];

/** Methods whose body Node would otherwise announce in chunks, even where there is none. */
const WITHOUT_BODY = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"]);

/** The headers of a request for the target, which is asked in HTTP/1.1 whatever the client spoke. */
export function requestHeaders(request: IncomingMessage, target: string): string[] {
  const headers = endToEnd(request);
  if (request.headers.host === undefined) headers.push("Host", target);
  const coding = request.headers["transfer-encoding"];
  if (coding !== undefined) headers.push("Transfer-Encoding", coding);
  else if (request.headers["content-length"] === undefined && !isBodiless(request)) {
    headers.push("Content-Length", "0");
  }
  return headers;
}

/** The headers of a response for the client; its framing is the connection's own. */
export function responseHeaders(response: IncomingMessage): string[] {
  return endToEnd(response);
}

/** The declared length of a body; undefined for chunks, or until the connection closes. */
export function declaredBytes(message: IncomingMessage): number | undefined {
  if (message.headers["transfer-encoding"] !== undefined) return undefined;
  const text = message.headers["content-length"];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function isBodiless(request: IncomingMessage): boolean {
  return WITHOUT_BODY.has(request.method ?? "GET");
}

function endToEnd(message: IncomingMessage): string[] {
  const named = (message.headers.connection ?? "").toLowerCase().split(",");
  const dropped = new Set([...HOP_BY_HOP, ...named.map((name) => name.trim())]);
  const raw = message.rawHeaders;
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = "", value = ""] = raw.slice(i, i + 2);
    if (!dropped.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}
