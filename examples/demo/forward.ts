/**
 * The way from a page to its line: a request of the page's session goes on to the line's proxy, and
 * what the proxy does to it happens to the page's connection.
 *
 * Each request has a connection of its own on both sides. A browser that sends a request on a
 * connection which has served before, and gets nothing back, sends it again by itself and says
 * nothing: the page would never see what its line loses.
 */
import { type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import { pipeline } from "node:stream";

/** Names the line to the session server. */
export const LINE_HEADER = "x-demo-line";

/** What the session server looks at, beside the headers that are written here. */
const HEADERS_PASSED = [
  "content-encoding",
  "content-length",
  "content-type",
  "host",
  "origin",
  "sec-fetch-site",
];

export interface Way {
  readonly lineId: string;
  /** Of the line's proxy. */
  readonly port: number;
  /** Of the sessions. */
  readonly path: string;
}

export function forward(incoming: IncomingMessage, response: ServerResponse, way: Way): void {
  const headers: Record<string, string> = {
    [LINE_HEADER]: way.lineId,
    "x-forwarded-for": incoming.socket.remoteAddress ?? "",
  };
  for (const name of HEADERS_PASSED) {
    const value = incoming.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  const { port, path } = way;
  const sent = httpRequest({
    port,
    path,
    headers,
    method: "POST",
    host: "127.0.0.1",
    agent: false,
  });
  // Whichever side goes, the other one goes with it: that is all there is to say to either.
  sent.on("error", () => response.destroy());
  response.on("error", () => sent.destroy());
  response.on("close", () => sent.destroy());
  incoming.on("error", () => sent.destroy());
  incoming.pipe(sent);
  sent.on("response", (answer) => {
    const { statusCode = 502, headers: answered } = answer;
    response.writeHead(statusCode, { ...answered, connection: "close" });
    pipeline(answer, response, () => {});
  });
}
