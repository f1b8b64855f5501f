import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BodySplitter } from "../../src/core/body-splitter.ts";
import { encodeBody } from "../../src/core/body-writer.ts";
import { ProtocolError } from "../../src/core/errors.ts";

const NONE = { channelWindows: [], channelsBlocked: [] };

/** A body with one message of so many bytes. */
function bodyOf(size: number): Uint8Array {
  const payloads = [new Uint8Array(size).fill(size)];
  const numbered = [{ kind: "messages", channel: 0, seq: 1, index: 1, payloads }] as const;
  const sessionId = new Uint8Array(16);
  return encodeBody({ ...NONE, numbered }, { direction: 1, checksum: "xxh32", sessionId });
}

function joined(bodies: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(bodies.flatMap((body) => [...body]));
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return "none";
}

describe("bodies one behind the other", () => {
  test("come apart as they were, whatever pieces bring them", () => {
    const sizes = fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 8 });
    const cuts = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 60 });
    const property = fc.property(sizes, cuts, (all, pieces) => {
      const bodies = all.map((size) => bodyOf(size));
      const splitter = new BodySplitter(1_000);
      const got: Uint8Array[] = [];
      let rest = joined(bodies);
      for (const size of [...pieces, rest.length]) {
        for (const body of splitter.push(rest.slice(0, size))) got.push(body.slice());
        rest = rest.slice(size);
      }
      expect(got).toEqual(bodies);
    });
    fc.assert(property);
  });

  test("come byte by byte, too", () => {
    const bodies = [bodyOf(3), bodyOf(100), bodyOf(20_000)];
    const splitter = new BodySplitter(65_536);
    const got = [...joined(bodies)].flatMap((byte) => splitter.push(Uint8Array.of(byte)));
    expect(got).toEqual(bodies);
  });

  test("are views where they came whole in one piece", () => {
    const piece = joined([bodyOf(3), bodyOf(5)]);
    const [first, second] = new BodySplitter(1_000).push(piece);
    expect([first?.buffer, second?.buffer]).toEqual([piece.buffer, piece.buffer]);
    expect(second?.byteOffset).toBe(first?.length);
  });

  test.each([
    ["another version", Uint8Array.of(0x25, 1, 0), "version_unknown"],
    ["a page", new TextEncoder().encode("<html>"), "version_unknown"],
    ["a length that is not minimal", Uint8Array.of(0x19, 0x40, 1, 0), "length_mismatch"],
    ["a length that is too large", Uint8Array.of(0x19, 0x80, 0x10, 0, 0), "body_too_large"],
  ])("are refused with %s", (_, piece, code) => {
    expect(codeOf(() => new BodySplitter(65_536).push(piece))).toBe(code);
    const late = new BodySplitter(65_536);
    expect(codeOf(() => [...piece].map((byte) => late.push(Uint8Array.of(byte))))).toBe(code);
  });

  test("keep no more than was announced, and nothing before that", () => {
    const splitter = new BodySplitter(65_536);
    const large = bodyOf(50_000);
    const kept = [0, 1, 2, 5, 6].map((end, at, ends) => {
      splitter.push(large.subarray(ends[at - 1] ?? 0, end));
      return splitter.pendingBytes;
    });
    expect(kept).toEqual([0, 1, 2, large.length, large.length]);
    splitter.bodyBytesMax = large.length - 1;
    expect(splitter.push(large.subarray(6))).toHaveLength(1);
    expect(splitter.pendingBytes).toBe(0);
    expect(codeOf(() => splitter.push(large))).toBe("body_too_large");
    expect(codeOf(() => new BodySplitter(10_000).push(bodyOf(50_000).subarray(0, 9)))).toBe(
      "body_too_large",
    );
  });
});
