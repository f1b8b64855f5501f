/** Prints of bodies that are on their way. The same bytes are read once. */
import type { Body, NumberedFrame, PipeState } from "../../core/index.ts";
import { numberOf } from "../payloads.ts";
import type { CoreEvent, CoreOutput } from "../cores.ts";
import { readWhole } from "../whole-bodies.ts";
import { type Print, Recorder } from "./print.ts";
import { type Surroundings, Walk } from "./walk.ts";

/** What a core sends. */
export function hasBody(output: CoreOutput): output is CoreOutput & { readonly body: Uint8Array } {
  return output.kind === "request" || output.kind === "respond" || output.kind === "transmit";
}

const WITH_BODY: readonly CoreEvent["kind"][] = ["request", "answer", "pipe-up", "pipe-down"];

/** What a core is told by the other one. */
export function isWithBody(event: CoreEvent): event is CoreEvent & { readonly body: Uint8Array } {
  return WITH_BODY.includes(event.kind);
}

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
  const link = address?.link ?? 0;
  const read = { body, incarnation, print: printOf(bytes, body, incarnation, link) };
  bodies.set(bytes, read);
  return read;
}

function printOf(
  bytes: Uint8Array,
  body: Body | undefined,
  incarnation: number,
  link: number,
): Print {
  const recorder = new Recorder();
  const walk = new Walk(recorder, NOWHERE);
  if (body === undefined) {
    walk.value(bytes);
    return recorder.print;
  }
  const { request, answer, numbered, hearing, pipe, ...others } = body;
  walk.value(incarnation);
  walk.value(link);
  walk.value(others);
  if (hearing !== undefined) {
    walk.value(hearing.link);
    recorder.keep(hearing.fromExchange);
    recorder.rank(hearing.fromExchange);
  }
  if (pipe !== undefined) printPipe(recorder, walk, pipe);
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

/**
 * How many bodies have left on a pipe matters by how many of them have come. Its age matters on a
 * stream that is not proved yet, and that is young.
 */
function printPipe(recorder: Recorder, walk: Walk, state: PipeState): void {
  const { bodies: count, ageMs, ...others } = state;
  walk.value(others);
  recorder.name(count);
  walk.value(Math.min(ageMs, AGE_MS_MAX));
}

const AGE_MS_MAX = 2_000;

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
