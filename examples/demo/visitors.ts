/**
 * Whose requests are taken. There is nothing to steal here, but a page of somebody else's must not
 * be able to play with the lines of this machine, neither by asking across origins nor by making
 * its own name lead here (DNS rebinding).
 */
import type { IncomingMessage } from "node:http";
import { isIPv4 } from "node:net";
import { RefusedError } from "./refusal.ts";

/** Throws a `RefusedError` at a request that is not for this server, or that another page sends. */
export function checkVisitor(request: IncomingMessage, boundTo: string): void {
  const { host } = request.headers;
  const name = URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : "";
  // Whoever listens to other machines too may have any name there.
  if (isLoopback(boundTo) && !isLoopback(name)) {
    throw new RefusedError(403, "host_not_allowed", "This server has another name");
  }
  if (request.method === "GET" || request.method === "HEAD") return;
  const { origin } = request.headers;
  // Newer browsers say it of every request, and some requests have no origin; programs say neither.
  const site = request.headers["sec-fetch-site"];
  if (site === undefined ? isOrigin(origin ?? `http://${host}`, host) : site === "same-origin")
    return;
  throw new RefusedError(403, "origin_not_allowed", "Pages of other origins have no say here");
}

function isLoopback(host: string): boolean {
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  return host === "::1" || host === "[::1]" || (isIPv4(host) && host.startsWith("127."));
}

function isOrigin(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}
