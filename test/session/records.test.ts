// The codec that sends each shape of object once.

import { describe, expect, test } from "vitest";
import type { Codec } from "../../src/session/codec.ts";
import { connectOver } from "../../src/session/client-session.ts";
import { msgpack } from "../../src/session/msgpack.ts";
import { records } from "../../src/session/records.ts";
import { MemoryCarrier } from "./memory-carrier.ts";
import { open, take } from "./pair.ts";

const position = (id: number) => ({ t: 1_000 + id, x: id, y: 2 * id, vx: 1, vy: 0, id });
const LOSSLESS = { isLossless: true };
/** What shapes take of the bound: the characters of their keys, and one for each. */
function sizeOf(shapes: readonly (string[] | undefined)[]): number {
  const keys = shapes.flatMap((shape) => shape ?? []);
  return keys.join("").length + keys.length;
}

/** An object of one shape: its number, what stands for its keys, and a value of its first key. */
const define = (number: number, keys: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.of(0xd4, 0x72, 0x40 + number), keys, Uint8Array.of(1)]);
/** As many keys of no characters. */
const empty = (count: number): Uint8Array =>
  Buffer.concat([Uint8Array.of(0xdc, count >> 8, count), new Uint8Array(count).fill(0xa0)]);

const WITH_RECORDS = [{ codec: records }, { codec: records }] as const;

