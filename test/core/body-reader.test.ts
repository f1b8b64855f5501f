// The reader against hostile and damaged bytes: whatever comes in, a body or a ProtocolError goes
// out, and nothing is allocated for what is only declared. What comes of changes whose length and
// checksum are right again is looked for in test/fuzz.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Body } from "../../src/core/body.ts";
import { readBody, readHead } from "../../src/core/body-reader.ts";
import { bodyBytes, type BodyOptions, encodeBody } from "../../src/core/body-writer.ts";
import {
  InvariantError,
  isDamage,
  ProtocolError,
  type ProtocolErrorCode,
} from "../../src/core/errors.ts";
import {
  BODY_BYTES_MAX_DEFAULT,
  BODY_MESSAGES_MAX,
  HINT_BYTES_MAX,
  LABEL_BYTES_MAX,
  PARKED_MAX,
  PAUSE_MS_MAX,
  RANGES_MAX,
  REASON_BYTES_MAX,
} from "../../src/core/limits.ts";
import { varintBytes, writeVarint } from "../../src/core/varint.ts";
import { EMPTY_BYTES } from "../../src/core/wire.ts";
import { bodyOf, type FrameCase, frameCases, nonce, rising } from "../vectors/frame-cases.ts";
import { frameBytes } from "../vectors/generate.ts";
import { fromHex } from "../vectors/hex.ts";
import { anyBody, codeOf, joinRuns } from "./bodies.ts";

const top = Number.MAX_SAFE_INTEGER;

function read(bytes: Uint8Array, sessionId: Uint8Array = nonce): Body {
  const head = readHead(bytes, BODY_BYTES_MAX_DEFAULT);
  return readBody(bytes, head, head.address?.sessionId ?? sessionId);
}

/** What came of bytes: a code, or a body, which must then be one that can be written. */
function outcome(bytes: Uint8Array, sessionId: Uint8Array = nonce): string {
  try {
    const head = readHead(bytes, BODY_BYTES_MAX_DEFAULT);
    const seedId = head.address?.sessionId ?? sessionId;
    const body = readBody(bytes, head, seedId);
    const { direction, checksum, address } = head;
    const written = encodeBody(body, { direction, checksum, sessionId: seedId, address });
    // Perhaps not the same bytes, since a writer may choose otherwise, but from then on the same.
    const back = readBody(written, readHead(written, written.length), seedId);
    const again = encodeBody(back, { direction, checksum, sessionId: seedId, address });
    if (!sameBytes(written, again)) throw new Error("a body changes when it is written twice");
    return "body";
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

/** Without `expect`, whose equality takes most of the time of a million comparisons. */
function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, k) => byte === right[k]);
}

function guarded(frameCase: FrameCase): Uint8Array {
  return encodeBody(frameCase.body, { ...frameCase, checksum: "xxh32" });
}

