// Attacks on an endpoint with live sessions: random bytes, and lies in every byte of valid bodies,
// sealed with the right checksum. Nothing may throw, no other session may notice, and whoever does
// not know the secret may change nothing.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Body, NumberedFrame } from "../../src/core/body.ts";
import { encodeBody } from "../../src/core/body-writer.ts";
import { bodyChecksum } from "../../src/core/checksum.ts";
import { Endpoint } from "../../src/core/endpoint.ts";
import { ProtocolError } from "../../src/core/errors.ts";
import { fingerprint } from "./park-side-table.ts";
import {
  Bench,
  bytesOf,
  CLIENT_PARAMETERS,
  messages,
  nonceOf,
  reseal,
  ScriptedClient,
  textsIn,
} from "./scripted-client.ts";

const NUMBERED: readonly NumberedFrame[] = [
  { kind: "channel-open", seq: 1, channel: 2, mode: "ordered", label: bytesOf("label") },
  { kind: "messages", channel: 0, seq: 2, index: 1, payloads: ["a", "b", "c"].map(bytesOf) },
  { kind: "part", channel: 2, seq: 5, index: 1, offset: 0, totalBytes: 3, payload: bytesOf("par") },
  { kind: "skip", channel: 2, seq: 6, index: 2, count: 2, sharedIndex: false, bytes: 4 },
  { kind: "channel-finish", seq: 8, channel: 2, indexEnd: 4 },
  { kind: "channel-reset", seq: 9, channel: 4, code: 5 },
  { kind: "finish", seq: 10, code: 0 },
];

/** The victim, with things in flight in both directions, beside a session that must not notice. */
function arrange(): { bench: Bench; victim: ScriptedClient; other: ScriptedClient } {
  const bench = new Bench();
  const victim = new ScriptedClient(bench, 1);
  const other = new ScriptedClient(bench, 2);
  for (const client of [victim, other]) {
    client.open();
    bench.command(client.session, (side) => {
      side.send(bench.nowMs, bytesOf("x"));
      side.send(bench.nowMs, bytesOf("y"));
      side.openChannel(bench.nowMs, bytesOf("channel"));
    });
    client.request(3, { overThrough: 1 });
  }
  bench.take();
  return { bench, victim, other };
}

/** A body with every frame that a client may send. */
function everything(client: ScriptedClient): Uint8Array {
  const { sessionId, secret } = client;
  const body: Body = {
    request: { exchange: 8, overThrough: 2, over: [4, 4, 6, 6], lastAnswered: 2, sinceMs: 3 },
    ack: { receivedThrough: 1, heldThrough: 0, ranges: [3, 3] },
    window: { seqMax: 1_000, bytesMax: 100_000 },
    blocked: { seqMax: 5, bytesMax: 6 },
    owner: { epoch: 1, generation: 2, hint: bytesOf("hint") },
    open: CLIENT_PARAMETERS,
    channelWindows: [{ channel: 0, unitsMax: 100, bytesMax: 20_000 }],
    channelsBlocked: [{ channel: 0, unitsMax: 3, bytesMax: 4 }],
    numbered: NUMBERED,
  };
  const address = { sessionId, proof: secret, incarnation: 1, link: 0 };
  return encodeBody(body, { direction: 0, checksum: "xxh32", sessionId, address });
}

/** The other session still carries messages both ways. */
function expectAlive({ bench, other }: { bench: Bench; other: ScriptedClient }): void {
  bench.take();
  bench.delivered();
  const [parked] = other.side.parked;
  const exchange = (parked?.exchange ?? 3) + 1;
  const ack = other.side.sender.ring.next - 1;
  other.request(exchange, { overThrough: exchange - 1, ack, numbered: [messages(1, "still")] });
  expect(bench.delivered()).toEqual(["still"]);
  bench.command(other.session, (side) => side.send(bench.nowMs, bytesOf("here")));
  expect(bench.take().flatMap(({ body }) => textsIn(body))).toContain("here");
}

