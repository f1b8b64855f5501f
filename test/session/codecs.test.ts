import { describe, expect, test } from "vitest";
import type { Codec } from "../../src/session/codec.ts";
import { json } from "../../src/session/json.ts";
import { msgpack } from "../../src/session/msgpack.ts";
import { raw } from "../../src/session/raw.ts";
import { open, take, thrown } from "./pair.ts";

/** What becomes of a value on the way; each direction has a codec of its own. */
function carry(make: () => Codec, value: unknown): unknown {
  return make().decode(new Uint8Array(make().encode(value)));
}

describe("msgpack", () => {
  test.each([
    null,
    undefined,
    true,
    -1,
    2 ** 40,
    0.1,
    Number.NaN,
    Number.NEGATIVE_INFINITY,
    "",
    "é𝄞",
    5n,
    -(2n ** 63n),
    2n ** 64n - 1n,
    2n ** 100n,
    new Date(1_700_000_000_123),
    new Set([1, "a", new Set()]),
    new Error("told"),
    /a+/giu,
    new Float64Array([1, 2.5]),
    new Uint16Array([1, 65_535]),
    [1, [2, [3, []]]],
    { nested: { list: [{ a: undefined }] }, "": 1 },
  ])("carries %o as it is", (value) => {
    expect(carry(msgpack, value)).toEqual(value);
  });

  test("carries bytes as a Uint8Array, whatever they were given as", () => {
    for (const bytes of [new Uint8Array([1, 2, 3]), Buffer.from([1, 2, 3])]) {
      const carried = carry(msgpack, { bytes }) as { bytes: Uint8Array };
      expect(Object.getPrototypeOf(carried.bytes)).toBe(Uint8Array.prototype);
      expect(carried.bytes).toEqual(new Uint8Array([1, 2, 3]));
    }
  });

  test("gives a Map out as an object, and an instance as a plain one", () => {
    class Point {
      x = 1;
    }
    expect(carry(msgpack, new Map([["a", 1]]))).toEqual({ a: 1 });
    expect(carry(msgpack, new Point())).toStrictEqual({ x: 1 });
  });

  test.each<[string, unknown, unknown]>([
    ["a Map's keys", new Map([[1, 2]]), { "1": 2 }],
    ["a function within", { call: () => 1 }, { call: undefined }],
    ["a promise within", { later: Promise.resolve(1) }, { later: {} }],
    ["a WeakMap", new WeakMap(), {}],
    ["a URL", new URL("http://a.test/b"), "http://a.test/b"],
    ["-0", [-0], [0]],
    ["half of a surrogate pair", "\ud800", "\ufffd\ufffd\ufffd"],
    ["a key __proto__", JSON.parse('{"__proto__":1}'), { __proto_: 1 }],
  ])("changes %s, as documented", (_, value, becomes) => {
    expect(carry(msgpack, value)).toStrictEqual(becomes);
  });

  test("refuses symbols, and messages that are themselves functions or promises", () => {
    const { encode } = msgpack();
    expect(() => encode({ a: Symbol("x") })).toThrow("symbol");
    for (const mistake of [() => 1, Promise.resolve(1)]) {
      expect(() => encode(mistake)).toThrow("a message cannot be a function or a promise");
    }
  });

  test("hands out nothing that is a view of the body", async () => {
    const { client, peer } = await open();
    for (const size of [10, 100, 5_000]) client.send({ bytes: new Uint8Array(size).fill(size) });
    for (const message of await take(peer, 3)) {
      const { bytes } = message as { bytes: Uint8Array };
      expect(bytes.buffer.byteLength).toBe(bytes.length);
    }
  });

  test("does not change what was sent before when it encodes the next", () => {
    const codec = msgpack();
    const encoded = Array.from({ length: 2_000 }, (_, at) =>
      codec.encode({ at, text: "x".repeat(50) }),
    );
    encoded.forEach((bytes, at) => expect(codec.decode(bytes)).toMatchObject({ at }));
  });

  test("refuses what it cannot encode, and goes on", () => {
    const codec = msgpack();
    expect(thrown(() => codec.encode(Symbol("x")))).toBeInstanceOf(Error);
    const circle: unknown[] = [];
    circle.push(circle);
    expect(thrown(() => codec.encode(circle))).toBeInstanceOf(RangeError);
    expect(codec.decode(codec.encode([1]))).toEqual([1]);
  });

  test("refuses what is nested too deeply in sets and in the causes of errors too", () => {
    let sets: unknown = "x".repeat(300);
    let causes: unknown = new Error("first");
    for (let level = 0; level < 300; level++) {
      sets = new Set([sets]);
      causes = new Error("next", { cause: causes });
    }
    for (const value of [sets, causes]) {
      expect(thrown(() => msgpack().encode(value))).toBeInstanceOf(RangeError);
    }
    expect(
      msgpack().encode([new Set([1]), new Error("flat", { cause: "x".repeat(300) })]),
    ).toBeDefined();
  });

  test("throws for bytes that are no MessagePack, and allocates nothing for what they claim", () => {
    const codec = msgpack();
    for (const bytes of [
      [],
      [0x91],
      [0x01, 0x02],
      [0xdd, 0x01, 0xff, 0xff, 0xff, 0xc0],
      [0xdf, 0x01, 0xff, 0xff, 0xff, 0xc0, 0xc0],
      [0xc6, 0x7f, 0xff, 0xff, 0xff],
      [0xdb, 0x7f, 0xff, 0xff, 0xff],
    ]) {
      expect(thrown(() => codec.decode(new Uint8Array(bytes)))).toBeInstanceOf(Error);
    }
    expect(thrown(() => codec.decode(new Uint8Array(100_000).fill(0x91)))).toBeInstanceOf(Error);
    expect(codec.decode(codec.encode("next"))).toBe("next");
  });

  test("leaves prototypes alone", () => {
    const bytes = Buffer.from([0x81, 0xa9, ...Buffer.from("__proto__"), 0x81, 0xa1, 0x78, 0x01]);
    const value = msgpack().decode(new Uint8Array(bytes)) as { x?: number };
    expect(value.x).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});

describe("json", () => {
  test.each<[string, unknown, unknown]>([
    [
      "undefined, functions and symbols in an object",
      { a: undefined, b: () => 1, c: Symbol("x") },
      {},
    ],
    [
      "undefined, functions and symbols in an array",
      [undefined, () => 1, Symbol("x")],
      [null, null, null],
    ],
    ["NaN, an infinity and -0", [Number.NaN, Infinity, -0], [null, null, 0]],
    ["a Date", new Date(0), "1970-01-01T00:00:00.000Z"],
    [
      "a Map, a Set, an Error, a RegExp",
      [new Map([[1, 2]]), new Set([1]), new Error("x"), /x/],
      [{}, {}, {}, {}],
    ],
    ["bytes", Uint8Array.of(1, 2), { "0": 1, "1": 2 }],
    ["nothing about half of a surrogate pair", "\ud800", "\ud800"],
  ])("changes %s, as documented", (_, value, becomes) => {
    expect(carry(json, value)).toStrictEqual(becomes);
  });

  test("carries what JSON has a text for", () => {
    for (const value of [null, true, 0.5, "é𝄞", [1, { a: [] }]]) {
      expect(carry(json, value)).toEqual(value);
    }
  });

  test("throws for what it has none for, both ways", () => {
    expect(thrown(() => json().encode(undefined))).toBeInstanceOf(TypeError);
    expect(thrown(() => json().encode(5n))).toBeInstanceOf(TypeError);
    for (const bytes of [[], [0x7b], [0x22, 0xff, 0x22]]) {
      expect(thrown(() => json().decode(new Uint8Array(bytes)))).toBeInstanceOf(Error);
    }
  });
});

test("raw hands out bytes as plain Uint8Arrays, and takes Buffers", async () => {
  const { client, peer } = await open({ codec: raw }, { codec: raw });
  client.send(Buffer.from("text"));
  client.send(new Uint8ClampedArray([7]));
  const [text, byte] = (await take(peer, 2)) as Uint8Array[];
  expect(Object.getPrototypeOf(text)).toBe(Uint8Array.prototype);
  expect(new TextDecoder().decode(text)).toBe("text");
  expect([...(byte as Uint8Array)]).toEqual([7]);
});

test("A codec of one's own is made for each direction of each channel in use, and used in their order", async () => {
  let made = 0;
  /** Each message says how many went before: it only works when nothing is lost or mixed up. */
  const counting = (): Codec => {
    made++;
    let count = 0;
    return {
      encode: (value) => Uint8Array.of(count++, value as number),
      decode: (bytes) => {
        if (bytes[0] !== count++) throw new Error("out of order");
        return bytes[1];
      },
    };
  };
  const { client, peer } = await open({ codec: counting }, { codec: counting });
  const channel = client.channel("second");
  for (let at = 0; at < 100; at++) {
    client.send(at);
    channel.send(at);
    peer.send(at);
  }
  const numbers = Array.from({ length: 100 }, (_, at) => at);
  expect(await take(peer, 100)).toEqual(numbers);
  expect(await take(client, 100)).toEqual(numbers);
  const [theirs] = peer.channels;
  expect(theirs && (await take(theirs, 100))).toEqual(numbers);
  // Nothing goes back on the second channel.
  expect(made).toBe(6);
});
