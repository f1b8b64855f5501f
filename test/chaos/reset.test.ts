import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { reset } from "../../src/chaos/reset.ts";
import { listenLocally } from "../listening.ts";

const open: { destroy(): unknown }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.destroy();
});

/** Both ends of one connection; the client reads nothing until it is told to. */
async function pair(): Promise<{ near: Socket; client: Socket }> {
  const server = createServer({ pauseOnConnect: true });
  const client = connect({ port: await listenLocally(server), allowHalfOpen: true });
  const [near] = (await once(server, "connection")) as [Socket];
  server.close();
  near.on("error", () => {});
  open.push(near, client);
  return { near, client };
}

test("an open connection is reset", async () => {
  const { near, client } = await pair();
  const failed = once(client, "error");
  const closed = once(near, "close");
  reset(near);
  await closed;
  expect((await failed)[0]).toMatchObject({ code: "ECONNRESET" });
});

test("a connection that has more to write than its peer reads is reset at once", async () => {
  const { near, client } = await pair();
  near.end(Buffer.alloc(16_777_216));
  const failed = once(client, "error");
  const closed = once(near, "close");
  reset(near);
  client.resume();
  await closed;
  expect((await failed)[0]).toMatchObject({ code: "ECONNRESET" });
});

test("a connection whose FIN is on its way closes, and no handle of it is left", async () => {
  const { near, client } = await pair();
  const closed = once(near, "close");
  near.end();
  // Node asks the system for the FIN at the end of this tick; it answers in a later one.
  process.nextTick(() => reset(near));
  client.resume();
  await closed;
  expect(near.destroyed).toBe(true);
});
