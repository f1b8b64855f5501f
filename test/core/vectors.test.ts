// spec/vectors against the writer, the reader, the independent decoder and the explanation by hand.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readBody, readHead, readVersions } from "../../src/core/body-reader.ts";
import { encodeBody, writeVersions } from "../../src/core/body-writer.ts";
import { ProtocolError } from "../../src/core/errors.ts";
import { decode, xxh32 as xxh32ByHand } from "../vectors/decoder.mjs";
import { frameCases } from "../vectors/frame-cases.ts";
import {
  frameBytes,
  shorten,
  toFields,
  vectorFiles,
  vectorsDirectory,
} from "../vectors/generate.ts";
import { fromHex, toHex } from "../vectors/hex.ts";
import { stories } from "../vectors/stories.ts";
import { codeOf } from "./bodies.ts";

interface FrameVector {
  name: string;
  frame: string;
  direction: number;
  checksum: string;
  sessionId: string;
  address?: object;
  body: object;
  bytes: string;
}

interface MalformedVector {
  name: string;
  tag: string;
  code: string;
  reader: string;
  bytes: string;
  bodyBytesMax: number;
  sessionId: string;
}

function load<Vector>(name: string): Vector[] {
  return JSON.parse(readFileSync(new URL(name, vectorsDirectory), "utf8")) as Vector[];
}

const frames = load<FrameVector>("frames.json");
const malformed = load<MalformedVector>("malformed.json");

test.each([...vectorFiles()])("%s is what the generator makes", (name, vectors) => {
  expect(load(name)).toEqual(vectors);
});

describe("frames.json", () => {
  test.each(frames)("$frame, $name: the reader finds the fields", (vector) => {
    const bytes = fromHex(vector.bytes);

    const head = readHead(bytes, bytes.length);
    const body = readBody(bytes, head, fromHex(vector.sessionId));

    expect(head).toMatchObject({ direction: vector.direction, checksum: vector.checksum });
    expect(head.address && toFields(head.address)).toEqual(vector.address);
    expect(toFields(body)).toEqual(vector.body);
  });

  test.each(frames)("$frame, $name: an independent decoder finds the fields", (vector) => {
    const { name: _name, frame: _frame, sessionId, bytes, ...fields } = vector;

    expect(decode(bytes, sessionId)).toEqual(fields);
  });

  test.each(frameCases)("$frame, $name: what is read is written as the same bytes", (frameCase) => {
    const bytes = frameBytes(frameCase);

    const body = readBody(bytes, readHead(bytes, bytes.length), frameCase.sessionId);

    expect(toHex(encodeBody(body, frameCase))).toBe(toHex(bytes));
  });

  test("have every frame of the protocol", () => {
    const spec = readFileSync(new URL("../protocol.md", vectorsDirectory), "utf8");
    const names = [...spec.matchAll(/^\| `0x[0-9a-f]{2}` \| ([A-Z_]+) \|/gm)].map((row) => row[1]);

    expect(names.length).toBe(33);
    expect(new Set(frames.map((vector) => vector.frame))).toEqual(new Set(["Body", ...names]));
  });

  test("are explained by hand, one of each frame", () => {
    const readme = readFileSync(new URL("README.md", vectorsDirectory), "utf8");
    const byHand = readme.slice(readme.indexOf("## By hand"));
    const rows = [...byHand.matchAll(/^\| (`1.*?`) \| ([A-Z_]+)?/gm)];
    const explained = rows.map((row) => ({
      frame: row[2] ?? "Body",
      bytes: (row[1] ?? "").replaceAll(/[` ]/g, ""),
    }));

    expect(new Set(explained.map((row) => row.frame))).toEqual(
      new Set(frames.map((vector) => vector.frame)),
    );
    for (const row of explained) expect(frames).toContainEqual(expect.objectContaining(row));
  });
});

describe("malformed.json", () => {
  test.each(malformed)("[$tag] $name: $code", (vector) => {
    const bytes = fromHex(vector.bytes);
    const read = (): unknown => {
      if (vector.reader === "versions") return readVersions(bytes);
      const head = readHead(bytes, vector.bodyBytesMax);
      return readBody(bytes, head, head.address?.sessionId ?? fromHex(vector.sessionId));
    };

    expect(read).toThrow(ProtocolError);
    expect(codeOf(read)).toBe(vector.code);
  });

  test("has every code that the reader can give", () => {
    const sources = ["body-reader", "prefix-frames", "numbered-frames", "wire"].map((name) =>
      readFileSync(new URL(`../../src/core/${name}.ts`, import.meta.url), "utf8"),
    );
    const called = sources
      .join("")
      .matchAll(/(?:demand|integer|ProtocolError)\([^;]*?("[a-z_]+")\)|code: \w+ = ("[a-z_]+")/g);
    const codes = Array.from(called, ([, refused, assumed]) => refused ?? assumed);

    expect(new Set(malformed.map((vector) => `"${vector.code}"`))).toEqual(new Set(codes));
  });
});

describe("versions.json", () => {
  const versions = load<{ versions: number[]; bytes: string }>("versions.json");

  test.each(versions)("[VER-1] $versions is read and written", (vector) => {
    expect(toHex(writeVersions(vector.versions))).toBe(vector.bytes);
    expect(readVersions(fromHex(vector.bytes))).toEqual(vector.versions);
  });

  test("[VER-3] a VERSION body is no body of version 1", () => {
    for (const vector of versions) {
      const bytes = fromHex(vector.bytes);
      expect(codeOf(() => readHead(bytes, 1024))).toBe("version_unknown");
    }
  });
});

describe("stories.json", () => {
  interface StoryStep {
    bytes?: string;
    sends?: number;
    versions?: number[];
  }
  const told = load<{ name: string; sessionId: string; steps: StoryStep[] }>("stories.json");

  test.each(told)("$name: an independent decoder finds the fields", ({ sessionId, steps }) => {
    for (const { bytes, ...step } of steps) {
      if (step.sends === undefined || step.versions !== undefined) continue;
      expect(step).toMatchObject(shorten(decode(bytes ?? "", sessionId)));
    }
  });

  test.each(stories)("$rules $name: $shows", ({ name, steps }) => {
    const bytesOf = (list: readonly object[]): unknown[] =>
      list.map((step) => ("bytes" in step ? step.bytes : undefined));

    expect(bytesOf(told.find((each) => each.name === name)?.steps ?? [])).toEqual(bytesOf(steps));
  });
});

test("the independent XXH32 gives the published values", () => {
  const bytes = (text: string): number[] => [...new TextEncoder().encode(text)];

  expect(xxh32ByHand(bytes(""), 0)).toBe(0x02cc_5d05);
  expect(xxh32ByHand(bytes("abc"), 0)).toBe(0x32d1_53ff);
});
