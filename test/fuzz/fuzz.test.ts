// The quick form of `npm run fuzz`: a few hundred thousand inputs, the same each time. And the
// judge and the scenes themselves: a bug of each kind that they are there for is planted, and
// found.

import { spawnSync } from "node:child_process";
import { afterEach, describe, expect, test, vi } from "vitest";
import { readBody, readHead } from "../../src/core/body-reader.ts";
import { Endpoint } from "../../src/core/endpoint.ts";
import { isDamage, type ProtocolErrorCode } from "../../src/core/errors.ts";
import {
  BODY_BYTES_MAX_DEFAULT,
  BODY_FRAMES_MAX,
  BODY_MESSAGES_MAX,
} from "../../src/core/limits.ts";
import { PipedHalf } from "../../src/core/piped-half.ts";
import { RequestSide } from "../../src/core/request-side.ts";
import { varintBytes, writeVarint } from "../../src/core/varint.ts";
import { HEAP_BYTES_PER_BYTE, leastAllocatedBytes } from "./allocation.ts";
import { allCodes, replayCommand, run } from "./campaign.ts";
import { caseOf, Corpora, tryBodies } from "./cases.ts";
import { committedVectors } from "./corpus.ts";
import { Finding, judgeBody, READERS } from "./judge.ts";
import { PLANTED } from "./planted.ts";
import { parseShape, reseal, SESSION_ID, writeShape } from "./shape.ts";
import { SMALL_BYTES, sweep } from "./sweep.ts";

const INPUTS = 300_000;
const INPUTS_TO_FIND = 20_000;
/** They take some seconds, on a loaded machine with coverage many times as long. */
const LIMIT_MS = 600_000;

afterEach(() => {
  vi.restoreAllMocks();
});

describe("mutated bodies", () => {
  test(
    "are read or refused, and no live side is harmed; every error is met",
    () => {
      const report = run({ seed: 1, inputs: INPUTS });

      expect(report.counterexample).toBeUndefined();
      expect(report.codesMissing).toEqual([]);
      expect([...report.inputs.values()].every((count) => count > 1_000)).toBe(true);
      // Mutations that the reader refuses all, or accepts all, would show little.
      const accepted = (report.results.get("body") ?? 0) / (report.inputs.get("body") ?? 1);
      expect(accepted).toBeGreaterThan(0.2);
      expect(accepted).toBeLessThan(0.6);
      expect(report.sameCount).toBeLessThan(report.results.get("body") ?? 0);
    },
    LIMIT_MS,
  );

  test("are the same for the same seed, others for another, each by its number alone", () => {
    const corpora = new Corpora();
    const bodies = (seed: number, number: number): string =>
      replayCommand("body", corpora.bodiesOf(caseOf(seed, number, corpora)));

    expect(bodies(1, 200)).toBe(bodies(1, 200));
    expect(bodies(1, 200)).not.toBe(bodies(2, 200));
    expect(bodies(1, 200)).not.toBe(bodies(1, 201));
  });

  test("begin with shapes that are cut where the reader cuts", () => {
    for (const { name, reader, bytes } of committedVectors()) {
      if (reader === "versions" || !name.startsWith("frames")) continue;
      expect([name, writeShape(parseShape(bytes))]).toEqual([name, bytes]);
      expect([name, reseal(bytes)]).toEqual([name, bytes]);
    }
  });
});

describe("every vector", () => {
  test(
    "cut short anywhere or changed at any byte, sealed anew or not, is harmless",
    () => {
      const { vectors, bytes, large, inputs, results, counterexample } = sweep("some");

      expect(counterexample).toBeUndefined();
      expect(vectors).toBeGreaterThan(300);
      // Only large vectors are changed in part; most are not.
      expect(large.vectors).toBeGreaterThan(0);
      expect(large.vectors).toBeLessThan(vectors / 20);
      expect(large.bytes).toBeGreaterThan(SMALL_BYTES * large.vectors);
      expect(inputs).toBeGreaterThan(8 * (bytes - large.bytes) + bytes);
      expect(inputs).toBeGreaterThan(400_000);
      // Nothing but codes of the readers, and all of them but one that takes larger bodies.
      const met = [...results.keys()].filter((each) => each !== "body");
      expect(allCodes()).toEqual(expect.arrayContaining(met));
      expect(met.length).toBe(17);
      expect(met.some((code) => !isDamage(code as ProtocolErrorCode))).toBe(true);
    },
    LIMIT_MS,
  );
});

