// What the demo's page makes of the bodies that pass, and how its chart shows them.

import { expect, test } from "vitest";
import { BodyReader, countOf } from "../../../examples/demo/page/body-facts.ts";
import { fateOf, fitting, labelOf } from "../../../examples/demo/page/sequence-labels.ts";
import { ROW_PX, Timeline } from "../../../examples/demo/page/sequence-layout.ts";
import { type Exchange, EXCHANGES_MAX, Traffic } from "../../../examples/demo/page/traffic.ts";
import { type Body, encodeBody } from "../../../src/core/index.ts";

const sessionId = new Uint8Array(16).fill(7);
const address = { sessionId, proof: new Uint8Array(32), incarnation: 1, link: 0 };
const NOTHING: Body = { channelWindows: [], channelsBlocked: [], numbered: [] };
const ANSWER = { heldMs: 0, parkedWanted: 1, answered: [], parked: [] };

/** Messages with these numbers. */
function messages(seq: number, count: number): Body["numbered"] {
  const payloads = Array.from({ length: count }, () => new Uint8Array([1, 2, 3]));
  return [{ kind: "messages", channel: 0, seq, index: seq, payloads }];
}

function request(exchange: number, numbered: Body["numbered"] = [], received = 0): Uint8Array {
  const prefix = { exchange, overThrough: 0, over: [], lastAnswered: 0, sinceMs: 0 };
  const ack = { receivedThrough: received, heldThrough: received, ranges: [] };
  const body = { ...NOTHING, request: prefix, ack, numbered };
  return encodeBody(body, { direction: 0, checksum: "xxh32", sessionId, address });
}

function answer(exchange: number, more: Partial<Body> = {}, prefix: object = {}): Uint8Array {
  const body = { ...NOTHING, answer: { ...ANSWER, exchange, ...prefix }, ...more };
  return encodeBody(body, { direction: 1, checksum: "xxh32", sessionId });
}

/** What stands beside an arrow, as one reads it. */
function read(pieces: ReturnType<typeof labelOf>): string {
  return pieces.map(({ text }) => text).join(" ");
}

test("A request is out until its answer comes, and both are read", () => {
  const traffic = new Traffic();
  const exchange = traffic.handleRequest(1_000, request(12, messages(41, 3), 17));
  expect(traffic.outstanding).toEqual([exchange]);
  expect(read(labelOf(exchange, exchange.request, "whole"))).toBe("#12 3 messages 41–43 ack 17");
  expect(read(labelOf(exchange, exchange.request, "short"))).toBe("#12 41–43 ack 17");
  expect(read(labelOf(exchange, exchange.request, "least"))).toBe("#12 41–43");

  const ack = { receivedThrough: 43, heldThrough: 43, ranges: [] };
  const bytes = answer(12, { ack, numbered: messages(18, 1) }, { heldMs: 300, answered: [12, 12] });
  traffic.handleAnswer(1_400, exchange, bytes);
  expect(traffic.outstanding).toEqual([]);
  expect(exchange).toMatchObject({ fate: "answered", overAtMs: 1_400, oneWayMs: 50 });
  expect(read(labelOf(exchange, exchange.answer, "whole"))).toBe("#12 message 18 ack 43");
});

test("Messages that go once more are told from those that go for the first time", () => {
  const traffic = new Traffic();
  const first = traffic.handleRequest(0, request(1, messages(1, 3)));
  traffic.handleFailure(10, first, false);
  const second = traffic.handleRequest(20, request(2, messages(2, 4)));
  expect(second.request).toMatchObject({ again: [[2, 3]], fresh: [[4, 5]] });
  expect(read(labelOf(second, second.request, "whole"))).toBe("#2 again 2–3 4–5");
  expect(read(labelOf(second, second.request, "least"))).toBe("#2 again 2–3 +2");
  expect(read(labelOf(second, second.request, "counts"))).toBe("#2 2 again +2");
  expect(read(labelOf(second, second.request, "number"))).toBe("#2");
  expect(read(fateOf(first, "whole"))).toBe("#1 ✗ connection broke");
});

test("A label says as much as there is room for, and is never longer than that", () => {
  const traffic = new Traffic();
  for (const seq of [1, 197]) traffic.handleRequest(seq, request(seq, messages(seq, 3)));
  const last = traffic.handleRequest(2_000, request(159, messages(197, 4), 120));
  const within = (room: number): string => {
    const piecesOf = (detail: Parameters<typeof labelOf>[2]) => labelOf(last, last.request, detail);
    return read(fitting(piecesOf, (pieces) => read(pieces).length <= room));
  };
  expect([40, 24, 22, 20, 16, 4, 3].map(within)).toEqual([
    "#159 again 197–199 200 ack 120",
    "#159 again 197–199 +1",
    "#159 again 197–199 +1",
    "#159 3 again +1",
    "#159 3 again +1",
    "#159",
    "",
  ]);
});

