// Streams and WebSockets that nobody reads: what waits for them is bounded, and they are cut.

import { once } from "node:events";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { Socket } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { connect } from "../../src/http/connect-node.ts";
import { fetchHandler } from "../../src/http/fetch-handler.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
import type { RequestHandler, ServerPipe } from "../../src/session/peer.ts";
import { connectOver, msgpack } from "../../src/session/index.ts";
import type { PipeConnection, PipeEvents } from "../../src/session/pipe-carrier.ts";
import { SessionServer } from "../../src/session/server.ts";
import { Desk } from "../contract/harness.ts";
import { listenLocally } from "../listening.ts";
import { numbersTo, soon, until } from "../waiting.ts";
import { MemoryPipes, PipedCarrier } from "../session/memory-pipes.ts";
import { StreamFront } from "./stream-front.ts";
import { Heard, StreamSite } from "./stream-site.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const BODY = new Uint8Array(65_536);

/** Has one pipe, whatever is asked for. */
class OnePipe implements RequestHandler {
  readonly bodyBytesMax = 65_536;
  pipe: ServerPipe | undefined;
  gone = 0;

  handleRequest(): () => void {
    return () => {};
  }

  handleStream(_ticket: Uint8Array, _peer: unknown, pipe: ServerPipe): () => void {
    this.pipe = pipe;
    pipe.write(BODY);
    return () => this.gone++;
  }

  handlePipe(_peer: unknown, pipe: ServerPipe): { body(): void; gone(): void } {
    this.pipe = pipe;
    return { body: () => {}, gone: () => this.gone++ };
  }
}

const ADAPTERS = {
  "nodeListener, stream": (handler: RequestHandler) => createServer(nodeListener(handler)),
  "fetchHandler, stream": (handler: RequestHandler) => {
    const handle = fetchHandler(handler);
    return createAdaptorServer({ fetch: (request) => handle(request) }) as Server;
  },
  "upgradeListener, WebSocket": (handler: RequestHandler) => {
    const server = createServer();
    return server.on("upgrade", upgradeListener(handler));
  },
};

/** Asks for a pipe and does not read it. */
async function ask(name: string, port: number): Promise<void> {
  if (name.endsWith("WebSocket")) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/holdfast`);
    socket.on("error", () => {});
    ends.push(() => socket.terminate());
    await once(socket, "open");
    socket.pause();
    return;
  }
  const request = get({ port, host: "127.0.0.1", path: `/holdfast?stream=${"A".repeat(22)}` });
  request.on("error", () => {});
  ends.push(() => request.destroy());
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.on("error", () => {});
}

describe.each(Object.entries(ADAPTERS))("a pipe of %s that nobody reads", (name, serve) => {
  test("tells what has not left, and is cut at once", async () => {
    const handler = new OnePipe();
    const server = serve(handler);
    const sockets = new Set<Socket>();
    server.on("connection", (socket: Socket) => sockets.add(socket));
    const port = await listenLocally(server);
    ends.push(() => server.close().closeAllConnections());
    await soon(ask(name, port), "a connection");
    await until(() => handler.pipe !== undefined, "the pipe");
    const { pipe } = handler;
    const unsent = (): number => handler.pipe?.unsentBytes ?? 0;
    let written = 0;
    // The system takes some megabytes.
    while (unsent() < 1_000_000 && written < 100_000_000) {
      pipe?.write(BODY);
      written += BODY.length;
      if (written % (16 * BODY.length) === 0) await new Promise((next) => setImmediate(next));
    }
    expect(unsent()).toBeGreaterThanOrEqual(1_000_000);
    expect(unsent()).toBeLessThan(written);
    expect(handler.gone).toBe(0);

    pipe?.cut?.();

    await until(() => handler.gone === 1, "the news");
    await until(() => [...sockets].every(({ destroyed }) => destroyed), "the connection's end");
    // What is said to one that has gone is lost, and nobody is told twice.
    pipe?.write(BODY);
    await new Promise((next) => setImmediate(next));
    expect(handler.gone).toBe(1);
  });
});

describe("a session whose pipe is not read", () => {
  test.each(["stream", "websocket"] as const)("goes on without it: %s", async (link) => {
    const site = await StreamSite.start();
    ends.push(() => site.stop());
    let unsentBytes = 0;
    let cuts = 0;
    const wrap = (pipe: ServerPipe): ServerPipe => ({
      write: (body) => pipe.write(body),
      close: () => pipe.close(),
      get unsentBytes() {
        return unsentBytes;
      },
      cut: () => {
        cuts++;
        pipe.cut?.();
      },
    });
    const { sessions } = site;
    const handler: RequestHandler = {
      bodyBytesMax: sessions.bodyBytesMax,
      handleRequest: (...given) => sessions.handleRequest(...given),
      handleStream: (ticket, peer, pipe) => sessions.handleStream(ticket, peer, wrap(pipe)),
      handlePipe: (peer, pipe) => sessions.handlePipe(peer, wrap(pipe)),
    };
    const server = createServer(nodeListener(handler)).on("upgrade", upgradeListener(handler));
    const port = await listenLocally(server);
    ends.push(() => server.close().closeAllConnections());
    const [client, peer] = await site.join(
      { links: [link, "poll"] },
      `http://127.0.0.1:${port}/holdfast`,
    );
    const heard: number[] = [];
    client.onBundle((numbers) => void heard.push(...numbers));
    peer.send(1);
    await until(() => heard.length === 1, "the first message");
    expect(cuts).toBe(0);

    // Twice what may wait there of messages.
    unsentBytes = 2 * (1_048_576 + 524_288) + 1;
    peer.send(2);
    await until(() => cuts > 0, "the cut");
    unsentBytes = 0;

    peer.send(3);
    await until(() => heard.length === 3, "the rest");
    expect(heard).toEqual([1, 2, 3]);
    await until(() => client.link === link, "the link again");
  });

  test("keeps no more for a stream than pipeBytesMax and a body, and its window closes", async () => {
    const pipeBytesMax = 262_144;
    const server = { pipeBytesMax, pipeStallMs: 500, highWaterBytes: 1_000_000 };
    const site = await StreamSite.start({ server });
    ends.push(() => site.stop());
    const front = await StreamFront.start(site.port);
    ends.push(() => front.close());
    const [client, peer] = await site.join({}, front.url);
    const heard = new Heard(client);
    const [stream] = site.streams;
    const before = stream?.socket.bytesWritten ?? 0;
    front.hold();

    let count = 0;
    while (peer.send(count)) count++;
    count++;
    await until(() => client.link === "poll", "the stall");

    const written = (stream?.socket.bytesWritten ?? 0) - before;
    expect(written).toBeGreaterThan(pipeBytesMax / 2);
    expect(written).toBeLessThan(pipeBytesMax + 524_288);
    await until(() => heard.numbers.length === count, "everything by another link");
    expect(heard.numbers).toEqual(numbersTo(count));
  });
});