describe("an endpoint under attack", () => {
  test("random bytes are answered and change nothing", () => {
    const { bench, victim, other } = arrange();
    const before = [victim, other].map(({ session }) => fingerprint(session));
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 100 }).map((bytes) => Uint8Array.of(0x15, 0x40, ...bytes)),
      fc.nat(255).chain((first) =>
        fc.uint8Array({ maxLength: 80 }).map((bytes) => {
          return Uint8Array.of(first, bytes.length, ...bytes);
        }),
      ),
    );
    fc.assert(
      fc.property(anything, (bytes) => {
        bench.endpoint.handleRequest(bench.nowMs, 9_999, bytes, victim.origin);
        const output = bench.endpoint.poll();
        expect(output.kind).toBe("respond");
        expect(bench.endpoint.poll().kind).toBe("timeout");
      }),
      { numRuns: 3_000 },
    );

    const after = [victim, other].map(({ session }) => fingerprint(session));
    expect(after.map((each, k) => each === before[k])).toEqual([true, true]);
  });

  test("every byte of a whole body, changed to anything and sealed anew, harms only its session", () => {
    const edits = fc.array(
      fc.record({
        at: fc.nat(10_000),
        value: fc.constantFrom(0, 1, 2, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff),
      }),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(edits, fc.boolean(), (changes, isAhead) => {
        const scene = arrange();
        const { bench, victim } = scene;
        if (isAhead) victim.request(4, { overThrough: 1, numbered: NUMBERED.slice(0, 3) });
        const bytes = everything(victim);
        const start = 6 + 4 + 34;
        for (const { at, value } of changes) bytes[start + (at % (bytes.length - start))] = value;
        bench.deliver(resealed(bytes), victim.origin, victim.sessionId);
        bench.advance(1_000);
        bench.deliver(resealed(bytes), victim.origin, victim.sessionId);
        bench.advance(20_000);

        expectAlive(scene);
      }),
      { numRuns: 600 },
    );
  }, 120_000);

  test("lies in every number of the prefix and of windows throw nothing", () => {
    const top = Number.MAX_SAFE_INTEGER;
    const number = fc.constantFrom(
      0,
      1,
      2,
      3,
      4,
      63,
      64,
      255,
      256,
      257,
      300,
      16_384,
      262_144,
      262_400,
      top - 1,
      top,
    );
    const frame: fc.Arbitrary<NumberedFrame> = fc
      .record({
        kind: fc.constantFrom(
          "messages",
          "part",
          "skip",
          "channel-open",
          "channel-finish",
          "channel-reset",
          "finish",
        ),
        seq: number,
        channel: number,
        lag: number,
        count: number,
        bytes: number,
        offset: number,
        mode: fc.constantFrom("ordered" as const, "unordered" as const, "latest" as const),
      })
      .map((lie): NumberedFrame => {
        const seq = Math.max(1, lie.seq);
        const channel = lie.channel;
        const index = Math.max(1, seq - lie.lag);
        const end = Math.max(1, lie.count);
        const payload = bytesOf("payload");
        switch (lie.kind) {
          case "messages":
            return {
              kind: "messages",
              channel,
              seq: Math.min(seq, top - 1),
              index: Math.min(index, top - 1),
              payloads: [payload, payload],
            };
          case "part":
            return {
              kind: "part",
              channel,
              seq,
              index,
              offset: Math.min(lie.offset, top - 7),
              totalBytes: Math.max(Math.min(lie.offset, top - 7) + 7, lie.bytes),
              payload,
            };
          case "skip":
            return {
              kind: "skip",
              channel,
              seq,
              index,
              count: Math.min(end, 4_000, top - seq + 1),
              sharedIndex: lie.mode === "latest",
              bytes: lie.bytes,
            };
          case "channel-open":
            return {
              kind: "channel-open",
              seq,
              channel: Math.max(1, channel),
              mode: lie.mode,
              label: payload,
            };
          case "channel-finish":
            return { kind: "channel-finish", seq, channel, indexEnd: end };
          case "channel-reset":
            return { kind: "channel-reset", seq, channel: Math.max(1, channel), code: lie.bytes };
          default:
            return { kind: "finish", seq, code: lie.bytes };
        }
      });
    const lies = fc.record({
      exchange: number,
      overThrough: number,
      lastAnswered: number,
      sinceMs: number,
      ack: fc.option(number, { nil: undefined }),
      incarnation: fc.constantFrom(1, 2, top),
      succeeds: fc.option(fc.constantFrom([1], [1, 2], [1, top]), { nil: undefined }),
      seqMax: number,
      bytesMax: number,
      open: fc.boolean(),
      numbered: fc.array(frame, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(lies, { minLength: 1, maxLength: 6 }), (requests) => {
        const scene = arrange();
        const { bench, victim } = scene;
        for (const lie of requests) {
          const exchange = Math.max(1, lie.exchange);
          victim.request(exchange, {
            overThrough: Math.min(lie.overThrough, exchange - 1),
            lastAnswered: Math.min(lie.lastAnswered, exchange - 1),
            sinceMs: lie.sinceMs,
            incarnation: lie.incarnation,
            ...(lie.succeeds && { succeeds: lie.succeeds }),
            window: { seqMax: lie.seqMax, bytesMax: lie.bytesMax },
            open: lie.open,
            numbered: lie.numbered,
            ...(lie.ack === undefined ? {} : { ack: lie.ack }),
          });
          bench.advance(500);
        }
        bench.advance(20_000);

        expectAlive(scene);
      }),
      { numRuns: 600 },
    );
  }, 120_000);

  test("without the secret no lie changes anything", () => {
    const { bench, victim } = arrange();
    const before = fingerprint(victim.session);
    const thief = new ScriptedClient(bench, 1);
    thief.secret.fill(0x77);
    const whole = everything(thief);
    for (let at = 44; at < whole.length; at++) {
      const bytes = whole.slice();
      bytes[at] = (bytes[at] as number) ^ 0x41;
      bench.deliver(reseal(bytes), { address: "203.0.113.5", principal: "" }, victim.sessionId);
    }

    expect(fingerprint(victim.session) === before).toBe(true);
    expect(bench.take()).toHaveLength(whole.length - 44);
  });

  test("a million openings leave no more than the limits allow", () => {
    const options = { sessionsMax: 2_000, pendingMax: 100, tombstonesMax: 100, authenticate: true };
    const endpoint = new Endpoint(0, options);
    const template = new ScriptedClient(new Bench());
    const bytes = template.encode(1, { open: true });
    const idAt = bytes.findIndex((_, at) => at > 5 && bytes[at] === 16) + 1;
    const view = new DataView(bytes.buffer);
    const origin = { address: "", principal: "" };
    let refused = 0;
    let mostSessions = 0;
    for (let number = 1; number <= 1_000_000; number++) {
      view.setUint32(idAt, number);
      const sessionId = bytes.subarray(idAt, idAt + 16);
      const sum = bodyChecksum(sessionId, bytes[0] as number, bytes, idAt - 1, bytes.length);
      view.setUint32(idAt - 5, sum, true);
      endpoint.handleRequest(number / 1_000, number, bytes, origin);
      for (let output = endpoint.poll(); output.kind !== "timeout"; output = endpoint.poll()) {
        if (output.kind === "respond") refused++;
      }
      mostSessions = Math.max(mostSessions, endpoint.sessions.size);
    }

    expect([mostSessions, refused]).toEqual([100, 999_900]);
    expect(endpoint.sessions.has(String.fromCharCode(...nonceOf(1)))).toBe(true);
  }, 240_000);
});

/** Sealed anew where a head can be read at all; else as it is. */
function resealed(bytes: Uint8Array): Uint8Array {
  try {
    return reseal(bytes.slice());
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    return bytes.slice();
  }
}