describe("a round trip", () => {
  test("gives the body back, in the counted size and the same bytes again", () => {
    fc.assert(
      fc.property(anyBody, ({ body, options }) => {
        const bytes = encodeBody(body, options);
        const head = readHead(bytes, BODY_BYTES_MAX_DEFAULT);
        const back = readBody(bytes, head, options.sessionId);

        expect(bytes.length).toBe(bodyBytes(body, options));
        expect(joinRuns(back)).toEqual(joinRuns(body));
        expect(head.direction).toBe(options.direction);
        expect(head.checksum).toBe(options.checksum);
        expect(head.address).toEqual(options.address);
        expect(encodeBody(back, options)).toEqual(bytes);
      }),
      { numRuns: 400 },
    );
  });

  test("gives back as much as a body may carry of everything", () => {
    const flat = (mark: number, gap: number): number[] =>
      Array.from({ length: 2 * RANGES_MAX }, (_, k) => mark + 2 + (k >> 1) * (gap + 4) + (k & 1));
    const every = (count: number, step: number): number[] =>
      Array.from({ length: count }, (_, k) => 1 + k * step);
    const shape = fc.record({
      gap: fc.nat(2 ** 32),
      step: fc.integer({ min: 1, max: 2 ** 38 }),
      lengths: fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }),
      keyed: fc.boolean(),
    });
    fc.assert(
      fc.property(shape, ({ gap, step, lengths, keyed }) => {
        const messages = Array.from({ length: BODY_MESSAGES_MAX }, (_, k) =>
          rising(lengths[k % lengths.length] ?? 0, k),
        );
        const keys = keyed ? { keys: messages.map((_, k) => k * step) } : {};
        const body = bodyOf({
          answer: {
            exchange: top,
            heldMs: top,
            parkedWanted: PARKED_MAX,
            answered: flat(-1, gap),
            parked: every(PARKED_MAX, step),
          },
          ack: { receivedThrough: 5, heldThrough: 0, ranges: flat(5, gap) },
          owner: { epoch: top, generation: top, hint: rising(HINT_BYTES_MAX) },
          ended: { code: top, reason: rising(REASON_BYTES_MAX) },
          pauseMs: PAUSE_MS_MAX,
          numbered: [
            {
              kind: "channel-open",
              seq: 1,
              channel: 1,
              mode: "latest",
              label: rising(LABEL_BYTES_MAX),
            },
            { kind: "messages", channel: 1, seq: 2, index: 1, ...keys, payloads: messages },
          ],
        });
        const options: BodyOptions = { direction: 1, checksum: "xxh32", sessionId: nonce };

        const bytes = encodeBody(body, options);
        const back = joinRuns(readBody(bytes, readHead(bytes, bytes.length), nonce));

        const { numbered, ...prefix } = back;
        const { numbered: written, ...expected } = body;
        expect(prefix).toEqual(expected);
        expect(numbered.map((frame) => ({ ...frame, payloads: 0 }))).toEqual(
          written.map((frame) => ({ ...frame, payloads: 0 })),
        );
        // One by one: to compare thousands of arrays with `expect` takes seconds.
        const payloads = numbered.flatMap((frame) =>
          frame.kind === "messages" ? frame.payloads : [],
        );
        expect(payloads.length).toBe(messages.length);
        expect(messages.every((each, k) => sameBytes(each, payloads[k] ?? rising(1)))).toBe(true);
        expect(Buffer.compare(encodeBody(back, options), bytes)).toBe(0);
      }),
      { numRuns: 12 },
    );
  });

  test("[FRAME-3] of an empty body gives an empty body", () => {
    expect(read(Uint8Array.of(0x10, 0))).toEqual(bodyOf({}));
    expect(read(Uint8Array.of(0x18, 0))).toEqual(bodyOf({}));
  });

  test("[FRAME-2] does not depend on the order of the frames behind the prefix", () => {
    const body = read(fromHex("100e2400010235000100010025000304"));

    expect(body.channelWindows).toEqual([{ channel: 0, unitsMax: 1, bytesMax: 2 }]);
    expect(body.channelsBlocked).toEqual([{ channel: 0, unitsMax: 3, bytesMax: 4 }]);
    expect(body.numbered.map((frame) => frame.kind)).toEqual(["skip"]);
  });

  test("[PAR-3] passes over unknown parameters", () => {
    const known = "0101 0202 0303 0404 0505 0606 0707 0808";
    const open = (frames: string): Body => {
      const bytes = fromHex(frames.replaceAll(" ", ""));
      return read(Uint8Array.of(0x10, bytes.length, ...bytes));
    };

    const plain = open(`08 08 ${known}`);
    const extended = open(`08 0b 0009 ${known} 09 00 c01fffffffffffff c01fffffffffffff`);

    expect(extended).toEqual(plain);
    expect(plain.open?.holdTimeMs).toBe(7);
  });
});

