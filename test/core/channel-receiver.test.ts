// What one channel remembers of keys and indexes, and when it has no room for more.

import { expect, test } from "vitest";
import { ChannelReceiver } from "../../src/core/channel-receiver.ts";
import { INDEX_RANGES_MAX, KEYS_MAX } from "../../src/core/limits.ts";
import { NO_KEY } from "../../src/core/send-ring.ts";

const NEW_KEY = 1e9;
/** One hole at 1, so that nothing is sure to have been overtaken. */
const FIRST = 2;

/** As many keys as may be remembered, the newest index of each one above the one before. */
function full(): ChannelReceiver {
  const channel = new ChannelReceiver(2, "latest", 4, 16_384);
  for (let key = 0; key < KEYS_MAX; key++) channel.latestByKey.set(key, FIRST + key);
  channel.settled.add(FIRST, FIRST + KEYS_MAX - 1);
  return channel;
}

const roomFor = (channel: ChannelReceiver, key: number): boolean =>
  channel.hasRoom(FIRST + KEYS_MAX, key, 0);

test("[LATEST-2] a channel has room for a key that it knows, or for none, though it is full", () => {
  const channel = full();

  expect(roomFor(channel, 0)).toBe(true);
  expect(roomFor(channel, NO_KEY)).toBe(true);
  expect(roomFor(channel, NEW_KEY)).toBe(false);
  expect(channel.latestByKey.size).toBe(KEYS_MAX);
  channel.latestByKey.delete(0);
  expect(roomFor(channel, NEW_KEY)).toBe(true);
});

test("[LATEST-2] a full channel forgets the keys of which nothing older can come, and no others", () => {
  const channel = full();
  channel.settled.clear();
  channel.settled.add(1, FIRST + 9);
  channel.settled.add(FIRST + 11, FIRST + KEYS_MAX - 1);

  expect(roomFor(channel, NO_KEY)).toBe(true);
  expect(channel.latestByKey.size).toBe(KEYS_MAX);
  expect(roomFor(channel, NEW_KEY)).toBe(true);

  expect(channel.latestByKey.size).toBe(KEYS_MAX - 10);
  expect([channel.latestByKey.has(9), channel.latestByKey.has(10)]).toEqual([false, true]);
});

test("[LATEST-2] a full channel looks through its keys only when something may be forgotten", () => {
  const channel = full();
  channel.settled.clear();
  channel.settled.add(1, 1);
  expect(roomFor(channel, NEW_KEY)).toBe(false);
  // A key that could be forgotten now appears without the indexes having gone on.
  channel.latestByKey.set(0, 1);

  expect(roomFor(channel, NEW_KEY)).toBe(false);
  expect(channel.latestByKey.size).toBe(KEYS_MAX);
  channel.settled.add(2, 2);
  expect(roomFor(channel, NEW_KEY)).toBe(true);
});

test("[MODE-2] a channel has room for as many gaps between indexes as are told apart", () => {
  const channel = new ChannelReceiver(2, "unordered", 4, 16_384);
  for (let at = 1; at < INDEX_RANGES_MAX; at++) channel.settled.add(2 * at, 2 * at);
  expect(channel.hasRoom(2 * INDEX_RANGES_MAX, NO_KEY, 0)).toBe(true);

  channel.settled.add(2 * INDEX_RANGES_MAX, 2 * INDEX_RANGES_MAX);

  expect(channel.hasRoom(2 * INDEX_RANGES_MAX + 2, NO_KEY, 0)).toBe(false);
  expect(channel.hasRoom(2 * INDEX_RANGES_MAX + 1, NO_KEY, 0)).toBe(true);
  expect(channel.hasRoom(3, NO_KEY, 0)).toBe(true);
});

test("[MODE-1] a channel has room for the next index, and for so many that wait", () => {
  const channel = new ChannelReceiver(2, "ordered", 4, 16_384);
  const waiting = { payload: undefined, seqs: [], assembled: false };
  channel.waiting.set(2, waiting);

  expect(channel.hasRoom(3, NO_KEY, 2)).toBe(true);
  channel.waiting.set(3, waiting);
  expect(channel.hasRoom(4, NO_KEY, 2)).toBe(false);
  expect(channel.hasRoom(1, NO_KEY, 2)).toBe(true);
});
