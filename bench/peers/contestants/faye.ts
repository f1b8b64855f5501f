/**
 * Faye over WebSocket, which its documentation recommends over its other transports where there is
 * one. (Over long polling its client has several requests on their way at once, on as many
 * connections, so that messages overtake one another.) It is publish and subscribe: a client has a
 * channel of its own downwards, and publishes to a channel to which nobody else listens, as the
 * server can look at what is published; that costs less than a subscriber at the server. Both sides
 * publish through clients, whose publications are acknowledged. It does its own reconnection, with
 * what was not acknowledged sent again, after `retry` seconds: five, if not told otherwise.
 */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import faye from "faye";
import type { Connection, Contestant } from "../contestant.ts";
import { listening } from "./listening.ts";

const UP = "/up";
const DOWN = "/down/";

/** Publications that may wait to be acknowledged. */
const UNACKNOWLEDGED_MAX = 1_000;

/** Seconds; it takes nought for the default. */
const RETRY_S = 0.001;

type Publisher = Pick<InstanceType<typeof faye.Client>, "publish">;

function connection(publisher: Publisher, channel: string, close: () => void): Connection {
  let unacknowledged = 0;
  let failed: Error | undefined;
  let settled: () => void = () => {};
  const acknowledged = (): void => {
    if (--unacknowledged === UNACKNOWLEDGED_MAX - 1) end.onDrain();
    if (unacknowledged === 0) settled();
  };
  const end: Connection = {
    onMessage: () => {},
    onDrain: () => {},
    onClose: () => {},
    send(message) {
      publisher.publish(channel, message as string).then(acknowledged, (reason) => {
        failed = reason;
        settled();
      });
      return ++unacknowledged < UNACKNOWLEDGED_MAX;
    },
    async flushed() {
      if (unacknowledged > 0 && failed === undefined) {
        await new Promise<void>((resolve) => (settled = resolve));
      }
      if (failed !== undefined) throw failed;
    },
    close,
  };
  return end;
}

export const fayeWebSocket: Contestant = {
  name: "Faye websocket",
  package: "faye",
  kind: "websocket",
  payload: "text",
  async serve({ onConnection, holdTimeMs = 25_000 }) {
    const server = createServer();
    const adapter = new faye.NodeAdapter({ mount: "/faye", timeout: holdTimeMs / 1_000 });
    const publisher = adapter.getClient();
    // What it is given before it is connected it does not send in order.
    await new Promise<void>((resolve) => publisher.connect(resolve));
    const connections = new Map<string, Connection>();
    adapter.on("subscribe", (clientId, channel) => {
      if (!channel.startsWith(DOWN) || connections.has(clientId)) return;
      const end = connection(publisher, channel, () => {});
      connections.set(clientId, end);
      onConnection(end);
    });
    adapter.on("publish", (clientId, channel, data) => {
      if (channel === UP && clientId !== undefined) connections.get(clientId)?.onMessage(data);
    });
    adapter.on("disconnect", (clientId) => {
      connections.get(clientId)?.onClose();
      connections.delete(clientId);
    });
    adapter.attach(server);
    return { port: await listening(server), server };
  },
  connect: ({ port }) =>
    new Promise((resolve, reject) => {
      const client = new faye.Client(`http://127.0.0.1:${port}/faye`, { retry: RETRY_S });
      const end = connection(client, UP, () => void client.disconnect());
      client
        .subscribe(DOWN + randomUUID(), (data) => end.onMessage(data))
        .then(() => resolve(end), reject);
    }),
};