describe("records", () => {
  test("send the keys of a shape once, and values alone from then on", () => {
    const encoder = records(LOSSLESS);
    const decoder = records(LOSSLESS);
    const sizes: number[] = [];
    for (let id = 0; id < 3; id++) {
      const bytes = encoder.encode(position(id));
      sizes.push(bytes.length);
      expect(decoder.decode(bytes)).toEqual(position(id));
    }

    const whole = msgpack().encode(position(1)).length;
    expect(sizes[1]).toBe(sizes[2]);
    expect(sizes[1]).toBeLessThan(whole / 2);
  });

  test("know as many shapes as come, nested ones too", () => {
    const encoder = records(LOSSLESS);
    const decoder = records(LOSSLESS);
    for (let at = 0; at < 5_000; at++) {
      const value = { [`k${at % 700}`]: at, list: [{ [`j${at % 31}`]: 1 }, position(at)] };
      expect(decoder.decode(encoder.encode(value))).toEqual(value);
    }
  });

  test("are kept up to as many as an encoder numbers, whatever the peer sends", () => {
    // {"k": 1} with the number 32 * 256 + 32, of which each has a place in msgpackr.
    const far = Uint8Array.of(0xd5, 0x72, 0x40, 0x20, 0x91, 0xa1, 0x6b, 0x01);
    const decoder = records(LOSSLESS);
    expect(() => decoder.decode(far)).toThrow("not extensible");

    const ends = [records(LOSSLESS), records(LOSSLESS)] as const;
    const keys = (from: number) =>
      Object.fromEntries(
        Array.from({ length: 1_200 }, (_, at) => [`${from}${"x".repeat(20)}${at}`, 1]),
      );
    let largest = 0;
    for (let from = 0; from < 40; from++) {
      const value = { from, keys: keys(from) };
      expect(ends[1].decode(ends[0].encode(value))).toEqual(value);
      const kept = ends[1].save?.() as (string[] | undefined)[];
      largest = Math.max(largest, sizeOf(kept));
    }
    // Forty would be beyond it.
    expect(largest).toBeGreaterThan((1_048_576 * 32) / 40);
    expect(largest).toBeLessThanOrEqual(1_048_576);

    const large = Object.fromEntries(
      Array.from({ length: 1_400 }, (_, at) => [`k${at}`.padEnd(24), 1]),
    );
    expect(ends[1].decode(ends[0].encode(large))).toEqual(large);
    expect(sizeOf(ends[1].save?.() as (string[] | undefined)[])).toBe(largest);
  });

  test("of a peer that wants larger ones kept are undecodable", () => {
    const long = (characters: number): Uint8Array =>
      Buffer.concat([
        Uint8Array.of(0x91, 0xdb, 0, 0, characters >> 8, characters),
        new Uint8Array(characters).fill(0x6b),
      ]);
    const binary = (length: number): Uint8Array =>
      Buffer.concat([Uint8Array.of(0xc5, length >> 8, length), new Uint8Array(length)]);

    const decoder = records(LOSSLESS);
    for (let number = 0; number < 32; number++) decoder.decode(define(number, long(32_767)));
    expect(() => decoder.decode(define(0, long(32_768)))).toThrow("too many keys");
    for (const keys of [empty(40_000), binary(40_000)]) {
      const values = new Uint8Array(39_999).fill(1);
      const message = Buffer.concat([define(0, keys), values]);
      expect(() => records(LOSSLESS).decode(message)).toThrow("too many keys");
    }

    const odd = records(LOSSLESS);
    odd.decode(define(0, binary(1)));
    records(LOSSLESS).restore?.(odd.save?.());
  });

  test("that a peer has defined are counted once, not for each message", () => {
    const message = msgpack().encode(new Uint8Array(5_000));
    const decode = (decoder: Codec): number => {
      const times = Array.from({ length: 50 }, () => {
        const startMs = performance.now();
        decoder.decode(message);
        return performance.now() - startMs;
      });
      return times.toSorted((one, other) => one - other)[25] as number;
    };
    const decoder = records(LOSSLESS);
    const beforeMs = decode(decoder);
    const ones = new Uint8Array(31_999).fill(1);
    for (let number = 0; number < 32; number++) {
      decoder.decode(Buffer.concat([define(number, empty(32_000)), ones]));
    }
    // Counted for each they take 280 times as long.
    expect(decode(decoder)).toBeLessThan(50 * Math.max(beforeMs, 0.005));
  });

  test("that are large arrive after the encoder has begun anew, however often", () => {
    const encoder = records(LOSSLESS);
    const decoder = records(LOSSLESS);
    const pass = (value: unknown): void =>
      expect(decoder.decode(encoder.encode(value))).toEqual(value);
    // Each time at another number, so that none takes the place of those before.
    for (let small = 31; small >= 0; small--) {
      for (let at = 0; at < small; at++) pass({ [`k${at}`]: at });
      for (const characters of [30_000, 480_000]) pass({ [`${small}`.padEnd(characters, "x")]: 1 });
      expect(() => encoder.encode({ bad: Symbol("no") })).toThrow("symbol");
    }
  });

  test("begin anew after a message that was refused, by the codec or by the session", async () => {
    const { client, peer } = await open(...WITH_RECORDS);
    expect(() => client.send({ a: 1, bad: Symbol("no") })).toThrow("symbol");
    expect(() => client.send({ b: 1 }, { key: 1 })).toThrow("key_invalid");
    client.send({ a: 1, bad: 2 });
    client.send({ b: 2 });

    expect(await take(peer, 2)).toEqual([{ a: 1, bad: 2 }, { b: 2 }]);
  });

  test("are complete in themselves where messages may be given up", async () => {
    const { client, peer } = await open(...WITH_RECORDS);
    const arrived = new Promise<unknown[]>((resolve) => {
      peer.on("channel", (channel) => channel.onBundle(resolve));
    });
    const latest = client.channel("positions", { mode: "latest" });
    latest.send(position(1), { key: 7 });
    latest.send(position(2), { key: 7 });

    expect(await arrived).toEqual([position(2)]);
    const { encode } = records({ isLossless: false });
    expect(encode(position(1))).toEqual(msgpack().encode(position(1)));
  });

  test("go on in a session that was saved, both ways", async () => {
    const { client, carrier, peer } = await open(...WITH_RECORDS);
    for (let id = 0; id < 3; id++) {
      client.send(position(id));
      peer.send(position(id));
    }
    await take(peer, 3);
    await take(client, 2);
    const saved = client.save();
    carrier.isSilent = true;
    const next = connectOver(new MemoryCarrier(carrier.server), records, { resume: saved });
    next.send(position(8));
    peer.send(position(9));

    expect(await take(peer, 1)).toEqual([position(8)]);
    expect(await take(next, 2)).toEqual([position(2), position(9)]);
    next.abort();
  });

  test.each([[[1]], ["text"], [[["key", 2]]], [{}]])(
    "go on from nothing but shapes: %j",
    (saved) => {
      expect(() => records(LOSSLESS).restore?.(saved)).toThrow("state_invalid");
    },
  );
});
