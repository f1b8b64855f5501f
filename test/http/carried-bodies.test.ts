// Large bodies are given back once they have left, on every link of a server and a client in Node.

import { once } from "node:events";
import { createServer, connect as dial } from "node:net";
import { Duplex, PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { memoryFor, whenCarried } from "../../src/core/body-memory.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
import { SUBPROTOCOL } from "../../src/http/websocket-pipe.ts";
import type { RequestHandler, ServerPipe } from "../../src/session/peer.ts";
import { writeBody } from "../../src/tcp/sockets.ts";
import { until } from "../waiting.ts";
import { listen, post, serve } from "./test-server.ts";

const BYTES = 300_000;

// Somebody has to say when bodies have left, before their memory is looked after.
whenCarried(new Uint8Array(1));

function largeBody(): Uint8Array {
  const body = memoryFor(BYTES).subarray(0, BYTES);
  for (let at = 0; at < BYTES; at++) body[at] = (at * 7) % 251;
  return body;
}

/** The bytes that came are those that were sent, though the memory is to be used again. */
async function expectCarried(body: Uint8Array, sent: Uint8Array, came: Uint8Array): Promise<void> {
  expect(Buffer.compare(came, sent)).toBe(0);
  await until(() => whenCarried(body) === undefined, "the body is given back");
}

const POST = [
  "POST /holdfast HTTP/1.1",
  "host: a",
  "content-type: application/octet-stream",
  "content-length: 1",
  "",
  "x",
].join("\r\n");

const TARGET = `?stream=${"A".repeat(22)}`;

/** Says the body wherever somebody asks. */
function sayer(body: Uint8Array): RequestHandler {
  const say = (pipe: ServerPipe): void => {
    pipe.write(body);
    pipe.close();
  };
  return {
    bodyBytesMax: BYTES,
    handleRequest: (_body, _peer, reply) => {
      reply({ kind: "answer", body });
      return () => {};
    },
    handleStream: (_ticket, _peer, pipe) => {
      say(pipe);
      return () => {};
    },
    handlePipe: (_peer, pipe) => {
      say(pipe);
      return { body: () => {}, gone: () => {} };
    },
  };
}

test("by an answer", async () => {
  const body = largeBody();
  const sent = body.slice();
  const { url } = await serve(sayer(body));
  const answer = await post(url, "x");
  await expectCarried(body, sent, new Uint8Array(await answer.arrayBuffer()));
});

test("by a stream", async () => {
  const body = largeBody();
  const sent = body.slice();
  const { url } = await serve(sayer(body));
  const answer = await fetch(url + TARGET);
  await expectCarried(body, sent, new Uint8Array(await answer.arrayBuffer()));
});

test("not by a stream of somebody's own, which calls back before its reader has read", async () => {
  const body = largeBody();
  const { server } = await serve(sayer(body));
  const throttle = new PassThrough({ highWaterMark: 2 * BYTES });
  const requests = new PassThrough();
  server.emit("connection", Duplex.from({ readable: requests, writable: throttle }));
  requests.write(POST);
  await until(() => throttle.readableLength > BYTES, "the answer is written");
  expect(whenCarried(body)).toBeDefined();
});

test("by a WebSocket", async () => {
  const body = largeBody();
  const sent = body.slice();
  const handler = sayer(body);
  const { server, url } = await serve(handler);
  server.on("upgrade", upgradeListener(handler));
  const socket = new WebSocket(url, SUBPROTOCOL);
  const [came] = (await once(socket, "message")) as [Buffer];
  await expectCarried(body, sent, came);
});

test.each([1, 3])("by TCP, %d in a tick", async (count) => {
  const bodies = Array.from({ length: count }, largeBody);
  const sent = Buffer.concat(bodies);
  const port = await listen(
    createServer((socket) => {
      for (const body of bodies) writeBody(socket, body);
      socket.end();
    }),
  );
  const pieces: Buffer[] = [];
  const socket = dial(port, "127.0.0.1");
  socket.on("data", (piece: Buffer) => void pieces.push(piece));
  await once(socket, "end");
  for (const body of bodies) await expectCarried(body, sent, Buffer.concat(pieces));
});
