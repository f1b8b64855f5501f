// The codec that sends each shape of object once.

import { describe, expect, test } from "vitest";
import { connectOver } from "../../src/session/client-session.ts";
import { msgpack } from "../../src/session/msgpack.ts";
import { records } from "../../src/session/records.ts";
import { MemoryCarrier } from "./memory-carrier.ts";
import { open, take } from "./pair.ts";

const position = (id: number) => ({ t: 1_000 + id, x: id, y: 2 * id, vx: 1, vy: 0, id });
const LOSSLESS = { isLossless: true };
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
