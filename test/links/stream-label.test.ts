// Streams that are labelled as event streams, for whoever on the way hands on nothing else at once.

import { createServer } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import type { Server } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { connect as connectByFetch } from "../../src/http/connect-fetch.ts";
import { connect as connectByNode } from "../../src/http/connect-node.ts";
import { fetchHandler } from "../../src/http/fetch-handler.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { SessionServer } from "../../src/session/server.ts";
import { listenLocally } from "../listening.ts";
import { soon, until } from "../waiting.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const SERVERS = {
  nodeListener: (sessions: SessionServer) => createServer(nodeListener(sessions)),
  fetchHandler: (sessions: SessionServer) => {
    const handle = fetchHandler(sessions);
    return createAdaptorServer({ fetch: (request) => handle(request) }) as Server;
  },
};
const CLIENTS = { node: connectByNode, fetch: connectByFetch };

describe.each(Object.keys(SERVERS) as (keyof typeof SERVERS)[])("a stream of %s", (server) => {
  test.each([
    ["node", "event-stream", "text/event-stream"],
    ["node", "binary", "application/octet-stream"],
    ["fetch", "event-stream", "text/event-stream"],
    ["fetch", undefined, "application/octet-stream"],
  ] as const)(
    "[HTTP-12] has the label that a client by %s asks for: %s",
    async (by, label, type) => {
      const sessions = new SessionServer({ onSession: (session) => void session.send("hello") });
      const types: unknown[] = [];
      const listening = SERVERS[server](sessions);
      listening.prependListener("request", ({ method }, response) => {
        if (method !== "GET") return;
        const writeHead = response.writeHead.bind(response) as (
          ...given: unknown[]
        ) => typeof response;
        response.writeHead = (...given: unknown[]) => {
          types.push(new Headers(given.at(-1) as Record<string, string>).get("content-type"));
          return writeHead(...given);
        };
      });
      const port = await listenLocally(listening);
      ends.push(() => listening.close().closeAllConnections());
      const url = `http://127.0.0.1:${port}/holdfast`;
      const client = CLIENTS[by](url, { links: ["stream", "poll"], streamLabel: label });
      ends.push(() => client.abort());
      const heard: unknown[] = [];
      client.onBundle((messages) => void heard.push(...messages));
      await soon(client.opened, "the session");
      await until(() => client.link === "stream", "the stream");
      await until(() => heard.length === 1, "the greeting");
      expect(new Set(types)).toEqual(new Set([type]));
    },
  );
});

test("there are two labels", () => {
  for (const connect of Object.values(CLIENTS)) {
    const make = (): unknown => connect("http://127.0.0.1:1/", { streamLabel: "json" as "binary" });
    expect(make).toThrow('option_invalid: streamLabel is "json" and must be binary');
  }
});
