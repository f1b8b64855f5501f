import { expect, test } from "vitest";
import { connectOver } from "../../src/session/client-session.ts";
import { raw } from "../../src/session/raw.ts";
import type { PeerSession } from "../../src/session/server.ts";
import { MemoryCarrier } from "./memory-carrier.ts";
import { begin, settle, until } from "./pair.ts";

const MB = 1_000_000;
const WINDOW_BYTES = 34 * 65_536;
const LIMITS = { windowBytes: WINDOW_BYTES, channelsMax: 8, channelBytes: 65_536, codec: raw };

/** Payload bytes that a server has taken in and its application has not. */
function undelivered(
  session: PeerSession,
  sent: number,
  client: { bufferedBytes: number },
): number {
  expect(session.status.state).toBe("open");
  return sent - client.bufferedBytes;
}

test("A consumer that never takes makes its peer wait: the server holds a window, not 100 MB", async () => {
  const { server, client, peer } = begin(LIMITS, {
    codec: raw,
    sendBufferBytesMax: 200 * MB,
    highWaterBytes: MB,
  });
  const neighbour = connectOver(new MemoryCarrier(server), raw);
  const silent = await peer;
  const memoryBefore = process.memoryUsage().arrayBuffers;
  let sent = 0;
  // One large buffer, kept by reference: what grows beside it is the server's.
  const payload = new Uint8Array(10_000);
  for (let at = 0; at < 100 * MB; at += payload.length) {
    client.send(payload);
    sent += payload.length;
  }
  await until(() => server.sessions.length === 2);
  const honest = server.sessions.find((session) => session !== silent) as PeerSession;
  honest.onBundle((messages) => {
    for (const message of messages) honest.send(message);
  });
  // A hundred round trips beside it.
  const echoes = neighbour[Symbol.asyncIterator]();
  for (let round = 0; round < 100; round++) {
    neighbour.send(new Uint8Array([round]));
    expect((await echoes.next()).value).toEqual(new Uint8Array([round]));
  }
  await settle();
  expect(undelivered(silent, sent, client)).toBeGreaterThan(WINDOW_BYTES / 4);
  expect(undelivered(silent, sent, client)).toBeLessThanOrEqual(WINDOW_BYTES);
  expect(client.send(payload)).toBe(false);
  globalThis.gc?.();
  expect(process.memoryUsage().arrayBuffers - memoryBefore).toBeLessThan(20 * MB);
  neighbour.abort();

  // And it is only a wait: what it takes, it gets, to the last byte.
  let taken = 0;
  silent.onBundle((messages) => {
    for (const message of messages) taken += (message as Uint8Array).length;
  });
  await client.flushed();
  expect(taken).toBe(sent + payload.length);
});

test("A callback whose promise does not settle closes the window as well", async () => {
  const { client, peer } = begin(LIMITS, { codec: raw, sendBufferBytesMax: 20 * MB });
  const slow = await peer;
  let calls = 0;
  let release = (): void => {};
  slow.onBundle(() => {
    calls++;
    return new Promise((resolve) => (release = resolve));
  });
  let sent = 0;
  for (; sent < 10 * MB; sent += 10_000) client.send(new Uint8Array(10_000));
  await until(() => calls === 1);
  await settle();
  expect(undelivered(slow, sent, client)).toBeLessThanOrEqual(WINDOW_BYTES);
  slow.onBundle(() => {});
  release();
  await client.flushed();
  expect(calls).toBe(1);
});

test("A loop that works on one message at a time gets all of them, within the window", async () => {
  const { client, peer } = begin(LIMITS, { codec: raw, sendBufferBytesMax: 20 * MB });
  const slow = await peer;
  let sent = 0;
  for (; sent < 5 * MB; sent += 10_000) client.send(new Uint8Array(10_000));
  let taken = 0;
  for await (const message of slow) {
    taken += (message as Uint8Array).length;
    if (taken === sent) break;
    expect(undelivered(slow, sent, client) - taken).toBeLessThanOrEqual(WINDOW_BYTES);
    if (taken % 100_000 === 0) await settle();
  }
  expect(taken).toBe(sent);
});