test("Every kind of end has its words", () => {
  const traffic = new Traffic();
  const [cut, damaged, dropped] = [1, 2, 3].map((at) => traffic.handleRequest(at, request(at)));
  const all = [cut, damaged, dropped] as [Exchange, Exchange, Exchange];
  traffic.handleFailure(10, all[0], false);
  const bytes = answer(2);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  traffic.handleAnswer(11, all[1], bytes);
  traffic.handleFailure(12, all[2], true);
  expect(all.map(({ fate }) => fate)).toEqual(["failed", "damaged", "dropped"]);
  expect(all.map((each) => read(fateOf(each, "short")))).toEqual([
    "#1 ✗ broke",
    "#2 ✗ damaged",
    "#3 given up",
  ]);
  const refused = traffic.handleRequest(20, request(4));
  traffic.handleAnswer(21, refused, answer(4, { unreadable: true }));
  expect(read(labelOf(refused, refused.answer, "short"))).toBe("#4 came damaged");
});

test("A request counts as parked when the server says so, or when it is out for long", () => {
  const traffic = new Traffic();
  const parked = traffic.handleRequest(0, request(1));
  expect(traffic.isParked(parked, 1)).toBe(false);
  const other = traffic.handleRequest(2, request(2));
  traffic.handleAnswer(3, other, answer(2, {}, { parked: [1], answered: [2, 2] }));
  expect(parked.hasArrived).toBe(true);
  expect(traffic.isParked(parked, 4)).toBe(true);

  const silent = traffic.handleRequest(10, request(3));
  expect(traffic.isParked(silent, 11)).toBe(false);
  expect(traffic.isParked(silent, 5_000)).toBe(true);
  traffic.handleFailure(6_000, silent, false);
  expect(traffic.isParked(silent, 6_001)).toBe(false);
});

test("A request that failed had arrived all the same if a later answer says so", () => {
  const traffic = new Traffic();
  const lost = traffic.handleRequest(0, request(1));
  traffic.handleFailure(5, lost, false);
  expect(lost.hasArrived).toBe(false);
  const next = traffic.handleRequest(6, request(2));
  traffic.handleAnswer(8, next, answer(2, {}, { answered: [1, 2] }));
  expect(lost.hasArrived).toBe(true);
});

test("The list is bounded, and what comes for a forgotten request is ignored", () => {
  const traffic = new Traffic();
  const first = traffic.handleRequest(0, request(1));
  for (let at = 1; at <= EXCHANGES_MAX; at++) traffic.handleRequest(at, request(at + 1));
  expect(traffic.exchanges).toHaveLength(EXCHANGES_MAX);
  traffic.handleAnswer(9_999, first, answer(1));
  expect(first.fate).toBe("out");
});

test("A body that is nobody's is shown as such and harms nothing", () => {
  const exchange = new Traffic().handleRequest(0, new Uint8Array([1, 2, 3]));
  expect(read(labelOf(exchange, exchange.request, "whole"))).toBe("unreadable");
});

test("Runs of messages become one where they meet", () => {
  const numbered = [...messages(1, 2), ...messages(3, 2), ...messages(9, 1)];
  const { fresh } = new BodyReader().read(request(1, numbered));
  expect(fresh).toEqual([
    [1, 4],
    [9, 9],
  ]);
  expect(countOf(fresh)).toBe(5);
});

test("On the chart each thing has a row of its own, and silence is short", () => {
  const timeline = new Timeline();
  for (const atMs of [0, 0.001, 1, 60_000]) timeline.add(atMs);
  const places = [0, 0.001, 1, 60_000].map((atMs) => timeline.placeOf(atMs));
  for (const [at, place] of places.slice(1).entries()) {
    expect(place - (places[at] ?? 0)).toBeGreaterThanOrEqual(ROW_PX);
    expect(place - (places[at] ?? 0)).toBeLessThan(3 * ROW_PX);
  }
  // In between in proportion; later ever slower, and never far.
  expect(timeline.placeOf(30_000)).toBeGreaterThan(places[2] ?? 0);
  expect(timeline.placeOf(30_000)).toBeLessThan(places[3] ?? 0);
  expect(timeline.placeOf(Infinity) - (places[3] ?? 0)).toBeLessThan(3 * ROW_PX);
  const longest = [...timeline.silences()].toSorted((one, other) => other.ms - one.ms)[0];
  expect(longest?.ms).toBe(59_999);
});

test("A chart that runs on forgets its first rows and keeps its places", () => {
  const timeline = new Timeline();
  for (let atMs = 0; atMs < 2_000; atMs++) timeline.add(atMs);
  const place = timeline.placeOf(1_999);
  const copy = timeline.copy();
  timeline.add(2_000);
  expect(copy.placeOf(1_999)).toBe(place);
  expect(timeline.placeOf(1_999)).toBe(place);
  expect([...timeline.silences()].length).toBeLessThan(1_000);
});
