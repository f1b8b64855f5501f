/** Prints of bodies that are on their way. The same bytes are read once. */
import type { Body, NumberedFrame } from "../../core/index.ts";
import { numberOf } from "../payloads.ts";
import { readWhole } from "../whole-bodies.ts";
import { type Print, Recorder } from "./print.ts";
import { type Surroundings, Walk } from "./walk.ts";

/** A body with what a watcher on the line would know of it. */
export interface ReadBody {
  /** Undefined for what cannot be read. */
  readonly body: Body | undefined;
  /** Which life of the client sent it; 0 for answers. */
  readonly incarnation: number;
  /** By the exchanges of the life that it belongs to. */
  readonly print: Print;
}

const bodies = new WeakMap<Uint8Array, ReadBody>();
const NOWHERE: Surroundings = {
  pair: {},
  nowMs: 0,
  settings: { ackDelayMs: 0, silenceLimitMs: 0, holdTimeMs: 0 },
  half: undefined,
};

/** Reads a body of a session, whichever way it goes. */
export function readAny(bytes: Uint8Array, sessionId: Uint8Array): ReadBody {
  const known = bodies.get(bytes);
  if (known !== undefined) return known;
  const { body, address } = readWhole(bytes, sessionId) ?? {};
  const incarnation = address?.incarnation ?? 0;
  const read = { body, incarnation, print: printOf(bytes, body, incarnation) };
  bodies.set(bytes, read);
  return read;
}

function printOf(bytes: Uint8Array, body: Body | undefined, incarnation: number): Print {
  const recorder = new Recorder();
  const walk = new Walk(recorder, NOWHERE);
  if (body === undefined) {
    walk.value(bytes);
    return recorder.print;
  }
  const { request, answer, numbered, ...others } = body;
  walk.value(incarnation);
  walk.value(others);
  for (const frame of numbered) printFrame(walk, frame);
  if (request !== undefined) {
    recorder.rank(request.exchange);
    recorder.members(ranges(request.overThrough, request.over));
  }
  if (answer !== undefined) {
    recorder.rank(answer.exchange);
    walk.value(answer.parkedWanted);
    recorder.members(answer.answered);
    recorder.members(answer.parked.flatMap((exchange) => [exchange, exchange]));
  }
  return recorder.print;
}

function ranges(through: number, above: readonly number[]): readonly number[] {
  return through === 0 ? above : [1, through, ...above];
}

function printFrame(walk: Walk, frame: NumberedFrame): void {
  if (frame.kind === "messages") {
    const { payloads, ...head } = frame;
    walk.value(head);
    for (const payload of payloads) walk.value([payload.length, numberOf(payload) ?? -1]);
  } else if (frame.kind === "part") {
    // What is in a part follows from its place.
    const { payload, ...head } = frame;
    walk.value(head);
    walk.value(payload.length);
  } else {
    walk.value(frame);
  }
}
