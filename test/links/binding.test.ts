// What a client of another make relies on: streams and WebSockets as they are on the line, with a
// core that is driven by hand.

import { once } from "node:events";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { BodySplitter, RequestSide, TICKET_BYTES } from "../../src/core/index.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
import { SessionServer } from "../../src/session/server.ts";
import { LIMIT_MS, soon } from "../waiting.ts";

const MEDIA_TYPE = "application/octet-stream";

const ended: (() => void)[] = [];
afterEach(() => {
  for (const end of ended.splice(0)) end();
});

/** A server that says "hello" to each session; returns its port. */
async function serve(): Promise<number> {
  const sessions = new SessionServer<Uint8Array, string>({
    onSession: (session) => void session.send("hello"),
  });
  const server: Server = createServer(nodeListener(sessions));
  server.on("upgrade", upgradeListener(sessions));
  ended.push(() => server.close().closeAllConnections());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function makeSide(): RequestSide {
  const nonce = new Uint8Array(16).fill(1);
  const secret = new Uint8Array(16).fill(2);
  return new RequestSide(performance.now(), { nonce, secret });
}

/** Does what the core says, with requests by `fetch`, until `isDone`. */
async function drive(
  side: RequestSide,
  url: string,
  pipe: { readonly offered?: () => void; readonly transmit?: (body: Uint8Array) => void },
  isDone: (kind: string) => boolean,
): Promise<void> {
  const untilMs = performance.now() + LIMIT_MS;
  const stop = new AbortController();
  ended.push(() => stop.abort());
  for (let isOver = false; !isOver;) {
    expect(performance.now()).toBeLessThan(untilMs);
    side.handleTimeout(performance.now());
    for (let output = side.poll(); output.kind !== "timeout"; output = side.poll()) {
      if (output.kind === "transmit") pipe.transmit?.(output.body);
      else if (output.kind === "pipe-offered") pipe.offered?.();
      else if (output.kind === "request") {
        const { exchange, body } = output;
        const init = {
          method: "POST",
          headers: { "content-type": MEDIA_TYPE },
          signal: stop.signal,
        };
        void fetch(url, { ...init, body: body as Uint8Array<ArrayBuffer> })
          .then((response) => response.arrayBuffer())
          .then((bytes) => side.handleAnswer(performance.now(), exchange, new Uint8Array(bytes)))
          .catch(() => {});
      }
      isOver ||= isDone(output.kind);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

test("[HTTP-11] [HTTP-12] a stream is bodies one behind the other, for a ticket", async () => {
  const port = await serve();
  const url = `http://127.0.0.1:${port}/holdfast?tenant=7`;
  const side = makeSide();
  const ticket = new Uint8Array(TICKET_BYTES).fill(0xfb);
  const link = side.offerPipe(performance.now(), ticket);
  const splitter = new BodySplitter(65_536);
  let head: IncomingMessage | undefined;
  let bodies = 0;

  await soon(
    drive(
      side,
      url,
      {
        offered: () => {
          const stream = get(`${url}&stream=-_v7-_v7-_v7-_v7-_v7-w`, (response) => {
            head = response;
            response.on("data", (piece: Uint8Array) => {
              for (const body of splitter.push(piece)) {
                bodies++;
                side.handlePipeBody(performance.now(), link, body);
              }
            });
          });
          stream.on("error", () => {});
          ended.push(() => stream.destroy());
        },
      },
      (kind) => kind === "pipe-joined",
    ),
    "the stream is joined",
  );

  expect(head?.statusCode).toBe(200);
  expect(head?.headers).toMatchObject({
    "content-type": MEDIA_TYPE,
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
  });
  expect(head?.headers["content-length"]).toBeUndefined();
  expect(bodies).toBeGreaterThanOrEqual(2);
});

test("[HTTP-13] [HTTP-14] a WebSocket has a body in each message, the client's first", async () => {
  const port = await serve();
  const side = makeSide();
  const socket = new WebSocket(`ws://127.0.0.1:${port}/holdfast`, ["other", "holdfast.1"]);
  ended.push(() => socket.terminate());
  await soon(once(socket, "open"), "the WebSocket");
  expect(socket.protocol).toBe("holdfast.1");
  expect(socket.extensions).toBe("");
  const link = side.openPipe(performance.now());
  socket.on("message", (bytes: Buffer, isBinary) => {
    expect(isBinary).toBe(true);
    side.handlePipeBody(performance.now(), link, new Uint8Array(bytes));
  });

  await soon(
    drive(
      side,
      `http://127.0.0.1:${port}/holdfast`,
      { transmit: (body) => socket.send(body) },
      (kind) => kind === "deliver",
    ),
    "the greeting",
  );
});
