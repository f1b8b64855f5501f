/** The headers of the requests of a client in Node. */
import http from "node:http";
import type { CarrierHeaders } from "./carrier-options.ts";

/** Headers that say how a request is framed or sent on, and its answer; only the carrier knows that. */
const FRAMING =
  /^(accept|accept-encoding|connection|content-length|expect|keep-alive|te|trailer|transfer-encoding|upgrade)$/;

/** The provided headers, in lower case. @throws TypeError for what cannot stand in a header. */
export function allowedHeaders(provided: CarrierHeaders = {}): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(provided)) {
    http.validateHeaderName(name);
    http.validateHeaderValue(name, value);
    const key = name.toLowerCase();
    if (!FRAMING.test(key)) headers[key] = value;
  }
  return headers;
}
