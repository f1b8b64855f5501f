// A client with `earlyMessages: false`, told so because its server grants less than the initial
// grant, opened a channel before the first answer: the server ended the session with
// `channel_limit`, or, as the channel kept the initial grant, with `window_exceeded`.

import { expect, test } from "vitest";
import { HARMLESS, Pair } from "../../src/sim/index.ts";

const OPEN = { kind: "open", mode: "ordered" } as const;

test("without early messages no channel is opened before the first answer", () => {
  const earlyMessages = false;
  const pair = new Pair({ client: { earlyMessages }, server: { earlyMessages, channelsMax: 0 } });

  expect(() => pair.command("client", OPEN)).toThrow("channel_limit");

  pair.drive(HARMLESS);
  expect(pair.client.state).toBe("open");
});

test("a channel opened after the answer keeps to the window that the server grants", () => {
  const earlyMessages = false;
  const windows = { channelUnits: 1, windowMessages: 3, windowBytes: 49_152 };
  const server = { earlyMessages, channelsMax: 1, ...windows };
  const pair = new Pair({ client: { earlyMessages }, server });
  pair.drive(HARMLESS);

  const channel = pair.command("client", OPEN) as number;
  for (let count = 0; count < 10; count++) {
    pair.command("client", { kind: "send", channel, bytes: 8 });
  }
  pair.drive(HARMLESS);

  expect(pair.stream("client", channel).receivedCount).toBe(10);
});
