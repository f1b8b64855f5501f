// What several tests of the byte layer need: bodies at random, and the code of a ProtocolError.

import fc from "fast-check";
import type {
  Address,
  Body,
  ChannelWindow,
  NumberedFrame,
  Parameters,
} from "../../src/core/body.ts";
import type { BodyOptions } from "../../src/core/body-writer.ts";
import { ProtocolError } from "../../src/core/errors.ts";

const top = Number.MAX_SAFE_INTEGER;

/** The code of the ProtocolError that `act` throws; any other outcome is thrown on. */
export function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** Integers of all four sizes, and the values at which the size changes. */
export function integers(min = 0, max: number = top): fc.Arbitrary<number> {
  const edges = [0, 1, 63, 64, 16_383, 16_384, 2 ** 30 - 1, 2 ** 30, top - 1, top];
  const within = edges.filter((edge) => edge >= min && edge <= max);
  const any = fc.integer({ min, max });
  const small = fc.integer({ min, max: Math.min(max, min + 300) });
  return fc.oneof(any, small, fc.constantFrom(min, max, ...within));
}

function bytes(maxLength: number, minLength = 0): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength });
}

/** Ascending ranges, as far apart from the mark and from each other as the wire demands. */
function ranges(mark: number, limit: number): fc.Arbitrary<number[]> {
  const step = fc.oneof(fc.nat(3), fc.nat(100_000));
  return fc.array(fc.tuple(step, step), { maxLength: 8 }).map((steps) => {
    const flat: number[] = [];
    let last = mark;
    for (const [gap, extent] of steps) {
      const first = last + 2 + gap;
      if (first + extent > limit) break;
      last = first + extent;
      flat.push(first, last);
    }
    return flat;
  });
}

/** Neighbours of one length are frequent, long stretches of it not rare. */
const payloads = fc.oneof(
  fc.array(bytes(70), { minLength: 1, maxLength: 12 }),
  fc
    .array(fc.tuple(fc.nat(70), fc.integer({ min: 1, max: 80 })), { minLength: 1, maxLength: 5 })
    .map((stretches) =>
      stretches.flatMap(([length, count]) =>
        Array.from({ length: count }, (_, k) => new Uint8Array(length).fill(k)),
      ),
    ),
);

const channel = fc.oneof(fc.constant(0), integers());
const place = integers(1, top - 500).chain((seq) =>
  fc.record({ channel, seq: fc.constant(seq), index: integers(1, seq) }),
);

const messages = fc
  .tuple(place, payloads, fc.boolean(), integers())
  .map(([at, list, keyed, key]): NumberedFrame => {
    const keys = list.map((_, k) => (key >= k ? key - k : key));
    return { kind: "messages", ...at, payloads: list, ...(keyed ? { keys } : {}) };
  });

const part = fc
  .tuple(place, bytes(80, 1), integers(), integers(0, top - 80), integers(), fc.boolean())
  .map(([at, payload, key, offset, more, keyed]): NumberedFrame => {
    const totalBytes = offset + payload.length + Math.min(more, top - offset - payload.length);
    return { kind: "part", ...at, offset, totalBytes, payload, ...(keyed ? { key } : {}) };
  });

const skip = fc
  .tuple(place, integers(1, 500), fc.boolean(), integers())
  .map(([at, count, sharedIndex, size]): NumberedFrame => {
    return { kind: "skip", ...at, count, sharedIndex, bytes: size };
  });

const fact: fc.Arbitrary<NumberedFrame> = fc.oneof(
  fc.record({
    kind: fc.constant("channel-open" as const),
    seq: integers(1),
    channel: integers(1),
    mode: fc.constantFrom("ordered" as const, "unordered" as const, "latest" as const),
    label: bytes(256),
  }),
  fc.record({
    kind: fc.constant("channel-finish" as const),
    seq: integers(1),
    channel: integers(),
    indexEnd: integers(1),
  }),
  fc.record({
    kind: fc.constant("channel-reset" as const),
    seq: integers(1),
    channel: integers(1),
    code: integers(),
  }),
  fc.record({ kind: fc.constant("finish" as const), seq: integers(1), code: integers() }),
);

