import { createServer, type RequestListener, type Server } from "node:http";
import type { Server as NetServer } from "node:net";
import { onTestFinished } from "vitest";
import { type NodeListener, nodeListener } from "../../src/http/node-listener.ts";
import type { ListenerOptions } from "../../src/http/request-rules.ts";
import type { RequestHandler } from "../../src/session/peer.ts";
import { listenLocally } from "../listening.ts";
import { RawClient } from "./raw-client.ts";

export interface TestServer {
  readonly server: Server;
  readonly port: number;
  readonly url: string;
  /** What the adapter reported; a test that expects nothing sees it empty. */
  readonly errors: unknown[];
  /** A new connection, closed when the test is over. */
  client(): Promise<RawClient>;
}

/** Listens on a free port until the test is over. */
export async function listen(server: NetServer): Promise<number> {
  const port = await listenLocally(server);
  onTestFinished(async () => {
    if (server.listening) server.close();
    if ("closeAllConnections" in server) (server as Server).closeAllConnections();
  });
  return port;
}

/** A server of node:http with nothing but the adapter, or with what `around` makes of it. */
export async function serve(
  handler: RequestHandler,
  options: ListenerOptions = {},
  around: (listener: NodeListener) => RequestListener = (listener) => listener,
): Promise<TestServer> {
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const server = createServer(around(nodeListener(handler, { onError, ...options })));
  const port = await listen(server);
  const client = async (): Promise<RawClient> => {
    const opened = await RawClient.open(port);
    onTestFinished(() => opened.destroy());
    return opened;
  };
  return { server, port, url: `http://127.0.0.1:${port}/holdfast`, errors, client };
}

/** A POST as a client of this library makes it. */
export function post(
  url: string,
  body: string | Uint8Array | undefined,
  headers: Record<string, string> = {},
  method = "POST",
): Promise<Response> {
  return fetch(url, {
    method,
    headers: { "content-type": "application/octet-stream", ...headers },
    ...(body === undefined ? {} : { body }),
  });
}

/** Status and reason of a refusal. */
export async function refusalOf(response: Promise<Response>): Promise<readonly [number, unknown]> {
  const answer = await response;
  return [answer.status, ((await answer.json()) as { error: unknown }).error];
}
