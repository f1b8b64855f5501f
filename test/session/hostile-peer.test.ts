// What a peer can do to an application that expects nothing bad: it costs the session, and nobody
// else. Without the library's care each of these is an error that nobody catches, out of a callback
// or a loop of the server's application, and that ends its whole process.

import { describe, expect, test } from "vitest";
import type { Codec } from "../../src/session/codec.ts";
import { json } from "../../src/session/json.ts";
import { msgpack } from "../../src/session/msgpack.ts";
import { NESTING_MAX } from "../../src/session/nesting.ts";
import { raw } from "../../src/session/raw.ts";
import { begin, catchUncaught, open, until } from "./pair.ts";

/** A client that sends bytes, whatever the server's codec makes of them. */
const BYTES = { codec: raw };

/** An application as in the README: it answers all that comes, and looks at no result. */
const ECHO = {
  async onSession(session: AsyncIterable<unknown> & { send(value: unknown): unknown }) {
    for await (const message of session) session.send(message);
  },
};

describe("a peer costs its session at most", () => {
  test("by a payload that the codec cannot read", async () => {
    const errors = catchUncaught();
    const { client } = await open(ECHO, BYTES);
    // A text of 4 GB.
    client.send(Uint8Array.of(0xdb, 0xff, 0xff, 0xff, 0xff));
    expect(await client.ended).toMatchObject({ detail: "payload_undecodable" });
    expect(errors).toEqual([]);
  });

  test("by a value that can be read and, being so deep, not be written again", async () => {
    const errors = catchUncaught();
    const { client } = await open(ECHO, BYTES);
    client.send(new Uint8Array(2_000).fill(0x91));
    expect(await client.ended).toMatchObject({ detail: "payload_undecodable" });
    expect(errors).toEqual([]);
  });

  test("by a value that contains itself", async () => {
    const errors = catchUncaught();
    const { client } = await open(ECHO, BYTES);
    // msgpackr's own extensions: this array is number 1, and its item is number 1.
    client.send(Uint8Array.of(0xd6, 0x69, 0, 0, 0, 1, 0x91, 0xd6, 0x70, 0, 0, 0, 1));
    expect(await client.ended).toMatchObject({ detail: "payload_undecodable" });
    expect(errors).toEqual([]);
  });

  test("by taking no message as large as it sends", async () => {
    const errors = catchUncaught();
    const limits = { messageBytesMax: 16_384, assemblyBytesMax: 16_384 };
    const { client } = await open(ECHO, limits);
    client.send("x".repeat(20_000));
    expect(await client.ended).toMatchObject({ detail: "message_too_large" });
    expect(errors).toEqual([]);
  });

  test("by acknowledging nothing of what it is sent", async () => {
    const errors = catchUncaught();
    const settings = { ...ECHO, sendBufferBytesMax: 100_000, highWaterBytes: 50_000 };
    const { client } = await open({ ...settings, hold: "consumed" }, { hold: "consumed" });
    for (let at = 0; at < 100; at++) client.send(new Uint8Array(10_000));
    expect(await client.ended).toMatchObject({ detail: "buffer_full" });
    expect(errors).toEqual([]);
  });

  test("and not the session from which was relayed to it", async () => {
    const errors = catchUncaught();
    const small = { sendBufferBytesMax: 100_000, highWaterBytes: 50_000 };
    const slow = await open({ ...small, hold: "consumed" }, { hold: "consumed" });
    const relay = (session: { onBundle(consumer: (messages: unknown[]) => void): void }): void => {
      session.onBundle((messages) => messages.forEach((message) => slow.peer.send(message)));
    };
    const { client: source } = await open({ onSession: relay });
    for (let at = 0; at < 100; at++) source.send(new Uint8Array(10_000));
    expect(await slow.client.ended).toMatchObject({ detail: "buffer_full" });
    expect(source.status.state).toBe("open");
    expect(errors).toEqual([]);
  });

  test("by allowing no channels", async () => {
    const errors = catchUncaught();
    const onSession = (session: { channel(label: string): unknown }): void => {
      session.channel("news");
    };
    const { client } = begin({ onSession }, { channelsMax: 0 });
    expect(await client.ended).toMatchObject({ detail: "channel_limit" });
    expect(errors).toEqual([]);
  });

  test("by abandoning a channel that is being served", async () => {
    const errors = catchUncaught();
    const { client, peer } = await open();
    let loops = 0;
    let replies = 0;
    peer.on("channel", async (channel) => {
      if (channel.label === "loop") {
        for await (const message of channel) loops += Number(message);
      }
      await new Promise((resolve) => channel.onBundle(resolve));
      await until(() => peer.channels.length === 0);
      replies++;
      channel.send("too late");
    });
    for (const label of ["loop", "callback"]) {
      const channel = client.channel(label);
      channel.send(1);
      await until(() => peer.channels.length === 1);
      await client.flushed();
      channel.reset();
      await until(() => peer.channels.length === 0);
    }
    await until(() => replies === 1);
    expect(loops).toBe(1);
    expect(errors).toEqual([]);
    expect(peer.status.state).toBe("open");
  });
});

describe.each([
  ["msgpack", msgpack],
  ["json", json],
])("%s", (_name, makeCodec: () => Codec) => {
  const nested = (levels: number): unknown => {
    let value: unknown = "x".repeat(NESTING_MAX);
    for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
    return value;
  };

  test("carries what is nested as deep as allowed, and refuses to write more", () => {
    const codec = makeCodec();
    const deepest = nested(NESTING_MAX);
    expect(codec.decode(codec.encode(deepest))).toEqual(deepest);
    expect(() => codec.encode(nested(NESTING_MAX + 1))).toThrow("nested deeper than 256 levels");
  });

  test("refuses to read what is nested deeper", () => {
    const begins = makeCodec === json ? "[" : "\x91";
    const close = makeCodec === json ? "]" : "";
    for (const levels of [300, 1_500, 100_000]) {
      const text = `${begins.repeat(levels)}1${close.repeat(levels)}`;
      expect(() => makeCodec().decode(Buffer.from(text, "latin1"))).toThrow(RangeError);
    }
  });
});