test("a server that hangs up has the application wait, though the end is told within it", async () => {
  let isHangingUp = false;
  let hangUps = 0;
  const within: boolean[] = [];
  const sessions = new SessionServer<number, number>({
    onSession: (session) => {
      session.on("ended", () => void within.push(isHangingUp));
      session.on("status", () => void within.push(isHangingUp));
    },
  });
  const handler: RequestHandler = {
    bodyBytesMax: sessions.bodyBytesMax,
    handleRequest: (...given) => sessions.handleRequest(...given),
    handleStream: (ticket, peer, pipe) => {
      const gone = sessions.handleStream(ticket, peer, {
        write: (body) => pipe.write(body),
        close: () => {
          hangUps++;
          isHangingUp = true;
          gone?.();
          isHangingUp = false;
          pipe.close();
        },
      });
      return gone;
    },
  };
  const site = await StreamSite.start({ sessions: handler });
  ends.push(() => site.stop());
  ends.push(() => sessions.abort());
  const client = connect<number, number>(site.url, { links: ["stream", "poll"] });
  ends.push(() => client.abort());
  await until(() => client.link === "stream", "the stream");

  const [session] = sessions.sessions;
  session?.abort();

  await until(() => hangUps > 0 && within.length > 0, "the end");
  expect(within).not.toContain(true);
});

test("the contract's desk hands on what has not left, and the cut", () => {
  const handler = new OnePipe();
  const desk = new Desk(handler);
  let cuts = 0;
  const pipe = { write: () => {}, close: () => {}, unsentBytes: 7, cut: () => cuts++ };
  const peer = { address: "", header: () => undefined, request: undefined };
  desk.handleStream(new Uint8Array(16), peer, pipe);
  expect(handler.pipe?.unsentBytes).toBe(7);
  handler.pipe?.cut?.();
  expect(cuts).toBe(1);
});

/** WebSockets whose hosts say that so many bytes have not left. */
class FullPipes extends MemoryPipes {
  unsentBytes = 0;

  override open(events: PipeEvents, ticket: Uint8Array): PipeConnection {
    const connection = super.open(events, ticket);
    const unsent = (): number => this.unsentBytes;
    return {
      write: (body) => connection.write(body),
      close: () => connection.close(),
      get unsentBytes() {
        return unsent();
      },
    };
  }
}

test("a client whose WebSocket is not read goes on without it", async () => {
  const heard: number[] = [];
  const server = new SessionServer<number, number>({
    onSession: (session) => void session.onBundle((numbers) => void heard.push(...numbers)),
  });
  ends.push(() => server.abort());
  const pipes = new FullPipes("websocket", "http://full.example", server);
  const client = connectOver<number, number>(new PipedCarrier(server, [pipes]), msgpack);
  ends.push(() => client.abort());
  await until(() => client.link === "websocket", "the link");
  client.send(1);
  await until(() => heard.length === 1, "the first message");
  const links: string[] = [];
  client.on("link", (name) => void links.push(name));

  pipes.unsentBytes = 2 * (1_048_576 + 524_288) + 1;
  client.send(2);
  await until(() => links.length > 0, "the move");
  expect([links[0], client.linkReason]).toEqual(["poll", "websocket_unread"]);
  pipes.unsentBytes = 0;
  client.send(3);
  await until(() => heard.length === 3, "the rest");
  expect(heard).toEqual([1, 2, 3]);
});