describe("memory", () => {
  /** A body of these frames, without a checksum. */
  function bodyOf(frames: readonly number[]): Uint8Array {
    const out = new Uint8Array(1 + varintBytes(frames.length) + frames.length);
    out[0] = 0x10;
    out.set(frames, writeVarint(out, 1, frames.length));
    return out;
  }

  function times(count: number, list: readonly number[]): number[] {
    return Array.from({ length: count }, () => list).flat();
  }

  const MIB = 1_048_576;
  const MANY = 10_000;
  const MANY_VARINT = [0x40 | (MANY >> 8), MANY & 0xff];

  test.each<[string, number[]]>([
    ["messages of one byte", [0x30, 0, 1, 0, ...MANY_VARINT, 1, ...times(MANY, [1])]],
    ["empty messages", [0x31, 0, 1, 0, ...MANY_VARINT, ...times(MANY, [0])]],
    ["empty messages with keys", [0x32, 1, 1, 0, ...MANY_VARINT, ...times(MANY, [1, 0])]],
    ["runs of one message", times(8_000, [0x31, 0, 1, 0, 1, 1, 9])],
    ["runs of one with a key", times(7_000, [0x32, 1, 1, 0, 1, 1, 1, 9])],
    ["parts with keys", times(7_000, [0x34, 0, 1, 0, 0, 0, 1, 1, 5])],
    ["ends of the session", times(MANY, [0x23, 1, 0])],
    ["channels", times(MANY, [0x20, 1, 1, 0, 1, 5])],
    ["windows", times(MANY, [0x24, 0, 0, 0])],
    [
      "messages, and then what is no frame",
      [0x30, 0, 1, 0, 0x50, 0, 1, ...times(0x1000, [1]), 0xff],
    ],
  ])("for %s is a small multiple of their bytes", (_name, frames) => {
    expect(() => judgeBody(bodyOf(frames))).not.toThrow();
  });

  test("is below 16 MiB for any body of the default size", () => {
    // As many messages as there may be, each in a run with a key, and the dearest of other frames.
    const runs = times(BODY_MESSAGES_MAX, [0x32, 1, 1, 0, 1, 1, 1, 9]);
    const parts = times(BODY_FRAMES_MAX - BODY_MESSAGES_MAX, [0x34, 0, 1, 0, 0, 0, 1, 1, 5]);
    const bytes = bodyOf([...runs, ...parts]);
    const read = (): void => {
      readBody(bytes, readHead(bytes, BODY_BYTES_MAX_DEFAULT), SESSION_ID);
    };
    const measured = [1, 2, 3, 4, 5, 6].map(() => leastAllocatedBytes(bytes.length, read));

    expect(Math.min(...measured)).toBeLessThan(16 * MIB);
    // A collection in between makes the figure too small.
    expect(Math.max(...measured)).toBeGreaterThan(8 * MIB);
  });

  test("is bounded as tightly as the dearest body allows", () => {
    const bytes = bodyOf([0x30, 0, 1, 0, ...MANY_VARINT, 1, ...times(MANY, [1])]);
    const most = Math.max(...[1, 2, 3, 4, 5, 6].map(() => judgeBody(bytes).allocatedBytes));

    expect(most).toBeGreaterThan((bytes.length * HEAP_BYTES_PER_BYTE) / 2);
  });
});