describe("payloads", () => {
  const body = bodyOf({
    numbered: [
      { kind: "messages", channel: 1, seq: 1, index: 1, payloads: [rising(3), rising(0)] },
      { kind: "messages", channel: 1, seq: 3, index: 3, payloads: [rising(5), rising(5)] },
      { kind: "messages", channel: 0, seq: 5, index: 1, payloads: [rising(0)] },
    ],
  });
  const bytes = encodeBody(body, { direction: 0, checksum: "none", sessionId: nonce });

  function payloadsOf(input: Uint8Array): Uint8Array[] {
    return read(input).numbered.flatMap((frame) =>
      frame.kind === "messages" ? frame.payloads : [],
    );
  }

  test("are views of the input, and all empty ones are one", () => {
    const larger = new Uint8Array(bytes.length + 7);
    larger.set(bytes, 7);

    const views = payloadsOf(larger.subarray(7));

    expect(
      views.filter((view) => view.length > 0).every((view) => view.buffer === larger.buffer),
    ).toBe(true);
    expect(views.filter((view) => view.length === 0)).toEqual([EMPTY_BYTES, EMPTY_BYTES]);
    expect(views.at(-1)).toBe(EMPTY_BYTES);
    expect(views[1]).toBe(EMPTY_BYTES);
    expect(EMPTY_BYTES.buffer.byteLength).toBe(0);
  });

  test("are plain arrays also where the input is of a subclass", () => {
    const views = payloadsOf(Buffer.from(bytes));

    expect(new Set(views.map((view) => view.constructor))).toEqual(new Set([Uint8Array]));
    expect(views).toEqual(payloadsOf(bytes));
  });
});