const window = fc.record({ seqMax: integers(), bytesMax: integers() });
const channelWindows: fc.Arbitrary<ChannelWindow[]> = fc.array(
  fc.record({ channel: integers(), unitsMax: integers(), bytesMax: integers() }),
  { maxLength: 3 },
);
const ending = fc.record({ code: integers(), reason: bytes(128) });
const parameters: fc.Arbitrary<Parameters> = fc.record({
  channelsMax: integers(),
  channelUnits: integers(),
  channelBytes: integers(),
  messageBytesMax: integers(),
  bodyBytesMax: integers(),
  silenceLimitMs: integers(),
  holdTimeMs: integers(),
  parkedMax: integers(),
});

function rising(minLength: number, maxLength: number): fc.Arbitrary<number[]> {
  return fc
    .uniqueArray(integers(1), { minLength, maxLength })
    .map((list) => list.toSorted((a, b) => a - b));
}

const both = {
  ack: integers().chain((through) =>
    fc.record({
      receivedThrough: fc.constant(through),
      heldThrough: integers(0, through),
      ranges: ranges(through, top),
    }),
  ),
  window,
  blocked: window,
  owner: fc.record({ epoch: integers(), generation: integers(), hint: bytes(64) }),
  unreadable: fc.constant(true as const),
  ended: ending,
};
const frames = {
  channelWindows,
  channelsBlocked: channelWindows,
  numbered: fc.array(fc.oneof(messages, part, skip, fact), { maxLength: 5 }),
};
const requiredKeys = ["channelWindows", "channelsBlocked", "numbered"] as const;

const requestBody = fc.record(
  {
    request: integers(1).chain((exchange) =>
      integers(0, exchange - 1).chain((overThrough) =>
        fc.record({
          exchange: fc.constant(exchange),
          overThrough: fc.constant(overThrough),
          over: ranges(overThrough, exchange - 1),
          lastAnswered: integers(0, exchange - 1),
          sinceMs: integers(),
        }),
      ),
    ),
    open: parameters,
    succeeds: rising(1, 16),
    ...both,
    ...frames,
  },
  { requiredKeys: [...requiredKeys] },
);

const answerBody = fc.record(
  {
    answer: fc.record({
      exchange: integers(1),
      heldMs: integers(),
      parkedWanted: integers(0, 64),
      answered: ranges(-1, top),
      parked: rising(0, 8),
    }),
    opened: parameters,
    refused: ending,
    unknown: bytes(16, 16),
    superseded: integers(1),
    pauseMs: integers(0, 3_600_000),
    ...both,
    ...frames,
  },
  { requiredKeys: [...requiredKeys] },
);

const address: fc.Arbitrary<Address> = fc.record({
  sessionId: bytes(48, 16),
  proof: bytes(64),
  incarnation: integers(1),
  link: integers(),
});

/** A body and what it is written with, of either side. */
export const anyBody: fc.Arbitrary<{ body: Body; options: BodyOptions }> = fc
  .tuple(fc.boolean(), requestBody, answerBody, address, fc.boolean(), fc.boolean())
  .map(([asks, request, answer, who, addressed, summed]) => ({
    body: (asks ? request : answer) as Body,
    options: {
      direction: asks ? 0 : 1,
      checksum: summed ? "xxh32" : "none",
      sessionId: who.sessionId,
      ...(addressed ? { address: who } : {}),
    },
  }));

/** The same body with neighbouring runs made one, and nothing that a reader cannot know. */
export function joinRuns(body: Body): Body {
  const numbered: NumberedFrame[] = [];
  for (const frame of body.numbered) {
    const before = numbered.at(-1);
    const joined = before === undefined ? undefined : join(before, frame);
    if (joined === undefined) numbered.push(frame);
    else numbered[numbered.length - 1] = joined;
  }
  return { ...body, numbered };
}

function join(left: NumberedFrame, right: NumberedFrame): NumberedFrame | undefined {
  if (left.kind !== "messages" || right.kind !== "messages") return undefined;
  if (left.channel !== right.channel || left.keys !== undefined || right.keys !== undefined) {
    return undefined;
  }
  const count = left.payloads.length;
  if (left.seq + count !== right.seq || left.index + count !== right.index) return undefined;
  return { ...left, payloads: [...left.payloads, ...right.payloads] };
}