describe("a bug in the reader is found, made small and replayed:", () => {
  test.each([...PLANTED.keys()].filter((name) => name !== "hang"))("%s", (name) => {
    const readers = PLANTED.get(name) ?? READERS;

    const { counterexample } = run({ seed: 1, inputs: INPUTS_TO_FIND, readers });

    const { target = "pair", bodies = [], story = [] } = counterexample ?? {};
    expect(() => tryBodies(target, bodies)).not.toThrow();
    expect(() => tryBodies(target, bodies, readers)).toThrow(Finding);
    expect(bodies.length).toBe(1);
    // The beginning, and at most one change: none of these bugs takes two.
    expect(story.join().split(";").length).toBeLessThanOrEqual(2);
  });

  test(
    "one that hangs, in a process of its own, by a command that it prints",
    () => {
      const found = fuzz("--plant", "hang", "--patience", "2");
      const replay = /--replay (body:[0-9a-f]+)/.exec(found.stdout)?.[1];

      expect(found.stdout).toMatch(/^HANGS after \d+ inputs: seed 1, target body$/m);
      expect(found.status).toBe(1);
      expect(fuzz("--replay", replay ?? "").stdout).toMatch(/nothing went wrong/);
    },
    LIMIT_MS,
  );

  test(
    "one that throws, by a command that it prints",
    () => {
      const found = fuzz("--plant", "code", "--inputs", "20000");
      const replay = /--replay (body:[0-9a-f]+) --plant code/.exec(found.stdout)?.[1];

      expect(found.stdout).toMatch(
        /^FOUND by seed 1, case \d+, target body: Finding: not a Proto/m,
      );
      expect(found.status).toBe(1);
      const again = fuzz("--replay", replay ?? "", "--plant", "code");
      expect(again.stderr).toMatch(/Finding: not a ProtocolError: RangeError/);
      expect(again.status).toBe(1);
    },
    LIMIT_MS,
  );

  test("one that shows in a vector, by every change of it", () => {
    const readers = PLANTED.get("code") ?? READERS;

    const { counterexample } = sweep("some", { readers });

    expect(counterexample).toMatchObject({
      what: "Finding: not a ProtocolError: RangeError: offset is out of bounds",
      target: "body",
    });
    const { bodies = [] } = counterexample ?? {};
    expect(() => tryBodies("body", bodies, readers)).toThrow(Finding);
  });

  test(
    "one that no input shows, by an error that was never met",
    () => {
      expect(run({ seed: 1, inputs: 300 }).codesMissing).toContain("body_too_large");
      const found = fuzz("--inputs", "300");

      expect(found.stdout).toMatch(/^NEVER MET: .*\bbody_too_large\b/m);
      expect(found.status).toBe(1);
    },
    LIMIT_MS,
  );

  function fuzz(...options: string[]): { status: number | null; stdout: string; stderr: string } {
    const words = ["--import", "tsx", "test/fuzz/main.ts", "--no-sweep", ...options];
    return spawnSync(process.execPath, words, { encoding: "utf8", timeout: 100_000 });
  }
});

describe("a bug in a live side is found:", () => {
  interface EndpointInside {
    answerMalformed(...given: unknown[]): void;
    answerUnread(...given: unknown[]): void;
  }

  function found(): [string | undefined, string | undefined] {
    const { counterexample } = run({ seed: 1, inputs: INPUTS_TO_FIND });
    return [counterexample?.target, counterexample?.what];
  }

  test("a server that does not answer what breaks the rules of the wire", () => {
    const inside = Endpoint.prototype as unknown as EndpointInside;
    vi.spyOn(inside, "answerMalformed").mockImplementation(() => {});

    expect(found()).toEqual(["server", expect.stringMatching(/request \d+ has no answer/)]);
  });

  test("a server that answers twice", () => {
    const inside = Endpoint.prototype as unknown as EndpointInside;
    const { answerUnread } = inside;
    vi.spyOn(inside, "answerUnread").mockImplementation(function (this: Endpoint, ...given) {
      answerUnread.apply(this as unknown as EndpointInside, given);
      answerUnread.apply(this as unknown as EndpointInside, given);
    });

    expect(found()).toEqual(["server", expect.stringMatching(/second answer/)]);
  });

  test("a client that throws what is no ProtocolError", () => {
    const { handleAnswer } = RequestSide.prototype;
    vi.spyOn(RequestSide.prototype, "handleAnswer").mockImplementation(function (
      this: RequestSide,
      nowMs,
      exchange,
      bytes,
    ) {
      if (bytes.length < 12) throw new RangeError("offset is out of bounds");
      handleAnswer.call(this, nowMs, exchange, bytes);
    });

    expect(found()).toEqual(["client", "RangeError: offset is out of bounds"]);
  });

  test("a client that ends for a body that is damaged", () => {
    vi.spyOn(
      RequestSide.prototype as unknown as { handleUnreadable(): void },
      "handleUnreadable",
    ).mockImplementation(function (this: RequestSide) {
      this.abort(0);
    });

    expect(found()).toEqual(["pair", expect.stringMatching(/./)]);
  });

  test("a side that ends and leaves its pipe open", () => {
    const inside = PipedHalf.prototype as unknown as { end(...given: unknown[]): void };
    const { end } = inside;
    vi.spyOn(inside, "end").mockImplementation(function (this: { pipes: object }, ...given) {
      const { pipes } = this;
      Object.assign(this, { pipes: new Map() });
      end.apply(this as never, given);
      Object.assign(this, { pipes });
    });

    expect(found()).toEqual(["pipe", expect.stringMatching(/ended_twice|a pipe is open/)]);
  });
});
