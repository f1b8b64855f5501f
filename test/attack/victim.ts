// The process under attack: a session server behind node:http as the examples set one up, with
// applications of several manners. The conductor asks it for its memory and its books.

import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { UsageError } from "../../src/core/index.ts";
import { configureServer } from "../../src/http/configure-server.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
import type { Peer } from "../../src/session/peer.ts";
import { type PeerSession, SessionServer } from "../../src/session/server.ts";
import { answerCalls } from "../calls.ts";
import type { Books, VictimOptions } from "./orders.ts";

// tsx turns them on. Each connection that an attacker drops costs a stack trace, and to map it
// takes longer than all that the server does; who deploys it runs what was built.
process.setSourceMapsEnabled(false);

const options = JSON.parse(process.argv[2] ?? "{}") as VictimOptions;
const errors: string[] = [];
const sockets = new Set<Socket>();
let flood = { accepted: 0, refused: "", wasTold: false };
let ended: Record<string, number> = {};
let clogged = { connections: 0, requestsMax: 0 };

function authenticate(peer: Peer): string | undefined | Promise<never> {
  const principal = peer.header("authorization")?.replace(/^Bearer /, "");
  if (options.authenticates === "bearer" || principal === "honest") return principal;
  return new Promise(() => {});
}

const sessions = new SessionServer<unknown, unknown>({
  ...options.server,
  ...(options.authenticates === undefined ? {} : { authenticate }),
  onSession(session, peer) {
    void session.ended.then(({ reason, detail }) => {
      const how = `${reason} ${detail}`.trim();
      ended[how] = (ended[how] ?? 0) + 1;
    });
    return serve(session, peer.header("x-service"));
  },
});

function serve(session: PeerSession, service: string | undefined): void | Promise<void> {
  // "deaf" takes nothing of what it is sent.
  if (service === "flood") sendForEver(session);
  else if (service === "careless") {
    // As in the README: nothing that `send` says is looked at.
    return (async () => {
      for await (const message of session) session.send(message);
    })();
  }
  if (service !== "deaf" && service !== "flood") {
    session.onBundle(async (messages) => {
      for (const message of messages) if (!session.send(message)) await session.ready;
    });
  }
}

/** An application that does not listen when it is told that there is no room. */
function sendForEver(session: PeerSession): void {
  const message = new Uint8Array(16_000);
  try {
    for (;;) {
      if (!session.send(message)) flood.wasTold = true;
      flood.accepted++;
    }
  } catch (error) {
    flood.refused = error instanceof UsageError ? error.code : String(error);
  }
}

const onError = (error: unknown): void => void errors.push(String(error));
const server = createServer(
  { connectionsCheckingInterval: options.connectionsCheckingIntervalMs ?? 30_000 },
  nodeListener(sessions, { ...options.listener, onError }),
);
server.on("upgrade", upgradeListener(sessions, { ...options.listener, onError }));
configureServer(server, options.settings);
server.on("connection", (socket) => {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
});
const cloggedRequests = new WeakMap<Socket, number>();
server.on("request", ({ socket }) => {
  if (socket.writableLength === 0) return;
  const requests = (cloggedRequests.get(socket) ?? 0) + 1;
  cloggedRequests.set(socket, requests);
  if (requests === 1) clogged.connections++;
  clogged.requestsMax = Math.max(clogged.requestsMax, requests);
});

/** What is still needed, once everything else was collected. */
async function books(): Promise<Books> {
  for (let round = 0; round < 3; round++) {
    await nextTurn();
    globalThis.gc?.();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const counts = { sessions: sessions.sessions.length, connections: sockets.size };
  return {
    heldBytes: heapUsed + external,
    rssBytes: rss,
    ...counts,
    errors,
    flood,
    clogged,
    ended,
  };
}

answerCalls({
  async listen() {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 4_096, resolve));
    return { port: (server.address() as AddressInfo).port, pid: process.pid };
  },
  books,
  async forget() {
    ended = {};
    clogged = { connections: 0, requestsMax: 0 };
    flood = { accepted: 0, refused: "", wasTold: false };
  },
});
