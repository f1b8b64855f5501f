// Whoever closes each connection behind its answer, and does not say so, as Tinyproxy does: a
// stream's request must not be taken for refused because its kept connection is gone.

import { once } from "node:events";
import { Agent, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { NodeCarrier } from "../../src/http/node-carrier.ts";
import { soon } from "../waiting.ts";

test("a stream's request that meets a closed connection is made again at once", async () => {
  const server = createServer((request, response) => {
    response.writeHead(200, { "content-type": "application/octet-stream" });
    if (request.method === "POST") response.once("finish", () => request.socket.destroy());
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  // Its connections are those of requests and of streams alike.
  const agent = new Agent({ keepAlive: true });
  const carrier = new NodeCarrier(`http://127.0.0.1:${port}/holdfast`, {
    agent,
    links: ["stream", "poll"],
  });
  onTestFinished(() => {
    agent.destroy();
    carrier.close();
    server.close().closeAllConnections();
  });
  const answered = carrier.exchange(new Uint8Array(1), new AbortController().signal);
  expect(await soon(answered, "the answer")).toMatchObject({ kind: "answer" });
  const ended = new Promise<string>((resolve) => {
    const events = { opened() {}, body() {}, closed: resolve };
    carrier.pipes[0]?.open(events, new Uint8Array(16));
  });
  // It was there, and is over; without another attempt it would be a network error.
  expect(await soon(ended, "the stream's end")).toBe("stream_ended");
});
