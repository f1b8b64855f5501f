// What is handed in wrongly is told at once, with the value and what would be right: an event that
// does not exist would never come, and a misspelt option would do nothing, without a word.

import { describe, expect, test } from "vitest";
import { connectOver } from "../../src/session/client-session.ts";
import { json } from "../../src/session/json.ts";
import { msgpack } from "../../src/session/msgpack.ts";
import { MemoryCarrier } from "./memory-carrier.ts";
import { begin, open, settle, take, thrown } from "./pair.ts";

/** Whatever an application without types may call. */
type Loose = Record<"on" | "onBundle" | "channel", (...args: unknown[]) => unknown>;

describe("a session refuses", () => {
  test.each<[string, (session: Loose) => unknown, string]>([
    [
      "events that there are not",
      (session) => session.on("message", () => {}),
      "option_unknown: message is none of the events: status, lost, resumed, givenUp, channel, link, ended",
    ],
    [
      "a listener that is none",
      (session) => session.on("lost"),
      "option_invalid: listener is undefined and must be a function",
    ],
    [
      "a consumer that is none",
      (session) => session.onBundle(),
      "option_invalid: consumer is undefined and must be a function",
    ],
    [
      "a channel without a label",
      (session) => session.channel(),
      "option_invalid: label is undefined and must be a string",
    ],
    [
      "options of a channel that there are not",
      (session) => session.channel("x", { ttl: 5 }),
      "option_unknown: ttl is none of a channel's options: mode, ttlMs",
    ],
    [
      "a mode that there is not",
      (session) => session.channel("x", { mode: "fast" }),
      "option_invalid: mode",
    ],
  ])("%s", async (_, misuse, message) => {
    const { client, peer } = await open();
    for (const session of [client, peer] as unknown as Loose[]) {
      const error = thrown(() => misuse(session)) as Error;
      expect(error.name).toBe("UsageError");
      expect(error.message).toContain(message);
    }
    expect(client.channels).toEqual([]);
  });
});

test.each<[string, unknown, string]>([
  [
    "a codec's name",
    "json",
    'codec is "json" and must be a function that makes one: json, not json()',
  ],
  ["a codec instead of what makes one", json(), "codec is [object Object] and must be"],
])("a client refuses %s", (_, codec, message) => {
  const { carrier } = begin();
  expect(() => connectOver(carrier, codec as typeof json)).toThrow(message);
});

test("A client refuses what this layer decides", () => {
  const { carrier } = begin();
  expect(() => connectOver(carrier, msgpack, { consume: "automatic" } as object)).toThrow(
    "option_unknown: consume",
  );
});

test("An option that is undefined is as good as absent", async () => {
  const { server } = begin({ sessionsMax: undefined, authenticate: undefined });
  const carrier = new MemoryCarrier(server);
  carrier.carriersMax = 3;
  const client = connectOver(carrier, msgpack, {
    resume: undefined,
    lostAfterMs: undefined,
    carriersMax: undefined,
    bodyBytesMax: undefined,
  });
  const channel = client.channel("x", { mode: undefined, ttlMs: undefined });
  channel.send("hello", { key: undefined });
  await client.opened;
  await settle();
  expect(channel.mode).toBe("ordered");
  const [theirs] = server.sessions.at(-1)?.channels ?? [];
  expect(await take(theirs ?? channel, 1)).toEqual(["hello"]);
  client.abort();
});