describe("the bounds of a body", () => {
  function messages(count: number, split: number): Uint8Array {
    const list = (size: number): Uint8Array[] => Array.from({ length: size }, () => EMPTY_BYTES);
    const sizes = [count - split, split];
    const frames = sizes.flatMap((size, k) => {
      const seq = 1 + k * (count - split);
      return { kind: "messages" as const, channel: 1, seq, index: seq, payloads: list(size) };
    });
    // The second run is put behind the first by hand: the writer refuses too many.
    const parts = frames.map((frame) =>
      encodeBody(bodyOf({ numbered: [frame] }), {
        direction: 0,
        checksum: "none",
        sessionId: nonce,
      }),
    );
    return frameList(parts.flatMap((part) => [...part.subarray(1 + (1 << ((part[1] ?? 0) >> 6)))]));
  }

  function frameList(frames: readonly number[]): Uint8Array {
    const out = new Uint8Array(1 + varintBytes(frames.length) + frames.length);
    out[0] = 0x10;
    out.set(frames, writeVarint(out, 1, frames.length));
    return out;
  }

  test("[RUN-5] 16 384 messages may be there, in any number of runs, and not one more", () => {
    expect(read(messages(16_384, 5)).numbered.length).toBe(2);
    expect(codeOf(() => read(messages(16_385, 5)))).toBe("messages_too_many");
    const full = messages(16_384, 5);
    const rest = full.subarray(1 + 4);
    expect(codeOf(() => read(frameList([...rest, 0x37, 1, 0])))).toBe("messages_too_many");
  });

  test("[FRAME-6] 32 768 frames may be there and not one more", () => {
    const windows = (count: number): Uint8Array =>
      frameList(Array.from({ length: count }, () => [0x24, 0, 0, 0]).flat());

    expect(read(windows(32_768)).channelWindows.length).toBe(32_768);
    expect(codeOf(() => read(windows(32_769)))).toBe("count_invalid");
  });

  test("[SIZE-1] the limit itself may be reached", () => {
    const bytes = frameList(Array.from({ length: 20 }, () => [0x24, 0, 0, 0]).flat());

    expect(readHead(bytes, bytes.length).end).toBe(bytes.length);
    expect(codeOf(() => readHead(bytes, bytes.length - 1))).toBe("body_too_large");
  });

  test("[ERR-1] what is declared and not there is not allocated", () => {
    const declared = [0xc0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    const before = process.memoryUsage().heapUsed;
    for (const type of [0x30, 0x31, 0x32]) {
      for (const count of [declared, [0x80, 0, 0x40, 0]]) {
        expect(() => read(frameList([type, 0, 1, 0, ...count, 1]))).toThrow(ProtocolError);
      }
    }
    expect(() => read(frameList([0x33, 0, 1, 0, 0, ...declared, ...declared]))).toThrow(
      ProtocolError,
    );
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
  });
});

describe("a body that went astray", () => {
  const bytes = encodeBody(bodyOf({ unreadable: true }), {
    direction: 0,
    checksum: "xxh32",
    sessionId: nonce,
  });

  test("[SUM-2] is refused in another session", () => {
    expect(codeOf(() => read(bytes, rising(16)))).toBe("checksum_mismatch");
  });

  test("[SUM-2] is refused when its direction is changed", () => {
    const echoed = Uint8Array.from(bytes);
    echoed[0] = 0x19;

    expect(codeOf(() => read(echoed))).toBe("checksum_mismatch");
  });

  test("[SUM-3] has its address covered, and is read by the identifier in it", () => {
    const sessionId = rising(20);
    const address = { sessionId, proof: rising(4), incarnation: 1, link: 0 };
    const addressed = encodeBody(bodyOf({}), {
      direction: 0,
      checksum: "xxh32",
      sessionId,
      address,
    });
    const head = readHead(addressed, 1024);

    expect(head.address).toEqual(address);
    expect(readBody(addressed, head, sessionId)).toEqual(bodyOf({}));
    addressed[9] = 99;
    expect(codeOf(() => read(addressed))).toBe("checksum_mismatch");
  });

  test("[SUM-4] [ADDR-3] shows whether it had a checksum and an address", () => {
    const head = readHead(Uint8Array.of(0x10, 0), 1024);

    expect(head).toEqual({
      version: 1,
      direction: 0,
      checksum: "none",
      address: undefined,
      coveredStart: 2,
      framesStart: 2,
      end: 2,
    });
  });

  test("is not read with the head of another body", () => {
    const head = readHead(bytes, 1024);

    expect(() => readBody(bytes.subarray(1), head, nonce)).toThrow(InvariantError);
    expect(() => readHead(bytes, 0)).toThrow(InvariantError);
  });
});

describe("damage", () => {
  const cases = frameCases;
  const allChanges = Array.from({ length: 255 }, (_, k) => k + 1);

  /** What each byte is xored with: everything, and single bits where a vector is very long. */
  function changesOf(bytes: Uint8Array): readonly number[] {
    return bytes.length < 300 ? allChanges : [1, 2, 4, 8, 16, 32, 64, 128];
  }

  test.each(cases)("[BODY-2] $frame, $name: every truncation is seen", (frameCase) => {
    for (const bytes of [frameBytes(frameCase), guarded(frameCase)]) {
      for (let end = 0; end < bytes.length; end += 1) {
        expect(outcome(bytes.subarray(0, end), frameCase.sessionId)).toBe("truncated");
      }
      expect(outcome(Uint8Array.of(...bytes, 0), frameCase.sessionId)).toBe("length_mismatch");
    }
  });

  test.each(cases)("[SUM-1] [ERR-2] $frame, $name: every changed byte is seen", (frameCase) => {
    const original = guarded(frameCase);
    const bytes = original.slice();
    const results = new Set<string>();
    for (let at = 0; at < bytes.length; at += 1) {
      for (const change of changesOf(original)) {
        bytes[at] = (original[at] ?? 0) ^ change;
        // Where the checksum bits themselves say "none", only the link's demand [SUM-4] helps.
        const unguarded = at === 0 && ((bytes[0] ?? 0) & 0xf3) === 0x10;
        results.add(unguarded ? "checksum_missing" : outcome(bytes, frameCase.sessionId));
      }
      bytes[at] = original[at] ?? 0;
    }

    expect([...results].filter((code) => !isDamage(code as ProtocolErrorCode))).toEqual([]);
  });

  test("[ERR-1] [FRAME-1] random frames are read or refused", () => {
    const types = fc.constantFrom(...Array.from({ length: 0x40 }, (_, k) => k));
    const small = fc.oneof(fc.nat(4), fc.nat(255), fc.constantFrom(0x3f, 0x40, 0x80, 0xc0));
    const frame = fc.tuple(types, fc.array(small, { maxLength: 24 })).map((parts) => parts.flat());
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), fc.boolean(), (frames, asks) => {
        const content = frames.flat();
        const bytes = new Uint8Array(3 + content.length);
        bytes[0] = asks ? 0x10 : 0x18;
        const start = writeVarint(bytes, 1, content.length);
        bytes.set(content, start);
        seen.add(outcome(bytes.subarray(0, start + content.length)));
      }),
      { numRuns: 5000 },
    );

    for (const mark of [
      "body",
      "frame_unknown",
      "frame_order",
      "length_invalid",
      "range_invalid",
    ]) {
      expect(seen).toContain(mark);
    }
  });

  test("[ERR-1] random bytes are refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(outcome(bytes)).toBeTypeOf("string");
      }),
      { numRuns: 3000 },
    );
  });
});
